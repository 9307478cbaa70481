"""Pages of the guide on scenarios and priors are done as they say; its lists are the program's."""

import re
import shlex

import numpy as np
import pytest

import crossover
from crossover.data.errors import InputError
from crossover.forecast import scenarios, simulate
from crossover.models import priors
from crossover.reports import guide_lists
from crossover.reports.cli import app
from tests import small
from tests.published import told
from tests.reports import copied


def text_of(page):
    return (copied.GUIDE / f"{page}.md").read_text("utf-8")


@pytest.fixture
def file_of(tmp_path, monkeypatch):
    """Return a function that writes the file of a page where it says, and stands beside it."""
    monkeypatch.chdir(tmp_path)

    def write(page):
        (block,) = (one for one in copied.blocks(page) if one.language == "toml")
        (tmp_path / block.file).write_text(block.text, "utf-8")
        return tmp_path / block.file

    return write


def commands(page):
    return [
        shlex.split(line)[1:] for block in copied.blocks(page) if block.language == "sh"
        for line in block.text.splitlines()
    ]  # fmt: skip


def test_the_scenario_of_the_page_is_sound_and_moves_what_it_names_alone(file_of, tree):
    file = file_of("add_scenario")
    own = scenarios.load(file, origin=small.ORIGIN, horizon=2035)
    worlds = simulate.futures(tree, "RUS", "CHN", seed=5, horizon=2035, scenarios=[own])
    assert list(worlds["scenario"].values) == ["baseline", "research"]
    share = worlds["rd_share"].sel(country="RUS")
    assert np.allclose(share.sel(scenario="research", year_future=slice(2028, 2035)), 2.0)
    before = share.sel(year_future=slice(None, 2027))
    assert before.sel(scenario="research", drop=True).equals(
        before.sel(scenario="baseline", drop=True)
    )
    assert not np.allclose(share.sel(scenario="baseline", year_future=2030), 2.0)


def test_the_checks_of_the_scenario_page_run_and_name_a_fault(file_of, capsys):
    file = file_of("add_scenario")
    checks = [words for words in commands("add_scenario") if words[0] == "scenario"]
    assert [words[1] for words in checks] == ["check", "list"]
    assert "more_research  rd_share  RUS  2028  2035" in told(*checks[0])
    assert "rd_share" in told(*checks[1])
    file.write_text(file.read_text("utf-8").replace("value = 2.0", "value = 200.0"), "utf-8")
    assert app.main(checks[0]) == 2
    assert "research.toml" in (said := capsys.readouterr().err) and "path.more_research" in said


def test_every_option_of_the_pages_is_known(capsys):
    """Commands that fit or forecast are not run: that their options are known is asked of help."""
    for page in ("add_scenario", "own_prior"):
        for words in commands(page):
            assert app.main([*words[:1], "--help"]) == 0
            help_ = capsys.readouterr().out
            assert all(word in help_ for word in words if word.startswith("--")), words


def test_the_prior_of_the_page_is_laid_over_the_others(file_of):
    file = file_of("own_prior")
    own, usual = priors.load(file), priors.load()
    moved = [name for name in usual.variables if own.variables[name] != usual.variables[name]]
    assert moved == ["rd_within"] and own.constants == usual.constants
    assert own.variables["rd_within"]["mu"] == 0.5
    assert own.variables["rd_within"]["source"] == "Interviews, 2026."
    for before, after, says in (
        ("rd_within", "rd_witin", "did you mean 'rd_within'"), ("0.2", "-0.2", "sigma"),
        ("mu = 0.5", 'family = "cauchy"', "unknown family"),
    ):  # fmt: skip
        wrong = file.with_name("wrong.toml")
        wrong.write_text(file.read_text("utf-8").replace(before, after), "utf-8")
        with pytest.raises(InputError, match=says):
            priors.load(wrong)


def test_the_lists_of_the_guide_are_what_files_and_docstrings_say():
    names = set()
    for page in sorted(copied.GUIDE.glob("*.md")):
        text = page.read_text("utf-8")
        names |= {found[2] for found in guide_lists.LIST.finditer(text)}
        assert guide_lists.filled(text) == text, f"{page.name}: 'crossover guide build' fills it"
    assert names == set(guide_lists.LISTS)


def test_every_prior_and_constant_is_listed_once_with_unit_reason_and_source():
    found, text = priors.load(), text_of("choose_priors")
    for entries in (found.variables, found.constants):
        for name, entry in entries.items():
            (row,) = re.findall(rf"^\| `{name}`: .*$", text, re.MULTILINE)
            cells = [cell.strip() for cell in row.split("|")[1:-1]]
            assert len(cells) == 5 and all(cells), row
            assert cells[1:2] + cells[3:] == [entry[key] for key in ("unit", "reason", "source")]


def test_the_python_page_has_every_public_name_and_its_words():
    text = text_of("api")
    for name in crossover.__all__:
        own = getattr(crossover, name)
        assert f"\n## crossover.{name}\n" in text and own.__doc__.splitlines()[0] in text
        for member in [one for one in vars(own) if not one.startswith("_")]:
            known = f"\n### {name}.{member}\n" in text
            assert known or member in getattr(own, "__annotations__", {}), (name, member)


def test_a_docstring_that_changes_makes_the_page_another(monkeypatch):
    monkeypatch.setattr(crossover.Run.league, "__doc__", "Return nothing.")
    changed = guide_lists.filled(text_of("api"))
    assert changed != text_of("api") and "Return nothing." in changed
