"""Saved views: keep a list of contacts under a name, give it another one, or forget it."""

from __future__ import annotations

from portal.db import atomic
from portal.models.account import Account
from portal.models.saved_view import SavedView


@atomic
def save_view(account: Account, name: str, asked: dict[str, str]) -> SavedView:
    """Keep *asked* for everyone of the account. Raises TakenError."""
    return SavedView.add(account.id, name, asked)


@atomic
def rename_view(view: SavedView, name: str) -> None:
    """Raises TakenError when another view is called like that."""
    view.rename(name)


@atomic
def delete_view(view: SavedView) -> None:
    """Forget the view; the contacts stay."""
    view.remove()
