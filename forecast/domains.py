"""Futures by technology domain: capacity, deliveries and dependence, draw by draw.

The composition of orders is that of the fit; deliveries are divided by it given the totals of
`forecast.simulate`, so that the domains of a pair add up to the pair's total in every draw. Draws
of the two factors of the posterior are independent and are paired in the order of chains.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from crossover.data.names import (
    CHAIN,
    COUNTRY,
    DOMAIN,
    DOMAIN_LAYER,
    DRAW,
    RECIPIENT,
    REST,
    SCENARIO,
    SELLER,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast.draws import block, stack
from crossover.forecast.market import BLOCK
from crossover.forecast.sampling import CORES
from crossover.models import domain_draws, domain_equations
from crossover.models.domain_contrasts import PERIOD_YEARS

BIG = 6
"""How many of the largest suppliers the predictive check shows."""

Arrays = dict[str, np.ndarray]


def by_domain(tree: xr.DataTree, futures: xr.Dataset, *, seed: int) -> xr.Dataset:
    """Simulate a pair by domain.

    Parameters
    ----------
    tree : With the group `domains`.
    futures : As from `forecast.simulate.futures`, of the same tree.
    seed : Of the shocks.

    Returns
    -------
    xarray.Dataset : Draws in the order of chains, as `layer_draws` gives them; `main_draw` (draw)
        tells which draw of `futures` each belongs to. `theta_domain` (draw, scenario, country,
        domain, year_future) and `theta_domain_past` (draw, country, domain, year): capacity by
        domain, log-odds of being chosen as a source of arms in the domain, by volume.
        `deliveries_domain` (draw, scenario, domain, year_future): TIV million, with the domains of
        a draw adding up to its deliveries. `supplier_share`, of the orders expected in the domain
        (draw, scenario, domain, year_future), and over the past (draw, domain, year).
    """
    draws = layer_draws(tree)
    observed = tree[f"{DOMAIN_LAYER}/constant_data"].to_dataset()
    chains = tree[f"{DOMAIN_LAYER}/posterior"].sizes[CHAIN]
    main = thinned(int(futures.attrs["chains"]), futures.sizes[DRAW], chains, len(draws["need"]))
    futures = futures.isel({DRAW: main})
    pair = (futures.attrs[SUPPLIER], futures.attrs[RECIPIENT])

    def of_block(at: int) -> Arrays:
        start, stop = at * BLOCK, (at + 1) * BLOCK
        rng = np.random.default_rng([seed, len(DOMAIN_LAYER), at])
        some = block(draws, start, stop), observed, futures.isel({DRAW: slice(start, stop)})
        return _block_by_domain(*some, pair, rng)

    with concurrent.futures.ThreadPoolExecutor(CORES) as threads:
        parts = list(threads.map(of_block, range(-(-len(main) // BLOCK))))
    both = (DRAW, SCENARIO, DOMAIN, YEAR_FUTURE)
    past = (DRAW, DOMAIN, YEAR)
    dims = {
        "theta_domain": (DRAW, SCENARIO, COUNTRY, DOMAIN, YEAR_FUTURE),
        "theta_domain_past": (DRAW, COUNTRY, DOMAIN, YEAR),
        "deliveries_domain": both,
        "supplier_share": both,
        "supplier_share_past": past,
    }
    return xr.Dataset(
        {name: (on, np.concatenate([part[name] for part in parts])) for name, on in dims.items()},
        coords={
            DRAW: np.arange(len(main)),
            "main_draw": (DRAW, main),
            SCENARIO: futures[SCENARIO].values,
            COUNTRY: list(pair),
            DOMAIN: observed[DOMAIN].values,
            YEAR: futures[YEAR].values,
            YEAR_FUTURE: futures[YEAR_FUTURE].values,
        },
        attrs=futures.attrs | {"chains": chains},
    )


def _block_by_domain(
    draws: Arrays, observed: xr.Dataset, futures: xr.Dataset, pair: tuple[str, str],
    rng: np.random.Generator,
) -> Arrays:
    """Simulate some draws by domain; see `by_domain`."""
    years = futures[YEAR].values
    state = paths(draws, observed, pair[1], years, futures[YEAR_FUTURE].values, rng)
    at = [state["sources"].index(code) for code in pair]
    standing = relative(state, at)
    theta = futures["theta"].transpose(DRAW, SCENARIO, COUNTRY, YEAR_FUTURE).values
    past = futures["theta_past"].transpose(DRAW, COUNTRY, YEAR).values
    split = len(years)

    buys = composition(draws, observed, state, pair[1], rng)
    offers = futures["offer"].transpose(DRAW, SCENARIO, SELLER, YEAR_FUTURE).values
    offers_past = futures["offer_past"].transpose(DRAW, SELLER, YEAR).values
    sold = [str(s) for s in observed[SUPPLIER].values].index(pair[0])
    shares = [
        _share(offers[:, k], buys[..., split:], sold) for k in range(offers.shape[1])
    ]
    deliveries = futures["deliveries"].transpose(DRAW, SCENARIO, YEAR_FUTURE).values
    lines = _number_of_lines(deliveries, observed.attrs, rng)
    expected = _by_number(draws, observed, state, pair, rng)[..., split:]
    parts = [
        split_total(
            deliveries[:, k], lines[:, k], expected, draws, sold, observed.attrs["line_size"], rng
        )
        for k in range(deliveries.shape[1])
    ]
    found = {
        "theta_domain": theta[:, :, :, None, :] + standing[:, None, ..., split:],
        "theta_domain_past": past[:, :, None, :] + standing[..., :split],
        "deliveries_domain": np.stack(parts, axis=1),
        "supplier_share": np.stack(shares, axis=1),
        "supplier_share_past": _share(offers_past, buys[..., :split], sold),
    }
    return {name: values.astype(np.float32) for name, values in found.items()}


def layer_draws(tree: xr.DataTree) -> Arrays:
    """Return the layer's draws as plain arrays.

    No more of each chain than the joint model has, evenly spread, where the tree holds it.
    """
    layer = tree[f"{DOMAIN_LAYER}/posterior"].to_dataset()
    if "posterior" in tree.children and (most := tree["posterior"].sizes[DRAW]) < layer.sizes[DRAW]:
        layer = layer.isel({DRAW: thinned(1, layer.sizes[DRAW], 1, most)})
    return stack(layer)


def thinned(chains: int, draws: int, chains_kept: int, kept: int) -> np.ndarray:
    """Which draws of one posterior go with the draws of another, chain by chain, evenly spread."""
    if chains != chains_kept or kept > draws:
        return np.linspace(0, draws - 1, kept).astype(int)
    each, wanted = draws // chains, kept // chains
    inside = (np.arange(wanted) * each) // wanted
    return (np.arange(chains)[:, None] * each + inside).ravel()


# Paths -----------------------------------------------------------------------------------------


def paths(
    draws: Arrays, observed: xr.Dataset, recipient: str, years: np.ndarray, ahead: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Yearly paths of strength and demand, past and future; sizes and one recipient's needs.

    Past values lie on straight lines between the middles of periods. From the last middle on
    all are random walks, so that the end of the window is known less well than its last period.
    The strength of a recipient that is no supplier is drawn from the prior.

    Returns
    -------
    dict : `sources`: codes of all suppliers and of the recipient; `strength` (draw, source, domain,
        year), `demand` (draw, domain, year), of the number of orders, log-odds, over the years of
        the window and those ahead; `need` (draw, domain), log-odds; `size` (draw, source, domain):
        log TIV of an order less its mean over suppliers, and `common_size` (draw, domain).
    """  # fmt: skip
    middle = observed["middle"].values
    every = np.concatenate([years, ahead])
    n = len(draws["need"])
    suppliers = observed.sizes[SUPPLIER]
    after = every[every > middle[-1]]
    gaps = np.diff(np.concatenate([[middle[-1]], after])) / PERIOD_YEARS

    codes = [str(c) for c in observed[SUPPLIER].values]
    sources = codes if recipient in codes else [*codes, recipient]
    others = len(sources) - suppliers
    count = observed.sizes[DOMAIN]
    steps = np.sqrt(gaps).astype(np.float32)

    def moved(name: str, *lead: int) -> np.ndarray:
        shocks = rng.standard_normal((n, *lead, count, len(after)), dtype=np.float32)
        shocks -= shocks.mean(axis=-2, keepdims=True)
        if lead:
            shocks -= shocks.mean(axis=1, keepdims=True)
        scale = draws[f"{name}_walk_sd"].astype(np.float32)
        return scale.reshape(-1, *[1] * (shocks.ndim - 1)) * np.cumsum(shocks * steps, axis=-1)

    def new(name: str) -> np.ndarray:
        """Draw an effect of the sources that are no suppliers (draw, source, domain)."""
        drawn = rng.standard_normal((n, others, count))
        return draws[name][:, None, None] * (drawn - drawn.mean(axis=-1, keepdims=True))

    strength = _between(draws["strength"], middle, every)
    strength[..., -len(after) :] += moved("strength", suppliers)
    still = np.repeat(new("strength_sd")[..., None], len(every), axis=-1).astype(np.float32)
    demand = _between(draws["demand"], middle, every)
    demand[..., -len(after) :] += moved("demand")
    buyers = [str(c) for c in observed[RECIPIENT].values]
    common = draws["size"].mean(axis=1)
    own = draws["size"] - common[:, None]
    return {
        "sources": sources,
        "strength": np.concatenate([strength, still], axis=1),
        "demand": demand,
        "need": draws["need"][:, buyers.index(recipient)].astype(np.float32),
        "size": np.concatenate([own, new("supplier_size_sd")], axis=1),
        "common_size": common,
    }


