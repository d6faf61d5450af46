"""What kind of text a file is: its encoding, found by reading all of it once, piece by piece."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from contextlib import closing
from typing import BinaryIO

from portal.errors import PortalError
from portal.languages import _, mark

PIECE = 256 * 1024
"""Octets that are read at once."""
_NOT_CSV = mark(
    "This is %(what)s, not a CSV file. Save it as CSV (UTF-8) in your spreadsheet, then upload "
    "that."
)
_HAS_NUL = mark(
    "Line %(line)s holds an empty character (NUL), so this is no CSV file. Save it as CSV (UTF-8) "
    "in your spreadsheet, then upload that."
)
_HAS_CONTROLS = mark(
    "Line %(line)s holds characters that are no text, so this is no CSV file. Save it as CSV "
    "(UTF-8) in your spreadsheet, then upload that."
)

Opener = Callable[[], BinaryIO]
"""Opens the file anew, at its beginning."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_KINDS = (
    (b"PK\x03\x04", mark("an Excel workbook or a zip file")),
    (b"PK\x05\x06", mark("a zip file")),
    (b"\xd0\xcf\x11\xe0", mark("an Excel workbook")),
    (b"\x89PNG", mark("a picture")),
    (b"\xff\xd8\xff", mark("a picture")),
    (b"GIF8", mark("a picture")),
    (b"%PDF", mark("a PDF")),
    (b"\x1f\x8b", mark("a compressed file")),
    (b"BZh", mark("a compressed file")),
    (b"\xfd7zXZ", mark("a compressed file")),
    (b"7z\xbc\xaf", mark("a compressed file")),
    (b"{\\rtf", mark("a text document with formatting")),
    (b"SQLite format 3", mark("a database")),
    (b"\x7fELF", mark("a program")),
    (b"\xff\xfe\x00\x00", mark("text in UTF-32")),
    (b"\x00\x00\xfe\xff", mark("text in UTF-32")),
)
_TEXTUAL = bytes([9, 10, 11, 12, 13, *range(32, 256)])
_UNDEFINED_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_SAMPLE = 4096


class FileError(PortalError):
    """The file is none that contacts can be read from."""


def encoding_of(open_file: Opener) -> str:
    """Return the name of the file's encoding. Raises FileError for what is no text."""
    with closing(open_file()) as file:
        head = file.read(_SAMPLE)
    if not head:
        raise FileError(_("The file is empty. Choose the file with your contacts."))
    for start, what in _OTHER_KINDS:
        if head.startswith(start):
            raise FileError(_(_NOT_CSV, what=_(what)))
    marked = next((name for start, name in _MARKS if head.startswith(start)), "")
    if not marked:
        marked = _utf_16(head)
    if marked.startswith("utf-16"):
        _refuse_halves(open_file, marked)
        return marked
    return _octets(open_file, marked)


def _utf_16(head: bytes) -> str:
    """Without a mark: most letters are Latin, so that every other octet is 0."""
    pairs = len(head) // 2
    if pairs < 2:
        return ""
    before, after = head[0::2].count(0), head[1::2].count(0)
    if after > pairs * 0.6 and before < pairs * 0.1:
        return "utf-16-le"
    return "utf-16-be" if before > pairs * 0.6 and after < pairs * 0.1 else ""


def _refuse_halves(open_file: Opener, encoding: str) -> None:
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    with closing(open_file()) as file:
        while True:
            piece = file.read(PIECE)
            try:
                line += decoder.decode(piece, final=not piece).count("\n")
            except UnicodeDecodeError as error:
                line += error.object[: error.start].decode(encoding).count("\n")
                raise FileError(
                    _(
                        "Line %(line)s is not %(encoding)s, though the file begins with it. Save "
                        "the file as CSV (UTF-8), then upload that.",
                        line=str(line),
                        encoding=encoding.upper(),
                    )
                ) from None
            if not piece:
                return


def _octets(open_file: Opener, marked: str) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, has_letters, is_utf_8, has_undefined = 1, False, True, False
    with closing(open_file()) as file:
        while piece := file.read(PIECE):
            _refuse_controls(piece, line)
            has_undefined = has_undefined or any(sign in piece for sign in _UNDEFINED_IN_CP1252)
            if is_utf_8:
                try:
                    decoder.decode(piece)
                    has_letters = has_letters or not piece.isascii()
                except UnicodeDecodeError as error:
                    good, is_utf_8 = bytes(error.object[: error.start]), False
                    if marked or has_letters or not good.isascii():
                        raise _mixed(line + piece[: error.start].count(b"\n")) from None
            line += piece.count(b"\n")
    if not is_utf_8:
        return "latin-1" if has_undefined else "cp1252"
    if decoder.getstate()[0]:
        if has_letters or marked:
            raise FileError(
                _("The file ends in the middle of a character. Upload the whole file again.")
            )
        return "cp1252"
    return marked or "utf-8"


def _refuse_controls(piece: bytes, line: int) -> None:
    others = piece.translate(None, _TEXTUAL)
    if not others:
        return
    at = line + piece[: piece.index(others[:1])].count(b"\n")
    raise FileError(_(_HAS_NUL if others[0] == 0 else _HAS_CONTROLS, line=str(at)))


def _mixed(line: int) -> FileError:
    return FileError(
        _(
            "Line %(line)s is not UTF-8, though the lines before it are. Save the file as CSV "
            "(UTF-8), then upload that.",
            line=str(line),
        )
    )
