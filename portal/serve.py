"""Answers requests with granian: processes of threads, so that one slow client stops nobody."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from portal.app import create_app
from portal.config import Settings
from portal.notes import Notes
from portal.processes import die_with_parent, log_to_stderr
from portal.slots import Files, Slots
from portal.web import uploads

STOP_WITHIN_SECONDS = 3
WAITING_AT_MOST = 512
"""Threads of one process, begun when they are needed; all but a few only wait for a body."""
GARBAGE_AFTER = (5000, 20, 50)
"""A request leaves hardly any cycles behind, and makes some thousand objects."""
_master = 0
"""The process that serves, as the processes that it forks know it."""


def run(found: Settings) -> None:
    """Serve until SIGTERM or SIGINT. The processes are forked from this one: memory is shared."""
    global _master
    _master = os.getpid()
    multiprocessing.set_start_method("fork", force=True)
    gc.collect()
    gc.freeze()
    logging.getLogger("_granian").addFilter(_is_no_advice_on_threads)
    Server(
        "portal.serve:worker_app",
        factory=True,
        address=found.host,
        port=found.port,
        interface=Interfaces.WSGI,
        workers=found.web_processes,
        blocking_threads=WAITING_AT_MOST,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_WITHIN_SECONDS,
        log_access=False,
        log_level=LogLevels.warning,
        websockets=False,
    ).serve()


def _is_no_advice_on_threads(record: logging.LogRecord) -> bool:
    """The server counts threads that only wait as if they worked, and warns at each start."""
    return "Python threads" not in record.getMessage()


def worker_app() -> Slots:
    """Return the app of one web process."""
    # Granian can lock up while it takes a SIGTERM. Its own process ends one that does; without that
    # process, one would keep what it has open in the database for ever, and everybody waiting.
    die_with_parent(_master, of=signal.SIGKILL)
    log_to_stderr()
    app = create_app()
    Notes(app)
    # What is there now stays: looking through it for garbage took a twentieth of all the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_AFTER)
    found: Settings = app.config["PORTAL_SETTINGS"]
    files = Files(uploads.LARGEST_BODY, uploads.who_may_send_files(app), uploads.folder(found))
    return Slots(app, found.web_threads, app.config["MAX_CONTENT_LENGTH"], files)
