"""Why an answer moved: steps that add up, observations, and next year's data."""

import itertools
import json
import math
import shutil

import numpy as np
import pytest

from crossover.data.errors import InputError
from crossover.data.names import CHAIN, DRAW, RECIPIENT, SUPPLIER
from crossover.forecast import explain, influence, waterfall, weighting
from crossover.forecast.simulate import futures
from crossover.forecast.states import Holds
from crossover.forecast.waterfall import MEDIAN, STEPS, Posterior
from crossover.models import priors
from crossover.models.order_book import ORDER_PERIOD
from tests import small

CHAINS, EACH = 4, 500


def posterior(rng, probability, how="run"):
    """Return a posterior in which one event comes for good in 2026 to 2035, or never."""
    years = rng.integers(2026, 2036, (CHAINS, EACH)).astype(float)
    first = np.where(rng.random((CHAINS, EACH)) < probability, years, np.nan)
    span = np.arange(2025, 2036)
    holds = Holds(span, (first[..., None] <= span)[:, :, None])
    return Posterior({"export_crossover": holds}, how)


@pytest.fixture
def chain():
    rng = np.random.default_rng(1)
    first, revised, last = (posterior(rng, chance) for chance in (0.5, 0.6, 0.8))
    return [first, first._replace(how="nothing changed"), revised, last]


def test_a_step_in_which_nothing_changed_has_no_error(chain):
    parts = waterfall.split(chain, [2030])
    parts = [part for part in parts if part.step == influence.PRIORS_OR_CODE]
    assert {part.what for part in parts} == {"in 2030", MEDIAN}
    assert {(part.change, part.mc_error) for part in parts} == {(0.0, 0.0)}


def test_the_headline_looked_at_is_one_that_is_still_open():
    """An event that has come to pass moved most, and nothing can move it any more."""
    def part(event, before, after):
        change = after - before
        return waterfall.Part(event, "in 2030", influence.NEW_YEAR, before, after, change, 0.0, "")

    parts = [part("happened", 0.6, 1.0), part("ruled_out", 0.5, 0.0), part("open", 0.3, 0.4)]
    assert explain._most_moved(parts, None, None) == ("open", 2030)
    assert explain._most_moved(parts, "happened", None) == ("happened", 2030)
    assert explain._most_moved(parts[:2], None, None) == ("ruled_out", 2030)


def test_what_is_settled_is_moved_by_no_figure(mock_fit):
    ahead = futures(mock_fit, "RUS", "CHN", seed=1, horizon=small.ORIGIN + 2)
    sizes = mock_fit["posterior"].sizes
    settled = np.ones((sizes[CHAIN], sizes[DRAW]))
    assert influence.next_year(ahead, settled) == []
    old = mock_fit["constant_data"].to_dataset()
    assert influence.influences(mock_fit, old, settled) == []
    assert influence.influences(mock_fit, old, np.zeros_like(settled)) == []


def test_the_steps_add_up_to_the_whole_change_exactly(chain):
    parts = waterfall.split(chain, [2030, 2035])
    assert {part.what for part in parts} == {"in 2030", "in 2035", MEDIAN}
    for what in ("in 2030", "in 2035", MEDIAN):
        mine = [part for part in parts if part.what == what]
        assert [part.step for part in mine] == list(STEPS)
        whole = mine[-1].after - mine[0].before
        assert math.fsum(part.change for part in mine) == pytest.approx(whole, abs=1e-12)
        assert mine[0].change == 0.0
    by = next(p for p in parts if p.what == "in 2035" and p.step == "new year")
    assert by.after == pytest.approx(chain[3].holds["export_crossover"].at(2035).mean())


def test_a_state_that_ends_again_counts_in_its_years_alone():
    span = np.array([2026, 2027, 2028])
    holds = Holds(span, np.array([[[[False, True, False]], [[True, True, True]]]]))
    assert [holds.at(year).mean() for year in (2025, *span)] == [0.0, 0.5, 1.0, 0.5]


