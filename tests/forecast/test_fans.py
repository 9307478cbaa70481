"""What was forecast of pairs from past origins, as a backtest and the ledger have it."""

import numpy as np
import pytest
import xarray as xr

from crossover.forecast import fans
from crossover.forecast.ledger_file import Entry
from crossover.forecast.past_forecasts import forecast_of
from crossover.forecast.skill import FULL, LEVELS, SERIES


def made(model, origin=2010):
    """Return a forecast of two series: quantiles are level times a thousand, a hundred a year."""
    names = xr.Dataset(
        {"value": ((SERIES, "year"), np.zeros((2, 1)))},
        coords={SERIES: ["dyads/RUS-CHN", "imports/CHN"], "year": [origin],
                "target": (SERIES, ["dyads", "imports"]), "unit": (SERIES, ["RUS-CHN", "CHN"])},
    )  # fmt: skip
    ahead = 100.0 * np.arange(1, 3)
    values = np.broadcast_to(1000.0 * LEVELS + ahead[:, None], (2, 2, len(LEVELS)))
    return forecast_of(model, origin, 2, names, values, None, None)


def test_a_backtest_tells_of_pairs_by_our_model_alone():
    table = fans.of_backtest([made(FULL), made("persistence"), made(FULL, 2014)])
    assert tuple(table.columns) == fans.COLUMNS
    assert set(table["supplier"]) == {"RUS"} and set(table["recipient"]) == {"CHN"}
    assert table["origin"].tolist() == [2010, 2010, 2014, 2014]
    assert table["year"].tolist() == [2011, 2012, 2015, 2016]
    first = table.iloc[0]
    assert [first[name] for name in fans.BANDS] == pytest.approx([150, 350, 600, 850, 1050])
    assert table.iloc[1]["q50"] == pytest.approx(700)


def test_a_backtest_without_our_model_has_an_empty_table():
    table = fans.of_backtest([made("persistence")])
    assert table.empty and tuple(table.columns) == fans.COLUMNS


def entry(**changed):
    levels = [round(0.025 * k, 3) for k in range(1, 40)]
    usual = dict.fromkeys(Entry._fields, "") | {
        "seq": 1, "run": "r1", "kind": "quantity", "question": "deliveries", "supplier": "RUS",
        "recipient": "CHN", "scenario": "baseline", "origin": 2024, "created": "2026-01-01",
        "forecast": {"levels": levels,
                     "quantiles": {"2026": [2 * q for q in levels], "2025": levels}},
    }  # fmt: skip
    return Entry(**(usual | changed))


def test_the_ledger_tells_of_deliveries_of_the_baseline_alone():
    others = [entry(question="exports"), entry(kind="state"), entry(scenario="peace")]
    (found,) = fans.of_ledger([*others, entry()])
    assert (found["supplier"], found["recipient"], found["origin"]) == ("RUS", "CHN", 2024)
    assert found["year"] == [2025, 2026]
    assert found["q05"] == pytest.approx([0.05, 0.1]) and found["q95"] == pytest.approx([0.95, 1.9])
