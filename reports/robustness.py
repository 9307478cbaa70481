"""What moves the answer on capacity: the numbers of the shipped table."""

from __future__ import annotations

from typing import Any

from crossover.data.names import RECIPIENT, SUPPLIER
from crossover.forecast import shipped
from crossover.reports import catalogue


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
    groups = list(catalogue.load()["choice"])
    years = list(dict.fromkeys(int(row["year"]) for row in rows))
    at: dict[str, dict[int, float]] = {}
    for row in rows:
        at.setdefault(row["choice"], {})[int(row["year"])] = float(row["probability"])
    first = [row for row in rows if int(row["year"]) == years[0]]
    first.sort(key=lambda row: groups.index(row["group"]) if row["group"] in groups else -1)

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
            for row in first if row["group"] in groups
        ],
    }  # fmt: skip


