"""All pairs at once are the pairs one by one; and what the league reads off them."""

import csv
import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.data.names import HORIZON
from crossover.forecast import (
    ask,
    events,
    every_pair,
    league,
    market,
    quantities,
    runs,
    simulate,
    stored_run,
)
from tests import whole
from tests.published import made_by_hand, told


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run of the whole sample, with few draws of the priors, all pairs forecast."""
    folder = whole.make_run(tmp_path_factory.mktemp("all") / "run")
    every_pair.forecast_all(folder)
    return folder


@pytest.fixture(scope="module")
def futures(run):
    made = simulate.futures(
        stored_run.stored(run), "RUS", "CHN", seed=runs.read(run)["seed"], horizon=HORIZON
    )
    made.to_netcdf(run / stored_run.FORECAST, engine=stored_run.ENGINE)
    return made


def drawn(run, name, *of):
    held = quantities.AllPairs(run, whole.CHAINS)
    return quantities.draws(held, quantities.QUANTITIES[name], of)


def test_all_pairs_at_once_are_the_draws_of_each_pair(run, futures):
    futures = futures.sel(scenario="baseline")
    after = {"year": futures["year_future"].values}
    np.testing.assert_array_equal(
        drawn(run, "deliveries", "RUS", "CHN").sel(after), futures["deliveries"]
    )
    np.testing.assert_allclose(
        drawn(run, "imports", "CHN").sel(after), futures["imports"], rtol=1e-5
    )
    for code in ("RUS", "CHN"):
        np.testing.assert_allclose(
            drawn(run, "exports", code).sel(after), futures["exports"].sel(supplier=code),
            rtol=1e-5,
        )  # fmt: skip
        np.testing.assert_allclose(
            drawn(run, "exports", code).sel(year=slice(None, 2025)).isel(draw=0),
            futures["exports_observed"].sel(supplier=code), rtol=1e-5,
        )  # fmt: skip
    assert futures["deliveries"].values.any()


def test_every_pair_of_the_sample_is_there_and_questions_on_it_are_answered(run, futures):
    held = quantities.AllPairs(run, whole.CHAINS)
    known = held.whose(quantities.QUANTITIES["deliveries"])
    assert len(known) == 752 and ("FRA", "IND") in known
    values = drawn(run, "deliveries", "FRA", "IND").sel(year=2030).values
    answer = ask.ask(run, "deliveries FRA->IND < 100 in 2030")
    assert answer.probability == (values < 100).mean()


def test_a_pass_that_was_stopped_goes_on_and_one_that_is_done_is_left(run, tmp_path, monkeypatch):
    copy = tmp_path / "run"
    copy.mkdir()
    for name in (stored_run.POSTERIOR, runs.RECORD):
        shutil.copy(run / name, copy / name)
    monkeypatch.setattr(market, "BLOCK", 6)
    forward, calls = simulate.run_forward, []
    monkeypatch.setattr(
        simulate, "run_forward", lambda *a: calls.append(a[-1][1]) or forward(*a)
    )

    def stop(done, total):
        if done >= 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        every_pair.forecast_all(copy, progress=stop)
    assert not (copy / quantities.ALL_PAIRS).exists()
    kept = sorted(path.name for path in (copy / every_pair.PARTS).glob("block-*.nc"))
    assert kept[0] == "block-0000.nc" and len(kept) < 3
    first = (copy / every_pair.PARTS / kept[0]).stat().st_mtime_ns
    calls.clear()
    told = []
    every_pair.forecast_all(copy, progress=lambda *at: told.append(at))
    assert 0 not in calls and told[0][0] >= 6 and told[-1] == (16, 16)
    assert first and not (copy / every_pair.PARTS).exists()
    held = quantities.AllPairs(copy, 2).futures
    assert held["draw"].values.tolist() == list(range(16))
    calls.clear()
    every_pair.forecast_all(copy)
    assert calls == []


def test_blocks_of_another_posterior_are_thrown_away(tmp_path):
    parts = tmp_path / every_pair.PARTS
    parts.mkdir()
    for name, made_of in (("block-0000.nc", "old"), ("block-0001.nc", "new")):
        xr.Dataset(attrs={"posterior": made_of}).to_netcdf(parts / name, engine="h5netcdf")
    (parts / "block-0002.nc").write_text("half-written")
    every_pair._claim(parts, "new")
    assert [path.name for path in parts.iterdir()] == ["block-0001.nc"]


def test_a_run_without_a_posterior_is_refused(tmp_path):
    with pytest.raises(InputError, match="no posterior"):
        every_pair.forecast_all(tmp_path)


def test_the_league_says_what_the_published_question_says(run, futures):
    made = league.league(run)
    row = made.leaving.set_index(["supplier", "recipient"]).loc["RUS", "CHN"]
    said = events.answers(futures)["independence"].mean("draw").isel(scenario=0)
    assert row["p_soon"] == float(said.sel(year=2030))
    assert row["p_late"] == float(said.sel(year=2035))
    assert made.leaving["p_late"].is_monotonic_decreasing
    assert (made.leaving[["base", "recent"]] >= league.LEAST).all().all()


# A league of a few pairs, by hand -----------------------------------------------------------------

@pytest.fixture
def store(tmp_path):
    """Return a store with two runs: in the later one AAA's customers leave."""
    made_by_hand(tmp_path, "run-1", [(100, 100, 50, 500), (100, 100, 50, 500)])
    made_by_hand(tmp_path, "run-2", [(0, 100, 150, 500), (0, 4, 150, 500)])
    return tmp_path