def test_a_state_under_half_of_the_conventions_counts_half():
    span = np.array([2026, 2027])
    either = Holds(span, np.array([[[[True, True], [False, True]]]]))
    assert [either.at(year).item() for year in span] == [0.5, 1.0]
    one = Posterior({"e": either}, "run")
    middle, _ = waterfall._headline(one, "e", MEDIAN)
    assert middle == 2026.0


def test_the_error_of_a_probability_is_the_binomial_one_of_independent_draws(chain):
    part = waterfall.split(chain, [2035])[0]
    value, error = waterfall._headline(chain[0], "export_crossover", "2035")
    assert part.before == value and part.before_error == error
    # The effective size of independent draws is estimated to within some per cent.
    assert error == pytest.approx(math.sqrt(value * (1 - value) / 2000), rel=0.15)


def test_before_and_after_have_errors_of_their_own(chain):
    parts = [part for part in waterfall.split(chain, [2035]) if part.what == "in 2035"]
    for one, two in itertools.pairwise(parts):
        assert one.after_error == two.before_error > 0
    # The last step is between two fits: its error is that of both ends together.
    last = parts[-1]
    assert last.mc_error == pytest.approx(math.hypot(last.before_error, last.after_error))


def test_an_event_that_never_happens_has_no_median_year_and_no_change_of_it():
    never = posterior(np.random.default_rng(0), 0.0)
    parts = waterfall.split([never] * 4, [2030])
    median = [part for part in parts if part.what == MEDIAN]
    assert all(part.change is None and part.before is None for part in median)
    assert all(part.change == 0.0 and part.mc_error == 0.0 for part in parts if part.what != MEDIAN)


def test_waterfalls_begin_where_the_last_bar_ended(chain):
    for fall in explain.waterfalls(waterfall.split(chain, [2030])):
        ends = [fall["from"]]
        for bar in fall["bars"]:
            assert bar["start"] == ends[-1]
            ends.append(bar["end"])
        assert fall["to"] == ends[-1]


def test_what_is_found_is_written_as_tables_and_bars(chain, tmp_path):
    parts = waterfall.split(chain, [2030])
    row = influence.Influence("IND", 2025, "new year", None, 3.0, 0.01, 0.001, 0.2)
    found = explain.Explanation(parts, "export_crossover", 2030, 0.4, [row], [], [])
    explain.write(tmp_path, found)
    assert all((tmp_path / name).is_file() for name in explain.FILES)
    told = json.loads((tmp_path / "explain.json").read_text("utf-8"))
    assert len(told["waterfalls"]) == 2 and "from" not in told
    explain.write(tmp_path, found._replace(ends=[{"id": "a"}, {"id": "b"}]))
    told = json.loads((tmp_path / "explain.json").read_text("utf-8"))
    assert (told["from"]["id"], told["to"]["id"]) == ("a", "b")


# Observations ----------------------------------------------------------------------------------


def crossing(mock_fit):
    """Return whether a statement holds that capacity at the origin decides (chain, draw)."""
    capacity = mock_fit["posterior"]["supplier_capacity"].isel(year=-1)
    high = capacity.sel({SUPPLIER: "RUS"}) < capacity.sel({SUPPLIER: "CHN"})
    return high.transpose(CHAIN, DRAW).values.astype(float)


def test_leaving_orders_out_is_weighting_with_the_inverse_of_their_likelihood(mock_fit):
    held, happened = mock_fit["constant_data"].to_dataset(), crossing(mock_fit)
    found = influence.influences(mock_fit, held, happened, top=1000)
    periods = mock_fit["log_likelihood"][ORDER_PERIOD].values
    assert {(row.recipient, row.year) for row in found} == {
        (code, int(period)) for code in small.RECIPIENTS for period in periods
    }
    sizes = [abs(row.influence) for row in found]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 0
    row = found[0]
    likelihood = mock_fit["log_likelihood"]["orders"].sel(
        {RECIPIENT: row.recipient, ORDER_PERIOD: row.year}
    )
    smooth, khat = weighting.smoothed(-likelihood.values.astype(float))
    without, _ = weighting.probability(smooth, happened)
    assert row.influence == pytest.approx(happened.mean() - without, abs=1e-6)
    assert row.khat == khat
    assert len(influence.influences(mock_fit, held, happened, top=3)) == 3


