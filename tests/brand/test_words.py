"""The words of messages: written by owners and admins, kept by version, and never run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal import wording
from portal.channel import Message
from portal.drafts import drafted
from portal.models import Account
from portal.wording import OwnWords
from tests.cast import Client, Page, Staff
from tests.postman import Letter

OWN = {
    "subject": "{{client}}, come in to {{portal}}",
    "body": "Dear {{client}},\n\n<b>{{staff}}</b> & friends wait {{expires}}.\n\n{{note}}\n\nBye",
    "button": "Come in",
}
EDIT = "words/edit?kind={}&form={}&language=en"


def subject(letter: Letter) -> str:
    return str(letter.message["Subject"])


def text(letter: Letter) -> str:
    return letter.text.replace("\r\n", "\n")


def editor(staff: Staff, kind: str = "invite", form: str = "email") -> Page:
    return staff.at(EDIT.format(kind, form))


def test_messages_say_the_accounts_own_words(ada: Staff, carl: Client) -> None:
    editor(ada).presses("Save", **OWN).sees("Saved.", "Your words")
    ada.at("words/").sees("Invitation E-mail Your words Since", "Magic link Text message Portico")
    ada.invites(carl.email, name="Carl Carter", note="Bring *tea*.\nAnd cake.")
    letter = carl.letter()
    assert subject(letter) == "Carl Carter, come in to Acme"
    assert "Dear Carl Carter,\n" in text(letter)
    assert "<b>Ada Byron</b> & friends wait in 7 days, at" in text(letter)
    assert "> Bring *tea*.\n> And cake.\n" in text(letter)
    assert text(letter).count(letter.link) == 1
    assert "&lt;b&gt;Ada Byron&lt;/b&gt; &amp; friends" in letter.html
    assert "<b>Ada" not in letter.html
    assert ">Come in</a>" in letter.html
    assert "Not expecting this?" in text(letter)
    carl.signs_in().sees("You are in")
    ada.page_of(carl.email).follows("The message").sees("Carl Carter, come in to Acme")
    ada.at("history/").sees("Ada Byron changed the words of a message", "Invite, e-mail, en")


def test_a_personal_note_and_a_code_are_never_lost(ada: Staff, carl: Client) -> None:
    editor(ada).presses("Save", subject="Hi", body="Come in.", button="In").sees("Saved.")
    editor(ada, "self").presses("Save", subject="Hi", body="Come in.", button="In").sees("Saved.")
    ada.invites(carl.email, note="Bring tea.")
    assert "Come in.\n\n> Bring tea.\n" in text(carl.letter())
    carl.asks_for_link()
    letter = carl.letter()
    assert f"{letter.code[:4]} {letter.code[-4:]}" in text(letter)


def test_what_is_queued_keeps_the_words_it_was_queued_with(ada: Staff, carl: Client) -> None:
    editor(ada, "login").presses("Save", subject="First", body="One.", button="In")
    ada.adds("Carl Carter", carl.email)
    ada.sends_login_email(carl.email)
    editor(ada, "login").presses("Save", subject="Second", body="Two.", button="In")
    assert subject(carl.letter()) == "First"
    ada.sends_login_email(carl.email)
    assert subject(carl.letter()) == "Second"
    page = editor(ada, "login").sees("First", "Second", "In force", "Ada Byron")
    page.presses("Restore the version").sees("Restored.")
    ada.sends_login_email(carl.email)
    assert subject(carl.letter()) == "First"
    editor(ada, "login").presses("Restore Portico").sees("Restored.")
    ada.sends_login_email(carl.email)
    assert subject(carl.letter()) == "Your sign-in link for Acme"


@pytest.mark.parametrize(
    ("kind", "form", "field", "typed", "said"),
    [
        ("invite", "email", "body", "Hi {{config}}", "{{config}} means nothing here"),
        ("invite", "email", "body", "{{ client.__class__ }}", "means nothing here"),
        ("invite", "email", "body", "{% for x in y %}", "{% for x in y %} means nothing here"),
        ("invite", "email", "body", "Hi {client}", "{ means nothing here"),
        ("invite", "email", "body", "Hi {{client", "{ means nothing here"),
        ("invite", "email", "body", "Your {{code}}", "{{code}} means nothing here"),
        ("invite", "email", "body", "So: {{note}}", "in a paragraph of its own"),
        ("invite", "email", "subject", "{{link}}", "{{link}} means nothing here"),
        ("invite", "email", "button", "{{client}}", "Use plain words here"),
        ("invite", "email", "subject", "", "Give the message a subject"),
        ("invite", "short", "body", "Come in", "nobody gets in without"),
        ("self", "short", "body", "{{staff}} {{link}}", "{{staff}} means nothing here"),
    ],
)
def test_what_means_nothing_is_refused_at_its_field(
    make_editor: Callable[[str, str], Page], kind: str, form: str, field: str, typed: str, said: str
) -> None:
    page = make_editor(kind, form).presses("Save", **{field: typed}).is_status(422)
    wrong = page.soup.select_one(f"#{field}-error")
    assert wrong is not None
    assert said in wrong.get_text()


@pytest.fixture
def make_editor(ada: Staff) -> Callable[[str, str], Page]:
    return lambda kind, form: editor(ada, kind, form)


def test_the_preview_shows_what_stands_in_the_form_and_runs_nothing(ada: Staff) -> None:
    page = editor(ada)
    for view, looks in (("Light", "@media not all"), ("Dark", "@media all")):
        shown = page.presses(view, **OWN)
        shown.sees("Dear Carl Carter,", "The papers for this year are ready.")
        assert looks in str(shown.soup)
        assert shown.response.headers["Content-Security-Policy"].startswith("sandbox;")
    plain = page.presses("As text", **OWN)
    assert plain.response.mimetype == "text/plain"
    plain.sees("Carl Carter, come in to Acme")
    page.presses("Light", body="{{nothing}}").sees("This cannot be sent yet", "means nothing here")
    ada.at("words/preview?kind=self&form=short").sees("your sign-in code is 4821 9035")
    editor(ada).does_not_see("Your words")


def test_a_test_carries_the_draft_to_whoever_writes_it(ada: Staff) -> None:
    page = editor(ada, "login").presses("Send a test", subject="Try {{portal}}", body="{{client}}!")
    page.sees("A test is on its way to ada@acme.example")
    ada.world.worker.drains()
    letter = ada.world.postman.last_to("ada@acme.example")
    assert subject(letter) == "Try Acme"
    assert "Carl Carter!" in text(letter)
    assert "/p/acme" in text(letter)
    assert "/l/" not in text(letter)
    editor(ada, "login").does_not_see("Your words")


def test_words_of_another_account_and_for_support_are_not_there(
    ada: Staff, bea: Staff, sol: Staff
) -> None:
    editor(ada).presses("Save", **OWN)
    editor(ada).presses("Save", subject="Two", body="Two.", button="Two")
    restore = editor(ada).soup.select_one('input[name="version"]')
    editor(bea).does_not_see("come in to")
    token = bea.at("words/edit").field("csrf_token")
    asked = {"csrf_token": token, "kind": "invite", "form": "email", "version": restore["value"]}  # type: ignore[index]
    assert bea.browser.posts("/admin/birch/words/restore", asked).status == 404
    asked["csrf_token"] = ada.at("words/edit").field("csrf_token")
    asked["kind"] = "login"
    assert ada.browser.posts("/admin/acme/words/restore", asked).status == 404
    assert sol.at("words/").status == 404


def test_names_are_never_read_as_placeholders_and_empty_ones_leave_no_gap() -> None:
    filled = wording.fill("Hello {{client}}, {{portal}}", {"client": "{{portal}}", "portal": "A"})
    assert filled == "Hello {{portal}}, A"
    assert wording.fill("Hello {{client}},", {"client": ""}) == "Hello,"
    assert wording.fill("Hello {{client}},", {"client": r"\1 $& {0}"}) == r"Hello \1 $& {0},"


def test_checks_tell_what_could_go_wrong() -> None:
    def notes(words: OwnWords, form: str = "email") -> str:
        return " ".join(f.words for f in wording.findings(words, form) if f.tone == "note")

    assert notes(OwnWords("Come in.", "Your invitation", "In")) == ""
    said = notes(OwnWords("It is FREE!! See www.example.com", "A " + "very " * 14 + "long one"))
    for part in ("spam: free", "phones show", "Other addresses", "advertising"):
        assert part in said
    assert "No link" in notes(OwnWords("Come in"), "short")


def test_text_messages_say_the_accounts_own_words(ada: Staff) -> None:
    editor(ada, "self", "short").presses("Save", body="{{portal}}: {{code}} {{link}}").sees(
        "Saved."
    )
    with ada.world.app.app_context():
        account = Account.by_slug("acme")
        assert account
        words = OwnWords("{{portal}}: {{code}} or {{link}} {{expires}}")
        message: Message = drafted(account, "self", "short", "en", words, staff="Ada")
    assert message.short == "Acme: 4821 9035 or http://127.0.0.1:8000/p/acme in 10 minutes"
    assert "You asked to sign in" in message.text
