"""The demo account of an empty installation: Acme, its owner Ada, and believable contacts."""

from __future__ import annotations

from portal.db import atomic, db
from portal.flows.edit_contact import Details, add_contact
from portal.flows.open_account import open_account
from portal.flows.staff_access import make_staff_link
from portal.models.account import Account
from portal.models.staff import Staff

SLUG = "acme"
OWNER = "ada@acme.example"
OWNER_NAME = "Ada Byron"

CONTACTS = (
    Details("Carl Carter", "carl.carter@carter-joinery.example", "+44 20 7946 0018", "", "C-1001"),
    Details("Priya Raman", "priya@ramanstudio.example", "", "", "C-1002"),
    Details("Tomás Ferreira", "tomas.ferreira@casaverde.example", "", "", "C-1003"),
    Details("Maren Østergård", "maren@ostergard-arkitekter.example", "", "", "C-1004"),
    Details("ليلى حداد", "layla.haddad@haddad-trading.example", "", "", "C-1005"),
    Details("Jonas Müller", "jonas@müller-söhne.example", "", "", "C-1006"),
    Details("Grace Okafor", "grace.okafor@okafor-clinic.example", "", "", "C-1007"),
    Details("Hana Suzuki", "hana@suzuki-design.example", "", "", "C-1008"),
    Details(
        "Bridget O’Malley-Featherstonehaugh",  # noqa: RUF001 - names are typed like that
        "bridget@featherstonehaugh.example",
        "",
        "",
        "C-1009",
    ),
    Details("Sam Lee", "sam+portal@leeandsons.example", "", "", "C-1010"),
    Details("Inès Dubois", "ines.dubois@boulangerie-dubois.example", "", "", "C-1011"),
    Details("Mateusz Kowalski", "mateusz@kowalski-serwis.example", "", "", "C-1012"),
)


def open_demo() -> tuple[str, str]:
    """Open the demo account if there is no account at all.

    Returns the slug of the first account and the token of a fresh link for its owner; both are
    empty when the demo's owner is no longer there.
    """
    if _is_empty():
        _fill()
    account, owner = Account.by_slug(SLUG), Staff.by_email(OWNER)
    db.session.rollback()
    if account is None or owner is None:
        return "", ""
    return account.slug, make_staff_link(OWNER)


@atomic
def _is_empty() -> bool:
    return db.session.scalar(db.select(Account.id).limit(1)) is None


def _fill() -> None:
    account = open_account("Acme", slug=SLUG, owner_email=OWNER, owner_name=OWNER_NAME)
    owner = Staff.by_email(OWNER)
    if owner is None:
        raise AssertionError("the owner was just added")
    for details in CONTACTS:
        add_contact(account, details, by=owner)
