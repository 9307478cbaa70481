"""Make a run again from what its record says, and compare what both say of every event.

Taken from the record alone: the day up to which releases count, the additions, the priors, the
seed, and how many draws. Two fits differ by Monte-Carlo error: a probability p has the error on
record, and at least that of one draw in n. With m probabilities compared, all agree when no
difference exceeds z combined errors, z being the Normal quantile at 1 − FALSE / 2m: a sound run is
called different less than once in 1/FALSE times, however the m hang together (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crossover.data.errors import InputError, fault
from crossover.data.names import BASELINE, KIND, SCENARIO
from crossover.forecast import plans, record, runs, steps, stored_run, verify

if TYPE_CHECKING:
    import pandas as pd

FALSE = 1e-3
"""How often a sound run may be called different."""
KEYS = ["event", "domain", KIND, "year"]
FOLDER = "reproduced"


class Compared(NamedTuple):
    """One probability of two runs: `errors` is the difference in combined Monte-Carlo errors."""

    event: str
    domain: str
    kind: str
    year: int
    then: float
    now: float
    errors: float
    agrees: bool


class Reproduced(NamedTuple):
    """A run made again: what of code and packages has changed, and every event of the baseline."""

    run: Path
    changed: list[str]
    limit: float
    rows: list[Compared]

    @property
    def agrees(self) -> bool:
        """Whether every probability agrees."""
        return all(row.agrees for row in self.rows)


def reproduce(
    run: Path, store: Path, panel: Path | None, command: str, out: Path | None = None
) -> Reproduced:
    """Fit and forecast a run's own pair again, into a folder of its own.

    Parameters
    ----------
    run : The run.
    store, panel : Where additions and the base of the panel are.
    command : The command line, for the record of the new run.
    out : The new run's folder; under `reproduced` of the store by default.

    Raises
    ------
    InputError : If the run does not hold, or its panel is not at hand.
    """
    verify.hold(run)
    made = plan(run, store, panel, command, out)
    with runs.writing(made.target) as part:
        steps.begin(part, made)
        steps.look_ahead(
            part, steps.sample(part, made), made.pair, made.record, part, made.scenarios
        )
        steps.audit(part, made)
        runs.write(part / runs.RECORD, made.record)
    rows, limit = compare(run, made.target)
    return Reproduced(made.target, record.changes(runs.read(run)), limit, rows)


def plan(
    run: Path, store: Path, panel: Path | None, command: str, out: Path | None
) -> plans.Plan:
    """Return the plan of a run as its record tells it; raises as `reproduce`."""
    from crossover.data import kept
    from crossover.forecast import carry
    from crossover.models.priors import load

    said = runs.read(run)
    layers = plans.layers_of(said, kept.layers(panel, store))
    lost = set(said.get("additions") or ()) - {layer.name for layer in layers[1:]}
    if lost:
        rule = f"rests on additions that the store lacks: {', '.join(sorted(lost))}"
        raise InputError(fault(rule, file=run))
    if record.hash_panel(layers) != said["hashes"].get("panel"):
        rule = "the panel is not the one of this run: give the right --panel or --store"
        raise InputError(fault(rule, file=run))
    priors = run / stored_run.PRIORS_FILE
    supplier, recipient = runs.own_pair(said)
    made = plans.plan(
        command=command, kind=FOLDER, supplier=supplier, recipient=recipient, out=out,
        store=store, seed=said["seed"], as_of=said.get("as_of"), priors=priors,
        draws=said["draws"], chains=said["chains"], quick=bool(said.get("quick")), panel=panel,
        scenarios=[BASELINE], from_year=said.get("from_year"),
    )  # fmt: skip
    known = stored_run.known_on(stored_run.day(said.get("as_of")), layers)
    known = carry.windowed(known, load(priors), said.get("from_year"), priors)
    made.record["hashes"]["panel"] = said["hashes"]["panel"]
    made.record["additions"] = [layer.name for layer in layers[1:]]
    made.record["tune"] = said["tune"]
    return made._replace(panel=known, layers=tuple(layers))


def compare(run: Path, other: Path) -> tuple[list[Compared], float]:
    """Return every probability of the baseline in two runs of one pair, and the limit of errors."""
    import numpy as np
    from scipy import stats

    both = _events(run).merge(_events(other), how="outer", on=KEYS, suffixes=("", "_now"))
    limit = float(stats.norm.isf(FALSE / (2 * len(both))))
    apart = (both["probability"] - both["probability_now"]).abs()
    errors = apart / np.hypot(both["mc_error"], both["mc_error_now"])
    return [
        Compared(*key, then, now, error, bool(error <= limit))
        for key, then, now, error in zip(
            both[KEYS].itertuples(index=False), both["probability"], both["probability_now"],
            errors, strict=True,
        )
    ], limit  # fmt: skip


def _events(run: Path) -> pd.DataFrame:
    """Return the baseline's events of a run; an error is at least that of one draw."""
    import pandas as pd

    said = runs.read(run)
    found = pd.read_csv(run / steps.EVENTS_FILE)
    found = found[found[SCENARIO] == BASELINE][[*KEYS, "probability", "mc_error"]]
    least = 1.0 / (said["draws"] * said["chains"])
    return found.assign(mc_error=found["mc_error"].clip(lower=least))


def worst(rows: Sequence[Compared], count: int = 10) -> list[Compared]:
    """Return the probabilities that lie furthest apart, in errors; what only one run has first."""
    return sorted(rows, key=lambda row: (row.errors == row.errors, -row.errors))[:count]
