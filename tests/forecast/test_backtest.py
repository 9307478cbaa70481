"""Backtest: nothing from after the origin, one truth for all, and no work that is done twice."""

import dataclasses
import datetime
import functools
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data import books, panel
from crossover.data.errors import InputError
from crossover.data.names import EXPORT_CROSSOVER, INDEPENDENCE, RECIPIENT, SUPPLIER, YEAR
from crossover.forecast import (
    backtest,
    baselines,
    cluster,
    fit,
    order_book,
    origins,
    past_forecasts,
    real_time,
    runs,
    skill,
    summary,
)
from crossover.forecast.skill import LEVELS
from crossover.reports.cli import app, evaluate
from tests import small

ORIGIN = small.ORIGIN


KEPT = functools.cache(backtest.seen)


@pytest.fixture(scope="module")
def seen_2016():
    return KEPT(2016)


@pytest.fixture(scope="module")
def came():
    return backtest.outturns()


# What an origin may see.


def after(row, origin):
    """Say whether a row speaks of, or comes from, a time after the origin's forecast was made."""
    day = real_time.seen_on(origin).isoformat()
    if getattr(row, "vintage", "") > day:
        return True
    years = [getattr(row, name, None) for name in ("year", "first_year", "order_year")]
    return any(year is not None and year > origin for year in years)


def poison(row):
    """Change every figure of a row, and leave what it is a figure of."""
    changes = {}
    for name in row._fields:
        value = getattr(row, name)
        if name in ("value", "tiv", "ideal_point", "tiv_unit", "ordered_tiv", "delivered_tiv"):
            changes[name] = 1000.0 * value + 7.0
        elif name == "n_lines":
            changes[name] = value + 5
        elif name == "unit" and not row.indicator.startswith("milex"):
            # That of military spending names the base year, which other figures are brought to.
            changes[name] = "poison"
    return row._replace(**changes)


def read_with(change, origin, real):
    def read(table, folder=None, where=None):
        out = []
        for row in real(table, folder, where):
            # A release of before the day that covers later years too keeps its earlier ones.
            late = after(row, origin) and not (
                table == "vintages" and row.vintage <= real_time.seen_on(origin).isoformat()
            )
            if not late:
                if getattr(row, "last_year", None) is not None and table != "vintages":
                    # That a war or pact will end, and when, is known after the origin only.
                    row = row._replace(last_year=max(row.last_year, origin + 30)
                                       if row.last_year > origin else row.last_year)
                out.append(row)
            elif change == "poison":
                out.append(poison(row))
        return out

    return read


def test_poison_after_the_origin_changes_nothing_of_what_a_fit_sees(poisoned):
    assert poisoned.identical(KEPT(2012))


@pytest.mark.parametrize("origin", [2018, 2023])
def test_without_what_came_after_the_origin_a_fit_sees_the_same(origin, monkeypatch):
    as_it_is = KEPT(origin)
    monkeypatch.setattr(panel, "read", read_with("drop", origin, panel.read))
    assert backtest.seen(origin).identical(as_it_is)


def test_poison_is_tasted_where_it_may_be(monkeypatch, seen_2016):
    monkeypatch.setattr(panel, "read", read_with("poison", 2014, panel.read))
    later = backtest.seen(2016)
    for name in ("tiv", "milex", "rd_share", "ideal_point", "gdp"):
        assert not later[name].identical(seen_2016[name]), name


def test_a_panel_seen_ends_with_its_origin_and_says_what_was_assumed(seen_2016):
    assert int(seen_2016[YEAR].max()) == 2016
    share = json.loads(seen_2016.attrs["assumed_share"])
    assert share["tiv"] == 1.0
    assert 0.0 < share["rd_share"] < 1.0
    assert json.loads(KEPT(2023).attrs["assumed_share"])["tiv"] == 0.0


def test_an_origin_the_panel_does_not_reach_is_refused():
    with pytest.raises(InputError, match=r"--origins.*2025"):
        backtest.seen(2030)


