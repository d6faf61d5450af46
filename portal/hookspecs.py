"""The plugin contract: each hook an empty function whose docstring is its documentation."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from portal.channel import Channel, Operator, Section

PROJECT = "portal"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def portal_channels(operator: Operator) -> Iterable[Channel]:
    """Return the channels this plugin brings.

    Called once in each process, before anything is sent. *operator* holds what was set for the
    whole installation. A channel's `id` must be unique; a second one with the same id is refused.
    """
    return ()


@hookspec
def portal_sections(account_slug: str) -> Iterable[Section]:
    """Return the areas that the portal of the account *account_slug* shows to its clients.

    Called for each page that lists sections, so answer quickly and without I/O. A section's
    `name` is also a target: a magic link can open it.
    """
    return ()
