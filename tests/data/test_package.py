"""The panel's description holds to the Frictionless standard and to the files."""

import json

import pytest
from frictionless import Package

from crossover.data.package import NAME
from crossover.data.records import Transfer
from crossover.data.tables import PANEL, TABLES, read, write

DESCRIPTION = PANEL / NAME


@pytest.fixture(scope="module")
def described() -> dict:
    return json.loads(DESCRIPTION.read_text(encoding="utf-8"))


SOME, ALL = 2000, None
"""Rows: Frictionless takes a second for twenty thousand."""


@pytest.mark.parametrize("rows", [SOME, pytest.param(ALL, marks=pytest.mark.slow)])
@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_valid_by_frictionless(table, rows):
    report = Package(str(DESCRIPTION)).get_resource(table).validate(limit_rows=rows)
    assert report.valid, report.flatten(["rowNumber", "fieldName", "message"])[:5]


def test_frictionless_finds_a_delivery_below_zero(small_panel, tmp_path):
    rows = [*read("transfers", small_panel), Transfer("RUS", "CHN", 2021, "land", -1.0, 1, "x", 0)]
    write("transfers", rows, tmp_path)
    (tmp_path / NAME).write_text((small_panel / NAME).read_text(encoding="utf-8"))
    report = Package(str(tmp_path / NAME)).get_resource("transfers").validate()
    assert not report.valid


def test_every_field_is_described_and_every_quantity_has_a_unit(described):
    for resource in described["resources"]:
        for field in resource["schema"]["fields"]:
            assert field["description"], (resource["name"], field)
            if field["type"] in ("number", "integer"):
                assert field.get("unit"), (resource["name"], field)


def test_every_source_has_a_title_terms_and_a_citation(described):
    assert len(described["sources"]) >= 5
    for source in described["sources"]:
        assert all(source[key] for key in ("title", "path", "terms", "citation"))
    titles = " ".join(source["title"] for source in described["sources"])
    for provider in ("SIPRI Arms", "SIPRI Military", "World Bank", "OECD", "United Nations"):
        assert provider in titles


def test_the_vintages_of_every_series_are_told(described):
    found = described["vintages"]
    assert found["transfers/deliveries"] == [
        "2024-04-13",
        "2024-04-16",
        "2025-01-03",
        "2026-02-12",
        "2026-06-16",
    ]
    assert found["country_years/milex_constant"] == ["2020-04-30", "2024-04-30", "2025-04-30"]
    assert found["totals/imports"][0] == "2013-12-21"
    assert len(found["country_years/rd_share"]) >= 10


def test_every_path_of_a_table_is_relative_to_the_description(described):
    for resource in described["resources"]:
        assert (PANEL / resource["path"]).is_file()
        assert "/" not in resource["path"]
