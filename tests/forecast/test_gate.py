"""The gate on invented draws: good ones pass, every kind of fault fails and says where."""

import json
import warnings

import numpy as np
import pytest
import xarray as xr

from crossover.forecast import gate
from crossover.forecast.gate import PART
from crossover.reports.cli import common

CHAINS, DRAWS = 4, 1000


def draws(seed=1):
    """Give independent draws of two vectors, and what a sampler says of them."""
    rng = np.random.default_rng(seed)
    posterior = xr.Dataset(
        {
            "level": (("chain", "draw", "country"), rng.standard_normal((CHAINS, DRAWS, 3))),
            "slope": (("chain", "draw"), rng.standard_normal((CHAINS, DRAWS))),
        },
        coords={
            "chain": np.arange(CHAINS),
            "draw": np.arange(DRAWS),
            "country": ["RUS", "CHN", "USA"],
        },
    )
    sample = xr.Dataset(
        {
            "diverging": (("chain", "draw"), np.zeros((CHAINS, DRAWS), bool)),
            "energy": (("chain", "draw"), rng.standard_normal((CHAINS, DRAWS))),
        },
        coords={"chain": np.arange(CHAINS), "draw": np.arange(DRAWS)},
    )
    return posterior, sample


def judge(posterior, sample, events=None):
    return gate.judge(
        xr.DataTree.from_dict({"posterior": posterior, "sample_stats": sample}), events
    )


def check(verdict, name):
    return next(c for c in verdict["checks"] if c["name"] == name)


def slow(shape, persistence, seed=2):
    """Draws that remember: an AR(1) along the last axis."""
    rng = np.random.default_rng(seed)
    noise = np.sqrt(1 - persistence**2) * rng.standard_normal(shape)
    out = np.empty(shape)
    out[..., 0] = rng.standard_normal(shape[:-1])
    for t in range(1, shape[-1]):
        out[..., t] = persistence * out[..., t - 1] + noise[..., t]
    return out


def test_independent_draws_pass_and_every_quantity_is_judged():
    verdict = judge(*draws())
    assert verdict["passed"]
    assert verdict["quantities"] == 4
    assert [c["name"] for c in verdict["checks"]] == list(gate.CHECKS)
    assert all(c["passed"] for c in verdict["checks"])


def test_the_thresholds_are_those_of_the_design():
    held = {c["name"]: c["threshold"] for c in judge(*draws())["checks"]}
    assert held == {
        "rhat": 1.01, "ess_bulk": 400.0, "ess_tail": 400.0, "divergences": 0.0, "ebfmi": 0.3,
    }  # fmt: skip


def test_one_chain_elsewhere_fails_and_is_named():
    posterior, sample = draws()
    posterior["level"].values[2, :, 1] += 3.0
    verdict = judge(posterior, sample)
    assert not verdict["passed"]
    found = check(verdict, "rhat")
    assert not found["passed"]
    assert found["where"] == "level[CHN]"
    assert found["value"] > 1.3


def test_one_stuck_chain_fails():
    posterior, sample = draws()
    posterior["slope"].values[3] = 0.25
    verdict = judge(posterior, sample)
    assert not verdict["passed"]
    assert check(verdict, "rhat")["where"] == "slope"


def test_divergences_are_said_to_be_of_the_part_that_had_them():
    posterior, sample = draws()
    parts = xr.concat([sample, sample.copy(deep=True)], xr.Variable(PART, ["orders", "delivery"]))
    parts["diverging"].values[1, 1, 500] = True
    of = check(judge(posterior, parts), "divergences")
    assert (of["value"], of["where"]) == (1.0, "delivery")
    assert common.verdict({"passed": False, "checks": [of]}).endswith(
        "divergences 1 (threshold 0, delivery)"
    )
    nowhere = {"passed": False, "checks": [of | {"where": ""}]}
    assert common.verdict(nowhere).endswith("divergences 1 (threshold 0)")


def test_a_single_divergence_fails():
    posterior, sample = draws()
    sample["diverging"].values[1, 500] = True
    verdict = judge(posterior, sample)
    assert not verdict["passed"]
    assert check(verdict, "divergences")["value"] == 1.0
    assert [c["name"] for c in verdict["checks"] if not c["passed"]] == ["divergences"]


def test_a_low_energy_fraction_in_one_chain_fails_and_the_chain_is_named():
    posterior, sample = draws()
    sample["energy"].values[2] = slow((DRAWS,), 0.99)
    verdict = judge(posterior, sample)
    assert [c["name"] for c in verdict["checks"] if not c["passed"]] == ["ebfmi"]
    assert check(verdict, "ebfmi")["where"] == "chain 3"


