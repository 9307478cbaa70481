"""Reports on other pairs than Russia and China: whom the essay is about, and what titles say."""

import pickle

import pytest

from crossover.data.names import COOLING
from crossover.reports import front_figures
from crossover.reports.context import audit
from crossover.reports.phrases import event_name
from crossover.reports.render import seen_text, template
from tests.reports import golden
from tests.reports.conftest import said, section


def claim(name, about, verdict):
    text = {key: "" for key in ("quantity", "figure", "rule", "data", "vintage", "by_vintage")}
    return text | {"claim": name, "about": about, "says": name, "verdict": verdict}


ALONE = [claim("a", "RUS", "supported"), claim("b", None, "open"), claim("c", None, "open")]
BOTH = [*ALONE, claim("d", "CHN-RUS", "contradicted"), claim("e", "CHN", "open")]


def told(numbers, claims):
    numbers["partnership"]["claims"] = claims
    return numbers


def whole(numbers):
    return seen_text(template("report.typ.j2", numbers))


def test_claims_that_are_not_about_the_pair_are_not_said_to_be(plain):
    plain["pair"]["recipient"] |= {"code": "IND", "name": "India"}
    numbers = told(plain, ALONE)
    found = audit.context(numbers)
    assert (found.of_pair, found.of_one, found.general) == (0, 1, 2)
    assert "The essay" not in section("main", numbers) and "essay" not in section("main", numbers)
    text = section("audit", numbers)
    assert "No claim of the essay is about Russia and India together." in text
    assert "The table has one about Russia alone and two about states in general." in text
    assert "It is not about this pair." in section("reading", numbers)


def test_claims_about_the_pair_are_counted_apart_from_those_about_states_in_general(plain):
    text = section("main", told(plain, BOTH))
    assert "Of the essay’s five claims, three are about Russia, China or both" in text
    assert "and two about states in general." in text
    assert "The data support one and contradict one; three they leave open." in text
    assert "No claim of the essay" not in section("audit", plain)


def test_an_audit_that_does_not_say_whom_it_is_about_is_about_the_pair(plain):
    old = [{k: v for k, v in one.items() if k != "about"} for one in BOTH]
    assert audit.context(told(plain, old)).of_pair == 5


@pytest.mark.parametrize("claims", [ALONE, BOTH])
def test_the_essay_is_named_once_in_a_report(plain, claims):
    text = whole(told(plain, claims))
    assert text.count("Petropoulos") == 1
    assert "without title, outlet and date" in text


def test_a_lead_in_every_domain_is_called_all(plain):
    for row in plain["domains"]["rows"]:
        row["now"]["probability"] = 0.1
    assert said("main", "domains_title", plain) == "Russia is likelier ahead in all ten domains"
    assert "is likelier ahead in all ten domains, most surely in" in said(
        "questions", "domains_led", plain
    )
    for row in plain["domains"]["rows"]:
        row["now"]["probability"] = 0.9
    assert said("main", "domains_title", plain) == "China is likelier ahead in all ten domains"


@pytest.mark.parametrize(
    ("probabilities", "title"),
    [((0.01, 0.11), "All conventions agree on the side: from 1 % to 11 %"),
     ((0.11, 0.99), "The convention decides: from 11 % to 99 %"),
     ((0.2, 0.3), "Every convention gives the same verdict")],
)  # fmt: skip
def test_the_convention_decides_only_where_it_does(plain, probabilities, title):
    row = plain["levels"]["rows"][0]
    plain["levels"] |= {
        "rows": [row | {"probability": p} for p in probabilities],
        "lowest": min(probabilities), "highest": max(probabilities),
    }  # fmt: skip
    assert said("main", "levels_title", plain) == title


def test_deliveries_that_peaked_of_late_did_not_fall(plain):
    plain["dependence"]["peak"] = {"year": 2023, "value": 1807.0}
    title = said("front", "story_title", plain)
    assert title.endswith("; deliveries peaked in 2023, at 1,807 million TIV")
    plain["dependence"]["peak"] = {"year": 2021, "value": 1807.0}
    assert "; deliveries fell from 1,807 million TIV in 2021" in said("front", "story_title", plain)


def test_a_move_towards_the_supplier_is_told_by_its_size(plain):
    part = {"part": "research and development", "years": 10, "mean": -0.44, "q05": -0.73,
            "q95": -0.14, "median": -0.44, "p_positive": 0.0}  # fmt: skip
    for row in plain["gap_change"]:
        if row["years"] == 10:
            row |= {key: part[key] for key in ("mean", "q05", "q95")}
    text = said("questions", "research", plain)
    assert "moved the gap by 0.44 log-odds towards Russia (90 % interval 0.14 to 0.73)" in text


def test_a_country_keeps_its_article_in_the_name_of_an_event(plain):
    numbers = golden.renamed(plain, "names")
    assert event_name(numbers, "independence") == "Independence from the United States"
    assert event_name(numbers, "independence", short=True) == "Independence from the US"
    assert event_name(plain, "independence") == "Independence from Russia"


def test_events_that_are_not_defined_have_no_row_and_share_one_reason(payloads):
    text = section("main", payloads["undefined"])
    assert text.count("since Vietnam is not among the suppliers of the sample") == 1
    assert "Exports: Vietnam ahead, 3-year mean; Contested orders: Vietnam wins more." in text


def test_exports_of_one_supplier_have_a_finding_for_a_title(payloads):
    numbers = payloads["plain"]
    numbers["exports"]["recipient"] = None
    latest = numbers["exports"]["supplier"]["past"]["value"][-1]
    assert said("main", "exports_title", numbers) == (
        f"Russia exported {latest:,.0f} million TIV a year of late; "
        "China exports too little to compare"
    )
    numbers["exports"]["supplier"] = None
    assert "too little to compare" not in section("main", numbers)


def test_a_pair_without_a_treaty_has_a_title_on_votes(plain):
    other = next(e for e in plain["events"] if e["defined"])
    plain["partnership"]["events"] = [
        pickle.loads(pickle.dumps(other)) | {"event": COOLING} if e["event"] == COOLING else e
        for e in plain["partnership"]["events"]
    ]
    assert said("main", "partner_title", plain).startswith(
        "That their votes in the UN have drifted apart in 2035 is "
    )


@pytest.mark.parametrize("count", [1, 2, 4])
def test_dots_of_few_events_are_not_cut_off(plain, count):
    """Each row of panels is as high as any other, with room for its title and its ticks."""
    led = [e for e in plain["events"] if e["event"] in front_figures.LED_WITH]
    plain["events"] = led[:count]
    height = float(front_figures.timing_dots(plain).split(b'height="')[1].split(b"pt")[0])
    rows = -(-count // 2)
    expected = front_figures.TOP + front_figures.BOTTOM + rows * front_figures.PANEL
    expected += (rows - 1) * front_figures.BETWEEN
    assert height == pytest.approx(expected / 25.4 * 72, rel=1e-3)
