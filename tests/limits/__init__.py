"""Limits and disguises: what strangers may try, and how little they learn by it."""
