"""Two runs side by side: what each says of the same questions, and by how much they differ."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    BASELINE,
    FIRST_PASSAGE,
    HEADLINE_YEAR,
    HORIZON,
    KIND,
    LASTING,
    STATE,
)
from crossover.forecast import runs, verify

YEARS = (2030, HEADLINE_YEAR, HORIZON)
ASKED = {
    STATE: "P({} in {})",
    FIRST_PASSAGE: "P({} happened by {})",
    LASTING: "P({} from {} on)",
}
"""How a question is told in each kind: of an event, and of a year."""
EVENTS_FILE, TIMING_FILE, POSTERIOR = "events.csv", "timing.csv", "posterior.nc"
PARAMETERS, PARAMETER = "parameters", "parameter"


class Difference(NamedTuple):
    """A figure in two runs: its value and spread in each, and the difference B − A.

    The spread is the Monte-Carlo error of a probability and the standard deviation of a
    parameter; `in_errors` is the difference in units of the two combined (None without spread).
    """

    what: str
    a: float | None
    a_spread: float | None
    b: float | None
    b_spread: float | None
    difference: float | None
    in_errors: float | None


def compare(a: Path, b: Path) -> list[Difference]:
    """Compare the headlines of two runs of one pair.

    Parameters
    ----------
    a, b : Run folders.

    Returns
    -------
    list of Difference
        For each event of the baseline and kind: P at 2030, 2035 and 2050; the median year of its
        first passage; then each named parameter of the posterior (mean, standard deviation).

    Raises
    ------
    InputError : If the runs differ in kind: another pair, no forecast in one of them, no posterior
        in one; or what one of them says does not hold.
    """
    first, second = runs.read(a), runs.read(b)
    _check(a, b, first, second)
    for run in (a, b):
        verify.hold(run)
    found = [*_events(a, b), *_parameters(a, b)]
    if not found:
        raise InputError("the two runs have no question in common")
    return found


def setting(a: Path, b: Path) -> list[tuple[str, str, str]]:
    """Return (what, in A, in B) of what the runs were made from, where they differ."""
    first, second = runs.read(a), runs.read(b)

    def told(said: Mapping[str, Any]) -> dict[str, str]:
        hashes, code, gate = (said.get(key) or {} for key in ("hashes", "code", "gate"))
        return {
            "created": str(said.get("created")),
            "as of": said.get("as_of") or "everything known",
            "panel": str(hashes.get("panel"))[:12],
            "additions": ", ".join(said.get("additions") or ()) or "none",
            "priors": str(hashes.get("priors"))[:12],
            "code": f"{code.get('version')} {str(code.get('commit'))[:10]}"
            + (" (changed since)" if code.get("dirty") else ""),
            "seed": str(said.get("seed")),
            "draws": f"{said.get('chains')} x {said.get('draws')}",
            "gate": "passed" if gate.get("passed") else "not passed",
        }

    ours, theirs = told(first), told(second)
    return [(what, ours[what], theirs[what]) for what in ours if ours[what] != theirs[what]]


def _check(a: Path, b: Path, first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    pairs = ["-".join(runs.own_pair(said)) for said in (first, second)]
    if pairs[0] != pairs[1]:
        rule = f"is of the pair {pairs[1]}, the other run of {pairs[0]}: not to be compared"
        raise InputError(fault(rule, file=b))
    kinds = [bool(said.get("prior_only")) for said in (first, second)]
    if kinds[0] != kinds[1]:
        drawn = (a, b)[kinds[1]]
        rule = "was drawn from the priors alone, the other run was fitted: not to be compared"
        raise InputError(fault(rule, file=drawn))
    for run in (a, b):
        if not (run / EVENTS_FILE).is_file():
            rule = f"holds no forecast ({EVENTS_FILE}): make one with 'crossover forecast --run'"
            raise InputError(fault(rule, file=run))


def _table(run: Path, name: str) -> dict[tuple, dict[str, str]]:
    """Return (event, domain) or (event, domain, kind, year) → row of the baseline."""
    try:
        with (run / name).open(encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["scenario"] == BASELINE]
        keys = ("event", "domain", *((KIND, "year") if name == EVENTS_FILE else ()))
        return {tuple(row[key] for key in keys): row for row in rows}
    except (OSError, KeyError) as error:
        rule = f"cannot be read ({error})"
        raise InputError(fault(rule, file=run / name)) from None


def _events(a: Path, b: Path) -> Iterator[Difference]:
    ours, theirs = (_table(run, EVENTS_FILE) for run in (a, b))
    when = [_table(run, TIMING_FILE) for run in (a, b)]
    for event, domain in dict.fromkeys((key[0], key[1]) for key in ours):
        name = event if domain == "all" else f"{event}, {domain}"
        for kind, year in itertools.product(ASKED, YEARS):
            rows = [table.get((event, domain, kind, str(year))) for table in (ours, theirs)]
            if all(rows):
                values = [(float(r["probability"]), float(r["mc_error"])) for r in rows]
                yield difference(ASKED[kind].format(name, year), *values[0], *values[1])
        medians = [_number(table.get((event, domain), {}).get("median_year")) for table in when]
        if any(value is not None for value in medians):
            yield difference(f"median year of {name}, if it happens", medians[0], None, medians[1])


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def difference(
    what: str,
    a: float | None,
    a_spread: float | None,
    b: float | None,
    b_spread: float | None = None,
) -> Difference:
    """Return one row of a comparison."""
    by = None if a is None or b is None else b - a
    spread = math.hypot(a_spread or 0.0, b_spread or 0.0)
    return Difference(what, a, a_spread, b, b_spread, by, by / spread if by and spread else None)


def _parameters(a: Path, b: Path) -> Iterator[Difference]:
    ours, theirs = (_moments(run) for run in (a, b))
    for name, (mean, sd) in ours.items():
        if name in theirs:
            yield difference(name, mean, sd, *theirs[name])


def _moments(run: Path) -> dict[str, tuple[float, float]]:
    """Return named parameter → mean and standard deviation over all draws of a run."""
    if not (run / POSTERIOR).is_file():
        raise InputError(fault("the run holds no posterior", file=run / POSTERIOR))
    import xarray as xr

    try:
        with xr.open_dataset(run / POSTERIOR, engine="h5netcdf", group="posterior") as data:
            if PARAMETERS in data and PARAMETER in data.coords:
                draws = data[PARAMETERS].load()
                found = {str(n): draws.sel({PARAMETER: n}) for n in draws[PARAMETER].values}
            else:
                found = {
                    str(n): v.load() for n, v in data.items() if set(v.dims) == {"chain", "draw"}
                }
            return {n: (float(v.mean()), float(v.std(ddof=1))) for n, v in found.items()}
    except (OSError, ValueError):
        raise InputError(fault("cannot be read", file=run / POSTERIOR)) from None
