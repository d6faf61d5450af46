"""What the columns of a file mean: guessed from their heads in several languages, or told."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from portal.contact_files.records import Record
from portal.languages import _

FIELDS = ("email", "name", "first_name", "last_name", "phone", "external_id", "tags")
"""What a column can hold; an empty word for a column that is left out."""

_WORDS = {
    "email": (
        "email", "emailaddress", "mail", "mailaddress", "epost", "emailadresse", "mailadresse",
        "adressemail", "adresseemail", "courriel", "adresseelectronique", "correo",
        "correoelectronico", "direcciondecorreo", "correioeletronico", "correioelectronico",
        "enderecodeemail", "indirizzoemail", "postaelettronica", "mailadres", "emailadres",
        "البريدالالكتروني", "بريدالكتروني", "البريد", "primaryemail", "workemail", "email1",
        "emailaddress1", "email1value",
    ),
    "name": (
        "name", "fullname", "contact", "contactname", "client", "clientname", "customer",
        "customername", "displayname", "kontakt", "kunde", "vollstandigername", "kundenname",
        "nomcomplet", "nometprenom", "nomprenom", "nombre", "nombrecompleto", "nombreyapellidos",
        "cliente", "nome", "nomecompleto", "naam", "volledigenaam", "الاسم", "الاسمالكامل",
    ),
    "first_name": (
        "firstname", "givenname", "forename", "vorname", "prenom", "primernombre", "primeironome",
        "nomeproprio", "voornaam", "الاسمالاول",
    ),
    "last_name": (
        "lastname", "surname", "familyname", "nachname", "familienname", "nom", "nomdefamille",
        "apellido", "apellidos", "sobrenome", "apelido", "ultimonome", "cognome", "achternaam",
        "اسمالعائلة",
    ),
    "phone": (
        "phone", "phonenumber", "telephone", "mobile", "mobilephone", "mobilenumber", "cell",
        "cellphone", "tel", "telefon", "telefonnummer", "handy", "mobil", "mobiltelefon",
        "mobilnummer", "portable", "telephoneportable", "numerodetelephone", "telefono", "movil",
        "celular", "telefonomovil", "telefone", "telemovel", "cellulare", "telefoon", "mobiel",
        "الهاتف", "رقمالهاتف", "الجوال", "phone1value",
    ),
    "external_id": (
        "reference", "ref", "yourreference", "externalid", "customerid", "customernumber",
        "clientid", "clientnumber", "contactid", "accountnumber", "id", "number", "nr",
        "kundennummer", "kundennr", "mandantennummer", "referenz", "numeroclient",
        "numerodeclient", "referencia", "numerodecliente", "idcliente", "numerocliente",
        "codicecliente", "riferimento", "klantnummer", "referentie", "المرجع", "رقمالعميل",
    ),
    "tags": (
        "tags", "tag", "labels", "label", "groups", "group", "category", "categories",
        "schlagworte", "schlagworter", "schlagwort", "gruppe", "gruppen", "etiketten", "kategorie",
        "kategorien",
        "etiquettes", "etiquette", "groupe", "groupes", "categorie", "etiquetas", "etiqueta",
        "grupo", "grupos", "categoria", "gruppo", "groep", "الوسوم", "العلامات", "المجموعة",
        "groupmembership",
    ),
}  # fmt: skip
_MEANING = {word: field for field, words in _WORDS.items() for word in words}
_SEPARATORS = re.compile(r"[,;|\n]+|\s:::\s")
MOST_TAGS = 20


class Row(NamedTuple):
    """What a row says of one contact, as it was typed; *fault* is why it cannot be used."""

    line: int
    email: str
    name: str = ""
    phone: str = ""
    external_id: str = ""
    tags: tuple[str, ...] = ()
    fault: str = ""


def guess(heads: Sequence[str]) -> list[str]:
    """Return the field that each column seems to hold, each field once at most."""
    found: list[str] = []
    for head in heads:
        field = _MEANING.get(_key(head), "")
        found.append(field if field not in found else "")
    if "email" not in found:
        for place, head in enumerate(heads):
            if not found[place] and _sounds_like_mail(_key(head)):
                found[place] = "email"
                break
    return found


def in_columns(rows: Iterable[Record], fields: Sequence[str]) -> Iterator[Row]:
    """Yield what each row says, when its columns hold *fields*."""
    places = {field: place for place, field in enumerate(fields) if field}
    width = len(fields)
    for line, cells in rows:
        if any(cell.strip() for cell in cells[width:]):
            fault = _(
                "It has %(cells)s cells, and there are %(columns)s columns: put quotation marks "
                "around a cell that holds the separator.",
                cells=str(len(cells)),
                columns=str(width),
            )
        else:
            fault = ""
        known = {field: _cell(cells, place) for field, place in places.items()}
        yield Row(
            line=line,
            email=known.get("email", "")[:320],
            name=_name(known)[:200],
            phone=known.get("phone", "")[:60],
            external_id=known.get("external_id", "")[:100],
            tags=_tags(known.get("tags", "")),
            fault=fault,
        )


def _cell(cells: Sequence[str], place: int) -> str:
    """Return the cell in one line, without the apostrophe by which exports disarm formulas."""
    text = " ".join(cells[place].split()) if place < len(cells) else ""
    is_disarmed = len(text) > 1 and text[0] == "'" and text[1] in "=+-@|%"
    return text[1:] if is_disarmed else text


def _name(known: dict[str, str]) -> str:
    whole, first, last = (known.get(one, "") for one in ("name", "first_name", "last_name"))
    if first and not last:
        last, whole = whole, ""
    return whole or " ".join(part for part in (first, last) if part)


def _tags(cell: str) -> tuple[str, ...]:
    words = (word.strip(" *") for word in _SEPARATORS.split(cell))
    return tuple(dict.fromkeys(word[:60] for word in words if word))[:MOST_TAGS]


def _key(head: str) -> str:
    text = unicodedata.normalize("NFKD", head).casefold()
    return "".join(sign for sign in text if sign.isalnum() and not unicodedata.combining(sign))


def _sounds_like_mail(key: str) -> bool:
    return "email" in key or "courriel" in key or "correo" in key