@pytest.fixture(scope="module")
def poisoned():
    """Return what is seen of 2012 if all that came later is poisoned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(panel, "read", read_with("poison", 2012, panel.read))
        return backtest.seen(2012)


@pytest.mark.parametrize(
    "model", [name for name in backtest.benchmarks() if name != baselines.ORDER_BOOK]
)
def test_no_benchmark_sees_anything_after_the_origin(model, poisoned):
    as_it_is = past_forecasts.benchmark(model, KEPT(2012), 2012, 2)
    found = past_forecasts.benchmark(model, poisoned, 2012, 2)
    name = "quantiles" if "quantiles" in as_it_is else "probability"
    assert found[name].identical(as_it_is[name])


# Series.


def test_series_are_the_sums_of_the_panel(seen_2016):
    known = origins.series(seen_2016)
    tiv = seen_2016["tiv"].sel({YEAR: slice(1992, None)})
    for name, expected in (
        ("imports/CHN", tiv.sel({RECIPIENT: "CHN"}).sum(SUPPLIER)),
        ("exports/RUS", tiv.sel({SUPPLIER: "RUS"}).sum(RECIPIENT)),
        ("dyads/RUS-CHN", tiv.sel({SUPPLIER: "RUS", RECIPIENT: "CHN"})),
    ):
        assert known["value"].sel(series=name).values == pytest.approx(expected.values)
    distance = known["value"].sel(series="ideal_distance/RUS-CHN", year=2014)
    points = seen_2016["ideal_point"].sel(year=2014)
    assert float(distance) == pytest.approx(
        abs(float(points.sel(country="RUS") - points.sel(country="CHN")))
    )
    assert not any("ROW" in name for name in known["unit"].values)


def test_only_pairs_with_deliveries_of_late_are_forecast(seen_2016):
    known = origins.series(seen_2016)
    dyads = known["value"].isel(series=known["target"].values == "dyads")
    assert (dyads.isel(year=slice(-origins.ACTIVE_YEARS, None)).sum("year") > 0).all()
    assert dyads.sizes["series"] > 200


# What came.


def test_outturns_are_those_of_the_first_and_the_latest_release(came):
    imports = came["tiv"].sel({RECIPIENT: "CHN", YEAR: 2019}).sum(SUPPLIER)
    assert imports.sel(release="first").item() == pytest.approx(1341, abs=0.5)
    assert imports.sel(release="latest").item() == pytest.approx(1570.75, abs=0.5)
    share = came["rd_share"].sel(country="CHN", year=2020)
    # Published so first in the releases that were kept (see the data notes).
    assert share.sel(release="first").item() == pytest.approx(2.401, abs=0.0005)
    assert share.sel(release="latest").item() == pytest.approx(2.357, abs=0.0005)


def test_orders_won_are_those_of_the_newest_register_by_year(came):
    won = came["orders"].sel(release="latest", supplier="RUS")
    book = books.as_of()
    for year in (1995, 2010, 2020):
        own = [d for d in book.deals if d.supplier in ("RUS", "SUN") and d.order_year == year]
        assert won.sel(year=year) == len(own) > 0
    # Of the last two years of the register too much is still to be listed.
    assert won.dropna(YEAR)[YEAR].max() == book.last_year - 2
    assert np.isnan(came["orders"].sel(release="first")).all()


def test_with_gdp_in_place_of_rd_a_country_spends_the_same_share_in_all_years(world):
    share = world.panel["rd_share"]
    flat = past_forecasts.gdp_for_rd(world.panel)["rd_share"]
    assert (np.isnan(flat) == np.isnan(share)).all()
    away = np.log(flat / share.mean(YEAR))
    # Six standard deviations of the noise.
    assert np.abs(away).max() < 6 * 0.02
    assert world.panel.drop_vars("rd_share").equals(
        past_forecasts.gdp_for_rd(world.panel).drop_vars("rd_share")
    )


# Events.


def tiny(exports, pair, years):
    """Return deliveries of A and B to the rest over some years, and of A to B."""
    tiv = np.zeros((2, 3, len(years)))
    tiv[0, 2], tiv[1, 2] = exports
    tiv[0, 1] = pair
    return xr.DataArray(
        tiv, dims=(SUPPLIER, RECIPIENT, YEAR),
        coords={SUPPLIER: ["A", "B"], RECIPIENT: ["A", "B", "ROW"], YEAR: years},
    )  # fmt: skip


def test_events_resolve_by_three_year_means_after_the_origin():
    years = np.arange(2000, 2014)
    ours, theirs = np.full(14, 90.0), np.full(14, 30.0)
    theirs[11] = 300.0
    pair = np.full(14, 10.0)
    pair[11:] = 0.0
    tiv = tiny((ours, theirs), pair, years)
    known = tiv.sel({YEAR: slice(None, 2010)})
    asked = origins.questions(known)
    once = {f"{EXPORT_CROSSOVER}/A-B", f"{INDEPENDENCE}/A-B"}
    assert set(asked["question"].values) == once | {f"{name}/state" for name in once}
    found = origins.resolve(asked, tiv, 2010, np.array([1, 2, 3, 4]))
    by = dict(zip(asked["question"].values, found.tolist(), strict=True))
    # B's mean of 2009-2011 is 120, above A's 97; it stays on record once it happened.
    assert by[f"{EXPORT_CROSSOVER}/A-B"][:3] == [1.0, 1.0, 1.0]
    # Deliveries of A to B end in 2011: their mean is zero from 2013 on.
    assert by[f"{INDEPENDENCE}/A-B"][:3] == [0.0, 0.0, 1.0]
    # Of 2014 nothing is known.
    assert np.isnan(by[f"{EXPORT_CROSSOVER}/A-B"][3])
    # B's mean of 2011-2013 holds the great year; with that of 2012-2014 it would be behind again.
    assert by[f"{EXPORT_CROSSOVER}/A-B/state"][:3] == [1.0, 1.0, 1.0]


def test_a_state_is_resolved_by_its_year_alone():
    years = np.arange(2000, 2016)
    ours, theirs = np.full(16, 90.0), np.full(16, 30.0)
    theirs[11] = 300.0
    tiv = tiny((ours, theirs), np.full(16, 10.0), years)
    asked = origins.questions(tiv.sel({YEAR: slice(None, 2010)}))
    found = origins.resolve(asked, tiv, 2010, np.arange(1, 6))
    by = dict(zip(asked["question"].values, found.tolist(), strict=True))
    assert by[f"{EXPORT_CROSSOVER}/A-B"] == [1.0] * 5
    assert by[f"{EXPORT_CROSSOVER}/A-B/state"] == [1.0, 1.0, 1.0, 0.0, 0.0]


def test_what_has_happened_at_the_origin_is_not_asked():
    years = np.arange(2000, 2011)
    tiv = tiny((np.full(11, 10.0), np.full(11, 30.0)), np.zeros(11), years)
    name = f"{EXPORT_CROSSOVER}/B-A"
    assert set(origins.questions(tiv)["question"].values) == {name, f"{name}/state"}


def test_climatology_knows_nothing_of_the_future_and_rises_with_the_horizon(seen_2016, came):
    tiv = seen_2016["tiv"]
    asked, ahead = origins.questions(tiv), np.arange(1, 7)
    said = origins.climatology(asked, tiv, 2016, ahead)
    longer = came["tiv"].sel(release="latest", drop=True).sel({YEAR: slice(None, 2020)})
    longer.loc[{YEAR: slice(None, 2016)}] = tiv
    assert np.array_equal(said, origins.climatology(asked, longer, 2016, ahead))
    assert (np.diff(said[asked["kind"].values == "first_passage"], axis=1) > 0).all()
    assert ((said > 0) & (said < 1)).all()


# Our own forecast.


@pytest.fixture(scope="module")
def own(world, tree):
    return past_forecasts.from_fit("full", tree, world.panel, 3, world.priors, seed=2)


def test_a_forecast_of_ours_has_every_series_and_event_a_benchmark_has(own, world):
    other = past_forecasts.benchmark("persistence", world.panel, ORIGIN, 3)
    of_orders = own["target"].values == skill.ORDERS
    assert list(own["series"].values[~of_orders]) == list(other["series"].values)
    # How many orders each supplier wins is forecast by us only.
    assert list(own["unit"].values[of_orders]) == list(small.SUPPLIERS[:-1])
    asked = past_forecasts.benchmark(skill.CLIMATOLOGY, world.panel, ORIGIN, 3)
    assert list(own["question"].values) == list(asked["question"].values)
    assert own["quantiles"].dims == other["quantiles"].dims
    assert (own["quantiles"].diff("quantile") >= 0).all()
    passage = own["probability"].values[own["kind"].values == "first_passage"]
    state = own["probability"].values[own["kind"].values == "state"]
    assert (np.diff(passage, axis=1) >= 0).all() and (state <= passage).all()
    # Of what had not happened at the origin both are the same in the first year.
    assert np.array_equal(state[:, 0], passage[:, 0])
    assert (own.attrs["origin"], own.attrs["model"], own.attrs["draws"]) == (ORIGIN, "full", 80)


def test_quantiles_are_those_of_the_simulated_world(own, tree):
    from crossover.forecast import simulate

    world = simulate.world(tree, seed=2, years=3, draws=past_forecasts.FEW)
    drawn = world["deliveries"].sel(supplier="RUS").sum(RECIPIENT)
    found = own["quantiles"].sel(series="exports/RUS")
    assert found.sel(quantile=0.5).values == pytest.approx(drawn.median("draw").values, rel=1e-4)


def test_the_sampler_gets_what_was_seen_and_the_variants_priors(world, tree, monkeypatch):
    got = {}

    def sampled(panel, priors, **options):
        got.update(panel=panel, priors=priors, options=options)
        return tree

    monkeypatch.setattr(fit, "fit", sampled)
    monkeypatch.setattr(past_forecasts, "quality", lambda tree: {"divergences": 0})
    lengths = {"draws": 7, "tune": 6, "chains": 3}
    made = past_forecasts.ours("no_rd", world.panel, ORIGIN, 2, world.priors, seed=5, **lengths)
    assert got["panel"] is world.panel
    assert got["options"]["seed"] == 5 + ORIGIN
    assert got["options"]["cores"] == 1 and lengths.items() <= got["options"].items()
    held = got["priors"].variables
    assert held["rd_within"]["sigma"] == held["rd_between"]["sigma"] == 0.001
    assert held["mil_within"] == world.priors.variables["mil_within"]
    assert world.priors.variables["rd_within"]["sigma"] > 0.1
    assert made.attrs["model"] == "no_rd"


@pytest.mark.parametrize("name", list(past_forecasts.VARIANTS))
def test_a_variants_priors_are_complete(name, world):
    from crossover.models import priors

    made = past_forecasts.variant(world.priors, past_forecasts.VARIANTS[name])
    assert priors.order(made) == priors.order(world.priors)


# The work as a whole.


@pytest.fixture
def serial(monkeypatch, came):
    """Do tasks here, one after the other; return the names of those done."""
    done = []

    def run(tasks, finished, **_):
        for task in tasks:
            done.append(task.name)
            finished(task.name, task.call(*task.args))
        return {}

    monkeypatch.setattr(cluster, "run", run)
    monkeypatch.setattr(backtest, "seen", lambda origin, *_: KEPT(origin))
    monkeypatch.setattr(backtest, "figures_seen", lambda origin, *_: KEPT(origin))
    monkeypatch.setattr(backtest, "outturns", lambda _: came)
    return done


def command(out, *words):
    return app.main(["backtest", "--out", str(out), "--models", "persistence,climatology", *words])


def test_a_backtest_writes_its_tables_and_goes_on_where_it_stopped(tmp_path, serial, capsys):
    out = tmp_path / "back"
    assert command(out, "--origins", "2014", "--horizons", "2") == 0
    assert serial == ["2014/persistence", "2014/climatology"]
    kept = backtest.place(out, backtest.Job(2014, "persistence"))
    before = kept.stat().st_mtime_ns
    assert command(out, "--origins", "2014,2023", "--horizons", "2") == 0
    assert serial[2:] == ["2023/persistence", "2023/climatology"]
    assert kept.stat().st_mtime_ns == before
    assert "2 of 4 forecasts are kept already" in capsys.readouterr().err
    scores = pd.read_csv(out / "scores.csv")
    assert tuple(scores.columns) == skill.COLUMNS
    assert set(scores["origin"]) == {2014, 2023}
    assert (scores["year"] == scores["origin"] + scores["horizon"]).all()
    assert int(scores["year"].max()) == 2025
    deliveries = scores[scores["target"] == "imports"].groupby("origin")["vintage"].unique()
    assert list(deliveries[2014]) == ["assumed"]
    assert list(deliveries[2023]) == ["real-time"]
    for name in ("skill.csv", "events_skill.csv", "calibration.csv", "fits.csv"):
        assert len(pd.read_csv(out / name)), name
    # Our own model is not among these, so that there is nothing to tell of it.
    assert tuple(pd.read_csv(out / summary.FILE).columns) == summary.COLUMNS
    assert not list(out.rglob(".*"))


def test_a_forecast_from_books_that_nobody_had_goes_by_another_name(
    tmp_path, serial, monkeypatch, capsys
):
    monkeypatch.setattr(order_book, "FIRST_BOOK", 2012)
    out = tmp_path / "back"
    words = ("--models", "persistence,order_book", "--origins", "2014,2019", "--horizons", "1")
    assert app.main(["backtest", "--out", str(out), *words]) == 0
    assert serial[2:] == ["2014/order_book", "2019/order_book"]
    scores = pd.read_csv(out / "scores.csv")
    names = scores.groupby("origin")["model"].unique().map(set).to_dict()
    assert names == {2014: {"persistence", "order_book_degraded"},
                     2019: {"persistence", "order_book"}}  # fmt: skip
    rows = pd.read_csv(out / summary.FILE)
    found = rows[rows["part"] == summary.WITH_BOOK].set_index(["model", "target"])
    assert found.loc[("order_book", "dyads"), "origins"] == "2019"
    assert found.loc[("order_book_degraded", "dyads"), "origins"] == "2014"


def test_one_model_alone_is_scored_and_set_against_nothing(tmp_path, serial, capsys):
    out = tmp_path / "back"
    words = ("--models", "persistence", "--origins", "2014", "--horizons", "2")
    assert app.main(["backtest", "--out", str(out), *words]) == 0
    assert len(pd.read_csv(out / "scores.csv"))


def test_the_summary_says_what_it_was_made_with(tmp_path, serial, monkeypatch, capsys):
    out = tmp_path / "b"
    options = ("--origins", "2014,2023", "--horizons", "2")
    with monkeypatch.context() as unscored:
        unscored.setattr(backtest, "report", lambda *_: {backtest.SUMMARY: None})
        unscored.setattr(backtest, "shown", lambda _: ([], []))
        assert command(out, *options) == 0
    for origin in (2014, 2023):
        stand_in = past_forecasts.benchmark("persistence", KEPT(origin), origin, 2)
        stand_in.attrs |= {"model": "full", "rhat": 1.02, "ess": 400.0, "divergences": 1}
        stand_in.attrs["passed"] = int(origin == 2023)
        backtest.keep(out, backtest.Job(origin, "full"), stand_in)
    assert command(out, *options, "--score-only") == 0
    found = pd.read_csv(out / summary.FILE)
    own = found[(found["part"] == summary.TARGET) & (found["target"] == "imports")]
    assert set(own["model"]) == {"full"}
    assert set(own["origins"]) == {"2014 2023"} and set(own["real_time"]) == {2023}
    # Persistence under another name has no skill over itself.
    assert own.loc[own["model"] == "full", "skill"].item() == 0.0
    assert found["command"].str.endswith("--score-only").all()
    held = json.loads((out / past_forecasts.OPTIONS).read_text("utf-8"))
    assert set(found["panel"]) == {held["panel"]} and set(found["seed"]) == {held["seed"]}
    assert set(found["fits"]) == {2} and set(found["divergences"]) == {2}
    assert set(found["passed"]) == {1}
    assert pd.read_csv(out / summary.FILE)["part"][0] == summary.TARGET


def test_a_backtest_is_not_continued_with_other_settings(tmp_path, serial, capsys):
    backtest.claim(tmp_path / "b", {"horizons": 2})
    assert command(tmp_path / "b", "--origins", "2014", "--horizons", "3") == 2
    assert "horizons 2, not 3" in capsys.readouterr().err


def test_being_stopped_says_that_work_is_kept(tmp_path, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(backtest, "run", stopped)
    assert command(tmp_path / "b", "--origins", "2014") == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_what_failed_is_named_and_ends_with_one(tmp_path, serial, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "run", lambda *_, **__: {"2014/persistence": "RuntimeError: x"})
    out = tmp_path / "b"
    made = past_forecasts.benchmark("climatology", KEPT(2014), 2014, 2)
    assert command(out, "--origins", "2014", "--horizons", "2", "--models", "persistence") == 2
    backtest.keep(out, backtest.Job(2014, "climatology"), made)
    assert command(out, "--origins", "2014", "--horizons", "2") == 1
    assert "failed: 2014/persistence" in capsys.readouterr().err


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path, serial, capsys):
    (tmp_path / "thesis.txt").write_text("mine")
    assert command(tmp_path, "--origins", "2014") == 2
    assert "give another --out" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_half_written_forecast_is_named(tmp_path, serial, capsys):
    out = tmp_path / "b"
    path = backtest.place(out, backtest.Job(2014, "persistence"))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    assert command(out, "--origins", "2014", "--horizons", "2", "--score-only") == 2
    assert "persistence.nc" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "20", "2010-", "2012-2010", "1999", "2010-2012-2014", "x"])
def test_origins_that_are_none_are_refused(text, capsys):
    assert app.main(["backtest", "--origins", text]) == 2
    assert "--origins" in capsys.readouterr().err


def test_origins_may_be_spans_and_single_years():
    assert evaluate.years_of("2010-2012,2020", 2005) == [2010, 2011, 2012, 2020]


def test_unknown_models_and_missing_libraries_are_named(monkeypatch, capsys):
    assert app.main(["backtest", "--models", "full,magic"]) == 2
    assert "magic" in capsys.readouterr().err
    monkeypatch.setattr(baselines, "LIBRARY", "no_such_library")
    assert app.main(["backtest", "--models", "forest"]) == 2
    assert "--group bench" in capsys.readouterr().err


def test_asking_for_help_imports_nothing_heavy():
    code = (
        "import sys; from crossover.reports.cli import app; app.application();"
        "print([m for m in ('numpy', 'distributed', 'pymc', 'sklearn') if m in sys.modules])"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


def test_a_backtest_begun_is_only_continued_from_the_same_panel_and_priors(tmp_path, world):
    one = {"horizons": 6, "panel": "a"}
    backtest.claim(tmp_path / "x", one)
    backtest.claim(tmp_path / "x", one)
    with pytest.raises(InputError, match="panel a, not b"):
        backtest.claim(tmp_path / "x", one | {"panel": "b"})
    assert runs.plain(one) == json.loads((tmp_path / "x" / "backtest.json").read_text())


def test_day_of_sight_lies_between_two_releases_of_deliveries():
    # SIPRI publishes a year's deliveries in March of the next.
    day = real_time.seen_on(2015)
    assert datetime.date(2016, 3, 31) < day < datetime.date(2017, 3, 1)


def test_levels_are_those_by_which_scores_are_computed():
    assert pytest.approx(np.arange(1, 200) / 200) == LEVELS
    assert dataclasses.is_dataclass(small.World)
