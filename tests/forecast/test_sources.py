"""Where deliveries come from: parts add up to the draws, and a table that does not is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.data.names import BASELINE
from crossover.forecast import event_tables, sources

ORIGIN = 2025
SELLERS = ["RUS", "FRA", "ROW"]


@pytest.fixture
def futures():
    """Return two years in two draws of what one recipient gets from three suppliers."""
    by_seller = np.array([[[10.0, 30.0], [10.0, 0.0], [0.0, 10.0]],
                          [[0.0, 50.0], [30.0, 0.0], [10.0, 10.0]]])  # fmt: skip
    deliveries = by_seller[:, 0]
    return xr.Dataset(
        {
            "deliveries": (("draw", "scenario", "year_future"), deliveries[:, None]),
            "imports": (("draw", "scenario", "year_future"), by_seller.sum(axis=1)[:, None]),
            "from_book": (("draw", "year_future"), np.array([[8.0, 0.0], [0.0, 20.0]])),
            "from_unlisted": (("draw", "year_future"), np.array([[2.0, 5.0], [0.0, 0.0]])),
            "by_seller": (("draw", "seller", "year_future"), by_seller),
            "deliveries_observed": (("year",), known()[0]),
            "imports_observed": (("recipient", "year"), known().sum(axis=0)[None]),
        },
        coords={"draw": [0, 1], "scenario": [BASELINE], "seller": SELLERS, "recipient": ["CHN"],
                "year": years(), "year_future": [ORIGIN + 1, ORIGIN + 2]},
        attrs={"supplier": "RUS", "recipient": "CHN", "origin": ORIGIN, "chains": 1},
    )  # fmt: skip


def years():
    return np.arange(ORIGIN - 14, ORIGIN + 1)


def known():
    """Return deliveries on record (seller, year): ten years with all three, before Russia alone."""
    late = years() > ORIGIN - sources.SPAN
    return np.stack([np.full(len(late), 40.0), 40.0 * late, 20.0 * late])


@pytest.fixture
def inputs():
    return xr.Dataset(
        {"deliveries": (("supplier", "recipient", "year"), known()[:, None])},
        coords={"supplier": SELLERS, "recipient": ["CHN"], "year": years()},
    )


@pytest.fixture
def folder(futures, inputs, tmp_path):
    event_tables.to_csv(sources.by_order(futures), tmp_path / sources.ORDERS_FILE)
    event_tables.to_csv(sources.by_supplier(futures, inputs), tmp_path / sources.SUPPLIERS_FILE)
    return tmp_path


def test_parts_of_orders_add_up_to_what_is_delivered(futures):
    table = sources.by_order(futures)
    wide = table.pivot_table(index="year", columns="part", values="expected")
    assert wide.loc[ORIGIN + 1].to_dict() == {"book": 4.0, "unlisted": 1.0, "new": 0.0}
    assert wide.loc[ORIGIN + 2].to_dict() == {"book": 10.0, "unlisted": 2.5, "new": 27.5}
    assert wide.sum(axis=1).tolist() == [5.0, 40.0]


def test_suppliers_are_told_by_periods_and_shares_are_of_the_whole(futures, inputs):
    table = sources.by_supplier(futures, inputs)
    shares = table.set_index(["first", "seller"])["share"]
    # The record begins within the first period.
    assert shares[ORIGIN - 14].to_dict() == {"RUS": 1.0, "FRA": 0.0, "ROW": 0.0}
    assert shares[ORIGIN - 9].to_dict() == {"RUS": 0.4, "FRA": 0.4, "ROW": 0.2}
    ahead = table[table["kind"] == sources.EXPECTED].set_index("seller")
    assert ahead["tiv"].to_dict() == {"RUS": 22.5, "FRA": 10.0, "ROW": 7.5}
    assert ahead["share"]["RUS"] == pytest.approx(22.5 / 40)
    # Shares of the two draws are 40 of 60 and 50 of 100.
    assert 0.5 <= ahead["share_q05"]["RUS"] <= ahead["share_q95"]["RUS"] <= 40 / 60
    assert table[table["kind"] == sources.OBSERVED]["share_q05"].isna().all()


def test_nothing_delivered_has_no_shares(futures, inputs):
    table = sources.by_supplier(futures * 0.0, inputs * 0.0)
    assert table["tiv"].eq(0.0).all() and table["share"].isna().all()


def test_tables_that_add_up_hold_and_a_run_without_them_is_as_it_was(folder, futures, tmp_path):
    sources.add_up(folder, futures)
    for path in folder.glob("*.csv"):
        path.unlink()
    sources.add_up(folder, futures)


@pytest.mark.parametrize(
    ("name", "column", "row"),
    [(sources.ORDERS_FILE, "expected", {"part": "book"}),
     (sources.SUPPLIERS_FILE, "tiv", {"seller": "RUS", "kind": "observed"}),
     (sources.SUPPLIERS_FILE, "tiv", {"seller": "FRA", "kind": "expected"})],
)  # fmt: skip
def test_a_table_that_does_not_add_up_is_refused(folder, futures, name, column, row):
    table = pd.read_csv(folder / name)
    of = (table[list(row)] == pd.Series(row)).all(axis=1)
    table.loc[table.index[of][0], column] *= 1.001
    table.to_csv(folder / name, index=False)
    with pytest.raises(InputError, match="does not add up to what the draws deliver") as error:
        sources.add_up(folder, futures)
    assert name in str(error.value)