def _between(values: np.ndarray, middle: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Interpolate (draw, period, ...) to years (draw, ..., year); flat beyond the ends."""
    left = np.clip(np.searchsorted(middle, years, side="right") - 1, 0, len(middle) - 1)
    right = np.minimum(left + 1, len(middle) - 1)
    width = np.where(right > left, middle[right] - middle[left], 1.0)
    part = np.clip((years - middle[left]) / width, 0.0, 1.0)
    moved = np.moveaxis(values.astype(np.float32), 1, -1)
    return moved[..., left] * (1.0 - part).astype(np.float32) + moved[..., right] * part.astype(
        np.float32
    )


def relative(state: Mapping[str, Any], at: Sequence[int]) -> np.ndarray:
    """Capacity by domain less capacity in all (draw, source, domain, year), log-odds by volume.

    Of the sources at some positions. The mean over domains of the odds, weighted by what the world
    buys in each, is one: a country's sales to a buyer without ties are the sum of its sales by
    domain.
    """
    own = state["strength"][:, at] + state["size"][:, at, :, None]
    weight = state["demand"] + state["common_size"][..., None]
    weight = weight - log_sum(weight, 1)[:, None]
    return own - log_sum(own + weight[:, None], 2)[:, :, None]


def log_sum(values: np.ndarray, axis: int) -> np.ndarray:
    """Log of the sum of exponentials along an axis."""
    top = values.max(axis=axis, keepdims=True)
    return (top + np.log(np.exp(values - top).sum(axis=axis, keepdims=True))).squeeze(axis)


# Composition -----------------------------------------------------------------------------------


def composition(
    draws: Arrays, observed: xr.Dataset, state: Mapping[str, Any], recipient: str,
    rng: np.random.Generator,
) -> np.ndarray:
    """Expected shares by volume of what one recipient orders of each supplier.

    Returns
    -------
    array (draw, supplier, domain, year); the domains sum to one.
    """  # fmt: skip
    suppliers = [str(s) for s in observed[SUPPLIER].values]
    parts = []
    for s, code in enumerate(suppliers):
        number = _by_number(draws, observed, state, (code, recipient), rng)
        volume = number * np.exp(draws["size"][:, s, :, None])
        parts.append(volume / volume.sum(axis=1, keepdims=True))
    return np.stack(parts, axis=1)


def _by_number(
    draws: Arrays, observed: xr.Dataset, state: Mapping[str, Any], pair: tuple[str, str],
    rng: np.random.Generator,
) -> np.ndarray:
    """Expected shares of a pair's orders (draw, domain, year)."""  # fmt: skip
    suppliers, recipients = ([str(c) for c in observed[d].values] for d in (SUPPLIER, RECIPIENT))
    s, r = suppliers.index(pair[0]), recipients.index(pair[1])
    seller, buyer = domain_draws.pairs(observed)
    habit = habit_of(draws, np.flatnonzero((seller == s) & (buyer == r)), rng)
    logits = state["strength"][:, s] + state["demand"] + (state["need"] + habit)[..., None]
    if pair[1] in suppliers and pair[1] != REST:
        own = state["strength"][:, suppliers.index(pair[1])]
        logits = logits - draws["substitution"][:, None, None] * own
    return np.exp(logits - log_sum(logits, 1)[:, None])


def habit_of(draws: Arrays, at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Habits of the pair at a position (draw, domain); where there is none, drawn from the prior.

    So those of a pair that ordered little are as uncertain as those of one that never traded.
    """
    if len(at):
        return draws["habit"][:, at[0]].astype(float)
    drawn = rng.standard_normal((len(draws["habit"]), draws["habit"].shape[-1]))
    return draws["habit_sd"][:, None] * (drawn - drawn.mean(axis=1, keepdims=True))


def _share(offers: np.ndarray, shares: np.ndarray, sold: int) -> np.ndarray:
    """Expected share of one supplier in what a recipient orders (draw, domain, year).

    Parameters
    ----------
    offers : Log expected share of each supplier in all domains (draw, supplier, year).
    shares : Composition of what each sells (draw, supplier, domain, year).
    """
    volume = np.exp(offers)[:, :, None] * shares
    return volume[:, sold] / volume.sum(axis=1)


def _number_of_lines(
    total: np.ndarray, attrs: Mapping[str, Any], rng: np.random.Generator
) -> np.ndarray:
    """Draw how many delivery lines make up totals, TIV million; none for none."""
    with np.errstate(divide="ignore"):
        mean = np.exp(attrs["lines_level"] + attrs["lines_slope"] * np.log(total))
    return np.where(total > 0, 1 + rng.poisson(np.maximum(mean - 0.5, 0.0)), 0)


def split_total(
    total: np.ndarray, lines: np.ndarray, shares: np.ndarray, draws: Arrays, supplier: int,
    middle: float, rng: np.random.Generator,
) -> np.ndarray:
    """Draw the domains of orders or deliveries given their totals.

    Parameters
    ----------
    total, lines : TIV million and number of orders or delivery lines (draw, ...).
    shares : Expected shares of lines (draw, domain, ...).
    supplier : Position of the supplier, whose orders have sizes of their own.
    middle : Log TIV million of an order, or delivery line, of middling size.

    Returns
    -------
    array (draw, domain, ...), TIV million; the domains sum to the total.
    """  # fmt: skip
    shares = np.moveaxis(shares, 1, -1).astype(float)
    extra = shares.ndim - 2
    wide = (slice(None), *[None] * extra)
    mixed = rng.standard_gamma(draws["concentration"][wide][..., None] * shares)
    whole = mixed.sum(axis=-1, keepdims=True)
    mixed = np.where(whole > 0, mixed / np.where(whole > 0, whole, 1.0), shares)
    mixed /= mixed.sum(axis=-1, keepdims=True)
    count = rng.multinomial(lines, mixed)
    with np.errstate(divide="ignore"):
        larger = np.where(total > 0, np.log(total / np.maximum(lines, 1)) - middle, 0.0)
    size = draws["size"][:, supplier][wide] + draws["size_scaling"][wide] * larger[..., None]
    spread, alike = draws["size_sd"][wide], draws["orders_alike"][wide][..., None]
    noise = domain_equations.variance(spread, alike, np.maximum(count, 1))
    with np.errstate(divide="ignore"):
        volume = np.log(count) + size - 0.5 * noise
    volume += np.sqrt(noise) * rng.standard_normal(count.shape)
    # Relative to the largest: where spreads are wide all of them could vanish.
    largest = volume.max(axis=-1, keepdims=True)
    volume = np.exp(volume - np.where(np.isfinite(largest), largest, 0.0))
    volume /= np.maximum(volume.sum(axis=-1, keepdims=True), 1.0)
    return np.moveaxis(volume * total[..., None], -1, 1)
