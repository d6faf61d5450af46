"""`wsgi.py` serves under any WSGI server; here the one of the standard library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.surfer import Surfer

SERVE = """
import sys
from wsgiref.simple_server import make_server
from wsgi import app
with make_server("127.0.0.1", 0, app) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
"""
ROOT = Path(__file__).parents[2]


def test_another_server_serves_it(tmp_path: Path) -> None:
    environment = {**os.environ, "PORTAL_HOME": str(tmp_path), "PORTAL_URL": "http://127.0.0.1"}
    run = [sys.executable, "-m", "portal"]
    subprocess.run([*run, "migrate"], env=environment, check=True, capture_output=True)
    opened = ["account", "create", "Acme", "--owner", "ada@acme.example"]
    subprocess.run([*run, *opened], env=environment, check=True, capture_output=True)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout
    with server.stdout:
        base = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        Surfer(base).opens("/p/acme/").is_status(200).sees("Acme")
        page = Surfer(base).opens("/p/acme/")
        page.presses("Email me a sign-in link", email="carl@carter.example").sees("If carl@")
        server.kill()
        server.wait()
