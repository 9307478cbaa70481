"""Choice of suppliers and delivery: finite densities, and what was put in is found again."""

import numpy as np
import pytest

from models import delivery, orders, priors
from tests import small_orders


@pytest.fixture(scope="module")
def data():
    return small_orders.data()


@pytest.fixture(scope="module")
def choice(data):
    x = small_orders.choice_inputs(data.placed[..., 2:])
    return orders.orders(x, data, priors.load(default=orders.PRIORS_FILE))


@pytest.fixture(scope="module")
def profile(data):
    return delivery.delivery(data, priors.load(default=delivery.PRIORS_FILE))


@pytest.mark.parametrize("name", ["choice", "profile"])
def test_log_density_and_gradient_are_finite_and_agree(name, request):
    model = request.getfixturevalue(name)
    value, slope = (f(mode="FAST_COMPILE") for f in (model.compile_logp, model.compile_dlogp))
    rng = np.random.default_rng(5)
    start = model.initial_point()
    for scale in (0.0, 0.2):
        point = {k: v + scale * rng.standard_normal(np.shape(v)) for k, v in start.items()}
        at, gradient = float(value(point)), slope(point)
        assert np.isfinite(at)
        assert np.isfinite(gradient).all()
        parts = {k: rng.standard_normal(np.shape(v)) for k, v in point.items()}
        along = np.concatenate([parts[v.name].ravel() for v in model.value_vars]) @ gradient
        h = 1e-6
        there, back = (
            float(value({k: v + sign * h * parts[k] for k, v in point.items()}))
            for sign in (1.0, -1.0)
        )
        # A central difference errs by h² and by rounding of the density over h.
        tolerance = 100 * 1e-15 * abs(at) / h
        assert (there - back) / (2 * h) == pytest.approx(along, rel=1e-4, abs=tolerance)


def test_shares_of_a_recipient_sum_to_one_and_a_country_does_not_buy_from_itself():
    utility = np.where(small_orders.possible(), 0.3, orders.BARRED)[..., None]
    share = np.exp(orders.log_shares(utility, np))
    assert share.sum(axis=0) == pytest.approx(1.0)
    assert share[0, 0, 0] < 1e-15


def test_a_pair_remembers_the_two_periods_before_each_modelled_one():
    placed = np.arange(4.0)[None, None]
    first, second = orders.remembered(placed, np.full(4, 2.0))
    assert first[0, 0] == pytest.approx(np.log1p(np.array([0.5, 1.0])))
    assert second[0, 0] == pytest.approx(np.log1p(np.array([0.0, 0.5])))


def test_shares_and_the_rise_of_a_supplier_are_found_again(choice):
    found = small_orders.mode(choice)
    theta = found["theta"] - found["theta"].mean(axis=0)
    truth = small_orders.theta() - small_orders.theta().mean(axis=0)
    assert theta[2, -1] - theta[2, 0] == pytest.approx(truth[2, -1] - truth[2, 0], abs=0.5)
    own = found["demand"].mean()
    assert own == pytest.approx(np.log(40.0), abs=0.1)
    # Affinity and theta share a pair's level: what is known is their sum over recipients.
    pair = found["parameters"][list(choice.coords["parameter"]).index("order_affinity_sd")]
    level = found["theta"].mean(axis=1) + pair * found["affinity_z"][:, 1:4].mean(axis=1)
    true = small_orders.theta().mean(axis=1)
    assert level - level.mean() == pytest.approx(true - true.mean(), abs=0.15)


def test_the_density_of_the_profile_is_steady_at_the_truth_and_only_there(profile, data):
    """The score of each effect at the truth, in standard deviations of its Fisher information.

    That of a Normal is beyond 5.5 once in 3 · 10^7; off by one in log-odds it must be far beyond.
    """
    slope = profile.compile_dlogp(mode="FAST_COMPILE")
    listed = data.followed[~data.followed["gone"]]
    columns = (listed[name].values for name in ("state", "age", "left", "since"))
    features = delivery.chance_features(*columns)
    truth = np.array([small_orders.START.get(name, 0.0) for name in delivery.CHANCE])
    chance = 1.0 / (1.0 + np.exp(-features @ truth))
    sd = np.sqrt((features**2 * (chance * (1.0 - chance))[:, None]).sum(axis=0))
    known = [delivery.CHANCE.index(name) for name in small_orders.START]
    start = profile.initial_point()
    before = [v.name for v in profile.value_vars]
    first = sum(np.size(start[name]) for name in before[: before.index("chance")])
    for shift, steady in ((0.0, True), (1.0, False)):
        at = slope(start | {"chance": truth + shift})[first : first + len(truth)]
        score = np.abs(at + (truth + shift) / 4.0)[known] / sd[known]
        assert (score < 5.5).all() if steady else (score > 5.5).all(), (shift, score)


def test_features_of_a_deal_name_its_state_and_nothing_else():
    state, age, left, since = (np.array([v]) for v in (1, 9, np.exp(3.0), 2))
    row = delivery.chance_features(state, age, left, since)[0]
    named = {n for n, v in zip(delivery.CHANCE, row, strict=True) if v}
    assert named == {"running", "running_8", "running_missed_2"}
