"""The team of an account: whom it invites, what each of them may do, and who leaves."""

from __future__ import annotations

from typing import NamedTuple

from portal import plugins, tokens
from portal.attempt import settings_of
from portal.channel import Channel, ChannelError, Message, SendRequest, Settings
from portal.config import settings
from portal.db import atomic, db
from portal.errors import PortalError, TeamError
from portal.languages import _, mark
from portal.models.account import Account
from portal.models.event import Event
from portal.models.staff import Staff
from portal.models.staff_invitation import LIFE, InvitationLook, StaffInvitation
from portal.models.staff_role import Role, StaffRole
from portal.models.staff_session import StaffSession
from portal.plugins.guard import About

LAST_OWNER = mark("An account needs an owner. Make somebody else an owner first.")


class Invited(NamedTuple):
    """An invitation that was made. *problem* says why it could not be mailed, or is empty."""

    email: str
    link: str
    problem: str


def invite_staff(
    account: Account, email: str, role: Role, *, name: str = "", by: Staff, request_id: str = ""
) -> Invited:
    """Ask *email* to join the staff, by the operator's mail. Raises AddressError or TeamError."""
    token = _invite(account, email, role, name, by, request_id)
    link = f"{settings().url}/admin/_join/{token}"
    return Invited(email, link, _mail(account, email, name, link, by))


@atomic
def withdraw(
    account: Account, invitation: StaffInvitation, *, by: Staff, request_id: str = ""
) -> None:
    """Let the invitation's link open nothing any more. Raises TeamError."""
    _must_be_allowed(StaffRole.hold(account.id), by, invitation.role)
    if StaffInvitation.withdraw(account.id, invitation.id):
        _record("staff_uninvited", account, by, request_id, invitation.email, invitation.role)


@atomic
def join(
    token: str, *, signed_in: Staff | None, browser: str, request_id: str = ""
) -> tuple[InvitationLook, str] | None:
    """Use the invitation up; return what it was and the secret of a new session, or '' for
    somebody who is signed in already. None when it works no longer.

    Who is on a staff already joins as themselves alone: the link may have been shown to another.
    Raises TeamError for anybody else.
    """
    look = StaffInvitation.look(token)
    if look is None or not StaffInvitation.take(token):
        return None
    known = Staff.by_email(look.email)
    person = known or Staff.add(look.email, look.name)
    is_theirs = known is None or (signed_in is not None and signed_in.id == known.id)
    if person is None or not is_theirs:
        raise TeamError(
            _("Sign in as %(email)s first, then open the link again.", email=look.email)
        )
    StaffRole.seat(person.id, look.account_id, look.role)
    Event.record(
        "staff_joined",
        account_id=look.account_id,
        by=person,
        request_id=request_id,
        detail={"who": person.email, "role": look.role},
    )
    return look, "" if known else _session(person, browser)


@atomic
def change_role(
    account: Account, staff_id: int, role: Role, *, by: Staff, request_id: str = ""
) -> None:
    """Let a member of the team be *role* from their next page on. Raises TeamError."""
    held = StaffRole.hold(account.id)
    was = held.get(staff_id, "")
    if was == role:
        return
    _must_be_allowed(held, by, was, role)
    if not StaffRole.change(staff_id, account.id, role):
        raise TeamError(_(LAST_OWNER))
    if role == Role.SUPPORT:
        StaffInvitation.withdraw_those_by(account.id, staff_id)
    _record("role_changed", account, by, request_id, _email(staff_id), role, was=was)


@atomic
def remove(account: Account, staff_id: int, *, by: Staff, request_id: str = "") -> None:
    """Take somebody off the team. No page of the account opens for them any more, whatever they
    are signed in to; whom they invited is not invited any more. Raises TeamError."""
    held = StaffRole.hold(account.id)
    was = held.get(staff_id, "")
    if staff_id != by.id:
        _must_be_allowed(held, by, was)
    if was and not StaffRole.remove(staff_id, account.id):
        raise TeamError(_(LAST_OWNER))
    StaffInvitation.withdraw_those_by(account.id, staff_id)
    _record("staff_removed", account, by, request_id, _email(staff_id), was)


