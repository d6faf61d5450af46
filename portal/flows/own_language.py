"""Own language: staff choose in which language their desk is, wherever they sign in."""

from __future__ import annotations

from portal.db import atomic
from portal.models.staff import Staff


@atomic
def choose_language(staff: Staff, language: str) -> None:
    """Set the language of this person's desk; '' for the one that each browser asks for."""
    staff.locale = language
