"""The client of the World Bank's interface, against a local server that speaks as it does."""

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from crossover.data import sources
from crossover.data.errors import InputError
from crossover.data.sources import worldbank_api, worldbank_client
from crossover.data.sources.worldbank_client import Manner
from tests.data.samples import api_page, api_row


@contextlib.contextmanager
def server(answer, paths=None):
    """Serve `answer(query, n)` → (status, body, wait in s); yield the address and requests.

    The path of each request is put into `paths` before it is answered.
    """
    requests: list[tuple[str, dict]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            query = {key: found[0] for key, found in parse_qs(parts.query).items()}
            requests.append((parts.path, query))
            if paths is not None:
                paths.append(parts.path)
            status, body, wait = answer(query, len(requests))
            time.sleep(wait)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json;charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *args):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}/v2", requests
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


@contextlib.contextmanager
def no_server():
    """Give an address at which nobody listens, and nobody else can."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v2"


def fetch(url: str, indicator: str = "rd_share", progress=None, **options) -> list:
    manner = Manner(**{"per_page": 2, "timeout": 5.0, "attempts": 3, "pause": 0.001} | options)
    return worldbank_client.fetch(indicator, base_url=url, manner=manner, progress=progress)


ROWS = [api_row("CHN", 2020, 2.41), api_row("RUS", 2020, 1.1), api_row("CHN", 2019, 2.2)]


def pages(query: dict, _: int):
    page = int(query["page"])
    return 200, api_page(ROWS[2 * page - 2 : 2 * page], page, 2), 0.0


def test_all_pages_are_fetched_and_told_of():
    told = []
    with server(pages) as (url, requests):
        found = fetch(url, progress=lambda *step: told.append(step))
    assert [path for path, _ in requests] == ["/v2/country/all/indicator/GB.XPD.RSDV.GD.ZS"] * 2
    assert [(q["page"], q["per_page"], q["format"]) for _, q in requests] == [
        ("1", "2", "json"),
        ("2", "2", "json"),
    ]
    assert told == [(1, 2), (2, 2)]
    (batch,) = worldbank_api.parse(found, "answer")
    assert [(r.country, r.year, r.value, r.vintage) for r in batch.rows] == [
        ("CHN", 2020, 2.41, "2022-12-20"),
        ("RUS", 2020, 1.1, "2022-12-20"),
        ("CHN", 2019, 2.2, "2022-12-20"),
    ]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_fails_once_is_asked_again(status):
    def answer(query, n):
        return (status, b"", 0.0) if n == 1 else pages(query, n)

    with server(answer) as (url, requests):
        assert len(fetch(url)) == 2
    assert [query["page"] for _, query in requests] == ["1", "1", "2"]


def test_a_server_that_goes_on_failing_ends_in_one_message():
    with (
        server(lambda *_: (500, b"", 0.0)) as (url, requests),
        pytest.raises(InputError, match="the server answered 500"),
    ):
        fetch(url)
    assert len(requests) == 3


def test_a_page_that_is_not_there_is_not_asked_for_again():
    with (
        server(lambda *_: (404, b"", 0.0)) as (url, requests),
        pytest.raises(InputError, match="the server answered 404"),
    ):
        fetch(url)
    assert len(requests) == 1


def test_a_server_that_does_not_answer_in_time_is_asked_again_and_then_given_up():
    given_up = threading.Event()

    def silent(*_):
        given_up.wait()
        return 200, [], 0.0

    with server(silent) as (url, requests):
        with pytest.raises(InputError, match="did not answer in time, 2 attempts"):
            fetch(url, timeout=0.1, attempts=2)
        # However late the server's threads get to read them, there are two.
        while len(requests) < 2:
            time.sleep(0.01)
        given_up.set()
    assert len(requests) == 2


def test_no_server_at_all_is_no_connection():
    with no_server() as url, pytest.raises(InputError, match="no connection"):
        fetch(url, attempts=2)


@pytest.mark.parametrize("body", [b"<html>Down for maintenance</html>", b'[{"page": 1,'])
def test_an_answer_that_is_not_json_is_refused(body):
    with (
        server(lambda *_: (200, body, 0.0)) as (url, _),
        pytest.raises(InputError, match="the answer is not JSON"),
    ):
        fetch(url)


def test_a_refusal_of_the_interface_is_passed_on_in_its_words():
    refusal = [{"message": [{"id": "120", "key": "Invalid value", "value": "Not valid"}]}]
    with (
        server(lambda *_: (200, refusal, 0.0)) as (url, _),
        pytest.raises(InputError, match="refused the request: Not valid"),
    ):
        fetch(url)


@pytest.mark.parametrize("indicator", ["rd_shares", "milex_constant"])
def test_an_indicator_that_the_world_bank_does_not_have_is_never_asked_for(indicator):
    with server(pages) as (url, requests):
        with pytest.raises(InputError, match=r"unknown indicator: must be one of rd_share"):
            fetch(url, indicator)
        assert requests == []


def test_what_was_fetched_is_saved_and_read_back_as_a_file(tmp_path):
    with server(pages) as (url, _):
        worldbank_client.save(fetch(url), tmp_path / "rd.json")
    assert [path.name for path in tmp_path.iterdir()] == ["rd.json"]
    _, (batch,) = sources.read_file(tmp_path / "rd.json")
    assert (batch.series, batch.official, len(batch.rows)) == ("rd_share", True, 3)


def test_countries_outside_the_sample_groups_and_blanks_are_left_out(put):
    rows = [api_row("WLD", 2020, 2.0), api_row("TGO", 2020, 1.0), api_row("CHN", 2020, None),
            api_row("", 2020, 1.0), api_row("RUS", 2020, 1.1)]
    _, (batch,) = sources.read_file(put("a.json", json.dumps(api_page(rows))))
    assert [row.country for row in batch.rows] == ["RUS"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([api_page(ROWS[:2], 1, 2)], "pages are missing: has [1] of 2"),
        (api_page([api_row("CHN", 2020, 25)]), "must not be above 20"),
        (api_page([api_row("QQQ", 2020, 2)]), "'QQQ': unknown country"),
        (api_page([api_row("CHN", 2020, 2, "GB.XPD")]), "'GB.XPD': unknown indicator"),
        (api_page([{"date": "2020"}]), "row 1 of page 1 has not the known fields"),
        (api_page(ROWS, updated="lately"), "'lately': must be a date"),
        ([1, 2], "must be [head, rows]"),
        ([], "must be [head, rows]"),
    ],
)
def test_a_bad_answer_in_a_file_is_named(refused, answer, said):
    message = refused("a.json", json.dumps(answer))
    assert message.startswith("a.json")
    assert said in message


def test_half_an_answer_in_a_file_is_refused(refused):
    assert "is not whole JSON" in refused("a.json", json.dumps(api_page(ROWS))[:-9])
