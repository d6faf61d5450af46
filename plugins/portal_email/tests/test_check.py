"""What `check` finds: the server, the sender's domain, the bounces, and whose the domain is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portal.channel import AuthenticationError, Finding, Report, Settings, TemporaryError
from portal_email.lookup import Dns
from portal_email.tests.scripted_dns import FAILS, SILENCE, ScriptedDns
from portal_email.tests.scripted_imap import ScriptedImap
from portal_email.tests.test_form import KEY

PROOF = {"_portico.acme.test TXT": ['"portico-verify=proof-of-acme"']}


@pytest.fixture
def names() -> Iterator[ScriptedDns]:
    server = ScriptedDns()
    yield server
    server.stop()


@pytest.fixture
def checking(channel_to, names) -> Callable[..., Any]:
    def make(server: Any = "", **options: Any) -> Any:
        return channel_to(server, dns=Dns([names.address], patience=0.3), **options)

    return make


def named(report: Report, title: str) -> Finding:
    (found,) = [finding for finding in report.findings if finding.title == title]
    return found


@pytest.mark.parametrize("implicit", [True, False])
def test_the_server_and_its_certificate_are_named(
    serve, checking, tls, trusted, certificates, implicit
):
    trusted("localhost")
    server = serve(tls=tls(), implicit=implicit, features=("STARTTLS", "AUTH PLAIN"))
    report = checking(server.url("sol", "secret")).check()
    found = named(report, "Mail server")
    assert f"localhost:{server.port} answers, encrypted with TLSv1.3" in found.detail
    assert found.level == "note"  # the tests' certificate ends in two days
    assert "ends on 20" in found.detail
    assert named(report, "Sign-in") == Finding(
        "good", "Sign-in", "The server accepts the user sol."
    )
    assert server.raw == []
    assert "secret" not in str(report)


def test_it_signs_in_anew_each_time(serve, checking):
    server = serve(features=("AUTH PLAIN",))
    channel = checking(server.url("sol", "secret"))
    channel.check()
    server.replies["AUTH"] = "535 5.7.8 changed"
    with pytest.raises(AuthenticationError, match="our sign-in") as caught:
        channel.check()
    assert caught.value.cause == "sign_in"


def test_a_server_that_cannot_be_used_is_said(serve, checking):
    server = serve()
    server.stop()
    with pytest.raises(TemporaryError, match="could not be reached"):
        checking(server.url(host="127.0.0.1")).check()


def test_a_proved_domain_becomes_a_fact_and_the_sender(serve, checking, names, owed, account):
    server = serve()
    channel = checking(server)
    typed = {"from_address": "hi@acme.test"}
    names.records = dict(PROOF)
    report = channel.check(account(**typed))
    assert report.facts == {"verified_domain": "acme.test"}
    assert named(report, "From domain").level == "good"
    channel.send(owed(), account(verified=report.facts["verified_domain"], **typed))
    assert server.messages[0]["From"] == "Acme <hi@acme.test>"


@pytest.mark.parametrize(
    "record", ['"portico-verify=proof-of-birch"', '"portico-verify="', '"proof-of-acme"']
)
def test_another_accounts_proof_proves_nothing(serve, checking, names, account, record):
    names.records = {"_portico.acme.test TXT": [record]}
    settings = account(verified="acme.test", from_address="hi@acme.test")
    report = checking(serve()).check(settings)
    assert report.facts == {}
    found = named(report, "From domain")
    assert found.level == "bad"
    assert found.record == '_portico.acme.test TXT "portico-verify=proof-of-acme"'
    assert "come from portal@acme.example" in found.detail


def test_an_account_without_a_proof_word_proves_nothing(serve, checking, names):
    names.records = {"_portico.acme.test TXT": ['"portico-verify="']}
    report = checking(serve()).check(Settings({"from_address": "hi@acme.test"}))
    assert report.facts == {}


@pytest.mark.parametrize("fault", [FAILS, SILENCE])
def test_a_dns_server_that_is_away_takes_no_proof_away(serve, checking, names, account, fault):
    names.records = {"_portico.acme.test": fault, "acme.test": fault}
    typed = {"from_address": "hi@acme.test"}
    report = checking(serve()).check(account(verified="acme.test", **typed))
    assert report.facts == {"verified_domain": "acme.test"}
    assert named(report, "From domain").level == "note"
    assert "bad" not in {finding.level for finding in report.findings}
    report = checking(serve()).check(account(verified="other.test", **typed))
    assert report.facts == {}


def test_all_that_receivers_look_at_is_looked_at(serve, checking, names, account):
    server = serve()
    settings = account(server, from_address="hi@acme.test", dkim_selector="p1", dkim_key=KEY)
    report = checking("").check(settings)
    titles = [finding.title for finding in report.findings]
    assert titles == [
        "Mail server",
        "Sign-in",
        "From domain",
        "SPF",
        "DKIM",
        "DMARC",
        "MX",
        "Bounce address",
    ]
    assert named(report, "DKIM").record.startswith(
        'p1._domainkey.acme.test TXT "v=DKIM1; k=ed25519'
    )
    assert "PRIVATE" not in str(report)


def test_the_operators_own_domain_is_looked_at_for_the_operator(serve, checking, names):
    channel = checking(serve(), bounce_address="back@bounces.test")
    report = channel.check()
    assert "bounces.test TXT" in names.asked  # SPF is about the envelope
    assert "_dmarc.acme.example TXT" in names.asked
    assert (
        named(report, "Bounce mailbox").detail == "Nobody looks into it. Set PORTAL_BOUNCE_MAILBOX."
    )


def test_an_account_that_set_nothing_hears_nothing_of_the_operators_domain(
    serve, checking, names, account
):
    report = checking(serve()).check(account())
    assert names.asked == []
    assert named(report, "From address").detail == "Messages come from portal@acme.example."


def test_an_own_server_without_an_own_sender_is_said(serve, checking, account):
    report = checking("").check(account(serve()))
    found = named(report, "From address")
    assert found.level == "bad"
    assert "your own mail server may refuse" in found.detail


def test_a_local_sender_has_no_records(serve, checking, names):
    report = checking(serve(), mail_from="portal@localhost").check()
    assert names.asked == []
    assert "no public domain" in named(report, "From address").detail


def test_the_bounce_mailbox_is_opened(serve, checking, account):
    with ScriptedImap() as box:
        channel = checking(serve(), bounce_address="b@acme.example", bounce_mailbox=box.url())
        assert named(channel.check(), "Bounce mailbox").level == "good"
        box.replies["AUTHENTICATE"] = "NO"
        box.replies["CAPABILITY"] = "OK"
        box.replies["LOGIN"] = "NO wrong"
        found = named(channel.check(), "Bounce mailbox")
    assert found.level == "bad"
    assert "does not accept its user name and password" in found.detail


def test_a_bounce_address_elsewhere_waits_for_the_proof(serve, checking, names, account):
    names.records = dict(PROOF)
    typed = {"from_address": "hi@acme.test", "bounce_address": "b@acme.test"}
    channel = checking(serve())
    assert named(channel.check(account(**typed)), "Bounce address").level == "good"
    names.records = {}
    found = named(channel.check(account(**typed)), "Bounce address")
    assert found.level == "bad"
    assert "once its domain is proved" in found.detail
