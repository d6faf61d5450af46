"""Answers requests with granian: processes of threads, so that one slow client stops nobody."""

from __future__ import annotations

import gc
import multiprocessing
import os

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from portal.app import create_app
from portal.config import Settings
from portal.processes import die_with_parent, log_to_stderr

STOP_WITHIN_SECONDS = 3
_master = 0
"""The process that serves, as the processes that it forks know it."""


def run(found: Settings) -> None:
    """Serve until SIGTERM or SIGINT. The processes are forked from this one: memory is shared."""
    global _master
    _master = os.getpid()
    multiprocessing.set_start_method("fork", force=True)
    gc.collect()
    gc.freeze()
    Server(
        "portal.serve:worker_app",
        factory=True,
        address=found.host,
        port=found.port,
        interface=Interfaces.WSGI,
        workers=found.web_processes,
        blocking_threads=found.web_threads,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_WITHIN_SECONDS,
        log_access=False,
        log_level=LogLevels.warning,
        websockets=False,
    ).serve()


def worker_app() -> Flask:
    """Return the app of one web process."""
    die_with_parent(_master)
    log_to_stderr()
    return create_app()
