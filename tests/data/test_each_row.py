"""Every refused row of a file is told of, not the first alone."""

import pytest

from crossover.data import sources
from crossover.data.errors import InputError, collecting
from crossover.data.sources.files import Options
from tests.data import samples

BAD = {
    "export.csv": samples.lines_official(
        [
            *samples.LINES_ROWS,
            samples.LINES_ROWS[0].replace("11,Russia", "21,Rusia"),
            samples.LINES_ROWS[0].replace("11,", "22,").replace("20,40", "20,-40"),
        ]
    ),
    "register.csv": samples.register(
        [
            *samples.REGISTER_ROWS,
            "China,Russia,18,,4,,Su-27,fighter aircraft,3,,2019,New,,20,80,60.5",
            "China,Russia,2018,,4,,Su-27,bow,3,,2019,New,,20,80,60.5",
        ]
    ),
    "imports.csv": samples.totals(rows=("China,75,x,,96", "Atlantis,,,9,9")),
    "milex_long.csv": samples.MILITARY_TIDY
    + "CHN,2018,milex_share_gdp,-1,2020-04,Share of GDP\nCHN,2018,butter,1,2020-04,Butter\n",
    "API_rd.csv": samples.SITE.replace('"2.4"', '"240"').replace('"TGO"', '"TGX"'),
    "wdi_long.csv": samples.WDI_TIDY
    + "CHN,2017,SP.POP.TOTL,-1,2022-07,archive\nCHN,2017,SP.POP.TOTL,1,lately,archive\nCHN\n",
    "oecd_2022-03.csv": samples.OECD
    + "CHN,2019,OECD_GDEXPRD_PC_GDP,90,\nQQQ,2019,OECD_GDEXPRD_PC_GDP,2,\n",
    "ideal_points_aug2021.csv": samples.VOTES + "1,CHN,China,2021,99,0\n1,CHN,China,year,0,0\n",
}


@pytest.mark.parametrize("name", BAD)
def test_every_refused_row_is_collected_with_its_line(put, name):
    with collecting() as refused:
        sources.read_file(put(name, BAD[name]))
    assert len(refused) == 3 if name == "wdi_long.csv" else 2, refused
    assert all(message.startswith(f"{name}, line ") for message in refused)


@pytest.mark.parametrize("name", BAD)
def test_without_a_collector_the_first_refused_row_stops_the_reading(put, name):
    with pytest.raises(InputError, match=r", line \d+"):
        sources.read_file(put(name, BAD[name]))


def test_every_cell_of_a_workbook_that_is_no_figure_is_collected(put):
    sheets = samples.MILITARY_SHEETS | {"Current US$": {"China": (-1.0, "much", 230.0)}}
    with collecting() as refused:
        sources.read_file(put("milex.xlsx", samples.workbook(sheets)))
    assert len(refused) == 2


def test_delivery_lines_of_some_countries_only_are_refused(refused):
    line = "Transfers of major conventional arms from Russia  to China . Deals with"
    content = samples.FILES["export.csv"]
    content = line + content[content.index("\n") :]
    assert "from all countries to all countries" in refused("export.csv", content)


def test_delivery_lines_without_a_preamble_must_have_every_supplier(put):
    content = samples.FILES["export.csv"]
    path = put("export.csv", content[content.index(samples.LINES_HEADER) :])
    with pytest.raises(InputError, match=r"no delivery by CAN, .*all countries to all countries"):
        sources.read_file(path, Options("2022-03-15"))
