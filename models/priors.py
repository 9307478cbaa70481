"""Priors as data: read them, check them, turn them into PyMC variables.

Every number a model starts from stands in a TOML file with its unit, reason and source, so that
a reader can argue with it and a run can record it. Unknown keys stop the run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from crossover.data import reading
from crossover.data.errors import InputError, fault, prints

FOLDER = Path(__file__).with_name("priors")
DEFAULT_FILE = FOLDER / "default.toml"
FILES = (
    DEFAULT_FILE,
    FOLDER / "domains.toml",
    FOLDER / "partnership.toml",
    FOLDER / "alignment.toml",
)
"""One file of defaults a model; a reader's own file may hold entries of any of them."""

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "normal": ("mu", "sigma"),
        "lognormal": ("mu", "sigma"),
        "logitnormal": ("mu", "sigma"),
    }
)
KINDS = ("variable", "constant")
POSITIVE = frozenset({"sigma"})
FINITE = 1e300
"""Bound of what counts as a number: NaN, infinities and whole numbers beyond a float are none."""
TEXTS = ("unit", "description", "reason", "source")
PARTS = ("market", "delivery", "drivers")
"""Parts of the joint model that share no parameter: exact factors of one posterior."""


CARRIED = "carried"
"""Table of a priors file that holds the posterior of an earlier fit, as `forecast.carry` writes it:
where it is from, and one table a model, named like its file of defaults."""
CARRIED_TEXTS = ("run", "draws_hash", "as_of", "note")


