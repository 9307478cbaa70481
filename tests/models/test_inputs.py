"""What a fit conditions on: whole, centred where it must be, and blind to what came later."""

import csv
import datetime
import gzip
import io
import shutil

import numpy as np
import pytest

from data.errors import InputError
from data.names import COUNTRY, RECIPIENT, REST, SUPPLIER, YEAR
from data.panel import assemble
from data.tables import PANEL
from models import priors
from models.inputs import COVARIATES, prepare

MAY_BE_UNKNOWN = {
    "ideal_point", "rd_share", "rd_share_mean", "rd_share_sd", "rd_share_step", "gdp",
    "population", "log_rd_stock", "rd_share_observed", "gdp_observed", "milex_observed",
    "population_observed",
}  # fmt: skip
"""Histories with gaps that the models know how to read; all else must be whole."""


@pytest.fixture(scope="module", params=["shipped", "small"])
def inputs(request, real, world):
    """Return the inputs of the shipped panel, then of the small world."""
    return real if request.param == "shipped" else world.inputs


def test_the_shipped_panel_gives_16_suppliers_48_recipients_and_34_years(real):
    assert real.sizes[SUPPLIER] == 17
    assert real.sizes[RECIPIENT] == 49
    assert real.sizes[COUNTRY] == 48
    assert list(real[YEAR].values) == list(range(1992, 2026))
    assert real.attrs["origin"] == 2025
    assert real["deliveries"].sizes == {SUPPLIER: 17, RECIPIENT: 49, YEAR: 34}
    assert real["affinity_covariates"].sizes["covariate"] == len(COVARIATES)


def test_nothing_that_the_likelihood_reads_is_unknown(inputs):
    for name, values in inputs.items():
        if name not in MAY_BE_UNKNOWN:
            assert np.isfinite(values.values.astype(float)).all(), name


def test_a_country_without_r_and_d_figures_has_no_effort_and_no_doubt_about_it(real):
    unknown = ~real["rd_known"].values
    assert set(real[COUNTRY].values[unknown]) == {"TWN", "VEN", "BGD"}
    for name in ("rd_level", "rd_change", "rd_loading", "rd_loading_mean", "rd_loading_last"):
        values = real[name].transpose(COUNTRY, ...).values
        assert not values[unknown].any(), name
        assert values[~unknown].any(), name


def test_changes_of_effort_are_centred_within_and_levels_between_countries(inputs):
    for label in ("rd", "mil"):
        assert np.abs(inputs[f"{label}_change"].mean(YEAR)).max() < 1e-10
        level = inputs[f"{label}_level"].where(inputs[f"{label}_known"])
        assert abs(float(level.mean())) < 1e-10
    assert np.abs(inputs["rd_loading"].mean(YEAR)).max() < 1e-10


def test_the_change_of_budgets_is_centred_within_recipients_and_within_years(inputs):
    change = inputs["log_budget_change"]
    assert np.abs(change.mean(YEAR)).max() < 1e-10
    assert np.abs(change.mean(RECIPIENT)).max() < 1e-10
    assert float(change.std()) > 0.1


def test_effort_enters_a_year_after_it_is_spent(inputs):
    last_year = int(inputs[YEAR][-1])
    for label in ("rd", "mil"):
        log_stock = inputs[f"log_{label}_stock"].sel({COUNTRY: "CHN", "year_effort": last_year - 1})
        found = inputs[f"{label}_change"].sel({COUNTRY: "CHN", YEAR: last_year})
        level = inputs[f"{label}_level"].sel({COUNTRY: "CHN"}) + inputs.attrs[f"{label}_origin"]
        assert float(found + level) == pytest.approx(float(log_stock))


@pytest.mark.parametrize(("name", "years"), [("memory", 3), ("memory_last", 1)])
def test_memory_is_of_the_years_before_double_centred(world, name, years):
    tiv, able = world.inputs["deliveries"].values, world.inputs["possible"].values
    raw = np.zeros_like(tiv)
    for t in range(years, tiv.shape[2]):
        raw[..., t] = np.log1p(tiv[..., t - years : t].mean(axis=-1))
    year = 10
    s, r = np.nonzero(able)
    dummies = np.concatenate([np.eye(len(able))[s], np.eye(able.shape[1])[r]], axis=1)
    values = raw[s, r, year]
    by_hand = values - dummies @ np.linalg.lstsq(dummies, values, rcond=None)[0]
    assert world.inputs[name].values[s, r, year] == pytest.approx(by_hand, abs=1e-4)
    assert not world.inputs[name].values[~able].any()
    # Nothing was delivered before the window: years before it are remembered too.
    assert not world.inputs[name].values[..., 0].any()


