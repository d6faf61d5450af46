"""Plugins: what is installed, what each brings, and what went wrong in it."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from portal import plugins
from portal.models.plugin_fault import PluginFault
from portal.models.staff_role import Role
from portal.web.admin.desk import at_desk, desk

bp = desk("plugins", __name__, path="/plugins", roles=(Role.OWNER,))


@bp.get("/")
def index() -> ResponseReturnValue:
    account, _staff = at_desk()
    return render_template(
        "admin/plugins.html",
        plugins=plugins.current().described(),
        faults=PluginFault.latest(account_id=account.id),
        clean=plugins.without_secrets,
    )