def test_orders_are_set_against_those_that_the_earlier_run_had(mock_fit):
    held, happened = mock_fit["constant_data"].to_dataset(), crossing(mock_fit)
    at = {RECIPIENT: "CHN", ORDER_PERIOD: 2006, SUPPLIER: "RUS"}
    now = float(held["placed"].sel(at))
    old = held.sel({ORDER_PERIOD: held[ORDER_PERIOD] < small.ORIGIN}).copy(deep=True)
    old["placed"].loc[at] = now + 5.0
    found = influence.influences(mock_fit, old, happened, top=1000)
    rows = {(row.recipient, row.year): row for row in found}
    changed = rows["CHN", 2006]
    assert changed.kind == influence.REVISED
    assert changed.before == changed.now + 5.0
    assert changed.now == float(held["placed"].sel({RECIPIENT: "CHN", ORDER_PERIOD: 2006}).sum())
    for (code, period), row in rows.items():
        if period == small.ORIGIN:
            assert row.kind == influence.NEW_YEAR and row.before is None
        elif (code, period) != ("CHN", 2006):
            assert row.kind == influence.UNCHANGED and row.before == row.now


def test_a_cut_panel_holds_no_book_of_later_years(world):
    early = waterfall.cut(world.panel, small.ORIGIN - 1)
    assert early["book"].values.tolist() == [2006, 2008, 2010, 2011]
    assert int(early["year"][-1]) == small.ORIGIN - 1
    assert int(early["listing_order_year"].max()) <= small.ORIGIN - 1
    later = world.panel["listing_book"].values == 4
    assert early.sizes["listing"] == (~later).sum()


# Next year -------------------------------------------------------------------------------------


