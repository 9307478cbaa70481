import pytest

from data.names import (
    CAPACITY_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED,
    EVENTS,
    EXPORT_CROSSOVER,
    INDEPENDENCE,
)
from reports import words


def event(payload, name):
    return next(entry for entry in payload["events"] if entry["event"] == name)


def set_event(payload, name, by_year, **timing):
    """Give an event a probability by year: {2024: p, 2030: p, 2050: p}, constant in between."""
    entry, level = event(payload, name), 0.0
    entry["probability"] = []
    for year in entry["year"]:
        level = by_year.get(year, level)
        entry["probability"].append(level)
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


def set_now(payload, probability, error=0.01):
    payload["capacity"]["now"] = {"probability": probability, "mc_error": error}


def everything(value):
    if isinstance(value, dict):
        return [text for inner in value.values() for text in everything(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in everything(inner)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(
    ("probability", "start", "number"),
    [
        (0.97, "The data support that China was ahead of Russia", "0.97 (Monte Carlo"),
        (0.5, "The data leave open whether China was ahead of Russia", "0.50 (Monte Carlo"),
        (0.03, "The data speak against China having been ahead of Russia", "0.03 (Monte Carlo"),
        (0.0, "The data speak against China having been ahead", "<0.01 (none of 480 draws)"),
        (1.0, "The data support that China was ahead", ">0.99 (all of 480 draws)"),
        (None, "This run cannot say whether China was ahead", "in 2024."),
    ],
)
def test_the_lead_follows_the_rule_of_verdicts(plain, probability, start, number):
    set_now(plain, probability)
    text = words.lead(plain)
    assert text.startswith(start)
    assert number in text


def test_the_lead_says_so_when_the_monte_carlo_error_is_unknown(plain):
    set_now(plain, 0.4, None)
    assert "standard error not given" in words.lead(plain)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.2, 0.4, 0.6], "three defensible ones, on the same data, put this probability between "
         "0.20 and 0.60 (Table 2); under every one of them it is left open."),
        ([0.96, 0.99], "under every one of them it is supported."),
        ([0.01, 0.04], "under every one of them it is contradicted."),
        ([0.0, 0.0], "at <0.01 throughout"),
        ([0.97, 0.4, 0.3, 0.02], "it is supported under one, left open under two and contradicted "
         "under one, so the convention decides the answer."),
        ([0.4], "holds no alternative"),
        ([], "holds no alternative"),
    ],
)
def test_the_headline_says_how_far_it_is_convention(plain, probabilities, expected):
    set_levels(plain, probabilities)
    assert expected in words.levels_sentence(plain)


def test_an_outlook_gives_the_probability_of_never_beside_every_date(plain):
    set_event(
        plain, CAPACITY_CROSSOVER, {2024: 0.2, 2030: 0.45, 2050: 0.72},
        median=2031.0, q05=2024.0, q25=2026.0, q75=2038.0, q95=2047.0,
    )
    assert words.outlook(plain, CAPACITY_CROSSOVER) == (
        "The probability that China overtakes Russia in latent capacity is 0.45 by 2030 and 0.72 "
        "by 2050; with probability 0.28 it does not happen by 2050. If it happens by then, the "
        "median year is 2031 (90 % interval from 2024 or earlier to 2047)."
    )


def test_an_outlook_without_any_draw_gives_no_date(plain):
    set_event(plain, EXPORT_CROSSOVER, {2024: 0.0})
    text = words.outlook(plain, EXPORT_CROSSOVER)
    assert "is <0.01 by 2030 and <0.01 by 2050; with probability >0.99 it does not happen" in text
    assert "median" not in text


def test_an_outlook_on_few_draws_says_on_how_many(plain):
    set_event(
        plain, INDEPENDENCE, {2024: 0.0, 2040: 0.01},
        median=2044.0, q05=2040.0, q25=2041.0, q75=2046.0, q95=2050.0,
    )
    assert "on 5 draws only" in words.outlook(plain, INDEPENDENCE)


