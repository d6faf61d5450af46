"""The front door, from the invitation to the client's home."""

from __future__ import annotations

from tests.cast import Client, Staff, Stranger


def test_an_invited_client_gets_in_once(ada: Staff, carl: Client, mallory: Stranger) -> None:
    ada.invites(carl.email, name="Carl Carter").sees("Invitation to carl@carter.example")
    link = carl.letter().link
    carl.opens(link).sees("c•••@carter.example").presses("Sign in").sees("Welcome to Acme", "Carl")
    mallory.opens(link).is_status(410).sees("This link was already used")


def test_a_login_email_signs_in(ada: Staff, carl: Client) -> None:
    ada.adds(carl.name, carl.email)
    ada.sends_login_email(carl.email).sees("Login e-mail to carl@carter.example is on its way")
    carl.signs_in().sees("Welcome to Acme")


def test_a_copied_magic_link_signs_in_and_is_shown_once(sol: Staff, carl: Client) -> None:
    sol.adds(carl.name, carl.email)
    link = sol.generates_link(carl.email)
    carl.opens(link).presses("Sign in").sees("Welcome to Acme")
    assert carl.letters() == []


def test_a_client_asks_for_a_link_and_types_its_code(ada: Staff, carl: Client) -> None:
    ada.invites(carl.email)
    carl.letter()
    page = carl.asks_for_link().sees("If carl@carter.example has access")
    page.presses("Sign in", code=carl.letter().code).sees("Welcome to Acme")
