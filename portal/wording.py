"""An account's own words of its messages: plain text with a closed list of placeholders."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from portal.languages import _, _n, listed, mark

EMAIL, SHORT = "email", "short"
FORMS = (EMAIL, SHORT)
KINDS = ("invite", "login", "self", "magic")
LONGEST_SUBJECT, LONGEST_BODY, LONGEST_SHORT, LONGEST_BUTTON = 150, 4000, 600, 40

PLACEHOLDERS = {
    "client": mark("the client's name"),
    "portal": mark("the account's name"),
    "staff": mark("who sends it, or the account's name"),
    "expires": mark("when the link ends"),
    "note": mark("the personal note, in a paragraph of its own"),
    "code": mark("the code to type"),
    "link": mark("the link"),
}
_MARK = re.compile(r"( ?)\{\{ *([a-z]+) *\}\}")
_NOTE_ALONE = mark("Let {{note}} stand in a paragraph of its own, with an empty line around it.")
_SPAM = (
    "100%", "act now", "buy now", "cheap", "click here", "congratulations", "earn money", "free",
    "guarantee", "last chance", "limited time", "no cost", "prize", "urgent", "winner",
    "gratis", "gewinn", "dringend", "jetzt kaufen", "gratuit", "cliquez ici", "urgente",
    "haga clic aquí", "clique aqui", "grátis", "مجانا", "عاجل",
)  # fmt: skip
_LONG_SUBJECT = 60
"""Letters of a subject that a phone shows, about."""


class OwnWords(NamedTuple):
    """What one message says in an account's own words. The short form has a *body* alone."""

    body: str
    subject: str = ""
    button: str = ""


class Finding(NamedTuple):
    """One check of some words: *tone* is `good` or `note`."""

    tone: str
    words: str


def allowed(kind: str, form: str, field: str = "body") -> tuple[str, ...]:
    """Return the placeholders that *field* of the message may hold."""
    names = ["client", "portal"] + (["staff"] if kind != "self" else [])
    if field == "button":
        return ()
    if field == "subject":
        return tuple(names)
    names.append("expires")
    if kind == "self":
        names.append("code")
    if form == SHORT:
        return (*names, "link")
    return (*names, "note") if kind == "invite" else tuple(names)


def fault(text: str, names: Collection[str]) -> str:
    """Return what is wrong with the braces of *text*, or nothing. No code runs in any of them."""
    rest = text
    for found in _MARK.finditer(text):
        if found[2] in names:
            rest = rest.replace(found[0], "", 1)
    strange = re.search(r"\{\{.*?\}\}|\{%.*?%\}|[{}]", rest, re.DOTALL)
    if strange is None:
        return ""
    known = ", ".join(f"{{{{{name}}}}}" for name in names)
    what = strange[0][:40]
    if not names:
        return _("%(what)s means nothing here. Use plain words here.", what=what)
    return _("%(what)s means nothing here. You can use %(known)s.", what=what, known=known)


def fault_of_note(body: str) -> str:
    """Return what is wrong where the note stands: it may be several paragraphs itself."""
    for paragraph in paragraphs(body):
        if has(paragraph, "note") and not is_note(paragraph):
            return _(_NOTE_ALONE)
    return ""


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return *text* with *values* in its placeholders; what is empty takes the space before it
    along. A value that looks like a placeholder stays as it is."""

    def put(found: re.Match[str]) -> str:
        value = values.get(found[2], "")
        return found[1] + value if value else ""

    return _MARK.sub(put, text)


def paragraphs(body: str) -> list[str]:
    """Return the paragraphs of *body*, which empty lines part."""
    text = body.replace("\r\n", "\n").replace("\r", "\n")
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def is_note(paragraph: str) -> bool:
    return re.fullmatch(r"\{\{ *note *\}\}", paragraph) is not None


def has(text: str, name: str) -> bool:
    return any(found[2] == name for found in _MARK.finditer(text))


def findings(words: OwnWords, form: str) -> list[Finding]:
    """Return what can be told of *words* before anybody reads them."""
    text = f"{words.subject}\n{words.body}".lower()
    found = [_link(words, form), Finding("good", _("Nothing is loaded from elsewhere."))]
    if form == EMAIL:
        found.append(_subject(words.subject))
    spam = [word for word in _SPAM if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)]
    found.append(
        Finding(
            "note", _("Mail servers may take this for spam: %(phrases)s.", phrases=listed(spam))
        )
        if spam
        else Finding("good", _("No words that mail servers take for spam."))
    )
    if re.search(r"https?://|www\.", text):
        found.append(Finding("note", _("Other addresses beside the link make clients unsure.")))
    if re.search(r"!{2,}", text) or (len(words.subject) > 8 and words.subject.isupper()):
        found.append(Finding("note", _("Capitals and exclamation marks look like advertising.")))
    return found


def _link(words: OwnWords, form: str) -> Finding:
    if form == EMAIL:
        return Finding("good", _("The link stands on the button, and once more below it."))
    is_there = has(words.body, "link")
    return Finding("good", _("The link is there.")) if is_there else Finding("note", _("No link."))


def _subject(subject: str) -> Finding:
    if len(subject) > _LONG_SUBJECT:
        words = _n(
            "The subject has %(count)s character; phones show about %(most)s.",
            "The subject has %(count)s characters; phones show about %(most)s.",
            len(subject),
            most=str(_LONG_SUBJECT),
        )
        return Finding("note", words)
    words = _n(
        "The subject has %(count)s character: phones show all of it.",
        "The subject has %(count)s characters: phones show all of it.",
        len(subject),
    )
    return Finding("good", words)