def test_what_has_happened_already_is_said_in_the_past_and_on_record(plain):
    timing = dict.fromkeys(("median", "q05", "q25", "q75", "q95"), 2024.0)
    set_event(plain, INDEPENDENCE, {2024: 1.0}, **timing)
    assert words.outlook(plain, INDEPENDENCE) == (
        "By 2024 Russia’s deliveries to China had fallen below 5 % of their 2000–2009 mean "
        "(three-year mean); this is on record, and so holds in every draw."
    )
    set_event(plain, CAPACITY_CROSSOVER, {2024: 1.0}, **timing)
    assert "on record" not in words.outlook(plain, CAPACITY_CROSSOVER)


def test_an_event_that_is_not_defined_says_why(payloads):
    payload = payloads["undefined"]
    assert words.outlook(payload, EXPORT_CROSSOVER).endswith(
        "is not defined: Vietnam is not among the suppliers of the sample."
    )
    assert "France is not on record as having delivered" in words.outlook(payload, INDEPENDENCE)
    payload["pair"]["supplier"]["exporter"] = False
    assert "Vietnam and France are not among the suppliers" in words.outlook(
        payload, EXPORT_CROSSOVER
    )
    table = words.key_table(payload)
    assert [row[1] for row in table["rows"]][2:] == ["–", "–"]
    assert len(table["notes"]) == 3


def test_exports_that_crossed_and_crossed_back_on_record_are_told_as_that(plain):
    for role, values in (("recipient", [2.0, 5.0, 3.0]), ("supplier", [4.0, 4.0, 4.0])):
        plain["exports"][role]["past"] = {"year": [2022, 2023, 2024], "value": values}
    said = "arms exports was above Russia’s last in 2023; in 2024 it was below."
    assert words.reversal(plain).endswith(said)
    assert words.reversal(plain) in " ".join(words.headline(plain))
    plain["exports"]["recipient"]["past"]["value"] = [2.0, 3.0, 5.0]
    assert words.reversal(plain) == ""
    plain["exports"]["recipient"]["past"]["value"] = [None, 3.0, 3.5]
    assert words.reversal(plain) == ""
    plain["exports"]["supplier"] = None
    assert words.reversal(plain) == ""


def test_a_country_without_exports_is_flagged_in_the_first_paragraph(payloads):
    assert words.exporters_note(payloads["plain"]) == ""
    assert "no orders show its level" in words.headline(payloads["undefined"])[0]


def test_countries_with_an_article_or_a_final_s_are_written_properly(plain):
    plain["pair"]["supplier"]["name"] = "United States"
    plain["pair"]["recipient"]["name"] = "Netherlands"
    assert words.title(plain)[0] == "The United States and the Netherlands"
    set_event(plain, EXPORT_CROSSOVER, {2024: 0.2})
    text = words.outlook(plain, EXPORT_CROSSOVER)
    assert "the Netherlands’ arms exports exceed the United States’ " in text


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
    assert words.banner(plain) == expected


def test_the_key_table_shows_the_draws_that_never_get_there(plain):
    set_event(
        plain, CAPACITY_CROSSOVER_SUSTAINED, {2024: 0.0, 2030: 0.3, 2050: 0.955},
        median=2031.0, q05=2026.0, q25=2026.0, q75=2038.0, q95=2047.0,
    )
    row = words.key_table(plain)["rows"][1]
    assert row[1:9] == ["<0.01", "0.30", "0.30", "0.95", "0.05", "2031", "2026–2038", "2026–2047"]


def test_years_at_the_origin_are_marked_as_earlier_too(payloads):
    row = words.key_table(payloads["crossed"])["rows"][0]
    assert row[6:9] == ["≤2024"] * 3


def test_every_claim_carries_the_verdict_of_its_probability(plain):
    for claim, verdict in zip(
        plain["claims"], ("supported", "contradicted", "open", "untested"), strict=False
    ):
        claim["verdict"] = verdict
    verdicts = [row[3] for row in words.claims_table(plain)["rows"]]
    assert verdicts[:4] == ["supported", "contradicted", "left open", "not tested"]
    assert verdicts[-1] == "not tested"
    assert "11 links" in words.claims_summary(plain)


