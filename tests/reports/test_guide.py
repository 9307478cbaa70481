"""Figures of README and guide are the program's: filled from a run, and checked against it."""

import csv
import shutil
from pathlib import Path

import pytest

from crossover.data.errors import InputError
from crossover.forecast import claim_rules, claims
from crossover.reports import essay, guide

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "reports" / "guide").glob("*.md"))]


def test_every_block_of_the_shipped_pages_is_known_and_filled():
    names = set()
    for page in PAGES:
        for found in guide.BLOCK.finditer(page.read_text("utf-8")):
            names.add(found[2])
            assert len(found[0]) > 80, (page, found[2])
    assert names == set(guide.BLOCKS)


def test_each_claim_of_the_essay_has_its_earlier_answer_and_why_it_moved():
    verdicts = {claim_rules.SUPPORTED, claim_rules.CONTRADICTED, claim_rules.OPEN}
    with essay.BEFORE.open(encoding="utf-8", newline="") as file:
        before = list(csv.DictReader(file))
    assert {row["claim"] for row in before} == claims.load().keys()
    assert all(row["verdict"] in verdicts and row["why"] for row in before)


def test_a_claim_that_has_no_earlier_answer_is_named(tmp_path):
    table = tmp_path / "claims.csv"
    table.write_text("claim,says,verdict,figure\nnew,it is new,open,-0.1\n", "utf-8")
    with pytest.raises(InputError, match=r"claims.*'\w+'.*has no answer to this claim"):
        essay.then_and_now(table)


def test_the_readme_has_at_most_150_lines():
    assert len(PAGES[0].read_text("utf-8").splitlines()) <= 150


def test_links_of_the_pages_lead_to_files():
    import re

    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), (page.name, target)


def test_a_page_of_one_run_is_stale_for_another(tmp_path):
    figures = guide.Figures.__new__(guide.Figures)
    figures.levels = [
        {"probability": "0.5", "headline": "1"}, {"probability": "0.1", "headline": "0"},
        {"probability": "0.995", "headline": "0"},
    ]  # fmt: skip
    figures.origin = 2025
    page = tmp_path / "page.md"
    page.write_text("A.\n<!-- figures: range -->\nold\n<!-- end -->\nB.\n")
    made = guide.filled(page, figures)
    assert made == (
        "A.\n<!-- figures: range -->\nUnder 2 defensible conventions P(China ahead, 2025) runs "
        "from 0.10 to 0.99.\n<!-- end -->\nB.\n"
    )
    page.write_text(made)
    assert guide.filled(page, figures) == made


def test_an_unknown_block_is_named_with_its_line(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("A.\n\n<!-- figures: answer -->\n<!-- end -->\n")
    with pytest.raises(InputError, match=r"page\.md, line 3: 'answer': unknown block of figures"):
        guide.filled(page, guide.Figures.__new__(guide.Figures))


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    shutil.copy(PAGES[0], tmp_path / "README.md")
    with pytest.raises(InputError, match=r"run\.json: cannot be read"):
        guide.write(tmp_path, [tmp_path / "README.md"])
