"""Two runs side by side."""

import json
import shutil

import pytest

from crossover.data.errors import InputError
from crossover.forecast import compare
from tests.synthetic import make_run


def with_pair(folder, pair=("RUS", "CHN"), **changes):
    said = json.loads((folder / "run.json").read_text())
    said |= {"supplier": pair[0], "recipient": pair[1]} | changes
    (folder / "run.json").write_text(json.dumps(said))
    return folder


@pytest.fixture(scope="module")
def pair_of_runs(tmp_path_factory):
    base = tmp_path_factory.mktemp("compare")
    a = with_pair(make_run(base / "a", draws=40, seed=1))
    b = with_pair(make_run(base / "b", draws=40, seed=2), seed=12, as_of="2026-06-30")
    return a, b


def test_every_event_and_parameter_stands_in_both(pair_of_runs):
    found = {row.what: row for row in compare.compare(*pair_of_runs)}
    row = found["P(capacity_crossover in 2030)"]
    assert {"P(capacity_crossover happened by 2035)", "P(independence from 2035 on)"} <= set(found)
    assert row.difference == pytest.approx(row.b - row.a)
    both = (row.a_spread**2 + row.b_spread**2) ** 0.5
    assert row.in_errors == pytest.approx(row.difference / both)
    assert "median year of independence, if it happens" in found
    assert any(what.startswith("rd_within") for what in found)


def test_a_run_does_not_differ_from_itself(pair_of_runs):
    a, _ = pair_of_runs
    assert {row.difference for row in compare.compare(a, a)} <= {0.0, None}
    assert compare.setting(a, a) == []


def test_what_the_runs_were_made_from_is_said_where_it_differs(pair_of_runs):
    assert compare.setting(*pair_of_runs) == [
        ("as of", "2026-04-30", "2026-06-30"), ("seed", "11", "12")
    ]


def test_runs_of_another_kind_are_not_compared(pair_of_runs, tmp_path):
    a, b = pair_of_runs
    other = with_pair(shutil.copytree(b, tmp_path / "pair"), ("RUS", "IND"))
    with pytest.raises(InputError, match="is of the pair RUS-IND, the other run of RUS-CHN"):
        compare.compare(a, other)
    prior = with_pair(shutil.copytree(b, tmp_path / "prior"), prior_only=True)
    with pytest.raises(InputError, match="prior: was drawn from the priors alone"):
        compare.compare(a, prior)
    (with_pair(shutil.copytree(b, tmp_path / "bare")) / "events.csv").unlink()
    with pytest.raises(InputError, match=r"bare: holds no forecast \(events.csv\)"):
        compare.compare(a, tmp_path / "bare")
    (shutil.copytree(b, tmp_path / "light") / "posterior.nc").unlink()
    with pytest.raises(InputError, match="the run holds no posterior"):
        compare.compare(a, tmp_path / "light")
