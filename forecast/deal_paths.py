"""The life of deals in the future: open ones of the book, and those that are still to be placed.

Compiled loops over draws, pairs, years and deals. Every deal draws its chances from a stream of
its own, keyed by seed, draw, and which deal it is: equal seeds give equal worlds, whichever pairs
are looked at, and two scenarios differ by nothing but what they change.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from crossover.data.names import DOMAIN, SUPPLIER
from crossover.forecast.deal_loops import COMMON, book_loop, orders_loop
from crossover.models.delivery import heavy
from crossover.models.order_book import OPEN_COLUMNS


class Coefficients(NamedTuple):
    """Draws of the model of delivery (draw, ...); see `models.delivery`.

    `shock`: of all, and of a supplier, in a future year (draw, supplier, year); `crisis`: of a
    recipient (draw, recipient, year); `mix`: cumulative shares of domains in the orders that a
    supplier wins (supplier, domain). `alike`: correlation of deliveries of a year within a bundle,
    the deals that a pair agreed in one year (a number).
    """

    chance: np.ndarray
    of_domain: np.ndarray
    of_supplier: np.ndarray
    of_recipient: np.ndarray
    shock: np.ndarray
    crisis: np.ndarray
    gone: np.ndarray
    whole: np.ndarray
    share: np.ndarray
    share_spread: np.ndarray
    more_pace: np.ndarray
    more_slope: np.ndarray
    more_sd: np.ndarray
    first_pace: np.ndarray
    first_sd: np.ndarray
    wait: np.ndarray
    wait_domain: np.ndarray
    known: np.ndarray
    size_mean: np.ndarray
    size_recipient: np.ndarray
    size_sd: np.ndarray
    units_domain: np.ndarray
    units_size: np.ndarray
    units_sd: np.ndarray
    mix: np.ndarray
    alike: float


class OpenDeals(NamedTuple):
    """Open deals of the book, one entry a deal; see `models.order_book.OPEN_COLUMNS`."""

    supplier: np.ndarray
    recipient: np.ndarray
    domain: np.ndarray
    order_year: np.ndarray
    state: np.ndarray
    left: np.ndarray
    ordered: np.ndarray
    units: np.ndarray
    delivered: np.ndarray
    times: np.ndarray
    last: np.ndarray
    number: np.ndarray


def coefficients(
    draws: dict[str, np.ndarray], inputs: xr.Dataset, years: int, rng: np.random.Generator
) -> Coefficients:
    """Return the coefficients of some draws, with shocks of future years drawn.

    Parameters
    ----------
    draws : As from `forecast.draws.stack`.
    inputs : As from `models.inputs.prepare`.
    years : Years ahead.
    rng : Of the shocks.
    """
    count = len(draws["chance"])

    def lasting(name: str, persistence: Any, tail: float) -> np.ndarray:
        now, path = draws[name][..., -1].astype(float).reshape(count, -1), []
        for _ in range(years):
            standard = rng.standard_normal(now.shape)
            news = draws[f"{name}_sd"][:, None] * heavy(standard, tail, np)
            now = np.reshape(persistence, (-1, 1)) * now + news
            path.append(now)
        return np.stack(path, axis=-1)

    world = lasting("chance_world", inputs.attrs["chance_world_persistence"], 0.0)
    of_supplier, of_recipient = (
        lasting(name, draws[f"{name}_persistence"], inputs.attrs["shock_tail"])
        for name in ("chance_supplier_shock", "chance_recipient_shock")
    )
    mix = inputs["domain_orders"].transpose(SUPPLIER, DOMAIN).values
    mix = mix + inputs.attrs["domain_weight"] * mix.sum(axis=0) / max(mix.sum(), 1.0)
    parts = {
        "chance": "chance", "of_domain": "chance_domain", "of_supplier": "chance_supplier",
        "of_recipient": "chance_recipient", "gone": "gone", "whole": "whole", "share": "share",
        "share_spread": "share_spread",
        "more_pace": "more_pace", "more_slope": "more_slope", "more_sd": "more_sd",
        "first_pace": "first_pace", "first_sd": "first_sd", "wait": "wait",
        "wait_domain": "wait_domain", "known": "known", "size_mean": "size_mean",
        "size_recipient": "size_recipient", "size_sd": "size_sd", "units_domain": "units_domain",
        "units_size": "units_size", "units_sd": "units_sd",
    }  # fmt: skip
    return Coefficients(
        shock=world + of_supplier,
        crisis=of_recipient,
        mix=np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1),
        alike=float(inputs.attrs["alike"]),
        **{own: np.ascontiguousarray(draws[name], dtype=float) for own, name in parts.items()},
    )


class _Packed(NamedTuple):
    """`Coefficients` as the loops take them: `common` is a row of all of `COMMON` (draw, ...)."""

    common: np.ndarray
    of_domain: np.ndarray
    of_supplier: np.ndarray
    of_recipient: np.ndarray
    shock: np.ndarray
    crisis: np.ndarray
    wait_domain: np.ndarray
    size_mean: np.ndarray
    size_recipient: np.ndarray
    units_domain: np.ndarray
    mix: np.ndarray


def _packed(c: Coefficients) -> _Packed:
    count = len(c.chance)
    parts = [np.broadcast_to(np.reshape(getattr(c, name), (-1, width)), (count, width))
             for name, width in COMMON.items()]  # fmt: skip
    return _Packed(
        np.concatenate(parts, axis=1), *(getattr(c, name) for name in _Packed._fields[1:])
    )


def open_deals(inputs: xr.Dataset) -> OpenDeals:
    """Return the open deals of a run's inputs."""
    columns = {name: inputs[f"open_{name}"].values for name in OPEN_COLUMNS}
    whole = {"left", "ordered", "units", "delivered"}
    return OpenDeals(
        **{name: v.astype(float if name in whole else np.int64) for name, v in columns.items()}
    )


# All deals of some pairs -----------------------------------------------------------------------


def deliver_book(
    seed: int, ids: np.ndarray, c: Coefficients, book: OpenDeals, pairs: np.ndarray, origin: int,
    out: np.ndarray,
) -> None:
    """Add what the open deals of the book deliver after the origin.

    Parameters
    ----------
    seed : Of the world.
    ids : Number of each draw (draw).
    c, book : As from `coefficients` and `open_deals`.
    pairs : Supplier and recipient of the pairs that are looked at (pair, 2).
    origin : Last data year.
    out : Deliveries (draw, pair, year), TIV million, added to.
    """
    place = np.full((c.of_supplier.shape[1], c.of_recipient.shape[1]), -1)
    place[pairs[:, 0], pairs[:, 1]] = np.arange(len(pairs))
    book_loop(seed, ids, _packed(c), book, place, origin, out)


def deliver_orders(
    seed: int, ids: np.ndarray, c: Coefficients, rates: np.ndarray, first: int, pairs: np.ndarray,
    origin: int, out: np.ndarray, ordered: np.ndarray,
) -> None:
    """Draw the orders that no register lists yet, and add what they deliver after the origin.

    Parameters
    ----------
    seed, ids, c, pairs, origin : As of `deliver_book`.
    rates : Expected orders (world, draw, pair, year), of worlds that share all other chances; of
        some years or of all up to the end.
    first : The first of these years.
    out : Deliveries (world, draw, pair, year), TIV million, added to.
    ordered : Orders of the future (world, draw, pair, year), TIV million, added to.
    """
    orders_loop(seed, ids, _packed(c), rates, first, pairs, origin, out, ordered)
