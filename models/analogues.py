"""The thesis's own analogues, as weighted pseudo-observations that a reader may switch on.

Prior knowledge as data: each case is coded with the covariates of the history, a weight and a
source in a TOML file. They were picked for how they ended, so they stay out unless asked for.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

from crossover.data import reading
from crossover.data.errors import InputError, fault
from crossover.data.records import AlliedPair
from crossover.data.rules import DOWNTURN_GRADE

FILE = Path(__file__).with_name("priors") / "analogues.toml"
TEXTS = ("state1", "state2", "reason", "source")
FLAGS = (
    "in_record", "reversed", "major1", "major2", "was_major1", "was_major2",
    "defence", "autocracy1", "autocracy2", "rivals", "recent",
)  # fmt: skip
NUMBERS: dict[str, tuple[float, float]] = {
    "year": (1300, 2100),
    "quiet_years": (0, 500),
    "weight": (0, 1),
    "log_ratio": (-10, 10),
    "change5": (-5, 5),
    "common_rivals": (0, 50),
    "years_allied": (1, 1000),
}
"""Number → its bounds; the weight of a case is that of one pair of the record at most."""


def load(path: Path | None = None) -> pd.DataFrame:
    """Read the analogues.

    Parameters
    ----------
    path
        A TOML file of the shape of the default one; None for that.

    Returns
    -------
    pandas.DataFrame
        One row a case: `name` and every key of the file.

    Raises
    ------
    InputError
        The file cannot be read, or a key is missing, unknown, of the wrong type or out of bounds.
    """
    path = path or FILE
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(fault(error.strerror or "cannot be read", file=path)) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(fault(f"not valid TOML: {error}", file=path)) from None
    cases = content.get("analogue")
    if list(content) != ["analogue"] or not isinstance(cases, dict):
        raise InputError(fault("must hold tables [analogue.<name>] and nothing else", file=path))
    for name, case in cases.items():
        _check(name, case, path)
    return pd.DataFrame([{"name": name, **case} for name, case in cases.items()])


def _check(name: str, case: Any, path: Path) -> None:
    where = f"analogue.{name}"
    reading.a_table(case, path, where)
    allowed = (*TEXTS, *FLAGS, *NUMBERS)
    for key in (*case, *allowed):
        if key not in allowed:
            rule = f"unknown key; known are {', '.join(allowed)}"
            raise InputError(fault(rule, file=path, column=f"{where}.{key}", value=key))
        if key not in case:
            raise InputError(fault(f"needs {key!r}", file=path, column=where))
    for key, value in case.items():
        place = {"file": path, "column": f"{where}.{key}", "value": value}
        if key in TEXTS and not (isinstance(value, str) and value.strip()):
            raise InputError(fault("must be text", **place))
        if key in FLAGS and not isinstance(value, bool):
            raise InputError(fault("must be true or false", **place))
        if key in NUMBERS:
            low, high = NUMBERS[key]
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not low <= value <= high:
                raise InputError(fault(f"must be a number from {low:g} to {high:g}", **place))


def pseudo_rows(cases: pd.DataFrame, *, in_record: bool = False) -> pd.DataFrame:
    """Turn cases into weighted pair-years for `models.partnership.prepare`.

    Parameters
    ----------
    cases
        As from `load`.
    in_record
        Count also those that the history holds already.

    Returns
    -------
    pandas.DataFrame
        Columns of the table `alliance_dyads` and `weight`: for each case its year with what came,
        weighted as stated, and its quiet years in one row of that many times the weight. Each case
        is a treaty of its own. Years before 1816 count under the earliest era.
    """
    found = []
    for case in cases[in_record | ~cases["in_record"]].to_dict("records"):
        row = {field: case[field] for field in AlliedPair._fields if field in case}
        row |= {name: int(value) for name, value in row.items() if isinstance(value, bool)}
        row |= {"treaty": f"analogue {case['name']}", "bilateral": 1, "state_death": 0}
        row["allied_since"] = case["year"] - case["years_allied"] + 1
        found.append(row | {"grade": DOWNTURN_GRADE, "weight": case["weight"]})
        if case["quiet_years"]:
            quiet = {"grade": 0, "weight": case["weight"] * case["quiet_years"]}
            found.append(row | quiet)
    return pd.DataFrame(found)
