"""Portico: the front door of a business's client portal."""
