"""The hazard model: its covariates by hand, its likelihood against arithmetic, its edges."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data.errors import InputError
from models import analogues
from models import partnership as model
from models.priors import order
from tests import history

PRIORS = model.load()
KNOWN = {
    "log_ratio": [-1.0, 2.0], "change5": [0.3, 0.3], "reversed": [1, 0], "major1": [1, 1],
    "major2": [1, 0], "was_major1": [1, 1], "was_major2": [1, 0], "autocracy1": [1, 1],
    "autocracy2": [1, 0], "common_rivals": [2, 0], "rivals": [0, 1], "recent": [0, 1],
    "years_allied": [10, 1],
}  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return history.with_outcome(history.covariate_rows(1), PRIORS, history.EFFECTS, 2)


@pytest.fixture(scope="module")
def inputs(rows) -> xr.Dataset:
    return model.prepare(history.records(rows), "downturn", PRIORS)


def test_covariates_follow_the_junior_partner():
    found = model.covariates(**KNOWN, priors=PRIORS).to_pandas()
    first, second = found[0], found[1]
    # State 1 is the junior of the first row and gains; of the second row state 2 is, and falls.
    assert first["junior_gain"] == pytest.approx(0.3)
    assert second["junior_gain"] == pytest.approx(-0.3)
    assert first["speed"] == second["speed"] == pytest.approx(0.15)
    assert (first["prestige"], second["prestige"]) == (1.0, 0.0)
    assert first["asymmetry"] == pytest.approx(-0.5)
    assert first["prestige_asymmetry"] == pytest.approx(-0.5)
    assert second["prestige_speed"] == 0.0
    assert (first["autocracies_prestige"], second["autocracies"]) == (1.0, 0.0)
    assert (first["senior_major"], second["senior_major"]) == (1.0, 1.0)
    assert (first["common_rival"], second["common_rival"]) == (1.0, 0.0)
    assert (first["duration"], second["duration"]) == (0.0, pytest.approx(-np.log(10)))


def test_the_order_of_the_two_states_does_not_matter():
    turned = dict(KNOWN)
    for name in ("log_ratio", "change5"):
        turned[name] = [-x for x in KNOWN[name]]
    for name in ("major", "was_major", "autocracy"):
        turned[f"{name}1"], turned[f"{name}2"] = KNOWN[f"{name}2"], KNOWN[f"{name}1"]
    found = model.covariates(**turned, priors=PRIORS)
    xr.testing.assert_allclose(found, model.covariates(**KNOWN, priors=PRIORS))


def test_covariates_keep_the_dims_of_paths():
    path = xr.DataArray(np.zeros((3, 2)) - 0.5, dims=("draw", "year_future"))
    one = {name: xr.DataArray(float(values[0])) for name, values in KNOWN.items()}
    found = model.covariates(**(one | {"log_ratio": path, "change5": path}), priors=PRIORS)
    assert set(found.dims) == {"covariate", "draw", "year_future"}


def test_eras_cover_every_year_and_the_wars_are_one():
    assert [list(model.ERAS)[k] for k in model.era(np.array([1523, 1816, 1915, 1943, 1930]))] == [
        "concert", "concert", "world_wars", "world_wars", "interwar",
    ]  # fmt: skip
    with pytest.raises(InputError, match="2150"):
        model.era(np.array([2150]))


def test_pair_years_of_which_something_is_unknown_are_left_out_and_counted(rows):
    torn = rows.assign(hostility=0)
    torn.loc[0, "downturn"] = None
    torn.loc[1, "change5"] = None
    torn.loc[2, ["state_death", "downturn"]] = [1, 0]
    torn = torn.astype(object).where(torn.notna(), None)
    found = model.prepare(history.records(torn), "downturn", PRIORS)
    assert found.sizes["pair_year"] == len(rows) - 3
    assert found.attrs["left_out"] == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [({"outcome": "divorce"}, "downturn, rupture"), ({"sample": "all"}, "bilateral, major")],
)
def test_an_unknown_outcome_or_sample_is_refused(rows, change, said):
    arguments = {"outcome": "downturn", "sample": "bilateral"} | change
    with pytest.raises(InputError, match=said):
        model.prepare(history.records(rows), arguments.pop("outcome"), PRIORS, **arguments)


def test_the_likelihood_is_the_arithmetic(inputs):
    """Log density of one point, against sums written out with numpy."""
    built = model.hazard_model(inputs, PRIORS)
    point = {name: 0.1 * np.ones_like(value) for name, value in built.initial_point().items()}
    log_density = built.compile_logp()(point)
    names = order(PRIORS)
    entries = [PRIORS.variables[name] for name in names]
    stated = np.array([e["mu"] + 0.1 * e["sigma"] for e in entries])
    value = {
        name: np.exp(x) if e["family"] == "lognormal" else x
        for name, e, x in zip(names, entries, stated, strict=True)
    }
    table = inputs["covariates"].to_pandas()
    happened = inputs["event"].values == 1
    effect = np.array([value[name] for name in model.COVARIATES])
    usual = table[happened].mean().to_numpy() @ effect + value["intercept"]
    linear = (table.to_numpy() - table[happened].mean().to_numpy()) @ effect
    eta = linear + 0.1 + 0.1 * value["treaty_sd"]
    expected = np.sum(np.where(happened, np.log1p(-np.exp(-np.exp(eta))), -np.exp(eta)))
    standard = len(names) + inputs.sizes["treaty"]
    expected += standard * (-0.5 * 0.01 - 0.5 * np.log(2 * np.pi))
    z = (0.1 - usual) / value["era_sd"]
    expected += 6 * (-0.5 * z**2 - np.log(value["era_sd"]) - 0.5 * np.log(2 * np.pi))
    assert log_density == pytest.approx(expected, rel=1e-9)


def test_gradient_is_finite_and_zero_weights_take_rows_out(inputs):
    import pymc as pm

    built = model.hazard_model(inputs, PRIORS)
    point = built.initial_point()
    assert np.isfinite(built.compile_dlogp()(point)).all()
    with built:
        pm.set_data({"weight": np.zeros(inputs.sizes["pair_year"])})
    without = built.compile_logp(vars=[built["downturns"], built["quiet"]])(point)
    assert without == pytest.approx(0.0)


def small_posterior() -> xr.Dataset:
    names = order(PRIORS)
    values = np.zeros((2, len(names)))
    values[:, names.index("intercept")] = [-4.0, -3.0]
    values[:, names.index("speed")] = [1.0, 2.0]
    return xr.Dataset(
        {
            "parameters": (("draw", "parameter"), values),
            "era_effect": (("draw", "era"), np.full((2, 6), -0.5)),
            "treaty_effect": (("draw", "treaty"), [[0.25], [0.5]]),
        },
        coords={"parameter": names, "era": list(model.ERAS), "treaty": ["4980"]},
    )


def test_the_hazard_of_a_path_is_the_arithmetic():
    one = {name: xr.DataArray(float(values[0])) for name, values in KNOWN.items()}
    change = xr.DataArray([0.35, 0.15], dims=("year_future",))
    values = model.covariates(**(one | {"change5": change}), priors=PRIORS)
    found = model.hazard(small_posterior(), values, treaty="4980")
    expected = -np.expm1(-np.exp([[-4.25 + 0.2, -4.25], [-3.0 + 0.4, -3.0]]))
    np.testing.assert_allclose(found.transpose("draw", "year_future"), expected)
    total = model.cumulative(found, "year_future").isel(year_future=-1)
    np.testing.assert_allclose(total, 1 - (1 - expected).prod(axis=1))


def test_every_prior_under_test_is_centred_at_zero():
    for name in model.COVARIATES:
        assert PRIORS.variables[name]["mu"] == 0.0, name
    assert set(PRIORS.variables) == {*model.COVARIATES, "intercept", "era_sd", "treaty_sd"}


def test_a_readers_priors_are_laid_over_and_unknown_ones_refused(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("[variable.speed]\nsigma = 0.2\n")
    assert model.load(file).variables["speed"]["sigma"] == 0.2
    file.write_text("[variable.sped]\nsigma = 0.2\n")
    with pytest.raises(InputError, match="'speed'"):
        model.load(file)


def test_analogues_enter_with_their_weight_and_quiet_years(rows):
    cases = analogues.load()
    assert set(cases["name"]) >= {"kalmar_union", "france_italy", "united_states_france"}
    extra = analogues.pseudo_rows(cases)
    assert "analogue soviet_union_china" not in set(extra["treaty"])  # in the record already
    assert "analogue soviet_union_china" in set(
        analogues.pseudo_rows(cases, in_record=True)["treaty"]
    )
    kalmar = extra[extra["treaty"] == "analogue kalmar_union"]
    assert list(kalmar["downturn"]) == [1, 0]
    assert list(kalmar["weight"]) == [0.5, 10.0]
    plain = model.prepare(history.records(rows), "downturn", PRIORS)
    found = model.prepare(history.records(rows), "downturn", PRIORS, extra=extra)
    assert found.sizes["pair_year"] == plain.sizes["pair_year"] + len(extra)
    assert float(found["weight"].sum()) == pytest.approx(
        plain.sizes["pair_year"] + extra["weight"].sum()
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("weight = 0.5", "weight = 1.5", "must be a number from 0 to 1"),
        ("year = 1523", 'year = "1523"', "must be a number from 1300 to 2100"),
        ("rivals = true", "rivals = 1", "must be true or false"),
        ("recent = true", "recently = true", "unknown key"),
        ('state1 = "Denmark"\n', "", "needs 'state1'"),
        ("[analogue.", "[case.", "and nothing else"),
    ],
)
def test_a_bad_analogue_is_named_and_refused(tmp_path, old, new, said):
    file = tmp_path / "cases.toml"
    count = -1 if old.startswith("[") else 1
    file.write_text(analogues.FILE.read_text("utf-8").replace(old, new, count), "utf-8")
    with pytest.raises(InputError, match=said):
        analogues.load(file)
