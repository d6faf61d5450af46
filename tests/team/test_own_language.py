"""The language of the desk: what the browser asks for, until somebody chooses another."""

from __future__ import annotations

from portal.flows.staff_access import make_staff_link
from tests.cast import Page, Staff, Stranger, World

CHOICE = "/admin/_language/"


def language_of(page: Page) -> tuple[str, str]:
    assert page.soup.html is not None
    return str(page.soup.html["lang"]), str(page.soup.html["dir"])


def chooses(person: Stranger, language: str, back: str = "acme") -> Page:
    page = person.browser.opens(CHOICE, query={"back": back})
    typed = {"csrf_token": page.field("csrf_token"), "back": page.field("back")}
    return person.browser.posts(CHOICE, {**typed, "language": language})


def test_a_chosen_language_beats_the_browsers_and_goes_along(
    world: World, ada: Staff, sol: Staff
) -> None:
    assert language_of(ada.at()) == ("en", "ltr")
    page = ada.at().follows("Language").sees("As the browser asks", "Deutsch", "العربية")
    assert page.is_at(CHOICE).field("back") == "acme"
    chosen = chooses(ada, "ar").is_at("/admin/acme/")
    assert language_of(chosen) == ("ar", "rtl")
    assert language_of(ada.at("contacts/")) == ("ar", "rtl")
    assert language_of(ada.at("nothing-here").is_status(404)) == ("ar", "rtl")
    assert language_of(sol.at()) == ("en", "ltr"), "nobody else's desk changes"
    assert language_of(ada.opens("/p/acme/")) == ("en", "ltr"), "nor do the pages of clients"
    ada.browser = ada.another_browser()
    ada.browser.headers["Accept-Language"] = "de-AT,de;q=0.9,en;q=0.5"
    assert language_of(ada.opens("/admin/")) == ("de", "ltr"), "the door knows nobody yet"
    with world.app.app_context():
        token = make_staff_link(ada.email)
    link = ada.opens(f"/admin/in/{token}")
    button = link.soup.select_one("main button")
    assert button is not None
    link.sends(" ".join(button.get_text(" ").split()))
    assert language_of(ada.at()) == ("ar", "rtl"), "the choice holds in every browser"
    assert language_of(chooses(ada, "")) == ("de", "ltr")


def test_only_what_we_speak_can_be_chosen_and_the_way_back_stays_inside(ada: Staff) -> None:
    assert chooses(ada, "tlh").is_status(422).field("language") == ""
    assert language_of(ada.at()) == ("en", "ltr")
    chooses(ada, "de", back="//evil.example").is_at("/admin/accounts")
    chooses(ada, "en", back="birch").is_at("/admin/accounts")
    assert language_of(ada.at()) == ("en", "ltr")


def test_an_unknown_language_falls_back_to_english(world: World) -> None:
    somebody = Stranger(world)
    for asked in ("ja,ko;q=0.9", "*", "de;q=nonsense,\x7f", ""):
        somebody.browser.headers["Accept-Language"] = asked
        assert language_of(somebody.opens("/admin/")) == ("en", "ltr"), asked
