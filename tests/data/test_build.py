"""The build: from a folder of files to a panel, whole or not at all, always the same bytes."""

import shutil
from pathlib import Path

import pytest

from crossover.data import build as building
from crossover.data.build import build, shipped_files
from crossover.data.check import check
from crossover.data.errors import InputError
from crossover.data.tables import PANEL, read
from tests.data import samples


def content(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_of_every_format_gives_a_panel_without_fault(small_panel):
    assert check(small_panel) == []


def test_a_panel_built_twice_has_the_same_bytes(small_raw, small_panel, tmp_path):
    again = build(small_raw, tmp_path / "again")
    assert content(again.folder) == content(small_panel)
    assert again.size == sum(len(data) for data in content(again.folder).values())


def test_the_shipped_panel_is_the_build_of_the_real_files_byte_for_byte(raw, tmp_path):
    built = build(raw, tmp_path / "panel", only=shipped_files())
    assert content(built.folder) == content(PANEL)


def test_the_shipped_panel_is_at_most_four_megabytes():
    assert sum(len(data) for data in content(PANEL).values()) <= 4_000_000


def test_the_official_export_goes_before_its_tidied_copy(small_raw, tmp_path):
    folder = shutil.copytree(small_raw, tmp_path / "raw")
    tidied = samples.lines_tidy().replace("2021-03-10", "2022-03-15")
    (folder / "a_first_by_name.csv").write_text(tidied, encoding="utf-8")
    built = build(folder, tmp_path / "panel")
    assert ("a_first_by_name.csv", "the same release as the provider's export.csv") in (
        built.left_out
    )
    rows = read("transfers", built.folder, {"vintage": ["2022-03-15"], "assumed": ["0"]})
    assert sum(r.tiv for r in rows if r.domain == "aircraft") == 69.5


def test_the_site_download_goes_before_the_tidy_copy_of_its_day(small_panel):
    rows = read("country_years", small_panel, {"indicator": ["rd_share"], "year": ["2019"]})
    assert {r.value for r in rows if r.vintage == "2022-04-15"} == {2.2}


def test_a_file_that_comes_twice_is_refused(small_raw, tmp_path):
    folder = shutil.copytree(small_raw, tmp_path / "raw")
    shutil.copy(folder / "export.csv", folder / "export (1).csv")
    with pytest.raises(InputError, match=r"export\.csv: .*comes twice in one release, first in "):
        build(folder, tmp_path / "panel")


@pytest.mark.parametrize(
    ("name", "twice"),
    [
        ("milex_long.csv", "CHN,2018,milex_const_usd_m,180.5,2020-04,Constant (2018) USD"),
        ("wdi_long.csv", "CHN,2020,SP.POP.TOTL,1401,2022-07,archive"),
        ("oecd_2022-03.csv", "TWN,2017,OECD_GDEXPRD_PC_GDP,3.3,"),
        ("ideal_points_aug2021.csv", "710,CHN,China,2019,-0.7,-0.7"),
        ("imports.csv", "China,75,21,,96"),
    ],
)
def test_a_row_that_comes_twice_is_refused(small_raw, tmp_path, name, twice):
    folder = shutil.copytree(small_raw, tmp_path / "raw")
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(twice + "\n")
    with pytest.raises(InputError, match="comes twice in one release"):
        build(folder, tmp_path / "panel")


def test_two_files_with_different_years_of_one_release_are_put_together(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, rows in (("a", samples.LINES_ROWS[:3]), ("b", samples.LINES_ROWS[4:])):
        (folder / f"{name}.csv").write_text(samples.lines_official(rows), encoding="utf-8")
    built = build(folder, tmp_path / "panel")
    assert {r.year for r in read("transfers", built.folder)} == {2019, 2020, 2021}
    assert check(built.folder) == []


def test_deliveries_are_assumed_known_from_the_middle_of_march(small_panel):
    rows = read("transfers", small_panel, {"assumed": ["1"]})
    found = {(r.year, r.vintage) for r in rows}
    # 2019 and 2020 as the release of 2021 first had them; 2021 came on the usual day itself.
    assert found == {(2019, "2020-03-15")}


def test_unit_values_get_the_assumed_dates_of_the_deliveries_of_their_year(small_panel):
    rows = read("unit_values", small_panel, {"assumed": ["1"]})
    assert {(r.year, r.vintage) for r in rows} == {(2019, "2020-03-15")}


def test_the_shipped_releases_of_unit_values_are_those_of_the_deliveries_by_deal():
    # The lines by exact year of June 2026 have no status, and so no unit values.
    units, deliveries = (
        {
            (r.vintage, r.assumed, r.first_year, r.last_year)
            for r in read("vintages")
            if r.table == table
        }
        for table in ("unit_values", "transfers")
    )
    by_year = {("2026-03-15", 1, 2025, 2025), ("2026-06-16", 0, 1950, 2025)}
    assert units == deliveries - by_year


def test_unit_values_are_a_quarter_of_a_megabyte_at_most():
    assert (PANEL / "unit_values.csv.gz").stat().st_size <= 250_000


def test_every_release_is_listed_with_its_years_and_file(small_panel):
    listed = {(r.series, r.vintage): r for r in read("vintages", small_panel) if not r.assumed}
    release = listed["deliveries", "2022-03-15"]
    assert (release.first_year, release.last_year, release.file) == (2019, 2021, "export.csv")
    assert release.rows == len(
        read("transfers", small_panel, {"vintage": ["2022-03-15"], "assumed": ["0"]})
    )


def test_progress_tells_each_file_and_the_end(small_raw, tmp_path):
    told = []
    build(small_raw, tmp_path / "panel", progress=lambda *step: told.append(step))
    total = len(samples.FILES)
    assert told[0][:2] == (0, total)
    assert told[-1] == (total, total, "")
    assert [step[2] for step in told[:-1]] == sorted(samples.FILES)


def leftovers(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_bad_file_among_good_ones_leaves_nothing(small_raw, tmp_path):
    folder = shutil.copytree(small_raw, tmp_path / "raw")
    (folder / "zzz.csv").write_text(samples.lines_official().replace("turbofan", "turbofun"))
    with pytest.raises(InputError, match=r"zzz\.csv, line 9"):
        build(folder, tmp_path / "panel")
    assert leftovers(tmp_path) == ["raw"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(28, "No space left on device"), InputError), (KeyboardInterrupt(), None)],
)
def test_a_build_that_fails_midway_leaves_the_old_panel_as_it_was(
    small_raw, tmp_path, monkeypatch, error, raised
):
    old = build(small_raw, tmp_path / "panel").folder
    before = content(old)
    written = []

    def write(table, rows, folder):
        written.append(table)
        if len(written) == 4:
            raise error
        (folder / f"{table}.csv.gz").write_bytes(b"x")
        return 1

    monkeypatch.setattr(building, "write", write)
    with pytest.raises(raised or KeyboardInterrupt):
        build(small_raw, tmp_path / "panel")
    assert len(written) == 4
    assert leftovers(tmp_path) == ["panel"]
    assert content(old) == before


def test_a_new_panel_that_cannot_take_its_place_leaves_the_old_one_there(
    small_raw, tmp_path, monkeypatch
):
    old = build(small_raw, tmp_path / "panel").folder
    before = content(old)
    rename = Path.rename

    def refuse_the_new(self, target):
        if self.name.endswith(".part"):
            raise OSError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(InputError, match="cannot be written: Permission denied"):
        build(small_raw, tmp_path / "panel")
    assert leftovers(tmp_path) == ["panel"]
    assert content(old) == before


def test_a_build_that_fails_midway_leaves_nothing(small_raw, tmp_path, monkeypatch):
    def fail(folder, tables):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(building.package, "describe", fail)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        build(small_raw, tmp_path / "panel")
    assert leftovers(tmp_path) == []


def test_an_older_panel_is_replaced(small_raw, small_panel, tmp_path):
    old = shutil.copytree(small_panel, tmp_path / "panel")
    (old / "votes.csv.gz").write_bytes(b"of an earlier build")
    build(small_raw, old)
    assert content(old) == content(small_panel)
    assert leftovers(tmp_path) == ["panel"]


def test_a_panel_with_a_file_that_no_build_wrote_is_not_replaced(small_raw, small_panel, tmp_path):
    old = shutil.copytree(small_panel, tmp_path / "panel")
    (old / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"notes\.txt: was not written by a build"):
        build(small_raw, old)
    assert (old / "notes.txt").read_text() == "mine"


def test_a_foreign_package_is_never_replaced(small_raw, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "datapackage.json").write_text('{"name": "theirs", "resources": []}')
    with pytest.raises(InputError, match="in the way"):
        build(small_raw, tmp_path / "theirs")
    assert leftovers(tmp_path) == ["theirs"]


def test_a_panel_that_a_killed_build_had_moved_comes_back(small_raw, small_panel, tmp_path):
    shutil.copytree(small_panel, tmp_path / ".panel.120000.old")
    (tmp_path / ".panel.x.part").mkdir()
    assert content(build(small_raw, tmp_path / "panel").folder) == content(small_panel)
    assert leftovers(tmp_path) == ["panel"]


def test_a_folder_that_is_no_panel_is_never_replaced(small_raw, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(InputError, match="in the way"):
        build(small_raw, tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_a_place_that_cannot_be_written_is_named(small_raw, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"panel: cannot be written"):
        build(small_raw, tmp_path / "file" / "panel")


def test_the_panel_is_never_written_among_the_raw_files(small_raw, tmp_path):
    folder = shutil.copytree(small_raw, tmp_path / "raw")
    with pytest.raises(InputError, match="must not be written into"):
        build(folder, folder / "panel")


@pytest.mark.parametrize("documents", [(), ("notes.md",), ("paper.pdf", ".hidden.csv")])
def test_a_folder_without_figures_is_refused(tmp_path, documents):
    folder = tmp_path / "raw"
    folder.mkdir()
    for name in documents:
        (folder / name).write_text("words")
    with pytest.raises(InputError, match="holds no file of a provider"):
        build(folder, tmp_path / "panel")


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no such folder"):
        build(tmp_path / "nowhere", tmp_path / "panel")
