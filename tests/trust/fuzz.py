"""Fuzz every reader of a file from outside: `python -m tests.trust.fuzz --inputs N`.

Inputs are shared out among `targets.TARGETS`, each done by a process of its own. Where atheris is
installed it makes them, led by what of the readers' code an input reaches; elsewhere hypothesis
does, by the accidents of tests/data/damage.py. What is raised and is no refusal counts as a
traceback, and the first input of each kind is kept; an input that takes over ten seconds, or a
process that takes over a gibibyte, ends the target as failed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

SECONDS, MEMORY = 10, 1024
"""Seconds of an input, and MiB of a process, that are too many."""
LONGEST = 16_384
"""Bytes of an input."""
TOLD = 500
CODE = ("crossover.data", "crossover.models.priors", "crossover.forecast.scenarios",
        "crossover.forecast.claims", "openpyxl", "zipfile", "tomllib")  # fmt: skip


@dataclass
class Counts:
    """What became of a target's inputs; seconds are those of the slowest, MiB the most held."""

    inputs: int = 0
    refused: int = 0
    read: int = 0
    tracebacks: int = 0
    slowest: float = 0.0
    mib: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)


class Fuzzed:
    """One target: offers inputs to it, counts, and writes the counts where a parent looks."""

    def __init__(self, name: str, inputs: int, folder: Path):
        from tests.trust import targets

        self.target, self.is_refusal = targets.TARGETS[name], targets.is_refusal
        self.name, self.most, self.folder = name, inputs, folder
        self.counts, self.kinds = Counts(), Counter()
        self.work = folder / f"{name}.work"
        self.work.mkdir(exist_ok=True)

    def __call__(self, content: bytes) -> None:
        """Offer an input; whatever is raised is counted, and only an interrupt stops it."""
        start = time.process_time()
        try:
            self.target.offer(self.work, content)
            self.counts.read += 1
        except Exception as error:
            if self.is_refusal(error):
                self.counts.refused += 1
            else:
                self._note(error, content)
        for left in self.work.iterdir():
            left.unlink()
        self.counts.inputs += 1
        self.counts.slowest = max(self.counts.slowest, time.process_time() - start)
        if self.counts.inputs % TOLD == 0 or self.counts.inputs >= self.most:
            self.tell()

    def _note(self, error: Exception, content: bytes) -> None:
        self.counts.tracebacks += 1
        frame = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
        if kind not in self.kinds:
            number = len(self.kinds)
            (self.folder / f"{self.name}-{number}.input").write_bytes(content)
            text = "".join(traceback.format_exception(error))
            (self.folder / f"{self.name}-{number}.txt").write_text(text, "utf-8", "replace")
        self.kinds[kind] += 1

    def tell(self) -> None:
        """Write the counts so far, whole."""
        self.counts.mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.counts.kinds = dict(self.kinds)
        part = self.folder / f"{self.name}.part"
        part.write_text(json.dumps(asdict(self.counts)))
        part.replace(self.folder / f"{self.name}.json")


def by_coverage(name: str, inputs: int, seed: int, folder: Path) -> None:
    """Fuzz a target in this process by atheris, which ends it."""
    import atheris

    with atheris.instrument_imports(include=list(CODE)):
        fuzzed = Fuzzed(name, inputs, folder)
        for module in CODE[1:]:
            if module.startswith("crossover") and name in module:
                importlib.import_module(module)
    seeds = folder / f"{name}.seeds"
    seeds.mkdir(exist_ok=True)
    for number, content in enumerate(fuzzed.target.seeds):
        (seeds / str(number)).write_bytes(content)
    options = (f"-runs={inputs}", f"-seed={seed}", f"-timeout={SECONDS}", f"-max_len={LONGEST}",
               f"-rss_limit_mb={MEMORY}", f"-artifact_prefix={folder}/{name}-",
               "-verbosity=0", "-print_final_stats=0", str(seeds))  # fmt: skip
    atheris.Setup([sys.argv[0], *options], fuzzed)
    atheris.Fuzz()


def by_accident(name: str, inputs: int, seed: int, folder: Path) -> None:
    """Fuzz a target in this process by hypothesis."""
    import hypothesis
    from hypothesis import strategies as st

    from tests.data.damage import damaged

    fuzzed = Fuzzed(name, inputs, folder)
    made = st.sampled_from(fuzzed.target.seeds).flatmap(damaged)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=inputs, deadline=None, database=None, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(made)
    def offered(content: bytes) -> None:
        fuzzed(content)

    offered()
    fuzzed.tell()


def fuzz(name: str, inputs: int, seed: int, folder: Path, way: str) -> tuple[Counts, str]:
    """Fuzz a target in a process of its own; return the counts, and what ended it before time."""
    words = ("--only", name, "--inputs", inputs, "--seed", seed, "--folder", folder, "--way", way)
    command = [sys.executable, "-m", "tests.trust.fuzz", *map(str, words), "--child"]
    held = folder / f"{name}.json"
    held.unlink(missing_ok=True)
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    counts = Counts(**json.loads(held.read_text())) if held.is_file() else Counts()
    over = counts.slowest > SECONDS or counts.mib > MEMORY
    short = done.returncode != 0 or counts.inputs < inputs
    return counts, done.stderr[-1500:] if over or short else ""


def main(words: list[str] | None = None) -> int:
    """Fuzz, print the counts, and return 1 where a promise does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.trust.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="in all")
    parser.add_argument("--only", metavar="TARGET", help="one target alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where failing inputs are kept")
    parser.add_argument("--way", choices=("atheris", "hypothesis"))
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    way = asked.way or ("atheris" if importlib.util.find_spec("atheris") else "hypothesis")
    if asked.child:
        act = by_coverage if way == "atheris" else by_accident
        act(asked.only, asked.inputs, asked.seed, asked.folder)
        return 0
    from tests.trust.targets import TARGETS

    folder = asked.folder or Path(tempfile.mkdtemp(prefix="crossover-fuzz-"))
    os.makedirs(folder, exist_ok=True)
    names = [asked.only] if asked.only else list(TARGETS)
    shares = sum(TARGETS[name].share for name in names)
    print(f"by {way}; failing inputs are kept in {folder}")
    print(f"{'':12}{'inputs':>9}{'refused':>9}{'read':>9}{'tracebacks':>12}{'slowest':>10}{'MiB':>6}")
    failed, total = False, Counts()
    for name in names:
        inputs = int(asked.inputs * TARGETS[name].share / shares) + 1
        counts, ended = fuzz(name, inputs, asked.seed, folder, way)
        show(name, counts)
        for kind, number in counts.kinds.items():
            print(f"  {number} × {kind}")
        if ended:
            print(f"  ended before time or took too much: {ended}")
        failed |= bool(counts.tracebacks or ended)
        for key in ("inputs", "refused", "read", "tracebacks"):
            setattr(total, key, getattr(total, key) + getattr(counts, key))
        total.slowest, total.mib = max(total.slowest, counts.slowest), max(total.mib, counts.mib)
    show("all", total)
    return int(failed)


def show(name: str, counts: Counts) -> None:
    """Print a line of the table."""
    numbers = f"{counts.inputs:9,}{counts.refused:9,}{counts.read:9,}{counts.tracebacks:12,}"
    print(f"{name:12}{numbers}{counts.slowest:8.2f} s{counts.mib:6.0f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