def test_pairs_remember_years_before_the_window_and_none_that_is_not_on_record(world):
    before = world.panel["tiv"].copy(deep=True)
    first = int(world.inputs[YEAR][0])
    before.loc[{YEAR: first - 1}] = 3.0 * before.sel({YEAR: 2000})
    found = prepare(world.panel.assign(tiv=before), world.priors)
    assert found["memory_last"].sel({YEAR: first}).values.any()
    same = slice(first + 3, None)
    for name in ("memory", "memory_last"):
        ours, theirs = found[name].sel({YEAR: same}), world.inputs[name].sel({YEAR: same})
        assert np.array_equal(ours.values, theirs.values)
    unknown = before.where(before[YEAR] >= first)
    found = prepare(world.panel.assign(tiv=unknown), world.priors)
    assert not found["memory"].sel({YEAR: first}).values.any()


@pytest.mark.parametrize("name", ["memory", "memory_last"])
def test_memory_has_no_mean_over_suppliers_or_recipients(real, name):
    memory = real[name].where(real["possible"])
    for dim in (SUPPLIER, RECIPIENT):
        assert np.abs(memory.mean(dim)).max() < 1e-4


def test_no_country_can_deliver_to_itself_but_the_rest_can(inputs):
    able = inputs["possible"]
    for code in inputs[SUPPLIER].values:
        assert bool(able.sel({SUPPLIER: code, RECIPIENT: code})) == (code == REST)
    own = inputs["deliveries"].where(~able).sum()
    assert float(own) == 0.0
    assert int((~able).sum()) == inputs.sizes[SUPPLIER] - 1


def test_standardised_covariates_are_standard_and_the_rest_of_the_world_stands_at_their_mean(real):
    table = real["affinity_covariates"]
    inside = table.sel({SUPPLIER: table[SUPPLIER] != REST, RECIPIENT: table[RECIPIENT] != REST})
    # Taiwan does not vote: its cells stand at the mean and take about one per cent of the spread.
    assert float(inside.sel(covariate="ideal_point").std()) == pytest.approx(1.0, abs=0.02)
    assert float(inside.sel(covariate="distance").std()) == pytest.approx(1.0, abs=0.02)
    for name in ("ideal_point", "distance"):
        for dim in (SUPPLIER, RECIPIENT):
            assert not table.sel({"covariate": name, dim: REST}).values.any()


def test_a_panel_without_deliveries_is_refused(world):
    panel = world.panel.copy()
    panel["tiv"] = panel["tiv"] * np.nan
    with pytest.raises(InputError, match="no arms transfers"):
        prepare(panel, world.priors)


def test_years_after_the_last_deliveries_do_not_count(world):
    short = world.panel.copy(deep=True)
    for name in ("tiv", "tiv_domain", "n_lines"):
        short[name].loc[{YEAR: slice(2010, None)}] = np.nan
    changed = short.copy(deep=True)
    for name in ("gdp", "milex", "rd_share", "ideal_point", "population", "war"):
        changed[name].loc[{YEAR: slice(2010, None)}] *= 3.0
    first, second = prepare(short, world.priors), prepare(changed, world.priors)
    assert first.attrs["origin"] == 2009
    assert first.identical(second)


def poison(folder, table, date, column):
    """Falsify every row of a table that was released after a date."""
    path = folder / f"{table}.csv.gz"
    rows = list(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode("utf-8"))))
    vintage, value = rows[0].index("vintage"), rows[0].index(column)
    touched = 0
    for row in rows[1:]:
        if row[vintage] > date:
            row[value] = f"{2.0 * float(row[value]) + 1.0:.10g}"
            touched += 1
    assert touched
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_bytes(gzip.compress(out.getvalue().encode("utf-8"), 1))


def test_what_was_released_later_changes_nothing_of_what_a_fit_conditions_on(tmp_path):
    date = "2020-06-30"
    folder = shutil.copytree(PANEL, tmp_path / "panel")
    values = {
        "country_years": "value",
        "transfers": "tiv",
        "orders": "ordered_tiv",
        "totals": "tiv",
        "votes": "ideal_point",
    }
    for table, column in values.items():
        poison(folder, table, date, column)
    loaded, day = priors.load(), datetime.date.fromisoformat(date)
    clean = prepare(assemble(day), loaded)
    assert clean.attrs["origin"] == 2019
    assert clean.identical(prepare(assemble(day, folder), loaded))
    later = prepare(assemble(None, folder), loaded)
    assert not np.allclose(later["rd_level"], prepare(assemble(), loaded)["rd_level"])
