"""What `data add` stops: planted errors of every kind, and next to no real release."""

import random
from pathlib import Path

import pytest

from crossover.data import additions, examination, kept
from crossover.data.bounds import STOPPED
from crossover.data.errors import InputError
from tests.data.conftest import RAW
from tests.trust import planted, releases, stops

SEED, DRAWS, FEW = 20261127, 200, 4
LEAST = 0.95


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("planted")


def test_of_a_few_planted_errors_none_is_missed(work):
    """Drawn by the seed into the World Bank's series of the shipped panel, no raw file needed."""
    outcomes = [
        stops.plant(into, name, rng, RAW, work) for into, name, rng in stops.draw(FEW, SEED, None)
    ]
    assert len({one.kind for one in outcomes}) >= 3
    assert [one for one in outcomes if one.how == stops.MISSED] == []
    assert all("\n" not in one.said for one in outcomes)


def test_at_most_one_in_fifty_real_releases_is_stopped():
    judged = stops.real()
    stopped = [one for one in judged if one.stops]
    print(f"\nreal releases stopped: {len(stopped)} of {len(judged)}", *stopped, sep="\n")
    assert len(judged) >= 55
    assert len(stopped) <= STOPPED * len(judged)


@pytest.mark.parametrize("kind", planted.kinds(), ids=lambda kind: f"{kind[0]}-{kind[1].__name__}")
def test_every_kind_changes_what_it_is_planted_into_and_repeats_with_its_seed(kind, raw):
    into, change = kind
    base = releases.bases(raw, into)[0]
    first = base.write(change(base.content, random.Random(1)))
    if into != "milex":
        assert first == base.write(change(base.content, random.Random(1)))
        assert first != base.write(base.content)
    else:
        assert change(base.content, random.Random(1)) != base.content


@pytest.mark.slow
def test_of_two_hundred_planted_errors_nineteen_in_twenty_are_caught(work, raw):
    outcomes = [
        stops.plant(into, name, rng, raw, work) for into, name, rng in stops.draw(DRAWS, SEED, raw)
    ]
    print(f"\n{stops.table(outcomes)}")
    errors, all_errors, kinds, all_kinds = stops.caught(outcomes)
    print(f"caught: {errors} of {all_errors} errors, {kinds} of {all_kinds} kinds in every draw")
    assert errors >= LEAST * all_errors and kinds >= LEAST * all_kinds


@pytest.mark.slow
def test_real_files_pass_over_the_panel_as_it_stood_before_them(work, raw):
    for into in ("lines", "register", "milex", "rates", "levels"):
        for base in releases.bases(raw, into):
            path = work / base.name
            path.write_bytes(base.write(base.content))
            panel = releases.panel_before(base.known, work / f"panel {base.known}")
            assert stops.examined(path, panel) == (stops.MISSED, ""), base.name


@pytest.mark.slow
def test_an_old_release_under_a_new_date_is_stopped(work, raw):
    base = releases.old_lines(raw)
    path = work / base.name
    path.write_bytes(base.write(base.content))
    how, said = stops.examined(path, releases.panel_before(base.known, work / "panel old"))
    assert how == stops.FOUND and "2024-04-13" in said


def test_what_is_stopped_is_added_with_a_reason_that_is_kept(tmp_path, work):
    base = releases.world_bank("rd_share")[-1]
    path = tmp_path / base.name
    path.write_bytes(base.write(planted.a_country_halved(base.content, random.Random(2))))
    store = tmp_path / "store"
    with pytest.raises(examination.Stopped, match="add it with --accept REASON") as error:
        additions.add([path], store, today=stops.TODAY)
    assert "× 0.5 in all years" in str(error.value) and "\n" not in str(error.value)
    assert kept.listing(store) == []
    for wrong in ("", "  ", "two\nlines", "\x1b[31m"):
        with pytest.raises(InputError, match="--accept"):
            additions.add([path], store, today=stops.TODAY, accept=wrong)
    dry = additions.add([path], store, today=stops.TODAY, dry_run=True)
    assert dry.folder is None and dry.examined.stops == error.value.found
    additions.add([path], store, today=stops.TODAY, accept="its offices count anew")
    (held,) = kept.listing(store)
    assert held.reason == "its offices count anew"
    assert held.findings == tuple(map(str, error.value.found)) and kept.damaged(store) == []


def test_a_sound_release_needs_no_reason_and_keeps_none(tmp_path):
    base = releases.world_bank("rd_share")[-1]
    path = tmp_path / base.name
    path.write_bytes(base.write(base.content))
    additions.add([path], tmp_path / "store", today=stops.TODAY, accept="just in case")
    (held,) = kept.listing(tmp_path / "store")
    assert held.reason == "" and held.findings == ()