def test_leaving_and_rising_are_counted_draw_by_draw(store):
    made = league.league(store / "runs" / "run-2", store / "runs" / "run-1")
    rows = made.leaving.set_index(["supplier", "recipient"])
    assert rows.index.tolist() == [("AAA", "XXX"), ("AAA", "YYY"), ("BBB", "XXX")]
    assert rows["p_late"].tolist() == [1.0, 0.5, 0.0]
    assert rows["change"].tolist() == [1.0, 0.5, 0.0]
    assert rows["base"].tolist() == rows["recent"].tolist() == [100.0, 100.0, 50.0]
    sold = made.rising.set_index("supplier")
    assert sold.index.tolist() == ["BBB", "AAA"]
    assert sold["recent"].tolist() == [50.0, 200.0]
    assert sold["median"].tolist() == [150.0, 52.0]
    assert sold["p_more"].tolist() == [1.0, 0.0]
    assert sold["rank"].tolist() == [2, 1] and sold["rank_late"].tolist() == [1, 2]
    before = 50 / 750
    after = np.median([150 / 750, 150 / 654])
    assert sold.loc["BBB", "share"] == pytest.approx(before)
    assert sold.loc["BBB", "share_late"] == pytest.approx(after)
    assert sold.loc["BBB", "change"] == pytest.approx(after - before)


def test_the_last_edition_is_the_newest_before_this_one_that_has_all_pairs(store):
    own, first = (store / "runs" / name for name in ("run-2", "run-1"))
    assert league.last_edition(own, store) == first
    assert league.last_edition(first, store) is None
    (first / quantities.ALL_PAIRS).unlink()
    assert league.last_edition(own, store) is None
    with pytest.raises(InputError, match=r"'crossover forecast --all' does it"):
        league.league(first)


def test_without_an_earlier_run_there_is_no_change(store):
    made = league.league(store / "runs" / "run-1")
    assert made.before is None and made.leaving["change"].isna().all()


def test_the_commands_print_the_tables_and_json(store, run):
    text = told("league", "--store", store)
    assert text.startswith("Run run-2, data to 2025; change since run run-1.")
    assert "left in 2035" in text and "change" in text
    held = pd.DataFrame(json.loads(told("league", "run-1", "--store", store, "--json")))
    assert held["table"].tolist() == ["leaving"] * 3 + ["rising"] * 2
    assert held["change"].isna().all() and held["supplier"].tolist()[3:] == ["AAA", "BBB"]
    rows = list(csv.DictReader(io.StringIO(told("league", "--store", store, "--csv"))))
    assert [row["p_late"] for row in rows] == ["1", "0.5", "0", "", ""]
    assert told("forecast", "--all", "--run", run).strip() == str(run / quantities.ALL_PAIRS)
