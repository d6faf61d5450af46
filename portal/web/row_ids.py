"""Ids of rows in addresses: a number beyond any row is as absent as one that nobody has."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import IntegerConverter

LARGEST = 2**63 - 1
"""Both databases fail when they are asked for a larger one; no row has this one."""


class RowId(IntegerConverter):
    """`<int:…>` in every address of ours."""

    def to_python(self, value: str) -> int:
        return LARGEST if len(value) > 18 else int(value)


def init_app(app: Flask) -> None:
    app.url_map.converters["int"] = RowId
