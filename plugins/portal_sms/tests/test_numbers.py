"""Whom Ada's account writes to: numbers as they are typed, countries, and how many an hour."""

from __future__ import annotations

import pytest

from portal.channel import AccountInfo, PermanentError, Settings
from portal_sms.tests.conftest import ACME, CARL

NOWHERE = AccountInfo(slug="acme", name="Acme")


@pytest.mark.parametrize(
    "typed", [CARL, "07400 123456", "(07400) 123 456", "+44 (0)7400 123456", "0044 7400 123456"]
)
def test_a_number_is_read_as_the_accounts_country_writes_it(sms, typed):
    assert sms.normalise_address(typed, Settings(account=ACME)) == CARL


def test_the_settings_country_goes_before_the_accounts(sms):
    settings = Settings({"country": "DE"}, account=ACME)
    assert sms.normalise_address("0151 23456789", settings) == "+4915123456789"
    with pytest.raises(PermanentError, match="to United Kingdom are not allowed"):
        sms.normalise_address(CARL, settings)


@pytest.mark.parametrize("typed", ["", "carl", "999", "+44 7400", "+999 123456789", "07400"])
def test_what_is_no_number_is_refused(sms, typed):
    with pytest.raises(PermanentError) as caught:
        sms.normalise_address(typed, Settings(account=ACME))
    assert caught.value.cause == "bad_address"


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+4915123456789", "Germany"),
        ("+18095551234", "Dominican Republic"),
        ("+18764012345", "Jamaica"),
        ("+37120212345", "Latvia"),
        ("+447781123456", "Guernsey"),
    ],
)
def test_other_countries_are_refused_unless_listed(sms, number, country):
    with pytest.raises(PermanentError, match=f"to {country} are not allowed") as caught:
        sms.normalise_address(number, Settings(account=ACME))
    assert caught.value.cause == "not_allowed"
    listed = Settings({"countries": "de, DO JM;lv GG"}, account=ACME)
    assert sms.normalise_address(number, listed) == number
    with pytest.raises(PermanentError, match="United Kingdom"):
        sms.normalise_address(CARL, listed)


def test_an_account_without_a_country_writes_to_nobody(sms):
    with pytest.raises(PermanentError, match="Choose one in the settings of SMS") as caught:
        sms.normalise_address(CARL, Settings(account=NOWHERE))
    assert caught.value.cause == "not_allowed"
    assert sms.normalise_address(CARL, Settings({"countries": "GB"}, account=NOWHERE)) == CARL


def test_premium_numbers_are_refused(sms):
    with pytest.raises(PermanentError, match="Premium-rate") as caught:
        sms.normalise_address("0909 8790000", Settings(account=ACME))
    assert caught.value.cause == "not_allowed"


def test_only_so_many_go_out_in_an_hour(sms, serve, gateway_at, owed):
    server, asked = serve(200), []

    def allows(name: str, limit: int, seconds: int) -> bool:
        asked.append((name, limit, seconds))
        return len(asked) <= limit

    settings = Settings(gateway_at(server, hourly_cap=2), account=ACME, allows=allows)
    sms.send(owed(), settings)
    sms.send(owed(), settings)
    with pytest.raises(PermanentError, match="limit of 2 text messages an hour") as caught:
        sms.send(owed(), settings)
    assert caught.value.cause == "not_allowed"
    assert asked == [("hour", 2, 3600)] * 3
    assert len(server.requests) == 2


def test_a_number_that_may_not_be_written_to_is_not_sent_and_not_counted(
    sms, serve, gateway_at, owed
):
    server = serve(200)
    settings = Settings(gateway_at(server), account=ACME, allows=lambda *_: 1 / 0)
    with pytest.raises(PermanentError, match="not allowed"):
        sms.send(owed("+4915123456789"), settings)
    assert server.requests == []


def test_a_hundred_an_hour_is_the_default(sms, serve, gateway_at, owed):
    asked: list[int] = []
    count = Settings(
        gateway_at(serve(200)), account=ACME, allows=lambda _n, m, _s: not asked.append(m)
    )
    sms.send(owed(), count)
    assert asked == [100]
