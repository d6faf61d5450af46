"""The bounce mailbox: unread reports become receipts, and are marked as read the next time."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from portal.channel import ChannelError, Receipt, TemporaryError
from portal_email.imap import Imap
from portal_email.mailbox import Mailbox
from portal_email.parts import MOST_OCTETS
from portal_email.reports import read

MOST_AT_ONCE = 200  # messages of one call
MOST_IDLE = 300.0  # seconds; servers wait for half an hour (RFC 9051 section 5.4)
GOODBYE = 1.0  # seconds to wait for an answer to LOGOUT
IN_HAND = 2.0  # seconds that are left when no further message is fetched


@dataclass
class Notes:
    """What this process knows of a folder; it outlives the connection.

    *taken* are messages whose receipts were handed over, to be marked as read at the next call:
    if the process dies before it has stored them, the server still has them as unread. *left* are
    no reports; they stay unread for people.
    """

    validity: int = 0
    taken: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)


class Folder:
    """One connection to a bounce mailbox, kept between calls. Not to be shared between threads."""

    def __init__(self, mailbox: Mailbox, tls: ssl.SSLContext, notes: Notes) -> None:
        self._mailbox, self._tls, self._notes = mailbox, tls, notes
        self._imap: Imap | None = None
        self._last_used = time.monotonic()

    @property
    def is_idle(self) -> bool:
        return time.monotonic() - self._last_used > MOST_IDLE

    def receipts(self, until: float) -> Iterator[Receipt]:
        """Yield what unread reports say. Raises a ChannelError when the mailbox cannot be read.

        A receipt comes again when its message could not be marked as read since.
        """
        self._ready(until)
        notes = self._notes
        with self._talk() as imap:
            if notes.taken:
                imap.mark_read(sorted(notes.taken))
                notes.taken.clear()
            unread = imap.unseen()
        notes.left.intersection_update(unread)
        for uid in [uid for uid in unread if uid not in notes.left][:MOST_AT_ONCE]:
            if time.monotonic() > until - IN_HAND:
                return
            with self._talk() as imap:
                raw = imap.fetch(uid, MOST_OCTETS)
            found = read(raw)
            if found is None:
                notes.left.add(uid)
            else:
                yield from found
                notes.taken.add(uid)  # not before they were asked for the next one

    def sign_in(self, until: float) -> None:
        """Sign in anew and open the folder. Raises a ChannelError that says what is wrong."""
        self.close()
        self._ready(until)

    def close(self) -> None:
        imap, self._imap = self._imap, None
        if imap is None:
            return
        imap.deadline = time.monotonic() + GOODBYE
        with suppress(ChannelError):
            imap.log_out()
        imap.close()

    def abandon(self) -> None:
        imap, self._imap = self._imap, None
        if imap is not None:
            imap.close()

    def __del__(self) -> None:
        if getattr(self, "_imap", None) is not None:
            self.abandon()

    @contextmanager
    def _talk(self) -> Iterator[Imap]:
        """Take up the conversation. One that is interrupted is never resumed."""
        imap, self._imap = self._imap, None
        if imap is None:
            raise TemporaryError("There is no connection to the bounce mailbox.", cause="fault")
        try:
            yield imap
        except BaseException:
            imap.close()
            raise
        self._imap = imap

    def _ready(self, until: float) -> None:
        """See that the folder is open: in the conversation that was, when it still works."""
        self._last_used = time.monotonic()
        if self._imap is not None:
            self._imap.deadline = until
            with suppress(ChannelError), self._talk() as imap:
                imap.noop()
        if self._imap is None:
            self._imap = self._opened(until)

    def _opened(self, until: float) -> Imap:
        imap = Imap(self._mailbox, self._tls, until)
        try:
            imap.sign_in()
            validity = imap.select()
        except ChannelError:
            imap.close()
            raise
        if validity != self._notes.validity:
            self._notes.validity = validity
            self._notes.taken.clear()
            self._notes.left.clear()
        return imap
