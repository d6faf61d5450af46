"""The plugin contract: each hook an empty function whose docstring is its documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import click
import flask
import pluggy

from portal.channel import Channel, DeliveryInfo, EventInfo, Operator, Section, SendRequest

PROJECT = "portal"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def portal_channels(operator: Operator) -> Iterable[Channel]:
    """Return the channels this plugin brings.

    Called once in each process, before anything is sent, and once more in the child process that
    a plugin is tried in. *operator* holds what was set for the whole installation. A channel's
    `id` must be unique: a plugin that brings one which is taken is kept out.
    """
    return ()


@hookspec
def portal_sections(account_slug: str) -> Iterable[Section]:
    """Return the areas that the portal of the account *account_slug* shows to its clients.

    Called for each page that lists sections, so answer quickly and without I/O. A section's
    `name` is also a target: a magic link can open it.
    """
    return ()


@hookspec
def portal_message_context(delivery: DeliveryInfo) -> Mapping[str, str]:
    """Return words for the message of *delivery*, by name.

    Known names are `greeting`, a line above the message's own first sentence, and `closing`, a
    line below its last one. Plain text of at most 500 characters, no addresses: a line that holds
    `://` is left out. Of two plugins with the same name, the one loaded last counts. Called in a
    worker before each attempt at *delivery*.
    """
    return {}


@hookspec(firstresult=True)
def portal_choose_channel(delivery: DeliveryInfo) -> str | None:
    """Choose the channel of *delivery* by its id, or return None for the account's order.

    The first answer counts. Called in a worker before the first attempt; an id that is not among
    `delivery.channels` is reported as the plugin's fault, and the account's order is used.
    """
    return None


@hookspec
def portal_before_send(delivery: DeliveryInfo, request: SendRequest) -> str | None:
    """Veto a message: return one plain sentence for staff, or None to let it go out.

    Called in a worker after *request* was rendered and before it is handed to the channel of
    *delivery*. A vetoed delivery ends as cancelled, with the sentence as its reason. A hook that
    fails vetoes nothing. *request* holds the link: never log or store it.
    """
    return None


@hookspec
def portal_event(event: EventInfo) -> None:
    """Observe *event*, one line of the history, a few seconds after it was committed.

    Called in a worker, at least once for each event and in their order. What you return is not
    used; when you raise, the failure is reported and the next event follows.
    """


@hookspec
def portal_blueprint(place: Literal["desk", "public"]) -> flask.Blueprint | None:
    """Return a Flask blueprint with pages of your own for *place*, or None.

    Called twice at start, once for each *place*. `desk` is mounted under
    `/admin/<account>/x/<plugin>/` and reached only by signed-in staff of that account,
    `flask.g.account` and `flask.g.staff`; `public` is mounted under `/x/<plugin>/` and reached by
    everybody. The portal's headers, CSRF checks and limits hold for both.
    """
    return None


@hookspec
def portal_commands() -> Iterable[click.Command]:
    """Return commands that stand under `portal <plugin>`.

    Called when the `portal` command is asked for a name that it does not know, or for help. They
    run inside the app's context. A name that the portal itself has stays the portal's.
    """
    return ()
