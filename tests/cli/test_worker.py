"""What operators do about messages: send what is due once, and try the channels."""

from __future__ import annotations

from tests.cast import Client, Staff, World
from tests.cli.conftest import Command
from tests.postman import Postman


def test_what_is_due_is_sent_and_the_command_ends(
    portal: Command, world: World, ada: Staff, carl: Client
) -> None:
    ada.invites(carl.email)
    assert world.postman.letters == []
    settings = world.app.config["PORTAL_SETTINGS"]
    environment = {
        "PORTAL_HOME": str(settings.home),
        "PORTAL_DATABASE_URL": settings.database_url,
        "PORTAL_SMTP_URL": settings.smtp_url,
    }
    done = portal("worker", "--once", **environment)
    assert done.returncode == 0, done.stderr
    assert [letter.to for letter in world.postman.letters] == [[carl.email]]


def test_an_operator_sees_which_channels_work(portal: Command, postman: Postman) -> None:
    here = portal("channels", PORTAL_SMTP_URL=postman.url).stdout
    assert "email  E-mail  works" in here
    assert "sms  SMS  the operator has not set it up; accounts may have" in here
    assert "local mailbox" not in here
    away = portal("channels", PORTAL_SMTP_URL="smtp://127.0.0.1:1").stdout
    assert "email  E-mail  fails: The mail server could not be reached." in away


def test_where_the_local_mailbox_takes_e_mail_the_list_of_channels_says_so(portal: Command) -> None:
    here = portal("channels").stdout
    assert "email  E-mail  the operator has not set it up; accounts may have" in here
    assert "while `portal run` is up, its local mailbox takes e-mail" in here
    elsewhere = portal("channels", PORTAL_URL="https://portal.example").stdout
    assert "local mailbox" not in elsewhere
