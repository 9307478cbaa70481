"""`ask`: questions are read by the grammar, answered from the draws, or refused with a place."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.data.errors import InputError
from crossover.forecast import ask, question, shipped, skill_note
from crossover.forecast.events import EVENTS
from tests.published import IDS, make_store, told


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run of Russia and China, in which France and Vietnam are forecast too."""
    return make_store(tmp_path_factory.mktemp("ask"), draws=60) / "runs" / IDS[1]


@pytest.fixture(scope="module")
def futures(run):
    with xr.open_dataset(run / "forecast.nc", engine="h5netcdf") as opened:
        return opened.sel(scenario="baseline").load()


def p(run, text):
    return ask.ask(run, text).probability


def test_a_question_on_a_year_is_the_share_of_draws(run, futures):
    answer = ask.ask(run, "deliveries RUS->CHN < 50 in 2028")
    drawn = futures["deliveries"].sel(year_future=2028).values
    assert answer.probability == (drawn < 50).mean() and answer.draws == 240
    assert 0.0 < answer.probability < 1.0 and 0.0 < answer.mc_error < 0.1
    assert (answer.first, answer.last, answer.scenario) == (2028, 2028, "baseline")
    assert p(run, "deliveries >= 50 in 2028") == pytest.approx(1 - answer.probability)


def test_spans_are_every_year_some_year_and_the_mean(run, futures):
    drawn = futures["deliveries"].sel(year_future=slice(2030, 2035)).transpose("draw", ...).values
    means = drawn.astype(float).mean(axis=1)
    assert p(run, "deliveries < 50 in every year 2030-2035") == (drawn < 50).all(axis=1).mean()
    assert p(run, "deliveries < 50 in some year 2030-2035") == (drawn < 50).any(axis=1).mean()
    assert p(run, "deliveries < 50 mean 2030-2035") == (means < 50).mean()
    whole = futures["deliveries"].sel(year_future=slice(2025, 2035)).transpose("draw", ...).values
    assert p(run, "deliveries < 50 in some year up to 2035") == (whole < 50).any(axis=1).mean()


def test_sums_differences_and_ratios_are_taken_draw_by_draw(run, futures):
    rus, chn = (
        futures["exports"].sel(supplier=code, year_future=2030).values.astype(float)
        for code in ("RUS", "CHN")
    )
    for text, holds in (
        ("exports China - exports Russia > 100 in 2030", chn - rus > 100),
        ("exports CHN / (exports CHN + exports RUS) > 45 % in 2030", chn / (chn + rus) > 0.45),
        ("2 * exports CHN > 1.5 * exports RUS in 2030", 2 * chn > 1.5 * rus),
        ("-exports CHN < -1,500 in 2030", chn > 1500),
    ):
        assert p(run, text) == pytest.approx(holds.mean()), text
        assert 0.0 < holds.mean() < 1.0


def test_a_figure_may_have_a_year_of_its_own(run, futures):
    chn = futures["exports"].sel(supplier="CHN")
    known = float(futures["exports_observed"].sel(supplier="CHN", year=2020))
    holds = chn.sel(year_future=2030).values > known
    assert p(run, "exports CHN[2030] > exports CHN[2020]") == holds.mean()
    assert p(run, "exports CHN > exports CHN[2020] in 2030") == holds.mean()


def test_answers_are_those_that_are_published(run):
    table = pd.read_csv(run / "events.csv").set_index(["event", "domain", "kind", "year"])
    published = table["probability"].xs("all", level="domain")
    for text, event in (
        ("gap > 0 in 2030", "capacity_crossover"),
        ("capacity CHN > capacity RUS in 2030", "capacity_crossover"),
        ("exports_mean CHN > exports_mean RUS in 2030", "export_crossover"),
        ("independence in 2030", "independence"),
        ("independence RUS->CHN in 2030", "independence"),
    ):
        assert p(run, text) == pytest.approx(published[event, "state", 2030]), text
    some = p(run, "export_crossover in some year 2024-2035")
    assert some == pytest.approx(published["export_crossover", "first_passage", 2035])
    lasts = p(run, "export_crossover in every year 2035-2050")
    assert lasts == pytest.approx(published["export_crossover", "lasting", 2035])


