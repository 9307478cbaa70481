import re

import pytest

from crossover.data.names import (
    CAPACITY_CROSSOVER_SUSTAINED,
    INDEPENDENCE,
)
from crossover.reports.context import claims, events, parameters, sources
from crossover.reports.context.capacity import context as capacity
from crossover.reports.context.deliveries import context as deliveries
from crossover.reports.context.diagnostics import context as diagnostics
from crossover.reports.render import say, seen_text, template
from tests.reports import golden


def event(payload, name):
    return next(entry for entry in payload["events"] if entry["event"] == name)


def set_event(payload, name, by_year, passage=None, lasting=None, **timing):
    """Give an event probabilities by year: {2024: p, 2030: p, 2050: p}, constant in between.

    Of its state; first passage and lasting are the same where they are not given.
    """
    entry = event(payload, name)
    given = {"state": by_year, "first_passage": passage or by_year, "lasting": lasting or by_year}
    for kind, by in given.items():
        level, found = 0.0, []
        for year in entry["year"]:
            level = by.get(year, level)
            found.append(level)
        entry["kinds"][kind] = {"probability": found, "mc_error": [0.01] * len(found)}
    level = entry["kinds"]["first_passage"]["probability"][-1]
    entry["within"], entry["never"] = level, 1 - level
    entry.update({"median": None, "q05": None, "q25": None, "q75": None, "q95": None} | timing)


def set_levels(payload, probabilities):
    rows = payload["levels"]["rows"]
    payload["levels"]["rows"] = [
        rows[at % len(rows)] | {"probability": p, "headline": at == 0}
        for at, p in enumerate(probabilities)
    ]
    payload["levels"]["lowest"] = min(probabilities, default=None)
    payload["levels"]["highest"] = max(probabilities, default=None)


def set_now(payload, probability):
    payload["levels"]["average"] |= {"probability": probability}


def test_the_change_of_the_gap_and_what_arrives_are_told(plain):
    assert "moved by 0.40 over five years" in say("capacity", "moved", plain)
    found = capacity(plain)
    assert found.years == [5, 10]
    assert [one.mean for one in found.parts["research"]] == [0.1, 0.1]
    years = deliveries(plain).years
    assert [one.year for one in years] == list(range(2025, 2036))
    assert list(years[0].below) == ["1", "100"]
    assert say("exports", "markets", plain).endswith("They are Algeria.")


def test_timing_on_few_draws_says_on_how_many(plain):
    set_event(
        plain, INDEPENDENCE, {2024: 0.0, 2040: 0.01},
        median=2044.0, q05=2040.0, q25=2041.0, q75=2046.0, q95=2050.0,
    )
    assert "on 5 draws only" in seen_text(template("timing.typ.j2", plain))


@pytest.mark.parametrize(
    ("judged", "passed", "quick", "expected"),
    [
        (True, True, False, None),
        (True, True, True, "Quick run: for trying out only."),
        (True, False, False, "Not publishable: this run failed the diagnostics gate."),
        (False, False, False, "Not publishable: this run was not judged by the diagnostics gate."),
        (True, False, True, "Not publishable: this run failed the diagnostics gate. Quick run: "
         "for trying out only."),
    ],
)
def test_the_banner_names_every_reason_not_to_publish(plain, judged, passed, quick, expected):
    plain["gate"] |= {"judged": judged, "passed": passed}
    plain["quick"] = quick
    assert (say("words", "banner", plain) or None) == expected


def test_the_key_table_ends_in_the_headline_year_and_the_rest_is_an_extrapolation(plain):
    set_event(
        plain, CAPACITY_CROSSOVER_SUSTAINED, {2024: 0.0, 2030: 0.3, 2050: 0.6},
        passage={2024: 0.0, 2030: 0.4, 2035: 0.5, 2050: 0.955}, lasting={2024: 0.0, 2035: 0.2},
        median=2031.0, q05=2026.0, q25=2026.0, q75=2038.0, q95=2047.0,
    )
    event = events.context(plain).by[CAPACITY_CROSSOVER_SUSTAINED]
    asked = [(kind, year, event.p(year, kind)) for kind, year in events.context(plain).asked]
    assert asked == [
        ("state", 2024, 0.0), ("state", 2030, 0.3), ("state", 2035, 0.3),
        ("first_passage", 2035, 0.5), ("lasting", 2035, 0.2),
    ]  # fmt: skip
    text = seen_text(template("timing.typ.j2", plain))
    assert "Extrapolation to 2050" in text
    row = "[0.60], [0.95], [0.05], [2031], [2026–2038], [2026–2047],"
    assert row in text


def test_years_at_the_origin_are_marked_as_earlier_too(payloads):
    text = seen_text(template("timing.typ.j2", payloads["crossed"]))
    assert "[≤2024], [≤2024], [≤2024]," in text


