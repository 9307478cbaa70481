"""Odds of events: from earlier origins only, and higher the nearer the threshold is."""

import numpy as np
import pytest
import xarray as xr

from crossover.data.names import EXPORT_CROSSOVER, INDEPENDENCE, RECIPIENT, SUPPLIER, YEAR
from crossover.forecast import event_odds, origins

pytest.importorskip("sklearn", reason="scikit-learn is not installed: uv run --group bench pytest")
ORIGIN = 2016
AHEAD = np.arange(1, 5)


@pytest.fixture(scope="module")
def tiv():
    """Deliveries of ten suppliers to sixteen countries that go up and down, some to zero."""
    rng = np.random.default_rng(11)
    years = np.arange(1985, ORIGIN + 5)
    sellers, buyers = [*"ABCDEFGHIJ"], [*"ABCDEFGHIJKLMNOP"]
    logs = np.cumsum(0.5 * rng.standard_normal((10, 16, len(years))), axis=2)
    logs += 2.0 + rng.standard_normal((10, 16, 1)) - 0.05 * np.arange(len(years))
    found = np.where(logs > 0.5, np.exp(logs), 0.0)
    found[range(10), range(10)] = 0.0
    return xr.DataArray(
        found, dims=(SUPPLIER, RECIPIENT, YEAR),
        coords={SUPPLIER: sellers, RECIPIENT: buyers, YEAR: years},
    )  # fmt: skip


@pytest.fixture(scope="module")
def known(tiv):
    return tiv.sel({YEAR: slice(None, ORIGIN)})


@pytest.fixture(scope="module")
def asked(known):
    return origins.questions(known)


@pytest.fixture(scope="module")
def said(asked, known):
    return event_odds.forecast(asked, known, ORIGIN, AHEAD)


def test_odds_are_probabilities_that_rise_with_the_horizon(said, asked):
    assert said.shape == (asked.sizes["question"], len(AHEAD))
    assert ((said > 0.0) & (said < 1.0)).all()
    assert (np.diff(said[asked["kind"].values == "first_passage"], axis=1) >= 0.0).all()


def test_odds_learn_from_what_had_happened_by_the_origin_and_from_nothing_later(said, asked, tiv):
    later = tiv.copy(deep=True)
    later.loc[{YEAR: slice(ORIGIN + 1, None)}] = 1000.0
    known = later.sel({YEAR: slice(None, ORIGIN)})
    assert np.array_equal(said[:, :1], event_odds.forecast(asked, known, ORIGIN, AHEAD[:1]))
    for past in origins.earlier(known, ORIGIN, AHEAD):
        last = int(past.known[YEAR].values[-1])
        assert last < ORIGIN and last + past.happened.shape[1] <= ORIGIN
        assert np.isfinite(past.happened).all()


def test_the_nearer_to_the_threshold_the_higher_the_odds(said, asked, known):
    for event in (EXPORT_CROSSOVER, INDEPENDENCE):
        own = asked["event"].values == event
        gap = event_odds.distance(asked.isel(question=own), known)[:, 0]
        near, far = gap <= np.quantile(gap, 0.3), gap >= np.quantile(gap, 0.7)
        assert said[own][near, 0].mean() > 2.0 * said[own][far, 0].mean(), event


def test_odds_beat_climatology_on_what_came(said, asked, tiv, known):
    came = origins.resolve(asked, tiv, ORIGIN, AHEAD)
    simple = origins.climatology(asked, known, ORIGIN, AHEAD)
    assert ((said - came) ** 2).mean() < 0.9 * ((simple - came) ** 2).mean()


def test_distance_is_zero_at_the_threshold():
    years = np.arange(1998, 2012)
    tiv = np.zeros((2, 3, len(years)))
    tiv[0, 2], tiv[1, 2] = 60.0, 60.0
    tiv[0, 1, :12], tiv[0, 1, 12:] = 40.0, 2.0
    known = xr.DataArray(
        tiv, dims=(SUPPLIER, RECIPIENT, YEAR),
        coords={SUPPLIER: ["A", "B"], RECIPIENT: ["A", "B", "ROW"], YEAR: years},
    ).sel({YEAR: slice(None, 2010)})  # fmt: skip
    asked = origins.questions(known)
    crossing = asked.isel(question=asked["pair"].values == "B-A")
    own = crossing.isel(question=crossing["event"].values == EXPORT_CROSSOVER)
    assert own.sizes["question"] == 0
    pair = asked.isel(question=asked["event"].values == INDEPENDENCE)
    found = event_odds.distance(pair, known)[0]
    # Base 40, threshold 2: the last year delivered just that, the two before twenty times that.
    assert found[3] == pytest.approx(0.0, abs=1e-9)
    assert found[1] == pytest.approx(np.log(40.5 / 2.5))
    assert found[5] == found[6] == 0.0
