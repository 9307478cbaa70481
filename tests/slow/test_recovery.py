"""A fit finds what its data were drawn from, and is as sure of it as it should be.

Worlds are drawn from the priors that the fits start from, so a 90 % interval of a right sampler of
a right model covers its truth in nine worlds of ten, whatever the truth is. The simulator draws
deliveries year by year from the three years before; the truth is drawn by code of its own.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from tests import small

pytestmark = pytest.mark.slow

SEEDS = range(200, 212)
CHAINS, TUNE, DRAWS = 2, 500, 500
WORKERS = 2
"""Half of a fit is compiling, on one core: two at a time."""

INFORMED = (
    "memory", "memory_last", "walk_sd", "presence", "size_sd_log", "size_sd_slope",
    "demand_sd", "affinity_sd", "embargo_effect",
)  # fmt: skip
"""Parameters on which a small world says much more than the prior."""
PARAMETERS = ("rd_within", "war_effect", "supplier_presence_sd", *INFORMED)
GAPS = (("RUS", "CHN"), ("USA", "FRA"), ("UKR", "CHN"))
"""Pairs of suppliers of which the gap of capacity in the last year is recovered."""
QUANTITIES = (*PARAMETERS, *(f"gap {a}-{b}" for a, b in GAPS))


def recover(seed: int) -> dict[str, tuple[float, ...]]:
    """Fit one world; of each quantity the truth and posterior draws' mean, sd, 5 %, 95 %, R-hat."""
    import arviz as az
    import xarray as xr

    from forecast.fit import fit

    world = small.world(seed)
    tree = fit(
        world.panel, world.priors, seed=seed, draws=DRAWS, tune=TUNE, chains=CHAINS, progress=False
    )
    posterior = tree["posterior"].to_dataset()
    truth = {name: float(world.truth[name][0]) for name in PARAMETERS}
    found = {name: posterior["parameters"].sel(parameter=name, drop=True) for name in PARAMETERS}
    last = posterior["supplier_capacity"].isel(year=-1, drop=True)
    true_last = world.truth["supplier_capacity"][0, :, -1]
    for a, b in GAPS:
        name = f"gap {a}-{b}"
        found[name] = last.sel(supplier=b, drop=True) - last.sel(supplier=a, drop=True)
        at = small.SUPPLIERS.index
        truth[name] = float(true_last[at(b)] - true_last[at(a)])
    rhat = az.rhat(xr.Dataset(found))
    return {
        name: (
            truth[name],
            float(values.mean()),
            float(values.std()),
            float(values.quantile(0.05)),
            float(values.quantile(0.95)),
            float(rhat[name]),
        )
        for name, values in found.items()
    }


@pytest.fixture(scope="module")
def recovered():
    """Return truth, mean, sd, 5 %, 95 % and R-hat (world, figure) of every quantity."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        worlds = list(pool.map(recover, SEEDS))
    table = {name: np.array([world[name] for world in worlds]) for name in QUANTITIES}
    for name, (truth, mean, sd, low, high, rhat) in ((n, t.T) for n, t in table.items()):
        covered = (low <= truth) & (truth <= high)
        z = (truth - mean) / sd
        print(
            f"{name:20s} covered {covered.sum():2d} of {len(truth)}, z {z.mean():+.2f} ± "
            f"{z.std():.2f}, corr {np.corrcoef(truth, mean)[0, 1]:+.2f}, "
            f"sd {sd.mean():.3f}, R-hat {rhat.max():.3f}"
        )
    return table


def covered(rows: np.ndarray) -> np.ndarray:
    """Whether the 90 % interval holds the truth (world)."""
    return (rows[:, 3] <= rows[:, 0]) & (rows[:, 0] <= rows[:, 4])


@pytest.mark.parametrize("name", QUANTITIES)
def test_the_ninety_per_cent_interval_covers_the_truth(recovered, name):
    # Of 12 worlds 10.8 are expected; 2 or fewer come about by chance once in 180 million times.
    assert covered(recovered[name]).sum() >= 3


@pytest.mark.parametrize("kind", [PARAMETERS, tuple(f"gap {a}-{b}" for a, b in GAPS)])
def test_intervals_taken_together_cover_nine_in_ten(recovered, kind):
    hits = np.array([covered(recovered[name]).mean() for name in kind])
    # Five binomial standard errors below 0.9, less than once in three million times, as if
    # intervals of one world were independent two at a time (they share its data).
    error = np.sqrt(0.9 * 0.1 / (len(SEEDS) * len(kind) / 2))
    assert hits.mean() > 0.9 - 5 * error


@pytest.mark.parametrize("name", QUANTITIES)
def test_truth_lies_to_neither_side_of_the_posterior_on_the_whole(recovered, name):
    truth, mean, sd = recovered[name].T[:3]
    # A mean of 12 standard scores has a standard error of 0.29; beyond 5.5 of them, for each of
    # 15 figures, it lies less than once in a million times.
    assert abs(((truth - mean) / sd).mean()) < 1.6


@pytest.mark.parametrize("name", INFORMED)
def test_what_the_data_inform_is_told_apart_between_worlds(recovered, name):
    truth, mean = recovered[name].T[:2]
    # With as much noise as signal the correlation is 0.7; of 12 worlds it errs by 0.15.
    assert np.corrcoef(truth, mean)[0, 1] > 0.5


def test_gaps_of_capacity_are_told_apart_between_worlds_and_pairs(recovered):
    rows = np.concatenate([recovered[f"gap {a}-{b}"] for a, b in GAPS])
    assert np.corrcoef(rows[:, 0], rows[:, 1])[0, 1] > 0.7
    # The posterior is narrower than the truths are spread: the data speak.
    assert rows[:, 2].mean() < 0.8 * rows[:, 0].std()


@pytest.mark.parametrize("name", QUANTITIES)
def test_chains_agree_well_enough_for_intervals_to_mean_something(recovered, name):
    # Looser than the gate: 90 % bounds of 1,000 draws err by more than an R-hat of 1.1 hides.
    assert (recovered[name][:, 5] < 1.1).all()
