"""Reports that somebody posts to the account's receipt address as they came by mail."""

from __future__ import annotations

from collections.abc import Iterable

from portal.channel import Receipt, ReceiptRequest
from portal_email.reports import read

RAW = frozenset({"message/rfc822", "text/plain", "application/octet-stream"})


def posted(request: ReceiptRequest) -> Iterable[Receipt]:
    """Return what the posted message reports; the secret in the address is its signature.

    Raises ValueError when it is no message, or no report.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in RAW:
        raise ValueError("Post the message as it came, as message/rfc822 or text/plain.")
    found = read(request.body, otherwise=request.key)
    if found is None:
        raise ValueError("This is no report about a message of the portal's.")
    return found
