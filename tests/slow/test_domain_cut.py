"""What the main job fits one after the other says the same as one joint model of all.

The two fits leave out what unit values would say of a supplier's capacity altogether. How much
that is, is measured on a small world, where the whole model can still be compiled.
"""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data.names import CHAIN, DRAW
from tests import small, small_domains

pytestmark = pytest.mark.slow

SEED = 5
OPTIONS = {"draws": 1000, "tune": 500, "chains": 2}
PAIRS = (("RUS", "CHN"), ("USA", "FRA"))
WITHIN = 0.25
"""Posterior standard deviations by which a gap in capacity by domain may differ."""


@pytest.fixture(scope="module")
def both():
    """Return the layer's draws from one model of all, and from the two fits; with capacities."""
    import nutpie

    from forecast import fit
    from models import domains as model

    world, beliefs = small.world(SEED), small_domains.prior()
    observed = model.prepare(world.panel, world.inputs, beliefs)
    joint = model.joint_with_domains(world.inputs, observed, world.priors, beliefs)
    compiled = nutpie.compile_pymc_model(joint, backend="numba")
    sampled = nutpie.sample(
        compiled, **OPTIONS, cores=2, seed=1, progress_bar=False, save_warmup=False
    )
    whole = sampled["posterior"].to_dataset()
    names = {f"domain::{name}": name for name in (*model.VECTORS, "parameters")}
    layer = whole[list(names)].rename({**names, "domain_parameter": "parameter"})
    main = fit.fit(world.panel, world.priors, seed=1, progress=False, **OPTIONS)
    apart = fit.fit_domains(
        world.panel, world.inputs, beliefs, seed=1, progress=False, **OPTIONS
    )  # fmt: skip
    return (
        (model.effects(layer, observed), whole),
        (apart["posterior"].to_dataset(), main["posterior"].to_dataset()),
    )


def gap(values: xr.DataArray, pair: tuple[str, str]) -> xr.DataArray:
    """Return the second country's value less the first's."""
    return values.sel(supplier=pair[1], drop=True) - values.sel(supplier=pair[0], drop=True)


@pytest.mark.parametrize("pair", PAIRS)
def test_gaps_by_domain_are_those_of_one_model_of_all(both, pair):
    one, two = (gap(layer["strength"].isel(period=-1), pair) for layer, _ in both)
    spread = one.std((CHAIN, DRAW))
    apart = (two.mean((CHAIN, DRAW)) - one.mean((CHAIN, DRAW))) / spread
    print(pair, "moved by, in standard deviations:", np.round(apart.values, 2))
    assert (np.abs(apart) < WITHIN).all()
    ratio = two.std((CHAIN, DRAW)) / spread
    assert ((ratio > 0.85) & (ratio < 1.15)).all()


@pytest.mark.parametrize("pair", PAIRS)
def test_unit_values_would_move_gaps_in_all_by_less_than_half_their_error(both, pair):
    one, two = (gap(main["supplier_level"], pair) for _, main in both)
    moved = float(two.mean() - one.mean()) / float(one.std())
    print(pair, f"gap in all {float(one.mean()):.3f} and {float(two.mean()):.3f}: {moved:+.2f}")
    assert abs(moved) < 0.5
