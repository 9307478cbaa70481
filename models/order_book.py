"""From order books as they were read to what models of orders and their delivery condition on.

Everything is learned from registers of the time: what a deal that a register listed did until a
later one, which orders came up late, and how many a pair placed. A later register knows an order
mostly because it was delivered, so the past of a deal is never read off a register that came after
the outcome it is to explain. Registers before 2024 have numbers and years of the time, but unit
values borrowed from later ones.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data import names
from crossover.data.errors import InputError
from crossover.data.listings import BOOK, FIRST_BIT, LISTING
from crossover.models.priors import Priors

WAITING, RUNNING, UNNUMBERED, COMPLETE = range(4)
"""A deal without delivery; with some, and more to come; of unknown number; all delivered."""
STILL = {UNNUMBERED: 12, COMPLETE: 1}
"""Years after the order (unnumbered) or the last delivery (complete) in which more may come."""
SMALLEST = 0.05
"""TIV million: smaller amounts count as this in logs."""
NEVER = 99
"""Years since the last delivery of a deal that has had none."""
LISTED_BACK = 7
"""Order years, up to a register's last, on which it is asked what it did not know."""
MATURES = 2
"""Years after which a later register can say what an earlier one did not know."""
PERIOD = 3
"""Years that are counted together: a single year's orders of a pair are mostly zero."""
REMEMBERED = 2
"""Periods before each that a pair remembers."""
SETTLED_AGES = (4, 18)
"""Order years, before the origin, from which the wait for a first delivery is learned."""
OLDEST_WAIT = 14
SIZE_YEARS = 15
"""Order years before the origin from which sizes and domains are learned."""
AGES = 12
"""Ages of orders, years, for which it is asked what a register lists; older ones it lists all."""
ORDER_PERIOD, OPEN_DEAL = names.ORDER_PERIOD, "open_deal"
OPEN_COLUMNS = (
    "supplier", "recipient", "domain", "order_year", "state", "left", "ordered", "units",
    "delivered", "times", "last", "number",
)  # fmt: skip
"""What futures need to know of an open deal; in the inputs with `open_` before the name."""


class OrderData(NamedTuple):
    """What is known of orders at an origin; suppliers, recipients and domains are positions.

    Attributes
    ----------
    periods : last years of periods, see `periods`; the last is the last data year.
    suppliers, recipients : codes; the last entry of each is the rest of the world.
    open : deals that may still deliver, as the origin's register has them: see `states`.
    followed : a row a deal and year after a register that listed it: see `follow`.
    waits : a row an order and year that it waited (age, log_tiv, domain, first).
    listed : a row an order that a later register has (age, begun, log_tiv, known).
    sizes : a row an order (supplier, recipient, domain, log_tiv, log_units).
    placed : listed orders (supplier, recipient, period); the last period ends with the origin.
    exposure : years of full knowledge that a period of listed orders stands for (period).
    """

    periods: np.ndarray
    suppliers: tuple[str, ...]
    recipients: tuple[str, ...]
    open: pd.DataFrame
    followed: pd.DataFrame
    waits: pd.DataFrame
    listed: pd.DataFrame
    sizes: pd.DataFrame
    placed: np.ndarray
    exposure: np.ndarray


class Book(NamedTuple):
    """A book's deals as a table, and where it stands among the books."""

    last_year: int
    at: int
    deals: pd.DataFrame

    def covered_by(self, deals: pd.DataFrame) -> np.ndarray:
        """Say of deals of any book whether this one's register would list them."""
        return (deals["covered"].values >> self.at) & 1 > 0


