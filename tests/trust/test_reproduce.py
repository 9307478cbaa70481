"""A run made again agrees within Monte-Carlo error, and a changed one does not.

Of draws that are fixed: their errors lie where numpy's generator puts them, always the same.
"""

import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from crossover.data.errors import InputError
from crossover.forecast import plans, reproduce, runs, steps, stored_run, verify
from tests.trust import sound


def again(run, folder, shift=0.0):
    """Return a run whose events are those of another, moved by their own Monte-Carlo errors."""
    other = shutil.copytree(run, folder)
    table = pd.read_csv(other / "events.csv")
    noise = np.random.default_rng(3).standard_normal(len(table)) * np.hypot(table["mc_error"], 1e-6)
    table["probability"] = (table["probability"] + noise).clip(0.0, 1.0)
    row = table.index[table["probability"].between(0.3, 0.6)][0]
    table.loc[row, "probability"] += shift
    (other / "events.csv").unlink()
    table.to_csv(other / "events.csv", index=False)
    sound.sealed(other)
    return other


def test_the_same_figures_with_other_draws_agree(sound_run, tmp_path):
    rows, limit = reproduce.compare(sound_run, again(sound_run, tmp_path / "b"))
    assert len(rows) > 200 and all(row.agrees for row in rows)
    assert 4.0 < limit < 6.0 and max(row.errors for row in rows) < limit


def test_an_event_further_off_than_chance_is_named_first(sound_run, tmp_path):
    rows, _ = reproduce.compare(sound_run, again(sound_run, tmp_path / "b", shift=0.2))
    apart = [row for row in rows if not row.agrees]
    assert len(apart) == 1 and reproduce.worst(rows)[0] == apart[0]


def test_an_event_that_only_one_of_them_has_does_not_agree(sound_run, tmp_path):
    other = shutil.copytree(sound_run, tmp_path / "b")
    table = pd.read_csv(other / "events.csv")
    table.iloc[1:].to_csv(other / "events.csv", index=False)
    rows, _ = reproduce.compare(sound_run, other)
    assert [row.agrees for row in rows].count(False) == 1
    assert np.isnan(reproduce.worst(rows)[0].errors)


@pytest.fixture
def command(sound_run, tmp_path, monkeypatch):
    """Return a function that makes the run again, by a fit that is invented, in a store."""
    run = shutil.copytree(sound_run, tmp_path / "store" / runs.RUNS / "20260101-000000-aaaa")
    asked = SimpleNamespace(shift=0.0)

    def plan(**options):
        asked.options = options
        record = {"id": "new", "hashes": {}, "seconds": {}} | runs.read(run)
        record.pop("seal")
        return plans.Plan(
            tmp_path / "store" / "reproduced" / "new", ("RUS", "CHN"), None, None, "", None,
            record, (None, None), (), (),
        )  # fmt: skip

    def look_ahead(part, tree, pair, said, of, scenarios):
        made = again(run, tmp_path / "made", asked.shift)
        for path in made.iterdir():
            if path.suffix in (".csv", ".nc", ".toml"):
                shutil.copy(path, part / path.name)

    from crossover.data import kept
    from crossover.forecast import carry, record
    from crossover.models import priors

    monkeypatch.setattr(plans, "plan", plan)
    monkeypatch.setattr(steps, "sample", lambda part, made: None)
    monkeypatch.setattr(steps, "look_ahead", look_ahead)
    monkeypatch.setattr(stored_run, "known_on", lambda day, layers: None)
    monkeypatch.setattr(carry, "windowed", lambda panel, *given: panel)
    monkeypatch.setattr(priors, "load", lambda *given: None)
    monkeypatch.setattr(record, "hash_panel", lambda layers: "ab" * 32)
    monkeypatch.setattr(kept, "layers", lambda panel, store: (tmp_path,))
    monkeypatch.setattr(
        steps, "audit", lambda part, made: reproduce.steps.seal.close(part, made.record, "run.json")
    )

    def call(shift=0.0):
        from crossover.reports.cli.reproduce import reproduce as act

        asked.shift, app = shift, typer.Typer()

        @app.command()
        def one(run: str, store: str):
            raise typer.Exit(act(run, None, None, store))

        return CliRunner().invoke(app, [run.name, str(tmp_path / "store")])

    return SimpleNamespace(call=call, asked=asked, run=run, store=tmp_path / "store")


def test_all_is_taken_from_the_record_and_the_verdict_printed(command):
    done = command.call()
    assert done.exit_code == 0 and "REPRODUCED" in done.output and "NOT" not in done.output
    said = runs.read(command.run)
    for option in ("seed", "draws", "chains", "as_of", "quick"):
        assert command.asked.options[option] == said[option]
    assert command.asked.options["priors"] == command.run / "priors.toml"
    assert (command.store / "reproduced" / "new" / "run.json").is_file()
    verify.hold(command.run)


def test_a_run_that_is_not_reproduced_exits_1(command):
    done = command.call(shift=0.2)
    assert done.exit_code == 1 and "1 further apart than" in done.output
    assert "NOT reproduced" in done.output


def test_a_panel_or_an_addition_that_is_not_at_hand_is_named(command, monkeypatch):
    from crossover.forecast import record

    monkeypatch.setattr(record, "hash_panel", lambda layers: "other")
    with pytest.raises(InputError, match="the panel is not the one of this run"):
        reproduce.plan(command.run, command.store, None, "", None)
    said = runs.read(command.run) | {"additions": ["gone"]}
    runs.write(command.run / "run.json", said)
    with pytest.raises(InputError, match="additions that the store lacks: gone"):
        reproduce.plan(command.run, command.store, None, "", None)