def test_every_claim_carries_the_verdict_of_its_probability(plain):
    for claim, verdict in zip(
        plain["claims"], ("supported", "contradicted", "open", "untested"), strict=False
    ):
        claim["verdict"] = verdict
    text = seen_text(template("claims.typ.j2", plain))
    words_ = ("supported", "contradicted", "left open", "not tested")
    assert [text.count(f", [{word}],") for word in words_] == list(
        map([row.verdict for row in claims.context(plain).rows].count,
            ("supported", "contradicted", "open", "untested"))
    )  # fmt: skip
    assert "11 links" in say("claims", "summary", plain)


def test_a_record_is_not_written_as_a_probability(plain):
    first = claims.context(plain).rows[0]
    assert say("claims", "test", plain, first) == "in 2024, on record"
    assert say("claims", "chance", plain, first) == "yes"


def test_every_parameter_is_in_exactly_one_topic(plain):
    shown = [row.name for topic in parameters.context(plain) for row in topic.rows]
    assert sorted(shown) == sorted(p["name"] for p in plain["parameters"])


def test_a_posterior_wider_than_its_prior_is_said_to_be(plain):
    plain["parameters"][0]["contraction"] = -0.2
    rows = {row.name: row for topic in parameters.context(plain) for row in topic.rows}
    first = rows[plain["parameters"][0]["name"]]
    assert say("parameters", "change", plain, first) == "20 % wider"


def test_an_unknown_check_of_the_gate_is_still_readable(plain):
    plain["gate"]["checks"] = [
        {"name": "tree_depth", "value": None, "threshold": 10, "passed": False, "where": ["a", "b"]}
    ]
    plain["gate"]["passed"] = False
    assert diagnostics(plain).checks[0].where == "a, b"
    assert "(Tree depth)" in say("diagnostics", "verdict", plain)
    text = seen_text(template("diagnostics.typ.j2", plain))
    assert "[Tree depth], [unknown], [ 10], [a, b], [FAILED]," in text


@pytest.mark.parametrize("name", ["plain", "never", "crossed", "undefined", *golden.PAIRS])
def test_no_text_has_a_hole_in_it(name):
    text = golden.stored(name)
    assert "None" not in text
    assert not {"nan", "inf"} & set(text.split())
    assert "{" not in text
    assert "\\" not in text


def test_every_symbol_of_the_tables_is_explained(plain):
    terms = " ".join(re.findall(r"term: \[(.*?)\]", template("reading.typ.j2", plain)))
    for symbol in ("θ", "Log-odds", "TIV", "Origin", "horizon", "R-hat", "ESS", "E-BFMI"):
        assert symbol in terms


def test_words_do_not_depend_on_the_order_of_calls(plain):
    assert template("report.typ.j2", plain) == template("report.typ.j2", plain)


def test_no_parameter_is_left_without_a_topic(plain):
    assert "Other" not in {topic.title for topic in parameters.context(plain)}


def test_a_series_is_listed_once_and_only_if_a_model_uses_it(plain):
    plain["sources"]["vintages"] |= {
        "country_years/researchers": "2026-02-24", "orders/orders": "2025-03-13"
    }
    plain["sources"]["variables"] += [
        {"name": "gdp_observed", "long_name": "GDP again", "units": "$", "source": "World Bank"},
        {"name": "war", "long_name": "War", "units": "1", "source": "supplier_wars, compiled"},
    ]
    plain["sources"]["covariates"] = ["ideal_point", "embargo", "ally"]
    rows = sources.context(plain).series
    assert [row.title for row in rows] == [
        "R&D expenditure", "Gross domestic product", "Deliveries of major conventional arms", "War"
    ]
    assert "2026-04-08" in rows[1].source
    assert say("sources", "assumed", plain, rows[2].assumed) == "none"
    assert (rows[3].unit, rows[3].source, rows[3].assumed) == ("", "Compiled", None)
    text = seen_text(template("sources.typ.j2", plain))
    assert "Arms embargoes and defence pacts: compiled" in text


@pytest.mark.parametrize(
    "said",
    [
        "goes on from its present level",
        "No skill over simple persistence",
        "bounded by its share in the exports of the rest",
        "it is weakly known",
        "a rate that is a prior",
        "New wars, embargoes and pacts are not foreseen",
        "population grows on as in its last five years",
    ],
)
def test_the_limits_are_said(plain, said):
    assert said in seen_text(template("limits.typ.j2", plain))


def test_the_check_against_past_orders_is_said(plain):
    plain["dependence"]["past_check"] = {"periods": 11, "within_50": 6, "within_90": 10}
    caption = seen_text(template("deliveries.typ.j2", plain))
    assert "The orders of 10 of 11 three-year periods lie within the 90 % band" in caption
    assert "of 6 within the 50 % band" in caption
    assert "hold about 10 and 6" in caption


def test_differing_scales_of_timing_are_said(plain):
    for entry in plain["events"]:
        entry["in_year"], entry["never"] = [0.3, 0.3], 0.4
    assert "scales differ" not in seen_text(template("timing.typ.j2", plain))
    plain["events"][3]["in_year"], plain["events"][3]["never"] = [0.1] * 10, 0.0
    assert "The scales differ." in seen_text(template("timing.typ.j2", plain))