def test_the_figure_that_decides_an_event_moves_it_by_ten_points_and_others_do_not(tree):
    ahead = futures(tree, "RUS", "CHN", seed=1, horizon=2020)
    # Of what does not decide, 800 of 16,000 draws lie beyond a bound. Ten points are 5.8 standard
    # errors of their odds: of 40 bounds one moves that far by chance with 3e-7.
    count = 16_000
    every = np.tile(np.arange(80), count // 80)
    wide = ahead.isel({DRAW: every}).assign_coords({DRAW: np.arange(count)})
    rng = np.random.default_rng(5)
    for name in ("deliveries", "imports", "exports", "gdp", "milex", "rd_share"):
        wide[name] = wide[name] * np.exp(0.3 * rng.standard_normal(wide[name].shape))
    wide.attrs["chains"] = 4
    exports = wide["exports"].isel(scenario=0, year_future=0).sel({SUPPLIER: "CHN"}).values
    happened = (exports > np.quantile(exports, 0.6)).astype(float).reshape(4, count // 4)
    rows = influence.next_year(wide, happened)
    sides = {(r.observable, r.of, r.side): r for r in rows}
    above = sides["exports", "CHN", "at least"]
    assert above.moves and above.change > 0.1 and 0.3 < above.chance < 0.55
    assert sides["exports", "CHN", "at most"].probability < 0.3
    assert rows[0].moves
    assert not sides["gdp", "RUS", "at most"].moves
    assert sides["gdp", "RUS", "at most"].chance == pytest.approx(0.05, abs=0.01)


def test_runs_of_two_pairs_are_not_explained(tmp_path):
    folders = []
    for name, recipient in (("a", "CHN"), ("b", "IND")):
        folder = tmp_path / name
        folder.mkdir()
        said = {"id": name, "supplier": "RUS", "recipient": recipient, "hashes": {}}
        (folder / "run.json").write_text(json.dumps(said), "utf-8")
        folders.append(folder)
    with pytest.raises(InputError, match="nothing to explain"):
        explain.explain(*folders, known=[tmp_path])


@pytest.fixture(scope="module")
def stored(mock_fit, tmp_path_factory):
    """Return a run folder with a forecast of the small world."""
    from tests.forecast.test_carry import run_folder

    run = run_folder(tmp_path_factory.mktemp("explain") / "run", mock_fit)
    ahead = futures(mock_fit, "RUS", "CHN", seed=1, horizon=2020)
    ahead.to_netcdf(run / "forecast.nc", engine="h5netcdf")
    return run


@pytest.fixture
def both(stored, tmp_path):
    """Return two runs of the same draws, of ids of their own."""
    for name in ("a", "b"):
        run = shutil.copytree(stored, tmp_path / name)
        said = json.loads((run / "run.json").read_text("utf-8"))
        (run / "run.json").write_text(json.dumps(said | {"id": name}), "utf-8")
    return tmp_path / "a", tmp_path / "b"


def test_two_runs_of_the_same_draws_have_nothing_to_explain(both, tmp_path):
    a, b = both
    found = explain.explain(a, b, [tmp_path], by=2018)
    made = ["run", "nothing changed", "run", "nothing changed"]
    assert [one["how"] for one in found.links] == made
    assert all(part.change in (0.0, None) for part in found.parts)
    assert {row.kind for row in found.influences} <= {influence.UNCHANGED}
    assert [end["origin"] for end in found.ends] == [small.ORIGIN] * 2
    assert [end["id"] for end in found.ends] == [json.loads((run / "run.json").read_text())["id"]
                                                for run in (a, b)]
    with pytest.raises(InputError, match="must be a year after 2012, up to 2020"):
        explain.explain(a, b, [tmp_path], by=2012)
    with pytest.raises(InputError, match="must be one of"):
        explain.explain(a, b, [tmp_path], event="war")


def other_priors(run):
    """Change the priors of a run; return what they state of the effect of war."""
    text = (run / "priors.toml").read_text("utf-8")
    held = priors.load(run / "priors.toml").variables["war_effect"]["mu"]
    block = text.index("[variable.war_effect]")
    changed = text[block:].replace(f"mu = {held}", f"mu = {held + 0.05}", 1)
    (run / "priors.toml").write_text(text[:block] + changed, "utf-8")
    return held + 0.05


def test_changed_priors_are_a_step_of_their_own_made_by_a_fit(
    mock_fit, both, tmp_path, monkeypatch
):
    a, b = both
    stated, asked = other_priors(b), []

    def fitted(panel, beliefs, *_, **options):
        asked.append((panel, beliefs.variables["war_effect"]["mu"], options))
        return mock_fit

    monkeypatch.setattr("crossover.forecast.fit.fit", fitted)
    monkeypatch.setattr(waterfall, "panel_of", lambda said, layers: (said["id"], list(layers)))
    found = waterfall.chain(a, b, lambda said: [tmp_path])
    assert [one.how for one in found] == ["run", "fit", "run", "nothing changed"]
    ((panel, mu, options),) = asked
    assert panel == ("a", [tmp_path]) and mu == pytest.approx(stated)
    assert options["seed"] == 1 and options["chains"] == 2
    own, then = (one.holds["capacity_crossover"].values for one in found[:2])
    assert then.shape[:2] == (2, 200)
    assert np.array_equal(own, then)


def test_without_a_fit_changed_priors_count_with_the_next_step(both, tmp_path):
    a, b = both
    other_priors(b)
    found = waterfall.chain(a, b, lambda said: [tmp_path], fits=False)
    assert "not split" in found[1].how
    assert found[1].holds is found[0].holds
