"""The section on skill: absent without a backtest, and true to its figures with one (invented)."""

import copy
import itertools
import re

import pytest

from crossover.reports import figures, payload, phrases, skill
from crossover.reports.context import skill as judged
from tests import invented_skill
from tests.reports.conftest import cells, outline, said, section


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("skill") / "summary.csv"
    invented_skill.rows().to_csv(path, index=False, float_format="%.5g", lineterminator="\n")
    return path


@pytest.fixture
def numbers(plain, file):
    return plain | {"skill": copy.deepcopy(payload.freeze(skill.collect(file)))}


def words(macro, numbers, *given):
    return said("skill_words", macro, numbers, *given)


def rows_of(numbers, first):
    """Return the rows of the table whose first column is called so."""
    found = cells(section("skill", numbers))
    start = next(at for at, row in enumerate(found) if row[0] == first) + 1
    width = len(found[start - 1])
    return list(itertools.takewhile(lambda row: len(row) == width and row[1] != "Years",
                                    found[start:]))  # fmt: skip


def of(numbers, target, group, part="target"):
    return next(
        row for row in numbers["skill"]["rows"]
        if (row["part"], row["target"], row["group"]) == (part, target, group)
    )  # fmt: skip


def test_without_a_backtest_there_is_no_section_and_no_claim(plain, drawn, quick):
    assert plain["skill"] == {"known": False, "rows": []}
    assert judged.context(plain) == judged.Skill(False)
    assert section("skill", plain) == "" and "skill.svg" not in drawn["plain"]
    assert "No skill over simple persistence" in words("limit", plain)
    assert not any("Skill" in title for title in outline(quick(plain)))


