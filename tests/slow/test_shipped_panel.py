"""The joint model on the panel that ships: it converges on every seed, and finds what is known.

A real fit a seed (a quarter of an hour for all): draws are the sampler's. What is asserted of
draws lies far from its bound; each test prints what it found.
"""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from crossover.data.names import DRAW, SUPPLIER
from crossover.data.tables import PANEL
from crossover.forecast import fit, gate, predictive_checks, simulate, stored_run
from crossover.models import priors

pytestmark = pytest.mark.slow

SEEDS = (20260424, 20260425, 20260426)
ROSE = {"KOR": 2010, "TUR": 2010}
"""Suppliers whose rise is known, and the year from which they rose. France's recovery is one of
large orders, not of many: capacity, which is read off their number, does not show it."""
FELL = {"UKR": 2010, "GBR": 2000}
"""Suppliers whose fall is known."""


@pytest.fixture(scope="module")
def panel():
    return stored_run.known_on(None, [PANEL])


@pytest.fixture(scope="module", params=SEEDS)
def fitted(request, panel):
    return fit.fit(panel, priors.load(), seed=request.param)


def change(tree: xr.DataTree, code: str, since: int) -> np.ndarray:
    """Change of a supplier's capacity against the mean of all, from a year to the last (draw)."""
    theta = tree["posterior"]["supplier_capacity"].stack({DRAW + "s": ("chain", DRAW)})
    theta = theta - theta.mean(SUPPLIER)
    own = theta.sel({SUPPLIER: code})
    return (own.isel(year=-1) - own.sel(year=since)).values


def test_the_fit_passes_the_gate(fitted):
    verdict = gate.judge(fitted)
    for row in verdict["checks"]:
        print(row["name"], row["value"], row.get("where", ""))
    assert verdict["passed"]


def test_suppliers_whose_rise_or_fall_is_known_are_found(fitted):
    for known, sign in ((ROSE, 1.0), (FELL, -1.0)):
        for code, since in known.items():
            moved = sign * change(fitted, code, since)
            print(code, since, round(float((moved > 0).mean()), 3), np.round(moved.mean(), 2))
            assert (moved > 0).mean() > 0.8, code


def test_all_orders_of_every_supplier_are_about_as_many_as_expected(fitted):
    table = predictive_checks.predictive(fitted, "posterior", seed=1)
    won = table[table["check"].str.startswith("orders won by")].copy()
    won["ratio"] = won["median"] / won["observed"]
    print(won[["check", "observed", "median", "ratio"]].to_string())
    whole = won[won["check"].str.endswith("whole window") & (won["observed"] >= 50)]
    assert whole["ratio"].between(0.9, 1.1).all()


def test_deliveries_move_in_the_futures_as_they_did(fitted):
    table = predictive_checks.dynamics(fitted, seed=1)
    inside = table[table["check"].str.endswith("suppliers inside the 90 % band")]
    print(inside[["check", "observed", "median", "q05"]].to_string())
    # 14, 11, 14 and 13 of 16 on the first seed; 14 are what the model should reach.
    assert (inside["observed"] >= 9).all()


def test_what_is_on_order_comes_in_the_next_years(fitted):
    """Exports of 2026 to 2028 of sellers with large books, against what they have on order."""
    world = simulate.world(fitted, seed=1, years=3, draws=400)
    sold = world["deliveries"].sum(("recipient", "year_future"))
    inputs = fitted["constant_data"].to_dataset()
    codes = [str(c) for c in inputs[SUPPLIER].values]
    for code in ("KOR", "ISR", "FRA"):
        own = inputs["open_supplier"].values == codes.index(code)
        book = float(inputs["open_left"].values[own].sum())
        values = sold.sel({SUPPLIER: code}).values
        low, middle, high = np.quantile(values, [0.05, 0.5, 0.95]).round()
        print(code, "on order", round(book), "to come", low, middle, high)
        # Three years of a book that takes about six, and what is newly ordered beside it.
        assert 0.2 * book < middle < 1.2 * book
