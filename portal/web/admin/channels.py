"""Channels: the ways to reach contacts, their order, and the settings of each."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import plugins, routing
from portal.channel import Channel, Settings
from portal.config import settings as installation
from portal.errors import SettingsError
from portal.flows.channel_order import arrange
from portal.flows.channel_settings import (
    MAILED,
    Typed,
    ask_trial,
    rotate_receipt_key,
    save_settings,
)
from portal.languages import _, mark
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.channel_trial import ChannelTrial
from portal.models.magic_link import Kind
from portal.models.staff_role import Role
from portal.web.admin import channel_form
from portal.web.admin.channel_form import Drawn
from portal.web.admin.delivery_words import kind_words
from portal.web.admin.desk import at_desk, desk, go
from portal.web.admin.paused import as_paused, paused_channels
from portal.web.forms_channel import OwnChannelForm, TestForm

bp = desk("channels", __name__, path="/channels", roles=(Role.OWNER, Role.ADMIN))

DEEDS = {"up", "down", "on", "off"}
SAVED_IN_VAIN = mark(
    "The stored settings cannot be read with the keys of this installation. Put the old key back "
    "into PORTAL_SECRET_KEYS, or fill in the form and save it again."
)


@bp.get("/")
def index() -> ResponseReturnValue:
    account, _staff = at_desk()
    return _index(account)


@bp.post("/-/order")
def order() -> ResponseReturnValue:
    account, staff = at_desk()
    kind, channel_id = request.form.get("kind", ""), request.form.get("channel", "")
    deed: Any = request.form.get("deed", "")
    if kind not in MAILED or deed not in DEEDS:
        abort(400)
    if not arrange(account, kind, channel_id, deed, by=staff, request_id=g.request_id):
        flash(_("Nothing was changed. One channel at least must stay on for each kind."), "note")
    return go(url_for(".index", _anchor=f"order-{kind}"))


@bp.get("/<channel_id>")
def show(channel_id: str) -> ResponseReturnValue:
    account, _staff = at_desk()
    channel, row = _found(channel_id)
    stored = _stored(account, row)
    drawn = _drawn(channel, stored, account)
    own = OwnChannelForm.of(row)
    return _page(channel, row, drawn, own)


@bp.post("/<channel_id>")
def save(channel_id: str) -> ResponseReturnValue:
    account, staff = at_desk()
    channel, row = _found(channel_id)
    stored, own = _stored(account, row), OwnChannelForm()
    drawn: Drawn | None = Drawn([], is_valid=True, values={})
    if channel.SettingsForm is not None:
        drawn = channel_form.read(channel, stored, request.form, account.id)
    if not own.validate() or drawn is None or drawn.values is None:
        return _page(channel, row, drawn, own), 422
    fresh = Settings(drawn.values, account=account.info(), facts=stored.facts)
    becomes_ready = channel_form.is_ready(channel, fresh, account.id) and not channel_form.is_ready(
        channel, stored, account.id
    )
    save_settings(
        account,
        channel,
        Typed(drawn.values, own.rate.data, (own.receipt_wait.data or 0) * 60),
        becomes_ready=becomes_ready,
        by=staff,
        request_id=g.request_id,
    )
    flash(_("Saved. Check it, and send a test to yourself."), "good")
    return go(url_for(".show", channel_id=channel_id))


@bp.post("/<channel_id>/rotate")
def rotate(channel_id: str) -> ResponseReturnValue:
    account, staff = at_desk()
    channel, _row = _found(channel_id)
    rotate_receipt_key(account, channel, by=staff, request_id=g.request_id)
    flash(_("There is a new receipt address. Put it in at the provider now."), "good")
    return go(url_for(".show", channel_id=channel_id))


@bp.post("/<channel_id>/check")
def check(channel_id: str) -> ResponseReturnValue:
    account, staff = at_desk()
    channel, _row = _found(channel_id)
    if not ask_trial(account, channel, "check", by=staff, request_id=g.request_id):
        flash(_(_TOO_OFTEN), "bad")
    return go(url_for(".show", channel_id=channel_id, _anchor="trials"))


@bp.post("/<channel_id>/test", endpoint="test")
def send_test(channel_id: str) -> ResponseReturnValue:
    account, staff = at_desk()
    channel, row = _found(channel_id)
    form = TestForm()
    if not form.validate():
        stored = _stored(account, row)
        drawn = _drawn(channel, stored, account)
        return _page(channel, row, drawn, OwnChannelForm.of(row), form), 422
    to = form.to.data
    if not ask_trial(account, channel, "test", by=staff, to=to, request_id=g.request_id):
        flash(_(_TOO_OFTEN), "bad")
    return go(url_for(".show", channel_id=channel_id, _anchor="trials"))


@bp.get("/<channel_id>/trials")
def trials(channel_id: str) -> ResponseReturnValue:
    g.is_poll = True
    account, _staff = at_desk()
    channel, _row = _found(channel_id)
    return render_template("admin/_trials.html", channel=channel, **_trials(account, channel))


_TOO_OFTEN = mark("That was tried ten times in ten minutes. Wait a little, then try again.")


def _index(account: Account) -> str:
    rows = ChannelSetting.of_account(account.id)
    found = plugins.current().channels
    orders = [(kind, kind_words(kind), _order(account, kind)) for kind in MAILED]
    states = {name: _state(one, rows.get(name), account) for name, one in found.items()}
    return render_template(
        "admin/channels.html",
        channels=_in_order(account),
        states=states,
        rows=rows,
        orders=orders,
        paused=paused_channels(account.id),
    )


def _in_order(account: Account) -> list[Channel]:
    """Return all channels: those that carry invitations first, as they come."""
    found = plugins.current().channels
    first = routing.order(account, Kind.INVITE)
    return [found[name] for name in dict.fromkeys([*first, *sorted(found)])]


def _order(account: Account, kind: str) -> list[tuple[Channel, bool]]:
    """Return each channel that can carry *kind*, those that are on first and in their order."""
    found = plugins.current().channels
    on = routing.order(account, kind)
    off = [name for name, one in found.items() if name not in on and routing.carries(one, kind)]
    return [(found[name], name in on) for name in (*on, *off)]


def _state(channel: Channel, row: ChannelSetting | None, account: Account) -> str:
    """Return `ready`, `paused`, `broken`, `unset` or `off`."""
    if row is not None and row.is_paused:
        return "paused"
    try:
        stored = row.as_settings(account) if row else Settings(account=account.info())
    except SettingsError:
        return "broken"
    if not channel_form.is_ready(channel, stored, account.id):
        return "unset"
    is_on = any(channel.id in routing.order(account, kind) for kind in MAILED)
    return "ready" if is_on or channel.caps.synchronous else "off"


def _found(channel_id: str) -> tuple[Channel, ChannelSetting | None]:
    account, _staff = at_desk()
    channel = plugins.current().channel(channel_id)
    if channel is None:
        abort(404)
    return channel, ChannelSetting.find(account.id, channel_id)


def _stored(account: Account, row: ChannelSetting | None) -> Settings:
    try:
        return row.as_settings(account) if row else Settings(account=account.info())
    except SettingsError:
        flash(_(SAVED_IN_VAIN), "bad")
        return Settings(account=account.info())


def _drawn(channel: Channel, stored: Settings, account: Account) -> Drawn | None:
    if channel.SettingsForm is None:
        return Drawn([])
    return channel_form.draw(channel, stored, account.id)


def _page(
    channel: Channel,
    row: ChannelSetting | None,
    drawn: Drawn | None,
    own: OwnChannelForm,
    test: TestForm | None = None,
) -> str:
    account, staff = at_desk()
    address = f"{installation().url}/hooks/{channel.id}/{row.receipt_key}" if row else ""
    if test is None:
        test = TestForm(formdata=None)
        test.to.data = staff.email if channel.caps.address == "email" else ""
    return render_template(
        "admin/channel.html",
        channel=channel,
        row=row,
        state=_state(channel, row, account),
        drawn=drawn,
        own=own,
        test=test,
        remove=channel_form.REMOVE,
        receipt_url=address if channel.caps.receipts else "",
        paused=[as_paused(row)] if row and row.is_paused else [],
        **_trials(account, channel),
    )


def _trials(account: Account, channel: Channel) -> dict[str, Any]:
    latest = ChannelTrial.latest(account.id, channel.id)
    checks = [trial.id for trial in latest if trial.what == "check" and trial.is_over]
    return {
        "trials": latest,
        "latest_check": checks[0] if checks else 0,
        "pending": any(not trial.is_over for trial in latest),
    }
