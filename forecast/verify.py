"""Whether a run folder holds: what it says is what was made, and follows from its draws.

The one owner of that question. `found` finds a run for whoever reads it: every file is the one that
was sealed. `hold` is asked before a report, and asks more: the pair is that of the draws, the
probabilities of the baseline follow from the draws, and the gate's figures stand where it says they
do. `hold_all` is asked before anything is entered in the ledger: every table of the baseline and
the whole gate are computed anew. What this program has itself made, and sealed, in the same process
is not computed twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossover.data.errors import InputError, fault
from crossover.data.names import DOMAIN_LAYER
from crossover.forecast import runs, seal
from crossover.forecast.runs import (
    DOMAINS_FORECAST,
    ENGINE,
    FORECAST,
    GATE_FILE,
    PARTNERSHIP,
    POSTERIOR,
    PRIORS_FILE,
    RECORD,
)
from crossover.forecast.verify_gate import judge_fit, judged_anew, spots, verdict_follows
from crossover.forecast.verify_tables import events_hold, every_table

__all__ = [
    "fit_hashes", "found", "hold", "hold_all", "is_whole", "judge_fit", "made_here", "sealed",
    "stored",
]  # fmt: skip

_MADE: set[str] = set()
"""Hashes of records that this process has sealed over what it computed itself."""


def made_here(record: Mapping[str, Any]) -> None:
    """Note that a record just sealed is of what this process has computed."""
    _MADE.add(record[seal.KEY]["record"])


# What is printed -------------------------------------------------------------------------------


def found(text: str | None, store: Path) -> Path:
    """Return the run that a user means, as `runs.find`; raise InputError unless it is as sealed."""
    run = runs.find(text, store)
    sealed(run)
    return run


def sealed(run: Path, folder: Path | None = None) -> None:
    """Raise InputError unless every file of a run, and of a pair in it, is the one that was sealed.

    Parameters as of `hold`. A file is hashed once a process, and again if it is touched.
    """
    runs.settled(run)
    said = record(run, RECORD)
    _files(run, said)
    if folder not in (None, run):
        _files(folder, _of_run(folder, said), GATE_FILE)


def hold(run: Path, folder: Path | None = None) -> None:
    """Raise InputError unless what a run says of a pair is what was made, and follows from draws.

    Parameters
    ----------
    run
        A run folder.
    folder
        That of the pair: the run's own by default.

    Raises
    ------
    InputError
        Names the first file that does not hold, and why.
    """
    folder = folder or run
    sealed(run, folder)
    said = record(run, RECORD)
    gate, own = said.get("gate") or {}, said
    if folder != run:
        gate = own = record(folder, GATE_FILE)
    if _is_made(said) and (folder == run or _is_made(own)):
        return
    verdict_follows(gate, folder / (RECORD if folder == run else GATE_FILE))
    if (folder / FORECAST).is_file():
        with reading(folder):
            _pair(folder, own)
            events_hold(folder, own)
    if said.get("gate"):
        with reading(run):
            spots(run, said)


def record(folder: Path, name: str) -> dict[str, Any]:
    """Return a sealed record; raise InputError if it has no seal that this program knows."""
    path = folder / name
    said = runs.mapping(path)
    found = said.get(seal.KEY)
    if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
        run = runs.run_of(folder)
        rule = (
            "has no seal, as runs made by an earlier version have none: nothing of it can be "
            f"checked; 'crossover resume {run}' checks the fit and makes the rest anew"
        )
        raise InputError(fault(rule, file=path))
    if found.get("format") != seal.FORMAT:
        rule = f"is of a format that this version does not know; it knows {seal.FORMAT}"
        raise InputError(fault(rule, file=path, column="format", value=found.get("format")))
    if found.get("record") != seal.digest(said):
        raise InputError(fault("was changed after it was made", file=path))
    return said


def _is_made(said: Mapping[str, Any]) -> bool:
    return said[seal.KEY]["record"] in _MADE


def _files(folder: Path, said: Mapping[str, Any], name: str = RECORD) -> None:
    """Compare the files of a folder with those that its record names."""
    known = said[seal.KEY]["files"]
    present = seal.files(folder, name)
    for lost in sorted(set(known) - set(present)):
        raise InputError(fault(f"is gone, and {name} names it", file=folder / lost))
    for extra in sorted(set(present) - set(known)):
        rule = f"is not on the record: {name} does not name it; move it away"
        raise InputError(fault(rule, file=folder / extra))
    for file, found in seal.hashes(folder, present).items():
        if found != known[file]:
            rule = f"was changed after it was made: its hash is not the one in {name}"
            raise InputError(fault(rule, file=folder / file))


def stored(file: Path) -> None:
    """Raise InputError if a file of a sealed run, or of a pair in it, is not the one that was made.

    A run without a seal is one that is being made, or of format 1 and on its way through `resume`.
    """
    folder, run = file.parent, runs.run_of(file.parent)
    if seal.read(run / RECORD) is None:
        return
    said, name = record(run, RECORD), RECORD
    if folder != run:
        said, name = _of_run(folder, said), GATE_FILE
    if said[seal.KEY]["files"].get(file.name) != seal.hashes(folder, [file.name])[file.name]:
        rule = f"was changed after it was made: its hash is not the one in {name}"
        raise InputError(fault(rule, file=file))


class reading:
    """Turn what goes wrong in reading a stored file into one line."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> bool:
        if isinstance(error, OSError | KeyError | ValueError | IndexError | TypeError):
            if isinstance(error, InputError):
                return False
            rule = f"what is stored cannot be checked ({type(error).__name__}: {error})"
            raise InputError(fault(" ".join(rule.split()), file=self.folder)) from None
        return False


