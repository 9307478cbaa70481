"""The first pages: what they answer, in which words, how long their sentences are."""

import pickle
import re
from statistics import median

import pytest

from crossover.data.errors import InputError
from crossover.data.names import CAPACITY_CROSSOVER, EXPORT_CROSSOVER, INDEPENDENCE
from crossover.reports import build
from crossover.reports.context import answers, likelihood
from crossover.reports.front_figures import quantile_dots
from crossover.reports.numerals import chance
from crossover.reports.render import check_overlay, say, seen_text, template
from tests.reports import golden
from tests.reports.conftest import pages
from tests.synthetic import KINDS

QUESTIONS = (
    ("is ahead in 2030, and for good?", r"In 2030 {r} is ahead of {s} with a probability of"),
    ("lead, and how surely?",
     r"(is likelier ahead in (\w+ of|all) \w+ domains[:,]|In none of the)"),
    ("and do they stay there?", r"(That they stay below it from 2035 to 2050 has|no old level)"),
    ("What changed since the last edition?", r"This run was not compared with an earlier edition"),
    ("How good were past forecasts?", r"No record of past forecasts comes with this run"),
    ("What does R&D do?", r"whose own R&D grows gains military technology"),
    ("Will the partnership break by 2035?", r"This run holds no model of partnerships"),
    ("a rapprochement with the United States change?", r"No such scenario was run"),
    ("Which data, and up to when?", r"The last year of data is 2024"),
    ("What would show this to be wrong?", r"(would move one answer by ten points|No figure due)"),
)
"""Each question, and its answer in a run without a backtest, a partnership or scenarios."""
OF_SUPPLIERS = (
    "From whom does {r} get its arms?",
    r"In 2015–2024 {s} delivered \S+ % of its arms by volume. In 2025–2034 it is expected to",
)
"""What is asked instead of a scenario that was not run, where the run holds suppliers."""


