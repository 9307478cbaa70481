"""Measure all, or some sections, and print one table."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.bench.posterior import Length
from tests.bench.table import Row, show, write

SECTIONS = ("compile", "peers", "growth", "run", "start-up")
SEED = 20260424
FULL, QUICK = (400, 400), (50, 50)
"""Tuning steps, and draws, of each chain where samplers are compared."""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    made.add_argument(
        "--only", choices=SECTIONS, action="append", help="of these sections; may be repeated"
    )
    made.add_argument("--csv", type=Path, metavar="FILE", help="write the table there too")
    made.add_argument("--png", type=Path, metavar="FILE", help="draw the growth of a gradient")
    made.add_argument(
        "--quick", action="store_true", help="few draws, to try it out: figures mean nothing"
    )
    return made


def measured(folder: Path, args: argparse.Namespace) -> Iterator[Row]:
    """Yield the rows of the sections that were asked for."""
    wanted = args.only or SECTIONS
    if {"compile", "peers", "growth"} & set(wanted):
        yield from _of_models(folder, args, wanted)
    if "run" in wanted:
        from tests.bench import running

        yield from running.rows(_within(folder, "run"), ["--quick"] if args.quick else [])
    if "start-up" in wanted:
        from tests.bench import starting

        yield from starting.rows(_within(folder, "start"))


def _of_models(
    folder: Path, args: argparse.Namespace, wanted: Iterable[str]
) -> Iterator[Row]:
    """Yield rows of sections that rest on models of the shipped panel."""
    from crossover.forecast.fit import ACCEPT
    from crossover.forecast.sampling import CORES
    from crossover.models.market import market
    from tests.bench import compared, compiling, growth, problem, shipped

    held = shipped.read()
    if "compile" in wanted:
        yield from compiling.rows(_within(folder, "compile"), shipped.models(held))
    beliefs, place = held.priors.part("market"), _within(folder, "market")
    tune, draws = QUICK if args.quick else FULL
    length = Length(tune, draws, CORES, ACCEPT["market"], SEED)
    problem.store(place, held.inputs, beliefs, length)
    if "peers" in wanted:
        yield from compared.rows(place, market(held.inputs, beliefs))
    if "growth" in wanted:
        yield from growth.rows(place, args.png)


def _within(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def main() -> int:
    """Measure; return 1 if two samplers differ or something failed."""
    args, found, began = parser().parse_args(), [], time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for row in measured(Path(folder), args):
            found.append(row)
            # What is known so far, since the whole takes minutes.
            print(f"{row.section}: {row.what}: {row.measure} {row.value:.4g} {row.unit} {row.note}",
                  file=sys.stderr, flush=True)  # fmt: skip
    found.append(Row("all", "benchmark", "seconds", time.perf_counter() - began, "s"))
    show(found)
    if args.csv:
        write(found, args.csv)
    wrong = [row for row in found if row.wrong]
    for row in wrong:
        print(f"{row.what}: {row.measure} {row.value:.4g}: {row.note}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
