"""Adoption and reminders: how far contacts have come, and who is reminded to come in."""
