"""The audit of claims: what is refused, and that each verdict follows from its rule and figure."""

import csv
import json
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data import countries
from crossover.data.errors import InputError
from crossover.forecast import claim_rules, claims
from crossover.forecast.claim_rules import CONTRADICTED, OPEN, SUPPORTED

INDICATOR = {
    "says": "'A claim'", "test": "'indicator'", "country": "'CHN'", "indicator": "'rd_share'",
    "years": "[2012, 2020]", "above": "2.0",
}  # fmt: skip


def write(tmp_path, tests):
    path = tmp_path / "claims.toml"
    path.write_text(
        "\n".join(
            f"[claim.{name}]\n" + "\n".join(f"{key} = {value}" for key, value in keys.items())
            for name, keys in tests.items()
        ),
        "utf-8",
    )
    return path


WRONG = {
    "country": ({"country": "'XYZ'"}, "claim.one.country", "unknown country"),
    "indicator": ({"indicator": "'rd_shar'"}, "did you mean 'rd_share'", "rd_shar"),
    "years": ({"years": "[2012, 2090]"}, "claim.one.years", "2050"),
    "years the wrong way": ({"years": "[2020, 2012]"}, "claim.one.years", "not after"),
    "test": ({"test": "'indicater'"}, "did you mean 'indicator'", "claim.one.test"),
    "unknown key": ({"yeers": "[2012, 2020]"}, "did you mean 'years'", "claim.one.yeers"),
    "no words": ({"says": "''"}, "must be text", "claim.one.says"),
    "two bounds": ({"below": "3.0"}, "one of 'above' and 'below'", "claim.one"),
    "share above one": (
        {"test": "'deliveries_fell'", "share": "1.5"}, "from 0 to 1", "claim.one.share",
    ),
    "domain": ({"test": "'delivered'", "domain": "'navy'"}, "unknown domain", "'navy'"),
    "event": ({"test": "'event'", "event": "'downturns'"}, "mean 'downturn'", "claim.one.event"),
    "effect": ({"test": "'effect'", "effect": "'sped'"}, "mean 'speed'", "claim.one.effect"),
    "half a pair": (
        {"test": "'event'", "event": "'downturn'", "supplier": "'RUS'"}, "needs 'recipient'", "one",
    ),
    "a leader from outside": (
        {"test": "'domain_ahead'", "leader": "'USA'", "supplier": "'RUS'", "recipient": "'CHN'"},
        "must be the supplier or the recipient", "claim.one.leader",
    ),
}  # fmt: skip
REST = {
    "deliveries_fell": {"supplier": "'RUS'", "recipient": "'CHN'", "base": "[2000, 2009]"},
    "delivered": {"supplier": "'RUS'", "recipient": "'CHN'"},
    "event": {"year": "2030"},
    "domain_ahead": {"domain": "'engines'"},
    "effect": {"outcome": "'downturn'", "sign": "'up'"},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_a_file_of_claims_is_named_with_its_place_and_rule(tmp_path, case):
    change, *said = WRONG[case]
    keys = dict(INDICATOR)
    other = change.get("test", "").strip("'")
    if other in REST:
        keys = {"says": "'A claim'", "years": "[2012, 2020]"} | REST[other]
        needed = claims.TESTS[other][0]
        keys = {k: v for k, v in keys.items() if k in (*needed, "says")}
    with pytest.raises(InputError) as error:
        claims.load(write(tmp_path, {"one": keys | change}))
    for words in ("claims.toml", *said):
        assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_the_shipped_file_is_sound_and_holds_fifteen_claims_or_more():
    found = claims.load()
    assert len(found) >= 15
    assert {claim["test"] for claim in found.values()} == set(claims.TESTS)


def test_a_claim_of_years_holds_in_all_of_them_or_fails_in_half():
    assert claim_rules.by_years([True, True]) == SUPPORTED
    assert claim_rules.by_years([True, True, False]) == OPEN
    assert claim_rules.by_years([True, False]) == CONTRADICTED
    assert claim_rules.by_years([]) == OPEN


def test_a_probability_within_two_errors_of_the_threshold_stays_open():
    assert claim_rules.by_probability(0.97, 0.005) == SUPPORTED
    assert claim_rules.by_probability(0.97, 0.02) == OPEN
    assert claim_rules.by_probability(0.03, 0.005) == CONTRADICTED
    assert claim_rules.by_probability(0.03, 0.02) == OPEN
    assert claim_rules.by_probability(None, None) == OPEN


def test_a_difference_must_exceed_its_error_and_one_point():
    assert claim_rules.by_difference(0.03, 0.01) == SUPPORTED
    assert claim_rules.by_difference(0.03, 0.02) == OPEN
    assert claim_rules.by_difference(0.008, 0.0) == OPEN
    assert claim_rules.by_difference(-0.03, 0.01) == CONTRADICTED


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    return claim_rules.Run(folder, folder, ("RUS", "CHN"), None, None)


def judged(run, **claim):
    return claims.judge({"one": {"says": "A claim", **claim}}, run)[0]


def test_what_a_run_does_not_hold_is_left_open_and_said(run):
    for claim in (
        {"test": "event", "event": "downturn", "year": 2030},
        {"test": "effect", "outcome": "downturn", "effect": "speed", "sign": "up"},
        {"test": "domain_ahead", "leader": "RUS", "domain": "engines"},
        {"test": "scenario", "event": "downturn", "scenario": "none", "year": 2030, "sign": "up"},
        {"test": "parameter", "parameter": "rd_within"},
        {"test": "skill", "better": "a", "than": "b"},
        {"test": "not_identified", "reason": "it is not known"},
    ):
        row = judged(run, **claim)
        assert row.verdict == OPEN and row.value is None and row.figure and row.claim == "one"


def test_an_event_is_read_from_the_table_with_its_error(run):
    pd.DataFrame(
        [
            {"event": event, "domain": "all", "kind": kind, "scenario": s, "year": 2030,
             "probability": p, "mc_error": 0.005}
            for event, kind, s, p in (
                ("downturn", "first_passage", "baseline", 0.98),
                ("downturn", "first_passage", "other", 0.01),
                ("independence", "first_passage", "baseline", 0.99),
                ("independence", "state", "baseline", 0.02),
            )
        ]
    ).to_csv(run.folder / "events.csv", index=False)  # fmt: skip
    state = {"test": "event", "event": "independence", "year": 2030}
    assert judged(run, **state).verdict == CONTRADICTED
    assert judged(run, **state).claim == "one"
    assert judged(run, **state).quantity.startswith("P(independence in 2030)")
    passage = judged(run, **state, kind="first_passage")
    assert passage.verdict == SUPPORTED and "happened by 2030" in passage.quantity
    claim = {"test": "event", "event": "downturn", "year": 2030}
    assert judged(run, **claim).verdict == SUPPORTED
    assert judged(run, **claim, scenario="other").verdict == CONTRADICTED


def test_a_convention_that_says_the_opposite_leaves_a_claim_open(run):
    def levels(other):
        pd.DataFrame(
            [
                {"domain": "engines", "alternative": name, "probability": p, "mc_error": 0.001,
                 "headline": int(name == "average")}
                for name, p in (("average", 0.01), ("chosen", 0.02), ("second", other))
            ]
        ).to_csv(run.folder / "levels_domains.csv", index=False)  # fmt: skip

    claim = {"test": "domain_ahead", "leader": "RUS", "domain": "engines"}
    levels(0.4)
    found = judged(run, **claim)
    assert found.verdict == SUPPORTED
    assert "0.60 to 0.98 over 2 conventions" in found.figure
    levels(0.6)
    assert judged(run, **claim).verdict == OPEN


def test_a_scenario_needs_the_sign_of_the_hazard_too(run):
    def table(low):
        pd.DataFrame(
            [
                {"kind": "first_passage", "name": "downturn", "domain": "all", "scenario": "one",
                 "year": 2040, "difference": 0.05, "mc_error": 0.004, "q05": None, "q95": None},
                {"kind": "quantity", "name": "hazard of downturn", "domain": "all",
                 "scenario": "one", "year": 2040, "difference": 0.01, "mc_error": None,
                 "q05": low, "q95": 0.03},
            ]
        ).to_csv(run.folder / "scenario_differences.csv", index=False)  # fmt: skip

    claim = {"test": "scenario", "event": "downturn", "scenario": "one", "year": 2040}
    table(0.001)
    assert judged(run, **claim, sign="up").verdict == SUPPORTED
    assert judged(run, **claim, sign="down").verdict == CONTRADICTED
    table(-0.001)
    assert judged(run, **claim, sign="up").verdict == OPEN
    assert judged(run, **claim, sign="down").verdict == OPEN


def test_the_register_and_its_releases_speak_for_themselves(run):
    """On the shipped panel: figures that the providers' files show."""
    frigate = judged(
        run, test="delivered", supplier="CHN", recipient="RUS", domain="naval", years=[1992, 2024]
    )
    assert frigate.verdict == CONTRADICTED and frigate.value == 0 and not frigate.by_vintage
    exports = judged(run, test="exports_ahead", country="CHN", other="RUS", years=[2023, 2024])
    assert exports.verdict == CONTRADICTED
    assert "from 2024-04-13: supported" in exports.by_vintage
    research = judged(
        run, test="indicator", country="CHN", indicator="rd_share", years=[2013, 2013], above=2.0
    )
    # 2.0147 in May 2016, 1.991 in April 2018.
    assert "from 2016-05-31: supported" in research.by_vintage
    assert "from 2018-04-30: contradicted" in research.by_vintage


@pytest.mark.parametrize(
    ("test", "keys", "outside"),
    [("delivered", {"domain": "land"}, ("supplier", "IND")),
     ("deliveries_fell", {"base": [2000, 2009], "share": 0.5}, ("supplier", "IND")),
     ("largest_domain", {"domain": "land"}, ("supplier", "IND")),
     ("exports_ahead", {"country": "CHN"}, ("other", "IND"))],
)  # fmt: skip
def test_a_supplier_outside_the_sample_is_said_to_be_and_nothing_is_contradicted(
    run, test, keys, outside
):
    assert "IND" not in countries.suppliers()
    pair = {"supplier": "RUS", "recipient": "MMR"} if test != "exports_ahead" else {}
    claim = {"says": "so", "test": test, "years": [2012, 2024]} | pair | keys
    (row,) = claims.judge({"a": claim | dict([outside])}, run)
    assert row.verdict == OPEN and row.value is None
    assert row.figure == (
        "India is not in the sample of suppliers: its deliveries are counted with the rest of the "
        "world"
    )
    inside = claim | ({"other": "USA"} if test == "exports_ahead" else {})
    (row,) = claims.judge({"a": inside}, run)
    assert "sample" not in row.figure


def test_releases_after_the_as_of_date_do_not_count(run):
    import datetime

    old = run._replace(as_of=datetime.date(2017, 1, 1))
    row = judged(
        old, test="indicator", country="CHN", indicator="rd_share", years=[2013, 2013], above=2.0
    )
    assert row.verdict == SUPPORTED and row.vintage == "2016-05-31"


def test_the_table_is_written_with_six_digits(run, tmp_path):
    told = ("A, b", "q", "f", 1 / 3, None, OPEN, "rule", "data", "2020", "")
    rows = [claim_rules.Row("a", "CHN", *told)]
    claims.write(rows, tmp_path / "claims.csv")
    with (tmp_path / "claims.csv").open(newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert (row["says"], row["value"], row["error"]) == ("A, b", "0.333333", "")


# Whom a claim is about ------------------------------------------------------------------------


def forecast_of(folder, probability):
    """Write a table of one event into a folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    row = {"event": "independence", "domain": "all", "kind": "state", "scenario": "baseline",
           "year": 2030, "probability": probability, "mc_error": 0.001}  # fmt: skip
    pd.DataFrame([row]).to_csv(folder / "events.csv", index=False)
    return folder


INDEPENDENCE = {"test": "event", "event": "independence", "year": 2030}
THEIRS = INDEPENDENCE | {"supplier": "RUS", "recipient": "CHN"}


@pytest.fixture
def other(run):
    """Return a run of Russia and China as seen by whoever asks for France and Viet Nam."""
    (run.folder / "run.json").write_text(json.dumps({"supplier": "RUS", "recipient": "CHN"}))
    forecast_of(run.folder, 0.99)
    pair = forecast_of(run.folder / "pairs" / "FRA-VNM", 0.01)
    return run._replace(pair=("FRA", "VNM"), pair_folder=pair)


def test_a_claim_is_judged_from_the_forecast_of_the_pair_it_names(run, other):
    assert judged(other, **THEIRS).verdict == judged(run, **THEIRS).verdict == SUPPORTED
    assert judged(other, **INDEPENDENCE).verdict == CONTRADICTED
    assert judged(other, **THEIRS).quantity.endswith("of Russia to China")
    assert judged(other, **INDEPENDENCE).quantity.endswith("of France to Viet Nam")
    elsewhere = judged(other, **INDEPENDENCE, supplier="USA", recipient="IND")
    assert (elsewhere.verdict, elsewhere.figure) == (OPEN, "not forecast in this run")


def test_a_claim_concerns_a_pair_that_holds_all_countries_it_names():
    china_and_pakistan = ("CHN", "PAK")
    assert claims.concerns("", china_and_pakistan)
    assert claims.concerns("CHN", china_and_pakistan)
    assert not claims.concerns("CHN-RUS", china_and_pakistan)
    assert claims.concerns("CHN-RUS", ("RUS", "CHN"))


def test_names_not_codes_stand_in_what_is_printed_of_a_claim(other):
    code = re.compile(rf"\b({'|'.join(countries.members())})\b")
    rows = claims.judge(claims.load(), other)
    assert len(rows) == len(claims.load())
    for row in rows:
        assert not code.search(f"{row.says} {row.quantity} {row.figure} {row.rule}"), row
    about = {row.claim: row.about for row in rows}
    assert about["independence"] == "RUS-CHN" and about["rd_builds_capacity"] == ""
    assert about["exports_passed"] == "CHN-RUS" and set(about["uncrewed"].split("-")) == {
        "RUS", "CHN"
    }  # fmt: skip


def test_an_audit_follows_a_new_forecast_of_its_pair_in_nothing_else(other):
    stored = [row._replace(figure="as it was") for row in claims.judge(claims.load(), other)]
    claims.write(stored, other.folder / claims.CLAIMS_FILE)
    claims.again(other.folder, other.pair_folder, other.pair)
    assert not (other.pair_folder / claims.CLAIMS_FILE).exists()
    part = forecast_of(other.folder / ".part", 0.01)
    claims.again(other.folder, part, ("RUS", "CHN"))
    with (part / claims.CLAIMS_FILE).open(newline="") as lines:
        rows = {row["claim"]: row for row in csv.DictReader(lines)}
    assert list(rows) == [row.claim for row in stored]
    assert rows["independence"]["verdict"] == CONTRADICTED
    kept = {name for name, row in rows.items() if row["figure"] == "as it was"}
    tests = {name: claim["test"] for name, claim in claims.load().items()}
    assert kept == {name for name, test in tests.items() if test not in claims.OF_FORECAST}


def test_a_parameter_is_read_from_the_posterior_by_its_name(run):
    draws = np.arange(24.0).reshape(2, 4, 3)
    draws[..., 1] = -1.0
    of = xr.Dataset({"parameters": (("chain", "draw", "parameter"), draws)},
                    coords={"parameter": ["one", "two", "three"]})  # fmt: skip
    xr.DataTree.from_dict({"posterior": of}).to_netcdf(
        run.folder / "posterior.nc", engine="h5netcdf"
    )
    row = judged(run, test="parameter", parameter="two", sign="down")
    # All draws are below zero; by the error of a share of 400 draws, nothing is surer.
    assert row.value == 1.0 and row.verdict == SUPPORTED
    assert judged(run, test="parameter", parameter="three", than="one").figure.startswith("+2.00")
    with pytest.raises(InputError, match=r"claim\.one\.parameter.*did you mean 'three'"):
        judged(run, test="parameter", parameter="thre")