def test_a_summary_without_rows_is_none(tmp_path, file):
    path = tmp_path / "summary.csv"
    path.write_text(file.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    assert skill.collect(path) == {"known": False, "rows": []}


def test_with_a_backtest_the_section_is_set_and_the_same_twice(numbers, quick):
    content = quick(numbers)
    assert content == quick(numbers)
    assert figures.ALL["skill"](numbers) == figures.ALL["skill"](numbers)
    assert any(title.endswith("Skill") for title in outline(content))


def test_figures_are_read_as_numbers_and_years_as_years(numbers):
    row = of(numbers, "imports", "1-3")
    assert row["real_time"] == [2023] and row["origins"] == list(range(2014, 2024))
    assert row["slope"] is None and isinstance(row["skill"], float)
    assert numbers["skill"]["rhat"] == 1.04 and numbers["skill"]["fits"] == 2


def test_no_text_has_a_hole_in_it(numbers):
    text = section("skill", numbers)
    assert "None" not in text and "nan" not in text.split() and "{" not in text


@pytest.mark.parametrize(
    ("low", "high", "words_"),
    [
        (-0.2, -0.1, ("beats the best benchmark (persistence)", "excludes zero")),
        (-0.2, 0.1, ("cannot be told from", "includes zero")),
        (0.1, 0.2, ("does not beat", "loses to it", "excludes zero")),
        (None, None, ("so few origins give no interval",)),
    ],
)
def test_a_sentence_follows_from_the_interval_of_the_difference(numbers, low, high, words_):
    row = of(numbers, "imports", "1-3")
    row |= {"difference_q05": low, "difference_q95": high, "skill": 0.123, "skill_q05": low,
            "skill_q95": high}  # fmt: skip
    one = judged.context(numbers).targets[0].scored[0]
    assert one.row is row
    first = words("verdict", numbers, one)
    assert first.startswith("One to three years ahead the model")
    assert all(word in first for word in words_)
    assert "0.12" in first


def test_a_missed_coverage_is_said_with_its_figure_and_side(numbers):
    near, far = (of(numbers, "dyads", group) for group in ("1-3", "4-6"))
    for row in (near, far):
        for mass in (50, 80, 90):
            row |= {f"in_{mass}": mass / 100, f"in_{mass}_q05": mass / 100 - 0.05,
                    f"in_{mass}_q95": mass / 100 + 0.05}  # fmt: skip
    assert covered(numbers) == "Coverage is as it should be, at 50, 80 and 90 %."
    near |= {"in_90": 0.73, "in_90_q05": 0.68, "in_90_q95": 0.79}
    far |= {"in_50": 0.66, "in_50_q05": 0.61, "in_50_q95": 0.70}
    text = covered(numbers)
    assert "one to three years ahead 73 % (68 to 79) in the 90 % intervals" in text
    assert "too narrow; four to six years ahead 66 % (61 to 70)" in text
    assert text.endswith("which are too wide.")
    mine = [row for row in rows_of(numbers, "Target") if row[0] == "Pairs"]
    assert mine[0][-3:] == ["50 (45–55)", "80 (75–85)", "73 (68–79)*"]
    for row in (near, far):
        row |= {f"in_{mass}_q05": None for mass in (50, 80, 90)}
    assert covered(numbers) == "Whether coverage is as it should be so few origins cannot tell."


def covered(numbers):
    dyads = next(one for one in judged.context(numbers).targets if one.name == "dyads")
    return words("covered", numbers, dyads)


def test_wins_and_losses_are_counted(numbers):
    text = words("overall", numbers)
    stands = [one.verdict for one in judged.context(numbers).scored]
    # Invented so: exports are lost, imports are won, at near and at far horizons.
    assert stands[:4] == ["better", "better", "worse", "worse"]
    assert "Of ten comparisons" in text and "loses to it beyond its interval in two" in text
    limit = words("limit", numbers)
    assert "exports of a country" in limit and "imports" not in limit


def test_origins_are_called_truncated_or_real_time(numbers):
    text = words("seen", numbers)
    assert (
        "Imports of a country, exports of a country and deliveries of a pair: real-time from 2023, "
        "truncated from 2014–2022" in text
    )
    assert "R&D in % of GDP: real-time from 2023, partly real-time from 2014–2022" in text
    assert "distance of UN votes: truncated from 2014–2023" in text


@pytest.mark.parametrize(
    ("low", "high", "words_"),
    [(-0.2, -0.1, "R&D improves forecasts"), (-0.2, 0.1, "is not shown"),
     (0.1, 0.2, "makes forecasts of deliveries worse")],
)  # fmt: skip
def test_what_rd_adds_is_said_by_the_interval(numbers, low, high, words_):
    row = next(
        row for row in numbers["skill"]["rows"]
        if (row["target"], row["model"], row["against"]) == ("deliveries", "full", "no_rd")
    )  # fmt: skip
    row |= {"difference_q05": low, "difference_q95": high}
    text = words("rd", numbers)
    assert words_ in text and words("size", numbers, row, 3) in text
    assert "forecasts better than military spending without R&D" in text


def test_each_part_has_its_own_origins_and_few_are_called_rough(numbers):
    for row in numbers["skill"]["rows"]:
        if row["part"] == "ablation":
            row["origins"] = [2012, 2015] if row["against"] == "no_rd" else list(range(2010, 2024))
    assert [row[1] for row in rows_of(numbers, "Part")] == ["2", "14", "2"]
    row = next(r for r in numbers["skill"]["rows"]
               if (r["against"], r["target"]) == ("no_rd", "imports"))  # fmt: skip
    row |= {"skill": 0.082, "skill_q05": 0.046, "skill_q95": None}
    assert rows_of(numbers, "Part")[0][2] == "8.2"
    row |= {"skill_q95": 0.105}
    assert rows_of(numbers, "Part")[0][2] == "8.2 (4.6 to 10.5)"
    assert "An interval from two origins is rough." in words("rd", numbers)
    for row in numbers["skill"]["rows"]:
        row["origins"] = list(range(2010, 2024))
    assert "rough" not in words("rd", numbers)


def test_without_the_variant_rd_is_not_measured(numbers, quick):
    numbers["skill"]["rows"] = [r for r in numbers["skill"]["rows"] if r["part"] != "ablation"]
    assert "is not measured" in words("rd", numbers)
    assert judged.context(numbers).parts == ()
    quick(numbers)


def test_the_tables_hold_the_focal_four_the_events_and_the_parts(numbers):
    four = [row[0] for row in rows_of(numbers, "Series")]
    assert four[::2] == ["Russia to China", "China’s imports", "Russia’s exports",
                         "China’s exports", "All four"]  # fmt: skip
    questions = [row[0] for row in rows_of(numbers, "Event")][::2]
    assert questions == [
        "Exports ahead, by the year", "Independence, by the year", "All events, by the year"
    ]  # fmt: skip
    assert [row[0] for row in rows_of(numbers, "Part")] == [
        "R&D", "Military spending", "R&D rather than military spending"
    ]  # fmt: skip
    assert "by crossover backtest --origins 2014-2023; panel 000000000000." in (
        section("skill", numbers)
    )


def test_a_skill_beyond_the_scale_stands_at_its_edge(numbers):
    row = of(numbers, "exports", "5", "horizon")
    row |= {"skill": -40.0, "skill_q05": -60.0, "skill_q95": -20.0}
    before = figures.ALL["skill"](numbers)
    assert not re.search(rb"\b(nan|inf)\b", before, re.IGNORECASE)
    row |= {"skill": -50.0}
    # The scale stays; what is written at the edge does not.
    assert figures.ALL["skill"](numbers) != before


def test_years_are_written_as_spans():
    assert phrases.spans([2010, 2011, 2012, 2015]) == "2010–2012 and 2015"
    assert phrases.spans([2012, 2010]) == "2010 and 2012"
