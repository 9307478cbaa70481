"""How many planted errors `data add` stops, and how many real releases.

    uv run python -m tests.trust.stops [--draws 200] [--seed 1]

plants errors of every kind, drawn by the seed, into real releases, each over the panel as it stood
before it, and prints the kinds and how many were caught; then takes every real release on hand as
if it were the next one, with the bounds that all the others set, and prints which are stopped. The
providers' files must be at hand (CROSSOVER_RAW); without them errors are planted into the World
Bank's series alone. About five seconds a draw.
"""

from __future__ import annotations

import argparse
import datetime
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crossover.data import alarms, deal_signals, examination
from crossover.data.bounds import GROUPS, Past, Pools
from crossover.data.comparison import series_of
from crossover.data.errors import InputError
from crossover.data.sources.files import Batch
from crossover.data.tables import KEYS, read
from tests.data.conftest import RAW
from tests.trust import planted, releases

TODAY = datetime.date(2026, 11, 27)
REFUSED, FOUND, MISSED = "refused", "found", "missed"


@dataclass(frozen=True)
class Outcome:
    """What came of a planted error: refused by a rule, found by a comparison, or missed."""

    kind: str
    into: str
    release: str
    how: str
    said: str


@dataclass(frozen=True)
class Judged:
    """A real release taken as the next one: what stops it, nothing if it is let through."""

    series: str
    vintage: str
    stops: tuple[str, ...]


def draw(draws: int, seed: int, raw: Path | None) -> Iterator[tuple[str, str, random.Random]]:
    """Yield what is planted into, the kind and its random numbers: all kinds in turn, shuffled."""
    kinds = [(into, kind.__name__) for into, kind in planted.kinds() if raw or into in WORLD_BANK]
    rng = random.Random(seed)
    order: list[tuple[str, str]] = []
    while len(order) < draws:
        order += rng.sample(kinds, len(kinds))
    for n, (into, name) in enumerate(order[:draws]):
        yield into, name, random.Random(f"{seed} {n} {name}")


WORLD_BANK = ("rates", "levels")


def plant(into: str, name: str, rng: random.Random, raw: Path, work: Path) -> Outcome:
    """Plant an error into a release and examine it over the panel as it stood before."""
    kind = next(kind for kind in planted.KINDS[into] if kind.__name__ == name)
    base = rng.choice(releases.bases(raw, into))
    work.mkdir(parents=True, exist_ok=True)
    path = work / base.name
    path.write_bytes(base.write(kind(base.content, rng)))
    how, said = examined(path, releases.panel_before(base.known, work / f"panel {base.known}"))
    return Outcome(name, into, base.name, how, said)


def examined(path: Path, panel: Path) -> tuple[str, str]:
    """Return what came of a file, and the first thing that was said of it."""
    try:
        stops = examination.examine([path], panel, TODAY).stops
    except InputError as error:
        return REFUSED, str(error)
    return (FOUND, str(stops[0])) if stops else (MISSED, "")


def real() -> list[Judged]:
    """Judge every kept release that had one before, by the bounds that all others set."""
    rows = {
        table: read(table, None, {"assumed": ["0"]} if "assumed" in KEYS[table] else None)
        for table in GROUPS
    }
    past = Past(rows.__getitem__)
    for table in GROUPS:
        past.load(table)
    said = _alarms(rows)
    judged = []
    for one in past.released:
        pools = Pools()
        for other in past.released:
            if other is not one and other.table in GROUPS[one.table]:
                pools.add(other.signals)
        stops = [signal.words for signal, _ in pools.too_much(one.signals)]
        stops += said[one.table, one.series, one.vintage]
        judged.append(Judged(one.series, one.vintage, tuple(stops)))
    return judged + _registers()


def _alarms(rows: dict[str, list]) -> dict[tuple[str, str, str], list[str]]:
    """Return (table, series, release) → alarms on single figures that stop it."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for table, held in rows.items():
        days: dict[str, dict[str, list]] = defaultdict(lambda: defaultdict(list))
        for row in held:
            days[series_of(table, row)][row.vintage].append(row)
        for series, of_day in days.items():
            kept: list = []
            for day in sorted(of_day):
                batch = Batch(table, series, "", day, True, "", of_day[day])
                for alarm in alarms.find(batch, kept) if kept else []:
                    if alarm.stops:
                        found[table, series, day].append(str(alarm))
                kept += of_day[day]
    return found


def _registers() -> list[Judged]:
    """Judge every register deal by deal."""
    registers, deals = read("registers"), read("deals")
    found = []
    for register in sorted(registers)[1:]:
        others = [one for one in registers if one != register]
        stops = deal_signals.find([register], others, deals)
        found.append(Judged("deals", register.vintage, tuple(map(str, stops))))
    return found


def table(outcomes: list[Outcome]) -> str:
    """Return the table of kinds: planted, refused, found and missed."""
    of_kind: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for one in outcomes:
        of_kind[one.into, one.kind].append(one)
    lines = [f"{'into':9} {'error':44} {'planted':>7} {'refused':>7} {'found':>6} {'missed':>6}"]
    for (into, kind), held in of_kind.items():
        counts = [sum(one.how == how for one in held) for how in (REFUSED, FOUND, MISSED)]
        refused, found, missed = counts
        name = kind.replace("_", " ")
        lines.append(f"{into:9} {name:44} {len(held):7} {refused:7} {found:6} {missed:6}")
    return "\n".join(lines)


def caught(outcomes: list[Outcome]) -> tuple[int, int, int, int]:
    """Return errors caught, errors planted, kinds of which all were caught, kinds planted."""
    kinds = {(one.into, one.kind) for one in outcomes}
    slipped = {(one.into, one.kind) for one in outcomes if one.how == MISSED}
    missed = sum(one.how == MISSED for one in outcomes)
    return len(outcomes) - missed, len(outcomes), len(kinds - slipped), len(kinds)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="errors planted and caught, releases stopped")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    raw = RAW if (RAW / "sipri").is_dir() else None
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="crossover-planted-") as folder:
        for n, (into, name, rng) in enumerate(draw(args.draws, args.seed, raw), start=1):
            one = plant(into, name, rng, RAW, Path(folder))
            outcomes.append(one)
            print(f"{n:4} {one.how:8} {one.kind} ({one.release}): {one.said[:160]}", flush=True)
    print(f"\n{table(outcomes)}\n")
    errors, planted_all, kinds, kinds_all = caught(outcomes)
    print(f"caught: {errors} of {planted_all} errors, {kinds} of {kinds_all} kinds in every draw")
    judged = real()
    stopped = [one for one in judged if one.stops]
    print(f"real releases stopped: {len(stopped)} of {len(judged)}")
    for one in stopped:
        print(f"  {one.series}, release of {one.vintage}: {one.stops[0]}")


if __name__ == "__main__":
    main()
