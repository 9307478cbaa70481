"""The domain layer finds what small worlds' orders were drawn from, as sure as it should be.

Worlds are drawn from the layer's own priors, so a 90 % interval covers its truth in nine worlds of
ten, whatever the truth is.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from scipy import stats

from crossover.data.names import DOMAINS
from tests import small, small_domains

pytestmark = pytest.mark.slow

SEEDS = range(300, 350)
CHAINS, TUNE, DRAWS = 2, 300, 300
WORKERS = 2
PAIRS = (("RUS", "CHN"), ("USA", "FRA"))
PARAMETERS = ("substitution", "unit_strength", "strength_sd", "habit_sd", "concentration",
              "strength_walk_sd", "supplier_size_sd", "unit_own_sd", "class_sd")  # fmt: skip


def relative(strength: np.ndarray, own: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Capacity by domain less capacity in all (..., domain), by volume; code of its own."""
    value = strength + own
    share = np.exp(weight - weight.max(axis=-1, keepdims=True))
    share = share / share.sum(axis=-1, keepdims=True)
    return value - np.log((share * np.exp(value)).sum(axis=-1, keepdims=True))


def recover(seed: int) -> dict[str, tuple[float, float]]:
    """Fit one world; of each quantity the posterior's share below the truth, and its z-score."""
    from crossover.forecast.fit import fit_domains

    world = small.world(seed)
    tree = fit_domains(
        small_domains.ordered(world.panel, world.parts, seed), world.inputs,
        small_domains.prior(), seed=seed, draws=DRAWS, tune=TUNE, chains=CHAINS,
    )  # fmt: skip
    posterior = tree["posterior"].to_dataset().stack(sample=("chain", "draw"))
    truth = world.parts
    codes = [str(s) for s in tree["constant_data"]["supplier"].values]

    def drawn(name: str, **where: object) -> np.ndarray:
        values = posterior[name].sel(where).transpose("sample", ...)
        return values.values.astype(float)

    last = int(posterior["period"].values[-1])
    size = drawn("size")
    common = size.mean(axis=1)
    weight = drawn("demand", period=last) + common
    true_weight = truth["demand"][-1] + truth["common_size"]
    found = {}
    for a, b in PAIRS:
        gap, true_gap = 0.0, 0.0
        for sign, code in ((-1.0, a), (1.0, b)):
            s = codes.index(code)
            strength = drawn("strength", period=last, supplier=code)
            gap = gap + sign * relative(strength, size[:, s] - common, weight)
            true_gap = true_gap + sign * relative(
                truth["strength"][-1, s], truth["size"][s] - truth["common_size"], true_weight
            )
        for d, domain in enumerate(DOMAINS):
            found[f"gap {a}-{b} {domain}"] = (gap[:, d], true_gap[d])
    for name in PARAMETERS:
        found[name] = (drawn("parameters", parameter=name), truth[name])
    return {
        name: (float((values < true).mean()), float((values.mean() - true) / values.std()))
        for name, (values, true) in found.items()
    }


@pytest.fixture(scope="module")
def recovered():
    """Return the share of the posterior below the truth, and z-scores (world, figure)."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        worlds = list(pool.map(recover, SEEDS))
    table = {name: np.array([world[name] for world in worlds]) for name in worlds[0]}
    for name, rows in table.items():
        print(
            f"{name:28s} covered {covered(rows).sum():2d} of {len(rows)}, "
            f"z {rows[:, 1].mean():+.2f} ± {rows[:, 1].std():.2f}"
        )
    gaps = np.concatenate([covered(rows) for name, rows in table.items() if "gap" in name])
    print(f"all gaps: {gaps.sum()} of {gaps.size}")
    return table


def covered(rows: np.ndarray) -> np.ndarray:
    """Whether the 90 % interval holds the truth (world)."""
    return (rows[:, 0] >= 0.05) & (rows[:, 0] <= 0.95)


def test_intervals_of_domain_gaps_cover_nine_in_ten(recovered):
    """Gaps of one world depend on each other: the error is that of the worlds' own rates."""
    by_world = np.stack([covered(r) for n, r in recovered.items() if "gap" in n]).mean(axis=0)
    error = by_world.std(ddof=1) / np.sqrt(len(by_world))
    # Student's t of 49 worlds passes 5.6 less than once in a million times.
    assert abs(by_world.mean() - 0.9) < 5.6 * error


@pytest.mark.parametrize("domain", DOMAINS)
def test_each_domains_gap_is_covered_within_binomial_error(recovered, domain):
    hits = np.concatenate([covered(r) for n, r in recovered.items() if n.endswith(domain)])
    # 100 intervals, two of a world: 5.5 binomial errors as if one in two were independent,
    # which any of ten domains passes less than once in a million times.
    assert abs(hits.mean() - 0.9) < 5.5 * np.sqrt(0.9 * 0.1 / (len(hits) / 2))


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_covered_and_lean_to_neither_side(recovered, name):
    rows = recovered[name]
    # Of nine parameters any fails by chance less than once in a million times.
    assert covered(rows).sum() >= stats.binom.ppf(2e-8, len(rows), 0.9)
    assert abs(rows[:, 1].mean()) < 5.6 / np.sqrt(len(rows))
