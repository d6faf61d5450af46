"""A DNS server over a real socket that knows the records a test gives it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

SILENCE, FAILS = "silence", "fails"  # instead of records


class ScriptedDns:
    """Answers on loopback until `stop`. *records* are by `NAME TYPE`, each a list or a fault.

    `asked` holds the questions.
    """

    def __init__(self, records: Mapping[str, list[str] | str] | None = None) -> None:
        self.records = dict(records or {})
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._socket.getsockname()
        return host, port

    def stop(self) -> None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
            bell.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            packet, sender = self._socket.recvfrom(4096)
            if not packet:
                return
            if answer := self._answer(dns.message.from_wire(packet)):
                self._socket.sendto(answer.to_wire(), sender)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name} {kind}")
        found = self.records.get(f"{name} {kind}", self.records.get(name, []))
        if found == SILENCE:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        alias = self.records.get(f"{name} CNAME", [])
        if alias and not found:
            target = dns.name.from_text(alias[0])
            to = dns.rrset.from_text(question.name, 60, "IN", "CNAME", target.to_text())
            answer.answer.append(to)
            name = target.to_text(omit_final_dot=True)
            found = self.records.get(f"{name} {kind}", [])
            question = dns.rrset.RRset(target, question.rdclass, question.rdtype)
        if found == FAILS:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        elif not any(each.split(" ")[0] == name for each in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer
