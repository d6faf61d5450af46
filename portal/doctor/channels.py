"""The plugins, and each channel's own check of its provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from portal import plugins
from portal.channel import Channel, ChannelError, Finding, Report, Settings
from portal.db import db, now
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.plugin_fault import PluginFault
from portal.plugins import without_secrets

LATELY = timedelta(days=1)
LEVELS = ("good", "note", "bad")


def account_at(slug: str) -> Account | None:
    return Account.by_slug(slug)


def installed() -> list[Channel]:
    return list(plugins.current().channels.values())


def plugged() -> Iterator[Finding]:
    """Look which plugins are kept out, and which have failed lately."""
    for name, trace in plugins.current().quarantined.items():
        last, *_ = reversed(trace.strip().splitlines() or [""])
        yield Finding("bad", name, f"It is kept out: {without_secrets(last)}")
    since = now() - LATELY
    faults = [fault for fault in PluginFault.latest() if fault.last_at > since]
    for name in sorted({fault.plugin for fault in faults}):
        count = sum(fault.count for fault in faults if fault.plugin == name)
        words = f"It has failed lately ({count} in all). The Plugins page has the tracebacks."
        yield Finding("note", name, words)
    if not plugins.current().quarantined:
        yield Finding("good", "Plugins", "All that are to be loaded are loaded.")


def channel(tried: Channel, slug: str) -> Iterator[Finding]:
    """Have the channel check its provider, with the settings of the account at *slug*, if any.

    Nothing is sent.
    """
    settings = _settings(tried, slug)
    try:
        if not tried.is_ready(settings):
            yield _not_ready(slug)
            return
        yield from _reported(tried.check(settings))
    except ChannelError as error:
        words = " ".join(filter(None, (error.reason, error.reply)))
        yield Finding("bad", "Check", without_secrets(words))
    except Exception as error:  # a plugin may raise anything, and its text may hold a secret
        yield Finding("bad", "Check", f"The plugin failed ({type(error).__name__}).")
    finally:
        tried.close()


def _settings(tried: Channel, slug: str) -> Settings:
    account = account_at(slug) if slug else None
    found = ChannelSetting.settings_of(account, tried.id) if account else Settings()
    db.session.rollback()  # no transaction stays open while a provider thinks
    return found


def _not_ready(slug: str) -> Finding:
    if slug:
        words = f"{slug} has not set it up. Its page under Channels has the form."
    else:
        words = "The operator has not set it up; accounts may. Try one with --account."
    return Finding("note", "Not set up", words)


def _reported(report: Report | None) -> Iterator[Finding]:
    found = [one for one in report.findings if one.level in LEVELS] if report else []
    yield from found or [Finding("good", "Check", "Its provider answers as it should.")]
