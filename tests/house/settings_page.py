"""The facts of docs/settings.md: `python -m tests.house.settings_page` brings them up to date."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from portal.config import Settings, variable

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
TIMES = ("life_", "client_", "staff_")
UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))
HEADING = re.compile(r"^### (\w+)\n\n(?:(Default: .*)\n\n)?", re.MULTILINE)


def facts() -> dict[str, str]:
    """Return for each variable the line that tells its default and its bounds."""
    schema: dict[str, Any] = Settings.model_json_schema()["properties"]
    by_name = {name.removeprefix("PORTAL_").lower(): found for name, found in schema.items()}
    return {variable(name): _fact(name, by_name[name]) for name in Settings.model_fields}


def written(page: str) -> dict[str, str]:
    """Return for each variable the line that stands under its heading."""
    return {found[1]: found[2] or "" for found in HEADING.finditer(page)}


def refreshed(page: str) -> str:
    known = facts()
    return HEADING.sub(lambda found: f"### {found[1]}\n\n{known.get(found[1], '')}\n\n", page)


def _fact(name: str, found: dict[str, Any]) -> str:
    default = found.get("default")
    if isinstance(default, list):
        default = ",".join(map(str, default))
    default = default or (0 if found.get("type") == "integer" else "")
    shown = _shown(name, default) if default != "" else "empty"
    return f"Default: {shown}.{_bounds(name, found)}"


def _bounds(name: str, found: dict[str, Any]) -> str:
    if "enum" in found:
        return f" Allowed: {' and '.join(f'`{one}`' for one in found['enum'])}."
    if "maximum" in found:
        least, most = (_shown(name, found[bound]) for bound in ("minimum", "maximum"))
        return f" Allowed: {least} to {most}."
    return f" Allowed: {found['minimum']} and more." if "minimum" in found else ""


def _shown(name: str, value: object) -> str:
    unit = next(
        (one for one in UNITS if isinstance(value, int) and value and not value % one[0]), None
    )
    if not name.startswith(TIMES) or unit is None or not isinstance(value, int):
        return f"`{value}`" if isinstance(value, str) else str(value)
    count = value // unit[0]
    return f"{value} ({count} {unit[1]}{'s' if count > 1 else ''})"


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text()))