@atomic
def hand_over(account: Account, staff_id: int, *, by: Staff, request_id: str = "") -> None:
    """Make somebody of the team the owner in the place of *by*, who is an admin then. Raises
    TeamError."""
    held = StaffRole.hold(account.id)
    if held.get(by.id) != Role.OWNER or staff_id not in held or staff_id == by.id:
        raise TeamError(_("Only an owner hands an account over, to somebody else of the team."))
    was = held[staff_id]
    StaffRole.change(staff_id, account.id, Role.OWNER)
    if not StaffRole.change(by.id, account.id, Role.ADMIN):
        raise TeamError(_(LAST_OWNER))
    _record("handed_on", account, by, request_id, _email(staff_id), Role.OWNER, was=was)


@atomic
def _invite(account: Account, email: str, role: Role, name: str, by: Staff, request_id: str) -> str:
    held = StaffRole.hold(account.id)
    _must_be_allowed(held, by, role)
    known = Staff.by_email(email)
    if known is not None and known.id in held:
        raise TeamError(_("%(who)s is on the team already.", who=known.called))
    token = StaffInvitation.issue(account.id, email, role, name=name, by=by.id)
    _record("staff_invited", account, by, request_id, email, role)
    return token


def _must_be_allowed(held: dict[int, str], by: Staff, *roles: str) -> None:
    """Owners may do everything, admins everything but what makes, changes or removes owners.

    Read while the team is held: the role may have changed since the page was opened.
    """
    mine = held.get(by.id)
    if mine not in (Role.OWNER, Role.ADMIN) or "" in roles:
        raise TeamError(_("The team was changed meanwhile. Look again."))
    if mine != Role.OWNER and Role.OWNER in roles:
        raise TeamError(_("Only an owner can do this to an owner, or make somebody one."))


def _record(
    kind: str, account: Account, by: Staff, request_id: str, who: str, role: str, *, was: str = ""
) -> None:
    detail = {"who": who, "role": str(role), **({"was": str(was)} if was else {})}
    Event.record(kind, account_id=account.id, by=by, request_id=request_id, detail=detail)


def _email(staff_id: int) -> str:
    person = db.session.get(Staff, staff_id)
    return person.email if person else ""


def _session(person: Staff, browser: str) -> str:
    secret = tokens.new_secret()
    StaffSession.open(person.id, tokens.digest(secret), via="invite", browser=browser)
    return secret


def _mail(account: Account, email: str, name: str, link: str, by: Staff) -> str:
    """Send the link by the operator's mail, outside any transaction; return why not, or ''."""
    found = plugins.current()
    channel = found.channel("email")
    if channel is None:
        return _("No e-mail channel is installed.")
    own = settings_of(account, "email", None)
    request = _request(account, email, name, link, by)
    db.session.commit()  # nobody waits for us while a stranger's server thinks
    return found.guarded(
        found.plugin_of(channel.id),
        "send",
        lambda: _sent(channel, request, own),
        _("The mail server did not answer in time, or the e-mail plugin failed."),
        About(account.id, (link, link.rpartition("/")[2])),
    )


def _sent(channel: Channel, request: SendRequest, own: Settings) -> str:
    try:
        if not channel.is_ready(own):
            return _("This server is not set up to send mail.")
        channel.send(request, own)
    except ChannelError as error:
        return _(error.reason)
    except PortalError as error:
        return str(error)
    return ""


def _request(account: Account, email: str, name: str, link: str, by: Staff) -> SendRequest:
    hello = f"Hello {name},\n\n" if name else ""
    text = (
        f"{hello}{by.called} invites you to the staff of {account.name}, who look after its client "
        f"portal.\n\nJoin within {LIFE.days} days, by this link, which works once:\n\n{link}\n\n"
        f"If you do not know {account.name}, do nothing.\n\n"
        f"The clients' side is at {account.front().door}\n"
    )
    return SendRequest(
        key=f"staff-{tokens.digest(link).hex()[:32]}",
        kind="login",
        to=email,
        to_name=name,
        message=Message(subject=f"Join the staff of {account.name}", text=text, short=link),
        link=link,
        sender_name=account.name,
        reply_to=by.email,
    )
