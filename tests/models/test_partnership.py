"""The hazard model: its covariates by hand, its likelihood against arithmetic, its edges."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import integrate, stats

from crossover.data.errors import InputError
from crossover.models import alliance_rows, analogues, hazard_density
from crossover.models import partnership as model
from crossover.models.priors import order
from tests import graphs, history

PRIORS = model.load()
KNOWN = {
    "log_ratio": [-1.0, 2.0], "change5": [0.3, 0.3], "reversed": [1, 0], "major1": [1, 1],
    "major2": [1, 0], "was_major1": [1, 1], "was_major2": [1, 0], "autocracy1": [1, 1],
    "autocracy2": [1, 0], "defence": [1, 0], "common_rivals": [2, 0],
    "rivals": [0, 1], "recent": [0, 1], "years_allied": [10, 1],
}  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return history.with_outcome(history.covariate_rows(1), PRIORS, history.EFFECTS, 2)


@pytest.fixture(scope="module")
def inputs(rows) -> xr.Dataset:
    return alliance_rows.prepare(history.records(rows), "downturn", PRIORS)


def test_covariates_follow_the_junior_partner():
    found = alliance_rows.covariates(**KNOWN, priors=PRIORS).to_pandas()
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
    assert (first["defence"], second["defence"]) == (1.0, 0.0)
    assert (first["duration"], second["duration"]) == (0.0, pytest.approx(-np.log(10)))


def test_the_order_of_the_two_states_does_not_matter():
    turned = dict(KNOWN)
    for name in ("log_ratio", "change5"):
        turned[name] = [-x for x in KNOWN[name]]
    for name in ("major", "was_major", "autocracy"):
        turned[f"{name}1"], turned[f"{name}2"] = KNOWN[f"{name}2"], KNOWN[f"{name}1"]
    found = alliance_rows.covariates(**turned, priors=PRIORS)
    xr.testing.assert_allclose(found, alliance_rows.covariates(**KNOWN, priors=PRIORS))


def test_covariates_keep_the_dims_of_paths():
    path = xr.DataArray(np.zeros((3, 2)) - 0.5, dims=("draw", "year_future"))
    one = {name: xr.DataArray(float(values[0])) for name, values in KNOWN.items()}
    found = alliance_rows.covariates(**(one | {"log_ratio": path, "change5": path}), priors=PRIORS)
    assert set(found.dims) == {"covariate", "draw", "year_future"}


def test_eras_cover_every_year_and_the_wars_are_one():
    found = alliance_rows.era(np.array([1523, 1816, 1915, 1943, 1930]))
    assert [list(alliance_rows.ERAS)[k] for k in found] == [
        "concert", "concert", "world_wars", "world_wars", "interwar",
    ]  # fmt: skip
    with pytest.raises(InputError, match="2150"):
        alliance_rows.era(np.array([2150]))


def test_pair_years_of_which_something_is_unknown_are_left_out_and_counted(rows):
    torn = rows.assign(hostility=0)
    torn.loc[0, "grade"] = None
    torn.loc[1, "change5"] = None
    torn.loc[2, ["state_death", "grade"]] = [1, 0]
    torn = torn.astype(object).where(torn.notna(), None)
    found = alliance_rows.prepare(history.records(torn), "downturn", PRIORS)
    assert found.sizes["pair_year"] == len(rows) - 3
    assert found.attrs["left_out"] == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [({"outcome": "divorce"}, "downturn, incident"), ({"sample": "all"}, "bilateral, major")],
)
def test_an_unknown_outcome_or_sample_is_refused(rows, change, said):
    arguments = {"outcome": "downturn", "sample": "bilateral"} | change
    with pytest.raises(InputError, match=said):
        alliance_rows.prepare(history.records(rows), arguments.pop("outcome"), PRIORS, **arguments)


def test_an_incident_is_what_is_graded_below_a_downturn(rows):
    graded = rows.assign(grade=np.arange(len(rows)) % 4)
    found = {
        name: int(alliance_rows.prepare(history.records(graded), name, PRIORS)["event"].sum())
        for name in ("downturn", "incident")
    }
    assert found == {
        "downturn": int((graded["grade"] == 3).sum()),
        "incident": int(graded["grade"].isin([1, 2]).sum()),
    }


def test_the_density_is_the_arithmetic(inputs):
    """Log density of one point, against sums written out with numpy and quadrature by SciPy."""
    built = model.hazard_model(inputs, PRIORS)
    point = {name: 0.1 * np.ones_like(value) for name, value in built.initial_point().items()}
    point["era_between"] = -3.0 * np.ones(len(alliance_rows.ERAS))
    log_density = built.compile_logp(mode="FAST_COMPILE")(point)
    names, local = order(PRIORS), np.exp(0.1)
    scale = PRIORS.constant("global_scale")
    left = scale * local / np.sqrt(1 + scale**2 * local**2)
    value = {}
    for name in names:
        entry = PRIORS.variables[name]
        stated = entry["mu"] + 0.1 * entry["sigma"] * (left if name in model.THESIS else 1.0)
        value[name] = np.exp(stated) if entry["family"] == "lognormal" else stated
    table, event = inputs["covariates"].to_pandas(), inputs["event"].values
    effect = np.array([value[name] for name in model.COVARIATES])
    usual = table[event == 1].mean().to_numpy()
    base, root = usual @ effect + value["intercept"], np.sqrt(value["era_sd"])
    eta = (table.to_numpy() - usual) @ effect + base + root * (-3.0 - base)
    expected = 0.0
    for treaty in range(inputs.sizes["treaty"]):
        own = inputs["treaty_at"].values == treaty

        def record(z, own=own):
            log_p = model.log_probability(
                event[own], eta[own] + value["treaty_sd"] * z, 1.0, np
            )
            return np.exp(log_p.sum()) * stats.norm.pdf(z)

        expected += np.log(integrate.quad(record, -7, 7, epsabs=1e-13)[0])
    expected += len(names) * (-0.5 * 0.01 - 0.5 * np.log(2 * np.pi))
    z = (-3.0 - base) / root
    expected += 6 * (-0.5 * z**2 - np.log(root) - 0.5 * np.log(2 * np.pi))
    # Half-Cauchy, and the log of its scale as what is sampled.
    expected += len(model.THESIS) * (np.log(2 / np.pi) - np.log1p(local**2) + 0.1)
    # Beyond five standard deviations lies 6e-7 of a treaty's prior, more where it is quiet.
    assert log_density == pytest.approx(expected, abs=40 * 5e-6)


def test_the_gradient_agrees_with_differences_and_nothing_sampled_is_idle(inputs):
    graphs.check_gradient(model.hazard_model(inputs, PRIORS))


def test_zero_weights_take_rows_out(inputs):
    none = model.records(inputs.assign(weight=0.0 * inputs["weight"]))
    eta = np.full(inputs.sizes["pair_year"], -3.0)
    total, by_eta, by_spread = hazard_density.density(eta, np.asarray(0.5), *none)
    # The nodes' weights sum to one but for what lies beyond five standard deviations, 6e-7.
    assert abs(total) < 1e-5 * inputs.sizes["treaty"]
    assert not by_eta.any() and by_spread == 0.0


@pytest.mark.parametrize("rate", [1e-9, 1e-3, 0.3, 0.4999, 0.5001, 3.0, 30.0, 800.0])
def test_an_events_density_is_exact_where_the_series_and_where_the_library_is_used(rate):
    spread = 0.9
    nodes, chance = hazard_density.NODES, np.zeros(hazard_density.NODES.size)
    scale = np.exp(spread * nodes)
    m = rate * scale
    hazard_density._of_event(np.log(rate), rate, 2.0, spread, nodes, scale, chance)
    np.testing.assert_allclose(chance, 2.0 * np.log(-np.expm1(-m)), rtol=1e-12, atol=1e-13)
    share, slope = np.linspace(0.1, 1.0, m.size), np.empty(m.size)
    found = hazard_density._slopes(rate, 2.0, nodes, scale, share, slope)
    with np.errstate(over="ignore"):
        by = 2.0 * share * m / np.expm1(m)
    np.testing.assert_allclose(slope, by, rtol=1e-12, atol=1e-300)
    assert found == pytest.approx((by.sum(), by @ nodes), rel=1e-12)


def test_treaties_effects_are_drawn_from_their_posterior(inputs):
    """Against means and deviations by quadrature, on 20,000 draws at one parameter value."""
    names, draws = order(PRIORS), 20_000
    values = np.zeros(len(names))
    values[names.index("intercept")], values[names.index("treaty_sd")] = -2.5, 0.8
    posterior = xr.Dataset(
        {
            "parameters": (("draw", "parameter"), np.tile(values, (draws, 1))),
            "era_effect": (("draw", "era"), np.zeros((draws, len(alliance_rows.ERAS)))),
        },
        coords={"parameter": names, "era": list(alliance_rows.ERAS)},
    )
    few = inputs.isel(pair_year=inputs["treaty_at"].values < 3)
    few = few.isel(treaty=slice(0, 3))
    likelihood, effect = model.treaty_effects(posterior, few, seed=1)
    assert float(likelihood.std("draw").max()) == pytest.approx(0.0, abs=1e-9)
    grid = np.linspace(-6, 6, 4001)
    for treaty in range(3):
        event = few["event"].values[few["treaty_at"].values == treaty]
        log_p = np.array(
            [model.log_probability(event, -2.5 + 0.8 * z, 1.0, np).sum() for z in grid]
        ) - 0.5 * grid**2
        weight = np.exp(log_p - log_p.max())
        weight /= weight.sum()
        mean = 0.8 * (weight @ grid)
        sd = 0.8 * np.sqrt(weight @ grid**2 - (weight @ grid) ** 2)
        own = effect.isel(treaty=treaty).values
        # Six standard errors of a mean; the lines between nodes widen the draws by a per cent.
        assert own.mean() == pytest.approx(mean, abs=6 * sd / np.sqrt(draws))
        assert own.std() == pytest.approx(sd, rel=0.06)


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
        coords={"parameter": names, "era": list(alliance_rows.ERAS), "treaty": ["4980"]},
    )


def test_the_hazard_of_a_path_is_the_arithmetic():
    one = {name: xr.DataArray(float(values[0])) for name, values in KNOWN.items()}
    change = xr.DataArray([0.35, 0.15], dims=("year_future",))
    values = alliance_rows.covariates(**(one | {"change5": change}), priors=PRIORS)
    found = model.hazard(small_posterior(), values, treaty="4980")
    expected = -np.expm1(-np.exp([[-4.25 + 0.2, -4.25], [-3.0 + 0.4, -3.0]]))
    np.testing.assert_allclose(found.transpose("draw", "year_future"), expected)


def test_every_prior_under_test_is_centred_at_zero():
    for name in model.COVARIATES:
        assert PRIORS.variables[name]["mu"] == 0.0, name
    assert set(PRIORS.variables) == {*model.COVARIATES, "intercept", "era_sd", "treaty_sd"}


def test_the_horseshoe_expects_one_effect_in_ten_and_bounds_it_by_its_own_width():
    for name in ("speed", "autocracies"):
        width = PRIORS.variables[name]["sigma"]
        drawn = abs(model.prior_draws(PRIORS, name))
        # Most are next to none; beyond three widths there is less than of a Normal.
        assert np.quantile(drawn, 0.5) < 0.1 * width
        assert (drawn > 3 * width).mean() < 0.0027
    control = model.prior_draws(PRIORS, "recent")
    assert control.std() == pytest.approx(PRIORS.variables["recent"]["sigma"], rel=0.05)
    local = np.array([0.0, 1.0, 1e9])
    found = model.kept(local, PRIORS.constant("global_scale"), np)
    np.testing.assert_allclose(found, [0.0, 0.1 / np.sqrt(1.01), 1.0])


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
    assert list(kalmar["grade"]) == [3, 0]
    assert list(kalmar["weight"]) == [0.5, 10.0]
    plain = alliance_rows.prepare(history.records(rows), "downturn", PRIORS)
    found = alliance_rows.prepare(history.records(rows), "downturn", PRIORS, extra=extra)
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
