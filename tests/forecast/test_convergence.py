"""R-hat and effective sample sizes of many quantities at once are ArviZ's."""

import arviz as az
import numpy as np
import pytest
import xarray as xr

from crossover.forecast.convergence import diagnose, ess_of_mean

CORRELATIONS = (0.0, 0.5, 0.95, 0.999, -0.6)


def chains(rng, correlation: float, draws: int) -> np.ndarray:
    """Return four autoregressive chains (chain, draw)."""
    out = rng.normal(size=(4, draws))
    for at in range(1, draws):
        out[:, at] += correlation * out[:, at - 1]
    return out


@pytest.mark.parametrize("draws", [100, 301])
def test_figures_are_those_of_arviz_for_slow_fast_tied_and_shifted_chains(draws):
    rng = np.random.default_rng(7)
    held = [chains(rng, correlation, draws) for correlation in CORRELATIONS]
    held.append((held[1] > 1.0).astype(float))
    held.append(np.round(held[2], 1))
    held.append(held[0] + np.arange(4.0)[:, None])
    values = np.stack(held, axis=2)
    table = xr.DataArray(values, dims=("chain", "draw", "quantity"))
    expected = [
        az.rhat(table).values,
        az.ess(table, method="bulk").values,
        az.ess(table, method="tail", prob=(0.05, 0.95)).values,
    ]
    np.testing.assert_allclose(diagnose(values, 2), expected, rtol=1e-10)
    of_mean = az.ess(table, method="mean").values
    np.testing.assert_allclose(ess_of_mean(values), of_mean, rtol=1e-10)


def test_a_constant_has_every_draw_and_no_r_hat():
    rhat, *ess = diagnose(np.ones((4, 50, 1)))
    assert np.isnan(rhat).all()
    assert np.array(ess).tolist() == [[200.0], [200.0]]


def test_more_quantities_than_a_block_keep_their_order():
    values = np.random.default_rng(3).normal(size=(2, 40, 600))
    together = diagnose(values, 2)
    for at in (0, 249, 250, 599):
        np.testing.assert_array_equal(together[:, at], diagnose(values[..., [at]])[:, 0])


@pytest.mark.parametrize("draws", [4, 5, 6, 7])
def test_the_fewest_draws_that_may_be_asked_for_have_figures(draws):
    values = np.random.default_rng(2).normal(size=(2, draws, 3))
    assert np.isfinite(diagnose(values)).all()