def test_draws_that_remember_too_long_fail_on_their_effective_size():
    posterior, sample = draws()
    posterior["level"].values[..., 2] = slow((CHAINS, DRAWS), 0.9)
    verdict = judge(posterior, sample)
    found = check(verdict, "ess_bulk")
    assert not found["passed"]
    assert found["where"] == "level[USA]"
    # 4,000 draws of correlation 0.9 are worth 4,000 · 0.1 / 1.9 = 210.
    assert 100 < found["value"] < 350


def test_too_few_draws_fail():
    posterior, sample = draws()
    few = {"draw": slice(0, 80)}
    verdict = judge(posterior.isel(few), sample.isel(few))
    assert not check(verdict, "ess_bulk")["passed"]


@pytest.mark.parametrize("name", ["rhat", "ess_bulk", "ess_tail"])
def test_one_draw_that_is_no_number_fails_every_figure_of_its_quantity(name):
    posterior, sample = draws()
    posterior["level"].values[0, 10, 0] = np.nan
    verdict = judge(posterior, sample)
    assert not verdict["passed"]
    found = check(verdict, name)
    assert not found["passed"]
    assert found["where"] == "level[RUS]"


def test_an_energy_that_is_no_number_fails():
    posterior, sample = draws()
    sample["energy"].values[1, 3] = np.nan
    assert not check(judge(posterior, sample), "ebfmi")["passed"]


def test_many_quantities_in_half_precision_are_judged_to_the_same_figures():
    posterior, sample = draws()
    rng = np.random.default_rng(3)
    many = rng.standard_normal((CHAINS, 200, 300, 2)).astype(np.float16)
    many[..., 7, 1] += slow((CHAINS, 200), 0.9).astype(np.float16)
    of = {"draw": slice(0, 200)}
    posterior, sample = posterior.isel(of), sample.isel(of)
    posterior = posterior.assign(many=(("chain", "draw", "place", "side"), many))
    verdict = judge(posterior, sample)
    assert verdict["quantities"] == 604
    assert check(verdict, "rhat")["where"] == "many[7, 1]"
    import arviz as az

    alone = posterior["many"].astype(np.float32).isel(place=7, side=1)
    assert check(verdict, "rhat")["value"] == pytest.approx(float(az.rhat(alone)))
    assert check(verdict, "ess_bulk")["value"] == pytest.approx(float(az.ess(alone)))


def test_a_derived_quantity_can_fail_where_all_parameters_pass():
    posterior, sample = draws()
    posterior["theta"] = (("chain", "draw"), slow((CHAINS, DRAWS), 0.97))
    verdict = judge(posterior, sample)
    assert not verdict["passed"]
    assert check(verdict, "ess_bulk")["where"] == "theta"


# Events.


def indicator(probability=0.3, seed=4):
    return np.random.default_rng(seed).random((CHAINS, DRAWS)) < probability


def test_indicators_that_vary_are_judged_and_constant_ones_are_not():
    events = {
        "crossing by 2030": indicator(),
        "crossing by 2024": np.zeros((CHAINS, DRAWS), bool),
        "crossing by 2050": np.ones((CHAINS, DRAWS), bool),
    }
    verdict = judge(*draws(), events)
    assert verdict["passed"]
    assert verdict["event_indicators"] == 1
    assert verdict["quantities"] == 4


def test_events_that_never_vary_pass():
    verdict = gate.judge_events({"crossing by 2024": np.zeros((CHAINS, DRAWS), bool)})
    assert verdict["passed"]
    assert verdict["event_indicators"] == 0


def test_an_event_on_which_chains_disagree_fails_the_fit_and_is_named():
    bad = indicator()
    bad[0] = indicator(0.9, seed=5)[0]
    verdict = judge(*draws(), {"crossing by 2030": bad, "independence by 2030": indicator()})
    assert not verdict["passed"]
    assert check(verdict, "rhat")["where"] == "crossing by 2030"
    assert not check(verdict, "rhat")["passed"]
    assert check(verdict, "divergences")["passed"]


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_an_event_whose_chains_each_agree_with_themselves_only_fails():
    bad = np.zeros((CHAINS, DRAWS), bool)
    bad[0] = True
    verdict = gate.judge_events({"crossing by 2030": bad})
    assert not verdict["passed"]
    assert check(verdict, "rhat")["where"] == "crossing by 2030"


def test_an_event_that_comes_in_long_spells_fails_on_its_effective_size():
    bad = slow((CHAINS, DRAWS), 0.98) > 0.5
    verdict = gate.judge_events({"crossing by 2030": bad})
    assert not check(verdict, "ess_bulk")["passed"]
    assert not check(verdict, "ess_tail")["passed"]


# Two verdicts in one.


