"""Messages in each language: the whole of it, in its direction, and with the same link."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.languages import LANGUAGES, RIGHT_TO_LEFT
from portal.messages import render
from tests.cast import Client, Staff
from tests.messages.letters import LINK, words

ENGLISH = re.compile(r"\b(you|your|the|link|sign|expires|works)\b", re.IGNORECASE)
SAMPLES = {
    "de": ("Ihre Einladung zum Kundenportal von Acme", "verfällt in 7 Tagen ("),
    "fr": ("Votre invitation au portail client de Acme", "expire dans 7 jours ("),
    "es": ("Su invitación al portal de clientes de Acme", "caduca dentro de 7 días ("),
    "pt": ("Seu convite para o portal do cliente de Acme", "expira em 7 dias ("),
    "ar": ("دعوتك إلى بوابة عملاء Acme", "خلال 7 أيام"),
}


@pytest.mark.parametrize("language", SAMPLES)
def test_an_invitation_is_written_in_the_language(language: str) -> None:
    plain = words("invite", sent_by="Ada Byron", note="Bitte lesen.", locale=language)
    now = plain.expires_at - timedelta(days=7)
    message = render(plain, now)
    subject, expiry = SAMPLES[language]
    assert message.subject == subject
    for part in (message.text, message.html):
        assert expiry in part
        assert LINK in part
    assert f'lang="{language}"' in message.html
    is_mirrored = language in RIGHT_TO_LEFT
    assert f'dir="{"rtl" if is_mirrored else "ltr"}"' in message.html
    assert ("text-align: right" in message.html) == is_mirrored
    assert LINK in message.short


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name not in ("en", "de")])
@pytest.mark.parametrize("kind", ["invite", "login", "self", "magic"])
def test_no_english_word_is_left(kind: str, language: str) -> None:
    plain = words(kind, sent_by="Ada", code="48219035", support="+44 20", locale=language)
    message = render(plain)
    said = f"{message.subject}\n{message.text}\n{message.short}"
    said = re.sub(r"https?://\S+|[\w.-]+\.example", "", said)
    found = {word.lower() for word in ENGLISH.findall(said)} - {"link"}
    assert found == set()


def test_a_client_gets_the_language_of_their_own(ada: Staff, carl: Client) -> None:
    ada.at("contacts/new").presses("Add contact", name="Carl Carter", email=carl.email, locale="fr")
    ada.invites(carl.email)
    letter = carl.letter()
    assert str(letter.message["Subject"]) == "Votre invitation au portail client de Acme"
    assert "Bonjour Carl Carter," in letter.text
    ada.page_of(carl.email).follows("The message").sees("Bonjour Carl Carter")
    edit = ada.at("words/edit?kind=invite&form=email&language=fr")
    assert "Bonjour {{client}}," in str(edit.soup.textarea)
    edit.presses("Save", subject="Bienvenue", body="Entrez.", button="Entrer").sees("Saved.")
    ada.invites(carl.email)
    assert str(carl.letter().message["Subject"]) == "Bienvenue"
    carl.opens(carl.letter().link).presses("Se connecter").sees("Vous êtes connecté")
