"""The World Bank's client against servers that lie, stall, flood and send elsewhere."""

import asyncio
import time

import pytest

from crossover.data.errors import InputError
from crossover.data.sources import worldbank_client
from crossover.data.sources.worldbank_client import Manner
from tests.trust.servers import GOOD, NEVER_ENDS, REFUSED, Script, raw, reply


def fetch(url: str, **options: float) -> list:
    manner = Manner(**{"timeout": 5.0, "attempts": 3, "pause": 0.001, "deadline": 60.0} | options)
    return worldbank_client.fetch("rd_share", base_url=url, manner=manner)


@pytest.mark.parametrize("name", REFUSED)
def test_whatever_a_server_does_ends_in_one_line_and_in_time(name):
    script, said = REFUSED[name]
    deadline = 1.0 if said == NEVER_ENDS else 60.0
    start = time.monotonic()
    with raw(script) as (url, _), pytest.raises(InputError) as error:
        fetch(url, deadline=deadline)
    message = str(error.value)
    assert said in message and message.isprintable() and len(message) < 500
    assert time.monotonic() - start < deadline + 10.0


def in_turn(*replies: bytes) -> Script:
    return lambda send, number: send(replies[number - 1])


def test_a_redirect_on_the_same_server_is_followed():
    moved = reply(b"", "301 Moved", "Location: /v3/country")
    with raw(in_turn(moved, reply())) as (url, requests):
        assert fetch(url) == [GOOD]
    assert requests[1].startswith(b"GET /v3/country")


def test_a_server_is_left_alone_as_long_as_it_asks():
    start = time.monotonic()
    busy = reply(b"", "429 Too Many Requests", "Retry-After: 1")
    with raw(in_turn(busy, reply())) as (url, requests):
        assert fetch(url) == [GOOD]
    assert time.monotonic() - start >= 1.0 and len(requests) == 2


def test_only_what_can_be_unpacked_is_asked_for():
    with raw(in_turn(reply())) as (url, requests):
        fetch(url)
    assert b"accept-encoding: gzip\r\n" in requests[0].lower()


def test_a_notebook_with_a_loop_of_its_own_fetches_too():
    async def cell(url: str) -> list:
        return fetch(url)

    with raw(in_turn(reply())) as (url, _):
        assert asyncio.run(cell(url)) == [GOOD]


def test_an_address_that_is_none_is_named():
    with pytest.raises(InputError, match=r"no connection|is no address"):
        fetch("http://[::1")
