"""What the processes of an installation share: how they log, stop, and end with their parent."""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import signal
import socket
import sys

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
"""prctl(2), Linux only."""


def die_with_parent(parent: int, of: signal.Signals = signal.SIGTERM) -> None:
    """Get the signal *of* when *parent* is gone, however it ended: nothing is to run on unseen."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, of)
        if os.getppid() != parent:
            os.kill(os.getpid(), of)


def end_on_ctrl_c() -> None:
    """Have SIGINT end this process as SIGTERM does. As an exception it would be raised inside a
    plugin that is being read in, which would be kept out for it, and all would go on.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def have_usual_files() -> None:
    """Have something at the numbers 0, 1 and 2 where they were closed, as `portal run >&-` does.

    A database or a socket would get the number otherwise, and what is printed would go there.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def name_this_process(name: str) -> None:
    """Have `ps` and `top` show *name*, of which they keep 15 octets."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


def signal_name(number: int) -> str:
    """Return "SIGKILL" for 9; most real-time signals have no name."""
    return next((one.name for one in signal.Signals if one == number), f"signal {number}")


def why_not_listen(
    host: str, port: int, *, settings: tuple[str, str] = ("PORTAL_HOST", "PORT")
) -> str:
    """Return why nothing can listen there, in a sentence that names the *settings* of host and
    port, or '' when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return (
                    f"Port {port} of {host} is in use. "
                    f"Stop what uses it, or set {settings[1]} to another one."
                )
            return f"Port {port} of {host} cannot be listened on ({error.strerror}). " + (
                f"Check {settings[0]} and {settings[1]}."
            )
    return ""


def log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"
    )
    for name in ("huey", "huey.consumer", "alembic", "_granian", "granian"):
        logging.getLogger(name).setLevel(logging.WARNING)
