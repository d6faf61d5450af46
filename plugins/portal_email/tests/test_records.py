"""What the DNS says of a domain, and the record to set when it says the wrong thing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from portal_email import records
from portal_email.dkim import signer
from portal_email.lookup import Dns
from portal_email.server import Server
from portal_email.tests.scripted_dns import FAILS, SILENCE, ScriptedDns
from portal_email.tests.test_form import KEY

SERVER = Server("mail.acme.test", 587, "starttls")
HOST = {"mail.acme.test A": ["192.0.2.7"], "mail.acme.test AAAA": ["2001:db8::7"]}


@pytest.fixture
def dns_with() -> Iterator[Callable[..., Dns]]:
    servers: list[ScriptedDns] = []

    def start(found: dict[str, list[str] | str]) -> Dns:
        servers.append(ScriptedDns(found))
        return Dns([servers[-1].address], patience=0.5)

    yield start
    for server in servers:
        server.stop()


def txt(*texts: str) -> list[str]:
    return [f'"{text}"' for text in texts]


@pytest.mark.parametrize(
    ("more", "level", "words"),
    [
        ({}, "bad", "has no SPF record"),
        ({"acme.test TXT": txt("something else")}, "bad", "has no SPF record"),
        ({"acme.test TXT": txt("v=spf1 -all", "v=spf1 mx -all")}, "bad", "2 SPF records"),
        ({"acme.test TXT": txt("v=spf1 ip4:192.0.2.0/24 -all", "other")}, "good", "192.0.2.0/24"),
        ({"acme.test TXT": txt("v=spf1 ip6:2001:db8::/32 ~all")}, "good", ""),
        ({"acme.test TXT": txt("v=spf1 a:mail.acme.test -all")}, "good", ""),
        ({"acme.test TXT": txt("v=spf1 a:mail.acme.test/28 -all")}, "good", ""),
        ({"acme.test TXT": txt("V=SPF1 A:mail.acme.test -ALL")}, "good", ""),
        (
            {"acme.test TXT": txt("v=spf1 mx -all"), "acme.test MX": ["10 mail.acme.test."]},
            "good",
            "",
        ),
        (
            {
                "acme.test TXT": txt("v=spf1 include:_spf.p.test -all"),
                "_spf.p.test TXT": txt("v=spf1 ip4:192.0.2.7 ?all"),
            },
            "good",
            "",
        ),
        (
            {
                "acme.test TXT": txt("v=spf1 redirect=_spf.p.test"),
                "_spf.p.test TXT": txt("v=spf1 ip4:192.0.2.7 -all"),
            },
            "good",
            "",
        ),
        ({"acme.test TXT": txt("v=spf1 ip4:198.51.100.1 -all")}, "note", "does not name the mail"),
        ({"acme.test TXT": txt("v=spf1 -ip4:192.0.2.7 -all")}, "note", "does not name the mail"),
        ({"acme.test TXT": txt("v=spf1 a:mail.acme.test")}, "note", "not end in -all or ~all"),
        ({"acme.test TXT": txt("v=spf1 a:mail.acme.test ?all")}, "note", "not end in -all"),
        ({"acme.test TXT": txt("v=spf1 a:mail.acme.test +all")}, "bad", "anybody may send"),
        ({"acme.test TXT": txt("v=spf1 include:gone.test -all")}, "bad", "includes gone.test"),
        ({"acme.test TXT": txt("v=spf1 include:acme.test -all")}, "bad", "more than 10 lookups"),
        (
            {"acme.test TXT": txt("v=spf1" + " exists:%{i}.x.test" * 11 + " -all")},
            "bad",
            "more than 10 lookups",
        ),
        ({"acme.test TXT": txt("v=spf1 ip4:nonsense/99 foo:bar ~all")}, "note", "does not name"),
        ({"acme.test TXT": FAILS}, "note", "gave no answer"),
    ],
)
def test_spf(dns_with, more, level, words):
    finding = records.spf_of(dns_with(HOST | more), "acme.test", SERVER)
    assert (finding.title, finding.level) == ("SPF", level)
    assert words in finding.detail


@pytest.mark.parametrize(
    ("host", "found", "record"),
    [
        ("mail.acme.test", {}, 'acme.test TXT "v=spf1 a:mail.acme.test ~all"'),
        ("192.0.2.9", {}, 'acme.test TXT "v=spf1 ip4:192.0.2.9 ~all"'),
        ("localhost", {}, 'acme.test TXT "v=spf1 mx ~all"'),
        (
            "mail.acme.test",
            {"acme.test TXT": txt("v=spf1 mx -all")},
            'acme.test TXT "v=spf1 a:mail.acme.test mx -all"',
        ),
        (
            "mail.acme.test",
            {"acme.test TXT": txt("v=spf1 mx +all")},
            'acme.test TXT "v=spf1 mx ~all"',
        ),
    ],
)
def test_the_spf_record_to_set_is_said(dns_with, host, found, record):
    finding = records.spf_of(dns_with(HOST | found), "acme.test", Server(host, 25, "starttls"))
    assert finding.record == record


def test_dkim(dns_with):
    ours = signer("acme.test", "p1", KEY)
    name = "p1._domainkey.acme.test TXT"
    line = f'p1._domainkey.acme.test TXT "{ours.record}"'
    missing = records.dkim_of(dns_with({}), ours)
    assert (missing.level, missing.record) == ("bad", line)
    other = records.dkim_of(dns_with({name: txt("v=DKIM1; k=ed25519; p=AAAA")}), ours)
    assert (other.level, other.record) == ("bad", line)
    assert "not our key's" in other.detail
    half = len(ours.record) // 2
    in_two = f'"{ours.record[:half]}" "{ours.record[half:]}"'
    assert records.dkim_of(dns_with({name: [in_two]}), ours).level == "good"
    spaced = ours.record.replace("; ", " ; ").replace("p=", "p= ")
    assert records.dkim_of(dns_with({name: txt(spaced)}), ours).level == "good"
    two = records.dkim_of(dns_with({name: txt(ours.record, "v=DKIM1; p=AAAA")}), ours)
    assert two.level == "bad"
    assert records.dkim_of(dns_with({name: FAILS}), ours).level == "note"


@pytest.mark.parametrize(
    ("found", "level", "words"),
    [
        ({}, "note", "has no DMARC record"),
        ({"_dmarc.mail.acme.test TXT": txt("v=DMARC1; p=reject")}, "good", "p=reject"),
        ({"_dmarc.acme.test TXT": txt("v=DMARC1; p=quarantine")}, "good", "acme.test"),
        ({"_dmarc.acme.test TXT": txt("v=DMARC1; p=none")}, "note", "only watches"),
        ({"_dmarc.acme.test TXT": txt("v=DMARC1; sp=none")}, "bad", "has no policy"),
        ({"_dmarc.acme.test TXT": txt("v=DMARC1; p=none", "v=DMARC1; p=reject")}, "bad", "2 DMARC"),
        ({"_dmarc.mail.acme.test TXT": FAILS}, "note", "gave no answer"),
    ],
)
def test_dmarc(dns_with, found, level, words):
    finding = records.dmarc_of(dns_with(found), "mail.acme.test")
    assert finding.level == level
    assert words in finding.detail


@pytest.mark.parametrize(
    ("found", "level", "words"),
    [
        ({"acme.test MX": ["10 mx.acme.test.", "5 mx2.acme.test."]}, "good", "mx.acme.test"),
        ({"acme.test MX": ["0 ."]}, "bad", "takes no mail"),
        ({"acme.test A": ["192.0.2.1"]}, "note", "no MX record"),
        ({}, "bad", "Nothing takes mail"),
        ({"acme.test MX": FAILS}, "note", "gave no answer"),
    ],
)
def test_mx(dns_with, found, level, words):
    finding = records.mx_of(dns_with(found), "acme.test")
    assert finding.level == level
    assert words in finding.detail


def test_a_dns_server_that_is_away_is_asked_once():
    server = ScriptedDns({"acme.test": SILENCE, "other.test MX": ["10 mx.other.test."]})
    try:
        dns = Dns([server.address], patience=0.3)
        for domain in ("acme.test", "other.test", "third.test"):
            assert records.mx_of(dns, domain).level == "note"
    finally:
        server.stop()
    assert set(server.asked) == {"acme.test MX"}


def test_a_dns_server_that_answers_slowly_meets_the_deadline(dns_with):
    over = dns_with({"acme.test MX": ["10 mx.acme.test."]}).until(time.monotonic())
    assert records.mx_of(over, "acme.test").level == "note"


@pytest.mark.parametrize(
    ("domain", "is_public"),
    [("acme.test", True), ("localhost", False), ("x.localhost.localdomain", False), ("a.b", True)],
)
def test_local_names_have_no_records(domain, is_public):
    assert records.is_public(domain) is is_public
