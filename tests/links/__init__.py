"""Links, codes, families: what opens a session, and what never does."""
