"""From a fit to what is published, on the small world: every room in its turn."""

import numpy as np
import pytest

from crossover.forecast import event_tables, events, gate, levels
from crossover.forecast.simulate import futures
from tests import mock_fit as mock
from tests import small

HORIZON = 2030


@pytest.fixture(scope="module")
def ahead(mock_fit):
    return futures(mock_fit, "RUS", "CHN", seed=1, horizon=HORIZON)


def test_a_fit_answers_every_question_in_its_draws_order(mock_fit, ahead):
    draws = mock.CHAINS * mock.DRAWS
    assert ahead.sizes["draw"] == draws
    assert ahead.attrs["chains"] == mock.CHAINS
    posterior = mock_fit["posterior"]["supplier_capacity"].sel(supplier="CHN")
    # Chain after chain: the past of capacity is the posterior's, draw by draw.
    assert np.array_equal(
        ahead["theta_past"].sel(country="CHN").values, posterior.values.reshape(draws, -1)
    )
    table, times = event_tables.tables(events.answers(ahead))
    assert set(table["event"]) == set(times["event"]) <= set(events.EVENTS)
    assert table["probability"].between(0, 1).all()
    assert (table["mc_error"] >= 0).all()
    assert sorted(table["year"].unique()) == list(range(small.ORIGIN, HORIZON + 1))


def test_the_gate_takes_events_in_and_keeps_the_worse(mock_fit, ahead):
    alone = gate.judge(mock_fit)
    indicators = events.indicators(events.answers(ahead))
    both = gate.judge(mock_fit, indicators)
    for one, two in zip(alone["checks"], both["checks"], strict=True):
        if one["name"] == "rhat":
            assert two["value"] >= one["value"]
        elif one["name"].startswith("ess"):
            assert two["value"] <= one["value"]
    varying = sum(values.min() != values.max() for values in indicators.values())
    assert both["event_indicators"] == varying


def test_the_average_of_the_levels_is_the_forecasts_probability_at_the_origin(ahead):
    table, _ = event_tables.tables(events.answers(ahead))
    crossing = table[(table["event"] == "capacity_crossover") & (table["year"] == small.ORIGIN)]
    crossing = crossing[crossing["kind"] == "state"]
    row = levels.levels(ahead).iloc[0]
    assert row["probability"] == pytest.approx(float(crossing["probability"].iloc[0]))
    assert row["mc_error"] == pytest.approx(float(crossing["mc_error"].iloc[0]))


def test_any_pair_is_answered_from_the_same_fit(mock_fit):
    for pair in (("USA", "IND"), ("FRA", "VNM"), ("UKR", "RUS")):
        table, times = event_tables.tables(
            events.answers(futures(mock_fit, *pair, seed=1, horizon=HORIZON))
        )
        assert len(table)
        assert len(times)
        assert set(table["supplier"]) == {pair[0]}


def test_the_same_stored_draws_give_the_same_bytes(mock_fit, ahead, tmp_path):
    again = futures(mock_fit, "RUS", "CHN", seed=1, horizon=HORIZON)
    for name, of in (("first", ahead), ("second", again)):
        for at, table in enumerate(event_tables.tables(events.answers(of))):
            event_tables.to_csv(table, tmp_path / f"{name}-{at}.csv")
    for at in range(2):
        first, second = ((tmp_path / f"{n}-{at}.csv").read_bytes() for n in ("first", "second"))
        assert first == second