def prepare(panel: xr.Dataset, first: int, origin: int, priors: Priors) -> OrderData:
    """Return what models of orders condition on.

    Parameters
    ----------
    panel
        With the books of `data.listings.attach`; the last must be that of the origin.
    first, origin
        First and last year of the window.
    priors
        For what a register lists in relation to later ones (`missing_first`, `missing_decay`,
        `listed_weight`).

    Raises
    ------
    InputError
        If no trade register with data to the origin was known.
    """
    found = books(panel)
    if not found or found[-1].last_year != origin:
        newest = f"the newest goes to {found[-1].last_year}" if found else "there is none"
        rule = (
            f"deliveries are known to {origin}, but no trade register with data to {origin} is: "
            f"{newest}; add the register of the same release, or choose another --as-of"
        )
        raise InputError(rule)
    sellers, buyers = (
        tuple(str(c) for c in panel[dim].values) for dim in (names.SUPPLIER, names.RECIPIENT)
    )
    last = found[-1]
    steps = [follow(*pair) for pair in itertools.pairwise(found)]
    mature = [book for book in found[:-1] if origin - book.last_year >= MATURES]
    missing = [known_before(book, last) for book in mature]
    listed = pd.concat(missing) if missing else known_before(last, last)[:0]
    prior = listed_prior(priors)
    totals = sum((listed_counts(book, last) for book in mature), np.zeros(prior.shape))
    share = listed_share(totals, prior)
    ends = periods(first, origin)
    placed, exposure = counts(last.deals, ends, (len(sellers), len(buyers)), share)
    return OrderData(
        ends, sellers, buyers, states(last.deals, origin),
        pd.concat(steps, ignore_index=True) if steps else follow(last, last),
        waits(last.deals, origin), listed.reset_index(drop=True), sizes(last.deals, origin),
        placed, exposure,
    )  # fmt: skip


def for_futures(data: OrderData) -> xr.Dataset:
    """Return what futures need of the book, as arrays that a run keeps.

    Returns
    -------
    xarray.Dataset
        `placed` (supplier, recipient, order_period), of which the first periods are only
        remembered, `order_exposure` (order_period), `domain_orders` (supplier, domain): orders of
        the last years, and the open deals (open_deal), see `OPEN_COLUMNS`.
    """
    mix = np.zeros((len(data.suppliers), len(names.DOMAINS)))
    np.add.at(mix, (data.sizes["supplier"].values, data.sizes["domain"].values), 1.0)
    deals = data.open.assign(number=data.open.index.values)
    return xr.Dataset(
        {
            "placed": ((names.SUPPLIER, names.RECIPIENT, ORDER_PERIOD), data.placed),
            "order_exposure": (ORDER_PERIOD, data.exposure),
            "domain_orders": ((names.SUPPLIER, names.DOMAIN), mix),
            **{f"open_{name}": (OPEN_DEAL, deals[name].values) for name in OPEN_COLUMNS},
        },
        coords={
            names.SUPPLIER: list(data.suppliers), names.RECIPIENT: list(data.recipients),
            ORDER_PERIOD: data.periods,
        },
    )  # fmt: skip


def listed_prior(priors: Priors) -> np.ndarray:
    """Return the prior of what a register lists in relation to later ones, by age (2, age).

    Its second row is as how many orders it counts.
    """
    decay = np.exp(-priors.constant("missing_decay") * np.arange(AGES))
    missing = priors.constant("missing_first") * decay
    return np.stack([1.0 - missing, np.full(AGES, priors.constant("listed_weight"))])


