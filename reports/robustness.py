"""What moves the answer on capacity: the shipped table, as numbers and as words of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossover.data.names import RECIPIENT, SUPPLIER
from crossover.forecast import shipped
from crossover.reports.numerals import prob
from crossover.reports.phrases import Payload, Table, curly, date, say, sentence

GROUPS = {
    "likelihood": "Orders", "without": "Parts", "priors": "Priors", "figures": "Figures",
}  # fmt: skip
"""What of a fit is another → its name in a table; conventions are told as a range."""


def collect(pair: tuple[str, str]) -> dict[str, Any] | None:
    """Return the shipped table of a pair, None if it is of another.

    Returns
    -------
    dict
        `years`; `published`: probability of each; `conventions`: lowest and highest of each;
        `rows`: group, description, `values` (probability of each year), `doubt`; `made`, a date.
    """
    rows = [r for r in shipped.rows(shipped.ANSWER) if (r[SUPPLIER], r[RECIPIENT]) == pair]
    if not rows:
        return None
    years = list(dict.fromkeys(int(row["year"]) for row in rows))
    at: dict[str, dict[int, float]] = {}
    for row in rows:
        at.setdefault(row["choice"], {})[int(row["year"])] = float(row["probability"])
    first = [row for row in rows if int(row["year"]) == years[0]]
    first.sort(key=lambda row: list(GROUPS).index(row["group"]) if row["group"] in GROUPS else -1)

    def values(choice: str) -> list[float]:
        return [at[choice][year] for year in years]

    single = [values(row["choice"]) for row in first if row["group"] == "convention"]
    return {
        "years": years,
        "made": rows[0]["made"],
        "published": values("published"),
        "conventions": [(min(ps), max(ps)) for ps in zip(*single, strict=True)],
        "rows": [
            {
                "group": row["group"], "description": row["description"],
                "values": values(row["choice"]), "doubt": shipped.doubt(row),
            }
            for row in first if row["group"] in GROUPS
        ],
    }  # fmt: skip


def lines(found: Mapping[str, Any]) -> list[Sequence[str]]:
    """Return the rows of the table: what differs, how, and the probability of each year."""
    made: list[Sequence[str]] = [
        ("", "As published", *map(prob, found["published"])),
        ("Levels", "Single conventions", *(
            f"{prob(low)} to {prob(high)}" for low, high in found["conventions"])),
    ]  # fmt: skip
    seen = ""
    for row in found["rows"]:
        group = GROUPS[row["group"]]
        mark = f" ({row['doubt']})" if row["doubt"] else ""
        words = sentence(curly(row["description"])) + mark
        made.append((
            group if group != seen else "", words, *map(prob, row["values"]),
        ))  # fmt: skip
        seen = group
    return made


def table(payload: Payload) -> Table | None:
    """Return the table of a report, None for a pair of which none is shipped."""
    found = payload["robustness"]
    if found is None:
        return None
    return {
        "caption": say(
            "What moves the answer: the probability that {r} is ahead of {s} in capacity, averaged "
            "over conventions, where one choice is made otherwise.", payload
        ),
        "columns": ["", "Choice", *map(str, found["years"])],
        "rows": [list(line) for line in lines(found)],
        "notes": [
            f"Each row but the first two and the weighted priors is a fit of its own; made on "
            f"{date(found['made'])} from the shipped figures ('crossover sensitivity answer')."
        ],
    }
