"""Scenario files: what is refused and how it is named, and that nothing moves but what is set."""

import numpy as np
import pytest

from crossover.data.errors import InputError
from crossover.data.names import BASELINE
from crossover.forecast import scenarios, simulate
from crossover.models.order_book import PERIOD
from tests import small

HEAD = '[scenario]\ntitle = "Own"\ndescription = "A test."\n'
WHY = 'reason = "A test."\nsource = "None."\n'
ORIGIN, HORIZON = small.ORIGIN, small.ORIGIN + 6
FIRST, LAST = ORIGIN + 2, ORIGIN + 4
SECOND = ORIGIN + 1 + PERIOD
"""First year of the second period of orders: what orders rest on counts by its mean."""


def path(name="one", **keys):
    keys = {"variable": "rd_share", "country": "RUS", "years": [FIRST, LAST]} | keys
    lines = [f"{key} = {value!r}".replace("True", "true") for key, value in keys.items()]
    return f"[path.{name}]\n" + "\n".join(lines) + "\n" + WHY


def read(text, name="own"):
    return scenarios.parse(HEAD + text, name, "own.toml", origin=ORIGIN, horizon=HORIZON)


WRONG = {
    "unknown country": (path(country="XYZ", value=2.0), "path.one.country", "'XYZ'"),
    "unknown variable": (path(variable="rd_shar", value=2.0), "mean 'rd_share'", "rd_shar"),
    "year before the origin": (path(years=[ORIGIN, LAST], value=2.0), "the horizon", "years"),
    "year after the horizon": (
        path(years=[FIRST, HORIZON + 1], value=2.0), "within the horizon", "years"
    ),
    "years the wrong way": (path(years=[LAST, FIRST], value=2.0), "must not be after", "years"),
    "one year only": (path(years=[FIRST], value=2.0), "two years", "years"),
    "no change": (path(), "needs one of value, multiply, add", "path.one"),
    "two changes": (path(value=2.0, add=1.0), "needs one of", "value, add"),
    "wrong change": (path(variable="mil_share", value=2.0), "needs one of multiply", "value"),
    "out of bounds": (path(value=200.0), "from 0.01 to 20", "200.0"),
    "probability above one": (
        "[path.one]\nvariable = 'war'\nsupplier = 'RUS'\nprobability = 1.2\n"
        f"years = [{FIRST}, {LAST}]\n" + WHY, "from 0 to 1", "path.one.probability",
    ),
    "probability below zero": (
        "[path.one]\nvariable = 'common_rival'\ncountry = 'RUS'\npartner = 'CHN'\n"
        f"probability = -0.1\nyears = [{FIRST}, {LAST}]\n" + WHY, "from 0 to 1", "-0.1",
    ),
    "trade": (path(variable="trade", value=2.0), "not identified", "'trade'"),
    "unknown key": (path(valeu=2.0), "did you mean 'value'", "path.one.valeu"),
    "no reason": (path(value=2.0).replace('reason = "A test."\n', ""), "'reason'", "path.one"),
    "overlap": (
        path(value=2.0) + path("two", years=[LAST, LAST], add=1.0), "overlaps path.one", "path.two",
    ),
    "a pair with itself": (
        "[path.one]\nvariable = 'rivals'\ncountry = 'RUS'\npartner = 'RUS'\nprobability = 1\n"
        f"years = [{FIRST}, {LAST}]\n" + WHY, "must differ", "RUS",
    ),
    "nothing changed": ("", "changes nothing", "own.toml"),
    "no TOML": ("[path", "not valid TOML", "own.toml"),
    "unknown table": (path(value=2.0) + "[paths]\n", "did you mean 'path'", "paths"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_a_file_is_named_with_its_place_and_rule(case):
    text, *said = WRONG[case]
    with pytest.raises(InputError) as error:
        read(text)
    for words in ("own.toml", *said):
        assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_pair_is_the_same_in_either_order_so_two_paths_of_it_contradict():
    one = "variable = 'rivals'\nprobability = 1\n" + f"years = [{FIRST}, {LAST}]\n" + WHY
    text = f"[path.a]\ncountry = 'RUS'\npartner = 'CHN'\n{one}"
    text += f"[path.b]\ncountry = 'CHN'\npartner = 'RUS'\n{one}"
    with pytest.raises(InputError, match=r"overlaps path\.a"):
        read(text)


def test_the_shipped_scenarios_are_sound_and_the_baseline_comes_first():
    found = scenarios.choose((), ("RUS", "CHN"), origin=2024)
    assert [one.name for one in found] == list(scenarios.SHIPPED)
    assert all(one.paths for one in found[1:])
    assert [one.name for one in scenarios.choose((), ("USA", "IND"), origin=2024)] == [BASELINE]


def test_what_is_asked_for_is_taken_and_the_unknown_refused(tmp_path):
    own = tmp_path / "mine.toml"
    own.write_text(HEAD + path(value=2.0, years=[2030, 2035]), "utf-8")
    found = scenarios.choose(("chinese_plateau", str(own)), ("RUS", "CHN"), origin=2024)
    assert [one.name for one in found] == [BASELINE, "chinese_plateau", "mine"]
    for pair, usual in ((("RUS", "CHN"), scenarios.SHIPPED), (("USA", "IND"), (BASELINE,))):
        beside = scenarios.choose((str(own),), pair, origin=2024)
        assert [one.name for one in beside] == [*usual, "mine"]
    with pytest.raises(InputError, match="no scenario of that name"):
        scenarios.choose(("nonesuch",), ("RUS", "CHN"), origin=2024)
    own.rename(tmp_path / "rapprochement.toml")
    with pytest.raises(InputError, match="another name"):
        scenarios.choose((str(tmp_path / "rapprochement.toml"),), ("RUS", "CHN"), origin=2024)


def test_ramps_grow_evenly_and_years_that_are_not_named_stay_free():
    years = np.arange(ORIGIN + 1, HORIZON + 1)
    table = scenarios.overrides(read(path(multiply=8.0, ramp=True)), years)
    ((of, values),) = scenarios.each(table, "rd_share", "multiply")
    assert of == "RUS"
    assert np.isnan(values[years < FIRST]).all()
    assert np.isnan(values[years > LAST]).all()
    assert np.allclose(values[(years >= FIRST) & (years <= LAST)], [2.0, 4.0, 8.0])


@pytest.fixture(scope="module")
def tree():
    return small.tree(small.world(3), draws=20, chains=2)


@pytest.fixture(scope="module")
def worlds(tree):
    text = {
        "research": path(value=3.0),
        "growth": path("grow", variable="gdp_growth", add=2.0),
        "arms": path("arms", variable="mil_share", multiply=2.0),
        "peace": "[path.peace]\nvariable = 'war'\nsupplier = 'RUS'\nprobability = 1.0\n"
        f"years = [{SECOND}, {HORIZON}]\n" + WHY,
        "barred": "[path.bar]\nvariable = 'embargo'\nsupplier = 'RUS'\nrecipient = 'CHN'\n"
        f"probability = 1.0\nyears = [{SECOND}, {HORIZON}]\n" + WHY,
        "votes": path("votes", variable="ideal_point", add=1.0, years=[SECOND, HORIZON]),
    }
    chosen = [read(body, name) for name, body in text.items()]
    return simulate.futures(tree, "RUS", "CHN", seed=5, horizon=HORIZON, scenarios=chosen)


def test_the_baseline_is_to_the_bit_what_it_is_without_scenarios(tree, worlds):
    alone = simulate.futures(tree, "RUS", "CHN", seed=5, horizon=HORIZON)
    assert worlds.sel(scenario=[BASELINE]).identical(alone)


def test_a_set_path_is_what_was_set_and_other_years_are_the_same_draws(worlds):
    share = worlds["rd_share"].sel(country="RUS")
    base, own = share.sel(scenario=BASELINE, drop=True), share.sel(scenario="research", drop=True)
    inside = (share["year_future"] >= FIRST) & (share["year_future"] <= LAST)
    assert np.allclose(own.where(inside, drop=True), 3.0)
    assert own.where(~inside, drop=True).equals(base.where(~inside, drop=True))
    assert (
        worlds["gdp"]
        .sel(scenario="research", drop=True)
        .equals(worlds["gdp"].sel(scenario=BASELINE, drop=True))
    )
    other = worlds["rd_share"].sel(country="CHN")
    assert other.sel(scenario="research", drop=True).equals(other.sel(scenario=BASELINE, drop=True))


def test_growth_moves_the_level_for_good_and_spending_with_it(worlds):
    ratio = worlds["gdp"].sel(scenario="growth", drop=True) / worlds["gdp"].sel(
        scenario=BASELINE, drop=True
    )
    of = ratio.sel(country="RUS")
    assert np.allclose(of.sel(year_future=FIRST - 1), 1.0)
    # Two points a year are added to whatever the draw's own growth is, in the years named.
    level = worlds["gdp"].sel(scenario=BASELINE, country="RUS", drop=True)
    factor = (level / level.shift(year_future=1)).sel(year_future=slice(FIRST, LAST))
    expected = ((factor + 0.02) / factor).prod("year_future")
    assert np.allclose(of.sel(year_future=HORIZON), expected, rtol=1e-5)
    spent = worlds["milex"].sel(scenario="growth", drop=True) / worlds["milex"].sel(
        scenario=BASELINE, drop=True
    )
    # Stored in single precision.
    assert np.allclose(spent.sel(country="RUS"), of, rtol=1e-5)


def test_a_factor_on_spending_doubles_it_in_its_years_only(worlds):
    ratio = worlds["milex"].sel(scenario="arms", drop=True) / worlds["milex"].sel(
        scenario=BASELINE, drop=True
    )
    ratio = ratio.sel(country="RUS")
    assert np.allclose(ratio.sel(year_future=slice(FIRST, LAST)), 2.0, rtol=1e-5)
    assert np.allclose(ratio.sel(year_future=[FIRST - 1, LAST + 1]), 1.0, rtol=1e-5)


@pytest.mark.parametrize("name", ["peace", "barred", "votes"])
def test_wars_embargoes_and_votes_reach_orders_from_the_period_on_in_which_they_begin(
    worlds, name
):
    of = ("import_share", "ordered", "deliveries")
    base, own = (worlds[list(of)].sel(scenario=s, drop=True) for s in (BASELINE, name))
    before = slice(None, SECOND - 1)
    for one in of:
        early = (data[one].sel(year_future=before) for data in (own, base))
        assert np.array_equal(*early), one
    now = {"year_future": SECOND}
    assert not own["import_share"].sel(now).equals(base["import_share"].sel(now))
    later = slice(SECOND, None)
    assert not own["deliveries"].sel(year_future=later).equals(
        base["deliveries"].sel(year_future=later)
    )


def test_what_a_scenario_does_not_touch_is_the_same_to_the_bit(worlds):
    for name, same in {
        "barred": ("theta", "gdp", "milex", "rd_share"), "peace": ("theta", "gdp", "rd_share"),
        "votes": ("theta", "gdp", "milex"),
    }.items():  # fmt: skip
        for one in same:
            both = (worlds[one].sel(scenario=s, drop=True) for s in (BASELINE, name))
            assert np.array_equal(*both), (name, one)


def test_the_past_has_no_scenario(worlds):
    for name in ("theta_past", "orders_past", "offer_past", "import_share_past"):
        assert "scenario" not in worlds[name].dims
