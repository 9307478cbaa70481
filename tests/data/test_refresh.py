"""Refreshing from the World Bank: answers go the same way as files, all series or none."""

import datetime

import pytest

from crossover.data import kept
from crossover.data.errors import InputError
from crossover.data.refresh import refresh, served
from crossover.data.sources.worldbank_client import Manner
from tests.data.samples import api_page, api_row
from tests.data.test_world_bank_api import server

TODAY = datetime.date(2024, 6, 1)
CODES = {"GB.XPD.RSDV.GD.ZS": 2.5, "SP.POP.TOTL": 1410.0}
SERIES = ("rd_share", "population")


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def serving(updated="2023-06-29", change=lambda query, n, answer: answer):
    """Answer as the interface does: two pages, the series named in the path."""
    seen = []

    def answer(query, n):
        code = seen[-1].rsplit("/", 1)[1]
        rows = [api_row("CHN", 2021, CODES[code], code), api_row("RUS", 2021, CODES[code], code)]
        page = int(query["page"])
        return change(query, n, (200, api_page(rows[page - 1 : page], page, 2, updated, 2), 0.0))

    return seen, answer


def run(small_panel, store, seen, answer, **options):
    with server(answer, seen) as (url, _):
        given = {"series": SERIES, "today": TODAY, "timeout": 5.0}
        manner = Manner(attempts=2, pause=0.001)
        return refresh(store, small_panel, base_url=url, manner=manner, **(given | options))


def test_what_is_new_of_each_series_is_added_once(small_panel, store):
    added = run(small_panel, store, *serving())
    assert {(c.series, c.vintage, c.rows, c.held) for c in added.examined.changes} == {
        ("rd_share", "2023-06-29", 2, 0), ("population", "2023-06-29", 2, 0)
    }
    assert [f["name"] for f in added.examined.files] == [f"{code}.json" for code in CODES]
    again = run(small_panel, store, *serving())
    assert again.folder is None and len(kept.listing(store)) == 1


def test_a_dry_run_writes_nothing(small_panel, store):
    added = run(small_panel, store, *serving(), dry_run=True)
    assert added.examined.tables and not store.exists()


def late_failure(status, body, wait=0.0):
    return lambda query, n, answer: (status, body, wait) if n > 3 else answer


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (late_failure(500, b""), {}, "the server answered 500"),
        (late_failure(200, b'[{"page": 2, "pages": 2'), {}, "the answer is not JSON"),
        (late_failure(200, [], 0.5), {"timeout": 0.1}, "did not answer in time"),
        (late_failure(200, api_page([], 2, 2, "2023-07-01")), {}, "pages are of different"),
        (late_failure(200, api_page([], 3, 3, "2023-06-29")), {}, "pages are missing"),
        (late_failure(200, api_page([api_row("CHN", 2021, -1.0, "SP.POP.TOTL")], 2, 2,
                                    "2023-06-29")), {}, "must not be below 0"),
    ],
    ids=["status", "truncated", "timeout", "changed meanwhile", "wrong page", "bad figure"],
)
def test_a_failure_in_the_last_page_adds_nothing_of_any_series(
    small_panel, store, change, options, said
):
    with pytest.raises(InputError, match=said):
        run(small_panel, store, *serving(change=change), **options)
    assert kept.listing(store) == []


def test_a_server_that_recovers_is_no_failure(small_panel, store):
    def once(query, n, answer):
        return (503, b"", 0.0) if n in (1, 3) else answer

    assert run(small_panel, store, *serving(change=once)).folder is not None


def test_an_unknown_series_is_refused_before_anything_is_asked(small_panel, store):
    seen, answer = serving()
    with pytest.raises(InputError, match="unknown indicator"):
        run(small_panel, store, seen, answer, series=["rd_shares"])
    assert seen == [] and "rd_share" in served()
