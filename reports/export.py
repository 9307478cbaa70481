"""Data out: what a run says of a pair as tables, a spreadsheet, a hub table, JSON and draws.

`export` writes them all, whole or not at all. `paths.csv` holds every quantity that is plotted, by
year and as quantiles; the others hold the same figures for other readers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.names import BANDS, BASELINE, CONVENTION, DRAW, SCENARIO, YEAR
from crossover.forecast import quantities, runs
from crossover.forecast.quantities import FUTURE, OBSERVED, Pair
from crossover.reports import cells
from crossover.reports.reading import EVENT_COLUMNS, read_table

PATHS, PARQUET, PROBABILITIES, HUB, BOOK, DOCUMENT = (
    "paths.csv", "paths.parquet", "probabilities.csv", "hub.csv", "forecast.xlsx", "forecast.json",
)  # fmt: skip
DRAWS = "draws_{}.csv"
PATH_COLUMNS = (
    "quantity", "of", "domain", "scenario", "year", "status", "unit", "observed", "mean",
    *BANDS,
)  # fmt: skip
HUB_LEVELS = (0.01, 0.025, *(round(0.05 * k, 2) for k in range(1, 20)), 0.975, 0.99)
"""Levels of quantiles that forecast hubs ask for."""
HUB_COLUMNS = ("origin", "target", "horizon", "output_type", "output_type_id", "value")
DIGITS = "%.6g"


@dataclass(frozen=True)
class Exported:
    """What is exported of a pair: its record, forecast, and the two tables all else is made of.

    `paths`: `PATH_COLUMNS`. Years up to the last data year stand once, with an empty scenario.
    `probabilities`: event, domain, kind, scenario, year, probability, mc_error.
    """

    record: Mapping[str, Any]
    pair: Pair
    paths: pd.DataFrame
    probabilities: pd.DataFrame


def collect(run: Path, pair: tuple[str, str] | None = None) -> Exported:
    """Return what is exported of a pair of a run, its own by default.

    Raises
    ------
    InputError
        If the pair is not forecast in the run.
    """
    record = runs.read(run)
    pair = pair or runs.own_pair(record)
    folder = runs.pair_folder(run, record, pair)
    if not (folder / quantities.FORECAST).is_file():
        rule = (
            f"this pair is not forecast in this run: 'crossover forecast --supplier {pair[0]} "
            f"--recipient {pair[1]}' makes it"
        )
        raise InputError(fault(rule, file=folder))
    held = Pair(folder, *pair, int(record.get("chains", 1)))
    table = read_table(folder / "events.csv", EVENT_COLUMNS)[list(EVENT_COLUMNS)]
    return Exported(record, held, paths(held), table)


def export(
    run: Path, out: Path, pair: tuple[str, str] | None = None, *, draws: bool = False
) -> list[Path]:
    """Write everything into a folder, whole or not at all, and return the files.

    Parameters
    ----------
    run
        A run folder.
    out
        Where; made if it is not there. Files of the same names are replaced.
    pair
        Supplier and recipient, ISO3 codes; the run's own by default.
    draws
        Write the draws of every quantity too, one file a quantity.

    Raises
    ------
    InputError
        If the pair is not forecast in the run, or the folder cannot be written.
    """
    from crossover.reports import export_book, export_json

    found = collect(run, pair)
    with runs.refreshing(out) as part:
        write_csv(found.paths, part / PATHS)
        found.paths.to_parquet(part / PARQUET, index=False)
        write_csv(found.probabilities, part / PROBABILITIES)
        write_csv(hub(found), part / HUB)
        export_book.write(found, part / BOOK)
        export_json.write(found, part / DOCUMENT)
        if draws:
            for name, table in every_draw(found.pair):
                write_csv(table, part / DRAWS.format(name))
        names = sorted(file.name for file in part.iterdir())
    return [out / name for name in names]


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table; no text in it is a formula to a spreadsheet."""
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    plain = table.assign(**{name: table[name].map(cells.literal) for name in texts})
    plain.to_csv(path, index=False, float_format=DIGITS, lineterminator="\n")


# Quantiles ---------------------------------------------------------------------------------------


def paths(pair: Pair) -> pd.DataFrame:
    """Return every quantity by year: on record, or as mean and quantiles; see `PATH_COLUMNS`."""
    found = []
    for scenario in pair.scenarios:
        for quantity, of, domain in quantities.every(pair):
            drawn = quantities.draws(pair, quantity, of, scenario=scenario, domain=domain)
            if scenario != BASELINE:
                drawn = drawn.sel({YEAR: drawn["status"] == FUTURE})
            found.append(_quantiles(drawn).assign(quantity=quantity.name, of="->".join(of),
                                                  domain=domain, unit=quantity.unit))  # fmt: skip
    table = pd.concat(found, ignore_index=True)[list(PATH_COLUMNS)]
    return table.dropna(subset=["observed", "mean"], how="all").reset_index(drop=True)


