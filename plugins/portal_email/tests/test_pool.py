"""Lines that are kept: a few, each for its own server, none for two at once."""

from __future__ import annotations

import threading

from portal_email import connection as connections
from portal_email import pool as pools


def test_accounts_that_take_turns_keep_their_lines(serve, channel_to, owed, account):
    servers = [serve() for _ in range(3)]
    channel = channel_to("")
    for _ in range(4):
        for server in servers:
            channel.send(owed(), account(server))
    assert [len(server.talks) for server in servers] == [1, 1, 1]


def test_the_line_used_longest_ago_makes_room(serve, channel_to, owed, account, monkeypatch):
    monkeypatch.setattr(pools, "MOST_KEPT", 2)
    first, second, third = (serve() for _ in range(3))
    channel = channel_to("")
    for server in (first, second, third):
        channel.send(owed(), account(server))
    assert first.left.wait(5)
    assert first.talks[0][-1] == "QUIT"
    for server in (second, third, first):
        channel.send(owed(), account(server))
    assert [len(server.talks) for server in (first, second, third)] == [2, 1, 1]


def test_a_line_that_rested_too_long_is_closed_by_the_next(
    serve, channel_to, owed, account, monkeypatch
):
    monkeypatch.setattr(connections, "MOST_IDLE", -1.0)
    first, second = serve(), serve()
    channel = channel_to("")
    channel.send(owed(), account(first))
    channel.send(owed(), account(second))
    assert first.left.wait(5)
    assert first.talks[0][-1] == "QUIT"


def test_two_threads_never_talk_on_one_line(serve, channel_to, owed):
    server = serve()
    channel = channel_to(server)
    start = threading.Barrier(4)

    def send(name: str) -> None:
        start.wait()
        for n in range(20):
            channel.send(owed(f"{name}@client.example", key=f"{name}-{n}"))

    threads = [threading.Thread(target=send, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.raw) == 80
    assert 1 <= len(server.talks) <= 4
    for message in server.messages:
        assert message["Message-ID"].startswith(f"<{message['To'].addresses[0].username}-")
    channel.close()
    assert all(talk[-1] == "QUIT" for talk in server.talks)
