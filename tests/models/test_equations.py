"""The gravity equations by themselves: expectations, limits, and what centring takes out."""

import numpy as np
import pytest

from models import equations, transfers

PRESENCE, SIZE = 0.3, (0.0, -0.15)


@pytest.mark.parametrize("log_volume", [-2.0, 0.0, 3.0, 6.0, 9.0])
def test_presence_times_size_is_the_expected_volume(log_volume):
    some = equations.log_any_delivery(log_volume, PRESENCE, np)
    mean, sd = equations.size_distribution(log_volume, some, SIZE, np)
    # E of a log-Normal by Gauss-Hermite; 60 nodes are exact to 1e-8 for spreads up to e.
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    size = (weights * np.exp(mean + sd * nodes)).sum() / np.sqrt(2.0 * np.pi)
    assert np.exp(some) * size == pytest.approx(np.exp(log_volume), rel=1e-6)


def test_drawn_deliveries_average_to_the_expected_volume():
    from forecast.simulate import draw_deliveries

    volume = np.full((400_000,), np.log(50.0), np.float32)
    drawn = draw_deliveries(volume, PRESENCE, SIZE, np.random.default_rng(1))
    some = equations.log_any_delivery(np.log(50.0), PRESENCE, np)
    # Five standard errors of the mean of the draws.
    assert drawn.mean() == pytest.approx(50.0, abs=5 * drawn.std() / np.sqrt(drawn.size))
    # Five binomial standard errors.
    p = np.exp(some)
    assert (drawn > 0).mean() == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / drawn.size))


def test_the_density_of_deliveries_integrates_to_one():
    log_tiv = np.linspace(-25.0, 25.0, 20_001)
    value = np.exp(log_tiv)
    terms = transfers.delivered_log_probability(value, 2.0, PRESENCE, *SIZE).eval()
    none = np.exp(equations.log_no_delivery(2.0, PRESENCE, np))
    total = none + np.trapezoid(np.exp(terms) * value, log_tiv)
    # The trapezoid on a smooth density whose tails lie within the grid is exact to rounding.
    assert total == pytest.approx(1.0, abs=1e-6)


def test_larger_volumes_are_rarely_absent_and_vary_less():
    volume = np.linspace(-5.0, 10.0, 40)
    none = equations.log_no_delivery(volume, PRESENCE, np)
    _, sd = equations.size_distribution(volume, 0.0, SIZE, np)
    assert (np.diff(none) < 0).all()
    assert (np.diff(sd) <= 0).all()
    assert sd[0] > sd[-1]


def test_shares_and_home_add_up_to_one():
    rng = np.random.default_rng(2)
    utility, home = rng.normal(size=(3, 4, 5)), rng.normal(size=(4, 5))
    total = equations.log_denominator(utility, home, np)
    shares = np.exp(utility - total).sum(axis=0) + np.exp(home - total)
    assert shares == pytest.approx(np.ones((4, 5)))


def test_a_dominant_home_or_supplier_does_not_overflow():
    utility = np.array([[[-40.0]], [[300.0]]])
    assert equations.log_denominator(utility, np.array([[0.0]]), np) == pytest.approx(300.0)
    assert equations.log_denominator(-utility, np.array([[300.0]]), np) == pytest.approx(300.0)


@pytest.mark.parametrize("n", [2, 6, 17, 49])
def test_contrasts_are_orthonormal_and_sum_to_zero(n):
    rows = equations.contrasts(np.arange(n) % 5)
    assert rows.shape == (n - 1, n)
    assert rows @ rows.T == pytest.approx(np.eye(n - 1), abs=1e-12)
    assert rows.sum(axis=1) == pytest.approx(np.zeros(n - 1), abs=1e-12)


def test_a_contrast_is_about_one_entry_and_those_of_more_weight():
    rows = equations.contrasts(np.array([1.0, 9.0, 4.0]))
    assert rows[0] * np.sqrt(2) == pytest.approx([0.0, 1.0, -1.0], abs=1e-12)
    assert rows[1] * np.sqrt(6) == pytest.approx([-2.0, 1.0, 1.0], abs=1e-12)


def test_double_centring_takes_out_what_suppliers_and_recipients_share():
    rng = np.random.default_rng(3)
    possible = np.ones((6, 9, 1), bool)
    shared = rng.normal(size=(6, 1, 4)) + rng.normal(size=(1, 9, 4))
    pair = rng.normal(size=(6, 9, 4))
    pair -= pair.mean(0, keepdims=True)
    pair -= pair.mean(1, keepdims=True)
    assert equations.double_centred(shared + pair, possible) == pytest.approx(pair)


def test_double_centring_leaves_barred_pairs_and_margins_at_zero():
    rng = np.random.default_rng(4)
    possible = (np.arange(6)[:, None] != np.arange(9)[None, :])[..., None]
    found = equations.double_centred(rng.normal(size=(6, 9, 200)), possible)
    assert (found[~possible[..., 0]] == 0.0).all()
    for axis in (0, 1):
        assert np.abs(found.sum(axis=axis)).max() < 1e-4