def test_figures_of_several_pairs_share_their_draws(run):
    with xr.open_dataset(run / "pairs/FRA-VNM/forecast.nc", engine="h5netcdf") as opened:
        french = opened["deliveries"].sel(scenario="baseline", year_future=2030).load()
    with xr.open_dataset(run / "forecast.nc", engine="h5netcdf") as opened:
        russian = opened["deliveries"].sel(scenario="baseline", year_future=2030).load()
    asked = "deliveries France->Vietnam > deliveries RUS->CHN in 2030"
    assert p(run, asked) == (french.values > russian.values).mean()


def test_years_on_record_are_no_forecast(run):
    answer = ask.ask(run, "deliveries > 100 in 2005")
    assert answer.probability == 1.0 and answer.mc_error == 0.0 and answer.skill == ()
    assert "all of 240 draws" in str(answer) and "this is no forecast" in str(answer)


def test_zero_by_zero_is_told_and_counts_as_not_holding(run, futures):
    drawn = futures["deliveries"].sel(year_future=2030).values
    answer = ask.ask(run, "deliveries / deliveries > 0.5 in 2030")
    assert answer.undefined == (drawn == 0).mean() > 0
    assert answer.probability == (drawn > 0).mean()
    assert "counted as not holding" in str(answer)


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("delivries < 50 in 2030", 1, "did you mean 'deliveries'"),
        ("deliveries RUS->Chna < 50 in 2030", 17, "the nearest known is 'China'"),
        ("deliveries RUS < 50 in 2030", 16, "supplier->recipient"),
        ("exports RUS->CHN < 50 in 2030", 12, "of a single one"),
        ("deliveries = 50 in 2030", 12, "means nothing here"),
        ("deliveries in 2030", 12, "expected <"),
        ("deliveries < 50", 16, "expected the years"),
        ("deliveries < 50 in 2030-2035", 24, "in every year"),
        ("deliveries < 50 in every year 2035-2030", 31, "must not be after"),
        ("deliveries < 50 in 2030 or 2031", 25, "expected the years"),
        ("deliveries < (50 in 2030", 18, r"expected '\)'"),
        ("deliveries < 50 in 2060", 1, "known from 1992 to 2050"),
        ("deliveries < 50 mean up to 2020", 28, "after the last data year, 2024"),
        ("deliveries IND->CHN < 50 in 2030", 1, "forecast --supplier IND --recipient CHN"),
        ("exports IND < 50 in 2030", 1, "holds exports of CHN, FRA, RUS"),
        ("independence mean 2030-2032", 1, "has no mean"),
        ("contested_orders in 2030", 1, "is not defined"),
        ("independence", 13, "expected the years"),
        ("capacity CHN > 0.5 in 2030", 14, "only differences mean something"),
        ("capacity CHN / capacity RUS > 1 in 2030", 29, "only differences mean something"),
        ("exports CHN + rd_share CHN > 3 in 2030", 13, "cannot add TIV million and % of GDP"),
        ("rd_share CHN > 3 % in 2030", 14, "give the number alone"),
        ("1 < 2 in 2030", 3, "no quantity"),
        ("deliveries / 0 < 2 in 2030", 12, "division by zero"),
        ("deliveries < 50 in 2030 under plateau", 31, "no such scenario"),
        ("", 1, "expected a quantity"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(run, text, at, says):
    with pytest.raises(InputError, match=says) as refused:
        ask.ask(run, text)
    message = str(refused.value)
    assert message.startswith(f"question, character {at}:") and "\n" not in message


WORDS = st.sampled_from(
    ["deliveries", "exports", "RUS", "->", "CHN", "<", ">=", "50", "2030", "in", "every", "year",
     "mean", "up", "to", "by", "aircraft", "-", "(", ")", "[", "]", "%", "under", "/", "*", "gap",
     "\u00e9", "&"]
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=40))
def test_any_text_is_a_question_or_refused_in_one_line(text):
    try:
        assert question.parse(text, EVENTS).text == " ".join(text.split())
    except InputError as error:
        assert str(error).startswith("question, character ") and "\n" not in repr(str(error))[1:-1]


