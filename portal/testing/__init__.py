"""For authors of channels: the contract as tests, and servers that do as they are told."""

from __future__ import annotations

from portal.testing.answers import Answer, Garbage, Hang, Moved, Reset
from portal.testing.calls import Call
from portal.testing.contract import ChannelContract
from portal.testing.runner import Result, run
from portal.testing.server import ScriptedServer
from portal.testing.smtp import ScriptedMailServer

__all__ = [
    "Answer",
    "Call",
    "ChannelContract",
    "Garbage",
    "Hang",
    "Moved",
    "Reset",
    "Result",
    "ScriptedMailServer",
    "ScriptedServer",
    "run",
]
