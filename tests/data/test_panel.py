"""The assembled panel: the right figure in every cell, and nothing from after the date."""

import collections
import datetime
import functools
import json

import numpy as np
import pytest
import xarray as xr

from crossover.data import countries, domains, tables
from crossover.data.errors import InputError
from crossover.data.names import DOMAINS, REST
from crossover.data.package import NAME
from crossover.data.panel import assemble
from crossover.data.records import (
    Alliance,
    Country,
    CountryYear,
    Embargo,
    Order,
    Transfer,
    UnitValue,
    Vintage,
    Vote,
    War,
)
from crossover.data.tables import TABLES, write
from tests.data.test_sipri_lines import RUSSIA_TO_CHINA

WB = "World Bank, World Development Indicators"
OECD = "OECD, Main Science and Technology Indicators"
MILITARY = "SIPRI Military Expenditure Database"
BASE = "constant {} international $"


def on(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@functools.cache
def known_on(text: str | None) -> xr.Dataset:
    """Return the shipped panel as known on a day."""
    return assemble(on(text) if text else None)


# Values of the shipped panel.


def test_russias_deliveries_to_china_are_the_figures_of_the_data_notes():
    known = known_on("2026-03-01")
    found = known["tiv"].sel(supplier="RUS", recipient="CHN", year=slice(1995, 2024))
    # The list is in whole TIV millions.
    assert found.values == pytest.approx([int(v) for v in RUSSIA_TO_CHINA.split()], abs=0.5)


def test_the_first_years_of_the_window_come_from_the_release_that_covers_them(panel):
    found = panel["tiv"].sel(supplier="RUS", recipient="CHN", year=[1992, 1993, 1994])
    assert (found.values > 0).all()


@pytest.mark.parametrize(
    ("as_of", "imports"),
    [("2024-12-31", 1341), ("2025-12-31", 1341), ("2026-03-01", 1323), (None, 1570.75)]
)
def test_chinas_imports_of_2019_are_those_of_the_release_known_on_the_day(as_of, imports):
    known = known_on(as_of)
    found = float(known["tiv"].sel(recipient="CHN", year=2019).sum())
    assert found == pytest.approx(imports, abs=0.5)


@pytest.mark.parametrize(
    ("as_of", "share"), [("2024-03-31", 2.401), ("2025-12-31", 2.407), (None, 2.357)]
)
def test_chinas_effort_in_2020_is_that_of_the_release_known_on_the_day(as_of, share):
    known = known_on(as_of)
    found = float(known["rd_share"].sel(country="CHN", year=2020))
    assert found == pytest.approx(share, abs=0.0005)


@pytest.mark.parametrize(
    ("country", "year", "share"),
    [("CHN", 1996, 0.56), ("CHN", 2023, 2.58), ("RUS", 1996, 0.97), ("RUS", 2024, 0.94)],
)
def test_the_effort_of_both_is_as_the_data_notes_give_it(panel, country, year, share):
    found = float(panel["rd_share"].sel(country=country, year=year))
    assert found == pytest.approx(share, abs=0.005)


def test_dims_are_the_sample_in_its_order_with_the_rest_at_the_end(panel):
    order = [c.iso3 for c in countries.sample()]
    assert list(panel["country"].values) == order
    assert list(panel["supplier"].values) == [*order[:16], REST]
    assert list(panel["recipient"].values) == [*order, REST]
    assert list(panel["domain"].values) == list(DOMAINS)
    assert list(panel["year"].values) == list(range(1985, 2026))


def test_domains_add_up_to_the_deliveries_of_a_pair(panel):
    xr.testing.assert_allclose(
        panel["tiv_domain"].sum("domain", skipna=False), panel["tiv"], rtol=1e-9
    )


def test_lines_are_counted_where_something_was_delivered(panel):
    delivered = panel["tiv_domain"] > 0
    assert bool((panel["n_lines"].where(delivered, 1) >= 1).all())


def test_the_unit_value_is_the_dearest_new_system_of_the_class_and_year(panel):
    found = panel["unit_value"]
    assert found.dims == ("supplier", "weapon_class", "year")
    assert found.attrs["units"] == "TIV million per unit"
    tank = found.sel(weapon_class="tank", supplier=["CHN", "RUS"])
    assert tank.sel(year=[2022, 2023, 2024]).values == pytest.approx(
        np.array([[4.5, 4.5, 4.5], [4.0, np.nan, 4.0]]), nan_ok=True
    )
    submarine = found.sel(weapon_class="submarine", year=slice(2010, None)).max("year")
    assert float(submarine.sel(supplier="RUS")) == 260.0
    assert bool(submarine.sel(supplier="CHN").isnull())
    assert bool(found.sel(supplier=REST).isnull().all())
    assert float(found.min()) > 0


def test_every_class_has_its_domain_and_classes_stand_by_domain(panel):
    domain_of = dict(zip(panel["weapon_class"].values, panel["class_domain"].values, strict=True))
    assert domain_of["turbofan"] == "engines"
    assert domain_of["anti-submarine torpedo"] == "naval"
    assert domain_of == {name: domains.by_class()[name] for name in domain_of}
    order = [(DOMAINS.index(domain), name) for name, domain in domain_of.items()]
    assert order == sorted(order)
    assert not bool(panel["unit_value"].isnull().all(("supplier", "year")).any())


def test_what_has_a_unit_value_was_delivered_in_the_year():
    # Until the release of June 2026, which has no unit values, both tables were of one release.
    panel = known_on("2026-03-01")
    delivered = panel["tiv_domain"].sum("recipient") > 0
    has_value = panel["unit_value"].notnull()
    for domain in DOMAINS:
        any_class = has_value.sel(weapon_class=has_value["class_domain"] == domain).any(
            "weapon_class"
        )
        assert not bool((any_class & ~delivered.sel(domain=domain)).any())


def test_every_variable_says_its_unit_name_and_source(panel):
    for name, variable in panel.data_vars.items():
        for key in ("units", "long_name", "source"):
            assert variable.attrs.get(key), (name, key)
    assert panel["gdp"].attrs["units"] == "constant 2021 international $"
    assert panel["milex"].attrs["units"] == "constant 2023 US$ million"
    assert panel["gdp"].attrs["source"] == f"{WB}, 2026-02-24"


def test_attributes_are_texts_that_say_what_the_panel_rests_on(panel):
    assert panel.attrs["as_of"] == ""
    names = json.loads(panel.attrs["country_names"])
    assert (names["RUS"], names[REST]) == ("Russia", "Rest of the world")
    newest = json.loads(panel.attrs["vintages"])
    assert newest["transfers/deliveries"] == "2026-06-16"
    assert newest["country_years/rd_share"] == "2026-07-13"
    assert newest["orders/orders"] == "2026-05-18"
    assert set(json.loads(panel.attrs["assumed_share"]).values()) == {0.0}
    assert all(s["citation"] and s["terms"] for s in json.loads(panel.attrs["sources"]))


def test_spending_outside_the_sample_is_positive_and_less_than_a_tenth_of_the_worlds(panel):
    known = panel["milex_rest"].notnull()
    assert bool(known.sel(year=slice(1992, 2024)).all())
    rest = panel["milex_rest"].where(known, drop=True).sel(year=slice(1992, None))
    assert bool((rest > 0).all())
    # SIPRI: the fifteen largest spenders alone make up over three quarters of the world's.
    assert bool((rest < 0.12 * panel["milex"].sel(year=rest["year"]).sum("country")).all())


def test_moscow_and_beijing_are_as_far_apart_as_on_a_globe(panel):
    distance = panel["distance_km"]
    # Great-circle tables give 5,790 km; city coordinates differ by a few kilometres.
    assert float(distance.sel(supplier="RUS", recipient="CHN")) == pytest.approx(5790, abs=15)
    assert float(distance.sel(supplier="CHN", recipient="RUS")) == float(
        distance.sel(supplier="RUS", recipient="CHN")
    )
    assert bool(distance.sel(supplier=REST).isnull().all())
    assert bool(distance.sel(recipient=REST).isnull().all())
    assert bool(distance.sel(supplier=distance["supplier"] != REST,
                             recipient=distance["recipient"] != REST).notnull().all())


def test_soviet_legacy_binds_the_heirs_industry_to_forces_built_on_it(panel):
    legacy = panel["soviet_legacy"]
    assert float(legacy.sel(supplier="RUS", recipient="IND")) == 1
    assert float(legacy.sel(supplier="UKR", recipient="VNM")) == 1
    assert float(legacy.sel(supplier="RUS", recipient="SAU")) == 0
    assert float(legacy.sel(supplier=[s for s in legacy.supplier.values
                                      if s not in ("RUS", "UKR")]).sum()) == 0


def test_members_of_a_pact_are_allies_from_their_year_on_and_nobody_is_his_own(panel):
    ally = panel["ally"]
    assert ally.sel(supplier="USA", recipient="POL", year=[1998, 1999]).values.tolist() == [0, 1]
    assert float(ally.sel(supplier="USA", recipient="USA").sum()) == 0
    assert float(ally.sel(supplier="RUS", recipient="CHN").sum()) == 0
    assert float(ally.sel(recipient=REST).sum()) == 0


def test_the_soviet_unions_deliveries_stand_under_russia_before_1992_only(panel):
    found = panel["tiv"].sel(supplier="RUS", recipient="IND")
    assert float(found.sel(year=slice(1985, 1991)).min()) > 1000


def test_the_shipped_panel_is_assembled_by_reading_each_table_once(monkeypatch):
    """Reading is most of the second it takes; of the releases, only what is wanted is read."""
    rows = collections.Counter()

    def read(table, *where):
        assert table not in rows
        found = list(tables.read(table, *where))
        rows[table] = len(found)
        return found

    monkeypatch.setattr("crossover.data.panel.read", read)
    assemble()
    held = {table: len(tables.read(table)) for table in ("transfers", "unit_values", "orders")}
    assert all(0 < rows[table] < count for table, count in held.items()), (rows, held)


# As-of.


@pytest.mark.parametrize("as_of", ["1995-06-30", "2004-12-31", "2014-12-31", "2024-04-20"])
def test_nothing_is_known_from_after_the_day(as_of):
    known = known_on(as_of)
    assert known.attrs["as_of"] == as_of
    assert max(json.loads(known.attrs["vintages"]).values()) <= as_of
    assert int(known["year"].max()) < int(as_of[:4])
    day = on(as_of)
    release = known["year"] + 1 + known["rd_share_age"]
    # Half a hundredth of a year: leap days.
    assert float(release.max()) <= day.year + day.timetuple().tm_yday / 365 + 0.005


def test_the_share_of_assumed_dates_falls_as_kept_releases_come(panel):
    shares = [
        json.loads(known_on(day).attrs["assumed_share"])["rd_share"]
        for day in ("2004-12-31", "2014-12-31")
    ]
    assert shares[0] == 1.0
    assert shares[1] < 0.5


def test_an_as_of_before_any_transfers_is_refused_with_the_earliest_usable_date():
    with pytest.raises(InputError, match="the first is of 1993-03-15"):
        known_on("1993-03-14")
    assert int(known_on("1993-03-15")["year"].max()) == 1992


def test_russias_war_does_not_exist_before_it_began(panel):
    before = known_on("2021-12-31")
    assert float(before["war"].sel(supplier="RUS").sum()) == 0
    war = panel["war"]
    assert war.sel(supplier="RUS", year=[2021, 2022, 2024]).values.tolist() == [0, 1, 1]
    assert war.sel(supplier="UKR", year=[2013, 2014, 2015, 2016, 2022]).values.tolist() == [
        0,
        1,
        1,
        0,
        1,
    ]


def test_an_embargo_lifted_later_is_still_in_force_and_a_later_one_does_not_exist():
    known = known_on("2012-12-31")["embargo"]
    last = int(known["year"].max())
    assert float(known.sel(supplier="USA", recipient="VNM", year=last)) == 1
    assert float(known.sel(supplier="DEU", recipient="RUS").sum()) == 0


# Rules, on panels of a few rows.

SAMPLE = [
    Country("RUS", "Russia", 1, 1, 55.75, 37.62, 1),
    Country("CHN", "China", 1, 1, 39.9, 116.41, 0),
    Country("IND", "India", 0, 1, 28.61, 77.21, 1),
]


def released(table, series, vintage, first, last, is_assumed=0) -> Vintage:
    return Vintage(table, series, vintage, first, last, is_assumed, 1, "f", "")


def figure(indicator, year, value, unit, vintage, *, country="CHN", source=WB, is_assumed=0):
    return CountryYear(country, year, indicator, value, unit, source, vintage, is_assumed)


TINY = {
    "countries": SAMPLE,
    "vintages": [released("transfers", "deliveries", "2021-03-15", 2018, 2020)],
    "transfers": [
        Transfer("RUS", "CHN", 2019, "land", 5.0, 1, "2021-03-15", 0),
        Transfer("RUS", "CHN", 2019, "naval", 2.5, 2, "2021-03-15", 0),
        Transfer(REST, REST, 2019, "land", 9.0, 3, "2021-03-15", 0),
    ],
}


@pytest.fixture
def tiny(tmp_path):
    """Return a function that assembles a panel of given rows."""

    def make(as_of=None, **rows):
        for table in TABLES:
            write(table, rows.get(table, TINY.get(table, [])), tmp_path)
        (tmp_path / NAME).write_text("{}")
        return assemble(on(as_of) if as_of else None, tmp_path)

    return make


def test_deliveries_are_zero_where_a_release_covers_and_unknown_where_none_does(tiny):
    found = tiny(country_years=[figure("population", 2022, 1.0, "persons", "2023-07-01")])
    pair = found["tiv"].sel(supplier="RUS", recipient="CHN")
    expected = {2017: np.nan, 2018: 0.0, 2019: 7.5, 2020: 0.0, 2021: np.nan, 2022: np.nan}
    np.testing.assert_array_equal(pair.sel(year=list(expected)), list(expected.values()))
    lines = found["n_lines"].sel(supplier="RUS", recipient="CHN", domain="naval")
    np.testing.assert_array_equal(lines.sel(year=[2017, 2018, 2019]), [np.nan, 0, 2])
    assert float(found["tiv"].sel(supplier=REST, recipient=REST, year=2019)) == 9.0


def test_unit_values_are_of_the_release_of_the_years_deliveries(tiny):
    def unit(year, value, vintage, is_assumed=0, supplier="RUS", name="tank", domain="land"):
        return UnitValue(supplier, name, domain, year, value, None, vintage, is_assumed)

    rows = {
        "vintages": [
            released("transfers", "deliveries", "2020-03-15", 2019, 2019, is_assumed=1),
            released("transfers", "deliveries", "2021-03-10", 1990, 2020),
            released("transfers", "deliveries", "2022-03-10", 2020, 2021),
            released("unit_values", "unit_values", "2020-03-15", 2019, 2019, is_assumed=1),
            released("unit_values", "unit_values", "2021-03-10", 1990, 2020),
            released("unit_values", "unit_values", "2022-03-10", 2020, 2021),
        ],
        "unit_values": [
            unit(2019, 1.0, "2020-03-15", 1),
            unit(2019, 2.0, "2021-03-10"),
            unit(2020, 3.0, "2021-03-10"),
            unit(2020, 4.0, "2021-03-10", name="armed drone", domain="uncrewed"),
            unit(2021, 5.0, "2022-03-10"),
            unit(1991, 6.0, "2021-03-10", supplier="SUN"),
            unit(1991, 0.5, "2021-03-10"),
            unit(1970, 9.0, "2021-03-10", name="towed gun"),
        ],
    }
    russia = {"supplier": "RUS", "weapon_class": "tank", "year": [1991, 2019, 2020, 2021]}
    new = tiny(**rows)
    # The release of 2022 has no tank in 2020, and the year is its; before 1985 nothing counts.
    np.testing.assert_array_equal(new["unit_value"].sel(russia), [6.0, 2.0, np.nan, 5.0])
    assert new["weapon_class"].values.tolist() == ["tank"]
    old = tiny("2021-12-31", **rows)
    assert old["weapon_class"].values.tolist() == ["armed drone", "tank"]
    assert old["class_domain"].values.tolist() == ["uncrewed", "land"]
    russia["year"] = [1991, 2019, 2020]
    np.testing.assert_array_equal(old["unit_value"].sel(russia), [6.0, 2.0, 3.0])
    first = tiny("2020-12-31", **rows)
    assert float(first["unit_value"].sel(supplier="RUS", weapon_class="tank", year=2019)) == 1.0
    assert json.loads(first.attrs["assumed_share"])["unit_value"] == 1.0


def test_a_class_that_was_reworded_between_two_releases_is_one_class(tiny):
    def unit(year, value, name, vintage):
        return UnitValue("RUS", name, "air_defence", year, value, None, vintage, 0)

    found = tiny(
        vintages=[
            released(table, series, vintage, first, last)
            for table, series in (("transfers", "deliveries"), ("unit_values", "unit_values"))
            for vintage, first, last in (("2021-03-10", 2019, 2020), ("2022-03-10", 2021, 2021))
        ],
        unit_values=[
            unit(2020, 3.0, "SAM system", "2021-03-10"),
            unit(2021, 5.0, "surface-to-air missile system", "2022-03-10"),
        ],
    )
    assert found["weapon_class"].values.tolist() == ["surface-to-air missile system"]
    of_class = found["unit_value"].sel(supplier="RUS", year=[2020, 2021]).isel(weapon_class=0)
    np.testing.assert_array_equal(of_class, [3.0, 5.0])


def test_a_panel_without_unit_values_has_no_class(tiny):
    assert tiny(unit_values=[])["unit_value"].sizes["weapon_class"] == 0


def test_oecd_fills_gaps_of_the_world_bank_and_never_replaces_it(tiny):
    rows = [
        figure("rd_share", 2018, 2.1, "% of GDP", "2020-01-01"),
        figure("rd_share", 2018, 2.9, "% of GDP", "2021-01-01", source=OECD),
        figure("rd_share", 2017, 2.0, "% of GDP", "2021-01-01", source=OECD),
    ]
    found = tiny(country_years=rows)["rd_share"].sel(country="CHN", year=[2017, 2018])
    assert found.values.tolist() == [2.0, 2.1]
    assert found.attrs["source"] == f"{WB}, 2020-01-01; {OECD}, 2021-01-01"


def test_the_age_of_a_figure_counts_from_the_end_of_its_year_to_its_release(tiny):
    rows = [
        figure("rd_share", 2016, 2.0, "% of GDP", "2018-07-02"),
        figure("rd_share", 2017, 2.1, "% of GDP", "2018-12-31", is_assumed=1),
        figure("rd_share", 2018, 2.2, "% of GDP", "2019-12-31", is_assumed=1),
    ]
    age = tiny(country_years=rows)["rd_share_age"].sel(country="CHN", year=[2016, 2017, 2018])
    # The kept one stays as old as its release; assumed ones went on being published.
    assert age.values == pytest.approx([1.5, 2.0, 1.0], abs=0.005)


def test_countries_stand_in_the_unit_of_the_newest_release_or_not_at_all(tiny):
    rows = [
        figure("gdp_ppp_constant", 2018, 10.0, BASE.format(2011), "2019-01-01"),
        figure("gdp_ppp_constant", 2018, 10.0, BASE.format(2011), "2019-01-01", country="RUS"),
        figure("gdp_ppp_constant", 2018, 14.0, BASE.format(2017), "2021-01-01"),
    ]
    found = tiny(country_years=rows)["gdp"].sel(year=2018)
    assert found.attrs["units"] == BASE.format(2017)
    np.testing.assert_array_equal(found.sel(country=["CHN", "RUS"]), [14.0, np.nan])
    before = tiny("2021-03-15", country_years=rows[:2])["gdp"].sel(year=2018)
    np.testing.assert_array_equal(before.sel(country=["CHN", "RUS"]), [10.0, 10.0])


def test_the_rest_of_the_world_is_the_total_less_the_sample_with_its_gaps_bridged(tiny):
    unit = "constant 2020 US$ million"
    known = {
        "WLD": {2018: 100.0, 2019: 100.0, 2020: 100.0},
        "RUS": {2018: 10.0, 2019: 10.0, 2020: 10.0},
        "CHN": {2018: 20.0, 2020: 45.0},
        "IND": {2018: 5.0},
    }
    rows = [
        figure("milex_constant", y, v, unit, "2021-04-30", country=c, source=MILITARY)
        for c, by_year in known.items()
        for y, v in by_year.items()
    ]
    rest = tiny(country_years=rows)["milex_rest"]
    # China's 2019 is the geometric mean, 30; India keeps its last figure.
    assert rest.sel(year=[2018, 2019, 2020]).values == pytest.approx([65.0, 55.0, 40.0])
    assert bool(rest.sel(year=2017).isnull())


def test_orders_are_those_of_the_newest_register_known(tiny):
    rows = {
        "vintages": [
            *TINY["vintages"],
            released("orders", "orders", "2021-03-13", 2010, 2019),
            released("orders", "orders", "2022-03-13", 2010, 2020),
        ],
        "orders": [
            Order("RUS", "CHN", "land", 2018, 50.0, 10.0, 1, "2021-03-13"),
            Order("RUS", "CHN", "land", 2018, 50.0, 40.0, 1, "2022-03-13"),
            Order("RUS", "CHN", "naval", 2018, 7.0, 0.0, 1, "2022-03-13"),
        ],
    }
    pair = {"supplier": "RUS", "recipient": "CHN"}
    new, old = tiny(**rows).sel(pair), tiny("2021-12-31", **rows).sel(pair)
    assert [float(new[v].sel(year=2018)) for v in ("ordered_tiv", "delivered_tiv")] == [57.0, 40.0]
    assert [float(old[v].sel(year=2018)) for v in ("ordered_tiv", "delivered_tiv")] == [50.0, 10.0]
    np.testing.assert_array_equal(old["ordered_tiv"].sel(year=[2019, 2020]), [0.0, np.nan])
    none = tiny("2021-03-15", **rows | {"vintages": TINY["vintages"]})
    assert bool(none["ordered_tiv"].isnull().all())


def test_a_spell_covers_its_years_to_the_edge_of_the_panel_and_counts_once(tiny):
    rows = {
        "supplier_wars": [War("RUS", 2019, None, "a", "s"), War("RUS", 2019, 2019, "b", "s")],
        "embargoes": [
            Embargo("CHN", "IND", 1970, 2018, "s"),
            Embargo("USA", "IND", 1990, None, "s"),
            Embargo(REST, "IND", 2021, None, "s"),
        ],
        "alliances": [
            Alliance("A", "RUS", 2018, 2019, "s"),
            Alliance("A", "IND", 2019, None, "s"),
            Alliance("B", "CHN", 2000, None, "s"),
        ],
    }
    found = tiny("2021-03-15", **rows)
    assert found["war"].sel(supplier="RUS", year=[2018, 2019, 2020]).values.tolist() == [0, 1, 1]
    barred = found["embargo"].sel(recipient="IND")
    assert barred.sel(supplier="CHN").sum() == 2018 - 1985 + 1
    assert barred.sel(supplier=REST).sum() == 0
    ally = found["ally"].sel(supplier="RUS", recipient="IND", year=[2018, 2019, 2020])
    assert ally.values.tolist() == [0, 1, 0]
    assert float(found["ally"].sum()) == 1


def test_a_fact_that_begins_after_the_day_does_not_exist(tiny):
    rows = {
        "supplier_wars": [War("RUS", 2020, None, "a", "s")],
        "embargoes": [Embargo("CHN", "IND", 2020, None, "s")],
        "alliances": [Alliance("A", c, 2020, None, "s") for c in ("RUS", "IND")],
        "vintages": [released("transfers", "deliveries", "2019-03-15", 2018, 2020)],
        "transfers": [],
    }
    for name in ("war", "embargo", "ally"):
        assert float(tiny("2019-12-31", **rows)[name].sum()) == 0
        assert float(tiny("2020-01-01", **rows)[name].sum()) == 1


def test_the_soviet_union_is_counted_under_russia(tiny):
    rows = {
        "vintages": [released("transfers", "deliveries", "2021-03-15", 1985, 2020)],
        "transfers": [
            Transfer("SUN", "IND", 1988, "land", 4.0, 1, "2021-03-15", 0),
            Transfer("CHN", "SUN", 1990, "land", 3.0, 1, "2021-03-15", 0),
        ],
    }
    found = tiny(**rows)["tiv"]
    assert float(found.sel(supplier="RUS", recipient="IND", year=1988)) == 4.0
    assert float(found.sel(supplier="CHN", recipient="RUS", year=1990)) == 3.0


def test_ideal_points_are_the_newest_known(tiny):
    votes = [Vote("CHN", 2019, -0.5, "2020-07-31", 1), Vote("CHN", 2019, -0.7, "2021-07-31", 0)]
    known = tiny("2021-03-15", votes=votes)
    assert float(known["ideal_point"].sel(country="CHN", year=2019)) == -0.5
    assert json.loads(known.attrs["assumed_share"])["ideal_point"] == 1.0
    assert float(tiny(votes=votes)["ideal_point"].sel(country="CHN", year=2019)) == -0.7


def test_a_panel_without_transfers_is_refused(tiny):
    with pytest.raises(InputError, match="holds no arms transfers of 1992 or later"):
        tiny(vintages=[released("transfers", "deliveries", "2021-03-15", 1950, 1991)])


def test_a_folder_without_a_panel_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"vintages\.csv\.gz: the panel has no such table"):
        assemble(folder=tmp_path)
