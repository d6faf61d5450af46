"""The local mailbox to look at: the messages that a real mail server would have delivered."""

from __future__ import annotations

import re
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from portal import kept_mail
from portal.web.headers import CSP
from portal.web.redirects import see_other

bp = Blueprint("mailbox", __name__, url_prefix="/mailbox")

# A page may frame the message; the message may do nothing but open the link that was pressed.
PAGE_CSP = f"{CSP}; frame-src 'self'"
MESSAGE_CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox "
    "allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'"
)

HEAD_TAG = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)


@bp.before_request
def in_english() -> None:
    """Operators read it, as they read the log."""
    g.language = "en"


@bp.after_request
def keep_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/")
def index() -> ResponseReturnValue:
    return render_template("mailbox/list.html", **_shown())


@bp.get("/list")
def messages() -> ResponseReturnValue:
    """Answer with the list alone, or with 204 when it is still what *seen* says."""
    shown = _shown()
    if request.args.get("seen") == shown["version"]:
        return "", 204
    return render_template("mailbox/_list.html", **shown)


@bp.post("/delete")
def delete() -> ResponseReturnValue:
    kept_mail.delete_until(_folder(), request.form.get("until", ""))
    return see_other(url_for(".index"))


@bp.get("/<message_id>")
def message(message_id: str) -> ResponseReturnValue:
    return _message_page(message_id, prefers_html=True)


@bp.get("/<message_id>/text")
def text(message_id: str) -> ResponseReturnValue:
    return _message_page(message_id, prefers_html=False)


@bp.get("/<message_id>/html")
def html(message_id: str) -> ResponseReturnValue:
    """Answer with the message's own HTML, which the browser must treat as a stranger's."""
    letter = _letter(message_id)
    answer = Response(_opening_above(letter.html), content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = MESSAGE_CSP
    return answer


@bp.get("/<message_id>/raw")
def raw(message_id: str) -> ResponseReturnValue:
    content = kept_mail.raw(_folder(), message_id)
    if content is None:
        abort(404)
    answer = Response(content, content_type="message/rfc822")
    answer.headers["Content-Disposition"] = f'attachment; filename="{message_id}.eml"'
    return answer


def _message_page(message_id: str, *, prefers_html: bool) -> Response:
    letter = _letter(message_id)
    shows_html = bool(letter.html) and (prefers_html or not letter.text)
    page = render_template("mailbox/message.html", letter=letter, shows_html=shows_html)
    answer = Response(page)
    answer.headers["Content-Security-Policy"] = PAGE_CSP
    return answer


def _shown() -> dict[str, object]:
    folder = _folder()
    count = len(kept_mail.ids(folder))
    summaries = kept_mail.newest(folder)
    newest = summaries[0].id if summaries else ""
    return {
        "summaries": summaries,
        "count": count,
        "newest": newest,
        "version": f"{count}-{newest}",
    }


def _letter(message_id: str) -> kept_mail.Letter:
    letter = kept_mail.read(_folder(), message_id)
    if letter is None:
        abort(404)
    return letter


def _folder() -> Path:
    folder = current_app.config.get("PORTAL_MAILBOX_DIR")
    if not folder:
        abort(404)
    return Path(folder)


def _opening_above(html: str) -> str:
    """Return *html* with links that open in the whole window instead of the frame."""
    base = '<base target="_top">'
    opened, count = HEAD_TAG.subn(lambda found: found[0] + base, html, count=1)
    return opened if count else base + html
