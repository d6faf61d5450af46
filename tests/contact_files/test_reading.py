"""Files as spreadsheets and address books write them, in every usual encoding and separator."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from portal.contact_files import Row, guess, in_columns, look, of_text, records

HEAD = ("E-Mail", "Name", "Telefon", "Kundennummer", "Schlagwörter")
LINES = (("jörg@müller.example", "Jörg Müller", "+49 30 1234", "K-1", "VIP"),
         ("zoë@acme.example", "Zoë; the “first”", "", "K-2", ""))  # fmt: skip


def opener(body: bytes) -> Callable[[], io.BytesIO]:
    return lambda: io.BytesIO(body)


def rows_of(body: bytes) -> list[Row]:
    shape = look(opener(body))
    found = records(opener(body), shape.encoding, shape.delimiter)
    if shape.has_head:
        next(found)
    return list(in_columns(found, shape.fields))


def written(delimiter: str, encoding: str, newline: str) -> bytes:
    lines = [delimiter.join(f'"{cell}"' for cell in line) for line in (HEAD, *LINES)]
    return (newline.join(lines) + newline).encode(encoding, "replace")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
)
def test_a_spreadsheet_is_read_as_it_was_saved(encoding: str, delimiter: str, newline: str) -> None:
    found = rows_of(written(delimiter, encoding, newline))
    assert [(row.line, row.email) for row in found] == [
        (2, "jörg@müller.example"),
        (3, "zoë@acme.example"),
    ]
    first = found[0]
    assert (first.name, first.phone, first.external_id) == ("Jörg Müller", "+49 30 1234", "K-1")
    assert first.tags == ("VIP",)
    assert found[1].name.startswith("Zoë; the ")


@pytest.mark.parametrize(
    ("heads", "fields"),
    [
        (("First Name", "Last Name", "Email Address"), ["first_name", "last_name", "email"]),
        (("Vorname", "Nachname", "E-Mail", "Handy"), ["first_name", "last_name", "email", "phone"]),
        (("Nom", "Prénom", "Courriel", "Téléphone"), ["last_name", "first_name", "email", "phone"]),
        (("Nombre", "Correo electrónico", "Móvil"), ["name", "email", "phone"]),
        (("Nome", "Correio eletrónico", "Telemóvel"), ["name", "email", "phone"]),
        (("الاسم", "البريد الإلكتروني", "الهاتف"), ["name", "email", "phone"]),
        (("Email", "E-mail", "Fax", "Ref."), ["email", "", "", "external_id"]),
        (("Email 1 - Value", "Etiquetas"), ["email", "tags"]),
    ],
)
def test_heads_are_understood_in_several_languages(heads: list[str], fields: list[str]) -> None:
    assert guess(heads) == fields


def test_a_file_without_a_head_and_one_for_excel() -> None:
    assert rows_of(b"Ann,ann@a.example\nBob,bob@b.example\n")[1].email == "bob@b.example"
    assert rows_of(b"sep=;\nMail;Name\nann@a.example;Ann\n") == [
        Row(line=3, email="ann@a.example", name="Ann")
    ]
    assert [row.email for row in rows_of(b"ann@a.example\n\n\nbob@b.example")] == [
        "ann@a.example",
        "bob@b.example",
    ]


def test_quoted_lines_names_in_parts_and_a_cell_too_many() -> None:
    body = b'Surname,First name,Email\nBell,"Bea\nAnn",bea@b.example\nx,y,z@z.example,more\n'
    whole, wide = rows_of(body)
    assert (whole.line, whole.name, wide.line) == (2, "Bea Ann Bell", 4)
    assert wide.fault.startswith("It has 4 cells, and there are 3 columns")


def test_what_exports_disarm_is_read_back() -> None:
    assert rows_of(b"Name,Email,Phone\n'=A1,ann@a.example,'+4930\n") == [
        Row(line=2, email="ann@a.example", name="=A1", phone="+4930")
    ]


def test_pasted_addresses_with_and_without_names() -> None:
    text = 'ann@a.example, "Bell, Bea" <bea@b.example>;\ncarl@c.example\tno address\n\n'
    assert [(row.line, row.email, row.name) for row in of_text(text)] == [
        (1, "ann@a.example", ""),
        (1, "bea@b.example", "Bell, Bea"),
        (2, "carl@c.example", ""),
        (2, "no address", ""),
    ]
