"""Clients' pages in the client's own language, and from right to left where it is written so."""

from __future__ import annotations

from portal.flows.change_account import set_choice
from tests.cast import Client, Staff, Stranger


def test_a_client_reads_their_own_language_everywhere(ada: Staff, carl: Client) -> None:
    ada.at("contacts/new").presses("Add contact", name="Carl Carter", email=carl.email, locale="ar")
    ada.invites(carl.email)
    link = carl.letter().link
    page = carl.opens(link)
    page.sees("أهلًا بك", "تسجيل الدخول")
    html = page.soup.html
    assert html is not None
    assert (html["lang"], html["dir"]) == ("ar", "rtl")
    home = page.presses("تسجيل الدخول").sees("لقد دخلت", "Carl")
    home.does_not_see("You are in", "Sign out")
    carl.opens("/p/acme/access").sees("هذا المتصفح").presses("تسجيل الخروج من كل مكان")
    carl.another_browser().opens(link).sees("استُخدم هذا الرابط من قبل", "يعمل كل رابط مرة واحدة")
    assert carl.home().soup.html["lang"] == "en"  # type: ignore[index]
    desk = ada.page_of(carl.email)
    assert desk.soup.html["dir"] == "ltr"  # type: ignore[index]


def test_a_stranger_reads_the_language_of_the_account(ada: Staff, mallory: Stranger) -> None:
    with ada.world.app.app_context():
        set_choice("acme", "locale", "de")
    door = mallory.opens("/p/acme/").sees("Sie brauchen kein Passwort.")
    door.presses("Anmeldelink", email="mallory").sees("Geben Sie eine E-Mail-Adresse ein")
    code = door.presses("Anmeldelink", email="m@x.example").sees("Falls m@x.example Zugang hat")
    code.presses("Anmelden", code="12").sees("Der Code hat acht Ziffern")
    code.presses("Anmelden", code="00000000").sees("Der Code stimmt nicht")
    mallory.opens("/p/acme/nothing").is_status(404)
    assert ada.at("").soup.html["lang"] == "en"  # type: ignore[index]


def test_where_no_account_is_known_the_browser_says_which(mallory: Stranger) -> None:
    mallory.browser.headers["Accept-Language"] = "de-AT,de;q=0.9,en;q=0.5"
    for address, words in (
        ("/l/AAAAAAAAAAAAAAAAAAAAA", "Dieser Link ist unvollständig"),
        ("/l/open/000000000000", "Ihr Browser hat den Link nicht behalten"),
        ("/nothing/here", "Hier ist nichts"),
    ):
        page = mallory.opens(address).sees(words)
        assert page.soup.html["lang"] == "de"  # type: ignore[index]
    assert mallory.opens("/p/acme/").soup.html["lang"] == "en", "the account's own"  # type: ignore[index]
