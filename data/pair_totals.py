"""What each pair of a supplier and a recipient of the sample has traded of late, and before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from crossover.data import countries, vintages
from crossover.data.tables import Panel, read

SPELL = 5
"""Years that are summed: single years are few large deliveries."""


@dataclass(frozen=True)
class PairTotal:
    """Deliveries of a pair in TIV million: of the last five years, of the five before, and shares.

    Shares are of the last five years and in per cent: of all that the recipient imported, and of
    all that the supplier exported to countries of the panel; None where that is nothing.
    """

    supplier: str
    recipient: str
    recent: float
    before: float
    of_imports: float | None
    of_exports: float | None


def pair_totals(folder: Panel = None) -> tuple[int, list[PairTotal]]:
    """Return the last year with deliveries, and every pair of the sample, largest first.

    Each year is of its newest release.
    """
    chosen = vintages.transfer_vintages(read("vintages", folder), None)
    last = max(chosen)
    spells = {year: (last - year) // SPELL for year in range(last - 2 * SPELL + 1, last + 1)}
    wanted = {"year": map(str, spells), "vintage": {chosen[y].vintage for y in spells}}
    sums: dict[tuple, float] = defaultdict(float)
    for row in read("transfers", folder, wanted):
        release = chosen[row.year]
        if (row.vintage, row.assumed) == (release.vintage, release.assumed):
            spell = spells[row.year]
            for supplier in (row.supplier, None):
                for recipient in (row.recipient, None):
                    sums[supplier, recipient, spell] += row.tiv
    found = [
        PairTotal(
            supplier,
            recipient,
            *(round(sums[supplier, recipient, spell], 2) for spell in (0, 1)),
            _share(sums[supplier, recipient, 0], sums[None, recipient, 0]),
            _share(sums[supplier, recipient, 0], sums[supplier, None, 0]),
        )
        for supplier in sorted(countries.suppliers())
        for recipient in sorted(countries.recipients() - {supplier})
    ]
    return last, sorted(found, key=lambda pair: -pair.recent)


def _share(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 1) if whole else None
