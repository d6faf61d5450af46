"""Try a channel: a worker checks it, or sends a test message to the person who asked."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any, NamedTuple

from portal import plugins
from portal.attempt import WATCHDOG_SECONDS, settings_of, time_limit
from portal.channel import (
    Channel,
    ChannelError,
    Finding,
    Message,
    Report,
    SendRequest,
    Settings,
    TemporaryError,
)
from portal.db import atomic, db, now, storable
from portal.drafts import drafted
from portal.errors import PortalError
from portal.interrupt import at_most, ended_after
from portal.languages import mark
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.channel_trial import ChannelTrial
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.plugins.guard import About
from portal.wording import OwnWords


class Outcome(NamedTuple):
    """How a trial went. *facts* is None when it found out nothing to keep."""

    has_passed: bool
    words: str
    reply: str = ""
    findings: tuple[Finding, ...] = ()
    facts: dict[str, str] | None = None


def try_channel(trial_id: int) -> None:
    """Do one trial, unless somebody else does. No transaction is open while the provider thinks."""
    taken = _take(trial_id)
    if taken is not None:
        trial, account = taken
        _write(trial_id, _outcome(trial, account))


@atomic
def _take(trial_id: int) -> tuple[ChannelTrial, Account] | None:
    trial = ChannelTrial.take(trial_id)
    account = db.session.get(Account, trial.account_id) if trial else None
    return (trial, account) if trial and account else None


def _outcome(trial: ChannelTrial, account: Account) -> Outcome:
    channel = plugins.current().channel(trial.channel)
    if channel is None:
        return Outcome(False, f"The channel {trial.channel} is not installed.")
    seconds = time_limit(channel)

    def too_late() -> BaseException:
        return TemporaryError(f"The provider did not answer within {seconds:.0f} seconds.")

    try:
        found = _settings(account, channel)
        with ended_after(seconds + WATCHDOG_SECONDS), at_most(seconds, too_late):
            if trial.what == "check":
                return _checked(channel, found)
            return _sent(trial, channel, found, account.front().door)
    except ChannelError as error:
        return Outcome(False, error.reason, error.reply)
    except PortalError as error:
        return Outcome(False, str(error))
    except KeyboardInterrupt:  # how a worker is told to leave
        raise
    except BaseException as error:
        return _broken(error, trial, channel)


@atomic
def _account(account_id: int) -> Account:
    return db.session.get_one(Account, account_id)


@atomic
def _settings(account: Account, channel: Channel) -> Settings:
    return settings_of(account, channel.id, ChannelSetting.find(account.id, channel.id))


def _checked(channel: Channel, found: Settings) -> Outcome:
    report = channel.check(found) or Report()
    if not isinstance(report, Report):
        raise TypeError("check must return a Report or None")
    bad = [finding.title for finding in report.findings if finding.level == "bad"]
    words = f"Look at: {', '.join(bad)}." if bad else mark("Everything is in order.")
    return Outcome(not bad, words, findings=tuple(report.findings), facts=dict(report.facts))


def _sent(trial: ChannelTrial, channel: Channel, found: Settings, url: str) -> Outcome:
    """Send a test message in which *url* is the portal's door."""
    account = found.account
    if trial.draft:
        return _draft_sent(trial, channel, found, url)
    text = f"This is a test message from {account.name}. The client portal is at {url}\n"
    sent = channel.send(
        SendRequest(
            key=f"trial-{trial.id}-{trial.asked_at.timestamp():.0f}",
            kind="login",
            to=channel.normalise_address(trial.to, found),
            to_name="",
            message=Message(
                subject=f"A test message from {account.name}",
                text=text,
                short=f"{account.name}: a test message. {url}",
            ),
            link=url,
            sender_name=account.name,
            expires_at=now() + timedelta(hours=1),
        ),
        found,
    )
    return Outcome(True, f"The provider took the message to {trial.to}.", sent.reply[:500])


def _draft_sent(trial: ChannelTrial, channel: Channel, found: Settings, url: str) -> Outcome:
    """Send the words that somebody is writing, to themselves."""
    draft, row = trial.draft, _account(trial.account_id)
    own = OwnWords(draft["body"], draft["subject"], draft["button"]) if draft["body"] else None
    kind, form, language = draft["kind"], draft["form"], draft["language"]
    message = drafted(row, kind, form, language, own, staff=draft["staff"])
    sent = channel.send(
        SendRequest(
            key=f"trial-{trial.id}-{trial.asked_at.timestamp():.0f}",
            kind="login",
            to=channel.normalise_address(trial.to, found),
            to_name="",
            message=message,
            link=url,
            sender_name=row.name,
            expires_at=now() + timedelta(hours=1),
            locale=language,
        ),
        found,
    )
    return Outcome(True, f"The provider took the message to {trial.to}.", sent.reply[:500])


def _broken(error: BaseException, trial: ChannelTrial, channel: Channel) -> Outcome:
    found = plugins.current()
    found.failed(found.plugin_of(channel.id), trial.what, error, About(trial.account_id))
    return Outcome(False, f"The {channel.name} plugin failed ({type(error).__name__}).")


@atomic
def _write(trial_id: int, outcome: Outcome) -> None:
    trial = db.session.get(ChannelTrial, trial_id, populate_existing=True)
    if trial is None:
        return
    trial.status = "passed" if outcome.has_passed else "failed"
    trial.words, trial.reply = _text(outcome.words), _text(outcome.reply)[:500]
    trial.findings, trial.ended_at = [_plain(finding) for finding in outcome.findings], now()
    setting = ChannelSetting.find_or_add(trial.account_id, trial.channel)
    if outcome.facts is not None:
        setting.facts = {_text(name): _text(fact) for name, fact in outcome.facts.items()}
    if outcome.has_passed and setting.recover():
        Delivery.release(trial.account_id, trial.channel)
        detail = {"channel": trial.channel}
        Event.record("channel_resumed", account_id=trial.account_id, detail=detail)


def _plain(finding: Finding) -> dict[str, Any]:
    return {name: _text(value) for name, value in asdict(finding).items()}


def _text(given: Any) -> str:
    """Return what a plugin found so that it can be written down: providers say all sorts."""
    return storable(str(given))
