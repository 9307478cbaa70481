"""The report of the partnership, from small payloads and from a run that has its tables."""

import numpy as np
import pandas as pd
import pytest

from crossover.data.names import COOLING, DOWNTURN, INCIDENT, PARTNERSHIP_EVENTS
from crossover.forecast.events import kinds_of
from crossover.models.covariates import THESIS
from crossover.reports import figures, partnership_figures, payload
from crossover.reports.context import audit, partnership, scenarios
from tests import synthetic
from tests.reports.conftest import cells, section
from tests.reports.conftest import said as told

EFFECTS = (*THESIS, "common_rival", "junior_falling")
SCENARIOS = ("rapprochement", "own")
HEAD = '[scenario]\ntitle = "{0}"\ndescription = "What {0} sets."\n'


def add(folder, *, treaty=True):
    """Put invented tables of the partnership into a run folder."""
    rng = np.random.default_rng(4)
    rows = [
        {"effect": e, "unit": "", "thesis": e in THESIS, "median": 1.2, "q05": 0.8, "q25": 1.0,
         "q75": 1.5, "q95": 1.9, "p_positive": 0.99 if e == "speed" else 0.6, "prior_q05": 0.4,
         "prior_median": 1.0, "prior_q95": 2.4, "supported": False, "outcome": outcome}
        for outcome in (DOWNTURN, INCIDENT) for e in EFFECTS
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "partnership_effects.csv", index=False)
    pd.DataFrame(
        [
            {"treaty": 100 + k, "pairs": "AAA-BBB", "pair_years": 9, "events": 1, "effect": "speed",
             "with": 0.5, "without": 0.5 - 0.01 * k, "shift": -0.05 * k, "p_positive_without": 0.8,
             "khat": 0.3, "refitted": False}
            for k in range(12)
        ]
    ).to_csv(folder / "partnership_influence.csv", index=False)  # fmt: skip
    pd.DataFrame(
        [
            {"group": "all", "name": "all", "years": 190, "observed": 250, "expected": 251.3,
             "q05": 220, "q95": 285, "inside_50": 0.5, "inside_90": 0.91, "nominal_error_90": 0.02}
        ]
    ).to_csv(folder / "partnership_checks.csv", index=False)  # fmt: skip
    pd.DataFrame(
        [{"decile": k + 1, "pair_years": 700, "expected": 7, "observed": 5, "q05": 2, "q95": 13,
          "inside": k != 1} for k in range(10)]
    ).to_csv(folder / "partnership_calibration.csv", index=False)  # fmt: skip
    pd.DataFrame([{"unit": "pair_years", "cooled": 0.06}, {"unit": "pairs", "cooled": 0.4}]).to_csv(
        folder / "partnership_votes.csv", index=False
    )
    facts = {"reasons": {}, "treaty": "4980", "allied_since": 2001, "disputes": [2009, 2012],
             "last_dispute_year": 2014, "last_treaty_year": 2018, "treaty_ratio": 2.1}  # fmt: skip
    if not treaty:
        reason = "no treaty of partnership between Russia and China is on record"
        facts = {"reasons": {DOWNTURN: reason, INCIDENT: reason}}
    synthetic_json(folder / "partnership_pair.json", facts)
    hand = [("intercept", 1.0, -4.0, -4.0), ("speed", -0.1, 0.5, -0.05),
            ("treaty: 4980", 1.0, 0.7, 0.7), ("sum", None, None, -3.35),
            ("hazard", None, None, 0.0345)]  # fmt: skip
    pd.DataFrame(hand, columns=["term", "value", "coefficient", "product"]).assign(
        year=2023
    ).to_csv(folder / "partnership_by_hand.csv", index=False)
    happens = [COOLING] if not treaty else list(PARTNERSHIP_EVENTS)
    events, timing = (pd.read_csv(folder / f"{n}.csv") for n in ("events", "timing"))
    pair = {k: events.loc[0, k] for k in ("supplier", "recipient")}
    years = np.arange(synthetic.ORIGIN, synthetic.HORIZON + 1)
    more, times = [], []
    for event in happens:
        for name in ("baseline", *SCENARIOS):
            chance = 1 - np.exp(-rng.uniform(0.01, 0.05) * (years - synthetic.ORIGIN))
            shared = {"event": event, "domain": "all", **pair, "scenario": name}
            more += [shared | {"kind": kind, "year": y, "probability": p, "mc_error": 0.01}
                     for kind in kinds_of(event)
                     for y, p in zip(years, chance, strict=True)]  # fmt: skip
            times.append(shared | {"probability_within_horizon": chance[-1], "median_year": 2036,
                                   "q05": 2026, "q25": 2030, "q75": 2044, "q95": 2049,
                                   "horizon": synthetic.HORIZON})  # fmt: skip
    pd.concat([events, pd.DataFrame(more)]).to_csv(folder / "events.csv", index=False)
    pd.concat([timing, pd.DataFrame(times)]).to_csv(folder / "timing.csv", index=False)
    differences = [
        {"kind": kinds_of(event)[0], "name": event, "domain": "all", "scenario": name,
         "year": year, "baseline": 0.4, "difference": 0.03, "mc_error": 0.004, "q05": None,
         "q95": None}
        for event in happens for name in SCENARIOS for year in (2030, 2035, 2050)
    ] + [
        {"kind": "quantity", "name": "capacity gap", "domain": "all", "scenario": name,
         "year": 2035, "baseline": 0.5, "difference": -0.1, "mc_error": None, "q05": -0.4,
         "q95": 0.2} for name in SCENARIOS
    ]  # fmt: skip
    pd.DataFrame(differences).to_csv(folder / "scenario_differences.csv", index=False)
    synthetic_json(
        folder / "scenarios.json",
        {name: HEAD.format(name) for name in ("baseline", *SCENARIOS)},
    )
    claims = [
        {"claim": name, "says": f"Claim {name} isn't typed", "quantity": "P(RUS to CHN)",
         "figure": "-0.10 ± 0.01", "value": -0.1, "error": 0.01, "verdict": verdict,
         "rule": "a rule", "data": "a source", "vintage": "2026-02-12", "by_vintage": moved}
        for name, verdict, moved in (
            ("approach_the_junior", "supported", ""), ("other", "contradicted", "from 2020: open"),
            ("trade_binds", "open", ""),
        )
    ]  # fmt: skip
    pd.DataFrame(claims).to_csv(folder / "claims.csv", index=False)
    return folder


