"""The clock and Acme's people, for the tests of ends of access and of the account's settings."""

from tests.links.fixtures import acme, clock, invited, joined

__all__ = ["acme", "clock", "invited", "joined"]
