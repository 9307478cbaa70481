"""Does the domain layer say what is seen: predictive checks, and its agreement with the totals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import (
    BANDS,
    CHAIN,
    DOMAIN,
    DOMAIN_LAYER,
    DRAW,
    RECIPIENT,
    REST,
    SUPPLIER,
)
from crossover.forecast.domains import (
    BIG,
    habit_of,
    layer_draws,
    log_sum,
    split_total,
    thinned,
)
from crossover.models import domain_draws
from crossover.models.domain_contrasts import CELL, PERIOD
from crossover.models.inputs import exporters


def predictive_check(tree: xr.DataTree, recipients: tuple[str, ...], *, seed: int) -> pd.DataFrame:
    """Compare observed with predicted composition, of big suppliers' exports and some imports.

    Parameters
    ----------
    tree : With the group `domains`.
    recipients : Countries whose imports are checked.

    Returns
    -------
    pandas.DataFrame
        side (exports, imports), country, domain, period (its last year), observed (share of
        TIV ordered), q05 to q95 of the prediction given how many orders each pair placed and what
        they came to, below and within: share of predictions under the observed share, and at it.
    """
    draws = layer_draws(tree)
    observed = tree[f"{DOMAIN_LAYER}/constant_data"].to_dataset()
    rng = np.random.default_rng([seed, 1])
    orders, volume = (observed[n].transpose(*CELL).values for n in ("orders", "volume"))
    suppliers, buyers = ([str(c) for c in observed[d].values] for d in (SUPPLIER, RECIPIENT))
    known = [s for s in range(len(suppliers)) if suppliers[s] != REST]
    big = sorted(known, key=lambda s: -volume[s].sum())[:BIG]
    wanted = [buyers.index(r) for r in recipients]
    seller, buyer = domain_draws.pairs(observed)
    has_own, at = exporters(observed)
    shape = (len(draws["need"]), *volume.shape[2:])
    sums = {("exports", s): np.zeros(shape) for s in big}
    sums |= {("imports", r): np.zeros(shape) for r in wanted}
    for s, r in zip(*np.nonzero(orders.sum(axis=(2, 3))), strict=True):
        if s not in big and r not in wanted:
            continue
        own = has_own[r] * draws["substitution"][:, None, None] * draws["strength"][:, :, at[r]]
        logits = draws["strength"][:, :, s] - own + draws["demand"]
        habit = habit_of(draws, np.flatnonzero((seller == s) & (buyer == r)), rng)
        logits = logits + (draws["need"][:, r] + habit)[:, None]
        shares = np.exp(logits - log_sum(logits, 2)[..., None])
        number = np.broadcast_to(orders[s, r].sum(axis=-1).astype(int), shape[:2])
        total = np.broadcast_to(volume[s, r].sum(axis=-1), shape[:2])
        drawn = split_total(
            total, number, np.moveaxis(shares, 2, 1), draws, s, observed.attrs["order_size"], rng
        )
        drawn = np.moveaxis(drawn, 1, 2)
        for key in (("exports", s), ("imports", r)):
            if key in sums:
                sums[key] += drawn
    rows = []
    for (side, i), drawn in sums.items():
        seen = (volume[i] if side == "exports" else volume[:, i]).sum(axis=0)
        for p, period in enumerate(observed[PERIOD].values):
            if seen[p].sum() <= 0:
                continue
            share = drawn[:, p] / drawn[:, p].sum(axis=1, keepdims=True)
            for d, domain in enumerate(observed[DOMAIN].values):
                value = seen[p, d] / seen[p].sum()
                rows.append(
                    {
                        "side": side,
                        "country": suppliers[i] if side == "exports" else buyers[i],
                        "domain": str(domain),
                        "period": int(period),
                        "observed": value,
                        **{k: np.quantile(share[:, d], q) for k, q in BANDS.items()},
                        "below": (share[:, d] < value).mean(),
                        "at": (share[:, d] == value).mean(),
                    }
                )
    return pd.DataFrame(rows)


def agreement(
    tree: xr.DataTree, *, seed: int
) -> tuple[dict[str, np.ndarray], xr.DataArray, xr.DataArray]:
    """Say whether unit values and shares of orders agree.

    Returns
    -------
    tuple : Draws of two slopes, log unit value per log-odds: `within`, of a supplier's domains
        against each other, from the fit; `between`, of suppliers altogether against their mean
        capacity, drawn given both (a cut: capacity learns nothing from it); and draws of
        `unit_level` and mean capacity (draw, supplier).
    """
    layer = tree[f"{DOMAIN_LAYER}/posterior"].to_dataset()
    draws = layer_draws(tree)
    main = tree["posterior"].to_dataset()
    kept = thinned(
        main.sizes[CHAIN], main.sizes[CHAIN] * main.sizes[DRAW], layer.sizes[CHAIN],
        len(draws["need"]),
    )  # fmt: skip
    codes = [str(s) for s in main[SUPPLIER].values]
    own = [code for code in codes if code != REST]
    level = main["supplier_level"].transpose(CHAIN, DRAW, SUPPLIER).values
    level = level.reshape(-1, len(codes))[kept].astype(float)
    x = level[:, [codes.index(code) for code in own]]
    suppliers = [str(s) for s in tree[f"{DOMAIN_LAYER}/constant_data"][SUPPLIER].values]
    y = draws["unit_level"][:, [suppliers.index(s) for s in own]]
    rng = np.random.default_rng([seed, 2])
    x_centred = x - x.mean(axis=1, keepdims=True)
    y_centred = y - y.mean(axis=1, keepdims=True)
    noise = draws["unit_level_sd"] ** 2
    attrs = tree[f"{DOMAIN_LAYER}/constant_data"].attrs
    precision = (x_centred**2).sum(axis=1) / noise + attrs["unit_capacity_sd"] ** -2.0
    mean = (x_centred * y_centred).sum(axis=1) / noise / precision
    slope = mean + rng.standard_normal(len(mean)) / np.sqrt(precision)
    dims = (DRAW, SUPPLIER)
    coords = {SUPPLIER: own}
    return (
        {"within": draws["unit_strength"], "between": slope},
        xr.DataArray(y, dims=dims, coords=coords),
        xr.DataArray(x, dims=dims, coords=coords),
    )
