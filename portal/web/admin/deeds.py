"""What staff can do with a selection of contacts: for whom, how many at once, in which words."""

from __future__ import annotations

from typing import NamedTuple

from portal.languages import mark

AT_ONCE, TAGGED_AT_ONCE = 500, 5_000


class Deed(NamedTuple):
    """One action on many contacts.

    *standings* are those whom it is for. It is done for *most* in one request; when *goes_on*,
    those are then no longer among whom it is for, and pressing again does the next.
    """

    name: str
    title: str
    button: str
    is_for: str
    standings: tuple[str, ...] = ()
    most: int = AT_ONCE
    goes_on: bool = False
    tone: str = "primary"


DEEDS = {
    "invite": Deed(
        mark("Invite to Client Portal"), mark("Invite them?"), mark("Send invitations"),
        mark("An invitation goes to each who was never invited."), ("",), goes_on=True,
    ),
    "login_email": Deed(
        mark("Send Login Email"), mark("Send login e-mails?"), mark("Send login e-mails"),
        mark("A login e-mail goes to each whose access is not suspended or revoked."),
        ("", "invited", "joined"),
    ),
    "resend": Deed(
        mark("Resend invite"), mark("Invite them again?"), mark("Send invitations again"),
        mark("The invitation goes again to each who was invited and has not joined."), ("invited",),
    ),
    "end_access": Deed(
        mark("Set when access ends"), mark("When does their access end?"), mark("Save"),
        mark("At that moment they are signed out everywhere, and every link and message on its way "
             "to them stops working. It is set for each whose access is not suspended or revoked."),
        ("invited", "joined"), most=TAGGED_AT_ONCE,
    ),
    "revoke": Deed(
        mark("Revoke"), mark("Revoke their access?"), mark("Revoke"),
        mark("They are signed out everywhere at once, and every link and message on its way to "
             "them stops working. You can restore each of them later."),
        ("invited", "joined", "suspended"), goes_on=True, tone="danger",
    ),
    "tag": Deed(mark("Add a tag"), mark("Tag them"), mark("Add tag"), "",
                most=TAGGED_AT_ONCE, goes_on=True),
    "untag": Deed(mark("Take off a tag"), mark("Take a tag off them"), mark("Take it off"), "",
                  most=TAGGED_AT_ONCE, goes_on=True),
    "export": Deed(
        mark("Export as CSV"), mark("Export them?"), mark("Download"),
        mark("The file holds what you know of each contact. The history notes who took it."),
    ),
}  # fmt: skip
