"""Links: opening one changes nothing; pressing its button signs in, once."""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import plugins, scanners, tokens
from portal.db import now
from portal.flows.ask import ask
from portal.flows.not_me import is_told, not_me
from portal.flows.sign_in import Browser, SignedIn, sign_in_by_link
from portal.flows.support import note_opening, turn_away
from portal.models.address import masked, normalise_email
from portal.models.client_session import ClientSession
from portal.models.look import Look
from portal.models.magic_link import Kind
from portal.models.sighting import Sighting
from portal.models.sign_in_request import Asked
from portal.web import cookies, own_domain, sessions, support
from portal.web.client.portal import flow_for, where_to
from portal.web.limits import (
    ASKS,
    REDEEMS,
    failed_redeems,
    limiter,
    links_per_account,
    links_per_network,
)
from portal.web.redirects import see_other
from portal.web.templating import path_for

bp = Blueprint("links", __name__, url_prefix="/l")

GONE, NOT_FOUND = 410, 404


def _account_of_link() -> str:
    look = _opened_look((request.view_args or {})["handle"])
    return look.slug if look else ""


@bp.get("/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """Move the secret into a short cookie and answer 303 to a clean address.

    So it leaves the address bar, the history and the Referer. Mail scanners come this far.
    """
    digest = tokens.token_digest_of(token)
    if digest is None:
        return _dead("incomplete", GONE)
    handle = tokens.handle_of(digest)
    response = see_other(url_for(".page", handle=handle))
    known = cookies.read_link(handle)
    nonce = known.nonce if known else secrets.token_urlsafe(16)
    cookies.write_link(response, handle, cookies.OpenedLink(token, nonce))
    return response


@bp.route("/open/<handle>", methods=["GET", "POST"])
def page(handle: str) -> ResponseReturnValue:
    opened = cookies.read_link(handle)
    if opened is None:
        return _failed("no_cookies", GONE, handle=handle)
    digest = tokens.token_digest_of(opened.token)
    if digest is None or tokens.handle_of(digest) != handle:
        return _failed("incomplete", GONE)
    return _press(digest, opened, handle) if request.method == "POST" else _look(digest, handle)


@bp.post("/open/<handle>/renew")
@limiter.shared_limit(links_per_network, ASKS)
@limiter.shared_limit(links_per_account, ASKS, key_func=_account_of_link)
def renew(handle: str) -> ResponseReturnValue:
    """Mail a new link to the address on file, whatever has become of this one."""
    look = _opened_look(handle)
    if look is None:
        return _dead("incomplete" if cookies.read_link(handle) else "no_cookies", GONE)
    if not look.lets("may_renew"):
        return see_other(url_for(".page", handle=handle))
    flow = flow_for(look.slug, look.email, handle=handle)
    ask(
        Asked(
            account_id=look.account_id,
            email_norm=normalise_email(look.email),
            flow_digest=flow.digest,
            target=look.target,
            browser=sessions.browser_family(),
            request_id=g.request_id,
        )
    )
    response = see_other(url_for("portal.code", slug=look.slug))
    cookies.write_flow(response, look.slug, flow)
    return response


@bp.route("/open/<handle>/not-me", methods=["GET", "POST"])
@limiter.shared_limit(links_per_network, ASKS, methods=["POST"])
def refuse(handle: str) -> ResponseReturnValue:
    """Let whoever got an invitation that is not for them say so, without signing in."""
    look = _opened_look(handle)
    if look is None or look.kind != Kind.INVITE:
        return _dead("incomplete" if cookies.read_link(handle) else "no_cookies", GONE)
    if request.method == "POST":
        not_me(
            look,
            browser=sessions.browser_family(),
            network=sessions.network(),
            request_id=g.request_id,
        )
        return see_other(url_for(".refuse", handle=handle))
    g.account, g.slug = look, look.slug
    return render_template(
        "client/not_me.html", masked=masked(look.email), handle=handle, is_told=is_told(look)
    )


def _opened_look(handle: str) -> Look | None:
    """Tell about the link that this browser has opened under *handle*."""
    opened = cookies.read_link(handle)
    digest = tokens.token_digest_of(opened.token) if opened else None
    return _known(digest) if digest else None


def _known(digest: bytes) -> Look | None:
    return _of_this_host(Look.at(digest))


def _of_this_host(look: Look | None) -> Look | None:
    """Return *look*; at another account's own domain it is as unknown as none."""
    held = own_domain.held()
    return look if look and (held is None or held.slug == look.slug) else None


def _look(digest: bytes, handle: str) -> ResponseReturnValue:
    look = _known(digest)
    state = look.state(now()) if look else "incomplete"
    if look is None:
        return _dead(state, NOT_FOUND)
    here = _signed_in_here(look)
    if here and here[0] == look.contact_id:
        return see_other(where_to(look.slug, look.target))
    if state != "ready":
        return _dead(state, GONE, look, handle)
    note_opening(_sighting(look, ""))
    flow = cookies.read_flow(look.slug)
    g.account, g.slug = look, look.slug
    return render_template(
        "client/link.html",
        masked=masked(look.email),
        section_title=_section_title(look),
        not_me_url=url_for(".refuse", handle=handle) if look.kind == Kind.INVITE else None,
        autopress=bool(flow and flow.digest == look.flow_digest and not here),
        other=here[1] if here else None,
    )


def _press(digest: bytes, opened: cookies.OpenedLink, handle: str) -> ResponseReturnValue:
    if own_domain.held() and _known(digest) is None:
        return _failed("incomplete", NOT_FOUND, None, handle)
    slug = request.form.get("portal", "")[:40]
    flow = cookies.read_flow(slug)
    signed_in = sign_in_by_link(
        digest,
        tokens.digest(opened.nonce),
        Browser(
            family=sessions.browser_family(),
            network=sessions.network(),
            flow_digest=flow.digest if flow else None,
            old_session=cookies.digest_of(slug) if slug else None,
            request_id=g.request_id,
        ),
    )
    if signed_in is not None:
        return _walk_in(signed_in)
    look = Look.at(digest)
    return _failed(
        look.state(now()) if look else "incomplete", GONE if look else NOT_FOUND, look, handle
    )


def _walk_in(signed_in: SignedIn) -> Response:
    """Go in. The link's cookie stays, so that pressing again and going back lead in as well."""
    response = see_other(where_to(signed_in.slug, signed_in.target))
    cookies.remove_flow(response, signed_in.slug)
    sessions.give_client(response, signed_in)
    return response


def _signed_in_here(look: Look) -> tuple[int, str] | None:
    """Return the id and name of whoever this browser is signed in as in the link's portal."""
    digest = cookies.digest_of(look.slug)
    visit = ClientSession.visit(look.slug, digest) if digest else None
    if visit is None or visit.contact_id is None or visit.session_id is None:
        return None
    return visit.contact_id, visit.contact_name or masked(visit.email or "")


def _section_title(look: Look) -> str | None:
    sections = plugins.current().sections(look.slug) if look.target else []
    return next((section.title for section in sections if section.name == look.target), None)


@limiter.shared_limit(failed_redeems, REDEEMS)
def _failed(
    state: str, status: int, look: Look | None = None, handle: str = ""
) -> ResponseReturnValue:
    """Count a press that failed, and answer 429 when its network has made too many.

    Here and not before the press: nobody guesses a token, but a scanner that presses dead links
    shares its address with an office whose good ones must work.
    """
    return _dead(state, status, look, handle)


def _dead(
    state: str, status: int, look: Look | None = None, handle: str = ""
) -> ResponseReturnValue:
    """Say exactly what became of the link. A mistyped and an unknown one read alike."""
    g.account = look
    page_ = render_template(
        "client/dead_link.html",
        state=state,
        used_at=look.used_at if look else None,
        used_browser=look.used_browser if look else "",
        ended_at=look.ends_at if look and look.is_over(now()) else None,
        masked=masked(look.email) if look else None,
        can_renew=look is not None and state != "no_access" and look.lets("may_renew"),
        may_ask=look is not None and look.lets("may_ask"),
        handle=handle,
        sign_in_url=path_for("portal.front", slug=look.slug) if look else None,
        support_code=_support_code(state, look, handle),
    )
    return page_, status


def _support_code(state: str, look: Look | None, handle: str) -> str:
    """Return the code to read out. Of the link whose cookie did not come back nothing is shown,
    but staff find it."""
    seen = look
    if state == "no_cookies":
        seen = _of_this_host(Look.by_handle(handle))
    return support.code_for(state, turn_away(_sighting(seen, state)) if seen else "")


def _sighting(look: Look, state: str) -> Sighting:
    return Sighting(
        account_id=look.account_id,
        contact_id=look.contact_id,
        link_id=look.id,
        state=state,
        browser=sessions.browser_family(),
        network=sessions.network(),
        owner=scanners.owner_of(request.remote_addr or ""),
        signs=sessions.signs(keeps_cookies=state != "no_cookies"),
        request_id=g.request_id,
        at=now(),
        is_first=look.is_first,
        sent_at=look.sent_at,
    )
