"""Deliveries compiled by exact year: read as they stand, and the panel's totals are theirs."""

import csv
import gzip
import math
from collections import defaultdict

import pytest

from crossover.data import countries, sources
from crossover.data.names import REST
from crossover.data.panel import assemble

HEADER = "supplier,recipient,year,n_delivered,tiv,description,designation"
ROWS = (
    "Russia,China,2025,10,25.5,turbofan,AL-31",
    "Russia,China,1990,2,4.0,tank,T-72",
    "Germany (FRG),China,2025,,1.25,vehicle engine,X",
    "Russia,Togo,2026,1,3.0,tank,T-90",
)
NAME = "yearly_lines_2026-06-16.csv"
LAST_ORIGIN = 2025
RECORDED = {
    ("RUS", None): 1941.5,
    ("CHN", None): 879.56,
    (None, "CHN"): 207.25,
    ("RUS", "CHN"): 25.0,
}
"""Totals of 2025 in TIV million, by supplier and recipient, in the provider's tables."""


def text(rows=ROWS) -> str:
    return "\n".join((HEADER, *rows)) + "\n"


def test_lines_are_read_with_their_exact_year_and_the_release_is_dated_by_the_name(put):
    _, batches = sources.read_file(put(NAME, text()))
    assert [(b.table, b.vintage, b.official) for b in batches] == [
        ("transfers", "2026-06-16", False),
        ("descriptions", "2026-06-16", False),
    ]
    found = {(r.supplier, r.recipient, r.year): (r.domain, r.tiv, r.n_lines)
             for r in batches[0].rows}
    # 2026 was not over, and until 1991 the site's Russia is the Soviet Union.
    assert found == {
        ("RUS", "CHN", 2025): ("engines", 25.5, 1),
        ("SUN", "CHN", 1990): ("land", 4.0, 1),
        ("DEU", "CHN", 2025): ("engines", 1.25, 1),
    }
    assert {(r.category, r.description) for r in batches[1].rows} == {
        ("Engines", "turbofan"),
        ("Engines", "vehicle engine"),
    }


def test_words_of_the_register_alone_get_the_commonest_category_of_their_domain(put):
    row = "Russia,China,2025,1,2.0,anti-aircraft gun turret,X"
    _, batches = sources.read_file(put(NAME, text((row,))))
    assert [r.category for r in batches[1].rows] == ["Air-defence systems"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Russia,China,2025", "Rusia,China,2025", "'Rusia': unknown country"),
        (",25.5,", ",-1,", "'-1': TIV must not be below 0"),
        (",10,25.5", ",ten,25.5", "'ten': must be a number"),
        (",turbofan,AL-31", ",turbofan", "a row must have 7 fields, this one has 6"),
        (",2025,10", ",20x5,10", "'20x5': must be a year"),
    ],
)
def test_a_bad_field_is_named_with_its_line(refused, old, new, said):
    message = refused(NAME, text().replace(old, new))
    assert message.startswith(f"{NAME}, line 2")
    assert said in message


def test_a_name_without_a_date_is_refused(refused):
    assert "must hold the date of the release" in refused("lines.csv", text())


def test_a_table_without_a_complete_year_is_refused(refused):
    message = refused(NAME, text(ROWS[-1:]))
    assert "holds no delivery line of a complete year" in message


@pytest.mark.parametrize(("pair", "tiv"), RECORDED.items())
def test_totals_of_the_last_year_are_the_providers(panel, pair, tiv):
    sides = {k: v for k, v in zip(("supplier", "recipient"), pair, strict=True) if v}
    found = float(panel["tiv"].sel(year=LAST_ORIGIN, **sides).sum())
    assert found == pytest.approx(tiv, abs=0.01)


def test_totals_of_every_year_supplier_and_recipient_equal_those_of_the_providers_file(raw, panel):
    """Summed here from the raw file without any importer, in TIV million."""
    sums: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    names = countries.names()
    path = raw / "sipri" / "yearly_lines_2026-06-16.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            for side in ("supplier", "recipient"):
                code = names[row[side]]
                sums[side, code, int(row["year"])].append(float(row["tiv"]))
    checked = 0
    for side, other in (("supplier", "recipient"), ("recipient", "supplier")):
        totals = panel["tiv"].sum(other)
        for code in panel[side].values[panel[side].values != REST]:
            for year in panel["year"].values:
                found = float(totals.sel({side: code, "year": year}))
                expected = math.fsum(sums[side, code, int(year)])
                assert found == pytest.approx(expected, abs=1e-3), (side, code, year)
                checked += 1
    assert checked == (16 + 48) * len(panel["year"])


def test_before_the_release_the_panel_ends_a_year_earlier():
    import datetime

    assert int(assemble(datetime.date(2026, 3, 1))["year"][-1]) == LAST_ORIGIN - 1
