"""Pages that plugins bring: mounted below addresses of their own, behind the portal's guards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from flask import Blueprint, Flask, abort
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from portal import plugins
from portal.db import DatabaseAway
from portal.web import errors
from portal.web.admin.desk import desk
from portal.web.limits import limiter

PRESSES = "60 per minute"
"""How often one network may press something on the pages of all plugins together."""


def init_app(app: Flask) -> None:
    """Mount the blueprints of `portal_blueprint`; keep a plugin out whose own cannot be."""
    found: plugins.Plugins = app.extensions["portal_plugins"]
    for place, mount in (("desk", _at_desk), ("public", _for_all)):
        for plugin, blueprint in found.blueprints(place):
            try:
                with _nothing_for_other_pages(app):
                    _mount(app, mount(plugin), blueprint, plugin)
            except BaseException as error:
                found.put_out(plugin, error)


def _at_desk(plugin: str) -> Blueprint:
    return desk(f"x-desk-{plugin}", __name__, path=f"/x/{plugin}")


def _for_all(plugin: str) -> Blueprint:
    return Blueprint(f"x-public-{plugin}", __name__, url_prefix=f"/x/{plugin}")


def _mount(app: Flask, shell: Blueprint, blueprint: Blueprint, plugin: str) -> None:
    shell.before_request(partial(_refuse_when_out, plugin))
    shell.before_request(_count_press)
    shell.register_error_handler(Exception, partial(_failed, plugin))
    shell.register_blueprint(blueprint)
    app.register_blueprint(shell)


def _refuse_when_out(plugin: str) -> None:
    """A plugin may have been put out after its first pages were mounted."""
    if plugin in plugins.current().quarantined:
        abort(404)


def _failed(plugin: str, error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException):
        return errors.show(error)
    if isinstance(error, DatabaseAway):
        return errors.show_busy(error)
    plugins.current().failed(plugin, "portal_blueprint", error)
    return errors.show_broken(error)


@limiter.shared_limit(PRESSES, "plugin pages")
def _count_press() -> None:
    """Refuse with 429 whoever presses too often; looking is free."""


@contextmanager
def _nothing_for_other_pages(app: Flask) -> Iterator[None]:
    """Raises ValueError, and undoes it, when what is mounted inside works on others' pages too.

    Flask lets a blueprint add functions to the whole app: one that fails would fail every page.
    """
    before = [list(functions) for functions in _of_every_page(app)]
    handlers = {code: dict(known) for code, known in app.error_handler_spec[None].items()}
    yield
    touched = app.error_handler_spec[None] != handlers
    app.error_handler_spec[None] = defaultdict(dict, handlers)
    for kept, functions in zip(before, _of_every_page(app), strict=True):
        touched = touched or kept != functions
        functions[:] = kept
    if touched:
        raise ValueError("its blueprint adds functions that would run on others' pages too")


def _of_every_page(app: Flask) -> list[list[Any]]:
    """Return the lists of functions that Flask calls for every page."""
    by_blueprint: tuple[dict[str | None, list[Any]], ...] = (
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
        app.url_value_preprocessors,
        app.url_default_functions,
        app.template_context_processors,
    )
    return [functions.setdefault(None, []) for functions in by_blueprint]
