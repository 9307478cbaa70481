"""What writes: each command's own way of writing, with a few bytes where figures would be."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pandas as pd

from crossover.data import additions, examination, kept
from crossover.data.names import DRAW, QUANTITY
from crossover.forecast import (
    event_tables,
    ledger,
    ledger_file,
    runs,
    seal,
    steps,
    verify,
)
from crossover.reports import build
from tests.data import samples

RUN, NEXT = "20260101-000000-aaaa", "20260102-000000-bbbb"
TABLES = ("events.csv", "timing.csv", "levels.csv")
OLD, NEW = "old", "new"


class Deed(NamedTuple):
    """Something that writes: what is there before, what it does, and what may be there after.

    `states` names what a folder may look like afterwards, by `look`; `kept` says what must not be
    lost once it was there.
    """

    prepare: Callable[[Path], None]
    act: Callable[[Path], None]
    look: Callable[[Path], str]
    states: tuple[str, ...]


def run_folder(root: Path, name: str = RUN) -> Path:
    """Return where a run stands."""
    return root / runs.RUNS / name


def record(**more: object) -> dict:
    """Return the record of a run."""
    return {"id": RUN, "supplier": "RUS", "recipient": "CHN", "seed": 1, "hashes": {}} | more


def tables(folder: Path, says: str, names: tuple[str, ...] = TABLES) -> None:
    """Write tables and draws that say who made them."""
    for name in names:
        event_tables.to_csv(pd.DataFrame({"event": [says] * 3}), folder / name)
    (folder / "forecast.nc").write_bytes(says.encode() * 400)


def fitted(part: Path, said: dict) -> None:
    """Write the beginning of a run and its fit, sealed."""
    steps.begin(part, SimpleNamespace(record=said, priors_text="p = 1\n", scenarios=()))
    (part / "posterior.nc").write_bytes(b"draws" * 400)
    seal.close(part, said, runs.RECORD)


def make_run(root: Path, said: dict | None = None) -> None:
    """Do as `run` and `runs reproduce` do."""
    said = said or record()
    with runs.writing(run_folder(root, said["id"])) as part:
        fitted(part, said)
        tables(part, NEW)
        seal.close(part, said, runs.RECORD)
        runs.write(part / runs.RECORD, said)
        build._write(part / build.REPORT, b"%PDF " + b"x" * 400)


def stored(root: Path) -> None:
    """Put a whole run and a forecast of another pair into the store."""
    make_run(root)
    run = run_folder(root)
    for name in TABLES:
        (run / name).unlink()
    tables(run, OLD)
    seal.close(run, record(), runs.RECORD)


def with_pair(root: Path) -> None:
    """Put a whole run with a forecast of another pair into the store."""
    stored(root)
    pair(root, OLD)


def pair(root: Path, says: str = NEW) -> None:
    """Do as `forecast` does of another pair."""
    with runs.refreshing(run_folder(root) / runs.PAIRS / "RUS-IND") as part:
        tables(part, says)
        runs.write(part / runs.GATE_FILE, {"passed": True, "run": RUN, seal.KEY: {}})


def own(root: Path) -> None:
    """Do as `forecast` and `resume` do of a run's own pair."""
    with runs.refreshing(run_folder(root)) as part:
        tables(part, NEW)
        runs.write(part / runs.RECORD, record(**{seal.KEY: {}}))


def only_fit(root: Path) -> None:
    """Put a run into the store that has a fit and nothing else."""
    with runs.writing(run_folder(root)) as part:
        fitted(part, record())


def score(root: Path) -> None:
    """Do as `score --run` does."""
    runs.write(root / "scores.csv", "run,question\n" + "a,b\n" * 100)
    with runs.refreshing(run_folder(root)) as part:
        runs.write(part / "track_record.json", {"entries": 1})


def report(root: Path) -> None:
    """Do as `report` does."""
    build._write(run_folder(root) / build.REPORT, b"%PDF " + b"y" * 400)


def questions(run: Path, folder: Path, said: dict) -> list[dict]:
    """Return a few questions, as from a forecast."""
    shared = {
        "run": said["id"], "domain": "all", "supplier": "RUS", "recipient": "CHN", "origin": 2024,
        "as_of": "", "vintages": {}, "draws": 4, "draws_hash": "0", "created": "2026-01-01",
        "country": "", "scenario": "baseline", "kind": QUANTITY,
        "forecast": {"levels": [0.5], "quantiles": {"2030": [1.0]}},
    }  # fmt: skip
    return [shared | {"question": f"{DRAW} {n}"} for n in range(5)]


def publishable(root: Path) -> None:
    """Put a run into the store that may be entered."""
    stored(root)
    seal.close(run_folder(root), record(gate={"passed": True}, created="2026"), runs.RECORD)


def enter(root: Path, name: str = RUN) -> None:
    """Do as `ledger enter` does; each entry, and the end of the transaction, count as a write."""
    real, hold, asked = ledger.digest, verify.hold_all, ledger._questions

    def counted(row: dict) -> str:
        (root / "ledger-touch").write_bytes(b"")
        return real(row)

    verify.hold_all, ledger._questions = (lambda *given: None), questions
    ledger.digest = counted
    try:
        ledger.enter(root, run_folder(root, name))
    finally:
        verify.hold_all, ledger.digest, ledger._questions = hold, real, asked


