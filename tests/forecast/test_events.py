"""The arithmetic of events on draws written by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data.names import (
    BASELINE,
    CAPACITY_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED,
    CONTESTED_ORDERS,
    DOWNTURN,
    EXPORT_CROSSOVER,
    EXPORT_CROSSOVER_SINGLE,
    FIRST_PASSAGE,
    INDEPENDENCE,
    KINDS,
    LASTING,
    STATE,
)
from crossover.forecast import event_tables, events
from tests.synthetic import chosen_alone, make_run

ANSWERED = set(events.EVENTS) - {CONTESTED_ORDERS}
"""Questions on figures of every year from the origin on; contested orders begin later."""
PAST, FUTURE = np.arange(2000, 2011), np.arange(2011, 2015)
ORIGIN = int(PAST[-1])


def forecast(
    lead=(),
    lead_past=(-1.0, -1.0, -1.0),
    exports=None,
    exports_past=((9, 9, 9), (1, 1, 1)),
    deliveries=None,
    deliveries_past=None,
    chains=1,
    suppliers=("RUS", "CHN"),
):
    """Build a forecast whose only quantity that matters is what a test gives.

    `lead` (draw, future year): the recipient's capacity less the supplier's, which stands at 1.
    """
    lead = np.array(lead or [[-1.0] * len(FUTURE)], float)
    draws = len(lead)
    theta = np.stack([np.ones_like(lead), 1.0 + lead], axis=1)
    before = np.full((draws, 2, len(PAST)), 1.0)
    before[:, 1] -= 1.0
    before[:, 1, -3:] = 1.0 + np.broadcast_to(lead_past, (draws, 3))
    sold = np.array(exports if exports is not None else [[[9] * 4, [1] * 4]] * draws, float)
    sold_past = np.zeros((2, len(PAST)))
    sold_past[:, -3:] = exports_past
    moved = np.array(deliveries if deliveries is not None else [[100] * 4] * draws, float)
    moved_past = np.full(len(PAST), 100.0) if deliveries_past is None else deliveries_past
    count = len(suppliers)
    return chosen_alone(xr.Dataset(
        {
            "theta": (("draw", "scenario", "country", "year_future"), theta[:, None]),
            "theta_past": (("draw", "country", "year"), before),
            "exports": (("draw", "scenario", "supplier", "year_future"), sold[:, None, :count]),
            "exports_observed": (("supplier", "year"), sold_past[:count]),
            "deliveries": (("draw", "scenario", "year_future"), moved[:, None]),
            "deliveries_observed": (("year",), moved_past),
        },
        coords={
            "draw": np.arange(draws),
            "scenario": [BASELINE],
            "country": ["RUS", "CHN"],
            "supplier": list(suppliers),
            "year": PAST,
            "year_future": FUTURE,
        },
        attrs={"supplier": "RUS", "recipient": "CHN", "origin": ORIGIN, "chains": chains},
    ))


def happens(event, **given):
    """Return where an event is true, of the first draw, from the origin on."""
    found = events.answers(forecast(**given))[event]
    return [int(x) for x in found.isel(draw=0, scenario=0).values.ravel()]


def timing(event, **given):
    """Return the timing row of an event."""
    _, times = event_tables.tables(events.answers(forecast(**given)))
    return times.set_index("event").loc[event]


def probabilities(event, kind=FIRST_PASSAGE, **given):
    """Return P(year) of an event in one kind, from the origin on."""
    table, _ = event_tables.tables(events.answers(forecast(**given)))
    own = table[(table["event"] == event) & (table["kind"] == kind)]
    return own.set_index("year")["probability"]


# Crossing.


def test_a_tie_is_no_overtaking():
    assert happens(CAPACITY_CROSSOVER, lead=[[0.0, 0.0, 1e-6, 0.0]]) == [0, 0, 0, 1, 0]


def test_what_never_happens_has_no_year_and_keeps_its_mass():
    row = timing(CAPACITY_CROSSOVER, lead=[[-1.0] * 4, [-0.1] * 4])
    assert row["probability_within_horizon"] == 0.0
    assert np.isnan(row[["median_year", "q05", "q25", "q75", "q95"]].astype(float)).all()
    assert row["horizon"] == 2014


def test_what_is_so_at_the_origin_has_happened_by_the_origin():
    given = {"lead": [[1.0, 1.0, 1.0, 1.0]], "lead_past": (-1.0, -1.0, 1.0)}
    assert happens(CAPACITY_CROSSOVER, **given) == [1] * 5
    assert timing(CAPACITY_CROSSOVER, **given)["median_year"] == ORIGIN
    assert (probabilities(CAPACITY_CROSSOVER, **given) == 1.0).all()


def test_what_was_so_only_before_the_origin_has_not_happened():
    given = {"lead": [[-1.0] * 4], "lead_past": (1.0, 1.0, -1.0)}
    assert happens(CAPACITY_CROSSOVER, **given) == [0] * 5


def test_a_second_crossing_does_not_move_the_first():
    given = {"lead": [[1.0, -1.0, -1.0, 1.0]]}
    assert happens(CAPACITY_CROSSOVER, **given) == [0, 1, 0, 0, 1]
    assert timing(CAPACITY_CROSSOVER, **given)["median_year"] == 2011
    assert list(probabilities(CAPACITY_CROSSOVER, **given)) == [0, 1, 1, 1, 1]


def test_a_lead_that_is_lost_and_won_again_lasts_from_the_second_time_on():
    given = {"lead": [[1.0, -1.0, 1.0, 1.0], [1.0, -1.0, -1.0, -1.0]]}
    assert list(probabilities(CAPACITY_CROSSOVER, STATE, **given)) == [0, 1, 0, 0.5, 0.5]
    assert list(probabilities(CAPACITY_CROSSOVER, FIRST_PASSAGE, **given)) == [0, 1, 1, 1, 1]
    assert list(probabilities(CAPACITY_CROSSOVER, LASTING, **given)) == [0, 0, 0, 0.5, 0.5]


def test_what_lasts_holds_and_what_holds_has_happened_in_every_question_and_year():
    rng = np.random.default_rng(5)
    lead = rng.normal(0.0, 1.0, (100, len(FUTURE)))
    moved = rng.gamma(0.5, 10.0, (100, len(FUTURE)))
    sold = rng.gamma(1.0, 9.0, (100, 2, len(FUTURE)))
    given = {"lead": lead.tolist(), "deliveries": moved, "exports": sold}
    table, _ = event_tables.tables(events.answers(forecast(**given)))
    wide = table.pivot_table(index=["event", "year"], columns="kind", values="probability")
    assert (wide[LASTING] <= wide[STATE]).all() and (wide[STATE] <= wide[FIRST_PASSAGE]).all()
    # Each kind is one of its own: all three differ in some year of every question.
    for _, rows in wide.groupby("event"):
        assert (rows[LASTING] < rows[STATE]).any() and (rows[STATE] < rows[FIRST_PASSAGE]).any()


def test_what_happens_once_has_a_first_passage_and_no_state():
    table = xr.Dataset(
        {DOWNTURN: (("draw", "scenario", "year"), np.array([[[0, 1, 1]], [[0, 0, 0]]], bool))},
        coords={"draw": [0, 1], "scenario": [BASELINE], "year": [2024, 2025, 2026]},
        attrs={"supplier": "RUS", "recipient": "CHN", "chains": 1},
    )
    found, _ = event_tables.tables(table)
    assert set(found["kind"]) == {FIRST_PASSAGE} and list(found["probability"]) == [0, 0.5, 0.5]


def test_a_lead_counts_as_sustained_in_its_third_year():
    assert happens(CAPACITY_CROSSOVER_SUSTAINED, lead=[[1.0, 1.0, 1.0, 1.0]]) == [0, 0, 0, 1, 1]


def test_a_lead_that_breaks_off_after_two_years_starts_anew():
    given = {"lead": [[1.0, -1.0, 1.0, 1.0]], "lead_past": (-1.0, -1.0, 1.0)}
    assert happens(CAPACITY_CROSSOVER_SUSTAINED, **given) == [0] * 5


def test_years_before_the_origin_count_towards_a_sustained_lead():
    given = {"lead": [[1.0, -1.0, -1.0, -1.0]], "lead_past": (-1.0, 1.0, 1.0)}
    assert happens(CAPACITY_CROSSOVER_SUSTAINED, **given) == [0, 1, 0, 0, 0]
    given["lead_past"] = (1.0, 1.0, 1.0)
    assert happens(CAPACITY_CROSSOVER_SUSTAINED, **given) == [1, 1, 0, 0, 0]


# Exports and deliveries, on trailing means of three years.


def test_exports_are_compared_over_three_years_of_which_some_are_observed():
    # Means of the recipient from the origin: 4, 6, 9 (a tie with 9), 12; of the supplier: 9.
    given = {"exports": [[[9] * 4, [10, 14, 12, 12]]], "exports_past": ((9, 9, 9), (4, 5, 3))}
    assert happens(EXPORT_CROSSOVER, **given) == [0, 0, 0, 1, 1]
    tie = {"exports": [[[9] * 4, [10, 14, 3, 0]]], "exports_past": ((9, 9, 9), (4, 5, 3))}
    assert happens(EXPORT_CROSSOVER, **tie) == [0, 0, 0, 0, 0]


def test_exports_of_a_single_year_are_never_mixed_with_the_mean_of_three():
    given = {"exports": [[[9] * 4, [30, 1, 1, 10]]], "exports_past": ((9, 9, 9), (1, 1, 10))}
    assert happens(EXPORT_CROSSOVER_SINGLE, **given) == [1, 1, 0, 0, 1]
    # Means of the recipient from the origin: 4, 13.7, 13.7, 10.7, 4; of the supplier: 9.
    assert happens(EXPORT_CROSSOVER, **given) == [0, 1, 1, 1, 0]


def contested(won, markets=("IND",)):
    """Return a forecast with what each wins of contested orders (draw, supplier, year)."""
    of = forecast(lead=[[0.0] * len(FUTURE)] * len(won)).assign_coords(market=list(markets))
    dims = ("draw", "scenario", "supplier", "year_future")
    return of.assign(contested=(dims, np.array(won, float)[:, None]))


def test_contested_orders_are_those_of_three_years_after_the_origin():
    found = events.order_answers(contested([[[4, 0, 0, 0], [0, 0, 5, 0]], [[3] * 4, [3] * 4]]))
    assert found["year"].values.tolist() == [2013, 2014]
    # 5 against 4, then 5 against 0; a tie is no win.
    assert found[CONTESTED_ORDERS].isel(scenario=0).values.tolist() == [[1, 1], [0, 0]]
    table, _ = event_tables.tables(found)
    assert set(table["kind"]) == set(KINDS) and table["year"].min() == 2013


def test_without_a_contested_market_nobody_is_asked_who_wins_it():
    assert events.order_answers(contested([[[1] * 4, [2] * 4]], markets=())) is None


def test_one_great_year_of_exports_before_the_origin_can_be_enough():
    given = {"exports": [[[9] * 4, [1] * 4]], "exports_past": ((9, 9, 9), (1, 1, 40))}
    assert happens(EXPORT_CROSSOVER, **given) == [1, 1, 1, 0, 0]


def test_independence_is_a_three_year_mean_below_a_twentieth_of_the_first_decade():
    # The base is 100, so the bar is 5: means from the origin are 100, 66.7+, ...
    given = {"deliveries": [[6.0, 6.0, 2.9, 6.1]]}
    assert happens(INDEPENDENCE, **given) == [0, 0, 0, 1, 0]
    tie = {"deliveries": [[5.0, 5.0, 5.0, 5.0]]}
    assert happens(INDEPENDENCE, **tie) == [0, 0, 0, 0, 0]


def test_the_base_of_independence_is_2000_to_2009_and_no_other_year():
    past = np.full(len(PAST), 40.0)
    past[-1] = 1e6
    given = {"deliveries": [[1.9, 1.9, 1.9, 1.9]], "deliveries_past": past}
    # The bar is 2; the year 2010 leaves the mean with the third year.
    assert happens(INDEPENDENCE, **given) == [0, 0, 0, 1, 1]


def test_without_deliveries_in_the_base_years_independence_is_left_out():
    past = np.zeros(len(PAST))
    past[-1] = 50.0
    found = events.answers(forecast(deliveries_past=past))
    assert INDEPENDENCE not in found
    assert set(found) == ANSWERED - {INDEPENDENCE}


def test_without_exports_of_one_of_them_their_comparison_is_left_out():
    found = events.answers(forecast(suppliers=("RUS",)))
    assert set(found) == ANSWERED - {EXPORT_CROSSOVER, EXPORT_CROSSOVER_SINGLE}
    table, times = event_tables.tables(events.answers(forecast(suppliers=("RUS",))))
    assert EXPORT_CROSSOVER not in set(table["event"]) | set(times["event"])


# What is published.


def staircase(years):
    """Draws that cross for good in the given years (NaN: never)."""
    return [[1.0 if year <= t else -1.0 for t in FUTURE] for year in years]


def test_quantiles_are_years_that_happen_and_leave_out_draws_that_never_cross():
    lead = staircase([2011, 2012, 2012, 2014, np.nan, np.nan])
    row = timing(CAPACITY_CROSSOVER, lead=lead)
    assert row["probability_within_horizon"] == pytest.approx(4 / 6)
    # Of 2011, 2012, 2012, 2014: the inverse of the distribution function, never 2013.
    assert [row[q] for q in ("q05", "q25", "median_year", "q75", "q95")] == [
        2011, 2011, 2012, 2012, 2014,
    ]  # fmt: skip


def test_probability_never_falls_and_ends_at_that_within_the_horizon():
    rng = np.random.default_rng(1)
    lead = rng.normal(-0.5, 1.0, (200, len(FUTURE))).tolist()
    for event in (CAPACITY_CROSSOVER, CAPACITY_CROSSOVER_SUSTAINED):
        found = probabilities(event, lead=lead, chains=2)
        assert (np.diff(found) >= 0).all()
        assert 0 < found.iloc[-1] < 1
        row = timing(event, lead=lead, chains=2)
        assert row["probability_within_horizon"] == found.iloc[-1]


def test_a_sustained_crossing_is_never_likelier_than_a_crossing():
    rng = np.random.default_rng(2)
    lead = rng.normal(0.0, 1.0, (200, len(FUTURE))).cumsum(axis=1).tolist()
    once, lasting = (
        probabilities(e, lead=lead) for e in (CAPACITY_CROSSOVER, CAPACITY_CROSSOVER_SUSTAINED)
    )
    assert (lasting <= once).all()


def test_every_row_says_what_it_is_of():
    table, times = event_tables.tables(events.answers(forecast(lead=staircase([2011, np.nan]))))
    assert list(table.columns) == [
        "event", "domain", "kind", "supplier", "recipient", "scenario", "year", "probability",
        "mc_error",
    ]  # fmt: skip
    assert list(times.columns) == [
        "event", "domain", "supplier", "recipient", "scenario", "probability_within_horizon",
        "median_year", "q05", "q25", "q75", "q95", "horizon",
    ]  # fmt: skip
    for rows in (table, times):
        assert set(rows["domain"]) == {"all"}
        assert set(rows["supplier"]) == {"RUS"}
        assert set(rows["recipient"]) == {"CHN"}
        assert set(rows["scenario"]) == {BASELINE}
    assert sorted(table["year"].unique()) == [ORIGIN, *FUTURE]


def test_draws_that_all_agree_have_no_monte_carlo_error():
    happened = np.zeros((400, 2), bool)
    happened[:, 1] = True
    assert events.monte_carlo_error(happened, 4).tolist() == [0.0, 0.0]


def test_independent_draws_have_the_binomial_error_and_lasting_ones_more():
    rng = np.random.default_rng(3)
    free = rng.random(4000) < 0.3
    chain = np.empty(4000)
    chain[0] = 0.0
    for t in range(1, 4000):
        chain[t] = 0.95 * chain[t - 1] + np.sqrt(1 - 0.95**2) * rng.standard_normal()
    sticky = chain > np.quantile(chain, 0.7)
    error = events.monte_carlo_error(np.stack([free, sticky], axis=1), 4)
    binomial = np.sqrt(0.3 * 0.7 / 4000)
    # The effective size is itself estimated, to about a tenth at 4,000 draws.
    assert error[0] == pytest.approx(binomial, rel=0.15)
    # An indicator of a chain of correlation 0.95 is worth about a fifteenth of its draws.
    assert 2.5 * binomial < error[1] < 7 * binomial


def test_indicators_are_of_every_kind_and_by_chain():
    of = forecast(lead=staircase([2011, 2012, np.nan, 2014]), chains=2)
    found = events.indicators(events.answers(of))
    for year, expected in ((2011, [[True, False], [False, False]]),
                           (2014, [[True, True], [False, True]])):  # fmt: skip
        for kind in KINDS:
            assert found[f"{CAPACITY_CROSSOVER}, {kind} {year}"].tolist() == expected
    assert len(found) == len(KINDS) * len(ANSWERED) * (len(FUTURE) + 1)


def test_only_the_baseline_is_judged():
    one = forecast(lead=staircase([2011, 2012]))
    other = one.assign_coords(scenario=["other"])
    both = xr.concat([one, other], "scenario", data_vars="minimal")
    both.attrs = one.attrs
    judged = [len(events.indicators(events.answers(each))) for each in (both, one)]
    assert judged[0] == judged[1]
    table, _ = event_tables.tables(events.answers(both))
    assert set(table["scenario"]) == {BASELINE, "other"}


def test_equal_draws_give_equal_bytes(tmp_path):
    given = {"lead": staircase([2011, 2012, 2013, np.nan]), "chains": 2}
    for name in ("first", "second"):
        table, _ = event_tables.tables(events.answers(forecast(**given)))
        event_tables.to_csv(table, tmp_path / name)
    first, second = (tmp_path / name for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    assert b"\r" not in first.read_bytes()


# What is stored.


@pytest.mark.parametrize("kind", ["plain", "never", "crossed", "undefined"])
def test_what_is_published_is_what_the_stored_draws_say_and_the_kinds_keep_their_order(
    tmp_path, kind
):
    """For every question and pair of the invented runs, whose tables are computed without us."""
    run = make_run(tmp_path / kind, kind, draws=60)
    published = pd.read_csv(run / "events.csv")
    keys = ["event", "domain", "year"]
    wide = published.pivot_table(index=keys, columns="kind", values="probability")
    assert (wide[LASTING] <= wide[STATE]).all() and (wide[STATE] <= wide[FIRST_PASSAGE]).all()
    futures, apart = (
        xr.load_dataset(run / name, engine="h5netcdf").assign_attrs(chains=1)
        for name in ("forecast.nc", "domains.nc")
    )
    # The invented run knows of no GDP and no spending: in these the recipient is ahead.
    of_recipient = (futures["country"] == futures.attrs["recipient"]).astype(float)
    for name in ("gdp", "milex", "rd_stock"):
        futures[name] = xr.zeros_like(futures["theta"]) + of_recipient
        futures[f"{name}_past"] = xr.zeros_like(futures["theta_past"].isel(draw=0)) + of_recipient
    answered = [events.answers(futures), events.domain_answers(futures, apart)]
    again = pd.concat([event_tables.tables(table)[0] for table in answered])
    both = published.merge(again, on=[*keys, "kind"], suffixes=("", "_again"))
    questions = set(both["event"])
    assert questions == set(published["event"]) - {CONTESTED_ORDERS}
    assert len(both) == len(published[published["event"] != CONTESTED_ORDERS])
    assert both["probability"].to_numpy() == pytest.approx(both["probability_again"].to_numpy())