@pytest.fixture(scope="module")
def texts(_payloads, quick):
    return {kind: pages(quick(pickle.loads(frozen), kind)) for kind, frozen in _payloads.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_ten_questions_are_answered_within_four_pages(texts, payloads, kind):
    early = " ".join(texts[kind][:4])
    pair = payloads[kind]["pair"]
    names = {"r": pair["recipient"]["name"], "s": pair["supplier"]["name"]}
    for question, answer in QUESTIONS:
        if "rapprochement" in question and payloads[kind]["sourcing"]["suppliers"]:
            question, answer = OF_SUPPLIERS
        _, asked, rest = early.partition(question.replace("{r}", names["r"]))
        assert asked, question
        expected = answer.replace("{r}", names["r"]).replace("{s}", names["s"])
        assert re.search(expected, rest[:400]), (question, rest[:400])


@pytest.mark.parametrize("kind", KINDS)
def test_the_main_part_has_at_most_ten_pages(texts, kind):
    first = next(i for i, text in enumerate(texts[kind]) if "A How to read the numbers" in text)
    assert first <= 10


def sentences(name, payload):
    """Return the sentences of a template, without headings, cells and code."""
    found = template(f"{name}.typ.j2", payload)
    code = re.compile(r"^[ \t]*(#|=|alt:|source:|states:|columns:).*$", re.MULTILINE)
    found = code.sub("\n", found)
    for part in re.split(r"\n\s*\n|[\[\]]", found):
        for one in re.split(r"(?<=[.?!])[*_]?\s+", seen_text(part).replace("*", "")):
            if re.search(r"[a-z].*[.?!]$", one):
                yield one


@pytest.mark.parametrize("kind", [*KINDS, *golden.PAIRS])
def test_sentences_of_the_main_part_are_short(_payloads, kind):
    numbers = pickle.loads(_payloads["plain" if kind in golden.PAIRS else kind])
    if kind in golden.PAIRS:
        numbers = golden.renamed(numbers, kind)
    said = [one for name in ("front", "questions", "main") for one in sentences(name, numbers)]
    lengths = [len(re.findall(r"[^\s]*\w[^\s]*", one)) for one in said]
    assert len(said) > 60
    assert max(lengths) <= 30, said[lengths.index(max(lengths))]
    assert median(lengths) < 18


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_page_says_its_message_in_150_words(payloads, kind):
    parts = ("ahead", "dependence", "others")
    said = " ".join(say("front", part, payloads[kind]) for part in parts)
    assert 20 < len(said.split()) <= 150


@pytest.mark.parametrize("kind", KINDS)
def test_no_monte_carlo_error_and_no_code_stands_in_the_main_part(texts, payloads, kind):
    first = next(i for i, text in enumerate(texts[kind]) if "A How to read the numbers" in text)
    main = " ".join(texts[kind][:first])
    assert "Monte" not in main and "MC error" not in main
    codes = "|".join(one["code"] for one in payloads[kind]["pair"].values())
    assert not re.search(rf"\b({codes})\b", main)


def test_the_key_is_printed_and_every_word_keeps_to_it(texts):
    assert "likely ≥ 66 %" in texts["plain"][0]
    bounds = {
        0.995: "virtually_certain", 0.99: "virtually_certain", 0.9: "very_likely",
        0.66: "likely", 0.6551: "likely", 0.6549: "even", 0.5: "even", 0.3351: "even",
        0.3349: "unlikely", 0.33: "unlikely", 0.1: "very_unlikely", 0.01: "exceptionally_unlikely",
    }  # fmt: skip
    # Judged as it is printed: 0.6551 is printed as 66 %.
    for probability, word in bounds.items():
        assert likelihood.word(probability) == word


@pytest.mark.parametrize(
    ("low", "high", "skill", "level"),
    [
        (0.1, 0.9, "better", "low"),
        (0.7, 0.85, "better", "high"),
        (0.55, 0.95, "better", "medium"),
        (0.7, 0.85, "unknown", "medium"),
        (None, None, "better", "high"),
        (None, None, "alike", "medium"),
        (None, None, "worse", "low"),
        (0.7, 0.85, "worse", "low"),
    ],
)
def test_confidence_follows_its_rule(low, high, skill, level):
    assert likelihood.confidence(low, high, skill).level == level


@pytest.mark.parametrize(
    ("now", "soon", "expected"),
    [
        (0.97, 0.7, "China is very likely ahead of Russia in military technology; deliveries from "
         "Russia will likely be below 5 % of their old level in 2030"),
        (0.02, 0.3, "Russia is very likely ahead of China in military technology; deliveries from "
         "Russia will likely be above 5 % of their old level in 2030"),
        (0.5, 0.5, "Neither Russia nor China is clearly ahead in military technology; how much "
         "Russia will deliver in 2030 is open"),
    ],
)
def test_the_title_is_the_finding(plain, now, soon, expected):
    by_name = {entry["event"]: entry for entry in plain["events"]}
    for name, p in ((CAPACITY_CROSSOVER, now), (INDEPENDENCE, soon)):
        state = by_name[name]["kinds"]["state"]
        state["probability"] = [p] * len(state["probability"])
    assert say("front", "headline", plain) == expected


def test_an_event_that_is_not_defined_is_said_to_be(payloads):
    text = seen_text(template("main.typ.j2", payloads["undefined"]))
    assert "Exports are not compared: Vietnam is not among the suppliers of the sample." in text
    assert "is not on record as having delivered arms to Vietnam" in say(
        "front", "dependence", payloads["undefined"]
    )


def test_a_figure_printed_in_words_and_in_the_table_is_one_value(texts, plain):
    found = answers.context(plain)
    early = " ".join(texts["plain"])
    for answer in (found.capacity, found.dependence, found.exports):
        for p in (answer.soon, answer.lasting):
            assert early.count(chance(p)) >= 2
    assert found.exports.event == EXPORT_CROSSOVER


def test_a_threshold_is_of_a_figure_of_next_year_and_moves_ten_points(plain):
    for row in plain["next_year"]:
        assert abs(row["probability"] - row["now"]) >= 0.1
    found = answers.context(plain).thresholds
    assert all(one.chance >= 0.05 for one in found)
    assert len({one.event for one in found}) == len(found)


def test_twenty_dots_stand_for_the_whole_probability(plain):
    for entry in plain["events"]:
        years, never = quantile_dots(entry)
        assert len(years) + never == 20
        assert abs(never / 20 - entry["never"]) <= 0.05


def test_a_brief_has_two_pages(runs, drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(build.figures, "draw", lambda numbers: drawn["plain"])
    path = build.build(runs["plain"], out=tmp_path / "brief.pdf", brief=True)
    told = pages(path.read_bytes())
    assert len(told) == 2
    assert "What would change our mind" in told[0] and "Ten questions" in told[1]


def test_a_template_of_ones_own_stands_in_for_the_shipped_one(plain, tmp_path):
    (tmp_path / "limits.typ.j2").write_text("= Limits of mine\n\nNone for {{ r }}.\n", "utf-8")
    folder = check_overlay(tmp_path)
    assert "None for China." in template("limits.typ.j2", plain, folder)
    assert "Limits of mine" in template("report.typ.j2", plain, folder)


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("mine.typ.j2", "", "is no template of the report"),
        ("limits.typ.j2", "\n{{ nothing_of_the_kind }}", "line 2: 'nothing_of_the_kind' is undef"),
        ("limits.typ.j2", "{% if r %}", "line 1: "),
        ("limits.typ.j2", "{{ answers.rapprochement }}", "line 1: a template prints a value that"),
    ],
)
def test_a_template_that_cannot_be_used_is_named_with_its_line(plain, tmp_path, name, text, fault):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(InputError, match=re.escape(name)) as error:
        template("report.typ.j2", plain, check_overlay(tmp_path))
    assert fault in str(error.value)
