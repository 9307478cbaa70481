"""What a run writes of a pair's partnership, by the step itself, on fits made by hand."""

import csv
import json

import pytest

from crossover.data.errors import InputError
from crossover.data.names import COOLING, DOWNTURN, INCIDENT
from crossover.forecast import coupling, partnership_steps, stored_run
from crossover.models import priors
from tests.forecast.test_coupling import APART, SAME, futures, history, tree

__all__ = ["futures", "history", "tree"]


def test_the_step_writes_paths_hand_example_and_facts_of_the_pair(tmp_path, tree, history, futures):
    history.to_netcdf(tmp_path / stored_run.PARTNERSHIP, engine=stored_run.ENGINE)
    (tmp_path / stored_run.PRIORS_FILE).write_text(priors.text(), "utf-8")
    coupling.keep_record(None, tmp_path / coupling.RECORD)
    found, paths = partnership_steps.partnership_ahead(
        tmp_path, tmp_path, tree, futures, (APART, SAME), seed=7
    )
    assert list(found) == [DOWNTURN, INCIDENT, COOLING] and "hazard" in paths
    facts = json.loads((tmp_path / partnership_steps.FACTS_FILE).read_text())
    assert (facts["treaty"], facts["disputes"], facts["reasons"]) == ("4980", [2009, 2012], {})
    tables = {
        partnership_steps.PARTNERSHIP_PATHS_FILE: "quantity", partnership_steps.BY_HAND_FILE: "term"
    }  # fmt: skip
    for name, column in tables.items():
        with (tmp_path / name).open(newline="") as lines:
            assert all(row[column] for row in csv.DictReader(lines))


def test_a_run_of_an_earlier_edition_is_refused(tmp_path, tree, history, futures):
    old = history.copy()
    del old[INCIDENT]
    old.to_netcdf(tmp_path / stored_run.PARTNERSHIP, engine=stored_run.ENGINE)
    with pytest.raises(InputError, match="holds no fit of incident: of an earlier"):
        partnership_steps.partnership_ahead(tmp_path, tmp_path, tree, futures, (), seed=7)
