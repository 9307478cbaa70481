"""What a run is asked for, checked before anything is sampled."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crossover.data import countries
from crossover.data.errors import InputError, fault
from crossover.forecast import record, runs
from crossover.forecast.progress import step
from crossover.forecast.stored_run import day, known_on

if TYPE_CHECKING:
    import xarray as xr

    from crossover.forecast.scenarios import Scenario
    from crossover.models.priors import Priors


def pair_of(supplier: str, recipient: str) -> tuple[str, str]:
    """Return the codes of a pair; raise InputError unless both are of the sample and differ."""
    found = []
    for option, text, kept in (
        ("--supplier", supplier, countries.suppliers()),
        ("--recipient", recipient, countries.recipients()),
    ):
        code = countries.find(text, option=option)
        if code not in kept:
            what = option.removeprefix("--")
            rule = f"is no {what} of the sample: must be one of {', '.join(sorted(kept))}"
            raise InputError(fault(rule, column=option, value=text))
        found.append(code)
    if found[0] == found[1]:
        rule = "supplier and recipient must be two countries"
        raise InputError(fault(rule, column="--recipient", value=recipient))
    return found[0], found[1]


def some_pair(
    supplier: str | None, recipient: str | None, otherwise: tuple[str, str]
) -> tuple[str, str]:
    """Return the pair asked for, or the run's own when none was."""
    if supplier is None and recipient is None:
        return otherwise
    if supplier is None or recipient is None:
        raise InputError("a pair needs both --supplier and --recipient")
    return pair_of(supplier, recipient)


class Plan(NamedTuple):
    """All that a run is made from, checked, before anything is sampled."""

    target: Path
    pair: tuple[str, str]
    priors: Priors
    domain_priors: Priors
    priors_text: str
    panel: xr.Dataset
    record: dict[str, Any]
    partnership_priors: tuple[Priors, Priors]
    scenarios: tuple[Scenario, ...]
    layers: tuple[Path, ...]


def plan(
    *,
    command: str,
    kind: str,
    supplier: str,
    recipient: str,
    out: Path | None,
    store: Path | None,
    seed: int,
    as_of: str | None,
    priors: Path | None,
    draws: int | None,
    chains: int | None,
    quick: bool,
    panel: Path | None,
    scenarios: Sequence[str] = (),
    from_year: int | None = None,
) -> Plan:
    """Check every input, assemble the panel and note what is known; nothing is written yet.

    Parameters
    ----------
    command : The command line, for the record.
    kind : Folder of the store that the run belongs to.
    supplier, recipient, out, store, seed, as_of, priors, draws, chains, quick, panel, scenarios,
    from_year : The options of `crossover run`, as the user gave them.

    Raises
    ------
    InputError : For the first input that cannot be used.
    """
    pair, when = pair_of(supplier, recipient), day(as_of)
    if panel is not None and not panel.is_dir():
        raise InputError(fault("there is no such folder", column="--panel", value=str(panel)))
    moment = datetime.datetime.now(datetime.UTC)
    name = runs.new_id(moment, secrets.token_hex(2))
    target = out or runs.store(store) / kind / name
    runs.check_free(target)

    from crossover.data.kept import layers
    from crossover.models import alignment, domains, partnership
    from crossover.models.priors import load, text

    beliefs, domain_beliefs = load(priors), load(priors, domains.PRIORS_FILE)
    partnership_beliefs = partnership.load(priors), alignment.load(priors)
    beliefs_text = text(priors)
    seconds: dict[str, float] = {}
    with step("assembling the panel", "panel", seconds):
        made_of = layers(panel, runs.store(store))
        known = known_on(when, made_of)
    from crossover.forecast import carry, fit, ledger_file
    from crossover.forecast import scenarios as scenario_files

    chosen = scenario_files.choose(scenarios, pair, origin=_origin(known))
    known = carry.windowed(known, beliefs, from_year, priors)

    asked = {key: n for key, n in (("draws", draws), ("chains", chains)) if n}
    how = fit.USUAL | (fit.QUICK if quick else {}) | asked
    said = {
        "id": name, "created": moment.isoformat(timespec="seconds"), "command": command,
        "supplier": pair[0], "recipient": pair[1], "seed": seed,
        "as_of": when.isoformat() if when else None, "quick": quick, **how,
        "code": record.code(), "packages": record.packages(),
        "hashes": {"panel": record.hash_panel(made_of), "priors": record.hash_text(beliefs_text)},
        "seconds": seconds, "warnings": _warnings(priors, beliefs, from_year, panel, when),
        "additions": [folder.name for folder in made_of[1:]],
        "ledger": ledger_file.standing(runs.store(store)), "from_year": from_year,
        "scenarios": {one.name: record.hash_text(one.text) for one in chosen},
    }  # fmt: skip
    return Plan(target, pair, beliefs, domain_beliefs, beliefs_text, known, said,
                partnership_beliefs, chosen, tuple(made_of))  # fmt: skip


def _warnings(
    priors: Path | None, beliefs: Priors, from_year: int | None, panel: Path | None,
    when: datetime.date | None,
) -> list[str]:
    """Return what a reader has to know of how a run was asked for."""
    warnings = []
    if priors is not None:
        warnings.append(f"Priors of {priors.name} were laid over the default ones.")
    if beliefs.carried is not None:
        warnings.append(
            f"Priors are carried from run {beliefs.carried.run}, which holds the observations up "
            f"to {beliefs.carried.last_year}; levels and ties of countries are learned afresh."
        )
    if from_year is not None:
        warnings.append(f"Only years from {from_year} on were counted.")
    if panel is not None:
        warnings.append("The panel is not the shipped one.")
    if when is not None:
        warnings.append(
            "Alliances, disputes and capabilities are of one release, whatever the day: of the "
            "years up to the origin the partnership knows what was compiled later."
        )
    return warnings


def layers_of(said: Mapping[str, Any], known: Sequence[Path]) -> list[Path]:
    """Return the panel and those additions, of all that are known, that a run's record names."""
    held = set(said.get("additions") or ())
    return [known[0], *(layer for layer in known[1:] if layer.name in held)]


def _origin(panel: xr.Dataset) -> int:
    """Last year of a panel with deliveries; raise InputError if there is none."""
    from crossover.data.names import RECIPIENT, SUPPLIER, YEAR

    has = (panel["tiv"] >= 0).any((SUPPLIER, RECIPIENT))
    if not bool(has.any()):
        raise InputError("the panel holds no arms transfers as of that date: nothing to fit")
    return int(panel[YEAR].where(has).max())
