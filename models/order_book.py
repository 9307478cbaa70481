"""From order books as they were read to what models of orders and their delivery condition on.

Everything is learned from registers of the time: what a deal that a register listed did until a
later one, which orders came up late, and how many a pair placed. A later register knows an order
mostly because it was delivered, so the past of a deal is never read off a register that came after
the outcome it is to explain. Registers before 2024 have numbers and years of the time, but unit
values borrowed from later ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from data import names
from data.books import Book
from data.deals import covers, undelivered

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
SETTLED_AGES = (4, 18)
"""Order years, before the origin, from which the wait for a first delivery is learned."""
OLDEST_WAIT = 14
SIZE_YEARS = 15
"""Order years before the origin from which sizes and domains are learned."""


class OrderData(NamedTuple):
    """What is known of orders at an origin; suppliers, recipients and domains are positions.

    Attributes
    ----------
    origin : last data year.
    suppliers, recipients : codes; the last entry of each is the rest of the world.
    open : deals that may still deliver, as the origin's register has them: see `states`.
    followed : a row a deal and year after a register that listed it: see `follow`.
    waits : a row an order and year that it waited (age, log_tiv, domain, first).
    listed : a row an order that a later register has (age, begun, log_tiv, known).
    sizes : a row an order (supplier, recipient, domain, log_tiv, log_units).
    placed : listed orders (supplier, recipient, period); the last period ends with the origin.
    exposure : years of full knowledge that a period of listed orders stands for (period).
    """

    origin: int
    suppliers: tuple[str, ...]
    recipients: tuple[str, ...]
    open: pd.DataFrame
    followed: pd.DataFrame
    waits: pd.DataFrame
    listed: pd.DataFrame
    sizes: pd.DataFrame
    placed: np.ndarray
    exposure: np.ndarray


def prepare(books: Sequence[Book], panel: xr.Dataset, prior_listed: np.ndarray) -> OrderData:
    """Return what models of orders condition on.

    Parameters
    ----------
    books
        One a data year, oldest first, the last that of the origin; real ones, not degraded.
    panel
        For the suppliers and recipients.
    prior_listed
        What a register lists in relation to later ones, by age of the order, and as how many
        orders that counts (2, age).
    """
    sellers, buyers = (
        tuple(str(c) for c in panel[dim].values) for dim in (names.SUPPLIER, names.RECIPIENT)
    )
    tables = [table(book, sellers, buyers) for book in books]
    pairs = list(zip(books[:-1], tables[:-1], strict=True))
    origin, last = books[-1].last_year, tables[-1]
    steps = [
        follow(a, b, table_a, table_b)
        for (a, table_a), b, table_b in zip(pairs, books[1:], tables[1:], strict=True)
    ]
    mature = [(book, old) for book, old in pairs if origin - book.last_year >= MATURES]
    missing = [known_before(book, old, books[-1], last) for book, old in mature]
    listed = pd.concat(missing) if missing else known_before(books[-1], last, books[-1], last)[:0]
    ages = prior_listed.shape[1]
    totals = sum(
        (listed_counts(book, old, books[-1], last, ages) for book, old in mature),
        np.zeros((2, ages)),
    )
    share = listed_share(totals, prior_listed)
    placed, exposure = counts(last, origin, len(sellers), len(buyers), share)
    empty = follow(books[-1], books[-1], last, last)
    return OrderData(
        origin, sellers, buyers, states(last, origin),
        pd.concat(steps, ignore_index=True) if steps else empty,
        waits(last, origin), listed.reset_index(drop=True), sizes(last, origin), placed, exposure,
    )  # fmt: skip


def table(book: Book, sellers: Sequence[str], buyers: Sequence[str]) -> pd.DataFrame:
    """Return a book as a table, indexed by the number of the deal.

    Returns
    -------
    pandas.DataFrame
        `supplier`, `recipient`, `domain` (positions), `order_year`, `ordered` and `left`, TIV
        million (NaN and 0 where the number ordered is not known), `units`, `delivered`, TIV
        million, `first` and `last` year of delivery (0 for none), `times`: years with deliveries;
        `years`.
    """
    at = [{code: i for i, code in enumerate(codes)} for codes in (sellers, buyers)]
    rest = [codes[names.REST] for codes in at]
    rows = [d for d in book.deals if d.order_year <= book.last_year]
    years = [_years(d.delivery_years) for d in rows]
    return pd.DataFrame(
        {
            "supplier": [at[0].get(d.supplier, rest[0]) for d in rows],
            "recipient": [at[1].get(d.recipient, rest[1]) for d in rows],
            "domain": [names.DOMAINS.index(d.domain) for d in rows],
            "order_year": [d.order_year for d in rows],
            "ordered": [np.nan if d.tiv_ordered is None else d.tiv_ordered for d in rows],
            "left": [undelivered(d) for d in rows],
            "units": [np.nan if d.n_ordered is None else float(d.n_ordered) for d in rows],
            "delivered": [d.tiv_delivered for d in rows],
            "first": [y[0] if y else 0 for y in years],
            "last": [y[-1] if y else 0 for y in years],
            "times": [len(y) for y in years],
            "years": years,
            "deal": [d.deal for d in rows],
            "code": [d.supplier for d in rows],
        }
    ).set_index("deal")


def _years(text: str) -> tuple[int, ...]:
    spans = [part.partition("-") for part in text.split()]
    return tuple(y for a, _, b in spans for y in range(int(a), int(b or a) + 1))


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


def follow(
    earlier: Book, later: Book, before: pd.DataFrame, after: pd.DataFrame
) -> pd.DataFrame:
    """Return what each open deal of a register did in each year until the next register.

    A delivery over several years is spread evenly over those in which the later register lists
    any.

    Returns
    -------
    pandas.DataFrame
        A row a deal and year, described as at the year before: `state`, `age`, years `since` the
        last delivery, `left` and `delivered`, TIV million, `units_left`, `times`, `supplier`,
        `recipient`, `domain`; and what came: `gone` (the later register lacks the deal), `span`,
        years between the registers, `ending` (the last of them), `any` and `tiv`.
    """
    start, end = earlier.last_year, later.last_year
    old = states(before, start)
    seen = [
        covers(later.register, code, year) and covers(earlier.register, code, year)
        for code, year in zip(old["code"], old["order_year"], strict=True)
    ]
    old = old[np.array(seen, bool)]
    new = after.reindex(old.index)
    years = [y if isinstance(y, tuple) else () for y in new["years"]]
    fresh = np.array([sum(start < y <= end for y in of_deal) for of_deal in years])
    came = np.maximum(new["delivered"].fillna(0.0).values - old["delivered"].values, 0.0)
    each = came / np.maximum(fresh, 1) * (fresh > 0)
    parts, before_now = [], np.zeros(len(old))
    last = old["last"].values.copy()
    for year in range(start + 1, end + 1):
        now = np.array([year in of_deal for of_deal in years], bool)
        parts.append(_row(old, year, before_now, last).assign(
            gone=~old.index.isin(after.index), span=end - start, ending=year == end,
            any=now, tiv=np.where(now, each, 0.0)))  # fmt: skip
        before_now = before_now + np.where(now, each, 0.0)
        last = np.where(now, year, last)
    out = pd.concat(parts) if parts else _row(old, end, before_now, last).assign(
        gone=False, span=1, ending=True, any=False, tiv=0.0)[:0]  # fmt: skip
    return out[(out["state"] > RUNNING) | (out["left"] > 1e-6)]


def _row(old: pd.DataFrame, year: int, came: np.ndarray, last: np.ndarray) -> pd.DataFrame:
    left = np.maximum(old["left"].values - came, 0.0)
    state = np.where((old["state"] == WAITING) & (came > 0), RUNNING, old["state"])
    return pd.DataFrame(
        {
            "year": year, "state": state, "age": np.maximum(year - 1 - old["order_year"], 0),
            "since": np.where(last > 0, year - 1 - last, NEVER), "left": left,
            "delivered": old["delivered"] + came, "times": old["times"],
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


def known_before(
    earlier: Book, before: pd.DataFrame, later: Book, after: pd.DataFrame
) -> pd.DataFrame:
    """Say of recent orders that a later register has whether an earlier one had them (`known`)."""
    year = earlier.last_year
    recent = after[(after["order_year"] <= year) & (after["order_year"] > year - LISTED_BACK)]
    seen = [
        covers(earlier.register, code, u)
        for code, u in zip(recent["code"], recent["order_year"], strict=True)
    ]
    recent = recent[np.array(seen, bool)]
    return pd.DataFrame(
        {
            "age": year - recent["order_year"],
            "begun": (recent["first"] > 0) & (recent["first"] <= year),
            "log_tiv": log_tiv(recent),
            "known": recent.index.isin(before.index),
        }
    )


def listed_counts(
    earlier: Book, before: pd.DataFrame, later: Book, after: pd.DataFrame, ages: int
) -> np.ndarray:
    """Return how many orders of each age a register listed, and how many a later one has of them.

    Some that it listed are gone later, so that this falls short by less than `known_before` says.

    Returns
    -------
    array (2, age): listed by the earlier register; of the same order years, by the later one.
    """
    year, out = earlier.last_year, []
    for deals in (before, after):
        recent = deals[(deals["order_year"] <= year) & (deals["order_year"] > year - LISTED_BACK)]
        seen = [
            covers(earlier.register, code, u) and covers(later.register, code, u)
            for code, u in zip(recent["code"], recent["order_year"], strict=True)
        ]
        age = year - recent["order_year"].values[np.array(seen, bool)]
        out.append(np.bincount(age, minlength=ages)[:ages])
    return np.stack(out)


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
    """Return who ordered what of late, in logs of TIV million and of units."""
    known = deals[(deals["ordered"].fillna(0.0) > 0) & (deals["order_year"] > origin - SIZE_YEARS)]
    return pd.DataFrame(
        {
            "supplier": known["supplier"], "recipient": known["recipient"],
            "domain": known["domain"], "log_tiv": log_tiv(known),
            "log_units": np.log(np.maximum(known["units"].fillna(1.0), 1.0)),
        }
    ).reset_index(drop=True)  # fmt: skip


def periods(origin: int) -> np.ndarray:
    """Return the last years of the periods that are modelled; the last is the origin."""
    return np.arange(origin, names.FIRST_YEAR + PERIOD - 2, -PERIOD)[::-1]


def counts(
    deals: pd.DataFrame, origin: int, sellers: int, buyers: int, share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return listed orders (supplier, recipient, period) and exposure (period), see `OrderData`.

    Two periods before the modelled ones are counted too: pairs remember them.
    """
    ends = periods(origin)
    ends = np.concatenate([ends[0] - PERIOD * np.array([2, 1]), ends])
    at = np.searchsorted(ends, deals["order_year"].values)
    inside = deals["order_year"].values > ends[0] - PERIOD
    placed = np.zeros((sellers, buyers, len(ends)))
    own = deals[inside]
    np.add.at(placed, (own["supplier"].values, own["recipient"].values, at[inside]), 1.0)
    years = ends[:, None] - np.arange(PERIOD)[None, :]
    ages = np.minimum(origin - years, len(share) - 1)
    return placed, share[ages].sum(axis=1)