@dataclass(frozen=True)
class Carried:
    """What an earlier fit says of all variables of a model together: a joint Normal.

    On the scale on which each prior is stated (logs, log odds). `last_year`: observations up to
    then are in it already.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    covariance: np.ndarray
    last_year: int
    run: str


@dataclass(frozen=True)
class Priors:
    """A checked set of priors and constants, with the text it can be written back as."""

    variables: Mapping[str, Mapping[str, Any]]
    constants: Mapping[str, Mapping[str, Any]]
    text: str
    carried: Carried | None = None

    def part(self, name: str) -> Priors:
        """Return the priors of one part of the model, with all constants.

        What is carried of other parts drops out: parts share no observation, so that it says
        nothing of this one.
        """
        kept = {key: e for key, e in self.variables.items() if e.get("part") == name}
        carried = self.carried
        if carried is not None:
            at = [k for k, key in enumerate(carried.names) if key in kept]
            carried = replace(
                carried, names=tuple(carried.names[k] for k in at), mean=carried.mean[at],
                covariance=carried.covariance[np.ix_(at, at)],
            )  # fmt: skip
        return replace(self, variables=kept, carried=carried)

    def constant(self, name: str) -> float:
        """Return the value of a constant, in the unit that its entry states."""
        return self.constants[name]["value"]

    @property
    def top_level(self) -> tuple[str, ...]:
        """Names of the top-level parameters, in file order."""
        return tuple(name for name, entry in self.variables.items() if entry["top_level"])


def load(path: Path | None = None, default: Path = DEFAULT_FILE) -> Priors:
    """Read the default priors, with the entries of `path` laid over them.

    Parameters
    ----------
    path
        A TOML file of the default files' shape that holds any part of them; None for the defaults.
    default
        The model's file of `FILES`: its entries are returned, those of the others only checked.

    Raises
    ------
    InputError
        If the file cannot be read, or has an unknown table or key, a wrong type, a scale that is
        not positive, or a family that is not known.
    """
    merged = _merged(path)
    own = _defaults(default)
    kept = {kind: {name: merged[kind][name] for name in own[kind]} for kind in KINDS}
    carried = None
    if CARRIED in merged and default.stem in merged[CARRIED]:
        carried = _carried(merged[CARRIED], default.stem, kept["variable"], Path(path))
    held = {CARRIED: merged[CARRIED]} if carried else {}
    return Priors(
        variables=kept["variable"],
        constants=kept["constant"],
        text=_dump(kept | held),
        carried=carried,
    )


def text(path: Path | None = None, carried: Mapping[str, Any] | None = None) -> str:
    """Return the priors of all models as one TOML text, for a run's record; raises as `load`.

    With a table `carried` in it when one is given; single entries then state its marginals.
    """
    merged = _merged(path)
    if carried is not None:
        merged[CARRIED] = dict(carried)
        for model in (file.stem for file in FILES if file.stem in carried):
            entry = carried[model]
            spread = np.sqrt(np.diag(np.array(entry["covariance"])))
            for name, mu, sigma in zip(entry["names"], entry["mean"], spread, strict=True):
                merged["variable"][name] |= {
                    "mu": mu,
                    "sigma": float(f"{sigma:.12g}"),
                    "reason": f"Posterior of run {carried['run']}, without its correlations, which "
                    f"stand in the table {CARRIED}.",
                    "source": f"Observations up to {carried['last_year']}.",
                }
    return _dump(merged)


def _defaults(file: Path) -> dict[str, Any]:
    return {kind: {} for kind in KINDS} | tomllib.loads(file.read_text("utf-8"))


def _merged(path: Path | None) -> dict[str, Any]:
    """Return the entries of all default files, with those of `path` laid over them."""
    known: dict[str, Any] = {kind: {} for kind in KINDS}
    for file in FILES:
        for kind, entries in _defaults(file).items():
            known[kind] |= entries
    over = {} if path is None else _read(Path(path))
    carried = over.pop(CARRIED, None)
    merged = known if path is None else _overlay(known, over, Path(path))
    for kind, check in (("variable", _check_variable), ("constant", _check_constant)):
        for name, entry in merged[kind].items():
            check(name, entry, path or FOLDER)
    if carried is not None:
        _check_carried(carried, Path(path))
        merged[CARRIED] = carried
    return merged


def _read(path: Path) -> dict[str, Any]:
    return reading.toml(reading.text(path), path)


def _overlay(base: dict[str, Any], over: dict[str, Any], path: Path) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    reading.only(over, base, "a priors file has no such table", path, "")
    for kind, entries in base.items():
        changes = over.get(kind, {})
        reading.a_table(changes, path, kind)
        reading.only(changes, entries, f"no {kind} of that name", path, f"{kind}.")
        merged[kind] = {
            name: _replace(entry, changes.get(name, {}), path, f"{kind}.{name}")
            for name, entry in entries.items()
        }
    return merged


def _replace(
    entry: dict[str, Any], change: object, path: Path, where: str
) -> dict[str, Any]:
    reading.a_table(change, path, where)
    family = change.get("family", entry.get("family"))
    if "family" in entry and family not in list(FAMILIES):
        rule = f"unknown family; known are {', '.join(FAMILIES)}"
        raise InputError(fault(rule, file=path, column=f"{where}.family", value=family))
    numbers = FAMILIES[family] if "family" in entry else ("value",)
    fixed = ("family", "top_level") if "family" in entry else ()
    own = ("part",) if "part" in entry else ()
    reading.only(change, (*fixed, *numbers, *own, *TEXTS), "unknown key", path, f"{where}.")
    if change.get("part", entry.get("part")) != entry.get("part"):
        rule = f"a variable stays in its part of the model, {entry['part']}"
        raise InputError(fault(rule, file=path, column=f"{where}.part", value=change["part"]))
    kept = entry if family == entry.get("family") else {
        key: value for key, value in entry.items() if key in (*fixed, *own, *TEXTS)
    }
    return {**kept, **change}


def _check_variable(name: str, entry: Mapping[str, Any], path: Path) -> None:
    where = f"variable.{name}"
    for key in FAMILIES[entry["family"]]:
        if key not in entry:
            rule = f"a {entry['family']} prior needs {key!r}"
            raise InputError(fault(rule, file=path, column=where))
        _number(entry[key], key in POSITIVE, path, f"{where}.{key}")
    if not isinstance(entry["top_level"], bool):
        raise InputError(
            fault("must be true or false", file=path, column=f"{where}.top_level",
                  value=entry["top_level"])
        )
    _texts(entry, path, where)


def _check_constant(name: str, entry: Mapping[str, Any], path: Path) -> None:
    _number(entry["value"], True, path, f"constant.{name}.value")
    _texts(entry, path, f"constant.{name}")


def _number(value: object, positive: bool, path: Path, where: str) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not -FINITE < value < FINITE:
        raise InputError(fault("must be a number", file=path, column=where, value=value))
    if positive and value <= 0:
        raise InputError(fault("must be greater than 0", file=path, column=where, value=value))


def _check_carried(table: object, path: Path) -> None:
    """Raise InputError unless a carried table has its words and only tables of known models."""
    models = [file.stem for file in FILES]
    reading.a_table(table, path, CARRIED)
    allowed = (*CARRIED_TEXTS, "last_year", "included", *models)
    reading.only(table, allowed, "unknown key", path, f"{CARRIED}.")
    for key in CARRIED_TEXTS:
        if not isinstance(table.get(key), str) or not prints(table[key]):
            rule, where = "must be text, of letters that print", f"{CARRIED}.{key}"
            raise InputError(fault(rule, file=path, column=where, value=table.get(key)))
    last = table.get("last_year")
    if not isinstance(last, int) or isinstance(last, bool):
        where = f"{CARRIED}.last_year"
        raise InputError(fault("must be a year", file=path, column=where, value=last))


def _carried(
    table: Mapping[str, Any], model: str, variables: Mapping[str, Any], path: Path
) -> Carried:
    """Return what is carried of a model; raise InputError unless it is a proper joint Normal."""
    where, entry = f"{CARRIED}.{model}", table[model]
    reading.a_table(entry, path, where)
    allowed = ("names", "families", "mean", "covariance")
    reading.only(entry, allowed, "unknown key", path, f"{where}.")
    found = list(entry.get("names") or ())
    if sorted(map(str, found)) != sorted(variables):
        differ = ", ".join(sorted(set(map(str, found)) ^ set(variables))) or "one stands twice"
        rule = f"must name every variable of the model once: {differ}"
        raise InputError(fault(rule, file=path, column=f"{where}.names"))
    families = [variables[name]["family"] for name in found]
    if list(entry.get("families") or ()) != families:
        rule = "a variable has another family than when it was carried"
        raise InputError(fault(rule, file=path, column=f"{where}.families"))
    at = [found.index(name) for name in _by_family(variables)]
    try:
        mean = np.array(entry["mean"], dtype=float)[at]
        covariance = np.array(entry["covariance"], dtype=float)[np.ix_(at, at)]
        proper = bool(np.isfinite(mean).all() and np.allclose(covariance, covariance.T))
        np.linalg.cholesky(covariance)
    except (KeyError, ValueError, IndexError, TypeError, np.linalg.LinAlgError):
        proper = False
    if not proper:
        rule = "mean and covariance must be those of a joint Normal of all that is named"
        raise InputError(fault(rule, file=path, column=where))
    names = tuple(found[i] for i in at)
    return Carried(names, mean, covariance, table["last_year"], table["run"])


def _texts(entry: Mapping[str, Any], path: Path, where: str) -> None:
    for key in TEXTS:
        if not isinstance(entry[key], str) or not prints(entry[key]):
            rule = "must be text, of letters that print"
            raise InputError(fault(rule, file=path, column=f"{where}.{key}", value=entry[key]))


def _dump(tables: Mapping[str, Any]) -> str:
    import tomli_w

    return tomli_w.dumps(tables)


def parameters(priors: Priors, dim: str = "parameter", kept: Any = 1.0) -> dict[str, Any]:
    """Add every variable of the priors to the current model and return them by name.

    All are one standard Normal vector `standard` (parameter), scaled and transformed to the
    vector `parameters`: a Normal on the scale on which each prior is stated, or the joint Normal
    that is carried from an earlier fit. One vector instead of fifty scalars keeps the compiled
    graph small.

    Parameters
    ----------
    priors
        The checked priors.
    dim
        The model's coordinate of their names, from `order`.
    kept
        Share of each prior's standard deviation (parameter) that a model's shrinkage leaves; of
        what is carried nothing is shrunk again.
    """
    import pymc as pm
    import pytensor.tensor as pt

    names = order(priors)
    entries = [priors.variables[name] for name in names]
    standard = pm.Normal("standard", 0.0, 1.0, dims=dim)
    if priors.carried is None:
        sigma = np.array([e["sigma"] for e in entries])
        stated = np.array([e["mu"] for e in entries]) + standard * sigma * kept
    else:
        root = np.linalg.cholesky(priors.carried.covariance)
        stated = priors.carried.mean + pt.dot(root, standard)
    parts, start = [], 0
    for family, inverse in (
        ("normal", lambda x: x),
        ("lognormal", pt.exp),
        ("logitnormal", pt.sigmoid),
    ):
        count = sum(e["family"] == family for e in entries)
        if count:
            parts.append(inverse(stated[start : start + count]))
        start += count
    vector = pm.Deterministic("parameters", pt.concatenate(parts), dims=dim)
    return {name: vector[i] for i, name in enumerate(names)}


def order(priors: Priors) -> list[str]:
    """Return the names of all variables, sorted by family as the sampler holds them."""
    return _by_family(priors.variables)


def _by_family(variables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    families = list(FAMILIES)
    return sorted(variables, key=lambda name: families.index(variables[name]["family"]))


def moments(priors: Priors) -> tuple[np.ndarray, np.ndarray]:
    """Mean (parameter) and covariance (parameter, parameter) of the prior, on the stated scale.

    In the order of `order`.
    """
    if priors.carried is not None:
        return priors.carried.mean, priors.carried.covariance
    entries = [priors.variables[name] for name in order(priors)]
    sigma = np.array([e["sigma"] for e in entries])
    return np.array([e["mu"] for e in entries]), np.diag(sigma**2)
