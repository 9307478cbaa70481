"""The question sheet: every published probability, what resolves it, and what score resolves."""

import csv
import io
import json
import re

import pandas as pd
import pytest

from crossover.data.errors import InputError
from crossover.data.names import DOMAIN_EVENTS, KINDS, PARTNERSHIP_EVENTS
from crossover.forecast import ledger, ledger_file, scoring
from crossover.forecast.events import EVENTS
from crossover.reports import cells, questions
from tests.published import IDS, make_store, told

MOVED = 7
"""Years by which entries are moved back, so that figures of every kind have come since."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return a store with two runs, both entered in its ledger."""
    folder = make_store(tmp_path_factory.mktemp("questions"))
    for name in IDS:
        assert ledger.enter(folder, folder / "runs" / name).new
    return folder


@pytest.fixture(scope="module")
def sheet(store):
    return questions.sheet(store / "runs" / IDS[1], store)


def of(sheet, event, kind):
    return next(g for g in sheet.groups if (g.event, g.domain, g.kind) == (event, "all", kind))


def test_every_published_probability_is_a_question(store, sheet):
    table = pd.read_csv(store / "runs" / IDS[1] / "events.csv")
    table = table[(table["scenario"] == "baseline") & (table["year"] > 2024)]
    published = {
        (r["event"], r["domain"], r["kind"], r["year"]): r["probability"]
        for r in table.to_dict("records")
    }
    asked = {
        (g.event, g.domain, g.kind, q.year): q.probability for g in sheet.groups
        for q in g.questions
    }  # fmt: skip
    assert asked == published and len(asked) > 1000
    ids = [q.id for g in sheet.groups for q in g.questions]
    assert len(set(ids)) == len(ids)
    assert "RUS-CHN/independence/state/2030" in ids
    assert "RUS-CHN/domain_crossover/engines/lasting/2035" in ids


def test_every_event_that_a_run_may_publish_has_words():
    assert set(questions.catalogue()["event"]) == {*EVENTS, *DOMAIN_EVENTS, *PARTNERSHIP_EVENTS}
    assert set(questions.catalogue()["kind"]) == set(KINDS)
    sources = questions.catalogue()["source"]
    for event, words in questions.catalogue()["event"].items():
        assert words["source"] in sources and words["edge_cases"], event


def test_no_text_has_a_hole_in_it(sheet):
    for group in sheet.groups:
        for text in (group.statement, group.rule, *group.edge_cases, *(
            part for q in group.questions for part in (q.title, q.resolution))):
            assert text[0].isupper() and not re.search(r"[{}]|  |None|nan", text), text
    first = of(sheet, "independence", "state").questions[0]
    assert first.title == (
        "Will the three-year mean of Russia’s deliveries to China be below 5 % of their "
        "2000–2009 mean in 2025?"
    )


def test_score_resolves_the_questions_that_are_said_to_be_scored(store, sheet):
    """The entries of the run, moved back so that the shipped panel knows what came."""
    entries = [
        entry._replace(
            origin=entry.origin - MOVED,
            forecast={
                key: {str(int(year) - MOVED): value for year, value in held.items()}
                if key in ("probability", "mc_error") else held
                for key, held in entry.forecast.items()
            },
        )
        for entry in ledger_file.entries(store)
        if entry.run == IDS[1] and entry.kind != "quantity"
    ]  # fmt: skip
    resolved = {(row.question, row.domain, row.kind) for row in scoring.score(entries)}
    said = {(g.event, g.domain, g.kind) for g in sheet.groups if any(q.scored for q in g.questions)}
    assert resolved == said
    assert ("contested_orders", "all", "state") in said and len(said) > 5


def test_a_passage_that_is_known_at_the_origin_is_not_scored():
    assert questions.resolvable("independence", "first_passage", "all", 0.4)
    assert not questions.resolvable("independence", "first_passage", "all", 1.0)
    assert questions.resolvable("independence", "state", "all", 1.0)
    assert not questions.resolvable("independence", "lasting", "all", 0.4)


def test_days_follow_the_source(sheet):
    days = {
        name: {q.year: q.resolves_on for q in of(sheet, *name).questions}
        for name in (("independence", "state"), ("independence", "lasting"),
                     ("contested_orders", "state"), ("capacity_crossover", "state"))
    }  # fmt: skip
    assert days["independence", "state"][2030] == "2031-07-01"
    assert set(days["independence", "lasting"].values()) == {"2051-07-01"}
    assert days["contested_orders", "state"][2030] == "2032-07-01"
    assert int(days["contested_orders", "state"][2030][:4]) >= 2030 + scoring.LISTED_AFTER
    assert set(days["capacity_crossover", "state"].values()) == {""}


def test_history_is_what_earlier_runs_entered(store, sheet):
    before = pd.read_csv(store / "runs" / IDS[0] / "events.csv")
    before = before[(before["event"] == "export_crossover") & (before["kind"] == "state")]
    said = before.set_index("year")["probability"]
    for one in of(sheet, "export_crossover", "state").questions:
        (earlier,) = one.history
        assert earlier.run == IDS[0] and earlier.probability == pytest.approx(said[one.year])
    own = questions.sheet(store / "runs" / IDS[0], store)
    assert not any(q.history for g in own.groups for q in g.questions)


def test_a_pair_that_is_not_forecast_is_refused_with_the_cure(store):
    with pytest.raises(InputError, match=r"forecast --supplier FRA --recipient IND"):
        questions.sheet(store / "runs" / IDS[1], store, ("FRA", "IND"))
    other = questions.sheet(store / "runs" / IDS[1], store, ("FRA", "VNM"))
    assert of(other, "capacity_crossover", "state").statement == (
        "Viet Nam ahead of France in latent capacity"
    )


def test_the_command_prints_text_csv_and_json(store, sheet):
    asked = ["questions", IDS[1], "--store", store]
    text = told(*asked)
    assert text.startswith(f"Russia to China: questions of run {IDS[1]}, data to 2024")
    assert "(by 2036-07-01, scored; before: 0." in text
    rows = list(csv.DictReader(io.StringIO(told(*asked, "--csv"))))
    found = [q for g in sheet.groups for q in g.questions]
    assert [row["id"] for row in rows] == [q.id for q in found]
    assert [float(row["probability"]) for row in rows] == [q.probability for q in found]
    held = json.loads(told(*asked, "--json"))
    assert held["schema"] == questions.SCHEMA
    assert sum(len(g["questions"]) for g in held["groups"]) == len(found)


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", " =1", "\uff1dA1"])
def test_no_text_cell_is_a_formula(text):
    assert cells.literal(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-0.4 to 1.2", "-1", "+1.5 %", "A=1", "", -1.5, None])
def test_numbers_and_plain_texts_stay_as_they_are(value):
    assert cells.literal(value) == value
