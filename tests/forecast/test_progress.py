"""What those who wait are told off a terminal: what is at hand, since when, and what is left."""

import time

import pymc as pm

from crossover.forecast import progress, sampling


def test_a_line_says_what_is_left_by_the_pace_so_far(monkeypatch):
    clock = iter([0.0, 10.0, 40.0, 50.0, 60.0, 300.0, 400.0])
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    beat = progress.Beat("fitting")
    beat.move(0, 100)
    assert beat.line() == "    fitting: 40 s so far"
    beat.move(10, 50, "this part")  # A part of its own begins at 50 s.
    assert beat.line() == "    fitting: 60 s so far, 20 % of this part, about 40 s left"
    beat.move(5, 50, "this part")  # And another at 300 s.
    assert beat.line() == "    fitting: 7 min so far, 10 % of this part, about 15 min left"


def test_times_are_in_words():
    found = [progress.duration(seconds) for seconds in (3.4, 119, 120, 3600, 9000)]
    assert found == ["3 s", "119 s", "2 min", "60 min", "2.5 h"]


def test_long_work_prints_lines_and_the_innermost_speaks(monkeypatch, capsys):
    monkeypatch.setattr(progress, "BEAT", 0.02)
    seconds = {}
    with progress.step("outer", "outer", seconds), progress.step("inner", "inner", seconds):
        end = time.monotonic() + 10
        while "inner: 0 s so far" not in (said := capsys.readouterr().err):
            assert time.monotonic() < end
            assert "outer: " not in said
            time.sleep(0.02)
    assert set(seconds) == {"outer", "inner"} and progress.mover() is None


def test_a_step_within_the_half_minute_prints_nothing_more(capsys):
    with progress.step("quick", "quick", {}), progress.progress("quick") as move:
        move(1, 2)
    assert capsys.readouterr().err == "quick ...\n    0.0 s\n"


def test_a_sampler_says_how_far_its_chains_have_come(monkeypatch):
    told = []
    monkeypatch.setattr(progress.Beat, "move", lambda beat, *given: told.append(given))
    with pm.Model() as model:
        pm.Normal("x", 0.0, 1.0)
    compiled = sampling.ready(model)
    with progress.beating("sampling"):
        sampling.sample(compiled, seed=1, draws=20000, tune=200, chains=2, target_accept=0.8)
    assert told and all(total == 2 * 20200 and of == "this part" for _, total, of in told)
    done = [one[0] for one in told]
    assert done == sorted(done)
