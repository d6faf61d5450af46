"""`portal run`: what it prints, what it leaves in its home, and when it refuses."""

from __future__ import annotations

import os
import pwd
import re
import signal
import smtplib
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.cli.conftest import Command, complains
from tests.live import Portico
from tests.postman import Postman
from tests.servers import free_port
from tests.surfer import Owner, Surfer
from tests.wait import wait_for

LONG = "https://" + "portal." * 6 + "example.com"
BAD_SETTINGS = {
    "a URL without a scheme": ({"PORTAL_URL": "portal.example.com"}, "https://portal.example.com"),
    "an unknown scheme": ({"PORTAL_URL": "ftp://portal.example.com"}, "PORTAL_URL must look like"),
    "a URL with a path": ({"PORTAL_URL": "https://example.com/portal"}, "without a path"),
    "a URL with a bad port": ({"PORTAL_URL": "http://127.0.0.1:99999"}, "PORTAL_URL has a port"),
    "http in public": ({"PORTAL_URL": "http://portal.example.com"}, "must begin with https://"),
    "a URL too long for mail": ({"PORTAL_URL": LONG}, "Use a shorter host name"),
    "no mail server in public": ({"PORTAL_URL": "https://portal.example.com"}, "PORTAL_SMTP_URL"),
    "no limits in public": (
        {
            "PORTAL_URL": "https://portal.example.com",
            "PORTAL_SMTP_URL": "smtp://mail.example.com",
            "PORTAL_LIMITS": "off",
        },
        "PORTAL_LIMITS=off is accepted only while PORTAL_URL is loopback",
    ),
    "a short key": ({"PORTAL_SECRET_KEYS": "tooshort"}, "PORTAL_SECRET_KEYS: each key needs"),
    "an unknown database": ({"PORTAL_DATABASE_URL": "mysql://localhost/x"}, "PORTAL_DATABASE_URL"),
    "an unknown queue": ({"PORTAL_QUEUE_URL": "amqp://localhost"}, "PORTAL_QUEUE_URL: must begin"),
    "a database that is away": (
        {"PORTAL_DATABASE_URL": "postgresql://ada:secret@127.0.0.1:1/portal"},
        "The database does not answer",
    ),
    "a database in no folder": (
        {"PORTAL_DATABASE_URL": "sqlite:////nowhere/portal.db"},
        "The database does not answer",
    ),
    "a queue that is away": (
        {"PORTAL_QUEUE_URL": "postgresql://ada:secret@127.0.0.1:1/queue"},
        "PORTAL_QUEUE_URL: the queue cannot be opened",
    ),
    "a mail server without a name": ({"PORTAL_SMTP_URL": "smtp://"}, "smtp://host:port"),
    "a mail server's odd port": ({"PORTAL_SMTP_URL": "smtp://mail:one"}, "smtp://host:port"),
    "a mail option misspelt": (
        {"PORTAL_SMTP_URL": "smtp://mail.example.com?starttls=no"},
        "?starttls=never",
    ),
    "no sender": ({"PORTAL_MAIL_FROM": "nobody"}, "PORTAL_MAIL_FROM: must look like"),
    "no number": ({"PORT": "eighty"}, "PORT: Input should be a valid integer"),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_a_bad_setting_is_named_in_one_line(portal: Command, case: str) -> None:
    environment, words = BAD_SETTINGS[case]
    done = portal("run", **environment)
    complains(done, words)
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    "case", ["a short key", "no mail server in public", "a database that is away"]
)
def test_the_program_says_no_more_than_that_line(program: Command, case: str) -> None:
    environment, words = BAD_SETTINGS[case]
    complains(program("run", **environment), words)


def test_an_address_of_another_machine_is_named(program: Command) -> None:
    complains(program("run", PORTAL_HOST="192.0.2.1"), "cannot be listened on")


