"""The league as a web page: the league's numbers; it loads nothing, and nothing can break it."""

import base64
import hashlib
import html
import re
from dataclasses import replace

import pandas as pd
import pytest

from crossover.data import countries
from crossover.forecast import league as leagues
from crossover.reports import league_page
from crossover.reports.cli import app
from tests.published import made_by_hand, told
from tests.reports.test_page import Tree

EARLIER = 4 * [(100, 100, 50, 500)]
LATER = [(100, 4, 50, 500), (100, 4, 50, 500), (100, 100, 60, 500), (1, 4, 150, 500)]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = tmp_path_factory.mktemp("league")
    for name, later in (("20260101-000000-aaaa", EARLIER), ("20260201-000000-bbbb", LATER)):
        made_by_hand(store, name, later)
    return store


@pytest.fixture(scope="module")
def league(store):
    return leagues.league(*sorted((store / "runs").iterdir(), reverse=True))


def tree_of(text):
    tree = Tree()
    tree.feed(text)
    assert not tree.open
    return tree


def cells(text, table):
    """Return the rows of a table as (text, value) of each cell."""
    (body,) = re.findall(rf'<table id="{table}">.*?<tbody>(.*?)</tbody>', text, re.DOTALL)
    cell = re.compile(r'<t[hd](?: scope="row")?(?: data-value="([^"]*)")?>([^<]*)</t[hd]>')
    return [
        [(html.unescape(words), value) for value, words in cell.findall(row)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def test_the_tables_are_those_of_the_league(league):
    text = league_page.rendered(league, passed=True)
    for name, table in (("leaving", league.leaving), ("rising", league.rising)):
        columns = getattr(league_page, name.upper())
        found = cells(text, name)
        assert len(found) == len(table) > 1
        for row, shown in zip(table.to_dict("records"), found, strict=True):
            values = [row[column] for column in columns]
            words = [form(value) for form, value in zip(columns.values(), values, strict=True)]
            assert [one for one, _ in shown] == words
            assert [
                value if isinstance(expected, str) else float(value)
                for (_, value), expected in zip(shown, values, strict=True)
            ] == [countries.name_of(v) if isinstance(v, str) else float(v) for v in values]
    assert f"Of {len(league.leaving)} pairs that trade" in text
    assert f"against run {league.before}" in text and "Not publishable" not in text
    assert cells(text, "leaving")[0][-1][0] == "+75.0"


def test_without_an_earlier_edition_the_change_is_left_open(league):
    alone = replace(
        league, before=None, leaving=league.leaving.assign(change=float("nan")),
        rising=league.rising.iloc[:0],
    )  # fmt: skip
    text = league_page.rendered(alone, passed=False)
    assert "There is no earlier edition to compare with." in text
    assert "Not publishable: the run has not passed its gate." in text
    assert {row[-1] for row in cells(text, "leaving")} == {("–", "")}
    assert cells(text, "rising") == []


def test_the_page_is_sound_and_its_tables_are_named(league):
    text = league_page.rendered(league, passed=True)
    tree = tree_of(text)
    ids = [known["id"] for _, known in tree.elements if "id" in known]
    assert len(ids) == len(set(ids)) and sum(tag == "h1" for tag, _ in tree.elements) == 1
    for _, known in tree.elements:
        assert known.get("aria-labelledby", ids[0]) in ids
        assert known.get("href", f"#{ids[0]}")[1:] in ids
    regions = [known for _, known in tree.elements if known.get("role") == "region"]
    assert len(regions) == 2 and all(known["tabindex"] == "0" for known in regions)


def test_nothing_is_loaded_and_only_the_texts_in_the_file_count(league):
    text = league_page.rendered(league, passed=True)
    policy = html.unescape(re.search(r'Security-Policy" content="([^"]*)"', text)[1])
    assert policy.startswith("default-src 'none'; ")
    for tag, kind in (("script", "script-src"), ("style", "style-src")):
        (held,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(held.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert not re.search(r"""(?:src|href)=["'](?!#)|https?:|url\(|@import|\son\w+=""", text)


def test_text_from_files_is_escaped_everywhere(league):
    bad = "<b onclick='x'>\"&"
    broken = replace(
        league, run=bad, before=bad, leaving=league.leaving.assign(supplier=bad, recipient=bad),
        rising=league.rising.assign(supplier=bad),
    )  # fmt: skip
    text = league_page.rendered(broken, passed=True)
    assert "<b" not in text.replace("<body", "")
    tree = tree_of(text)
    assert not any("onclick" in known for _, known in tree.elements)
    values = [known["data-value"] for _, known in tree.elements if "data-value" in known]
    assert values.count(bad) == 2 * len(league.leaving) + len(league.rising)


def test_the_command_writes_the_page_beside_the_table(store, league, tmp_path, capsys):
    file = tmp_path / "league.html"
    shown = told("league", "--store", store, "--html", file)
    assert "Who leaves whom" in shown
    assert file.read_text("utf-8") == league_page.rendered(league, passed=False)
    before = file.read_bytes()
    told("league", "--store", store, "--html", file)
    assert file.read_bytes() == before
    assert app.main(["league", "--store", str(store), "--html", str(tmp_path / "no" / "x")]) == 2
    assert "--html: " in (said := capsys.readouterr().err) and "no such folder" in said


def test_what_is_unknown_is_a_dash_and_sorts_last():
    table = pd.DataFrame({"supplier": ["AAA"], "change": [float("nan")], "rank": [3]})
    form = {"supplier": str, "change": league_page.points, "rank": league_page.place}
    ((name, change, rank),) = league_page.rows(table, form)
    assert (name.value, change, rank.text) == ("AAA", league_page.Cell("–", None), "3")