def synthetic_json(path, content):
    import json

    path.write_text(json.dumps(content), "utf-8")


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return add(synthetic.make_run(tmp_path_factory.mktemp("partner") / "run", draws=60))


@pytest.fixture(scope="module")
def numbers(full):
    return payload.collect(full)


def test_a_run_without_fits_of_partnerships_says_so(tmp_path):
    found = payload.collect(synthetic.make_run(tmp_path / "run", draws=30))
    assert not found["partnership"]["known"]
    assert "holds no fit of partnerships" in section("partnership", found)
    assert "No model of the partnership" in section("limits", found)
    assert not any(figures.has(found, key) for key in figures.ALL if key.startswith("partnership"))
    claim = next(c for c in found["claims"] if c["claim"] == "downturn")
    assert claim["verdict"] == "untested"


def test_the_report_of_a_partnership_is_set_and_the_same_twice(numbers, quick):
    keys = [key for key in partnership_figures.ALL if figures.has(numbers, key)]
    assert keys
    for key in keys:
        assert figures.ALL[key](numbers) == figures.ALL[key](numbers), key
    assert quick(numbers) == quick(numbers)


def test_the_first_page_says_whether_the_thesis_foretells_downturns(numbers):
    cross = [
        {"better": better, "than": than, "difference": d, "treaties_q05": d - 10,
         "treaties_q95": d + 10, "decades_q05": d - 12, "decades_q95": d + 9, "beats": d > 12,
         "made": "2026-11-24", "command": "crossover sensitivity partnership"}
        for better, than, d in (("controls", "era", 20.0), ("full", "controls", -1.8))
    ]  # fmt: skip
    own = numbers | {"partnership": numbers["partnership"] | {"cross": cross}}
    said = told("partnership_words", "headline", own)
    assert "controls beat a constant hazard by era: they add 20.0" in said
    assert "does not improve the forecast" in said
    assert "−1.8 (90 % interval −13.8 to 8.2)" in said
    cross[0]["difference"], cross[0]["decades_q05"] = 1.0, -5.0
    said = told("partnership_words", "headline", own)
    assert "do not surely beat a constant hazard by era" in said


def test_the_history_is_counted_by_era_so_that_a_reader_can_check(numbers):
    rates = [
        {"outcome": DOWNTURN, "era": era, "pair_years": n, "events": k,
         "rate": k / n if n else None, "q05": 0.002, "q95": 0.005}
        for era, n, k in (("all", 7000, 100), ("after", 4000, 12), ("concert", 0, 0))
    ]  # fmt: skip
    own = numbers | {"partnership": numbers["partnership"] | {"rates": rates}}
    rows = [row for row in cells(section("partnership", own)) if row[-1] == "0.20 to 0.50"]
    assert rows == [
        ["Downturn", "All years", "7,000", "100", "1.43", "0.20 to 0.50"],
        ["Downturn", "Since 1990", "4,000", "12", "0.30", "0.20 to 0.50"],
    ]


def test_the_report_says_what_the_disputes_on_record_do(numbers):
    disputes = [
        {"outcome": outcome, "by": by, "with": 0.2, "without": 0.1}
        for outcome in (DOWNTURN, INCIDENT) for by in (2030, 2035)
    ]  # fmt: skip
    own = numbers | {"partnership": numbers["partnership"] | {"disputes": disputes}}
    said = section("partnership", own)
    assert "by 2035 move thus: downturn 0.200 with them and 0.100 without" in said
    assert "it is an incident, not a downturn" in said
    none = numbers | {"partnership": numbers["partnership"] | {"disputes": []}}
    assert "Fitted without" not in section("partnership", none)


