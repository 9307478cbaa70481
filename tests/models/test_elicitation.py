"""A prior from three numbers has these quantiles, or says that its family cannot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from crossover.data.errors import InputError
from crossover.models import elicitation, priors
from crossover.models.elicitation import elicit


@given(st.floats(-3, 3), st.floats(0.01, 2))
def test_quantiles_of_a_member_of_the_family_give_it_back(mu, sigma):
    levels = np.array(elicitation.LEVELS)
    for family, back in (
        ("normal", lambda x: x), ("lognormal", np.exp), ("logitnormal", special.expit)
    ):  # fmt: skip
        asked = back(stats.norm.ppf(levels, mu, sigma)).tolist()
        found = elicitation.parameters(family, asked)
        assert found == pytest.approx((mu, sigma), rel=1e-4, abs=1e-4)
        given_back = elicitation.quantiles(family, *found)
        np.testing.assert_allclose(given_back, asked, rtol=1e-3, atol=1e-3)


def test_of_three_numbers_that_fit_no_member_the_nearest_is_taken():
    found = elicit("rd_within", 0.0, 0.1, 1.0)
    line = stats.linregress(stats.norm.ppf(elicitation.LEVELS), found.asked)
    assert (found.mu, found.sigma) == pytest.approx((line.intercept, line.slope), rel=1e-5)
    assert found.misses


def test_what_stood_before_is_told():
    entry = priors.load().variables["rd_within"]
    expected = stats.norm.ppf(elicitation.LEVELS, entry["mu"], entry["sigma"])
    assert elicit("rd_within", 0.1, 0.4, 0.9).before == pytest.approx(tuple(expected))


@pytest.mark.parametrize("default", priors.FILES, ids=lambda path: path.stem)
def test_variables_of_every_model_can_be_elicited(default):
    variables = priors.load(None, default).variables
    assert {entry["family"] for entry in variables.values()} <= elicitation.SCALES.keys()
    name = list(variables)[-1]
    found = elicit(name, 0.1, 0.4, 0.9)
    assert (found.model, found.family) == (default.stem, variables[name]["family"])
    assert found.implied[0] < found.implied[1] < found.implied[2]


@pytest.mark.parametrize(
    ("name", "three", "says"),
    [
        ("rd_withn", (0.1, 0.2, 0.3), "did you mean 'rd_within'"),
        ("nonsense_of_mine", (0.1, 0.2, 0.3), r"stand in models/priors/\*\.toml"),
        ("rd_within", (0.3, 0.2, 0.1), "must rise"),
        ("rd_within", (0.1, float("nan"), 0.3), "'--q50': nan: must be a number"),
        ("walk_sd", (0.0, 0.2, 0.3), "'--q05': 0.0: must be greater than 0"),
        ("war_end_rate", (0.1, 0.2, 1.0), "'--q95': 1.0: must lie between 0 and 1"),
    ],
)
def test_what_cannot_be_a_prior_is_refused(name, three, says):
    with pytest.raises(InputError, match=says):
        elicit(name, *three)
