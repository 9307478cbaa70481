"""The benchmark's own parts, without a sampler: what it asserts of samplers it asserts itself."""

import csv
import io
import sys

import numpy as np
import pytest
import xarray as xr

from crossover.data.names import CHAIN, DRAW, RECIPIENT, REST, SUPPLIER, YEAR
from crossover.forecast import ledger_file, verify
from crossover.models import market
from crossover.models.order_book import ORDER_PERIOD, PERIOD, REMEMBERED
from tests.bench import (
    child,
    compared,
    growth,
    peer_numpyro,
    peer_stan,
    posterior,
    problem,
    starting,
    table,
)  # fmt: skip


@pytest.fixture(scope="module")
def data(world):
    return problem.data(world.inputs, world.priors.part("market"))


# What others are given ---------------------------------------------------------------------------


def test_stan_reads_features_and_orders_of_the_cells_that_they_are_of(world, data):
    x, known = market.arrays(world.inputs), peer_stan.data(data)
    suppliers, recipients, periods = x.placed.shape
    pulls = np.arange(1.0, known["K"] + 1)
    # As Stan fills a matrix: column by column.
    flat = known["features"] @ pulls
    table_ = flat.reshape(suppliers, recipients * periods, order="F")
    expected = np.tensordot(pulls, x.features, axes=1).reshape(suppliers, -1)
    assert table_ == pytest.approx(expected)
    found = np.zeros(x.placed.size)
    found[known["able"] - 1] = known["placed"]
    of_able = np.where((x.barred == 0.0)[..., None], x.placed, 0.0).reshape(suppliers, -1)
    assert found.reshape(suppliers, -1, order="F") == pytest.approx(of_able)
    assert known["N"] == (x.barred == 0.0).sum() * periods


def test_a_point_in_stans_order_has_its_matrices_column_by_column():
    rng = np.random.default_rng(1)
    point = {name: rng.standard_normal((2, 3)) for name in posterior.FREE}
    found = np.array(peer_stan.flat(point)).reshape(len(posterior.FREE), -1)
    assert found[posterior.FREE.index("affinity_z")] == pytest.approx(
        point["affinity_z"].ravel(order="F")
    )
    assert found[posterior.FREE.index("walk_step")] == pytest.approx(point["walk_step"].ravel())


def test_draws_of_stans_chains_take_turns():
    found = peer_stan.by_chain(np.arange(8.0).reshape(1, 8), 2)
    assert found[..., 0].tolist() == [[0.0, 2.0, 4.0, 6.0], [1.0, 3.0, 5.0, 7.0]]


def test_time_within_time_is_counted_once():
    assert peer_numpyro.covered([(5.0, 6.0), (0.0, 4.0), (1.0, 2.0), (3.0, 4.5)]) == 5.5


# Comparing ---------------------------------------------------------------------------------------


def test_densities_may_differ_by_a_constant_and_by_nothing_else():
    one = [-1000.0, -2000.0, -1500.0]
    assert compared.density_gap(one, [v + 77.0 for v in one]) < 1e-15
    gap = compared.density_gap(one, [-1000.0, -2000.1, -1500.0])
    assert gap == pytest.approx(0.1 / 2000.0)
    rows = [
        table.Row("", "", "", value, "", compared.verdict(value, compared.SAME_DENSITY))
        for value in (1e-12, gap)
    ]
    assert [row.wrong for row in rows] == [False, True]


def test_a_lead_is_that_of_the_last_year_of_pairs_that_draws_disagree_on():
    capacity = np.zeros((1, 4, 4, 2))
    capacity[0, :, 0, 1] = [1.0, -1.0, 1.0, -1.0]
    capacity[0, :, 1, 1] = -5.0
    capacity[0, :, 3, 1] = np.arange(4.0)
    given = xr.DataArray(
        capacity, dims=(CHAIN, DRAW, SUPPLIER, YEAR), coords={SUPPLIER: ["A", "B", "C", REST]}
    )
    # A against C; A is always ahead of B, and C too; the rest of the world is no country.
    assert compared.leads(given)[0, :, :].T.tolist() == [[1.0, 0.0, 1.0, 0.0]]


def test_a_sampler_that_is_not_installed_is_named_and_the_others_go_on(tmp_path):
    wanted = {"somebody's": ("peer_of_nobody", ("a_package_of_nobody",))}
    (row,) = compared.rows(tmp_path, None, wanted)
    assert row.note == "a_package_of_nobody is not installed" and not row.wrong


# Growth ------------------------------------------------------------------------------------------


def test_copies_of_recipients_and_years_make_a_larger_market(world):
    x = market.arrays(world.inputs)
    suppliers, recipients, periods = x.placed.shape
    wide = market.arrays(growth.with_recipients(world.inputs, 2 * recipients))
    assert wide.placed.shape == (suppliers, 2 * recipients, periods)
    for part in (wide.placed[:, :recipients], wide.placed[:, recipients:]):
        assert np.array_equal(part, x.placed)
    # A copy of a supplier is none: it is only a recipient.
    assert wide.exporter.sum() == x.exporter.sum()
    longer = growth.with_years(world.inputs, 30)
    assert len(set(longer[RECIPIENT].values)) == recipients
    long = market.arrays(longer)
    assert longer.sizes[ORDER_PERIOD] == 30 // PERIOD + REMEMBERED
    assert long.placed.shape == (suppliers, recipients, 30 // PERIOD)
    assert np.array_equal(long.placed[..., -2:], x.placed[..., -2:])
    assert np.isfinite(long.features).all() and np.isfinite(long.change).all()


def test_a_slope_of_one_is_growth_in_proportion():
    sizes = np.array([12, 24, 47, 94])
    assert growth.slope(sizes, 3.0 * sizes) == pytest.approx(1.0)
    assert growth.slope(sizes, 3.0 * sizes**2) == pytest.approx(2.0)


# Processes and the table -------------------------------------------------------------------------


def test_a_command_is_timed_and_one_that_fails_says_why():
    said, seconds, memory = child.command([sys.executable, "-c", "print('done')"])
    assert said == "done\n" and seconds > 0.0 and memory > 1.0
    wrong = [sys.executable, "-c", "import sys; print('no such thing'); sys.exit(3)"]
    with pytest.raises(child.Failed, match="no such thing"):
        child.command(wrong)
    assert child.command(wrong, fine=(0, 3))[0] == "no such thing\n"


def test_the_table_is_printed_for_people_and_written_for_programs(tmp_path):
    rows = [
        table.Row("run", "update", "whole command", 151.26, "s"),
        table.Row("run", "update", "peak memory", 2048.0, "MiB"),
        table.failed("run", "other", RuntimeError("it broke")),
    ]
    out = io.StringIO()
    table.show(rows, out)
    lines = out.getvalue().splitlines()
    assert lines[1].split() == ["run", "update", "whole", "command", "151", "s"]
    assert lines[2].split() == ["peak", "memory", "2,048", "MiB"]
    assert "it broke" in lines[3] and rows[2].wrong
    table.write(rows, tmp_path / "bench.csv")
    with (tmp_path / "bench.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["value"] for row in found] == ["151.26", "2048.0", "nan"]


# What is timed -----------------------------------------------------------------------------------


def test_the_store_whose_listings_are_timed_has_a_run_that_holds(
    invented_runs_hold, monkeypatch, tmp_path
):
    for name, check in invented_runs_hold.items():
        monkeypatch.setattr(verify, name, check)
    assert ledger_file.entries(starting.invented(tmp_path))
