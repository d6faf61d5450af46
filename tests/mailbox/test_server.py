"""The local mailbox takes real mail, keeps all it took, and stops when told."""

from __future__ import annotations

import os
import smtplib
import socket
import stat
import threading

import pytest

from portal import kept_mail, mailbox
from tests.mailbox.conftest import served


def test_what_was_sent_lies_in_the_folder(running, folder, post, letter):
    post(letter())
    (path,) = folder.glob("*.eml")
    content = path.read_bytes()
    assert content.startswith(
        b"Return-Path: <portal@acme.example>\r\nDelivered-To: carl@client.example\r\n"
    )
    assert b"Subject: Sign in to Acme\r\n" in content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_messages_sort_by_time_and_the_newest_is_first(running, folder, post, letter):
    for subject in ("one", "two", "three"):
        post(letter(subject))
    assert [each.subject for each in kept_mail.newest(folder)] == ["three", "two", "one"]
    assert [each.subject for each in kept_mail.newest(folder, most=1)] == ["three"]


def test_a_hundred_senders_at_once_lose_nothing(running, folder, letter):
    def send_ten(who: int) -> None:
        with smtplib.SMTP("127.0.0.1", running.port, "test") as line:
            for n in range(10):
                line.send_message(letter(f"{who}-{n}"))

    senders = [threading.Thread(target=send_ten, args=(who,)) for who in range(10)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    subjects = {each.subject for each in kept_mail.newest(folder)}
    assert subjects == {f"{who}-{n}" for who in range(10) for n in range(10)}
    assert not list(folder.glob(".*"))


def test_more_than_ten_megabytes_are_refused(running, folder, letter):
    message = letter(text="x" * 70 + "\n" + ("y" * 70 + "\n") * 160_000)
    with smtplib.SMTP("127.0.0.1", running.port, "test") as line:
        with pytest.raises(smtplib.SMTPException) as refused:
            line.send_message(message)
        assert "552" in str(refused.value)
    assert kept_mail.ids(folder) == []


def test_letters_beyond_ascii_before_the_at_are_taken(running, folder):
    with smtplib.SMTP("127.0.0.1", running.port, "test") as line:
        line.sendmail(
            "portal@acme.example",
            ["jürgen@client.example"],
            "To: jürgen@client.example\r\nSubject: Grüße\r\n\r\nHi\r\n".encode(),
            ["SMTPUTF8", "BODY=8BITMIME"],
        )
    (summary,) = kept_mail.newest(folder)
    assert (summary.to, summary.subject) == ("jürgen@client.example", "Grüße")


def test_a_folder_that_cannot_be_written_is_a_temporary_refusal(running, folder, letter, post):
    for each in folder.iterdir():
        each.unlink()
    folder.rmdir()
    folder.write_text("in the way")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        post(letter())
    assert refused.value.smtp_code == 451


def test_a_domain_that_cannot_exist_is_refused_as_a_mail_server_would(running, folder):
    with smtplib.SMTP("127.0.0.1", running.port, "test") as line:
        line.ehlo()
        line.mail("portal@acme.example")
        assert line.rcpt("gone@old-address.INVALID") == (550, b"5.1.2 There is no such domain")
        assert line.rcpt("carl@invalid.example")[0] == 250
    assert kept_mail.ids(folder) == []


def test_it_listens_on_loopback_alone(running):
    assert running.port > 0
    with socket.create_connection(("127.0.0.1", running.port), 5) as line:
        assert line.recv(100).startswith(b"220 localhost Portico local mailbox")
        assert line.getpeername()[0] == "127.0.0.1"


def test_a_port_in_use_is_an_error(running, folder):
    with pytest.raises(OSError, match="in use"):
        mailbox.Mailbox(folder, running.port)


def test_it_stops_with_talks_open_and_lets_go_of_its_port(folder):
    box = mailbox.Mailbox(folder)
    with served(box):
        line = socket.create_connection(("127.0.0.1", box.port), 5)
        line.recv(100)
    with line:
        assert line.recv(100) == b""
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", box.port), 5)


def test_an_unfinished_file_is_no_message(folder):
    message_id = kept_mail.keep(folder, b"Subject: whole\r\n\r\nHi\r\n")
    (folder / f".{message_id}.part").write_bytes(b"Subject: half")
    (folder / "notes.eml").write_bytes(b"Subject: not ours")
    os.symlink("/etc/passwd", folder / "passwd.eml")
    assert kept_mail.ids(folder) == [message_id]
