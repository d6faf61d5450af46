"""The cast's helpers for this folder."""

from __future__ import annotations

from tests.links.fixtures import acme, clock, invited, joined

__all__ = ["acme", "clock", "invited", "joined"]
