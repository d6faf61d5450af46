"""The public URL as others reach it: DNS, TLS, the proxy in front, and the Host it passes on."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator

from portal.channel import Finding
from portal.config import Settings
from portal.doctor.fetching import FAILURES, Answer, fetch, why

SOON_DAYS = 14
DAY = 86400


def public(found: Settings) -> Iterator[Finding]:
    """Ask our own web server as a client would."""
    try:
        answer = fetch(found.url, "/healthz")
    except ssl.SSLCertVerificationError as error:
        words = f"Browsers will refuse it: {error.verify_message}. Get one for {found.hostname}."
        yield Finding("bad", "Certificate", words)
        return
    except FAILURES as error:
        yield Finding("bad", "Public URL", f"{found.url} does not answer: {why(error)}. {_HINT}")
        return
    if answer.ends_at:
        yield _certificate(answer)
    yield _health(found, answer)
    if answer.status == http.client.OK:
        yield _host(found)


def proxies(found: Settings) -> Iterator[Finding]:
    """Look whether PORTAL_TRUSTED_PROXIES can be true."""
    count = found.trusted_proxies
    if found.is_https and not count:
        yield Finding(
            "bad",
            "PORTAL_TRUSTED_PROXIES",
            "PORTAL_URL is https, which only a proxy in front can speak, yet no proxy is trusted: "
            "all clients share one limit. Set it to the number of proxies, mostly 1.",
        )
    elif count and not found.is_https:
        words = f"It is {count}, yet PORTAL_URL is plain http on this machine. Set it to 0."
        yield Finding("note", "PORTAL_TRUSTED_PROXIES", words)
    elif count and found.host not in ("127.0.0.1", "::1", "localhost"):
        words = (
            f"Whoever reaches port {found.port} of {found.host} past the proxy can claim any "
            "address. See that a firewall lets only the proxy through."
        )
        yield Finding("note", "PORTAL_TRUSTED_PROXIES", words)
    else:
        yield Finding("good", "PORTAL_TRUSTED_PROXIES", f"{count} fits PORTAL_URL.")


_HINT = "Start `portal web`, and check DNS, the firewall and the proxy."


def _certificate(answer: Answer) -> Finding:
    days = int((answer.ends_at - answer.asked_at) // DAY)
    if days < SOON_DAYS:
        return Finding("note", "Certificate", f"It ends in {days} days. Renew it.")
    return Finding("good", "Certificate", f"It is valid for {days} days more.")


def _health(found: Settings, answer: Answer) -> Finding:
    if answer.status == http.client.OK and answer.body.strip() == b"ok":
        words = f"{found.url} answers in {answer.seconds * 1000:.0f} ms."
        return Finding("good", "Public URL", words)
    if 300 <= answer.status < 400:
        words = f"{found.url}/healthz redirects to {answer.location}: links would, too."
        return Finding("bad", "Public URL", f"{words} Set PORTAL_URL to where the portal is.")
    words = f"{found.url}/healthz answers {answer.status}, and not as Portico does."
    return Finding("bad", "Public URL", f"{words} Check where the proxy sends it.")


def _host(found: Settings) -> Finding:
    """The probe answers for any Host; other pages refuse one that is not ours."""
    try:
        status = fetch(found.url, "/admin/").status
    except FAILURES as error:
        return Finding("bad", "Host", f"{found.url}/admin/ does not answer: {why(error)}.")
    if status == http.client.BAD_REQUEST:
        words = "The portal refuses the Host that the proxy passes on. Let it pass the original."
        return Finding("bad", "Host", words)
    if status >= http.client.INTERNAL_SERVER_ERROR:
        return Finding("bad", "Pages", f"{found.url}/admin/ answers {status}.")
    return Finding("good", "Host", f"Requests arrive under the name {found.netloc}.")
