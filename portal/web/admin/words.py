"""Words: what the account's messages say, by kind, form and language."""

from __future__ import annotations

from typing import NamedTuple

from flask import Response, abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import wording
from portal.channel import Message
from portal.drafts import drafted
from portal.errors import PortalError
from portal.flows.change_words import change_words, channel_for, send_test
from portal.languages import LANGUAGES, _, mark
from portal.messages import language_of
from portal.models.message_words import MessageWords, latest
from portal.models.staff_role import Role
from portal.starters import starter
from portal.web.admin.delivery_words import kind_words
from portal.web.admin.desk import at_desk, desk, go
from portal.web.admin.letter import LETTER_CSP, PAGE_CSP
from portal.web.forms import whole_number
from portal.web.forms_channel import TestForm
from portal.web.forms_words import WordsForm
from portal.web.languages import said
from portal.wording import EMAIL, FORMS, KINDS, PLACEHOLDERS, OwnWords

bp = desk("words", __name__, path="/words", roles=(Role.OWNER, Role.ADMIN))

FORM_WORDS = {"email": mark("E-mail"), "short": mark("Text message")}
_TITLES = {"email": mark("%(kind)s: e-mail"), "short": mark("%(kind)s: text message")}
VIEWS = {"light": mark("Light"), "dark": mark("Dark"), "text": mark("As text")}
_DARK = "@media (prefers-color-scheme: dark)"


class Place(NamedTuple):
    """Which message the page is about."""

    kind: str
    form: str
    language: str


@bp.get("/")
def index() -> ResponseReturnValue:
    account, _staff = at_desk()
    own = latest(account.id, account.choices.get("words") or 0)
    language = request.args.get("language", "")
    if language not in LANGUAGES:
        language = language_of(account.locale)
    places = [Place(kind, form, language) for kind in KINDS for form in FORMS]
    return render_template(
        "admin/words.html",
        rows=[
            (place, kind_words(place.kind), own.get((place.kind, place.form, place.language)))
            for place in places
        ],
        form_words=FORM_WORDS,
        languages=LANGUAGES,
        language=language,
    )


@bp.get("/edit")
def edit() -> ResponseReturnValue:
    place = _asked(request.args)
    return _page(place, WordsForm.of(place.kind, place.form, _in_force(place) or _start(place)))


@bp.post("/edit")
def save() -> ResponseReturnValue:
    account, staff = at_desk()
    place = _asked(request.form)
    form = WordsForm(place.kind, place.form)
    if not form.validate():
        return _page(place, form), 422
    change_words(account, *place, form.words, by=staff, request_id=g.request_id)
    flash(_("Saved. Messages made from now on say this."), "good")
    return go(url_for(".edit", **place._asdict()))


@bp.post("/restore")
def restore() -> ResponseReturnValue:
    """Bring an earlier version back, or Portico's own words when none is named."""
    account, staff = at_desk()
    place, words = _asked(request.form), None
    if request.form.get("version"):
        row = MessageWords.version(account.id, whole_number(request.form["version"]) or 0)
        if row is None or (row.kind, row.form, row.language) != tuple(place):
            abort(404)
        words = OwnWords(row.body, row.subject, row.button) if row.is_own else None
    change_words(account, *place, words, by=staff, request_id=g.request_id)
    flash(_("Restored. Messages made from now on say this."), "good")
    return go(url_for(".edit", **place._asdict()))


@bp.post("/test")
def test() -> ResponseReturnValue:
    """Send what stands in the form, saved or not."""
    account, staff = at_desk()
    place = _asked(request.form)
    form, to = WordsForm(place.kind, place.form), TestForm()
    if not (form.validate() & to.validate()):
        return _page(place, form, to), 422
    channel = channel_for(account, place.kind, place.form)
    if channel is None:
        flash(_("No channel that is on carries this message. Set one up under Channels."), "bad")
        return _page(place, form, to), 422
    draft = {**form.words._asdict(), **place._asdict(), "staff": staff.called}
    try:
        send_test(account, channel, draft, by=staff, to=to.to.data, request_id=g.request_id)
    except PortalError as error:
        flash(str(error), "bad")
        return _page(place, form, to), 422
    words = _(
        "A test is on its way to %(address)s. The page of the channel says how it went.",
        address=to.to.data,
    )
    flash(words, "good")
    return _page(place, form, to)


@bp.route("/preview", methods=["GET", "POST"])
def preview() -> ResponseReturnValue:
    """Show the saved words, or what stands in the form, as the client would get them; inside a
    frame where nothing runs."""
    account, staff = at_desk()
    values = request.form if request.method == "POST" else request.args
    place, view = _asked(values), values.get("view", "light")
    if request.method == "POST":
        form = WordsForm(place.kind, place.form)
        words: OwnWords | None = form.words
        if not form.validate():
            why = " ".join(said(str(one)) for found in form.errors.values() for one in found)
            return _framed(_("This cannot be sent yet: %(why)s", why=why), "text/plain")
    else:
        words = _in_force(place)
    message = drafted(account, *place, words, staff=staff.called)
    return _shown(message, place.form, view)


def _asked(values: dict[str, str]) -> Place:
    place = Place(
        values.get("kind", KINDS[0]), values.get("form", EMAIL), values.get("language", "en")
    )
    if place.kind not in KINDS or place.form not in FORMS or place.language not in LANGUAGES:
        abort(404)
    return place


def _in_force(place: Place) -> OwnWords | None:
    account, _staff = at_desk()
    found = MessageWords.versions(account.id, *place)
    return found[0].words if found else None


def _start(place: Place) -> OwnWords:
    return starter(*place)


def _shown(message: Message, form: str, view: str) -> Response:
    if form != EMAIL:
        return _framed(message.short, "text/plain")
    if view == "text" or not message.html:
        return _framed(f"{message.subject}\n\n{message.text}", "text/plain")
    is_dark = view == "dark"
    html = message.html.replace(_DARK, "@media all" if is_dark else "@media not all")
    scheme = "dark" if is_dark else "light"
    return _framed(html.replace('content="light dark"', f'content="{scheme}"'), "text/html")


def _framed(body: str, kind: str) -> Response:
    answer = Response(body, content_type=f"{kind}; charset=utf-8")
    answer.headers["Content-Security-Policy"] = LETTER_CSP
    return answer


def _page(place: Place, form: WordsForm, to: TestForm | None = None) -> Response:
    account, staff = at_desk()
    if to is None:
        to = TestForm(formdata=None)
        to.to.data = staff.email if place.form == EMAIL else ""
    names = wording.allowed(place.kind, place.form)
    versions = MessageWords.versions(account.id, *place)
    channel = channel_for(account, place.kind, place.form)
    page = render_template(
        "admin/words_edit.html",
        place=place,
        title=_(_TITLES[place.form], kind=kind_words(place.kind)),
        language=LANGUAGES[place.language],
        form=form,
        to=to,
        channel=channel,
        placeholders=[(name, _(PLACEHOLDERS[name])) for name in names],
        versions=versions,
        is_own=bool(versions and versions[0].words),
        findings=wording.findings(form.words, place.form),
        views=VIEWS if place.form == EMAIL and place.kind != "magic" else {},
        body_max=wording.LONGEST_BODY if place.form == EMAIL else wording.LONGEST_SHORT,
    )
    answer = Response(page)
    answer.headers["Content-Security-Policy"] = PAGE_CSP
    return answer
