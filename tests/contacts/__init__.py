"""Contacts that are deleted, exported or merged."""
