"""Runs: from a file or a selection to one message each."""
