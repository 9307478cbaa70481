"""What changed since the last edition, and the track record: from files to pages, no fit in it."""

import json
import re

import pytest

from crossover.data.errors import InputError
from crossover.data.names import (
    CAPACITY_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED,
    EXPORT_CROSSOVER,
    INDEPENDENCE,
    QUANTITY,
    STATE,
)
from crossover.forecast import explain, waterfall
from crossover.forecast.events import EVENTS
from crossover.forecast.explain import Explanation
from crossover.forecast.influence import Condition, Influence
from crossover.forecast.waterfall import Part
from crossover.reports import changes, figures, payload
from crossover.reports.context import changes as judged
from tests import synthetic
from tests.reports.conftest import cells, outline, pages, said, section

STEPS = {
    CAPACITY_CROSSOVER: (0.0, 0.004, 0.012),
    CAPACITY_CROSSOVER_SUSTAINED: (0.0, 0.006, 0.021),
    EXPORT_CROSSOVER: (0.0, 0.0, 0.0),
    INDEPENDENCE: (0.0, -0.034, 0.102),
}
START = {CAPACITY_CROSSOVER: 0.88, CAPACITY_CROSSOVER_SUSTAINED: 0.80, EXPORT_CROSSOVER: 1.0,
         INDEPENDENCE: 0.45}  # fmt: skip
A = {"id": "20250405-101010-aaaaaa", "created": "", "as_of": None, "origin": 2023,
     "vintages": {"transfers/deliveries": "2025-03-10", "votes/ideal_point": "2025-07-31"},
     "priors": "p", "code": {}}  # fmt: skip
B = A | {"id": "synthetic-0001", "origin": 2024, "as_of": "2026-04-30",
         "vintages": {"transfers/deliveries": "2026-02-12", "votes/ideal_point": "2025-07-31"}}


def parts(steps=STEPS, hows=("nothing changed", "fit", "run")):
    """Return the bars of every event and year, which add up, and median years beside them."""
    rows = []
    for event in START:
        for year, more in ((2030, 0.0), (2040, 0.02), (2050, 0.03)):
            at = min(START[event] + more, 1.0)
            error = 0.0 if at == 1.0 else 0.006
            for step, by, how in zip(waterfall.STEPS, steps[event], hows, strict=True):
                slip = 0.002 if by and how == "fit" else 0.008 if by else 0.0
                rows.append(Part(event, f"in {year}", step, at, at + by, by, slip, how, error,
                                 error))  # fmt: skip
                at += by
        rows += [Part(event, waterfall.MEDIAN, step, 2027.0, 2027.0, 0.0, 0.5, how)
                 for step, how in zip(waterfall.STEPS, hows, strict=True)]  # fmt: skip
    return rows


def observations():
    return [
        Influence("CHN", 2024, "new year", None, 30.2, 0.081, 0.004, 0.41),
        Influence("IND", 2022, "revised history", 1410.0, 1224.5, -0.0192, 0.002, 0.83),
        *(
            Influence("VNM", 2010 + k, "revised history", 50.0 + k, 60.0, 0.001 * (8 - k), 0.0004,
                      0.1)
            for k in range(8)
        ),
    ]  # fmt: skip


def conditions(moves=True):
    pair = "RUS-CHN"
    rows = [
        Condition("deliveries", pair, "at least", 312.4, "TIV million", 0.2, 0.41, 0.012, -0.108,
                  moves),
        Condition("deliveries", pair, "at most", 12.0, "TIV million", 0.15, 0.63, 0.014, 0.112,
                  moves),
        Condition("gdp", "CHN", "at least", 3.61e13, "international $", 0.05, 0.54, 0.02, 0.022,
                  False),
        Condition("milex", "RUS", "at most", 118_000.0, "US$ million", 0.05, 0.5, 0.02, -0.018,
                  False),
        Condition("rd_share", "RUS", "at most", 0.912, "% of GDP", 0.05, 0.53, 0.02, 0.012, False),
    ]  # fmt: skip
    return rows


def links(hows=("run", "nothing changed", "fit", "run")):
    return [{"how": how} for how in hows]


def found(**more):
    given = {"parts": parts(), "event": INDEPENDENCE, "by": 2030, "now": 0.518,
             "influences": observations(), "conditions": conditions(), "links": links(),
             "ends": [A, B]}  # fmt: skip
    return Explanation(**(given | more))


