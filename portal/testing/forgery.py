"""Forges receipts, as somebody would who does not know the secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from portal.channel import ReceiptRequest


def forgeries(genuine: ReceiptRequest) -> dict[str, ReceiptRequest]:
    """Return receipts as somebody would post them who does not know the secret."""
    unsigned = {
        name: value
        for name, value in genuine.headers.items()
        if name in ("content-type", "content-length", "host")
    }
    changed = _with_another_status(genuine)
    wrong = {
        name: value if name in unsigned else value[:-4] + "AAA=" for name, value in
        genuine.headers.items()
    }  # fmt: skip
    return {
        "no signature": replace(genuine, headers=unsigned, query={}, url=_bare(genuine.url)),
        "a wrong signature": replace(
            genuine, headers=wrong, query=_spoilt(genuine.query), url=_bare(genuine.url)
        ),
        "changed words": changed,
    }


def _with_another_status(genuine: ReceiptRequest) -> ReceiptRequest:
    form = {name: f"{value}x" for name, value in genuine.form.items()}
    query = _spoilt(genuine.query) if not genuine.body and not form else genuine.query
    return replace(genuine, body=genuine.body + b" ", form=form, query=query)


def _spoilt(query: Mapping[str, str]) -> dict[str, str]:
    return {name: f"{value}x" for name, value in query.items()}


def _bare(url: str) -> str:
    return url.partition("?")[0]
