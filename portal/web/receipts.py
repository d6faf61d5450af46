"""Receipts: where providers report what became of messages. No session, no cookie, no form token.

The address holds a secret of the account's channel. Whoever reports is told what HTTP has words
for: 204 taken down, 404 nothing of ours (a provider then tries again), 403 forged, 400 no sense,
503 our own plugin failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from limits import parse

from portal import plugins
from portal.channel import Channel, ForgedError, Receipt, ReceiptRequest
from portal.config import settings
from portal.db import db, reads_only
from portal.errors import SettingsError
from portal.flows.receive import receive
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.delivery_receipt import FROM
from portal.plugins.guard import About
from portal.web.limits import client_network, limiter

bp = Blueprint("receipts", __name__, url_prefix="/hooks")

LARGEST = 5 * 1024 * 1024
"""Bytes: a bounce may bring back the message and what the server thinks of it."""
MOST = 1000
"""Receipts that one report may hold."""
REFUSALS = parse("60 per 5 minutes")
LONGEST_KEY = 100
_METHODS = ["GET", "POST"]


class Report(NamedTuple):
    """How the channel's plugin understood what came; *status* is not 0 when it did not."""

    receipts: list[Receipt]
    status: int = 0


@bp.route("/<channel_id>/<key>", methods=_METHODS, defaults={"delivery_key": ""})
@bp.route("/<channel_id>/<key>/<delivery_key>", methods=_METHODS)
def take(channel_id: str, key: str, delivery_key: str) -> ResponseReturnValue:
    """Take a report down. Some gateways know no other method than GET, so that writes too."""
    if request.method not in _METHODS:
        return _answer(405)
    reads_only.set(False)
    request.max_content_length = request.max_form_memory_size = LARGEST
    found = _found(channel_id, key)
    # Counted for each address apart: many accounts' reports come from one provider's network, and
    # what one account does wrong must not keep the others' out.
    counted = ("receipts", f"{channel_id} {found[2].id}") if found else ("receipts",)
    if _is_refused_often(counted):
        return _answer(429)
    if found is None or len(delivery_key) > LONGEST_KEY:
        return _refuse(404, counted)
    channel, row, account = found
    try:
        stored = row.as_settings(account)
    except SettingsError:
        return _answer(503)
    report = _understood(channel, stored, _as_sent(delivery_key), account.id)
    if report is None:
        return _answer(503)
    if report.status:
        return _refuse(report.status, counted)
    if not report.receipts:
        return _answer(204)
    return _answer(204 if receive(account.id, channel.id, report.receipts) else 404)


def _found(channel_id: str, key: str) -> tuple[Channel, ChannelSetting, Account] | None:
    channel = plugins.current().channel(channel_id)
    row = ChannelSetting.by_receipt_key(channel_id, key) if len(key) <= LONGEST_KEY else None
    account = db.session.get(Account, row.account_id) if row else None
    if channel is None or row is None or account is None or not channel.caps.receipts:
        return None
    return channel, row, account


def _as_sent(delivery_key: str) -> ReceiptRequest:
    query = request.query_string.decode("latin-1")
    address = settings().url + request.path
    return ReceiptRequest(
        method=request.method,
        url=f"{address}?{query}" if query else address,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(cache=True),
        query=request.args.to_dict(),
        form=request.form.to_dict(),
        key=delivery_key,
    )


def _understood(
    channel: Channel, stored: Any, sent: ReceiptRequest, account_id: int
) -> Report | None:
    """Let the channel's plugin read the report; None when it failed, which counts as its fault."""

    def act() -> Report:
        try:
            told = channel.parse_receipt(sent, stored)
            return Report([_whole(one, sent.key) for one in _listed(told)])
        except ForgedError:
            return Report([], 403)
        except ValueError:
            return Report([], 400)

    secrets = tuple(value for value in stored.values() if isinstance(value, str))
    found = plugins.current()
    plugin = found.plugin_of(channel.id)
    nothing: Report | None = None
    return found.guarded(plugin, "parse_receipt", act, nothing, About(account_id, secrets))


def _listed(told: Iterable[Receipt]) -> list[Receipt]:
    found = []
    for one in told:
        found.append(one)
        if len(found) > MOST:
            raise ValueError("too many receipts at once")
    return found


def _whole(receipt: Receipt, key: str) -> Receipt:
    """Return *receipt* with the key of the address where it names no message itself.

    Raises TypeError when the plugin answered with something else.
    """
    if not isinstance(receipt, Receipt) or receipt.status not in FROM:
        raise TypeError(f"parse_receipt must list Receipts, not {receipt!r:.80}")
    texts = (receipt.key, receipt.provider_id, receipt.reason, receipt.reply, receipt.cause)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("the words of a Receipt must be text")
    named = receipt.key or receipt.provider_id
    return Receipt(
        status=receipt.status,
        key=receipt.key if named else key,
        provider_id=receipt.provider_id,
        reason=receipt.reason,
        reply=receipt.reply,
        cause=receipt.cause,
    )


def _is_refused_often(counted: tuple[str, ...]) -> bool:
    is_over = limiter.enabled and not limiter.limiter.test(REFUSALS, *counted, client_network())
    db.session.commit()  # no connection is held while a plugin reads what came
    return is_over


def _refuse(status: int, counted: tuple[str, ...]) -> Response:
    """Answer, and count it: who guesses addresses or signatures is stopped for a while."""
    if limiter.enabled:
        limiter.limiter.hit(REFUSALS, *counted, client_network())
    return _answer(status)


def _answer(status: int) -> Response:
    """Return the same answer for the same status, whatever the reason."""
    words = {400: "Not understood.", 403: "Forged.", 404: "Not found.", 405: "Not allowed.",
             429: "Too many.", 503: "Try again later."}  # fmt: skip
    answer = Response(words.get(status, ""), status, content_type="text/plain; charset=utf-8")
    if status in (429, 503):
        answer.headers["Retry-After"] = "60"
    return answer
