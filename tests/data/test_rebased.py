"""A country that the newest military expenditure leaves out keeps its figures, in the new unit."""

import datetime
import re
import shutil

import numpy as np
import pytest

from crossover.data import panel as assembled
from crossover.data import rebased
from crossover.data.errors import InputError
from crossover.data.records import CountryYear
from crossover.data.tables import PANEL, read, write

NEWEST = "2025-04-30"
UNITS = {day: f"constant {year} US$ million" for day, year in (("2024-04-30", 2022),
                                                               (NEWEST, 2023))}  # fmt: skip


def figure(country, year, value, day, indicator="milex_constant"):
    unit = UNITS[day] if indicator == "milex_constant" else "current US$ million"
    return CountryYear(country, year, indicator, value, unit, "SIPRI", day, 0)


@pytest.fixture
def without_india(tmp_path):
    """Return the shipped panel as if the newest workbook had left India out."""
    folder = tmp_path / "panel"
    shutil.copytree(PANEL, folder)
    rows = [
        row
        for row in read("country_years")
        if (row.country, row.vintage) != ("IND", NEWEST) or not row.indicator.startswith("milex")
    ]
    write("country_years", rows, folder)
    return folder


def test_a_country_left_out_of_the_newest_release_is_brought_to_its_prices(without_india, shipped):
    found = assembled.assemble(folder=without_india)["milex"].sel(country="IND")
    truth = shipped["milex"].sel(country="IND")
    known = found.notnull().values
    assert known.sum() >= 35 and truth.notnull().values[known].all()
    assert np.abs(np.log(found / truth)).max() < 0.05
    others = [str(c) for c in shipped["country"].values if c != "IND"]
    same = assembled.assemble(folder=without_india)["milex"].sel(country=others)
    assert same.equals(shipped["milex"].sel(country=others))


def test_prices_are_linked_in_the_new_base_year(tmp_path):
    rows = [figure("IND", 2022, 10.0, "2024-04-30"), figure("IND", 2023, 12.0, "2024-04-30"),
            figure("CHN", 2023, 5.0, NEWEST)]  # fmt: skip
    current = [figure("IND", 2023, 15.0, "2024-04-30", "milex_current")]
    write("country_years", current, tmp_path)
    found = rebased.chained(rows, UNITS[NEWEST], None, tmp_path)
    assert {row.year: row.value for row in found} == {2022: 12.5, 2023: 15.0}
    assert {row.unit for row in found} == {UNITS[NEWEST]}


def test_a_country_that_cannot_be_linked_is_named_and_not_left_without_figures(tmp_path):
    rows = [figure("IND", 2022, 10.0, "2024-04-30"), figure("CHN", 2023, 5.0, NEWEST)]
    write("country_years", [], tmp_path)
    with pytest.raises(InputError, match="'IND': IND is missing from the newest release") as error:
        rebased.chained(rows, UNITS[NEWEST], None, tmp_path)
    assert "\n" not in str(error.value)


def test_on_no_day_a_country_of_the_real_releases_had_to_be_linked():
    rows = read("country_years", None, {"indicator": ["milex_constant"]})
    for day in sorted({row.vintage for row in rows}):
        known = [row for row in rows if row.vintage <= day]
        unit = max(known, key=lambda row: (row.vintage, row.unit)).unit
        assert re.search(r"\d{4}", unit)
        assert rebased.chained(known, unit, datetime.date.fromisoformat(day), PANEL) == [], day
