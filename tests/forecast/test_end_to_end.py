"""From a panel to what is published, on the small world: every room in its turn."""

import numpy as np
import pytest

from data.names import EVENTS
from forecast import events, gate, levels
from forecast.simulate import futures
from tests import small

HORIZON = 2030


@pytest.fixture(scope="module")
def ahead(fitted):
    return futures(fitted, "RUS", "CHN", seed=1, horizon=HORIZON)


def test_a_fit_answers_every_question_in_its_draws_order(fitted, ahead):
    draws = small.SHORT["chains"] * small.SHORT["draws"]
    assert ahead.sizes["draw"] == draws
    assert ahead.attrs["chains"] == small.SHORT["chains"]
    posterior = fitted["posterior"]["supplier_capacity"].sel(supplier="CHN")
    # Chain after chain: the past of capacity is the posterior's, draw by draw.
    assert np.array_equal(
        ahead["theta_past"].sel(country="CHN").values, posterior.values.reshape(draws, -1)
    )
    table, times = events.tables(events.answers(ahead))
    assert set(table["event"]) == set(times["event"]) <= set(EVENTS)
    assert table["probability"].between(0, 1).all()
    assert (table["mc_error"] >= 0).all()
    assert sorted(table["year"].unique()) == list(range(small.ORIGIN, HORIZON + 1))


def test_the_capacity_of_the_fit_is_near_the_truth_it_was_simulated_from(fitted, world):
    """Coarse: a whole posterior beside its truth; the slow lane has the fine print."""
    suppliers = list(small.SUPPLIERS)
    truth = world.truth["supplier_capacity"][0]
    truth = truth - truth.mean(axis=0)
    draws = fitted["posterior"]["supplier_capacity"]
    draws = (draws - draws.mean("supplier")).values.reshape(-1, *truth.shape)
    spread = (truth - draws.mean(axis=0)) / draws.std(axis=0)
    # Posterior z-scores of 126 strongly correlated cells: a spread of 2.5 would be a wrong model.
    assert np.sqrt((spread**2).mean()) < 2.5
    found = np.corrcoef(truth.ravel(), draws.mean(axis=0).ravel())[0, 1]
    assert found > 0.7, suppliers


def test_the_gate_takes_events_in_and_keeps_the_worse(fitted, ahead):
    alone = gate.judge(fitted)
    indicators = events.indicators(events.answers(ahead))
    both = gate.judge(fitted, indicators)
    for one, two in zip(alone["checks"], both["checks"], strict=True):
        if one["name"] == "rhat":
            assert two["value"] >= one["value"]
        elif one["name"].startswith("ess"):
            assert two["value"] <= one["value"]
    varying = sum(values.min() != values.max() for values in indicators.values())
    assert both["event_indicators"] == varying


def test_the_headline_of_the_levels_is_the_forecasts_probability_at_the_origin(fitted, ahead):
    table, _ = events.tables(events.answers(ahead))
    crossing = table[(table["event"] == "capacity_crossover") & (table["year"] == small.ORIGIN)]
    row = levels.levels(fitted, "RUS", "CHN", seed=1).iloc[0]
    assert row["probability"] == pytest.approx(float(crossing["probability"].iloc[0]))
    assert row["mc_error"] == pytest.approx(float(crossing["mc_error"].iloc[0]))


def test_any_pair_is_answered_from_the_same_fit(fitted):
    for pair in (("USA", "IND"), ("FRA", "VNM"), ("UKR", "RUS")):
        table, times = events.tables(
            events.answers(futures(fitted, *pair, seed=1, horizon=HORIZON))
        )
        assert len(table)
        assert len(times)
        assert set(table["supplier"]) == {pair[0]}


def test_the_same_stored_draws_give_the_same_bytes(fitted, ahead, tmp_path):
    again = futures(fitted, "RUS", "CHN", seed=1, horizon=HORIZON)
    for name, of in (("first", ahead), ("second", again)):
        for at, table in enumerate(events.tables(events.answers(of))):
            events.to_csv(table, tmp_path / f"{name}-{at}.csv")
    for at in range(2):
        first, second = ((tmp_path / f"{n}-{at}.csv").read_bytes() for n in ("first", "second"))
        assert first == second