def test_an_effect_that_is_barely_sure_is_not_counted(numbers):
    assert [row["effect"] for row in partnership.context(numbers).effects.firm] == ["speed"]
    said = told("partnership_words", "effects", numbers)
    assert "one has a sign that is sure" in said and "speed of change" in said
    assert partnership.beyond(0.99) and partnership.beyond(0.01)
    # 0.96 is sure at 95 %, but not by two Monte-Carlo errors of 400 draws.
    assert not partnership.beyond(0.96)
    unsure = [row | {"p_positive": 0.6} for row in numbers["partnership"]["effects"]]
    own = numbers | {"partnership": numbers["partnership"] | {"effects": unsure}}
    assert "names, none has a sign that is sure" in (
        told("partnership_words", "effects", own)
    )


def test_the_cautions_are_printed(numbers):
    said = section("partnership", numbers)
    for words_ in ("2009 and 2012", "2.10", "2014 (disputes)", "not calibrated", "6.0 %",
                   "no part of the hazard", "assumed to go on"):  # fmt: skip
        assert words_ in said


def test_a_pair_without_a_treaty_is_told_so(tmp_path, quick):
    run = add(synthetic.make_run(tmp_path / "run", draws=30), treaty=False)
    found = payload.collect(run)
    said = section("partnership", found)
    assert "No treaty of partnership between Russia and China is on record. Of Russia and" in said
    assert [(one.event, one.kind) for one in partnership.context(found).answers] == [
        (COOLING, "state"), (COOLING, "first_passage"), (COOLING, "lasting")
    ]  # fmt: skip
    assert ["Cooling of votes", "holds from then on"] in [row[:2] for row in cells(said)]
    assert "Downturn: no treaty of partnership between Russia and China is on record." in said
    quick(found)


def test_differences_stand_beside_each_probability(numbers):
    found = partnership.context(numbers)
    assert found.years == (2030, 2035, 2050)
    # What happens once is told as such alone, what is a state in all three kinds.
    assert [one.kind for one in found.answers[:3]] == ["first_passage", "first_passage", "state"]
    assert [one.passage is not None for one in found.answers[:3]] == [True, True, False]
    judged = scenarios.context(numbers)
    assert [head["title"] for head in judged.heads] == ["rapprochement", "own"]
    assert judged.year == 2035 and len(judged.events) == 3 * len(PARTNERSHIP_EVENTS)
    rows = cells(section("scenarios", numbers))
    assert [row[-1] for row in rows].count("+0.030 ± 0.004") == len(judged.events)
    assert ["Gap of capacity, log-odds", "0.500", *["−0.10 (−0.40 to 0.20)"] * 2] in rows


@pytest.mark.parametrize(
    ("changes", "words_"),
    [
        ((0.01, 0.02, -0.131), "The largest change is −13 points: incident under “own” in 2035"),
        ((0.174, 0.02, -0.1), "The largest change is 17 points: downturn under “rapprochement” in"),
        ((0.004, -0.002, 0.0), "No other world changes these probabilities by a point"),
    ],
)
def test_the_chart_of_scenarios_is_headed_by_the_largest_change(numbers, changes, words_):
    first, second, third = changes
    curves = [
        {"event": DOWNTURN, "year": [2030, 2035],
         "lines": {"rapprochement": [0.0, first], "own": [second, 0.0]}},
        {"event": INCIDENT, "year": [2030, 2035],
         "lines": {"rapprochement": [0.0, 0.0], "own": [0.0, third]}},
    ]  # fmt: skip
    part = numbers["partnership"]
    given = numbers | {
        "partnership": part | {"scenarios": part["scenarios"] | {"curves": curves}}
    }
    assert words_ in section("main", given)


def test_the_hand_example_is_printed_as_it_adds_up(numbers):
    assert [one.kind for one in partnership.context(numbers).hand] == [
        "effect", "effect", "treaty", "sum", "hazard"
    ]  # fmt: skip
    rows = cells(section("partnership", numbers))[-5:]
    assert rows[0] == ["Intercept", "1.000", "−4.000", "−4.000"]
    assert rows[2] == ["Their treaty’s own effect (ATOP 4980)", "1.000", "+0.700", "+0.700"]
    assert rows[3] == ["Sum", "", "", "−3.350"] and rows[4][-1] == "0.0345"


def test_the_audit_prints_names_rules_and_releases(numbers):
    found = audit.context(numbers)
    first = found.claims[0]
    assert (first.says, first.quantity) == (
        "Claim approach_the_junior isn’t typed", "P(Russia to China)"
    )  # fmt: skip
    text = section("audit", numbers)
    assert "[Claim approach_the_junior isn’t typed], [P(Russia to China)], [−0.10 ± 0.01]" in text
    assert "one supported, one contradicted and one left open" in text
    assert "([Claim other isn’t typed], [from 2020: open])" in text
    assert "Rules: a rule." in text
    told = [claim.name for claim in scenarios.context(numbers).advice]
    assert told == ["approach_the_junior", "trade_binds"]
    others = {"count": 2, "about": ["India", "Japan"]}
    own = numbers | {"partnership": numbers["partnership"] | {"other_claims": others}}
    assert "Two more claims are about India and Japan and not printed" in section("audit", own)