def books(panel: xr.Dataset) -> list[Book]:
    """Return the books that a panel holds, oldest first, as tables indexed by number of deal.

    Columns: `supplier`, `recipient`, `domain` (positions), `order_year`, `ordered` and `left`, TIV
    million (NaN and 0 where the number ordered is not known), `units`, `delivered`, TIV million,
    `first` and `last` year of delivery (0 for none), `times`: years with deliveries, `years` and
    `covered`: bits, see `data.listings.attach`.
    """
    if LISTING not in panel.dims:
        return []
    columns = {
        name: panel[f"{LISTING}_{name}"].values
        for name in ("supplier", "recipient", "domain", "order_year", "ordered", "left", "units",
                     "delivered", "years", "covered", "deal")
    }  # fmt: skip
    bits = columns["years"][:, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    any_, times = bits.any(axis=1), bits.sum(axis=1).astype(int)
    columns["first"] = np.where(any_, FIRST_BIT + bits.argmax(axis=1), 0)
    columns["last"] = np.where(any_, FIRST_BIT + 63 - bits[:, ::-1].argmax(axis=1), 0)
    columns["times"] = times
    table = pd.DataFrame(columns).set_index("deal")
    of = panel[f"{LISTING}_book"].values
    return [
        Book(int(year), at, table[of == at]) for at, year in enumerate(panel[BOOK].values)
    ]


def delivered_in(deals: pd.DataFrame, year: int) -> np.ndarray:
    """Say which deals had deliveries in a year."""
    bits = deals["years"].fillna(0).values.astype(np.uint64)
    return bits >> np.uint64(year - FIRST_BIT) & np.uint64(1) > 0


def states(deals: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the deals that may deliver after a year, with their `state`."""
    state = np.select(
        [deals["ordered"].isna(), deals["left"] <= 0, deals["delivered"] > 0],
        [UNNUMBERED, COMPLETE, RUNNING], WAITING,
    )  # fmt: skip
    live = (state <= RUNNING) | (
        (state == UNNUMBERED) & (year - deals["order_year"] <= STILL[UNNUMBERED])
    ) | ((state == COMPLETE) & (deals["last"] >= year - STILL[COMPLETE]))
    return deals.assign(state=state)[live]


def follow(earlier: Book, later: Book) -> pd.DataFrame:
    """Return what each open deal of a register did in each year until the next register.

    A delivery over several years is spread evenly over those in which the later register lists
    any.

    Returns
    -------
    pandas.DataFrame
        A row a deal and year, described as at the year before: `state`, `age`, years `since` the
        last delivery, `left` and `delivered`, TIV million, `units_left`, `times`, `supplier`,
        `recipient`, `domain`; and what followed: `gone` (the later register lacks the deal),
        `span`, years between the registers, `ending` (the last of them), `any` (it delivered
        something: a year that is listed while nothing more has come does not count) and `tiv`.
    """
    start, end = earlier.last_year, later.last_year
    old = states(earlier.deals, start)
    old = old[later.covered_by(old) & earlier.covered_by(old)]
    new = later.deals[~later.deals.index.duplicated()].reindex(old.index)
    years = range(start + 1, end + 1)
    in_year = [delivered_in(new, year) for year in years]
    fresh = np.sum(in_year, axis=0) if in_year else np.zeros(len(old))
    came = np.maximum(new["delivered"].fillna(0.0).values - old["delivered"].values, 0.0)
    each = came / np.maximum(fresh, 1) * (fresh > 0)
    parts, before_now = [], np.zeros(len(old))
    last, times = old["last"].values.copy(), old["times"].values.copy()
    gone = ~old.index.isin(later.deals.index)
    for year, now in zip(years, in_year, strict=True):
        parts.append(_row(old, year, before_now, last, times).assign(
            gone=gone, span=end - start, ending=year == end, any=now & (each > 0),
            tiv=np.where(now, each, 0.0)))  # fmt: skip
        before_now = before_now + np.where(now, each, 0.0)
        last, times = np.where(now, year, last), times + now
    out = pd.concat(parts) if parts else _row(old, end, before_now, last, times).assign(
        gone=False, span=1, ending=True, any=False, tiv=0.0)[:0]  # fmt: skip
    return out[(out["state"] > RUNNING) | (out["left"] > 1e-6)]


def _row(
    old: pd.DataFrame, year: int, came: np.ndarray, last: np.ndarray, times: np.ndarray
) -> pd.DataFrame:
    left = np.maximum(old["left"].values - came, 0.0)
    state = np.where((old["state"] == WAITING) & (came > 0), RUNNING, old["state"])
    return pd.DataFrame(
        {
            "year": year, "state": state, "age": np.maximum(year - 1 - old["order_year"], 0),
            "since": np.where(last > 0, year - 1 - last, NEVER), "left": left,
            "delivered": old["delivered"] + came, "times": times,
            "units_left": units_left(old["units"].values, left, old["ordered"].values),
            "supplier": old["supplier"], "recipient": old["recipient"], "domain": old["domain"],
        }
    )  # fmt: skip


def units_left(units: np.ndarray, left: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Return how many of the units ordered have not come, at least 1; 1 where not known."""
    share = np.clip(left / np.maximum(np.nan_to_num(ordered), 1e-9), 0.0, 1.0)
    return np.maximum(np.nan_to_num(units, nan=1.0) * share, 1.0)


def log_tiv(deals: pd.DataFrame) -> np.ndarray:
    """Return the log of what was ordered, or of what has come where that is not known."""
    return np.log(np.maximum(deals["ordered"].fillna(deals["delivered"]), SMALLEST).values)


def known_before(earlier: Book, later: Book) -> pd.DataFrame:
    """Say of recent orders that a later register has whether an earlier one had them (`known`)."""
    year = earlier.last_year
    recent = _recent(later.deals, year)
    recent = recent[earlier.covered_by(recent)]
    return pd.DataFrame(
        {
            "age": year - recent["order_year"],
            "begun": (recent["first"] > 0) & (recent["first"] <= year),
            "log_tiv": log_tiv(recent),
            "known": recent.index.isin(earlier.deals.index),
        }
    )


def listed_counts(earlier: Book, later: Book) -> np.ndarray:
    """Return how many orders of each age a register listed, and how many a later one has of them.

    Some that it listed are gone later, so that this falls short by less than `known_before` says.

    Returns
    -------
    array (2, age): listed by the earlier register; of the same order years, by the later one.
    """
    out = []
    for deals in (earlier.deals, later.deals):
        recent = _recent(deals, earlier.last_year)
        recent = recent[earlier.covered_by(recent) & later.covered_by(recent)]
        age = earlier.last_year - recent["order_year"].values
        out.append(np.bincount(age, minlength=AGES)[:AGES])
    return np.stack(out)


def _recent(deals: pd.DataFrame, year: int) -> pd.DataFrame:
    return deals[(deals["order_year"] <= year) & (deals["order_year"] > year - LISTED_BACK)]


def listed_share(counts: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return what a register lists in relation to what later ones do, by age of the order.

    Parameters
    ----------
    counts
        As from `listed_counts`.
    prior
        Ratio, and as how many orders it counts (2, age).
    """
    return (prior[0] * prior[1] + counts[0]) / (prior[1] + counts[1])


def waits(deals: pd.DataFrame, origin: int) -> pd.DataFrame:
    """Return a row an order and year in which it was without delivery, `first` if one came."""
    young, old = SETTLED_AGES
    known = deals[deals["ordered"].fillna(0.0) > 0]
    known = known[known["order_year"].between(origin - old, origin - young)]
    lag = np.where(known["first"] > 0, known["first"] - known["order_year"], NEVER)
    size, parts = log_tiv(known), []
    for age in range(OLDEST_WAIT + 1):
        at = (lag >= age) & (origin - known["order_year"].values >= age)
        parts.append(pd.DataFrame({"age": age, "log_tiv": size[at], "first": lag[at] == age,
                                   "domain": known["domain"].values[at]}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def sizes(deals: pd.DataFrame, origin: int) -> pd.DataFrame:
    """Return who ordered what of late, in logs of TIV million and of units (NaN: not known)."""
    known = deals[(deals["ordered"].fillna(0.0) > 0) & (deals["order_year"] > origin - SIZE_YEARS)]
    return pd.DataFrame(
        {
            "supplier": known["supplier"], "recipient": known["recipient"],
            "domain": known["domain"], "log_tiv": log_tiv(known),
            "log_units": np.log(np.maximum(known["units"], 1.0)),
        }
    ).reset_index(drop=True)  # fmt: skip


def periods(first: int, origin: int) -> np.ndarray:
    """Return the last years of periods, the last of which ends with the origin.

    Those whose years all are in the window are modelled; before them are `REMEMBERED` ones.
    """
    modelled = np.arange(origin, first + PERIOD - 2, -PERIOD)[::-1]
    return np.concatenate([modelled[0] - PERIOD * np.arange(REMEMBERED, 0, -1), modelled])


def counts(
    deals: pd.DataFrame, ends: np.ndarray, shape: tuple[int, int], share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return listed orders (supplier, recipient, period) and exposure (period), see `OrderData`.

    Parameters
    ----------
    deals
        Of the newest book.
    ends
        As from `periods`.
    shape
        Suppliers and recipients.
    share
        As from `listed_share`.
    """
    placed = np.zeros((*shape, len(ends)))
    own = deals[(deals["order_year"] > ends[0] - PERIOD) & (deals["order_year"] <= ends[-1])]
    at = np.searchsorted(ends, own["order_year"].values)
    np.add.at(placed, (own["supplier"].values, own["recipient"].values, at), 1.0)
    years = ends[:, None] - np.arange(PERIOD)[None, :]
    ages = np.minimum(ends[-1] - years, len(share) - 1)
    return placed, share[ages].sum(axis=1)