def track_record(*, scored=True):
    means = [
        {"question": question, "kind": kind, "release": release, "scored": 8, "outturns": 2,
         "brier": None, "log_score": None, "crps": None, "crps_log1p": None, "in_50": None,
         "in_90": None} | own
        for question, kind, own in (
            ("deliveries", QUANTITY,
             {"crps": 41.25, "crps_log1p": 0.413, "in_50": 0.5, "in_90": 0.875}),
            (EXPORT_CROSSOVER, STATE, {"brier": 0.1625, "log_score": 0.4512}),
        )
        for release in ("first", "latest")
    ]  # fmt: skip
    return {
        "entries": 117, "runs": 4, "origins": [2022, 2024], "pairs": ["RUS-CHN", "RUS-IND"],
        "ledger": "ab" * 32,
        "questions": [
            {"question": name, "kind": kind, "entered": 8, "resolvable": able,
             "scored": 4 if scored else 0}
            for name, kind, able in (("deliveries", QUANTITY, 8), (EXPORT_CROSSOVER, STATE, 6))
        ],
        "means": means if scored else [],
        "newest": "2026-02-12" if scored else "",
    }  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run folder that explains itself and holds a track record."""
    folder = synthetic.make_run(tmp_path_factory.mktemp("changed") / "run", draws=60)
    explain.write(folder, found())
    (folder / changes.RECORD).write_text(json.dumps(track_record()), "utf-8")
    said = json.loads((folder / "run.json").read_text("utf-8"))
    said["update"] = {"from": A["id"], "how": "refit",
                      "reason": "deliveries go to 2024 now and went to 2023"}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(said), "utf-8")
    return folder


@pytest.fixture(scope="module")
def numbers(run):
    return payload.collect(run)


def explained(folder, numbers, **more):
    """Return the payload with another explanation in it."""
    explain.write(folder, found(**more))
    part = changes.collect(folder, {}, synthetic.NAMES, 2024)
    return numbers | {"changes": payload.freeze(part)}


def words(macro, numbers):
    return said("changes_words", macro, numbers)


def lead(numbers):
    return words("headline", numbers), words("others", numbers)


def test_a_run_that_was_not_explained_has_no_page(plain):
    assert plain["changes"] == plain["track_record"] == {"known": False}
    assert judged.context(plain) == judged.Changes(False)
    assert section("changes", plain) == section("track_record", plain) == ""
    assert "changes_waterfall.svg" not in figures.draw(plain)


def test_an_explained_run_has_the_page_and_its_figure_the_same_bytes_twice(numbers, quick):
    draw = figures.ALL["changes_waterfall"]
    assert draw(numbers) == draw(numbers)
    content = quick(numbers)
    text = " ".join(pages(content))
    for said_ in ("What changed since the last edition", "Which observations moved it",
                 "What the figures of 2025 would have to be", "Track record"):  # fmt: skip
        assert said_ in text
    assert any("Track record" in title for title in outline(content))


def test_a_run_with_a_record_alone_has_no_page_of_changes(plain, quick):
    plain["track_record"] = {"known": True} | track_record(scored=False)
    titles = [title.partition(" ")[2] for title in outline(quick(plain))]
    assert "Track record" in titles and "What changed since the last edition" not in titles


def test_what_changed_says_which_runs_and_which_releases(numbers):
    text = words("runs", numbers)
    assert "This run, synthetic-0001 (data to 2024, as released by 30 April 2026)" in text
    assert "run 20250405-101010-aaaaaa (data to 2023)" in text
    assert "arms deliveries 10 March 2025 → 12 February 2026" in text
    assert "UN votes" not in text


def test_the_way_of_the_posterior_is_told(numbers):
    text = words("moved", numbers)
    assert "fitted anew; the reason on record: deliveries go to 2024 now" in text
    assert "priors or code: nothing of the kind changed" in text
    assert "revised history: by a fit between the two runs" in text
    part = numbers["changes"] | {"update": {"from": "another", "how": "refit"}}
    assert "fitted on its own" in words("moved", numbers | {"changes": part})


def test_the_split_is_printed_in_points_and_adds_up(numbers):
    text = section("changes", numbers)
    rows = [row for row in cells(text) if len(row) == 7 and row[0] != "Event"]
    assert len(rows) == 12
    row = next(r for r in rows if r[0].startswith("Independence"))
    assert row[1:] == ["2030", "0.45 ± 0.006", "none", "−3.4 ± 0.2", "+10.2 ± 0.8", "0.52 ± 0.006"]
    exports = next(r for r in rows if r[0].startswith("Exports"))
    assert exports[2:] == [">0.99", "none", "0 ± 0", "0 ± 0", ">0.99"]
    assert "None: nothing of the kind changed." in text
    assert "With next" not in text
    assert "Independence from Russia: the three-year mean of Russia’s" in text


def test_the_lead_states_the_change_its_error_and_its_parts(numbers):
    first, second = lead(numbers)
    assert "below 5 % of their 2000–2009 mean in 2030 went from 0.45 to 0.52: +6.8" in first
    assert "± 0.8. Of that, revised history −3.4 ± 0.2 and new year +10.2 ± 0.8" in first
    # The error of each is 0.85 points: of 0, 1.6, 2.7 and 6.8 two are larger than twice that.
    assert second.startswith("Of the 12 probabilities in the table, six moved by more than two")
    assert "Independence from Russia, in" in second


def test_a_change_within_its_error_is_not_called_one(numbers, tmp_path):
    steps = STEPS | {INDEPENDENCE: (0.0, 0.004, 0.003)}
    moved = explained(tmp_path, numbers, parts=parts(steps), now=0.457)
    assert judged.context(moved).headline.verdict == "within"
    assert "did not move by more than the error" in words("headline", moved)


def test_nothing_changed_is_said_and_drawn(numbers, tmp_path, quick):
    still = dict.fromkeys(EVENTS, (0.0, 0.0, 0.0))
    hows = ("nothing changed", "run", "nothing changed")
    moved = explained(tmp_path, numbers, parts=parts(still, hows), links=links(("run", *hows)),
                      influences=[], conditions=[], now=0.45)  # fmt: skip
    first, second = lead(moved)
    assert "is what it was: 0.45" in first and "Of that" not in first
    assert "none moved by more than two" in second
    assert "no observation of them moved" in words("observations", moved)
    assert "none could move anything" in words("next", moved)
    quick(moved)


def test_steps_that_could_not_be_parted_are_marked(numbers, tmp_path):
    hows = ("not split: counts with the next step", "fit", "run")
    moved = explained(tmp_path, numbers, parts=parts(STEPS, hows), links=links(("run", *hows)))
    assert judged.context(moved).ways == ("next", "fit", "run")
    assert "[with next]" in section("changes", moved)
    assert "priors or code: not parted" in words("moved", moved)
    assert "not wholly committed" in words("moved", moved)
    ends = [A | {"priors": "other", "code": {"commit": "c"}}, B]
    moved = explained(tmp_path, numbers, parts=parts(STEPS, hows), links=links(("run", *hows)),
                      ends=ends)  # fmt: skip
    assert "Between the two runs priors and code differ." in words("moved", moved)


def test_observations_beyond_the_limit_are_not_reliable_and_do_not_lead(numbers, tmp_path):
    rows = [row for row in cells(section("changes", numbers)) if len(row) == 8][1:]
    assert rows[0] == ["China", "2024", "new", "–", "30", "+8.10", "0.40", "0.41"]
    assert rows[1][3:] == ["1,410", "1,224", "−1.92", "0.20", "0.83, not reliable"]
    assert len(rows) == 10
    text = words("observations", numbers)
    assert "new figure of China for 2024" in text and "+8.10 points" in text
    assert "one is not reliable" in text
    doubtful = [observations()[0]._replace(khat=0.9), *observations()[2:]]
    text = words("observations", explained(tmp_path, numbers, influences=doubtful))
    assert "restated figure of Vietnam for 2010" in text


def test_next_year_names_bound_chance_and_probability(numbers):
    text = words("next", numbers)
    assert "If deliveries from Russia to China in 2025 are at most 12 TIV million (chan" in text
    assert "becomes 0.63 (Monte-Carlo error 0.014) instead of 0.52" in text
    assert "becomes 0.41 (Monte-Carlo error 0.012) instead of 0.52" in text
    rows = cells(section("changes", numbers))[-2:]
    assert rows[0] == ["Deliveries from Russia to China", "at least 312 TIV million",
                                "0.20", "0.41", "0.012", "−10.8"]  # fmt: skip
    assert "Five figures and sides were tried" in section("changes", numbers)


def test_it_is_said_when_no_figure_moves_the_headline_by_ten_points(numbers, tmp_path):
    moved = explained(tmp_path, numbers, conditions=conditions(moves=False))
    text = words("next", moved)
    assert text.startswith("No figure of 2025 that was looked at")
    whole = section("changes", moved)
    assert "None moves it by ten points: the figures of 2025" in whole
    bounds = [row[1] for row in cells(whole)[-5:]]
    assert "at least 36,100 billion constant international $" in bounds
    assert "at most 118 billion constant US$" in bounds
    assert "at most 0.91 % of GDP" in bounds


def test_a_missing_table_of_an_explanation_is_named(run, tmp_path):
    explain.write(tmp_path, found())
    (tmp_path / changes.NEXT_YEAR).unlink()
    with pytest.raises(InputError, match=r"explain_next_year\.csv"):
        changes.collect(tmp_path, {}, {}, 2024)


def test_the_track_record_is_told_by_question_and_release(numbers):
    text = said("track_record", "text", numbers)
    assert "117 questions of four published runs (last years of data 2022 and 2024)" in text
    assert "on two pairs of countries" in text and "can resolve 14 of them" in text
    assert "the newest released on 12 February 2026, already bear on 8." in text
    rows = cells(section("track_record", numbers))
    assert rows[1] == ["Recipient exports more than supplier, in the year", "first",
                                 "8", "4", "8", "2", "0.163", "0.451"]  # fmt: skip
    assert rows[5][-4:] == ["41.2", "0.413", "50 %", "88 %"]


def test_a_record_of_which_nothing_is_resolved_is_one_sentence(numbers):
    bare = numbers | {"track_record": {"known": True} | track_record(scored=False)}
    text = said("track_record", "text", bare)
    assert text.endswith("none has been resolved, since no release covers a later year yet.")
    assert cells(section("track_record", bare)) == []


def test_the_waterfall_has_no_broken_coordinate_however_large_a_change_is(numbers, tmp_path):
    wide = dict.fromkeys(EVENTS, (0.0, -0.4, 0.1)) | {EXPORT_CROSSOVER: (0.0, 0.0, -0.99)}
    moved = explained(tmp_path, numbers, parts=parts(wide))
    content = figures.draw(moved)["changes_waterfall.svg"]
    assert not re.search(rb"\b(nan|inf)\b", content, re.IGNORECASE)
