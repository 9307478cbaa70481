"""The frozen numbers of a report: everything that is printed or drawn, computed once from a run.

Figures and words are pure functions of this dictionary, and it is attached to the PDF, so that
whatever a reader sees can be traced to one place and two reports of one run cannot differ.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    BASE_YEARS,
    BASELINE,
    DOMAIN_LAYER,
    DOWNTURN,
    DRAW,
    HEADLINE_YEAR,
    INDEPENDENCE_SHARE,
    MEAN_YEARS,
    RECIPIENT,
    SCENARIO,
    SOON,
    SUPPLIER,
    YEAR_FUTURE,
)
from crossover.forecast import conventions, gap_change, verify
from crossover.reports import (
    catalogue,
    changes,
    domains,
    next_year,
    partnership,
    robustness,
    skill,
    sourcing,
)
from crossover.reports.payload_answers import claims_of, levels_of, milestone_table
from crossover.reports.payload_flows import (
    arrivals,
    capacity_of,
    causes_of,
    dependence_of,
    exports_of,
    rd_of,
)
from crossover.reports.payload_parameters import parameters_of
from crossover.reports.payload_sources import chains_of, gate_of, record_of, sources_of
from crossover.reports.reading import (
    CONTRADICTED,
    SUPPORTED,
    Tables,
    present,
    read_json,
    read_netcdf,
    read_table,
    read_toml,
)

DIGITS = 6
RUN_FILES = ("run.json", "priors.toml", "posterior.nc")
PAIR_GATE = "gate.json"
"""The verdict on another pair's forecast, beside it; the run's own pair is judged in run.json."""
PAIR_FILES = (
    "forecast.nc", "events.csv", "timing.csv", "levels.csv", "causes.csv", "arrivals.csv",
    "arrivals_below.csv", "capacity_change.csv", "contested_markets.csv",
)  # fmt: skip


def collect(run: Path, supplier: str | None = None, recipient: str | None = None) -> dict[str, Any]:
    """Compute every number of the report of one pair.

    Parameters
    ----------
    run
        A run folder.
    supplier, recipient
        ISO3 codes of a pair under `run/pairs`; both None for the pair in the run's root.

    Returns
    -------
    dict
        JSON-able: floats have six significant digits, unknown numbers are None.

    Raises
    ------
    InputError
        If a file of the run is missing or unreadable, the pair was not forecast in this run, or
        what the run says does not hold (`forecast.verify`).
    """
    run = Path(run)
    if not run.is_dir():
        raise InputError(fault("no run folder there", file=run))
    paths = {name: present(run / name) for name in RUN_FILES}
    folder = pair_folder(run, supplier, recipient)
    paths |= {name: present(folder / name) for name in PAIR_FILES}
    verify.hold(run, folder)
    paths |= {name: folder / name for name in domains.FILES}

    record = read_json(paths["run.json"])
    if (folder / PAIR_GATE).is_file():
        record["gate"] = read_json(folder / PAIR_GATE)
    priors = read_toml(paths["priors.toml"])
    tree = read_netcdf(paths["posterior.nc"], xr.open_datatree)
    forecast = read_netcdf(paths["forecast.nc"], xr.open_dataset)
    try:
        for group in ("posterior", "constant_data", "sample_stats"):
            if group not in tree.children:
                rule = f"the group {group!r} is missing"
                raise InputError(fault(rule, file=paths["posterior.nc"]))
        domains.check(paths, tree)
        conventions.check(forecast, paths["forecast.nc"])
        return freeze(_collect(paths, record, priors, tree, forecast, run, folder))
    except KeyError as error:
        rule = f"{error.args[0]!r} is missing from what the run stores"
        raise InputError(fault(rule, file=folder)) from error
    finally:
        tree.close()
        forecast.close()


def pair_folder(run: Path, supplier: str | None, recipient: str | None) -> Path:
    """Return the folder of `run` that holds the forecast of a pair, the root for its own pair."""
    if supplier is None and recipient is None:
        return run
    if supplier is None or recipient is None:
        raise InputError("a pair needs both --supplier and --recipient")
    root = run / "forecast.nc"
    if root.is_file():
        with read_netcdf(root, xr.open_dataset) as forecast:
            if (forecast.attrs["supplier"], forecast.attrs["recipient"]) == (supplier, recipient):
                return run
    folder = run / "pairs" / f"{supplier}-{recipient}"
    if not folder.is_dir():
        known = sorted(path.name for path in (run / "pairs").glob("*-*"))
        hint = f"; pairs forecast in this run besides its own: {', '.join(known)}" if known else ""
        rule = (
            f"the pair {supplier}-{recipient} has no forecast in this run, make it with "
            f"'crossover forecast --supplier {supplier} --recipient {recipient}'{hint}"
        )
        raise InputError(fault(rule, file=folder))
    return folder


def _collect(
    paths: Mapping[str, Path],
    record: Mapping[str, Any],
    priors: Mapping[str, Any],
    tree: xr.DataTree,
    forecast: xr.Dataset,
    run: Path,
    folder: Path,
) -> dict[str, Any]:
    constant = tree["constant_data"].to_dataset()
    posterior = tree["posterior"].to_dataset()
    names = json.loads(constant.attrs.get("country_names", "{}"))
    pair = (forecast.attrs["supplier"], forecast.attrs["recipient"])
    origin = int(forecast.attrs["origin"])
    horizon = int(forecast[YEAR_FUTURE].max())
    base = forecast.sel({SCENARIO: BASELINE}).load()
    near = [year for year in (SOON, HEADLINE_YEAR) if origin < year < horizon]
    milestones = [origin, *near, horizon]

    tables = Tables(paths["events.csv"], paths["timing.csv"], origin)
    events = _events(tables)
    layer = tree[f"{DOMAIN_LAYER}/posterior"].to_dataset()
    parameters = parameters_of(priors, posterior) + parameters_of(priors, layer)
    by_domain = domains.collect(paths, tree, base, pair, tables, milestones, names)
    levels = levels_of(paths["levels.csv"])
    capacity = capacity_of(base, pair, origin)
    rd = rd_of(base, constant, pair, origin)
    dependence = dependence_of(base, pair)
    exports = exports_of(base, pair, origin)
    headline_year = near[-1] if near else horizon
    return {
        "pair": _sides(base, pair, names), "headline_year": headline_year,
        "origin": origin, "horizon": horizon, "milestones": milestones,
        "draws": int(base.sizes[DRAW]),
        "quick": bool(record.get("quick", False)),
        "gate": gate_of(record),
        "events": events, "levels": levels,
        "robustness": robustness.collect(pair),
        "rd": rd, "capacity": capacity, "dependence": dependence, "exports": exports,
        **_of_files(paths),
        "milestone_table": milestone_table(
            base, pair, milestones, capacity, rd, dependence, exports
        ),
        "domains": by_domain,
        "partnership": partnership.collect(run, folder, pair, tables, milestones),
        "changes": changes.collect(folder, record, names, origin),
        **_track_record(run, pair, origin, dependence["deliveries_observed"]),
        "sourcing": sourcing.collect(folder, headline_year),
        "next_year": next_year.collect(forecast),
        "claims": claims_of(
            origin, milestones, events, parameters, rd, by_domain, tables.entry(DOWNTURN),
            levels["average"],
        ),
        "parameters": parameters,
        "skill": skill.collect(),
        "chains": chains_of(tree, pair, origin),
        "sources": sources_of(constant),
        "record": record_of(record),
        **_identity(record),
    }


def _of_files(paths: Mapping[str, Path]) -> dict[str, Any]:
    """Return what is printed of tables as they are."""
    change = read_table(paths["capacity_change.csv"], gap_change.COLUMNS)
    markets = read_table(paths["contested_markets.csv"], ("market", "first_year", "last_year"))
    return {
        "causes": causes_of(paths["causes.csv"]),
        "gap_change": change.to_dict("records"),
        "arrivals": arrivals(paths["arrivals.csv"], paths["arrivals_below.csv"]),
        "markets": markets.to_dict("records"),
    }


def _track_record(
    run: Path, pair: tuple[str, str], origin: int, known: Mapping[str, list]
) -> dict[str, Any]:
    """Return how earlier forecasts did: by question, and those of the pair one by one."""
    record = changes.record_of(run)
    past = sourcing.past(pair, origin, known, record)
    return {"track_record": {k: v for k, v in record.items() if k != "forecasts"}, "hedgehog": past}


def _sides(base: xr.Dataset, pair: tuple[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    """Return code and name of both countries, and whether each is a supplier of the sample."""
    return {
        role: {
            "code": code, "name": names.get(code, code), "exporter": code in base[SUPPLIER].values
        }
        for role, code in zip((SUPPLIER, RECIPIENT), pair, strict=True)
    }  # fmt: skip


def _identity(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run is called, and the rules by which it is read."""
    return {
        "created": str(record.get("created", "")),
        "id": str(record.get("id", "")),
        "as_of": record.get("as_of"),
        "warnings": [str(w) for w in record.get("warnings", [])],
        "rules": {
            "supported": SUPPORTED,
            "contradicted": CONTRADICTED,
            "base_years": list(BASE_YEARS),
            "independence_share": INDEPENDENCE_SHARE,
            "mean_years": MEAN_YEARS,
        },
    }


# Pieces ----------------------------------------------------------------------------------------


def _events(tables: Tables) -> list[dict[str, Any]]:
    return [tables.entry(event) for event in catalogue.events()]


# Diagnostics and provenance --------------------------------------------------------------------


PLAIN = (str, int, bool, type(None))


def freeze(value: Any) -> Any:
    """Return plain JSON types: six significant digits, None for what is not finite."""
    kind = type(value)  # Plain types are by far the most: no time is lost on them.
    if kind is float:
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if kind in PLAIN:
        return value
    if kind is list:
        return [freeze(inner) for inner in value]
    if kind is dict:
        return {str(key): freeze(inner) for key, inner in value.items()}
    if isinstance(value, float | np.floating):
        return freeze(float(value))
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return freeze(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): freeze(inner) for key, inner in value.items()}
    if isinstance(value, tuple | np.ndarray):
        return [freeze(inner) for inner in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    return None if value is pd.NA else value
