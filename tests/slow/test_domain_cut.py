"""What the fits one after the other leave out is small: what unit values would say of capacity.

In one model of all, a supplier's unit values about their mean would lie about a slope times its
capacity; in the layer alone they lie about zero. The two differ by a factor of the density that
draws of both fits give (the slope integrated out), so that weights turn one into the other.
"""

from __future__ import annotations

import numpy as np
import pytest

from data.names import REST
from tests import small, small_domains

pytestmark = pytest.mark.slow

SEED = 5
OPTIONS = {"draws": 1000, "tune": 500, "chains": 2}
PAIRS = (("RUS", "CHN"), ("USA", "FRA"))
COPIES = 20
"""How often draws of the two fits, which are independent, are paired anew."""


def log_weights(x: np.ndarray, u: np.ndarray, sd: np.ndarray, prior_sd: float) -> np.ndarray:
    """Log of ∫ N(u; slope x, sd) N(slope; 0, prior_sd) over N(u; 0, sd), by draw.

    Parameters
    ----------
    x, u
        Capacity less its mean, and unit values (draw, supplier).
    sd, prior_sd
        Spread of unit values (draw), and of the slope.
    """
    precision = (x**2).sum(axis=1) / sd**2 + prior_sd**-2.0
    pulled = (x * u).sum(axis=1) / sd**2
    return 0.5 * pulled**2 / precision - 0.5 * np.log(precision * prior_sd**2)


def test_weights_are_ratios_of_integrals():
    rng = np.random.default_rng(0)
    x, u = rng.standard_normal((2, 3, 5))
    slopes = np.linspace(-3.0, 3.0, 20001)
    prior = np.exp(-0.5 * (slopes / 0.2) ** 2) / (0.2 * np.sqrt(2 * np.pi))
    found = log_weights(x, u, np.full(3, 0.7), 0.2)
    for k in range(3):
        away = (u[k] - slopes[:, None] * x[k]) / 0.7
        ratio = np.exp(-0.5 * (away**2).sum(axis=1) + 0.5 * ((u[k] / 0.7) ** 2).sum())
        assert found[k] == pytest.approx(np.log(np.trapezoid(ratio * prior, slopes)), abs=1e-6)


@pytest.fixture(scope="module")
def both():
    """Return levels of capacity and their weights (draw, supplier), and the suppliers."""
    from forecast import fit

    world, beliefs = small.world(SEED), small_domains.prior()
    panel = small_domains.ordered(world.panel, world.parts, SEED)
    main = fit.fit(world.panel, world.priors, seed=1, progress=False, **OPTIONS)
    layer = fit.fit_domains(panel, world.inputs, beliefs, seed=1, progress=False, **OPTIONS)
    one, two = (tree["posterior"].to_dataset().stack(sample=("chain", "draw"))
                for tree in (main, layer))  # fmt: skip
    codes = [str(s) for s in one["supplier"].values]
    own = [at for at, code in enumerate(codes) if code != REST]
    level = one["supplier_level"].transpose("sample", "supplier").values.astype(float)
    unit = two["unit_level"].transpose("sample", "supplier").values.astype(float)
    sd = two["parameters"].sel(parameter="unit_level_sd").values.astype(float)
    rng = np.random.default_rng(0)
    again = np.concatenate([rng.permutation(len(unit)) for _ in range(COPIES)])
    level = np.tile(level, (COPIES, 1))
    x = level[:, own] - level[:, own].mean(axis=1, keepdims=True)
    prior_sd = beliefs.constant("unit_capacity_sd")
    weight = log_weights(x, unit[again][:, own], sd[again], prior_sd)
    weight = np.exp(weight - weight.max())
    return level, weight / weight.sum(), codes


@pytest.mark.parametrize("pair", PAIRS)
def test_unit_values_would_move_gaps_in_all_by_less_than_half_their_error(both, pair):
    level, weight, codes = both
    gap = level[:, codes.index(pair[1])] - level[:, codes.index(pair[0])]
    moved = (weight @ gap - gap.mean()) / gap.std()
    print(pair, f"gap in all {gap.mean():.3f}, moved by {moved:+.2f} of its error")
    assert 1.0 / (weight**2).sum() > 0.05 * len(weight)
    assert abs(moved) < 0.5
