"""Whom a form means, when somebody types another name after choosing."""

from __future__ import annotations

from tests.cast import Client, Staff


def test_words_typed_after_a_choice_count_and_not_the_choice(ada: Staff, carl: Client) -> None:
    ada.adds("Carl Carter", carl.email)
    ada.adds("Priya Raman", "priya@raman.example")
    chosen = str(ada.id_of(carl.email))
    page = ada.at("invitations/new").presses("Send Invite", who="Priya", contact_id=chosen)
    page.sees("Who do you mean?", "Priya Raman").does_not_see("is on its way")
    again = ada.at("invitations/new").presses("Send Invite", who="Carl", contact_id=chosen)
    again.sees("Invitation to carl@carter.example is on its way")


def test_a_right_to_left_name_stays_in_its_place(ada: Staff) -> None:
    ada.invites("layla@haddad.example", name="ليلى حداد")
    assert "invited \N{FIRST STRONG ISOLATE}ليلى حداد\N{POP DIRECTIONAL ISOLATE}" in ada.at().words