def verdict(passed=True, **values):
    checks = [gate._check(name, value, f"of {value}") for name, value in values.items()]
    return {"checks": checks, "passed": passed and all(c["passed"] for c in checks)}


def spells(*spans):
    """Return an indicator (chain, draw) that is true in some spells of draws of some chains."""
    values = np.zeros((CHAINS, DRAWS), bool)
    for chain, first, last in spans:
        values[chain, first:last] = True
    return values


HALF = spells(*((chain, 1, 501) for chain in range(CHAINS)))
HALF_CHAINS = spells((0, 0, DRAWS), (1, 500, DRAWS))
MIDDLE = np.zeros((CHAINS, 101), bool)
MIDDLE[2, 50] = True


@pytest.mark.parametrize(
    ("values", "rhat"), [(HALF, None), (HALF_CHAINS, np.inf), (MIDDLE, 1.0)],
    ids=["true in half the draws", "constant in half chains", "true in a middle draw"],
)  # fmt: skip
def test_no_indicator_divides_by_zero(values, rhat):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = gate.judge_events({"one by 2030": values})
    found = check(verdict, "rhat")["value"]
    assert found == rhat if rhat is not None else np.isfinite(found)
    assert verdict["passed"] == (rhat == 1.0)


def test_the_figure_of_an_indicator_is_the_rank_normalised_one():
    import arviz as az

    rng = np.random.default_rng(3)
    for chance in (0.02, 0.3, 0.9):
        values = rng.random((CHAINS, DRAWS)) < chance * np.array([[1.0], [0.9], [1.1], [1.0]])
        verdict = gate.judge_events({"one": values})
        expected = float(az.rhat(values.astype(float)))
        assert check(verdict, "rhat")["value"] == pytest.approx(expected, abs=1e-12)


def test_a_quantity_that_never_moves_fails_without_a_warning():
    posterior, sample = draws()
    posterior["level"].values[..., 1] = 3.0
    posterior["slope"].values[:] = np.arange(CHAINS)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = judge(posterior, sample)
    assert not verdict["passed"] and not check(verdict, "rhat")["passed"]
    assert check(verdict, "rhat")["value"] == np.inf


@pytest.mark.parametrize("turned", [False, True])
def test_of_each_check_the_worse_is_kept_whichever_comes_first(turned):
    first = verdict(rhat=1.002, ess_bulk=500.0, divergences=0.0) | {"quantities": 7}
    second = verdict(rhat=1.02, ess_bulk=900.0) | {"event_indicators": 3}
    both = gate.combine(second, first) if turned else gate.combine(first, second)
    assert check(both, "rhat")["value"] == 1.02
    assert check(both, "ess_bulk")["value"] == 500.0
    assert check(both, "divergences")["value"] == 0.0
    assert not both["passed"]
    assert (both["quantities"], both["event_indicators"]) == (7, 3)


def test_two_that_pass_pass_together():
    assert gate.combine(verdict(rhat=1.002), verdict(rhat=1.004))["passed"]


def test_a_failure_with_nothing_to_show_for_it_is_not_forgotten():
    assert not gate.combine(verdict(rhat=1.0), verdict(passed=False))["passed"]


@pytest.mark.parametrize("turned", [False, True])
def test_a_figure_that_was_no_number_stays_the_worst_after_it_was_written_down(turned):
    first = verdict(rhat=np.inf)
    first["checks"][0]["value"] = None
    second = verdict(rhat=1.002)
    both = gate.combine(second, first) if turned else gate.combine(first, second)
    assert check(both, "rhat")["value"] is None
    assert not both["passed"]


def test_a_verdict_can_be_written_down():
    assert json.loads(json.dumps(judge(*draws())))["passed"]


def test_events_of_another_number_of_draws_are_judged_beside_the_rest():
    rng = np.random.default_rng(5)
    held = {"crossing by 2030": rng.random((CHAINS, 900)) < 0.3}
    alone = {"domain crossing by 2030": rng.random((CHAINS, 700)) < 0.6}
    both = gate.judge_events(held | alone)
    apart = gate.combine(gate.judge_events(held), gate.judge_events(alone))
    assert both["event_indicators"] == 2
    assert both["checks"] == apart["checks"]


def test_a_constant_of_the_model_is_no_fault_and_a_chain_stuck_at_its_own_value_is():
    posterior, sample = draws()
    posterior["fixed"] = (("chain", "draw", "only"), np.zeros((CHAINS, DRAWS, 1)))
    assert judge(posterior, sample)["passed"]
    posterior["fixed"].values[:] = np.arange(CHAINS)[:, None, None]
    verdict = judge(posterior, sample)
    assert not verdict["passed"] and check(verdict, "rhat")["where"] == "fixed[0]"
    posterior["fixed"].values[:] = np.nan
    assert not judge(posterior, sample)["passed"]
