"""`python -m tests.bench.floor web | worker`: the floor's processes, as many as the product's."""

from __future__ import annotations

import multiprocessing
import sys

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from tests.bench.floor.setting import PORT


def web() -> None:
    multiprocessing.set_start_method("fork", force=True)
    Server(
        "tests.bench.floor.web:app",
        address="127.0.0.1",
        port=PORT,
        interface=Interfaces.WSGI,
        workers=2,
        blocking_threads=2,
        log_access=False,
        log_level=LogLevels.warning,
        websockets=False,
    ).serve()


def worker() -> None:
    from tests.bench.floor.work import huey

    huey.create_consumer(workers=2, worker_type="process", initial_delay=0.05, max_delay=0.25).run()


if __name__ == "__main__":
    {"web": web, "worker": worker}[sys.argv[1]]()
