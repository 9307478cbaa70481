"""An expert's prior put to use: a versioned priors file, and what the priors alone then predict."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.data.names import (
    BASELINE,
    DEFAULT_RECIPIENT,
    DEFAULT_SUPPLIER,
    HEADLINE_YEAR,
    SCENARIO,
    SOON,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import runs
from crossover.models.elicitation import Elicited
from crossover.models.priors import DEFAULT_FILE

if TYPE_CHECKING:
    import xarray as xr

NAME = "elicited-v{}.toml"
VERSIONS = re.compile(r"elicited-v(\d+)\.toml")
DRAWS, SEED = 400, 20260424
PAIR = (DEFAULT_SUPPLIER, DEFAULT_RECIPIENT)
YEARS = (SOON, HEADLINE_YEAR)


@dataclass(frozen=True)
class Consequence:
    """What the priors alone say of a question or a quantity, before and with the new prior.

    Three numbers are quantiles (5, 50, 95 %), one is a probability.
    """

    what: str
    year: int
    before: tuple[float, ...]
    after: tuple[float, ...]


def newest(store: Path) -> Path | None:
    """Return the newest version of the elicited priors of a store, None where there is none."""
    held = {
        int(match[1]): path
        for path in (store / runs.PRIORS).glob("elicited-v*.toml")
        if (match := VERSIONS.fullmatch(path.name))
    }
    return held[max(held)] if held else None


def save(found: Elicited, reason: str, source: str, store: Path) -> Path:
    """Write the next version of the elicited priors: the newest one with this prior in it.

    A version is never changed; the file is one for `crossover run --priors`.

    Raises
    ------
    InputError : If reason or source is empty, or the file cannot be written.
    """
    import tomli_w

    from crossover.data.errors import InputError, fault
    from crossover.models import priors

    for option, text in (("--reason", reason), ("--source", source)):
        if not text.strip():
            raise InputError(fault("must say something", column=option, value=text))
    last = newest(store)
    held = tomllib.loads(last.read_text("utf-8")) if last else {}
    variables = held.get("variable", {}) | {found.name: found.entry(reason, source)}
    version = int(VERSIONS.fullmatch(last.name)[1]) + 1 if last else 1
    path = store / runs.PRIORS / NAME.format(version)
    with runs.refreshing(path.parent) as part:
        (part / path.name).write_text(tomli_w.dumps({"variable": variables}), "utf-8")
        priors.text(part / path.name)
    return path


def consequences(
    before: Path | None, after: Path, layers: Sequence[Path], *, draws: int = DRAWS,
    seed: int = SEED,
) -> list[Consequence]:
    """Return what the joint model predicts from its priors alone, before and with a new one.

    Parameters
    ----------
    before, after : Priors files laid over the defaults; None for the defaults.
    layers : The panel, as from `data.kept.layers`: where the futures start.
    draws, seed : Draws of the priors, and the seed of both, so that they differ by the prior alone.

    Returns
    -------
    list of Consequence : Of the default pair, in the years that are led with.
    """
    from crossover.forecast import stored_run

    panel = stored_run.known_on(None, layers)
    told = [_predicted(panel, path, draws, seed) for path in (before, after)]
    return [
        Consequence(what, year, told[0][what, year], told[1][what, year])
        for what, year in told[0]
    ]


def _predicted(
    panel: xr.Dataset, path: Path | None, draws: int, seed: int
) -> dict[tuple[str, int], tuple[float, ...]]:
    """Draw from the priors, run the draws forward, and say what they come to."""
    import numpy as np

    from crossover.forecast import events, fit, simulate
    from crossover.models.priors import load

    tree = fit.prior(panel, load(path, DEFAULT_FILE), seed=seed, draws=draws)
    futures = simulate.futures(tree, *PAIR, seed=seed, horizon=max(YEARS))
    answers = events.answers(futures).sel({SCENARIO: BASELINE})
    base = futures.sel({SCENARIO: BASELINE})
    quantities = {
        "deliveries, TIV million": base["deliveries"],
        **{
            f"exports {code}, TIV million": base["exports"].sel(supplier=code) for code in PAIR
        },
    }
    found: dict[tuple[str, int], tuple[float, ...]] = {}
    for year in YEARS:
        for name, holds in answers.items():
            found[f"P({name})", year] = (float(holds.sel({YEAR: year}).mean()),)
        for name, drawn in quantities.items():
            values = drawn.sel({YEAR_FUTURE: year}).values.astype(float)
            found[name, year] = tuple(np.quantile(values, (0.05, 0.5, 0.95)).tolist())
    return found
