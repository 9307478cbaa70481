"""What a fit conditions on: whole, centred where it must be, and blind to what came later."""

import csv
import datetime
import gzip
import io
import shutil

import numpy as np
import pytest

from crossover.data import listings
from crossover.data.errors import InputError
from crossover.data.names import COUNTRY, RECIPIENT, REST, SUPPLIER, YEAR
from crossover.data.panel import assemble
from crossover.data.tables import PANEL
from crossover.forecast.waterfall import cut
from crossover.models import priors
from crossover.models.inputs import COVARIATES, prepare
from crossover.models.order_book import ORDER_PERIOD, books

MAY_BE_UNKNOWN = {
    "ideal_point", "rd_share", "rd_share_mean", "rd_share_sd", "rd_share_step", "gdp",
    "population", "log_rd_stock", "rd_share_observed", "gdp_observed", "milex_observed",
    "population_observed", "open_ordered", "open_units",
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
    for name in ("rd_level", "rd_change"):
        values = real[name].transpose(COUNTRY, ...).values
        assert not values[unknown].any(), name
        assert values[~unknown].any(), name


def test_changes_of_effort_are_centred_within_and_levels_between_countries(inputs):
    for label in ("rd", "mil"):
        assert np.abs(inputs[f"{label}_change"].mean(YEAR)).max() < 1e-10
        level = inputs[f"{label}_level"].where(inputs[f"{label}_known"])
        assert abs(float(level.mean())) < 1e-10


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
    short = cut(world.panel, 2010).reindex({YEAR: world.panel[YEAR]})
    changed = short.copy(deep=True)
    for name in ("gdp", "milex", "rd_share", "ideal_point", "population", "war"):
        changed[name] = world.panel[name].copy(deep=True)
        changed[name].loc[{YEAR: slice(2011, None)}] *= 3.0
        short[name] = world.panel[name]
    first, second = prepare(short, world.priors), prepare(changed, world.priors)
    assert first.attrs["origin"] == 2010
    assert first.identical(second)


def test_what_was_ordered_is_that_of_the_newest_book(world):
    inputs = world.inputs
    last = books(world.panel)[-1].deals
    assert inputs["placed"].sum() == last["order_year"].between(1986, 2012).sum()
    assert inputs[ORDER_PERIOD].values.tolist() == list(range(1988, 2013, 3))
    open_ = inputs["open_left"].sum()
    assert float(open_) == pytest.approx(last["left"].sum())


def test_a_panel_whose_newest_book_is_older_than_its_deliveries_is_refused(world):
    behind = world.panel.isel({listings.BOOK: slice(0, -1)})
    behind = behind.isel({listings.LISTING: behind["listing_book"].values < 4})
    with pytest.raises(InputError, match="known to 2012, but no trade register"):
        prepare(behind, world.priors)


def poison(folder, table, date, column, dated="vintage"):
    """Falsify every row of a table that was released after a date."""
    path = folder / f"{table}.csv.gz"
    rows = list(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode("utf-8"))))
    vintage, value = rows[0].index(dated), rows[0].index(column)
    touched = 0
    for row in rows[1:]:
        if row[vintage] > date and row[value]:
            row[value] = f"{0.5 * float(row[value]) + 1.0:.10g}"
            touched += 1
    assert touched
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_bytes(gzip.compress(out.getvalue().encode("utf-8"), 1))


def known_on(day, folder=None):
    return listings.attach(assemble(day, folder), listings.known(day, folder))


def test_what_was_released_later_changes_nothing_of_what_a_fit_conditions_on(tmp_path, real):
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
    # The register of March 2020 is kept in a copy of October.
    poison(folder, "deals", "2020-10-11", "tiv_ordered", "valid_from")
    loaded, day = priors.load(), datetime.date.fromisoformat(date)
    clean = prepare(known_on(day), loaded)
    assert clean.attrs["origin"] == 2019
    assert clean.identical(prepare(known_on(day, folder), loaded))
    later = prepare(known_on(None, folder), loaded)
    assert not np.allclose(later["rd_level"], real["rd_level"])
    assert not np.isclose(later["open_left"].sum(), real["open_left"].sum())