def test_a_record_is_not_written_as_a_probability(plain):
    row = words.claims_table(plain)["rows"][0]
    assert row[1:3] == ["in 2024, on record", "yes"]


def test_every_parameter_is_in_exactly_one_topic(plain):
    shown = [row["name"] for group in words.parameter_groups(plain) for row in group["rows"]]
    assert sorted(shown) == sorted(p["name"] for p in plain["parameters"])


def test_a_posterior_wider_than_its_prior_is_said_to_be(plain):
    parameter = plain["parameters"][0] | {"contraction": -0.2}
    assert words._parameter(parameter)["narrower"] == "20 % wider"


def test_an_unknown_check_of_the_gate_is_still_readable(plain):
    plain["gate"]["checks"] = [
        {"name": "tree_depth", "value": None, "threshold": 10, "passed": False, "where": ["a", "b"]}
    ]
    plain["gate"]["passed"] = False
    assert words.gate_table(plain)["rows"] == [["Tree depth", "unknown", "10", "a, b", "FAILED"]]
    assert "(Tree depth)" in words.gate_text(plain)


@pytest.mark.parametrize("kind", ["plain", "never", "crossed", "undefined"])
def test_no_text_has_a_hole_in_it(payloads, kind):
    for text in everything(words.write(payloads[kind])):
        assert "None" not in text
        assert "nan" not in text.split()
        assert "{" not in text
        assert "  " not in text


@pytest.mark.parametrize("kind", ["plain", "never", "crossed", "undefined"])
def test_every_event_says_when_it_never_happens(payloads, kind):
    for name in EVENTS:
        text = words.outlook(payloads[kind], name)
        said = ("it does not happen by 2050", "holds in every draw", "is not defined")
        assert any(words_ in text for words_ in said)


def test_every_symbol_of_the_tables_is_explained(plain):
    terms = " ".join(entry["term"] for entry in words.reading(plain))
    for symbol in ("θ", "Log-odds", "TIV", "Origin", "horizon", "R-hat", "ESS", "E-BFMI"):
        assert symbol in terms


def test_words_do_not_depend_on_the_order_of_calls(plain):
    assert words.write(plain) == words.write(plain)


def test_no_parameter_is_left_without_a_topic(plain):
    assert "Other" not in {group["topic"] for group in words.parameter_groups(plain)}


def test_a_series_is_listed_once_and_only_if_a_model_uses_it(plain):
    plain["sources"]["vintages"] |= {
        "country_years/researchers": "2026-02-24", "orders/orders": "2025-03-13"
    }
    plain["sources"]["variables"] += [
        {"name": "gdp_observed", "long_name": "GDP again", "units": "$", "source": "World Bank"},
        {"name": "war", "long_name": "War", "units": "1", "source": "supplier_wars, compiled"},
    ]
    plain["sources"]["covariates"] = ["ideal_point", "embargo", "ally"]
    table = words.variables_table(plain)
    assert [row[0] for row in table["rows"]] == [
        "R&D expenditure", "Gross domestic product", "Deliveries of major conventional arms", "War"
    ]
    assert "2026-04-08" in table["rows"][1][2]
    assert table["rows"][2][3] == "none"
    assert table["rows"][3][1:] == ["–", "Compiled", "–"]
    assert table["notes"][1].startswith("Arms embargoes and defence pacts: compiled")


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
    assert said in " ".join(words.limits(plain))


def test_the_check_against_past_orders_is_said(plain):
    plain["dependence"]["past_check"] = {"periods": 11, "within_50": 6, "within_90": 10}
    caption = words.captions(plain)["dependence"]["caption"]
    assert "The orders of 10 of 11 three-year periods lie within the 90 % band" in caption
    assert "of 6 within the 50 % band" in caption
    assert "hold about 10 and 6" in caption


def test_differing_scales_of_timing_are_said(plain):
    for entry in plain["events"]:
        entry["in_year"], entry["never"] = [0.3, 0.3], 0.4
    assert "scales differ" not in words.captions(plain)["timing"]["caption"]
    plain["events"][3]["in_year"], plain["events"][3]["never"] = [0.1] * 10, 0.0
    assert "The scales differ." in words.captions(plain)["timing"]["caption"]
