"""Benchmarks beside the ledger: of the same day, on the same outcomes."""

import numpy as np
import pytest

from crossover.data.names import BASELINE
from crossover.forecast import baselines, ledger, rivals, scores, scoring
from crossover.forecast.ledger_file import Entry

NEXT_YEAR = 2025


def said(question, country="", as_of="2025-12-31", high=60.0):
    values = np.linspace(0.0, high, len(scores.LEVELS)).tolist()
    forecast = {"levels": list(scores.LEVELS), "quantiles": {str(NEXT_YEAR): values}}
    return Entry(
        1, "r1", ledger.QUANTITY, question, country, "all", "RUS", "CHN", BASELINE, 2024, as_of,
        {}, forecast, 1000, "", "", "", "", "",
    )  # fmt: skip


ENTRIES = [said("deliveries"), said("exports", "RUS", high=6000.0), said("imports", "CHN")]


@pytest.fixture(scope="module")
def rows():
    return scoring.score(ENTRIES)


@pytest.fixture(scope="module")
def beside(rows):
    return rivals.score(ENTRIES, rows)


def test_every_benchmark_of_tiv_is_scored_on_every_outcome_of_the_ledger(rows, beside):
    models = {row.run for row in beside}
    assert set(baselines.POINTS) <= models <= set(baselines.NAMES) - rivals.NOT_HERE
    for model in models:
        assert [
            (r.question, r.country, r.year, r.release, r.outturn) for r in beside if r.run == model
        ] == [(r.question, r.country, r.year, r.release, r.outturn) for r in rows]
    assert all(np.isfinite(row.crps_log1p) for row in beside)


def test_a_benchmark_sees_what_was_known_on_the_day_and_no_later_year(beside):
    # Russia to China 2022-2024 as known on 31 December 2025 (release of 2025-01-03 to 2023, and
    # the year 2024 dated by the usual delay): nothing of 2025 moves the rule's centre.
    row = next(r for r in beside if r.run == "persistence" and r.question == "deliveries")
    assert 25.0 < row.median < 900.0
    assert row.outturn == 25.0


def test_runs_that_asked_the_same_on_one_day_count_once(rows, beside):
    again = [row._replace(run="r2") for row in rows]
    entries = [*ENTRIES, *(entry._replace(run="r2") for entry in ENTRIES)]
    assert len(rivals.score(entries, [*rows, *again])) == len(beside)


def test_a_pair_without_recent_deliveries_is_forecast_and_one_that_never_traded_is_not():
    quiet, never = (
        said("deliveries")._replace(supplier=s, recipient=r)
        for s, r in (("UKR", "RUS"), ("CHN", "USA"))
    )
    rows = scoring.score([quiet, never])
    assert rows
    assert {row.supplier for row in rivals.score([quiet, never], rows)} == {"UKR"}
