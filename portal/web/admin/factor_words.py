"""What became of second factors, in plain words, for a line of the history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from portal.languages import _, _n, mark
from portal.messages import isolate
from portal.web.templating import when

SAYS = {
    "factor_failed": (mark("A second factor of %(by)s did not work"), "alert", "note"),
    "passkey_added": (mark("%(by)s added a passkey"), "key"),
    "passkey_renamed": (mark("%(by)s renamed a passkey"), "edit"),
    "passkey_removed": (mark("%(by)s removed a passkey"), "key", "note"),
    "passkey_suspect": (
        mark("A passkey of %(by)s counted backwards: it may have been copied"),
        "alert",
        "bad",
    ),
    "codes_switched_on": (mark("%(by)s switched one-time codes on"), "shield"),
    "codes_switched_off": (mark("%(by)s switched one-time codes off"), "shield", "note"),
    "recovery_codes_made": (mark("%(by)s made new recovery codes"), "lock"),
    "member_factor_reset": (mark("%(by)s reset somebody's second factor"), "shield", "note"),
    "factor_reset": (
        mark("The second factor of %(by)s was reset on the server"),
        "shield",
        "note",
    ),
    "factor_required": (mark("%(by)s asked the team for a second factor"), "shield"),
    "factor_optional": (
        mark("%(by)s asks the team for no second factor any more"),
        "shield",
        "note",
    ),
}
_SECOND = {
    "code": mark("With a one-time code as second factor"),
    "passkey": mark("With a passkey as second factor"),
    "recovery": mark("With a recovery code as second factor"),
}


def parts(detail: dict[str, Any]) -> Iterator[str]:
    """Yield what is to be said of second factors besides whose they are."""
    if detail.get("second") in _SECOND:
        yield _(_SECOND[detail["second"]])
    if "recovery_codes_left" in detail:
        left = detail["recovery_codes_left"]
        yield _n("%(count)s recovery code left", "%(count)s recovery codes left", left)
    if "passkey" in detail:
        yield isolate(str(detail["passkey"]))
    if detail.get("skips_second"):
        yield _("It asks for no second factor")
    if "asked_from" in detail:
        yield _("From %(day)s on", day=when(datetime.fromisoformat(detail["asked_from"])))
