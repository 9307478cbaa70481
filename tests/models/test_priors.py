"""The priors file: complete in words, strict in what it takes, whole after a partial overlay."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest

from crossover.data.errors import InputError
from crossover.models import priors

DEFAULT = tomllib.loads(priors.DEFAULT_FILE.read_text("utf-8"))


@pytest.fixture
def load(tmp_path):
    """Return a function that loads an overlay given as text."""

    def overlay(text):
        path = tmp_path / "mine.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return priors.load(path)

    return overlay


@pytest.fixture
def refused(load):
    """Return a function that offers an overlay and gives the message of refusal."""

    def offer(text):
        with pytest.raises(InputError) as error:
            load(text)
        assert "mine.toml" in str(error.value)
        assert "\n" not in str(error.value)
        return str(error.value)

    return offer


@pytest.mark.parametrize("kind", ["variable", "constant"])
def test_every_entry_says_its_unit_meaning_reason_and_source(kind):
    for name, entry in DEFAULT[kind].items():
        for key in ("unit", "description", "reason", "source"):
            assert entry[key].strip(), f"{name} has no {key}"


def test_every_variable_reaches_the_sampler_once():
    loaded = priors.load()
    assert sorted(priors.order(loaded)) == sorted(DEFAULT["variable"])


def test_the_sampler_order_groups_families_as_parameters_slices_them():
    loaded = priors.load()
    families = [loaded.variables[name]["family"] for name in priors.order(loaded)]
    assert families == sorted(families, key=list(priors.FAMILIES).index)


def test_parts_of_the_joint_model_share_no_parameter_and_leave_none_out():
    loaded = priors.load()
    parts = {name: loaded.part(name) for name in priors.PARTS}
    found = [name for part in parts.values() for name in priors.order(part)]
    assert sorted(found) == sorted(DEFAULT["variable"])
    assert all(part.constants == loaded.constants for part in parts.values())
    assert {"rd_within", "demand"} <= set(parts["market"].variables)
    assert {"chance_world_sd", "size_sd"} <= set(parts["delivery"].variables)
    assert {"gdp_drift", "ideal_point_step"} <= set(parts["drivers"].variables)


def test_a_part_carries_what_an_earlier_fit_says_of_its_own_parameters_only():
    loaded = priors.load()
    names = tuple(priors.order(loaded))
    root = np.random.default_rng(2).standard_normal((len(names), len(names)))
    carried = priors.Carried(names, np.arange(len(names)) * 1.0, root @ root.T, 2020, "run")
    part = replace(loaded, carried=carried).part("delivery")
    assert part.carried.names == tuple(priors.order(part))
    at = [names.index(name) for name in part.carried.names]
    assert part.carried.mean.tolist() == [float(k) for k in at]
    for i, j in ((0, 1), (3, -1)):
        assert part.carried.covariance[i, j] == carried.covariance[at[i], at[j]]
    assert (part.carried.last_year, part.carried.run) == (2020, "run")
    mean, covariance = priors.moments(part)
    assert mean is part.carried.mean and covariance is part.carried.covariance


def test_the_part_of_a_variable_is_not_a_readers_to_choose(refused):
    message = refused('[variable.rd_within]\npart = "drivers"\n')
    assert "variable.rd_within.part" in message
    assert "market" in message


def test_an_overlay_of_a_part_keeps_the_rest(load):
    changed = load("[variable.rd_within]\nsigma = 0.25\n")
    assert changed.variables["rd_within"] == DEFAULT["variable"]["rd_within"] | {"sigma": 0.25}
    for name, entry in DEFAULT["variable"].items():
        if name != "rd_within":
            assert changed.variables[name] == entry
    assert changed.constants == DEFAULT["constant"]


def test_an_overlay_may_set_a_constant(load):
    assert load("[constant.rd_depreciation]\nvalue = 0.2\n").constant("rd_depreciation") == 0.2


def test_a_new_family_drops_the_numbers_of_the_old_and_keeps_the_words(load):
    text = '[variable.rd_within]\nfamily = "lognormal"\nmu = -1.0\nsigma = 0.3\n'
    entry = load(text).variables["rd_within"]
    assert (entry["family"], entry["mu"], entry["sigma"]) == ("lognormal", -1.0, 0.3)
    assert entry["unit"] == DEFAULT["variable"]["rd_within"]["unit"]


def test_a_new_family_without_its_numbers_is_refused(refused):
    message = refused('[variable.rd_within]\nfamily = "lognormal"\n')
    assert "variable.rd_within" in message
    assert "mu" in message


def test_the_text_of_loaded_priors_loads_to_the_same_priors(load):
    first = load("[variable.memory]\nmu = 0.1\n")
    again = load(first.text)
    assert again.variables == first.variables
    assert again.text == first.text


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ("[variable.rd_withinn]\nmu = 0.0\n", "variable.rd_withinn", "did you mean 'rd_within'"),
        ("[variable.rd_within]\nsgima = 1.0\n", "variable.rd_within.sgima", "mean 'sigma'"),
        ("[constant.rd_stepp]\nvalue = 1.0\n", "constant.rd_stepp", "did you mean 'rd_step'"),
        ("[constant.rd_step]\nvalu = 1.0\n", "constant.rd_step.valu", "did you mean 'value'"),
        ("[variables.rd_within]\nmu = 0.0\n", "variables", "did you mean 'variable'"),
        ("[variable.qqqq]\nmu = 0.0\n", "variable.qqqq", "known are"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known(refused, text, where, hint):
    message = refused(text)
    assert f"'{where}'" in message
    assert hint in message


@pytest.mark.parametrize("sigma", ["-1.0", "0.0", "0"])
def test_a_scale_that_is_not_positive_is_refused(refused, sigma):
    message = refused(f"[variable.walk_sd]\nsigma = {sigma}\n")
    assert "variable.walk_sd.sigma" in message
    assert "greater than 0" in message


@pytest.mark.parametrize(
    "value", ['"0.3"', "true", "[0.3]", "nan", "inf", "{a = 1}", "1979-05-27", "1" + 400 * "0"]
)
def test_what_is_no_number_is_refused(refused, value):
    message = refused(f"[variable.walk_sd]\nmu = {value}\n")
    assert "variable.walk_sd.mu" in message
    assert "must be a number" in message


def test_a_negative_constant_is_refused(refused):
    assert "constant.shock_df.value" in refused("[constant.shock_df]\nvalue = -5.0\n")


@pytest.mark.parametrize("family", ['"cauchy"', "3", '["normal"]', "{a = 1}"])
def test_an_unknown_family_is_refused_with_the_known_ones(refused, family):
    message = refused(f"[variable.rd_within]\nfamily = {family}\n")
    assert "variable.rd_within.family" in message
    assert "normal, lognormal, logitnormal" in message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("variable = 3\n", "variable"),
        ("[variable]\nrd_within = 0.3\n", "variable.rd_within"),
        ("[variable.rd_within]\nreason = 3\n", "variable.rd_within.reason"),
        ('[variable.rd_within]\ntop_level = "yes"\n', "variable.rd_within.top_level"),
    ],
)
def test_a_wrong_type_is_named_where_it_stands(refused, text, where):
    assert f"'{where}'" in refused(text)


def test_a_file_that_is_no_toml_is_refused(refused):
    assert "TOML" in refused("[variable.rd_within\nmu = 0\n")


def test_a_file_that_is_no_text_is_refused(refused):
    assert "UTF-8" in refused(b"\xff\xfe\x00[")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"absent\.toml"):
        priors.load(tmp_path / "absent.toml")
