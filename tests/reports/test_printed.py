"""Figures that are printed are those of the run's own tables, read anew and by another way."""

import pickle

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.forecast.events import EVENTS
from crossover.reports.numerals import chance, complement, error, number, places, prob, span
from tests.reports.conftest import pages

LED_WITH = [e for e in EVENTS if not e.endswith(("sustained", "single_year"))]


@pytest.fixture(scope="module")
def text(_payloads, quick):
    """Return the text of the report of the plain run."""
    return " ".join(pages(quick(pickle.loads(_payloads["plain"]), "plain")))


def of_events(run):
    events = pd.read_csv(run / "events.csv").set_index(["event", "kind", "year"])["probability"]
    timing = pd.read_csv(run / "timing.csv").set_index("event")
    asked = [*(("state", y) for y in (2024, 2030, 2035)), ("first_passage", 2035),
             ("lasting", 2035)]  # fmt: skip
    for event in EVENTS:
        held = events[event]
        if event in LED_WITH:
            yield [chance(held.get(key)) for key in asked]
        never = complement(timing.loc[event, "probability_within_horizon"])
        yield [prob(held["state", 2050]), prob(held["first_passage", 2050]), never]


def of_arrivals(run):
    years = pd.read_csv(run / "arrivals.csv").set_index("year")
    below = pd.read_csv(run / "arrivals_below.csv")
    for year, row in years.loc[2025:2035].iterrows():
        chances = below[below["year"] == year].sort_values("level")["probability"]
        yield [
            str(year), number(row["expected"], 0), number(row["median"], 0),
            span(row["q25"], row["q75"], 0), span(row["q05"], row["q95"], 0), *map(prob, chances),
        ]  # fmt: skip


def of_levels(run):
    levels = pd.read_csv(run / "levels.csv")
    years = sorted(levels["year"].unique())
    for name, rows in levels.groupby("alternative"):
        by_year = rows.set_index("year")
        now = by_year.loc[years[0]]
        if name == "average":
            continue
        yield [
            prob(now["probability"]), error(now["mc_error"]), number(now["gap_median"], 2),
            span(now["gap_q05"], now["gap_q95"], 2),
            *(prob(by_year.loc[year, "probability"]) for year in (2030, 2035)),
        ]  # fmt: skip


def of_parameters(run, payload):
    priors = {p["name"]: p["prior"] for p in payload["parameters"]}
    with xr.open_datatree(run / "posterior.nc", engine="h5netcdf") as tree:
        for group in ("posterior", "domains/posterior"):
            for name, values in tree[group].to_dataset().data_vars.items():
                if name not in priors:
                    continue
                low, middle, high = np.quantile(values.values, [0.05, 0.5, 0.95])
                prior = priors[name]
                digits = max(places(low, high), places(prior["q05"], prior["q95"]))
                yield [number(middle, digits), span(low, high, digits)]


def figures_in(cells):
    """Return how many figures a row of cells holds; an interval holds two."""
    return sum(2 if " to " in cell else 1 for cell in cells if any(c.isdigit() for c in cell))


def test_at_least_300_printed_figures_are_those_of_the_tables(runs, text, plain):
    run = runs["plain"]
    rows = [*of_events(run), *of_arrivals(run), *of_levels(run), *of_parameters(run, plain)]
    lacking = [row for row in rows if " ".join(row) not in text]
    assert not lacking
    assert sum(map(figures_in, rows)) >= 300
