"""Looking figures up: plain rows, at once, and an unknown name meets its nearest."""

import datetime
import subprocess
import sys

import pytest

from crossover.data import look, look_up
from crossover.data.errors import InputError
from crossover.data.names import REST

HEAVY = ("numpy", "pandas", "xarray", "openpyxl", "httpx", "pymc", "frictionless")


def on(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def test_looking_up_imports_nothing_heavy():
    code = (
        "import sys; from crossover.data import look, look_up, check, build; look.listing(); "
        "look_up.show('rd_share', country='CHN'); "
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_listing_has_a_row_a_series_with_its_releases(small_panel):
    found = look.listing(small_panel)
    rows = {(row[0], row[1]): dict(zip(found.header, row, strict=True)) for row in found.rows}
    gdp = rows["country_years", "gdp_ppp_constant"]
    assert gdp["unit"] == "constant (base year) international $"
    assert (gdp["first year"], gdp["last year"], gdp["releases"]) == (2017, 2020, 2)
    assert (gdp["first release"], gdp["newest release"], gdp["rows"]) == (
        "2019-12-21",
        "2022-07-31",
        6,
    )
    assert rows["transfers", "deliveries"]["releases"] == 2
    assert rows["countries", ""]["rows"] == 48


def test_the_releases_of_a_series_are_listed_with_file_and_note(small_panel):
    found = look.releases("deliveries", small_panel)
    assert [(row[2], row[6]) for row in found.rows] == [
        ("2021-03-10", "lines_tidy.csv"),
        ("2022-03-15", "export.csv"),
    ]


def test_a_figure_is_shown_with_its_unit_release_and_source():
    found = look_up.show("rd_share", country="china", span=(2020, 2020))
    assert found.header == ("country", "year", "value", "unit", "released", "assumed", "source")
    assert found.rows == [
        ("CHN", 2020, 2.35712, "% of GDP", "2026-07-13", 0,
         "World Bank, World Development Indicators"),
    ]


def test_every_vintage_of_a_figure_is_shown_in_order():
    found = look_up.show("rd_share", country="CHN", span=(2020, 2020), every_vintage=True)
    values = list(dict.fromkeys(round(row[2], 3) for row in found.rows))
    assert values == [2.401, 2.407, 2.357]
    assert [row[4] for row in found.rows] == sorted(row[4] for row in found.rows)


def test_a_figure_is_shown_as_it_was_known_on_a_day():
    found = look_up.show("rd_share", country="CHN", span=(2020, 2020), as_of=on("2024-06-30"))
    assert [round(row[2], 3) for row in found.rows] == [2.401]


def test_chinas_imports_of_2019_are_shown_in_all_their_vintages():
    found = look_up.show("imports", country="CHN", span=(2019, 2019), every_vintage=True)
    by_release = {row[3]: round(row[2]) for row in found.rows}
    assert by_release["2020-12-31"] == 887
    assert by_release["2024-04-13"] == 1341
    assert by_release["2026-02-12"] == 1323
    newest = look_up.show("imports", country="CHN", span=(2019, 2019))
    assert [round(row[2]) for row in newest.rows] == [1571]
    old = look_up.show("imports", country="CHN", span=(2019, 2019), as_of=on("2021-01-01"))
    assert [row[2] for row in old.rows] == [887.0]


def test_deliveries_of_a_pair_are_shown_by_year_with_zeros(small_panel):
    pair = {"supplier": "RUS", "recipient": "CHN", "folder": small_panel}
    found = look_up.show("deliveries", **pair)
    assert found.rows == [
        (2019, 70.25, 2, "2022-03-15", 0),
        (2020, 20.5, 1, "2022-03-15", 0),
        (2021, 0.0, 0, "2022-03-15", 0),
    ]
    engines = look_up.show("deliveries", domain="engines", **pair)
    assert [row[1] for row in engines.rows] == [30.25, 0.0, 0.0]
    old = look_up.show("deliveries", as_of=on("2021-12-31"), **pair)
    assert [row[:2] for row in old.rows] == [(2019, 68.25), (2020, 0.0)]
    assumed = look_up.show("deliveries", as_of=on("2020-06-30"), **pair)
    assert assumed.rows == [(2019, 68.25, 2, "2020-03-15", 1)]


def test_deliveries_of_every_release_are_shown(small_panel):
    found = look_up.show(
        "deliveries", supplier="RUS", recipient="CHN", every_vintage=True, span=(2019, 2019),
        folder=small_panel,
    )
    assert [(row[1], row[3]) for row in found.rows] == [
        (68.25, "2021-03-10"),
        (70.25, "2022-03-15"),
    ]


def test_one_side_alone_is_shown_with_everybody(small_panel):
    found = look_up.show("deliveries", recipient="CHN", span=(2019, 2019), folder=small_panel)
    assert [row[:3] for row in found.rows] == [(2019, 75.25, 3)]
    rest = look_up.show("deliveries", supplier=REST, span=(2019, 2019), folder=small_panel)
    assert [row[1] for row in rest.rows] == [5.0]


def test_orders_are_shown_by_year_of_order(small_panel):
    found = look_up.show("orders", supplier="RUS", recipient="CHN", folder=small_panel)
    assert found.rows == [(2018, 260.25, 90.75, 3, "2022-03-13")]


def test_orders_of_the_shipped_panel_are_those_of_the_newest_register_or_of_each():
    pair = {"supplier": "RUS", "recipient": "CHN", "span": (2015, 2015)}
    assert [row[4] for row in look_up.show("orders", **pair).rows] == ["2026-05-18"]
    old = look_up.show("orders", as_of=on("2024-12-31"), **pair)
    assert [row[4] for row in old.rows] == ["2024-03-18"]
    both = look_up.show("orders", every_vintage=True, **pair)
    assert [row[4] for row in both.rows] == ["2024-03-18", "2025-03-13", "2026-05-18"]


def test_ideal_points_are_shown(small_panel):
    found = look_up.show("ideal_point", country="Russia", folder=small_panel)
    assert found.rows == [("RUS", 2019, 0.25, "2021-08-31", 0)]
    early = look_up.show("ideal_point", country="RUS", as_of=on("2021-07-31"), folder=small_panel)
    assert early.rows == [("RUS", 2019, 0.25, "2020-07-31", 1)]


def test_unit_values_are_shown_by_supplier_domain_and_weapon(small_panel):
    found = look_up.show("unit_values", supplier="Russia", folder=small_panel)
    assert found.header == (
        "supplier", "class", "domain", "year", "TIV million per unit", "units", "released",
        "assumed",
    )  # fmt: skip
    assert found.rows == [
        ("RUS", "fighter aircraft", "aircraft", 2019, 20.0, 2, "2022-03-15", 0),
        ("RUS", "fighter aircraft", "aircraft", 2020, 20.0, 1, "2022-03-15", 0),
        ("RUS", "turbofan", "engines", 2019, 3.0, 10, "2022-03-15", 0),
    ]
    for chosen in ({"domain": "engines"}, {"weapon": "Turbo"}):
        engines = look_up.show("unit_values", supplier="RUS", folder=small_panel, **chosen)
        assert engines.rows == found.rows[2:]
    everybody = look_up.show("unit_values", span=(2020, 2021), folder=small_panel)
    assert {row[0] for row in everybody.rows} == {"RUS", "USA", "CHN"}


def test_unit_values_are_those_of_the_release_known_on_the_day_or_of_each(small_panel):
    who = {"supplier": "RUS", "domain": "engines", "folder": small_panel}
    known = (("2020-06-30", "2020-03-15", 1), ("2021-12-31", "2021-03-10", 0))
    for day, release, is_assumed in known:
        (row,) = look_up.show("unit_values", as_of=on(day), **who).rows
        assert row[-2:] == (release, is_assumed)
    every = look_up.show("unit_values", every_vintage=True, **who).rows
    assert [row[-2] for row in every] == ["2021-03-10", "2022-03-15"]


def test_descriptions_are_shown_with_the_domain_they_are_mapped_to(small_panel):
    found = look_up.show("descriptions", weapon="turbofan", folder=small_panel)
    assert found.rows == [("turbofan", "engines", "Engines", 2019, 30.25, 1, "2022-03-15")]
    assert look_up.show("descriptions", domain="engines", folder=small_panel).rows == found.rows
    every = look_up.show("descriptions", domain="engines", every_vintage=True, folder=small_panel)
    assert [row[-1] for row in every.rows] == ["2021-03-10", "2022-03-15"]
    asked = {"weapon": "turbofan", "as_of": on("2021-12-31")}
    early = look_up.show("descriptions", **asked, folder=small_panel)
    assert [row[-1] for row in early.rows] == ["2021-03-10"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"series": "rd_shar"}, "'rd_shar': unknown indicator: the nearest known is 'rd_share'"),
        ({"series": "delivery"}, "the nearest known is 'deliveries'"),
        ({"series": "rd_share", "country": "Chna"}, "the nearest known is 'China'"),
        ({"series": "rd_share", "country": "Togo"}, "'Togo': is outside the sample"),
        ({"series": "deliveries", "supplier": "Rusia"}, "--supplier': 'Rusia': unknown country"),
        ({"series": "deliveries", "supplier": "BEL"}, "'BEL': is no supplier of the sample"),
        ({"series": "deliveries"}, "needs a supplier or a recipient"),
        ({"series": "deliveries", "supplier": "RUS", "domain": "engine"}, "nearest known is 'eng"),
        ({"series": "deliveries", "country": "RUS"}, "--country has no meaning for the series"),
        ({"series": "rd_share", "supplier": "RUS"}, "--supplier has no meaning for the series"),
        ({"series": "population", "domain": "naval"}, "--domain has no meaning for the series"),
        ({"series": "imports"}, "needs a country"),
        ({"series": "rd_share", "weapon": "tank"}, "--weapon has no meaning for the series"),
        ({"series": "unit_values", "recipient": "CHN"}, "--recipient has no meaning for the ser"),
        ({"series": "unit_values", "supplier": "ROW"}, "'ROW': has no unit values: must be one"),
        ({"series": "unit_values", "supplier": "BEL"}, "'BEL': is no supplier of the sample"),
        ({"series": "unit_values", "domain": "engine"}, "nearest known is 'engines'"),
        ({"series": "unit_values", "weapon": "zeppelin"}, "no figure found"),
        ({"series": "descriptions", "supplier": "RUS"}, "--supplier has no meaning for the series"),
        ({"series": "gdp_ppp_constant", "country": "TWN"}, "no figure found"),
        ({"series": "rd_share", "country": "CHN", "span": (1900, 1950)}, "no figure found"),
    ],
)
def test_a_question_that_has_no_answer_says_why(given, said):
    with pytest.raises(InputError) as error:
        look_up.show(**given)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("series", "first"),
    [
        ("deliveries", "2020-03-15"),
        ("unit_values", "2020-03-15"),
        ("descriptions", "2021-03-10"),
        ("orders", "2022-03-13"),
        ("rd_share", "2019-12-01"),
        ("ideal_point", "2020-07-31"),
        ("imports", "2020-12-31"),
    ],
)
def test_a_day_before_the_first_release_is_refused_with_the_first(small_panel, series, first):
    pair = {"supplier": "RUS", "recipient": "CHN"}
    who = pair if series in ("deliveries", "orders") else {"country": "CHN"}
    if series in ("unit_values", "descriptions"):
        who = {}
    day = on(first)
    look_up.show(series, as_of=day, folder=small_panel, **who)
    with pytest.raises(InputError, match=f"the first is of {first}"):
        look_up.show(
            series, as_of=day - datetime.timedelta(days=1), folder=small_panel, **who
        )


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2019", (2019, 2019)),
        ("1995-2024", (1995, 2024)),
        ("1995-", (1995, 9999)),
        ("-2000", (0, 2000)),
    ],
)
def test_years_are_one_or_a_span(text, span):
    assert look.years(text) == span


@pytest.mark.parametrize("text", ["", "-", "95-24", "1995:2024", "19952024", "2024-1995", "x"])
def test_years_that_are_none_are_refused(text):
    with pytest.raises(InputError, match="--years"):
        look.years(text)