def test_two_bad_settings_are_both_named(portal: Command) -> None:
    done = portal("run", PORTAL_WORKERS="0", PORTAL_SECRET_KEYS="tooshort")
    assert done.returncode == 2
    assert "PORTAL_WORKERS" in done.stderr
    assert "PORTAL_SECRET_KEYS" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_home_below_a_file_is_named(portal: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    complains(
        portal("run", PORTAL_HOME=str(tmp_path / "file" / "home")), "PORTAL_HOME", "file/home"
    )


def test_a_home_of_someone_else_is_named(tmp_path: Path) -> None:
    """Root may write anywhere, so it becomes nobody first."""
    home = tmp_path / "roots"
    home.mkdir(mode=0o555)
    nobody = pwd.getpwnam("nobody").pw_uid
    code = (
        "import os, portal.config as config\n"
        f"os.geteuid() or os.setresuid({nobody}, {nobody}, {nobody})\n"
        "config.prepare_home(config.load())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PORTAL_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"PORTAL_HOME: cannot write to {home} (Permission denied)" in done.stderr


@pytest.mark.parametrize("verb", ["run", "web"])
def test_a_port_in_use_is_named(portal: Command, program: Command, verb: str) -> None:
    portal("migrate")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        complains(program(verb, PORT=port), f"Port {port} of 127.0.0.1 is in use")


def test_the_first_start_and_the_next(portico: Callable[..., Portico], tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = portico(PORTAL_HOME=str(home))
    ada = Owner(first)
    used = first.line("Owner sign-in")
    _has_the_lines(first)
    ada.at("contacts/").sees("Carl Carter", "Priya Raman", "Mateusz Kowalski")
    assert len(ada.at("contacts/").soup.select("ul.people li")) == 12
    ada.invites("carl.carter@carter-joinery.example").sees("is on its way")
    wait_for(lambda: len(_kept(home)) == 1)
    assert stat.S_IMODE((home / "secret_keys").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    key = (home / "secret_keys").read_text()
    first.children("web")[1].kill()
    wait_for(lambda: any("Unexpected exit" in line for line in first.log))
    assert first.stop() < 5
    assert len(first.lines) == 4, first.lines

    second = portico(PORTAL_HOME=str(home), PORT=str(first.port))
    _has_the_lines(second)
    assert second.line("Owner sign-in") != used
    Surfer(second.url).opens(used).is_status(410)
    late = Surfer(second.url).opens(second.line("Owner sign-in"))
    again = Owner(second)
    late.presses("Sign in").is_status(410)
    assert len(again.at("contacts/").soup.select("ul.people li")) == 12
    ada.at().sees("Client Portal")  # her session outlived the restart
    assert (home / "secret_keys").read_text() == key
    assert len(_kept(home)) == 1
    again.opens("/mailbox/").sees("Acme")
    Surfer(second.url).opens(second.line("Owner sign-in")).is_status(410)


def test_a_home_in_use_gets_no_demo(
    portal: Command, home: Path, portico: Callable[..., Portico]
) -> None:
    assert portal("migrate").returncode == 0
    assert portal("account", "create", "Birch", "--owner", "bea@birch.example").returncode == 0
    running = portico(PORTAL_HOME=str(home), wait=False)
    wait_for(lambda: len(running.lines) == 2, within=20)
    assert running.lines == ["Portico is ready.", f"Mailbox: {running.url}/mailbox/"]
    Surfer(running.url).opens("/p/birch/").is_status(200)
    Surfer(running.url).opens("/p/acme/").is_status(404)


def test_what_watches_holds_nothing_that_a_fork_would_share(
    portico: Callable[..., Portico],
) -> None:
    watching = psutil.Process(portico().process.pid)
    assert watching.num_threads() == 1
    assert [one.path for one in watching.open_files() if "portal.db" in one.path] == []


def test_a_mailbox_that_dies_is_started_again_where_it_was(
    portico: Callable[..., Portico], tmp_path: Path
) -> None:
    running = portico(PORTAL_HOME=str(tmp_path))
    (box,) = running.children("mailbox")
    (at,) = [one.laddr.port for one in box.net_connections() if one.status == "LISTEN"]
    box.kill()
    with smtplib.SMTP("127.0.0.1", at, "test", timeout=10) as line:  # waits until it is back
        line.sendmail("portal@acme.example", ["carl@carter.example"], "Subject: Hi\r\n\r\nHi\r\n")
    assert len(_kept(tmp_path)) == 1
    assert any("portal mailbox ended (killed by SIGKILL)" in one for one in running.log)


def test_the_mailbox_takes_what_a_worker_sends_while_all_stop(
    portico: Callable[..., Portico], tmp_path: Path
) -> None:
    running = portico(PORTAL_HOME=str(tmp_path))
    (box,) = running.children("mailbox")
    (at,) = [one.laddr.port for one in box.net_connections() if one.status == "LISTEN"]
    webs, worker = running.children("web"), running.children("worker")[0]
    worker.suspend()  # it has something to send yet
    running.process.terminate()
    _gone, alive = psutil.wait_procs(webs, timeout=8)
    assert alive == []
    try:
        with smtplib.SMTP("127.0.0.1", at, "test", timeout=2) as line:
            line.sendmail("portal@acme.example", ["carl@carter.example"], "Subject: Hi\r\n\r\nHi")
    finally:
        worker.resume()
    assert running.stop() < 5
    assert len(_kept(tmp_path)) == 1
    assert not box.is_running()


def test_ctrl_c_while_a_plugin_is_read_in_ends_it(
    portico: Callable[..., Portico], tmp_path: Path
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "slow.py").write_text(
        "import pathlib, time\n"
        f"home = pathlib.Path({str(tmp_path)!r})\n"
        "if (home / 'tried').exists():\n"  # in a process of its own, before it is read in
        "    (home / 'reading').touch()\n"
        "    time.sleep(30)\n"
        "(home / 'tried').touch()\n"
    )
    running = portico(PORTAL_HOME=str(tmp_path), wait=False)
    wait_for(lambda: (tmp_path / "reading").exists(), within=20)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(5) == -signal.SIGINT
    assert running.lines == []


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_it_runs_where_its_output_was_closed(
    program_environment: dict[str, str], closed: str
) -> None:
    port = program_environment["PORT"]
    command = f'exec "$0" -m portal run {closed}'
    running = subprocess.Popen(["sh", "-c", command, sys.executable], env=program_environment)
    try:
        wait_for(lambda: _is_up(int(port)), within=20)
    finally:
        running.terminate()
        assert running.wait(8) == 0


def test_it_runs_on_when_nobody_reads_its_output_any_more(
    program_environment: dict[str, str],
) -> None:
    port = int(program_environment["PORT"])
    reading, writing = os.pipe()
    os.close(reading)
    running = subprocess.Popen(
        [sys.executable, "-m", "portal", "run"],
        env=program_environment,
        stdout=writing,
        stderr=writing,
    )
    os.close(writing)
    try:
        wait_for(lambda: _is_up(port), within=20)
        for signal_number in (signal.SIGKILL, signal.SIGRTMIN + 1):
            box = wait_for(lambda: _mailboxes(running.pid))[0]
            box.send_signal(signal_number)
            wait_for(lambda before=box: [one for one in _mailboxes(running.pid) if one != before])
        assert running.poll() is None
    finally:
        running.terminate()
        assert running.wait(8) == 0


def _is_up(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def _mailboxes(pid: int) -> list[psutil.Process]:
    return [one for one in psutil.Process(pid).children() if one.name() == "portal mailbox"]


@pytest.fixture
def program_environment(tmp_path: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return {**clean, "PORT": str(free_port()), "PORTAL_HOME": str(tmp_path / "home")}


def test_a_public_portal_keeps_its_owner_link_to_itself(
    portico: Callable[..., Portico], postman: Postman, tmp_path: Path
) -> None:
    running = portico(
        PORTAL_HOME=str(tmp_path / "home"),
        PORTAL_URL="https://portal.example.com",
        PORTAL_SMTP_URL=postman.url,
        wait=False,
    )
    wait_for(lambda: running.lines, within=20)
    running.stop()
    assert running.lines == ["Portico is ready."]
    assert "/admin/in/" not in "".join(running.log)
    assert not (tmp_path / "home" / "mailbox").exists()


def _has_the_lines(running: Portico) -> None:
    wait_for(lambda: len(running.lines) == 4)
    ready, portal_url, owner, mailbox = running.lines
    assert ready == "Portico is ready."
    assert portal_url == f"Client Portal URL: {running.url}/p/acme"
    assert re.fullmatch(rf"Owner sign-in: {running.url}/admin/in/[\w-]{{43}}", owner)
    assert mailbox == f"Mailbox: {running.url}/mailbox/"


def _kept(home: Path) -> list[Path]:
    return list((home / "mailbox").glob("*.eml"))
