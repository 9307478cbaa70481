"""An update says what a cold fit says, sooner; carried priors say what all data together say.

On the small world; ten fits, about a quarter of an hour.
"""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import xarray as xr

from data.names import CHAIN, YEAR
from forecast import carry, events, reweight, warm
from forecast.fit import fit, storable
from forecast.simulate import futures
from models import priors
from models.inputs import FROM_YEAR, prepare
from tests import small
from tests.forecast.test_reweight import revised

pytestmark = pytest.mark.slow

SAMPLER = {"draws": 1500, "tune": 600, "chains": 2, "progress": False}
HORIZON = 2030
ERRORS = 5.8
"""Combined Monte-Carlo errors, which the largest of eighty differences passes by chance less than
once in a million times, even if all are independent, and few are."""
SPLIT = 2004
"""Last year of the fit that is carried forward."""
INFORMED = ("presence", "size_sd_log", "size_sd_slope", "demand_sd", "walk_sd")
"""Variables of which data say much in either half, and that mean the same in a shorter window."""


def indicators(tree) -> dict[str, np.ndarray]:
    ahead = futures(tree, "RUS", "CHN", seed=1, horizon=HORIZON)
    return events.indicators(events.answers(ahead))


def least_ess(tree) -> float:
    """Return the least bulk effective sample size of a variable of the priors."""
    import arviz as az

    return float(az.ess(tree["posterior"].to_dataset()[["parameters"]])["parameters"].min())


def farthest(ours, theirs, log_weight=None) -> tuple[float, str]:
    """Return the largest difference of a probability, in combined Monte-Carlo errors, and whose."""
    apart = {}
    for name, happened in ours.items():
        weight = np.zeros(happened.shape) if log_weight is None else log_weight
        one = reweight.probability(weight, happened.astype(float))
        two = reweight.probability(np.zeros(theirs[name].shape), theirs[name].astype(float))
        apart[name] = abs(one[0] - two[0]) / max(math.hypot(one[1], two[1]), 1e-3)
    worst = max(apart, key=apart.__getitem__)
    return apart[worst], worst


@pytest.fixture(scope="module")
def world():
    return small.world(4)


@pytest.fixture(scope="module")
def base(world):
    return fit(world.panel, world.priors, seed=11, **SAMPLER)


@pytest.mark.parametrize("seed", range(4))
def test_weighted_draws_agree_with_a_cold_refit_and_are_twenty_times_faster(base, world, seed):
    panel = revised(world.panel, 0.02, seed=seed)
    inputs = prepare(panel, world.priors)
    start = time.perf_counter()
    moved = reweight.move(base, inputs, world.priors)
    fast = time.perf_counter() - start
    start = time.perf_counter()
    cold = fit(panel, world.priors, seed=100 + seed, **SAMPLER)
    slow = time.perf_counter() - start
    assert moved.khat <= reweight.KHAT_MAX
    as_fitted = xr.DataTree.from_dict(
        {"posterior": moved.posterior, "constant_data": storable(inputs)}
    )
    far, worst = farthest(indicators(as_fitted), indicators(cold), moved.log_weight)
    print(f"k-hat {moved.khat:.2f}, {fast:.1f} s against {slow:.1f} s, {far:.2f} {worst}")
    assert far < ERRORS
    assert slow > 20.0 * fast


def test_a_fit_that_begins_at_the_last_posterior_says_what_a_cold_one_says(world):
    """With a year that the last posterior did not know; how much sooner is printed."""
    before = world.panel.sel({YEAR: slice(None, small.ORIGIN - 1)})
    old = fit(before, world.priors, seed=21, **SAMPLER)
    assert warm.obstacle(old, prepare(world.panel, world.priors), world.priors) is None
    made = {}
    for name, how in (("warm", {"start": old, "tune": warm.TUNE}), ("cold", {})):
        start = time.perf_counter()
        tree = fit(world.panel, world.priors, seed=22, **(SAMPLER | how))
        made[name] = tree, time.perf_counter() - start, least_ess(tree)
    far, worst = farthest(*(indicators(tree) for tree, *_ in made.values()))
    (_, fast, warm_ess), (_, slow, cold_ess) = made.values()
    sooner = (slow / cold_ess) / (fast / warm_ess)
    print(f"warm {fast:.1f} s, ESS {warm_ess:.0f}; cold {slow:.1f} s, ESS {cold_ess:.0f}: "
          f"{sooner:.2f} times sooner to the same ESS; {far:.2f} {worst}")  # fmt: skip
    assert far < ERRORS
    assert fast < slow


def test_carried_priors_and_later_years_say_what_all_years_say(base, world, tmp_path):
    first = world.panel.sel({YEAR: slice(None, SPLIT)})
    old = fit(first, world.priors, seed=12, **SAMPLER)
    table = {
        "run": "first", "draws_hash": "", "as_of": "", "note": "", "included": [],
        "last_year": SPLIT,
        "default": carry.joint_normal(old["posterior"].to_dataset(), world.priors),
    }  # fmt: skip
    path = tmp_path / "carried.toml"
    path.write_text(priors.text(small.OVERLAY, carried=table), "utf-8")
    found = priors.load(path)
    later = carry.windowed(world.panel, found, SPLIT + 1, path)
    assert later.attrs[FROM_YEAR] == str(SPLIT + 1)
    new = fit(later, found, seed=13, **SAMPLER)
    for name in INFORMED:
        one, two = (
            reweight.stated(of["posterior"].to_dataset(), world.priors).sel(parameter=name)
            for of in (new, base)
        )
        apart = float(one.mean() - two.mean()) / float(two.std())
        print(
            f"{name}: {apart:+.2f} posterior sd apart, sd ratio {float(one.std() / two.std()):.2f}"
        )
        # Levels and ties are learned afresh, paths begin anew in the later window: an
        # approximation, of which half a posterior standard deviation is allowed.
        assert abs(apart) < 0.5, name
    assert new["posterior"].sizes[CHAIN] == 2
