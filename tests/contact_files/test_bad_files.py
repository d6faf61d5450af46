"""Files that are none, or that mean harm: one sentence each, no crash, and little memory."""

from __future__ import annotations

import codecs
import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.contact_files import FileError, in_columns, look, records

OK = b"Email,Name\nann@a.example,Ann\n"
MB = 1024 * 1024


def zipped() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * MB)
    return body.getvalue()


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "The file is empty"),
    "only a byte order mark": (codecs.BOM_UTF8, "The file holds no rows"),
    "only a mark of UTF-16": (codecs.BOM_UTF16_LE, "The file holds no rows"),
    "only blank lines": (b"\n\r\n \n\t\n", "The file holds no rows"),
    "only separators": (b",,,\n,,,\n", "The file holds no rows"),
    "heads only": (b"Email,Name\n", "a head and no rows"),
    "heads only, no line end": (b"Email;Name;Phone", "a head and no rows"),
    "no e-mail column": (b"Name,Phone\nAnn,1\nBob,2\n", "No column of the file holds e-mail"),
    "prose": (b"Dear all,\nhere is the list.\n", "No column of the file holds e-mail"),
    "a web page": (b"<!doctype html>\n<p>Sign in</p>\n", "No column of the file holds e-mail"),
    "a workbook": (zipped(), "an Excel workbook or a zip file"),
    "an empty zip": (b"PK\x05\x06" + bytes(18), "a zip file"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "an Excel workbook"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(64), "a picture"),
    "a photograph": (b"\xff\xd8\xff\xe0" + bytes(64), "a picture"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
    "a gzip bomb": (gzip.compress(bytes(8 * MB)), "a compressed file"),
    "a program": (b"\x7fELF\x02\x01\x01" + bytes(64), "a program"),
    "rich text": (b"{\\rtf1\\ansi ann@a.example}", "a text document"),
    "UTF-32": ("Email\nann@a.example".encode("utf-32"), "text in UTF-32"),
    "NUL in a cell": (OK + b"b\0b@b.example,Bob\n", "Line 3 holds an empty character (NUL)"),
    "NUL in UTF-16": ((OK.decode() + "b\0b,c\n").encode("utf-16"), "Line 3 holds an empty char"),
    "NUL only": (bytes(MB), "Line 1 holds an empty character (NUL)"),
    "random octets": (b"a,b\n\x02\x05\x1b\x1c" * 50, "Line 2 holds characters that are no text"),
    "an unclosed quote": (OK + b'bob@b.example,"Bob\ncarl@c.example,Carl\n', "mark in line 3"),
    "an unclosed quote that goes on": (
        OK + b'bob@b.example,"Bob\n' + b"x@y.example,Y\n" * 9000,
        "A quotation mark in line 3 is never closed",
    ),
    "two encodings": (
        "Email,Name\nzoe@a.example,Zoë\n".encode() + "jörg@a.example,Jörg\n".encode("cp1252"),
        "Line 3 is not UTF-8",
    ),
    "a wrong mark": (codecs.BOM_UTF8 + "Email,Name\na@a.example,Jörg\n".encode("cp1252"),
                     "Line 2 is not UTF-8"),
    "cut in a character": (codecs.BOM_UTF8 + OK + "bob@b.example,Bö".encode()[:-1],
                           "in the middle of a character"),
    "half of UTF-16": (codecs.BOM_UTF16_LE + OK.decode().encode("utf-16-le") + b"x",
                       "Line 3 is not UTF-16-LE"),
    "a lone surrogate": (codecs.BOM_UTF16_LE + OK.decode().encode("utf-16-le") + b"\x00\xd8a\x00",
                         "Line 3 is not UTF-16-LE"),
    "a line of 300,000": (OK + b"x" * 300_000 + b"@b.example,Bob\n", "Line 3 is longer than"),
    "a huge cell": (OK + b'bob@b.example,"' + b"B" * (20 * MB) + b'"\n', "Line 3 is longer than"),
    "a huge cell in lines": (OK + b'bob@b.example,"' + b"Bob\n" * 500_000 + b'"\n', "in line 3"),
    "a million columns": (OK + b"," * 1_000_000 + b"\n", "Line 3 is longer than"),
    "a thousand columns": (OK + b"a," * 1000 + b"\n", "Line 3 has 1,001 columns, and 200 are"),
    "a million heads": (b"h," * 1_000_000 + b"\n" + OK, "Line 1 is longer than"),
    "columns in lines": (OK + b'b@b.example,"\n"' + b',"\n"' * 300 + b"\n", "Line 3 has 302 col"),
    "one endless line": (b"a@a.example;" * (2 * MB), "Line 1 is longer than"),
    "quotes only": (b'"' * 99_999, "Line 1 is longer than"),
}  # fmt: skip
READ: dict[str, tuple[bytes, int]] = {
    "mixed line ends": (b"Email,Name\r\na@a.example,A\nb@b.example,B\rc@c.example,C\n\n", 3),
    "duplicate heads": (b"Email,Email,Name,Name\na@a.example,x@x.example,A,B\n", 1),
    "formulas": (b"Email,Name\na@a.example,=cmd|'/c calc'!A1\n@SUM(1),+1\n", 2),
    "ragged rows": (b"Email,Name,Phone\na@a.example\nb@b.example,B,1,2,3\n,,\n", 2),
    "stray quotes": (b'Email,Name\na@a.example,Ann "the first" Lee\nb@b.example,"B"ob\n', 2),
    "a mark twice": (codecs.BOM_UTF8 * 2 + OK, 1),
    "spaces around": (b" Email , Name \n  a@a.example  ,  A  \n", 1),
}


def on_disk(path: Path, body: bytes) -> Callable[[], io.BufferedReader]:
    path.write_bytes(body)
    return lambda: path.open("rb")


def count_of(open_file: Callable[[], io.BufferedReader]) -> int:
    shape = look(open_file)
    found = in_columns(records(open_file, shape.encoding, shape.delimiter), shape.fields)
    return sum(1 for _row in found) - shape.has_head


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_in_one_sentence_and_little_memory(name: str, tmp_path: Path) -> None:
    body, words = REFUSED[name]
    open_file = on_disk(tmp_path / "contacts.csv", body)
    tracemalloc.start()
    try:
        with pytest.raises(FileError) as refused:
            count_of(open_file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    said = str(refused.value)
    assert words in said
    assert said.endswith(".")
    assert len(said) < 200
    assert peak < 8 * MB


@pytest.mark.parametrize("name", READ)
def test_an_odd_file_is_read(name: str, tmp_path: Path) -> None:
    body, count = READ[name]
    assert count_of(on_disk(tmp_path / "contacts.csv", body)) == count


def test_a_large_file_needs_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    line = b"someone.%06d@example.com,Someone with a name of some length,+4930123456,K-1\n"
    body = b"Email,Name,Phone,Ref\n" + b"".join(line % n for n in range(40_000))
    open_file = on_disk(tmp_path / "contacts.csv", body)
    tracemalloc.start()
    try:
        assert count_of(open_file) == 40_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * MB