def _of_run(folder: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a pair's folder, checked to be of that pair and of the run's record."""
    own, path = record(folder, GATE_FILE), folder / GATE_FILE
    if own.get("run") != said.get("id"):
        raise InputError(fault(f"is of another run than {said.get('id')}", file=path))
    if own.get("posterior") != (said.get("hashes") or {}).get("posterior"):
        raise InputError(fault("was forecast from another fit than this run's", file=path))
    if own.get("fit") != (said.get("gate") or {}).get("fit"):
        raise InputError(fault("holds another verdict on the fit than the run", file=path))
    if "-".join(runs.own_pair(own)) != folder.name:
        rule = f"the folder is of {folder.name}, its record of {'-'.join(runs.own_pair(own))}"
        raise InputError(fault(rule, file=folder))
    return own


def _pair(folder: Path, own: Mapping[str, Any]) -> None:
    """Check that a folder, its draws and its tables are of one pair."""
    import xarray as xr

    asked = runs.own_pair(own)
    for file in (FORECAST, DOMAINS_FORECAST):
        if not (folder / file).is_file():
            continue
        with xr.open_dataset(folder / file, engine=ENGINE) as drawn:
            found = tuple(str(drawn.attrs.get(side)) for side in ("supplier", "recipient"))
        if found != asked:
            rule = f"holds draws of {'-'.join(found)}, and should of {'-'.join(asked)}"
            raise InputError(fault(rule, file=folder / file))


# What is entered -------------------------------------------------------------------------------


def hold_all(run: Path, folder: Path | None = None) -> None:
    """Raise InputError unless every table of the baseline and the whole gate follow from the draws.

    Parameters and errors as of `hold`, which is asked first.
    """
    folder = folder or run
    hold(run, folder)
    said = record(run, RECORD)
    own = said if folder == run else record(folder, GATE_FILE)
    if _is_made(said) and _is_made(own):
        return
    with reading(folder):
        fit_hashes(run, said)
        _forecast_hashes(folder, own)
        parts = every_table(run, folder, int(said["seed"]), own)
        judged_anew(run, folder, said, own, parts)


def fit_hashes(run: Path, said: Mapping[str, Any]) -> None:
    """Raise InputError unless fits and priors have the hashes that a run's record gives them."""
    import xarray as xr

    from crossover.forecast import record as provenance

    known = said.get("hashes") or {}
    groups = [(POSTERIOR, "posterior", "posterior"),
              (POSTERIOR, f"{DOMAIN_LAYER}/posterior", "posterior_domains")]  # fmt: skip
    if (run / PARTNERSHIP).is_file():
        with xr.open_datatree(run / PARTNERSHIP, engine=ENGINE) as tree:
            groups += [(PARTNERSHIP, f"{name}/posterior", f"posterior_{name}") for name in tree]
    for file, group, key in groups:
        with xr.open_dataset(run / file, engine=ENGINE, group=group) as data:
            _hash_is(provenance.hash_draws(data.load()), known.get(key), run / file, key)
    text = (run / PRIORS_FILE).read_text("utf-8")
    _hash_is(provenance.hash_text(text), known.get("priors"), run / PRIORS_FILE, "priors")


def _forecast_hashes(folder: Path, own: Mapping[str, Any]) -> None:
    """Compare a pair's draws with the hashes on record."""
    import xarray as xr

    from crossover.forecast import record as provenance

    known = own.get("hashes") or {}
    for file, key in ((FORECAST, "forecast"), (DOMAINS_FORECAST, "domains")):
        with xr.open_dataset(folder / file, engine=ENGINE) as data:
            _hash_is(provenance.hash_draws(data.load()), known.get(key), folder / file, key)


def _hash_is(found: str, known: str | None, file: Path, key: str) -> None:
    if found != known:
        rule = f"is not what is on record: its hash is not {key!r} of the record"
        raise InputError(fault(rule, file=file))


def is_whole(run: Path) -> bool:
    """Say whether a run is sealed and has a forecast: nothing is left to be done."""
    said = seal.read(run / RECORD)
    return said is not None and FORECAST in said[seal.KEY].get("files", {})
