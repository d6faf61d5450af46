"""The web: what staff, clients and the local mailbox see, and the rules every answer keeps."""

from __future__ import annotations

from flask import Flask

from portal.config import Settings
from portal.web import (
    brand,
    csrf,
    errors,
    front,
    headers,
    health,
    languages,
    limits,
    mailbox,
    own_domain,
    plugin_pages,
    receipts,
    row_ids,
    sessions,
    templating,
    uploads,
    viewing,
)
from portal.web.admin import (
    access_ends,
    account_settings,
    adoption,
    audit,
    branding,
    channels,
    client_views,
    contact_data,
    contact_tags,
    contacts,
    deliveries,
    delivery,
    domains,
    invitations,
    joining,
    login_emails,
    magic_links,
    merging,
    overview,
    own_language,
    own_sessions,
    own_sign_in,
    passkeys,
    plugins,
    proving,
    reminders,
    runs,
    second_step,
    selection,
    staff,
    support_codes,
    tasks,
    team,
    team_factors,
    views,
    words,
)
from portal.web.client import links, portal


def init_app(app: Flask, found: Settings) -> None:
    """Add the pages to *app*, and what stands before and after each of them."""
    headers.init_app(app, found)
    own_domain.init_app(app, found)
    health.init_app(app, found)
    viewing.init_app(app)
    uploads.init_app(app)
    csrf.init_app(app)
    row_ids.init_app(app)
    sessions.init_app(app)
    limits.init_app(app, found)
    templating.init_app(app)
    languages.init_app(app)
    errors.init_app(app)
    for module in (staff, overview, invitations, login_emails, magic_links, contacts):
        app.register_blueprint(module.bp)
    for desk_page in (deliveries, delivery, channels, tasks, plugins, audit, support_codes):
        app.register_blueprint(desk_page.bp)
    for desk_page in (contact_tags, views, selection, client_views, adoption, reminders):
        app.register_blueprint(desk_page.bp)
    app.register_blueprint(branding.bp)
    app.register_blueprint(domains.bp)
    app.register_blueprint(contact_data.bp)
    app.register_blueprint(merging.bp)
    app.register_blueprint(team.bp)
    app.register_blueprint(joining.bp)
    app.register_blueprint(own_language.bp)
    app.register_blueprint(own_sessions.bp)
    for step in (own_sign_in, passkeys, proving, second_step, team_factors):
        app.register_blueprint(step.bp)
    app.register_blueprint(words.bp)
    app.register_blueprint(runs.bp)
    app.register_blueprint(access_ends.bp)
    app.register_blueprint(account_settings.bp)
    for module in (front, brand, portal, links, receipts):
        app.register_blueprint(module.bp)
    if found.has_local_mailbox:
        app.register_blueprint(mailbox.bp)
    plugin_pages.init_app(app)
