"""The market forward: the book of the origin delivers, later orders are placed and deliver too.

One draw of the posteriors of `models.orders` and `models.delivery` is one future. Deals that the
register lists deliver year by year; orders up to the origin that it does not list yet are drawn
given those that it lists; new ones follow the choice model, with walks going on. Effort, politics
and wars stay as in the last period. Nothing is counted twice: an order is listed or it is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from models.orders import BARRED, MEMORIES, ChoiceInputs, log_shares
from scipy.special import expit

from data.names import DOMAINS
from models import delivery as d
from models.inputs import COVARIATES
from models.order_book import (
    COMPLETE,
    NEVER,
    PERIOD,
    RUNNING,
    UNNUMBERED,
    WAITING,
    OrderData,
    units_left,
)

BATCH = 50
"""Draws that are simulated at once, to bound memory."""
UNLISTED_PERIODS = 2
"""Periods up to the origin whose missing orders are drawn."""
GONE = -1
"""State of a deal that the next register lacks: nothing more comes."""
FASTEST, SLOWEST = 2.5, -2.5
"""Bounds of standard normal noise where a normal tail would be exponentiated without limit."""
Draws = Mapping[str, np.ndarray]
"""Variable → values (draw, ...), of top-level parameters too."""


@dataclass
class Deals:
    """Deals in the simulation, one row a deal and draw; changed from year to year."""

    draw: np.ndarray
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
    starts: np.ndarray
    """Year of the first delivery of an order that no register has; 0 for listed deals."""

    def keep(self, of: np.ndarray) -> Deals:
        """Return some of the rows."""
        return Deals(**{name: values[of] for name, values in vars(self).items()})


def simulate(
    data: OrderData, x: ChoiceInputs, choice: Draws, delivery: Draws, *, years: int,
    domain_weight: float, seed: int,
) -> np.ndarray:
    """Return simulated deliveries (draw, supplier, recipient, year), TIV million.

    Parameters
    ----------
    data, x
        What the models were given.
    choice, delivery
        As many draws of each.
    years
        Years after the origin.
    domain_weight
        See models/priors/delivery.toml.
    seed
        Equal seeds give equal futures.
    """
    count = len(choice["theta"])
    out = np.zeros((count, len(data.suppliers), len(data.recipients), years))
    for first in range(0, count, BATCH):
        rng = np.random.default_rng([seed, first])
        part = slice(first, min(first + BATCH, count))
        own_choice, own = ({k: v[part] for k, v in of.items()} for of in (choice, delivery))
        market = _Market(data, own, years, domain_weight, rng)
        known = market.listed()
        for step in range(years):
            market.deliver(known, data.origin + 1 + step, out[part])
        for year, rate in _rates(data, x, own_choice, years, rng):
            market.order(year, rate, out[part])
    return out


def _rates(data: OrderData, x: ChoiceInputs, choice: Draws, years: int, rng: Any) -> Any:
    """Yield order years, from the first that may miss orders, and orders a year of each pair."""
    clumping = choice["order_clumping"][:, None, None]
    base = log_rates(x, choice)
    for back in range(UNLISTED_PERIODS, 0, -1):
        mean = np.exp(base[..., -back])
        listed, exposure = x.placed[..., -back], x.exposure[-back]
        # Gamma, given what is listed: clumps that began are in it.
        rate = rng.gamma(clumping + listed) / (clumping / mean + exposure)
        for year in range(PERIOD):
            yield data.origin - PERIOD * back + 1 + year, rate
    theta, demand = choice["theta"][..., -1], choice["demand"][..., -1]
    placed = np.broadcast_to(x.placed, (len(theta), *x.placed.shape))[..., -2:]
    exposure = x.exposure[-2:]
    for ahead in range(-(-years // PERIOD)):
        theta = theta + _step(choice["order_theta_walk"], theta.shape, rng)
        demand = demand + _step(choice["order_demand_walk"], demand.shape, rng)
        logs = np.log1p(placed / exposure)
        memory = np.stack([logs[..., 1], logs[..., 0]])
        mean = np.exp(_log_rate(x, choice, theta, demand, memory))
        rate = mean * rng.gamma(clumping, 1.0 / clumping, mean.shape)
        yield from ((data.origin + 1 + PERIOD * ahead + k, rate) for k in range(PERIOD)
                    if PERIOD * ahead + k < years)  # fmt: skip
        placed = np.stack([placed[..., 1], rate * PERIOD], axis=-1)
        exposure = np.array([exposure[1], float(PERIOD)])


def _step(sd: np.ndarray, shape: tuple[int, ...], rng: Any) -> np.ndarray:
    return np.sqrt(PERIOD) * sd[:, None] * rng.standard_normal(shape)


def log_rates(x: ChoiceInputs, choice: Draws) -> np.ndarray:
    """Return log orders a year (draw, supplier, recipient, period) of the modelled periods."""
    parts = [
        _log_rate(x, choice, choice["theta"][..., p], choice["demand"][..., p],
                  x.memory[:, None, ..., p], p)
        for p in range(len(x.exposure))
    ]  # fmt: skip
    return np.stack(parts, axis=-1)


def _log_rate(
    x: ChoiceInputs, choice: Draws, theta: np.ndarray, demand: np.ndarray, memory: np.ndarray,
    period: int = -1,
) -> np.ndarray:
    effects = np.stack([choice[f"order_{name}"] for name in COVARIATES])
    utility = np.einsum("cd,csr->dsr", effects, x.politics[..., period])
    for name, values in zip(MEMORIES, memory, strict=True):
        utility = utility + choice[f"order_{name}"][:, None, None] * values
    offered = theta + choice["order_war"][:, None] * x.war[:, period]
    scale = choice["order_affinity_sd"][:, None, None]
    utility = utility + offered[..., None] + scale * choice["affinity_z"]
    utility = utility + np.where(x.possible, 0.0, BARRED)
    return demand[:, None, :] + log_shares(utility[..., None], np)[..., 0]


class _Market:
    """Deliveries of a batch of draws."""

    def __init__(self, data: OrderData, draws: Draws, years: int, domain_weight: float, rng: Any):
        self.data, self.draws, self.years, self.rng = data, draws, years, rng
        self.count = len(draws["chance"])
        shape = (self.count, len(data.suppliers), years)
        world = rng.standard_normal((self.count, 1, years))
        world *= draws["chance_world_sd"][:, None, None]
        self.shock = world + draws["chance_shock_sd"][:, None, None] * rng.standard_normal(shape)
        shape = (self.count, len(data.recipients), years)
        spread = draws["chance_recipient_shock_sd"][:, None, None]
        self.crisis = spread * rng.standard_normal(shape)
        mix = np.zeros((len(data.suppliers), len(DOMAINS)))
        np.add.at(mix, (data.sizes["supplier"].values, data.sizes["domain"].values), 1.0)
        mix += domain_weight * mix.sum(axis=0) / mix.sum()
        self.mix = np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1)

    def _dot(self, features: np.ndarray, name: str, draw: np.ndarray) -> np.ndarray:
        return np.einsum("ij,ij->i", features, self.draws[name][draw])

    def _effect(self, name: str, draw: np.ndarray, at: np.ndarray) -> np.ndarray:
        return self.draws[f"{name}_sd"][draw] * self.draws[name][draw, at]

    def _happens(self, logit: np.ndarray) -> np.ndarray:
        return self.rng.random(len(logit)) < expit(logit)

    def listed(self) -> Deals:
        """Return the deals of the book that may deliver, once for every draw."""
        book: pd.DataFrame = self.data.open
        rows = {name: np.array(np.tile(book[name].values, self.count)) for name in book}
        deals = Deals(
            np.repeat(np.arange(self.count), len(book)), rows["supplier"], rows["recipient"],
            rows["domain"], rows["order_year"], rows["state"], rows["left"].astype(float),
            rows["ordered"].astype(float), rows["units"].astype(float),
            rows["delivered"].astype(float), rows["times"], rows["last"],
            np.zeros(len(rows["left"]), int),
        )  # fmt: skip
        # Of unknown number and nothing delivered: a third of an order's usual size a year.
        blank = (deals.state >= UNNUMBERED) & (deals.delivered <= 0)
        part = deals.keep(blank)
        size = self._size(part.draw, part.supplier, part.recipient, part.domain)
        deals.delivered[blank] = np.exp(size) / 3.0
        deals.times[blank] = 1
        return deals

    def _size(self, draw: Any, supplier: Any, recipient: Any, domain: Any) -> np.ndarray:
        mean = self.draws["size_domain"][draw, domain]
        mean = mean + self._effect("size_supplier", draw, supplier)
        mean = mean + self._effect("size_recipient", draw, recipient)
        return mean + self.draws["size_sd"][draw] * self.rng.standard_normal(len(draw))

    def deliver(self, deals: Deals, year: int, out: np.ndarray) -> None:
        """Let a year pass: add what is delivered after the origin to `out`, move the deals on."""
        step = year - self.data.origin - 1
        age = np.maximum(year - 1 - deals.order_year, 0)
        since = np.where(deals.last > 0, year - 1 - deals.last, NEVER)
        new = deals.starts > 0
        gone = self._happens(self._dot(d.gone_features(deals.state, age), "gone", deals.draw))
        gone &= ~new & (deals.state < COMPLETE)
        deals.left[gone] = 0.0
        deals.state[gone] = GONE
        chance = self._chance(deals, age, since, max(step, 0))
        goes = np.where(new & (deals.state == WAITING), deals.starts == year,
                        self._happens(chance))  # fmt: skip
        goes &= (deals.state != GONE) & ((deals.left > 1e-6) | (deals.state >= UNNUMBERED))
        amount = np.zeros(len(deals.left))
        amount[goes] = self._amount(deals.keep(goes), age[goes])
        if step >= 0:
            at = (deals.draw, deals.supplier, deals.recipient)
            np.add.at(out[..., step], at, amount)
        numbered = deals.state <= RUNNING
        deals.left = np.where(numbered, deals.left - amount, deals.left)
        deals.delivered, deals.times = deals.delivered + amount, deals.times + goes
        deals.last = np.where(goes, year, deals.last)
        deals.state = np.where(goes & (deals.state == WAITING), RUNNING, deals.state)
        done = goes & numbered & (deals.left <= 1e-6)
        deals.state = np.where(done, COMPLETE, deals.state)

    def _chance(self, deals: Deals, age: Any, since: Any, step: int) -> np.ndarray:
        draw = deals.draw
        features = d.chance_features(deals.state, age, deals.left, since)
        chance = self._dot(features, "chance", draw)
        for name in ("domain", "supplier", "recipient"):
            chance = chance + self._effect(f"chance_{name}", draw, getattr(deals, name))
        chance = chance + self.shock[draw, deals.supplier, step]
        return chance + self.crisis[draw, deals.recipient, step]

    def _amount(self, deals: Deals, age: np.ndarray) -> np.ndarray:
        draw, noise = deals.draw, self.rng.standard_normal(len(deals.draw))
        units = units_left(deals.units, deals.left, deals.ordered)
        features = d.whole_features(
            deals.state, age, deals.left, units, deals.delivered, deals.times
        )
        whole = self._happens(self._dot(features, "whole", draw))
        part = features[:, :-1]
        many = part[:, d.SHARE.index("units")]
        sd = np.exp(self.draws["share_log_sd"][draw] + self.draws["share_units_sd"][draw] * many)
        logit = self._dot(part, "share", draw) + sd * noise
        some = deals.left * np.where(whole, 1.0, expit(logit))
        pace = deals.delivered / np.maximum(deals.times, 1)
        ratio = self.draws["more_pace"][draw] + self.draws["more_sd"][draw] * np.clip(
            noise, SLOWEST, FASTEST
        )
        return np.where(deals.state <= RUNNING, some, pace * np.exp(ratio))

    def order(self, year: int, rate: np.ndarray, out: np.ndarray) -> None:
        """Place the orders of a year that the register does not list, and let them deliver."""
        origin = self.data.origin
        end = origin + self.years
        count = self.rng.poisson(rate).ravel()
        draw, supplier, recipient = (np.repeat(at.ravel(), count) for at in np.indices(rate.shape))
        domain = (self.rng.random(len(draw))[:, None] > self.mix[supplier]).sum(axis=1)
        domain = np.minimum(domain, len(DOMAINS) - 1)
        size = self._size(draw, supplier, recipient, domain)
        starts = self._starts(draw, domain, size, year, end)
        if year <= origin:
            begun = (starts > 0) & (starts <= origin)
            features = d.known_features(origin - year, begun, size)
            unlisted = ~self._happens(self._dot(features, "known", draw))
        else:
            unlisted = np.ones(len(draw), bool)
        more = self.draws["units_size"][draw] * (size - d.MIDDLE)
        mean = self.draws["units_domain"][draw, domain] + more
        noise = self.draws["units_sd"][draw] * self.rng.standard_normal(len(draw))
        tiv, units = np.exp(size), np.maximum(np.round(np.exp(mean + noise)), 1.0)
        none = np.zeros(len(draw))
        deals = Deals(
            draw, supplier, recipient, domain, np.full(len(draw), year),
            np.full(len(draw), WAITING), tiv, tiv.copy(), units, none, none.astype(int),
            none.astype(int), starts,
        ).keep(unlisted & (starts > 0))  # fmt: skip
        for later in range(year, end + 1):
            self.deliver(deals, later, out)

    def _starts(
        self, draw: np.ndarray, domain: np.ndarray, size: np.ndarray, year: int, end: int
    ) -> np.ndarray:
        """Return the year of the first delivery; 0 where it is after the end."""
        starts = np.zeros(len(draw), int)
        own = self._effect("wait_domain", draw, domain)
        for age in range(end - year + 1):
            features = d.wait_features(np.full(len(draw), age), size)
            begins = self._happens(self._dot(features, "wait", draw) + own)
            starts = np.where((starts == 0) & begins, year + age, starts)
        return starts
