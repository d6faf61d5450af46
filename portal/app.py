"""Builds the app; reads top to bottom like a table of contents."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache, partial
from typing import Any

from flask import Flask

from portal import config, db, plugins, web, worker
from portal.channel import THIS_MACHINE, Operator
from portal.models.plugin_fault import PluginFault


def create_app(**overrides: Any) -> Flask:
    """Return the app for the settings of the environment, with *overrides* by field name.

    Raises SettingsError.
    """
    settings = config.prepare_home(config.load(**overrides))
    app = Flask(
        "portal",
        root_path=str(config.PACKAGE),
        template_folder=str(config.bundled("templates")),
    )
    # Flask asks of each of a page's functions, each time, whether it is a coroutine.
    app.ensure_sync = cache(app.ensure_sync)  # type: ignore[method-assign]
    app.config["PORTAL_SETTINGS"] = settings
    app.config["PORTAL_MAILBOX_DIR"] = settings.mailbox_dir
    db.init_app(app, settings.database_url)
    found = plugins.init_app(app, operator(settings), settings.home / "plugins", settings.plugins)
    found.on_fault = partial(keep_fault, app)
    worker.init_app(app)
    web.init_app(app, settings)
    return app


def keep_fault(app: Flask, fault: plugins.Fault) -> None:
    """Write a plugin's failure down in a transaction of its own, for the Plugins page."""
    with app.app_context(), db.db.engine.begin() as connection:
        PluginFault.report(connection, **asdict(fault))


def operator(settings: config.Settings) -> Operator:
    """Return what channels may know of the installation."""
    return Operator(
        smtp_url=settings.smtp_url or settings.mailbox_smtp_url,
        mail_from=settings.mail_from,
        portal_host=settings.hostname,
        portal_url=settings.url,
        bounce_address=settings.bounce_address,
        bounce_mailbox=settings.bounce_mailbox,
        dkim_domain=settings.dkim_domain,
        dkim_selector=settings.dkim_selector,
        private_hosts=settings.private_hosts or (THIS_MACHINE if settings.is_loopback else ()),
        dkim_key=settings.dkim_key.read_text() if settings.dkim_key else "",
    )
