"""Bounds that the history sets: their chance is the one stated, on draws and on fixed values."""

import math
import random

import pytest

from crossover.data.bounds import STOPPED, Past, Pools, bound
from crossover.data.records import CountryYear
from crossover.data.signals import Signal


def test_the_next_exponential_value_goes_beyond_its_bound_as_often_as_stated():
    """40,000 sets of six values and a seventh; a share of 0.02 has a standard error of 0.0007, and
    six of these, 0.0042, are exceeded with a chance of 2e-9.
    """
    rng = random.Random(5)
    beyond = sum(
        rng.expovariate(1.0) > bound([rng.expovariate(1.0) for _ in range(6)], 0.02)
        for _ in range(40_000)
    )
    # The bound is at least the largest of the six, and conditional on a value above zero (7/8).
    assert beyond / 40_000 <= 0.02 + 0.0042


def test_a_bound_is_the_largest_value_or_the_predictive_quantile():
    values = [1.0, 2.0, 3.0]
    ever, chance = 4 / 5, 0.01
    assert bound(values, chance) == pytest.approx(6 * ((ever / chance) ** (1 / 3) - 1))
    assert bound([1.0] * 99 + [50.0], 0.5) == 50.0


def test_of_few_releases_none_of_which_showed_a_thing_nothing_is_concluded():
    assert bound([], 0.01) == math.inf
    assert bound([0.0] * 5, 0.01) == math.inf
    assert bound([0.0] * 200, 0.01) == 0.0


def signal(value, name="agreement"):
    return Signal(name, (name,), value, "words")


def test_what_no_release_may_do_is_too_much_unless_one_did():
    pools = Pools()
    assert pools.too_much([signal(0.1, "lost")]) == [(signal(0.1, "lost"), 0.0)]
    assert pools.too_much([signal(0.0, "lost")]) == []
    pools.add([signal(0.3, "lost")], changes=True)
    assert pools.too_much([signal(0.1, "lost")]) == []


def test_a_release_that_changes_nothing_does_not_lower_the_bounds():
    pools = Pools()
    pools.add([signal(0.0), signal(0.0, "ratio")])
    assert not pools.held
    pools.add([signal(0.2), signal(0.0, "ratio")])
    assert pools.held == {("agreement",): [0.2], ("ratio",): [0.0]}
    assert 0 < STOPPED <= 0.02


CODES = ("CHN", "RUS", "USA", "FRA", "IND", "DEU")


def release(day, scale=1.0, unit="constant 2010 US$", codes=CODES):
    return [
        CountryYear(code, year, "gdp_constant", scale * (100.0 * n + year % 7 + 1), unit,
                    "WDI", day, 0)
        for n, code in enumerate(codes, start=1) for year in range(2000, int(day[:4]))
    ]  # fmt: skip


def known(past, day):
    past.load("country_years")
    (series,) = past.series.values()
    return series.known(day, "constant 2010 US$")


def test_a_release_is_set_beside_those_before_it_only():
    rows = release("2010-06-30") + release("2012-06-30", 1.1) + release("2014-06-30", 1.2)
    past = Past({"country_years": rows, "votes": [], "totals": []}.__getitem__)
    assert known(past, "2010-06-30") is None
    held = known(past, "2013-01-01").before["figures", "country"]
    assert held["CHN", 2005] == pytest.approx(1.1 * (100 + 2005 % 7 + 1))
    assert max(year for _, year in held) == 2011
    assert [one.vintage for one in past.released] == ["2012-06-30", "2014-06-30"]


def test_figures_of_another_unit_are_not_what_a_release_replaces():
    rows = release("2010-06-30", unit="constant 2005 US$") + release("2012-06-30")
    past = Past({"country_years": rows, "votes": [], "totals": []}.__getitem__)
    found = known(past, "2013-01-01")
    assert not found.rebased and list(found.older) == ["2012-06-30"]
    assert known(past, "2011-01-01").rebased
