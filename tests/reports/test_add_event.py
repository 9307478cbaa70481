"""Adding an event takes what its guide page says, and no more."""

import re

import pytest

from crossover.forecast import events
from crossover.reports import catalogue
from tests.published import IDS, make_store
from tests.reports import copied

NEW = "no_deliveries"
PROGRAM = """
import sys
from pathlib import Path

import pandas as pd
import xarray as xr

from crossover.forecast import event_tables, events, verify, verify_tables
from crossover.reports import payload, questions, render
from tests.published import told

for name in ("sealed", "hold", "hold_all", "stored"):
    setattr(verify, name, lambda *given: None)
run = Path(sys.argv[1])
with xr.open_dataset(run / "forecast.nc", engine="h5netcdf") as opened:
    futures = opened.load()
assert verify_tables.later({"events": " ".join(set(events.EVENTS) - {"no_deliveries"})}) == {
    "no_deliveries"
}
print(told("ask", "no_deliveries in 2030", "--run", run))
answered = events.answers(futures)
share = float(answered["no_deliveries"].sel(year=2030).mean())
print("SHARE", share, float((futures["deliveries"].sel(year_future=2030) == 0).mean()))
for name, table in zip(("events.csv", "timing.csv"), event_tables.tables(answered)):
    held = pd.read_csv(run / name)
    pd.concat([held[~held["event"].isin(table["event"])], table]).to_csv(run / name, index=False)
print(told("show", run))
print(told("questions", run, "--json"))
print(told("export", run, "--out", "out"), Path("out/probabilities.csv").read_text())
numbers = payload.collect(run)
print("REPORT", render.seen_text(render.template("timing.typ.j2", numbers)))
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Return what the program prints once the steps of the page are done."""
    folder = tmp_path_factory.mktemp("event")
    run = make_store(folder / "store", draws=30) / "runs" / IDS[0]
    package = copied.copy(folder)
    copied.follow("add_event", package)
    return copied.run(package, PROGRAM, run)


def test_a_new_event_is_asked_of_a_stored_run(printed):
    assert printed.startswith(f"P({NEW}, Russia to China in 2030; baseline) = 0.")
    answered, counted = printed.partition("SHARE ")[2].split()[:2]
    assert answered == counted and 0.0 < float(counted) < 1.0


def test_a_new_event_is_shown_sold_and_told(printed):
    table = printed.partition("SHARE")[2]
    assert f"\n{NEW} " in table
    assert '"title": "Will Russia deliver no major arms to China in 2030?"' in table
    assert re.search(rf"^{NEW},.*\bstate,.*\b2030,", table, re.MULTILINE)
    assert "No deliveries from Russia" in table.partition("REPORT")[2]


def test_every_event_has_one_definition_and_one_row_of_words():
    assert catalogue.events() == events.EVENTS
    assert NEW not in events.EVENTS