def test_the_note_on_skill_is_that_of_target_and_horizon():
    rows = {(r["part"], r["target"], r["group"]): r for r in shipped.rows(shipped.BACKTEST)}
    near = skill_note.of_quantity("deliveries", ("RUS", "CHN"), 3)
    assert [note.skill for note in near] == [
        float(rows["target", "dyads", "1-3"]["skill"]),
        float(rows["focal", "Russia to China", "1-3"]["skill"]),
    ]
    (far,) = skill_note.of_quantity("exports", ("FRA",), 6)
    assert far.skill == float(rows["target", "exports", "4-6"]["skill"])
    (state,) = skill_note.of_event("independence", "state", 2)
    assert state.skill == float(rows["event", "independence, in the year", "1-3"]["skill"])
    for name, horizon, says in (
        ("exports", 7, "No backtest reaches 7 years"), ("gap", 2, "no figure resolves it"),
        ("contested", 2, "were not scored"),
    ):  # fmt: skip
        (note,) = skill_note.of_quantity(name, (), horizon)
        assert says in note.text and note.skill is None
    assert skill_note.of_quantity("exports", ("FRA",), 0) == []


def test_every_row_that_a_note_can_be_of_is_shipped():
    """A backtest that ships without a target would silently leave its note out."""
    for name, of in (*skill_note.SINGLE, *((name, ()) for name in skill_note.TARGETS)):
        for horizon in (1, 6):
            assert all(n.skill is not None for n in skill_note.of_quantity(name, of, horizon))
    for name in (*skill_note.DRIVERS, *skill_note.TARGETS):
        assert skill_note.of_quantity(name, (), 4)[0].skill is not None


def test_the_command_prints_the_answer_or_json(run):
    asked = ["ask", "deliveries RUS->CHN < 50 in 2028", "--run", run]
    assert told(*asked).startswith("P(deliveries Russia to China < 50 in 2028; baseline) = 0.")
    held = json.loads(told(*asked, "--json"))
    assert held["probability"] == p(run, asked[1]) and held["skill"][0]["skill"] > 0
    assert np.isfinite(held["mc_error"]) and held["run"] == IDS[1]
    other = told("ask", "gap > 0 in 2030", "--run", run, "--supplier", "FRA", "--recipient", "VNM")
    assert other.startswith("P(gap France to Viet Nam > 0 in 2030; baseline) = 0.")


def test_an_answer_shows_itself_in_a_notebook(run):
    shown = ask.ask(run, "deliveries < 50 in 2028")._repr_html_()
    assert "&lt; 50 in 2028" in shown and "<b>" in shown


# By technology domain ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def apart(run):
    with xr.open_dataset(run / "domains.nc", engine="h5netcdf") as opened:
        return opened.sel(scenario="baseline").load()


def test_a_domain_at_the_end_is_that_of_every_figure(run, apart):
    theta = apart["theta_domain"].sel(domain="aircraft", year_future=2030)
    holds = theta.sel(country="CHN").values > theta.sel(country="RUS").values
    assert 0.0 < holds.mean() < 1.0
    answer = ask.ask(run, "capacity CHN > capacity RUS in aircraft in 2030")
    assert answer.probability == holds.mean() and answer.draws == apart.sizes["draw"] == 120
    words = "capacity China in aircraft > capacity Russia in aircraft in 2030; baseline"
    assert answer.reading == words and "is a quantity of the model" in answer.skill[0].text
    for same in (
        "gap > 0 in aircraft in 2030", "gap RUS->CHN in aircraft > 0 in 2030",
        "capacity CHN in aircraft > capacity RUS in aircraft in 2030",
        "capacity_crossover in aircraft in 2030",
    ):  # fmt: skip
        assert p(run, same) == holds.mean(), same


