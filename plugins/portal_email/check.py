"""What `check` looks at, and the words in which it says what is wrong and what to set."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime

from portal.channel import ChannelError, Finding, Report, Settings
from portal_email import records
from portal_email.addresses import Address
from portal_email.claims import accounts_signer, address_in
from portal_email.connection import Connection
from portal_email.dkim import Signer
from portal_email.folder import Folder
from portal_email.lookup import Dns, NoAnswerError
from portal_email.mailbox import Mailbox
from portal_email.route import Route, Routes

SOON = 14  # days before a certificate's end


class Examination:
    """One look at everything that an account's, or the operator's, messages depend on."""

    def __init__(self, routes: Routes, settings: Settings, dns: Dns, until: float) -> None:
        self._routes, self._settings, self._until = routes, settings, until
        # However slowly each question is answered, time is left to open the mailbox.
        self._dns = dns.until(time.monotonic() + (until - time.monotonic()) / 2)
        self._findings: list[Finding] = []
        self._facts: dict[str, str] = {}

    def report(self) -> Report:
        return Report(tuple(self._findings), self._facts)

    def of_server(self, line: Connection) -> None:
        """Connect and sign in anew. Raises a ChannelError that says what is wrong."""
        line.close()
        wire = line.ready(self._until)
        server, sock = line.server, wire.sock
        answers = f"{server.host}:{server.port} answers"
        if isinstance(sock, ssl.SSLSocket):
            self._add(*_encryption(answers, sock))
        else:
            self._add("note", "Mail server", f"{answers}, without encryption.")
        if server.user:
            self._add("good", "Sign-in", f"The server accepts the user {server.user}.")
        else:
            self._add("note", "Sign-in", "No user name is set, and the server wanted none.")

    def of_domain(self) -> None:
        """Look at the From domain: whose it is, and what receivers will make of its mail."""
        wanted = address_in(self._settings, "from_address")
        if wanted:
            self._prove(wanted)
        elif self._routes.route(self._settings).server.rules is not None:
            detail = (
                f"Messages come from {self._routes.sender}, which your own mail server may refuse."
            )
            self._add("bad", "From address", f"{detail} Set a From address.")
        elif self._settings.account.slug:
            self._add("good", "From address", f"Messages come from {self._routes.sender}.")
            return
        sender = wanted or self._routes.sender
        if records.is_public(sender.domain):
            self._look_up(sender, self._routes.route(self._as_proved))
        else:
            detail = f"{sender.domain} is no public domain: other people's servers may refuse it."
            self._add("note", "From address", detail)

    def of_bounces(self) -> Mailbox | None:
        """Say where bounces go, and return the mailbox to look into, if there is one."""
        mailbox = self._routes.mailbox(self._settings)
        bounces = self._routes.route(self._as_proved).bounces
        if address_in(self._settings, "bounce_address") and not bounces:
            detail = "The bounce address is used once its domain is proved to be yours."
            self._add("bad", "Bounce address", detail)
        elif bounces:
            self._add("good", "Bounce address", f"Undeliverable messages come back to {bounces}.")
        else:
            detail = "None is set: whether a message bounced is not shown beside the contact."
            self._add("note", "Bounce address", detail)
        if bounces and not mailbox and not self._settings.account.slug:
            detail = "Nobody looks into it. Set PORTAL_BOUNCE_MAILBOX."
            self._add("note", "Bounce mailbox", detail)
        return mailbox

    def of_mailbox(self, folder: Folder) -> None:
        """Sign in to the bounce mailbox. That it fails stops no message."""
        try:
            folder.sign_in(max(self._until, time.monotonic() + 1))
        except ChannelError as error:
            self._add("bad", "Bounce mailbox", f"{error.reason} {error.reply}".strip())
        else:
            self._add("good", "Bounce mailbox", "It can be opened.")

    def _add(self, level: str, title: str, detail: str, record: str = "") -> None:
        self._findings.append(Finding(level, title, detail, record))  # type: ignore[arg-type]

    def _prove(self, wanted: Address) -> None:
        """Find out whose the From domain is; without an answer it stays as it was."""
        domain, proof = wanted.domain, self._settings.account.proof
        name, text = records.proof_record(domain, proof)
        was_proved = self._settings.facts.get("verified_domain") == domain
        try:
            is_proved = bool(proof) and text in self._dns.texts(name)
        except NoAnswerError:
            self._add("note", "From domain", "The DNS gave no answer. Check again later.")
            is_proved = was_proved
        else:
            if is_proved:
                self._add("good", "From domain", f"{domain} is proved to be yours.")
            else:
                detail = (
                    f"Set this record to prove that {domain} is yours. "
                    f"Until then messages come from {self._routes.sender}."
                )
                self._add("bad", "From domain", detail, records.as_line(name, text))
        if is_proved:
            self._facts["verified_domain"] = domain

    @property
    def _as_proved(self) -> Settings:
        values = dict(self._settings)
        return Settings(values, account=self._settings.account, facts=self._facts)

    def _look_up(self, sender: Address, route: Route) -> None:
        dns, domain = self._dns, sender.domain
        envelope = route.bounces or sender
        self._findings.append(records.spf_of(dns, envelope.domain, route.server))
        key = self._signer(sender, route)
        if key:
            self._findings.append(records.dkim_of(dns, key))
        else:
            detail = "The portal does not sign messages. That is right when the mail server does."
            self._add("note", "DKIM", detail)
        self._findings.append(records.dmarc_of(dns, domain))
        self._findings.append(records.mx_of(dns, domain))

    def _signer(self, sender: Address, route: Route) -> Signer | None:
        """The key that signs, or will sign once the domain is proved."""
        key, selector = self._settings.get("dkim_key"), self._settings.get("dkim_selector")
        if key and selector:
            return accounts_signer(sender.domain, str(selector), str(key))
        return route.signer


def _encryption(answers: str, sock: ssl.SSLSocket) -> tuple[str, str, str]:
    end = (sock.getpeercert() or {}).get("notAfter", "")
    ends_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(end)), UTC)
    detail = (
        f"{answers}, encrypted with {sock.version()}; its certificate ends on {ends_at:%Y-%m-%d}."
    )
    if (ends_at - datetime.now(UTC)).days < SOON:
        return "note", "Mail server", f"{detail} Renew it."
    return "good", "Mail server", detail
