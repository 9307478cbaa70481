"""Where a recipient's arms come from: which suppliers, and which orders. Sums of the baseline.

The draws that are kept are of all that a pair delivers in a year. What these tables sum up is known
while the futures are simulated, and not kept draw by draw; `add_up` says whether they still fit
what is kept.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.names import BASELINE, DRAW, RECIPIENT, SCENARIO, SELLER, YEAR, YEAR_FUTURE

ORDERS_FILE, SUPPLIERS_FILE = "deliveries_by_order.csv", "suppliers.csv"
BOOK, UNLISTED, NEW = "book", "unlisted", "new"
"""What is delivered: of the register's open deals, of orders up to the origin that no register
lists yet, and of orders after it."""
NOT_KEPT = ("from_book", "from_unlisted", "by_seller")
"""What only these tables need of futures."""
SPAN = 10
"""Years of a period of suppliers."""
OBSERVED, EXPECTED = "observed", "expected"
CLOSE = 2e-5
"""Sums of figures with six digits agree so far."""


def by_order(futures: xr.Dataset) -> pd.DataFrame:
    """Split what is delivered in each year by when it was ordered.

    Parameters
    ----------
    futures
        As from `forecast.simulate.futures`.

    Returns
    -------
    pandas.DataFrame
        supplier, recipient, part (`BOOK`, `UNLISTED`, `NEW`), year, expected (the mean), q05,
        median, q95, TIV million.
    """
    whole = _baseline(futures, "deliveries")
    book, unlisted = (
        futures[name].transpose(DRAW, YEAR_FUTURE).values.astype(float) for name in NOT_KEPT[:2]
    )
    parts = {BOOK: book, UNLISTED: unlisted, NEW: np.maximum(whole - book - unlisted, 0.0)}
    rows = []
    for part, drawn in parts.items():
        low, middle, high = np.quantile(drawn, (0.05, 0.5, 0.95), axis=0)
        told = {"expected": drawn.mean(axis=0), "q05": low, "median": middle, "q95": high}
        shared = _pair(futures) | {"part": part, "year": futures[YEAR_FUTURE].values}
        rows.append(pd.DataFrame(shared | told))
    return pd.concat(rows, ignore_index=True)


def by_supplier(futures: xr.Dataset, inputs: xr.Dataset) -> pd.DataFrame:
    """Return what the recipient gets from each supplier, by periods of `SPAN` years.

    Two periods up to the origin as observed, and one after it as expected.

    Parameters
    ----------
    futures
        As from `forecast.simulate.futures`.
    inputs
        As from `models.inputs.prepare`: `deliveries` (supplier, recipient, year), TIV million.

    Returns
    -------
    pandas.DataFrame
        supplier, recipient, seller, kind (`OBSERVED`, `EXPECTED`), first, last (years), tiv
        (million a year), share (of all suppliers) and its 5 and 95 % quantile, share_q05 and
        share_q95, NaN where observed. Shares are NaN where nothing is delivered.
    """
    origin, recipient = int(futures.attrs["origin"]), str(futures.attrs["recipient"])
    past = inputs["deliveries"].sel({RECIPIENT: recipient})
    past = past.rename(supplier=SELLER).transpose(SELLER, YEAR)
    known = past[YEAR].values
    ahead = futures["by_seller"].transpose(DRAW, SELLER, YEAR_FUTURE).isel(
        {YEAR_FUTURE: slice(0, SPAN)}
    )  # fmt: skip
    rows = []
    for last in (origin - SPAN, origin):
        first = max(last - SPAN + 1, int(known[0]))
        tiv = past.values[:, (known >= first) & (known <= last)]
        if tiv.size:
            mean = tiv.mean(axis=1)
            rows.append(_period(futures, past[SELLER].values, OBSERVED, (first, last), mean))
    years = ahead[YEAR_FUTURE].values
    drawn = ahead.values.astype(float).mean(axis=2)
    rows.append(
        _period(futures, ahead[SELLER].values, EXPECTED, (years[0], years[-1]), drawn.mean(axis=0),
                drawn)
    )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _period(
    futures: xr.Dataset, sellers: np.ndarray, kind: str, years: tuple[int, int], tiv: np.ndarray,
    drawn: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return the rows of a period; `tiv` (seller,) a year, and its draws (draw, seller)."""
    low = high = np.full(len(tiv), np.nan)
    if drawn is not None:
        total = drawn.sum(axis=1)
        if (total > 0).any():
            shares = drawn[total > 0] / total[total > 0, None]
            low, high = np.quantile(shares, (0.05, 0.95), axis=0)
    share = tiv / tiv.sum() if tiv.sum() > 0 else np.full(len(tiv), np.nan)
    shared = _pair(futures) | {"seller": sellers, "kind": kind, "first": years[0], "last": years[1]}
    return pd.DataFrame(
        shared | {"tiv": tiv, "share": share, "share_q05": low, "share_q95": high}
    )


def _pair(futures: xr.Dataset) -> dict[str, str]:
    return {side: str(futures.attrs[side]) for side in ("supplier", "recipient")}


def _baseline(futures: xr.Dataset, name: str) -> np.ndarray:
    """Return a quantity of the baseline (draw, year_future)."""
    drawn = futures[name].sel({SCENARIO: BASELINE}).transpose(DRAW, YEAR_FUTURE)
    return drawn.values.astype(float)


# Whether they fit what is kept -----------------------------------------------------------------


def add_up(folder: Path, futures: xr.Dataset) -> None:
    """Raise InputError unless the tables of a pair, where it has them, add up to its draws.

    Parameters
    ----------
    folder
        Of the pair.
    futures
        As it is kept there.
    """
    deliveries = _baseline(futures, "deliveries").mean(axis=0)
    years = futures[YEAR_FUTURE].values
    path = folder / ORDERS_FILE
    if path.is_file():
        said = pd.read_csv(path).groupby("year")["expected"].sum().reindex(years)
        _close(path, said.to_numpy(), deliveries, years)
    path = folder / SUPPLIERS_FILE
    if path.is_file():
        table = pd.read_csv(path)
        own = table[table["seller"] == str(futures.attrs["supplier"])]
        recipient = str(futures.attrs["recipient"])
        imported = futures["imports_observed"].sel({RECIPIENT: recipient})
        past = imported, futures["deliveries_observed"]
        ahead = _baseline(futures, "imports").mean(axis=0), deliveries
        for rows, before, after in zip((table, own), past, ahead, strict=True):
            sums = rows.groupby(["kind", "first", "last"])["tiv"].sum()
            made = [
                float(before.sel({YEAR: slice(first, last)}).mean()) if kind == OBSERVED
                else after[(years >= first) & (years <= last)].mean()
                for kind, first, last in sums.index
            ]
            _close(path, sums.to_numpy(), np.array(made), [last for *_, last in sums.index])


def _close(path: Path, said: np.ndarray, made: np.ndarray, years: list[int] | np.ndarray) -> None:
    off = ~np.isclose(said, made, rtol=CLOSE, atol=1e-6)
    if off.any():
        at = int(np.flatnonzero(off)[0])
        rule = f"does not add up to what the draws deliver, {made[at]:.6g} up to {years[at]}"
        raise InputError(fault(rule, file=path, value=f"{said[at]:.6g}"))