def test_by_a_year_is_some_year_up_to_it_and_a_country_alone_has_the_quantity_before(run, apart):
    theta = apart["theta_domain"].sel(domain="air_defence", year_future=slice(2025, 2030))
    ahead = theta.sel(country="CHN") > theta.sel(country="RUS")
    some = float(ahead.any("year_future").mean())
    for text in (
        "capacity CHN > RUS in air_defence by 2030", "capacity CHN > RUS in air defence by 2030",
        "capacity CHN > capacity RUS in air_defence in some year up to 2030",
    ):  # fmt: skip
        assert p(run, text) == some, text
    assert p(run, "exports CHN > RUS in 2030") == p(run, "exports CHN > exports RUS in 2030")


def test_a_domain_is_compared_with_all_domains_in_the_same_draws(run, futures, apart):
    parts = apart["deliveries_domain"].sel(domain="aircraft", year_future=2030).values
    total = futures["deliveries"].isel(draw=apart["main_draw"].values).sel(year_future=2030).values
    with np.errstate(invalid="ignore"):
        holds = parts / total > 0.1
    assert p(run, "(deliveries in aircraft) / deliveries > 10 % in 2030") == holds.mean()
    assert p(run, "deliveries in aircraft > 0.1 * deliveries in 2030") == (
        parts > 0.1 * total
    ).mean()
    share = apart["supplier_share"].sel(domain="naval", year_future=2030).values
    assert p(run, "import_share < 50 % in naval in 2030") == (share < 0.5).mean()


def test_conventions_of_the_level_move_a_domain_as_they_move_the_whole(run, tmp_path):
    """With two conventions an answer is the mean of both: one adds two to the gap."""
    copied = tmp_path / "run"
    shutil.copytree(run, copied)
    with xr.open_dataset(copied / "forecast.nc", engine="h5netcdf") as opened:
        whole = opened.load()
    shift = np.tile([0.0, 2.0], (whole.sizes["draw"], 1))
    whole = whole.drop_dims("convention").assign(convention_shift=(("draw", "convention"), shift))
    whole = whole.assign_coords(convention=["chosen", "market_weighted"])
    whole.to_netcdf(copied / "forecast.nc", engine="h5netcdf")
    with xr.open_dataset(copied / "domains.nc", engine="h5netcdf") as opened:
        theta = opened["theta_domain"].sel(
            scenario="baseline", domain="engines", year_future=2030
        ).load()
    gap = theta.sel(country="CHN").values - theta.sel(country="RUS").values
    expected = ((gap > 0).mean() + (gap + 2 > 0).mean()) / 2
    for text in (
        "capacity CHN > RUS in engines in 2030", "gap > 0 in engines in 2030",
        "capacity_crossover in engines in 2030",
    ):  # fmt: skip
        assert p(copied, text) == pytest.approx(expected), text


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("capacity CHN > RUS in aircrafts in 2030", 23, "did you mean 'aircraft'.*known are air"),
        ("capacity CHN > RUS in plants in 2030", 23, "no such technology domain"),
        ("exports CHN > 5 in aircraft in 2030", 17, "exports is not known by technology domain"),
        ("independence in aircraft in 2030", 14, "independence is not known by technology domain"),
        ("capacity CHN > RUS in aircraft", 31, "expected the years"),
        ("capacity CHN in aircraft > RUS in 2030", 26, "each domain has a zero of its own"),
        ("capacity CHN > 1 in aircraft in 2030", 14, "only differences mean something"),
        ("deliveries < 5 in naval in 2020", 1, "domain_deliveries is known from 2025 to 2050"),
        ("exports CHN > delivries in 2030", 15, "did you mean 'deliveries'"),
        ("exports CHN > 1 by Tuesday", 20, "expected a year"),
    ],
)
def test_what_does_not_fit_a_domain_is_refused_with_its_place(run, text, at, says):
    with pytest.raises(InputError, match=says) as refused:
        ask.ask(run, text)
    assert str(refused.value).startswith(f"question, character {at}:")


def test_a_run_without_domains_says_so(run, tmp_path):
    bare = tmp_path / "run"
    shutil.copytree(run, bare)
    for file in bare.rglob("domains.nc"):
        file.unlink()
    for text in ("gap > 0 in naval in 2030", "capacity_crossover in naval in 2030"):
        with pytest.raises(InputError, match="has no forecast by domain"):
            ask.ask(bare, text)