def _quantiles(drawn: xr.DataArray) -> pd.DataFrame:
    """Return year, status, scenario, and what is on record or mean and quantiles over all draws."""
    values, status = _flat(drawn), drawn["status"].values
    table = pd.DataFrame({"year": drawn[YEAR].values, "status": status})
    table["scenario"] = np.where(status == FUTURE, drawn.attrs[SCENARIO], "")
    on_record = status == OBSERVED
    table["observed"] = np.where(on_record, values[0], np.nan)
    table["mean"] = np.where(on_record, np.nan, values.mean(axis=0))
    levels = np.quantile(values, list(BANDS.values()), axis=0)
    for name, level in zip(BANDS, levels, strict=True):
        table[name] = np.where(on_record, np.nan, level)
    return table


def _flat(drawn: xr.DataArray) -> np.ndarray:
    """Return draws, under each convention where there are several, as (case, year)."""
    return drawn.transpose(..., YEAR).values.reshape(-1, drawn.sizes[YEAR])


# The hub table -----------------------------------------------------------------------------------


def hub(found: Exported) -> pd.DataFrame:
    """Return the baseline as forecast hubs take it: one row a target, horizon and level.

    A target is a quantity or an event, whose it is, and for events the kind of answer. `origin`:
    last data year; `horizon`: years after it. Output types: `quantile`, with the level; `mean`;
    and for events `pmf`, with `yes` and `no`.
    """
    pair = found.pair
    tables = [
        _hub_quantity(quantities.draws(pair, quantity, of, domain=domain))
        for quantity, of, domain in quantities.every(pair)
    ]
    table = pd.concat([*tables, _hub_events(found)], ignore_index=True)
    return table.assign(origin=pair.origin)[list(HUB_COLUMNS)].dropna(subset="value")


def _hub_quantity(drawn: xr.DataArray) -> pd.DataFrame:
    drawn = drawn.sel({YEAR: drawn["status"] == FUTURE})
    values, ahead = _flat(drawn), drawn[YEAR].values - drawn.attrs["origin"]
    target = " ".join(filter(None, (drawn.name, drawn.attrs["of"], drawn.attrs.get("domain"))))
    table = pd.DataFrame(np.quantile(values, HUB_LEVELS, axis=0).T, ahead, HUB_LEVELS)
    table = table.rename_axis("horizon").reset_index().melt("horizon", var_name="output_type_id")
    mean = pd.DataFrame({"horizon": ahead, "value": values.mean(axis=0)})
    both = [
        table.assign(output_type="quantile"), mean.assign(output_type="mean", output_type_id="")
    ]
    both[0]["output_type_id"] = both[0]["output_type_id"].map("{:g}".format)
    return pd.concat(both, ignore_index=True).assign(target=target)


def _hub_events(found: Exported) -> pd.DataFrame:
    table, pair = found.probabilities, found.pair
    table = table[(table["scenario"] == BASELINE) & (table["year"] > pair.origin)]
    domain = table["domain"].where(table["domain"] != "all", "").radd(" ").str.rstrip()
    target = table["event"] + f" {pair.supplier}->{pair.recipient}" + domain + " " + table["kind"]
    shared = {
        "horizon": table["year"] - pair.origin, "target": target, "output_type": "pmf"
    }
    return pd.concat(
        [
            pd.DataFrame({**shared, "output_type_id": answer, "value": value})
            for answer, value in (
                ("yes", table["probability"]), ("no", 1.0 - table["probability"])
            )
        ], ignore_index=True,
    )  # fmt: skip


# Draws -------------------------------------------------------------------------------------------


def every_draw(pair: Pair) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each quantity's name and its draws after the last data year, a column a year.

    Beside the years: of, domain, scenario, convention (of the capacity gap) and draw.
    """
    by_name: dict[str, list[pd.DataFrame]] = {}
    for quantity, of, domain in quantities.every(pair):
        for scenario in pair.scenarios:
            drawn = quantities.draws(pair, quantity, of, scenario=scenario, domain=domain)
            drawn = drawn.sel({YEAR: drawn["status"] == FUTURE}).transpose(..., YEAR)
            by_name.setdefault(quantity.name, []).append(_wide(drawn, (*of, domain, scenario)))
    for name, tables in by_name.items():
        yield name, pd.concat(tables, ignore_index=True)


def _wide(drawn: xr.DataArray, named: Sequence[str]) -> pd.DataFrame:
    *of, domain, scenario = named
    table = pd.DataFrame(_flat(drawn).astype(np.float32), columns=drawn[YEAR].values)
    conventions = drawn[CONVENTION].values if CONVENTION in drawn.dims else [""]
    count = drawn.sizes[DRAW]
    table.insert(0, "draw", np.repeat(np.arange(count), len(conventions)))
    table.insert(0, "convention", np.tile(conventions, count))
    table.insert(0, "scenario", scenario)
    table.insert(0, "domain", domain)
    table.insert(0, "of", "->".join(of))
    return table
