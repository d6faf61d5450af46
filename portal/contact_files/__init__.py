"""Files of contacts: what kind of text they are, what their columns mean, and row after row."""

from portal.contact_files.columns import FIELDS, Row, guess, in_columns
from portal.contact_files.pasted import of_text
from portal.contact_files.records import records
from portal.contact_files.shape import Shape, look
from portal.contact_files.text import FileError, Opener

__all__ = [
    "FIELDS",
    "FileError",
    "Opener",
    "Row",
    "Shape",
    "guess",
    "in_columns",
    "look",
    "of_text",
    "records",
]
