"""The portal itself: the door at its address, and the rooms behind it."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from portal import plugins, tokens
from portal.channel import SectionRequest
from portal.db import now
from portal.flows.ask import ask
from portal.flows.sign_in import (
    Browser,
    forgive_try,
    has_tries,
    may_try_code,
    sign_in_by_code,
)
from portal.flows.sign_out import sign_out as sign_out_browser
from portal.flows.sign_out import sign_out_everywhere
from portal.flows.support import stop
from portal.models import account_rules
from portal.models.address import masked, normalise_email
from portal.models.client_session import ClientSession, Visit
from portal.models.client_view import looks_at
from portal.models.sign_in_request import Asked
from portal.models.support_code import OnPage
from portal.web import cookies, sessions, support
from portal.web.forms import CodeForm, EmailForm
from portal.web.languages import say
from portal.web.limits import (
    ASKS,
    REDEEMS,
    failed_redeems,
    has_failed,
    limiter,
    links_per_account,
    links_per_network,
    mark_failed,
    this_account,
)
from portal.web.redirects import see_other

_AWAY = "This area cannot be shown right now. Try again in a minute; everything else works."
"""Instead of a section whose plugin failed or hung."""

SOON = timedelta(days=14)
"""So long before it, a client's home tells when their access ends."""

bp = Blueprint("portal", __name__, url_prefix="/p/<slug>")
bp.after_request(sessions.note_visit)


@bp.before_request
def enter() -> None:
    g.slug = (request.view_args or {})["slug"]
    g.account = sessions.enter(g.slug)
    if g.account.is_view and request.endpoint == "portal.code":
        abort(see_other(url_for(".front")))


def _asks_from_link() -> bool:
    """That a link's own view then answers, and counts."""
    flow = cookies.read_flow(this_account())
    return flow is not None and bool(flow.handle)


@bp.route("/", methods=["GET", "POST"])
@limiter.shared_limit(links_per_network, ASKS, methods=["POST"])
@limiter.shared_limit(links_per_account, ASKS, methods=["POST"], key_func=this_account)
def front(slug: str) -> ResponseReturnValue:
    if g.account.is_signed_in:
        return _home(g.account)
    if not g.account.lets("may_ask"):
        return render_template("client/by_message.html")
    if request.method != "POST":  # a form would cost a fifth of the page to say nothing
        return render_template("client/sign_in.html", typed="", wrong=())
    form = EmailForm()
    if form.validate():
        return _ask(form.email.data, request.args.get("to", "")[:60])
    return render_template("client/sign_in.html", typed=form.email.data, wrong=form.email.errors)


@bp.route("/code", methods=["GET", "POST"])
@limiter.shared_limit(failed_redeems, REDEEMS, methods=["POST"], deduct_when=has_failed)
def code(slug: str) -> ResponseReturnValue:
    flow = cookies.read_flow(slug)
    if flow is None:
        return see_other(url_for(".front"))
    form, state, has_code = CodeForm(), "", g.account.lets("has_code")
    if form.validate_on_submit():
        state = "wrong"
        if not may_try_code(g.account.account_id, flow.digest, flow.counted):
            state = "off"
        elif signed_in := sign_in_by_code(
            g.account.account_id, flow.digest, form.digits, _browser(slug)
        ):
            forgive_try(g.account.account_id, flow.counted)
            response = see_other(where_to(slug, signed_in.target))
            cookies.remove_flow(response, slug)
            return sessions.give_client(response, signed_in)
        elif _is_over(flow):
            state = "ended"
        mark_failed()
    cannot_go_on = state in ("off", "ended")
    return render_template(
        "client/code.html",
        form=form,
        address=flow.address,
        state=state,
        has_code=has_code,
        may_ask=g.account.lets("may_ask"),
        support_code=_stopped(flow, state) if cannot_go_on else "",
    )


@bp.post("/ask-again")
@limiter.shared_limit(links_per_network, ASKS, exempt_when=_asks_from_link)
@limiter.shared_limit(links_per_account, ASKS, key_func=this_account, exempt_when=_asks_from_link)
def ask_again(slug: str) -> ResponseReturnValue:
    flow = cookies.read_flow(slug)
    if flow is None or not g.account.lets("may_ask"):
        return see_other(url_for(".front"))
    if flow.handle:
        return redirect(url_for("links.renew", handle=flow.handle), code=307)
    return _ask(flow.address, "")


@bp.get("/s/<name>")
def section(slug: str, name: str) -> ResponseReturnValue:
    visit: Visit = g.account
    if not visit.is_signed_in:
        return see_other(url_for(".front", to=name))
    areas = plugins.current().areas(slug)
    area = next((one for one in areas if one.section.name == name), None)
    if area is None:
        abort(404)
    asked = SectionRequest(
        account_slug=visit.slug,
        account_name=visit.name,
        contact_name=visit.contact_name or "",
        contact_email=visit.email or "",
        external_id=visit.external_id or "",
        is_view=visit.is_view,
    )
    body = plugins.current().shown(area, asked)
    page = render_template(
        "client/section.html",
        section=area.section,
        body=_away() if body is None else body or Markup("<p>{}</p>").format(area.section.summary),
        sections=[one.section for one in areas],
    )
    return page, 503 if body is None else 200