def research(root: Path) -> None:
    """Write a file as the World Bank publishes it."""
    page = samples.api_page([samples.api_row("CHN", 2024, 2.6)], updated="2026-05-30")
    root.joinpath("rd.json").write_text(json.dumps(page))


def add(root: Path) -> None:
    """Do as `data add` does, of what was examined before: its writing."""
    with additions.locked(root) as _:
        additions._write(EXAMINED[0], root)


EXAMINED: list[examination.Examined] = []
"""What `add` writes; examined once, since that reads the panel."""


def move_on(root: Path) -> None:
    """Do as `update FILE` does: add, make a run of all that is known, and enter it."""
    add(root)
    make_run(root, record(id=NEXT, gate={"passed": True}, created="2026", update={"from": RUN}))
    enter(root, NEXT)


# What is there afterwards ------------------------------------------------------------------------


def look_run(root: Path, name: str = RUN) -> str:
    """Say what a run is after the next command, every hash of it checked."""
    runs.sweep(root / runs.RUNS)
    found = [run for run in runs.listing(root) if run.name == name]
    if not found:
        left = [p.name for p in (root / runs.RUNS).glob(".*")] if root.is_dir() else []
        return f"left {left}" if left else "nothing"
    run = runs.settled(found[0])
    said = verify.record(run, runs.RECORD)
    verify._files(run, said)
    hidden = [p.name for p in run.rglob(".*")]
    if hidden:
        return f"left {hidden}"
    if not (run / "forecast.nc").is_file():
        return "fit"
    says = {(run / name).read_text().split()[-1] for name in TABLES}
    says.add((run / "forecast.nc").read_text()[:3])
    return " and ".join(sorted(says))


def look_pair(root: Path) -> str:
    """Say what another pair's forecast is after the next command."""
    run = look_run(root)
    if run != OLD:
        return f"run is {run}"
    folder = run_folder(root) / runs.PAIRS / "RUS-IND"
    if not folder.is_dir():
        return "nothing"
    verify._files(folder, verify.record(folder, runs.GATE_FILE), runs.GATE_FILE)
    says = {(folder / name).read_text().split()[-1] for name in TABLES}
    return " and ".join(sorted({*says, (folder / "forecast.nc").read_text()[:3]}))


def look_score(root: Path) -> str:
    """Say what the scores and the track record are."""
    scores = root / "scores.csv"
    text = scores.read_text() if scores.is_file() else ""
    if text and not text.endswith("a,b\n"):
        return "torn"
    return look_run(root)


def look_report(root: Path) -> str:
    """Say which report is there."""
    content = (run_folder(root) / build.REPORT).read_bytes()
    return {b"x": OLD, b"y": NEW}.get(content[-1:], "torn") if len(content) == 405 else "torn"


def look_ledger(root: Path) -> str:
    """Say what the ledger holds; its chain and the run's note of it agree."""
    if look_run(root) != OLD:
        return "run changed"
    faults = ledger.verify(root)
    if faults:
        return "; ".join(faults)
    return f"{len(ledger_file.entries(root))} entries"


def look_moved(root: Path) -> str:
    """Say what was added, what the new run is, and what of it was entered; the old one stays."""
    return ", ".join((look_panel(root), look_run(root, NEXT), look_ledger(root)))


def look_panel(root: Path) -> str:
    """Say what was added, every hash checked, after the next command of its kind."""
    with additions.locked(root):
        pass
    held = kept.listing(root)
    faults = kept.damaged(root)
    left = [p.name for p in (root / kept.FOLDER).glob(".*.part")]
    return f"{len(held)} additions" if not faults and not left else f"{faults} {left}"


def nothing(root: Path) -> None:
    """Begin with an empty store."""


DEEDS = {
    "run": Deed(nothing, make_run, look_run, ("nothing", "fit", NEW)),
    "forecast of another pair": Deed(stored, pair, look_pair, ("nothing", NEW)),
    "forecast of another pair again": Deed(with_pair, pair, look_pair, (OLD, NEW)),
    "forecast again": Deed(stored, own, look_run, (OLD, NEW)),
    "resume": Deed(only_fit, own, look_run, ("fit", NEW)),
    "score": Deed(stored, score, look_score, (OLD,)),
    "report": Deed(stored, report, look_report, (OLD, NEW)),
    "ledger enter": Deed(publishable, enter, look_ledger, ("0 entries", "5 entries")),
    "data add": Deed(nothing, add, look_panel, ("0 additions", "1 additions")),
    "update": Deed(stored, move_on, look_moved, (
        "0 additions, nothing, 0 entries", "1 additions, nothing, 0 entries",
        "1 additions, fit, 0 entries", f"1 additions, {NEW}, 0 entries",
        f"1 additions, {NEW}, 5 entries")),
}  # fmt: skip

__all__ = ["DEEDS", "EXAMINED", "RUN", "Deed", "sqlite3"]
