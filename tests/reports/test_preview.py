"""The page of what files would change: what stands on it, and where it is written."""

import json
import re
from html.parser import HTMLParser

import pytest

from crossover.data import alarms, examination
from crossover.data.build import build
from crossover.data.errors import InputError
from crossover.reports import preview
from tests.data import samples
from tests.data.test_renames import NEW_ROWS, OLD_ROWS

VOID = {"meta", "rect", "line", "br"}


class Outline(HTMLParser):
    """Collect headings, and fault a tag that is not closed where it should be."""

    def __init__(self):
        super().__init__()
        self.open, self.headings, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        """Open a tag."""
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Count a tag that closes itself."""
        self.tags.add(tag)

    def handle_endtag(self, tag):
        """Close the last tag that is open."""
        assert self.open.pop() == tag, f"</{tag}> on line {self.getpos()[0]}"

    def handle_data(self, data):
        """Take the text of headings."""
        if self.open and self.open[-1] in ("h1", "h2", "h3") and data.strip():
            self.headings.append(" ".join(data.split()))


def outline(page):
    found = Outline()
    found.feed(page)
    assert found.open == []
    return found


def text(page):
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Return a panel of deliveries in old words, and of R&D in three releases."""
    raw = tmp_path_factory.mktemp("raw")
    old = samples.lines_official(OLD_ROWS, day="15 Mar 2022")
    (raw / "old.csv").write_text(old, encoding="utf-8")
    for n, day in enumerate(("2020-06-30", "2021-06-30", "2022-06-30")):
        (raw / f"{day}.json").write_text(research(day, 2019 + n), encoding="utf-8")
    return build(raw, tmp_path_factory.mktemp("built") / "panel").folder


def research(day, last, wrong=1.0):
    """Return R&D shares of four countries to a last year, that of China in 2015 perhaps wrong."""
    rows = [
        samples.api_row(code, year, (1.0 + n + 0.05 * (year - 2010)) * (1 + 0.002 * (year % 3)))
        for n, code in enumerate(("CHN", "RUS", "USA", "FRA"))
        for year in range(2010, last + 1)
    ]
    for row in rows:
        if (row["countryiso3code"], row["date"]) == ("CHN", "2015"):
            row["value"] *= wrong
        elif row["date"] == "2016":
            row["value"] *= 1 + 0.001 * int(day[3])
    return json.dumps(samples.api_page(rows, updated=day))


@pytest.fixture
def put(tmp_path):
    """Return a function that writes a small file and gives its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


@pytest.fixture
def examined(base, put):
    """Return what a release with a figure ten times too large, and one in new words, change."""
    rows = [NEW_ROWS[0].replace("1,1,9,No", "1,1,12,No"), *NEW_ROWS[1:4]]
    return examination.examine(
        [
            put("rd.json", research("2023-06-30", 2022, wrong=10.0)),
            put("lines.csv", samples.lines_official(rows, "13 Mar 2023")),
        ],
        base,
    )


def test_the_alarms_come_first_then_the_series_then_the_renames(examined):
    page = preview.render(examined)
    found = outline(page)
    assert found.headings[:3] == [
        "What changed in the figures",
        "Alarms: three",
        "Moved by a power of ten: Gross domestic expenditure on R&D",
    ]
    assert {one.kind for one in examined.alarms[1:]} == {alarms.DISTANCE}
    sections = [h for h in found.headings if h in (*preview.TITLES.values(), "Renamed")]
    assert sections[0] == preview.TITLES["deliveries"] and sections[-1] == "Renamed"
    assert "1 figure is 10 times what it was: China, 2015: 1.255 → 12.55" in text(page)


def test_each_series_says_what_is_new_revised_renamed_and_gone(examined):
    words = text(preview.render(examined))
    assert "New: 4. By year: 2022 (4)." in words
    assert re.search(r"Revised: \d+ of \d+ figures that were known\.", words)
    assert "surface-to-air missile, 2019 12 15 +25.0 %" in words
    assert "Gone: 1. The release before had them; the largest were tank, 2019 (2)." in words
    assert "MCM ship split in two: minehunter, minehunter/minesweeper 2" in words
    assert "SAM surface-to-air missile 2" in words


def test_the_bars_of_a_histogram_count_every_revision_that_has_a_share(examined):
    for one in examined.compared:
        spread = preview._spread(one.change.series, one.revisions, one.unit)
        if spread is None:
            assert not one.revisions
            continue
        assert sum(bar.count for bar in spread.bars) + spread.from_zero == len(one.revisions)
        assert max(bar.height for bar in spread.bars) == 1.0
        assert len(spread.bars) == len(spread.ticks) + 1


def test_revisions_of_a_series_with_both_signs_are_differences_in_its_unit():
    from crossover.data.comparison import Revision

    revisions = [Revision(("CHN", 2000 + n), 0.0, 0.1 * n - 0.55) for n in range(12)]
    spread = preview._spread("ideal_point", revisions, "")
    assert spread.from_zero == 0 and spread.unit == ""
    assert spread.ticks == ("−1", "−0.8", "−0.6", "−0.4", "−0.2", "0", "0.2", "0.4", "0.6", "0.8",
                            "1")  # fmt: skip
    assert [bar.count for bar in spread.bars] == [0, 0, 0, 2, 2, 2, 2, 2, 2, 0, 0, 0]


def test_the_page_needs_nothing_but_itself_and_is_the_same_again(examined):
    page = preview.render(examined)
    assert page == preview.render(examined)
    assert not outline(page).tags & {"script", "link", "img", "iframe"}
    assert "http" not in page and "url(" not in page and "@import" not in page
    assert 'name="viewport"' in page and "@media print" in page


def test_a_name_from_a_file_cannot_become_markup(base, put):
    path = put("<b>x&y.json", research("2023-06-30", 2022))
    page = preview.render(examination.examine([path], base))
    assert "&lt;b&gt;x&amp;y.json" in page and "<b>x" not in page


def test_a_release_without_a_fault_says_so_and_one_that_is_known_is_nothing_new(base, put):
    sound = examination.examine([put("rd.json", research("2023-06-30", 2022))], base)
    assert "Alarms: no" in text(preview.render(sound))
    assert "No figure changed its sign" in text(preview.render(sound))
    known = examination.examine([put("rd.json", research("2022-06-30", 2021))], base)
    page = preview.render(known)
    assert "Nothing is new" in text(page) and "Alarms" not in text(page)
    outline(page)


# Where it is written ---------------------------------------------------------------------------


def test_only_a_page_of_this_command_is_replaced(examined, tmp_path):
    path = tmp_path / "page.html"
    preview.check_free(path)
    path.write_text(preview.render(examined), encoding="utf-8")
    preview.check_free(path)
    path.write_text("<html>mine</html>")
    with pytest.raises(InputError, match="is there already and no page of this command"):
        preview.check_free(path)
    with pytest.raises(InputError, match="is a folder: name a file"):
        preview.check_free(tmp_path)
    with pytest.raises(InputError, match="there is no such folder"):
        preview.check_free(tmp_path / "no" / "page.html")
