"""What moves the answer: which choices are made otherwise, how draws are weighted, what is told."""

import numpy as np
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.data.names import CHAIN, CONVENTION, DRAW, YEAR
from crossover.forecast import fit, robustness, runs, shipped, shipped_tables
from crossover.models import priors
from crossover.reports import robustness as told
from crossover.reports.context.robustness import lines

PAIR = ("RUS", "CHN")
CHAINS, DRAWS = 4, 500


@pytest.fixture(scope="module")
def beliefs():
    return priors.load()


def normal(seed=1, count=CHAINS * DRAWS):
    """Draws of a standard normal at its own quantiles, in an order of their own (chain, draw)."""
    from scipy import stats

    x = stats.norm.ppf((np.arange(count) + 0.5) / count)
    return np.random.default_rng(seed).permutation(x).reshape(CHAINS, DRAWS)


def test_every_choice_changes_the_priors_or_the_figures_and_has_a_name_of_its_own(beliefs):
    found = robustness.choices(2025)
    assert len({one.name for one in found}) == len(found)
    as_published = robustness.Choice("", "", "").figures
    for one in found:
        other_priors = one.priors(beliefs).variables != beliefs.variables
        assert other_priors != (one.figures is not as_published), one.name


def test_priors_twice_as_wide_are_those_of_top_level_parameters_alone(beliefs):
    wide = robustness.wider(beliefs).variables
    for name, entry in beliefs.variables.items():
        factor = 2.0 if entry["top_level"] else 1.0
        assert wide[name] == entry | {"sigma": factor * entry["sigma"]}, name


@pytest.mark.parametrize("power", robustness.SCALED)
def test_a_prior_that_counts_otherwise_weighs_draws_as_its_power_does(power):
    """Draws of a prior N(0, 1) that counts `power` times as much are draws of N(0, 1 / power).

    The draws are the quantiles of the prior, so that nothing here is chance but the smoothed tail.
    """
    x = normal()
    log_prior = xr.Dataset({"a": ((CHAIN, DRAW), -0.5 * x**2)})
    log_weight, khat = robustness.scaled(log_prior, power)
    weight = np.exp(log_weight) * log_weight.size
    assert weight.mean() == pytest.approx(1.0, abs=1e-12)
    assert khat < shipped.KHAT
    assert (weight * x**2).mean() == pytest.approx(1.0 / power, rel=0.03)


def test_states_are_asked_of_the_same_draws_as_the_published_ones(tree):
    from crossover.forecast import event_tables, events, simulate

    years = [int(tree["constant_data"].attrs["origin"]), 2030, 2035]
    found = robustness.states(tree, PAIR, years, seed=3)
    assert found.dims == (CHAIN, DRAW, CONVENTION, YEAR)
    published = events.answers(simulate.futures(tree, *PAIR, seed=3))
    table = event_tables.tables(published[[events.CAPACITY_CROSSOVER]])[0]
    state = table[table["kind"] == "state"].set_index("year")["probability"]
    for year in years:
        chance = float(found.mean(CONVENTION).sel({YEAR: year}).mean())
        assert chance == pytest.approx(state[year], abs=1e-9), year


@pytest.fixture
def made(tree, world, monkeypatch):
    """Return the table of draws that pose as a fit, every other fit giving the same draws."""
    whole = xr.DataTree.from_dict(
        {
            "posterior": tree["posterior"].to_dataset(),
            "constant_data": tree["constant_data"].to_dataset(),
            "log_prior": fit.log_prior(tree["posterior"].to_dataset(), world.priors),
        }
    )
    seen = []
    monkeypatch.setattr(fit, "fit", lambda panel, given, **how: seen.append((panel, given)) or tree)
    bad = {"passed": 0, "rhat": 1.02, "ess": 100.0, "divergences": 0}
    monkeypatch.setattr(robustness, "quality", lambda _: bad)
    kept = robustness.choices(2021)[:3]
    monkeypatch.setattr(robustness, "choices", lambda *_: kept)
    return robustness.table(whole, world.panel, world.priors, PAIR, seed=3), seen


def test_a_choice_that_changes_nothing_moves_nothing(made):
    table, seen = made
    fitted = table[table["group"] == robustness.LIKELIHOOD]
    assert len(fitted) == 3 * 3 and len(seen) == 3
    assert (fitted["change"] == 0.0).all() and (fitted["passed"] == 0).all()
    published = table[table["choice"] == robustness.PUBLISHED].set_index("year")["probability"]
    single = table[table["group"] == robustness.CONVENTIONS].groupby("year")["probability"].mean()
    assert single.to_numpy() == pytest.approx(published.to_numpy(), abs=1e-12)


def test_a_fit_that_failed_the_gate_and_weights_of_a_heavy_tail_are_not_to_be_trusted():
    row = {"khat": "", "passed": ""}
    assert not shipped.doubt(row) and not shipped.doubt(row | {"passed": "1.0"})
    assert shipped.doubt(row | {"passed": "0.0"}) == "did not pass the gate"
    assert not shipped.doubt(row | {"khat": "0.5"})
    assert shipped.doubt(row | {"khat": "0.9"}) == "few draws carry the weight"


def test_a_run_of_its_priors_has_no_answer_to_move(tmp_path):
    (tmp_path / runs.RECORD).write_text('{"prior_only": true}', "utf-8")
    with pytest.raises(InputError, match="drawn from its priors"):
        shipped_tables.move_answer(tmp_path, PAIR, (), "crossover", None, tmp_path)


def test_the_shipped_table_is_of_the_pair_that_the_program_is_about():
    found = told.collect(PAIR)
    assert told.collect(("USA", "IND")) is None
    rows = lines(found)
    assert len(rows) == 2 + len(robustness.choices(2025)) + len(robustness.SCALED)
    assert all(len(row) == 2 + len(found["years"]) for row in rows)
    assert rows[0][2:] and rows[0][1] == "As published"