@bp.get("/access")
def access(slug: str) -> ResponseReturnValue:
    visit = _signed_in()
    sessions_ = [
        {
            "id": one.id,
            "browser": one.browser,
            "since": one.since,
            "last_seen": one.last_seen,
            "is_this": one.id == visit.session_id,
        }
        for one in ClientSession.of_contact(visit.contact_id or 0, visit.choices)
    ]
    looks = looks_at(visit.contact_id or 0)
    return render_template("client/access.html", sessions=sessions_, looks=looks)


@bp.post("/access/<int:session_id>/end")
def end_session(slug: str, session_id: int) -> ResponseReturnValue:
    visit = _signed_in()
    if not sign_out_browser(visit, session_id, request_id=g.request_id):
        abort(404)
    if session_id == visit.session_id:
        return _leave(slug)
    flash("That browser is signed out.", "good")
    return see_other(url_for(".access"))


@bp.post("/access/end-all")
def end_all(slug: str) -> ResponseReturnValue:
    sign_out_everywhere(_signed_in(), request_id=g.request_id)
    return _leave(slug)


@bp.post("/sign-out")
def sign_out(slug: str) -> ResponseReturnValue:
    visit: Visit = g.account
    if visit.session_id:
        sign_out_browser(visit, visit.session_id, request_id=g.request_id)
    return _leave(slug)


def where_to(slug: str, target: str) -> str:
    """Return the address of a link's section, or of the home. A target is a name, never a URL."""
    names = [section.name for section in plugins.current().sections(slug)] if target else []
    if target in names:
        return url_for("portal.section", slug=slug, name=target)
    return url_for("portal.front", slug=slug)


def flow_for(slug: str, email: str, *, handle: str = "") -> cookies.Flow:
    """Go on with this browser's request for *email*, so that the codes of late mail work, or
    begin one when there is none or its tries are spent. With *handle*, of the link asked from,
    the browser is not told the address."""
    shown = masked(email) if handle else email
    counted = tokens.tag_of(normalise_email(email))
    flow = cookies.read_flow(slug)
    if flow is None or flow[1:4] != (shown, handle, counted) or not has_tries(flow.digest):
        return cookies.Flow(tokens.new_secret(), shown, handle, counted)
    return flow


def _away() -> Markup:
    return Markup('<p class="notice bad">{}</p>').format(say(_AWAY))


def _home(visit: Visit) -> ResponseReturnValue:
    return render_template(
        "client/home.html",
        client={"name": visit.contact_name, "email": visit.email},
        greeting=_greeting(visit),
        ends_at=visit.ends_at if visit.ends_at and visit.ends_at < now() + SOON else None,
        sections=plugins.current().sections(visit.slug),
    )


def _greeting(visit: Visit) -> str:
    hour = now().astimezone(ZoneInfo(visit.time_zone)).hour
    part = "morning" if 4 <= hour < 12 else "afternoon" if 12 <= hour < 18 else "evening"
    greeting = say(f"Good {part}")
    first = (visit.contact_name or "").split(" ")[0]
    return say("%(greeting)s, %(name)s", greeting=greeting, name=first) if first else greeting


def _ask(address: str, target: str) -> Response:
    """Write the request down and go to the code page, whoever asked."""
    slug = g.account.slug
    flow = flow_for(slug, address)
    ask(
        Asked(
            account_id=g.account.account_id,
            email_norm=normalise_email(address),
            flow_digest=flow.digest,
            target=target,
            browser=sessions.browser_family(),
            request_id=g.request_id,
        )
    )
    response = see_other(url_for("portal.code", slug=slug))
    cookies.write_flow(response, slug, flow)
    return response


def _is_over(flow: cookies.Flow) -> bool:
    """The page has waited longer than a code lives: not the digits are wrong, but the time."""
    life = account_rules.span(g.account.choices, "life_self")
    return flow.asked_at is not None and now() - flow.asked_at > life


def _stopped(flow: cookies.Flow, state: str) -> str:
    """Return the code to read out where signing in cannot go on."""
    page = f"code_{state}"
    on = OnPage(g.account.account_id, page, sessions.browser_family(), flow_digest=flow.digest)
    return support.code_for(page, stop(on))


def _browser(slug: str) -> Browser:
    flow = cookies.read_flow(slug)
    return Browser(
        family=sessions.browser_family(),
        network=sessions.network(),
        flow_digest=flow.digest if flow else None,
        old_session=cookies.digest_of(slug),
        request_id=g.request_id,
    )


def _signed_in() -> Visit:
    visit: Visit = g.account
    if not visit.is_signed_in:
        abort(see_other(url_for(".front")))
    return visit


def _leave(slug: str) -> Response:
    response = see_other(url_for(".front"))
    cookies.remove(response, slug)
    return response
