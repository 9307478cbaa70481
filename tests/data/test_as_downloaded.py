"""Every file that people really have is read, asked about or refused, as its folder's README says.

By the command line, on the shipped panel: what a user types and what the program then prints.
"""

import pytest

from crossover.reports.cli import app

PART = "refused as deliveries, used for the orders of its 1 pair"
FILES = {
    "databank_extract.csv": ("", 0, ("population  2026-07-01", "rd_share    2026-07-01",
                                     "1 series that the panel does not use was skipped, 6 rows")),
    "git_lfs_pointer.csv": ("", 2, ("is a git-LFS pointer", "'git lfs pull'")),
    "html_saved_as.csv": ("", 2, ("a web page", "fetch it again")),
    "milex_base_year_mislabelled.xlsx": ("", 2, ("names 2023 as the base year", "they do in 2022")),
    "oecd_msti_sdmx.csv": ("--released 2026-07-01", 0, ("rd_share  2026-07-01",)),
    "register_saved_by_spreadsheet.csv": ("", 0, (PART, "the whole register of 2026-05-18")),
    "register_without_preamble.csv": ("--released 2026-06-01", 0, (PART, "orders  2026-06-01")),
    "tiv_table_before_2024.csv": ("", 0, ("exports  2023-12-19",)),
    "wdi_long.csv": ("--indicator GB.XPD.RSDV.GD.ZS --released 2026-07-01", 0,
                     ("rd_share  2026-07-01",)),
    "worldbank_message.json": ("", 2, ("the World Bank refused the request", "fetch it again")),
}  # fmt: skip
"""File → what is said of it, the exit code, and words of the answer."""
FILES |= {f"databank_extract.{kind}": FILES["databank_extract.csv"] for kind in ("xlsx", "zip")}
ASKED = {
    "oecd_msti_sdmx.csv": ("--released",), "register_without_preamble.csv": ("--released",),
    "wdi_long.csv": ("--indicator", "--released"),
}  # fmt: skip
"""File → the options that are asked for where they are not given."""


def offered(raw, name, options, tmp_path, capsys):
    """Return the exit code of a dry run, and all that it printed."""
    path, store = str(raw / "as_downloaded" / name), tmp_path / "store"
    code = app.main(["data", "add", path, *options.split(), "--dry-run", "--store", str(store)])
    printed = capsys.readouterr()
    assert not store.exists() and "Traceback" not in printed.err
    return code, printed.out + printed.err


def test_the_files_are_those_of_the_folder(raw):
    assert {path.name for path in (raw / "as_downloaded").iterdir()} == set(FILES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_as_downloaded_does_what_its_readme_line_says(raw, name, tmp_path, capsys):
    options, expected, words = FILES[name]
    code, printed = offered(raw, name, options, tmp_path, capsys)
    assert code == expected
    for part in words:
        assert part in printed


@pytest.mark.parametrize("name", sorted(ASKED))
def test_what_a_file_does_not_say_is_asked_for_in_one_line(raw, name, tmp_path, capsys):
    code, printed = offered(raw, name, "", tmp_path, capsys)
    assert code == 2 and printed.count("\n") == 1
    assert all(option in printed for option in ASKED[name])
