"""Scenarios as files: paths that a reader sets, year by year, in place of what is simulated.

A scenario overrides paths, never the posterior: in the years that a path names, and in no others,
a variable is set, multiplied, added to, or given a probability; all else follows. A file is checked
whole, like a priors file, before anything is simulated. What the models do not know of (trade) can
not be set: what it would change is not identified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crossover.data import countries, reading
from crossover.data.errors import InputError, fault, hint, prints, short
from crossover.data.names import (
    BASELINE,
    COUNTRY,
    DEFAULT_RECIPIENT,
    DEFAULT_SUPPLIER,
    HORIZON,
    RECIPIENT,
    SUPPLIER,
    YEAR_FUTURE,
)

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

FOLDER = Path(__file__).with_name("scenarios")
SHIPPED = (
    BASELINE,
    "rapprochement",
    "double_confrontation",
    "russian_recovery",
    "chinese_plateau",
)
"""Names of the shipped files, in the order in which they are shown."""
PAIR, PARTNER = "pair", "partner"
TITLE, DESCRIPTION = "title", "description"
SET, MULTIPLY, ADD, PROBABILITY = "value", "multiply", "add", "probability"
CHANGES = (SET, MULTIPLY, ADD, PROBABILITY)
TEXTS = ("reason", "source")


class Variable(NamedTuple):
    """What a path may set: whose it is, in which unit, and by which changes within which bounds."""

    of: tuple[str, ...]
    unit: str
    bounds: Mapping[str, tuple[float, float]]
    meaning: str


VARIABLES: dict[str, Variable] = {
    "rd_share": Variable(
        (COUNTRY,), "% of GDP", {SET: (0.01, 20.0), MULTIPLY: (0.01, 100.0), ADD: (-20.0, 20.0)},
        "R&D expenditure",
    ),
    "gdp_growth": Variable(
        (COUNTRY,), "% a year", {SET: (-50.0, 50.0), ADD: (-50.0, 50.0)},
        "growth of GDP at constant prices",
    ),
    "mil_share": Variable(
        (COUNTRY,), "times", {MULTIPLY: (0.01, 100.0)},
        "military spending over GDP, against what it would have been",
    ),
    "ideal_point": Variable(
        (COUNTRY,), "ideal-point units", {ADD: (-6.0, 6.0)},
        "position in votes of the UN General Assembly, higher nearer the United States",
    ),
    "war": Variable(
        (SUPPLIER,), "1", {PROBABILITY: (0.0, 1.0)},
        "whether a supplier is at war, and exports less for it",
    ),
    "embargo": Variable(
        (SUPPLIER, RECIPIENT), "1", {PROBABILITY: (0.0, 1.0)},
        "whether the supplier has an arms embargo on the recipient",
    ),
    "common_rival": Variable(
        (COUNTRY, PARTNER), "1", {PROBABILITY: (0.0, 1.0)},
        "whether a third state is a strategic rival of both",
    ),
    "rivals": Variable(
        (COUNTRY, PARTNER), "1", {PROBABILITY: (0.0, 1.0)},
        "whether the two are strategic rivals of each other",
    ),
}  # fmt: skip
NOT_IDENTIFIED = ("trade", "trade_dependence", "arms_dependence", "sanctions")
"""What readers ask for, and no model of ours knows the effect of."""


class Course(NamedTuple):
    """One path: what it changes, for whom, in which years, how; with its reason and source."""

    name: str
    variable: str
    of: tuple[str, ...]
    first: int
    last: int
    change: str
    amount: float
    ramp: bool
    reason: str
    source: str


class Scenario(NamedTuple):
    """A checked scenario, with the text it was read from."""

    name: str
    title: str
    description: str
    paths: tuple[Course, ...]
    text: str


def load(path: Path, *, origin: int, horizon: int = HORIZON, clip: bool = False) -> Scenario:
    """Read and check a scenario file.

    Parameters
    ----------
    path : A TOML file with the table `scenario` (title, description) and tables `path.<name>`:
        `variable`, a key of `VARIABLES`; whose (`country`, `supplier`, `supplier` and `recipient`,
        or `country` and `partner`); `years`, first and last; one of `value`, `multiply`, `add`,
        `probability`; optionally `ramp`: phased in evenly from the first to the last year; `reason`
        and `source`. The scenario's name is the file's.
    origin, horizon : Years must lie after the one, up to the other.
    clip : Drop the years up to the origin instead of refusing them, as for the shipped files.

    Raises
    ------
    InputError : For the first fault, with file, table and key, value, and the rule it breaks.
    """
    path = Path(path)
    text = reading.text(path)
    return parse(text, path.stem, path, origin=origin, horizon=horizon, clip=clip)


def parse(
    text: str, name: str, file: object, *, origin: int, horizon: int = HORIZON, clip: bool = False
) -> Scenario:
    """Check the text of a scenario file; see `load`."""
    content = reading.toml(text, file)
    reading.only(content, ("scenario", "path"), "a scenario file has no such table", file, "")
    head = content.get("scenario", {})
    reading.a_table(head, file, "scenario")
    reading.only(head, (TITLE, DESCRIPTION), "unknown key", file, "scenario.")
    for key in (TITLE, DESCRIPTION):
        _text(head, key, file, "scenario")
    tables = content.get("path", {})
    if not isinstance(tables, dict):
        raise InputError(fault("expected tables [path.<name>]", file=file, column="path"))
    if not tables and name != BASELINE:
        raise InputError(fault("changes nothing: it has no table [path.<name>]", file=file))
    if tables and name == BASELINE:
        raise InputError(
            fault("the baseline changes nothing: give the file another name", file=file)
        )
    paths = []
    for key, table in tables.items():
        found = _path(key, table, file, origin, horizon, clip)
        if found is not None:
            paths.append(found)
    _apart(paths, file)
    return Scenario(name, head[TITLE], head[DESCRIPTION], tuple(paths), text)


def _path(
    name: str, table: Any, file: object, origin: int, horizon: int, clip: bool
) -> Course | None:
    where = f"path.{name}"

    def refuse(rule: str, key: str = "", value: object = None) -> InputError:
        return InputError(fault(rule, file=file, column=f"{where}{key and '.'}{key}", value=value))

    reading.a_table(table, file, where)
    variable = table.get("variable")
    if variable in NOT_IDENTIFIED:
        rule = "is in no model, so what it would change is not identified; it cannot be set"
        raise refuse(rule, "variable", variable)
    if not isinstance(variable, str) or variable not in VARIABLES:
        near = hint(variable, VARIABLES, 0.6)
        raise refuse(f"unknown variable; {near}", "variable", variable)
    kind = VARIABLES[variable]
    allowed = ("variable", *kind.of, "years", *CHANGES, "ramp", *TEXTS)
    reading.only(table, allowed, "unknown key", file, f"{where}.")
    of = []
    for role in kind.of:
        if role not in table:
            raise refuse(f"a path of {variable} needs {role!r}")
        of.append(_country(table[role], role, refuse))
    if len(set(of)) < len(of):
        raise refuse("the two must differ", kind.of[-1], table[kind.of[-1]])
    if kind.of == (COUNTRY, PARTNER):
        of.sort()
    years = table.get("years")
    whole = isinstance(years, list) and len(years) == 2
    if not whole or not all(isinstance(y, int) and not isinstance(y, bool) for y in years):
        raise refuse("must be two years, first and last, as in [2027, 2035]", "years", years)
    first, last = years
    if first > last:
        raise refuse("the first year must not be after the last", "years", years)
    if last > horizon or (first <= origin and not clip):
        rule = f"must lie within the horizon, {origin + 1} to {horizon}"
        raise refuse(rule, "years", years)
    given = [key for key in CHANGES if key in table]
    if len(given) != 1 or given[0] not in kind.bounds:
        rule = f"a path of {variable} needs one of {', '.join(kind.bounds)}, and no other"
        raise refuse(rule, value=", ".join(given) or None)
    change = given[0]
    low, high = kind.bounds[change]
    if not _number_within(amount := table[change], low, high):
        rule = f"must be a number from {low:g} to {high:g} ({variable}: {kind.unit})"
        raise refuse(rule, change, amount)
    ramp = table.get("ramp", False)
    if not isinstance(ramp, bool):
        raise refuse("must be true or false", "ramp", ramp)
    for key in TEXTS:
        _text(table, key, file, where)
    if last <= origin:
        return None
    return Course(
        name, variable, tuple(of), first, last, change, float(amount), ramp,
        table["reason"], table["source"],
    )  # fmt: skip


def _number_within(value: object, low: float, high: float) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and low <= value <= high


def _country(value: object, role: str, refuse: Any) -> str:
    known = {
        SUPPLIER: countries.suppliers(),
        RECIPIENT: countries.recipients(),
    }.get(role) or {*countries.suppliers(), *countries.recipients()}
    if not isinstance(value, str) or value not in known:
        rule = f"unknown {role}: must be one of {', '.join(sorted(known))}"
        raise refuse(rule, role, value)
    return value


def _text(table: Mapping[str, Any], key: str, file: object, where: str) -> None:
    if key not in table:
        raise InputError(fault(f"needs {key!r}", file=file, column=where))
    said = table[key]
    if not isinstance(said, str) or not said.strip() or not prints(said):
        rule = "must be text, of letters that print"
        raise InputError(fault(rule, file=file, column=f"{where}.{key}", value=said))


def _apart(paths: Sequence[Course], file: object) -> None:
    """Raise InputError where two paths claim the same variable of the same country in one year."""
    for at, path in enumerate(paths):
        for other in paths[:at]:
            both = (path.variable, path.of) == (other.variable, other.of)
            if both and path.first <= other.last and other.first <= path.last:
                clash = f"{max(path.first, other.first)} to {min(path.last, other.last)}"
                rule = (
                    f"overlaps path.{short(other.name)}: two paths of {path.variable} of "
                    f"{'-'.join(path.of)} for {clash}, which would contradict each other"
                )
                raise InputError(fault(rule, file=file, column=f"path.{path.name}.years"))


def choose(
    asked: Sequence[str], pair: tuple[str, str], *, origin: int, horizon: int = HORIZON
) -> tuple[Scenario, ...]:
    """Return the scenarios of a forecast, the baseline first.

    Parameters
    ----------
    asked : Names of shipped scenarios, and paths of files, which are taken beside the shipped ones.
        Without a name: all shipped ones for the default pair, which they are about, and the
        baseline alone for another.
    pair : ISO3 codes.

    Raises
    ------
    InputError : An unknown name, a file with a fault, or one name twice.
    """
    if not set(asked) & set(SHIPPED):
        ours = pair == (DEFAULT_SUPPLIER, DEFAULT_RECIPIENT)
        asked = (*(SHIPPED if ours else (BASELINE,)), *asked)
    found = [shipped(BASELINE, origin=origin, horizon=horizon)]
    for text in asked:
        if text == BASELINE:
            continue
        if text in SHIPPED:
            one = shipped(text, origin=origin, horizon=horizon)
        elif Path(text).suffix == ".toml" or Path(text).is_file():
            one = load(Path(text), origin=origin, horizon=horizon)
        else:
            rule = f"no scenario of that name: must be a file or one of {', '.join(SHIPPED)}"
            raise InputError(fault(rule, column="--scenario", value=text))
        if one.name in (*SHIPPED, *(s.name for s in found)) and text not in SHIPPED:
            rule = f"another scenario is called {one.name!r}: give the file another name"
            raise InputError(fault(rule, column="--scenario", value=text))
        if one.name not in {s.name for s in found}:
            found.append(one)
    return tuple(found)


def shipped(name: str, *, origin: int, horizon: int = HORIZON) -> Scenario:
    """Return a scenario that comes with the program; its years up to the origin are dropped."""
    return load(FOLDER / f"{name}.toml", origin=origin, horizon=horizon, clip=True)


def overrides(scenario: Scenario, years: np.ndarray) -> xr.Dataset:
    """Return the paths of a scenario as labelled arrays, by year.

    Parameters
    ----------
    scenario : As from `load`.
    years : Future years.

    Returns
    -------
    xarray.Dataset : For each variable and change that the scenario has, `<variable>_<change>`
        (`of`, year_future), on dims of its own: `of_<variable>_<change>`, ISO3 codes joined by "-".
        NaN where nothing is overridden; a ramped `value` has its weight, between 0 and 1, in
        `<variable>_weight`; ramped additions and factors grow evenly to what is stated.
    """
    import numpy as np
    import xarray as xr

    table: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    weights: dict[str, dict[str, np.ndarray]] = {}
    for path in scenario.paths:
        span = (years >= path.first) & (years <= path.last)
        length = path.last - path.first + 1
        share = (years - path.first + 1) / length if path.ramp else np.ones(len(years))
        of = "-".join(path.of)
        rows = table.setdefault((path.variable, path.change), {})
        row = rows.setdefault(of, np.full(len(years), np.nan))
        amount = np.full(len(years), path.amount)
        if path.change == MULTIPLY:
            amount = path.amount**share
        elif path.change in (ADD, PROBABILITY):
            amount = path.amount * share
        row[span] = amount[span]
        if path.change == SET:
            weight = weights.setdefault(path.variable, {}).setdefault(of, np.ones(len(years)))
            weight[span] = share[span]
    out = xr.Dataset(coords={YEAR_FUTURE: years}, attrs={"name": scenario.name})
    for (variable, change), rows in table.items():
        dim = f"of_{variable}_{change}"
        out[f"{variable}_{change}"] = ((dim, YEAR_FUTURE), np.stack(list(rows.values())))
        out = out.assign_coords({dim: list(rows)})
        if change == SET:
            held = np.stack([weights[variable][of] for of in rows])
            out[f"{variable}_weight"] = ((dim, YEAR_FUTURE), held)
    return out


def each(changes: xr.Dataset | None, variable: str, change: str) -> list[tuple[str, np.ndarray]]:
    """Return whose paths of a variable are changed so, and by what (year_future)."""
    name = f"{variable}_{change}"
    if changes is None or name not in changes:
        return []
    rows = changes[name]
    return [(str(of), rows.sel({rows.dims[0]: of}).values) for of in rows[rows.dims[0]].values]


def weight(changes: xr.Dataset, variable: str, of: str) -> np.ndarray:
    """Return how much of a set path holds in each year, between 0 and 1 (year_future)."""
    rows = changes[f"{variable}_weight"]
    return rows.sel({rows.dims[0]: of}).values


def listing() -> list[tuple[str, str, int, str]]:
    """Return name, title, number of paths and description of each shipped scenario."""
    found = [load(FOLDER / f"{name}.toml", origin=0) for name in SHIPPED]
    return [(s.name, s.title, len(s.paths), s.description) for s in found]
