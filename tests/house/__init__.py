"""Rules over the whole program."""
