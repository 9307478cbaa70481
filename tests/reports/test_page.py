"""The web page: its structure, its numbers against the payload's, and that nothing can break it."""

import base64
import hashlib
import html
import itertools
import json
import re
import zlib
from html.parser import HTMLParser

import pytest
import typer
import xarray as xr
from typer.testing import CliRunner

from crossover.data.errors import InputError
from crossover.data.names import (
    BASELINE,
    CAPACITY_CROSSOVER,
    FIRST_PASSAGE,
    KINDS,
    LASTING,
    STATE,
)
from crossover.reports import page, page_charts, page_numbers, page_words, payload
from crossover.reports.cli.page import page as command
from crossover.reports.reading import at_year
from tests import two_scenarios
from tests.synthetic import KINDS as RUNS

VOID = {"meta", "input", "br", "link", "img", "base"}


class Tree(HTMLParser):
    """Elements with their attributes, the text of each open one, and what is closed wrongly."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.text = [], [], {}

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag, attrs):
        """Note an element that closes itself."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Fault a tag that does not close the last one open."""
        assert self.open.pop()[0] == tag, f"</{tag}> on line {self.getpos()[0]}"

    def handle_data(self, data):
        """Give text to every element around it."""
        for _, at in self.open:
            self.text[at] = self.text.get(at, "") + data

    def all(self, tag, **wanted):
        """Return attributes and text of the elements of a kind."""
        return [
            (attrs, " ".join(self.text.get(at, "").split()))
            for at, (name, attrs) in enumerate(self.elements)
            if name == tag and all(attrs.get(key) == value for key, value in wanted.items())
        ]


def parse(text):
    tree = Tree()
    tree.feed(text)
    assert tree.open == []
    return tree


@pytest.fixture(scope="module")
def run(paged):
    return paged.run


@pytest.fixture(scope="module")
def every(paged):
    return paged.every


@pytest.fixture(scope="module")
def made(every):
    return page.rendered(every)


@pytest.fixture(scope="module")
def tree(made):
    return parse(made)


@pytest.fixture(scope="module")
def held(tree):
    ((_, text),) = tree.all("script", type="application/json")
    return json.loads(text)


# Numbers -----------------------------------------------------------------------------------------


def test_the_baseline_computed_as_any_other_scenario_is_the_payload(run, every):
    numbers = every[0][BASELINE]
    with xr.open_dataset(run / "forecast.nc", engine="h5netcdf") as forecast:
        again = page_numbers._other(run, numbers, forecast, BASELINE)
    for key in ("events", "arrivals", "capacity", "dependence", "exports", "domains"):
        assert again[key] == numbers[key], key
    assert again["partnership"]["events"] == numbers["partnership"]["events"]


def test_another_scenario_has_its_own_futures_and_everybodys_past(every):
    base, other = (every[0][name] for name in (BASELINE, two_scenarios.OTHER))
    for level, values in base["dependence"]["deliveries"].items():
        times = 1 if level == "year" else two_scenarios.TIMES
        assert other["dependence"]["deliveries"][level] == pytest.approx(
            [times * v for v in values], rel=1.1e-5  # Both are rounded to six digits.
        )
    for key in ("deliveries_observed", "orders_observed"):
        assert other["dependence"][key] == base["dependence"][key]
    late, gap = base["headline_year"], [n["capacity"]["gap"] for n in (base, other)]
    assert gap[0]["past"] == gap[1]["past"]
    at = gap[0]["future"]["year"].index(late)
    median = gap[0]["future"]["q50"][at] - two_scenarios.AHEAD
    assert gap[1]["future"]["q50"][at] == pytest.approx(median, abs=1e-5)
    for ours, theirs in zip(base["events"], other["events"], strict=True):
        assert at_year(theirs, late) == pytest.approx(at_year(ours, late) / 2, abs=1e-5)


def test_figures_hold_the_payload_s_numbers(held, every):
    numbers, shown = every[0][BASELINE], held["opened"]["scenarios"][0]["figures"]
    gap, fan = numbers["capacity"]["gap"], shown["gap"]["panels"][0]["data"]
    for level in ("year", "q05", "q25", "q50", "q75", "q95"):
        assert fan[level] == [*gap["past"][level], *gap["future"][level]]
    part, data = numbers["dependence"], shown["deliveries"]["panels"][0]["data"]
    known = len(part["deliveries_observed"]["year"])
    assert data["value"] == part["deliveries_observed"]["value"] + [None] * (
        len(data["year"]) - known
    )
    assert data["q95"][known:] == part["deliveries"]["q95"]
    assert shown["deliveries"]["signals"]["floor"] == part["floor"]
    for panel, entry in zip(shown["events"]["panels"], numbers["events"], strict=True):
        assert panel["data"]["year"] == entry["year"]
        for kind in KINDS:
            assert panel["data"][kind] == entry["kinds"][kind]["probability"]
    for panel, role in zip(shown["exports"]["panels"], ("recipient", "supplier"), strict=True):
        past = len(numbers["exports"][role]["past"]["year"])
        assert panel["data"]["q50"][past:] == numbers["exports"][role]["future"]["q50"]
    for panel, row in zip(shown["domains"]["panels"], numbers["domains"]["rows"], strict=True):
        assert panel["data"]["probability"] == row["ahead"]["probability"]
    ranges = shown["arrivals"]["panels"][0]["data"]
    for row in numbers["arrivals"]:
        own = [p for y, p in zip(ranges["year"], ranges["probability"], strict=True)
               if y == row["year"]]  # fmt: skip
        assert sum(own) == pytest.approx(1.0, abs=1e-5)
        assert sum(own[:2]) == pytest.approx(sorted(row["below"].items(), key=lambda i: float(i[0]))
                                             [1][1], abs=1e-5)  # fmt: skip


def test_the_statements_in_plain_html_are_the_payload_s_probabilities(made, every):
    numbers = every[0][BASELINE]
    body = re.search(r'<table class="statements".*?</table>', made, re.S)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body.split("<tbody>")[1], re.S)
    defined = [e for e in numbers["events"] if e["defined"]]
    assert len(rows) == len(defined) + sum(e["defined"] for e in numbers["partnership"]["events"])
    for row, entry in zip(rows, defined, strict=False):
        cells = re.findall(r'data-kind="(\w+)"[^>]*><span>([^<]*)</span>', row)
        assert [kind for kind, _ in cells] == list(KINDS)
        for kind, text in cells:
            chance = at_year(entry, numbers["headline_year"], kind)
            assert html.unescape(text) == page_words.percent(chance)


def test_the_answer_says_the_payload_s_figures(tree, every):
    numbers = every[0][BASELINE]
    entry = next(e for e in numbers["events"] if e["event"] == CAPACITY_CROSSOVER)
    first = tree.all("dd")[0][1]
    for kind in (STATE, FIRST_PASSAGE, LASTING):
        chance = at_year(entry, numbers["headline_year"], kind)
        assert page_words.percent(chance) in first.replace(" %", "\u00a0%")
    assert page_words.percent(at_year(entry, numbers["origin"])) in first.replace(" %", "\u00a0%")


def test_a_static_table_holds_the_rows_that_the_chart_draws(made, every):
    part = every[0][BASELINE]["dependence"]
    figure = re.search(r'data-name="deliveries".*?</figure>', made, re.S)[0]
    rows = [
        [html.unescape(text) for text in re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", figure.split("<tbody")[1], re.S)
    ]
    fan = part["deliveries"]
    levels = ("q50", "q25", "q75", "q05", "q95")
    assert rows[-len(fan["year"]) :] == [
        [str(year), "–", *(page_words.volume(fan[level][at]) for level in levels)]
        for at, year in enumerate(fan["year"])
    ]
    seen = part["deliveries_observed"]
    assert [row[:2] for row in rows[: len(seen["year"])]] == [
        [str(year), page_words.volume(value)]
        for year, value in zip(seen["year"], seen["value"], strict=True)
    ]


# Structure ---------------------------------------------------------------------------------------


def test_the_page_has_one_title_and_sound_references(tree):
    assert len(tree.all("h1")) == 1
    assert tree.all("h1")[0][1] in tree.all("title")[0][1]
    ids = [attrs["id"] for _, attrs in tree.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in tree.elements:
        for name in ("aria-labelledby", "aria-controls", "for"):
            assert name not in attrs or attrs[name] in ids
        if attrs.get("href", "").startswith("#"):
            assert attrs["href"][1:] in ids
    levels = [int(tag[1]) for tag, _ in tree.elements if re.fullmatch("h[1-6]", tag)]
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))


def test_every_figure_has_a_finding_a_unit_a_source_and_a_table(tree, held):
    shown = held["opened"]["scenarios"][0]["figures"] | held["opened"]["shared"]
    assert list(shown) == ["gap", "events", "deliveries", "arrivals", "orders", "exports",
                           "domains", "scenarios", "skill"]  # fmt: skip
    for figure in shown.values():
        assert figure["title"]
        assert not re.search(r"[{}]|None(?! of)|\bnan\b", figure["title"] + figure["unit"])
        assert figure["unit"]
        assert "Crossover" in figure["source"]
        assert figure["chart"] in held["charts"]
    assert len(tree.all("figure")) == len(tree.all("table")) - 1 == len(shown)


def test_every_series_has_the_columns_of_its_chart(held):
    for scenario in held["opened"]["scenarios"]:
        for figure in (scenario["figures"] | held["opened"]["shared"]).values():
            fields = {column["field"] for column in held["charts"][figure["chart"]]["columns"]}
            for panel in figure["panels"]:
                sizes = {len(values) for values in panel["data"].values()}
                assert len(sizes) == 1
                assert set(panel["data"]) & fields
                assert set(panel["data"]) <= fields | {"step"}


def test_the_second_pair_is_on_the_page_packed(held, every):
    first, second = held["pairs"]
    assert first == {"code": "RUS-CHN"}
    found = json.loads(zlib.decompress(base64.b64decode(second["packed"])))
    numbers = every[1][BASELINE]
    assert found["code"] == "-".join(two_scenarios.SECOND)
    (scenario,) = found["scenarios"]
    data = scenario["figures"]["deliveries"]["panels"][0]["data"]
    assert data["q50"][-len(numbers["dependence"]["deliveries"]["q50"]) :] == (
        numbers["dependence"]["deliveries"]["q50"]
    )
    assert "exports" not in scenario["figures"] or found["untold"]


@pytest.mark.parametrize("kind", RUNS)
def test_any_kind_of_run_makes_a_page(payloads, runs, kind):
    numbers = payloads[kind]
    text = page.rendered([page_numbers.by_scenario(runs[kind], numbers)])
    found = parse(text)
    told = " ".join(said for _, said in (*found.all("h3"), *found.all("dd")))
    assert not re.search(r"\bNone\b(?! of)|\bnan\b|[{}]", told)
    assert ('class="banner"' in text) == (kind in ("never", "crossed"))


# Safety ------------------------------------------------------------------------------------------


def test_text_from_files_is_escaped_everywhere(made, tree, held):
    assert two_scenarios.HOSTILE not in made
    assert "<img" not in made.split("<script")[0]
    assert not tree.all("img")
    kept = [attrs for attrs, _ in tree.all("script")]
    assert kept == [{}, {"type": "application/json", "id": "data"}, *[{"type": "module"}] * 2]
    assert held["opened"]["scenarios"][1]["title"] == two_scenarios.TITLE.replace("'", "'")
    assert (("option", {"value": two_scenarios.OTHER})) in tree.elements
    assert two_scenarios.TITLE in [text for _, text in tree.all("option")]


def test_the_policy_allows_only_the_texts_in_the_file(made):
    content = html.unescape(re.search(r'Security-Policy" content="([^"]*)"', made)[1])
    rules = dict(rule.split(" ", 1) for rule in content.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in content
    assert "http" not in content

    def digests(tag):
        texts = re.findall(rf"<{tag}(?: type=\"module\")?>(.*?)</{tag}>", made, re.S)
        hashes = [hashlib.sha256(text.encode()).digest() for text in texts]
        return [f"'sha256-{base64.b64encode(one).decode()}'" for one in hashes]

    assert rules["script-src"].split() == digests("script")
    assert rules["style-src"].split() == digests("style")
    assert not re.search(r"<[^>]+\s(style|on\w+)=", made.split("<script")[0])


def test_nothing_is_loaded_from_anywhere(made, tree):
    for tag, attrs in tree.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "img", "audio", "video")
        assert "src" not in attrs
        assert "srcset" not in attrs
        assert tag == "a" or "href" not in attrs
    style = re.search(r"<style>(.*?)</style>", made, re.S)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_the_library_cannot_end_its_script():
    assert not re.search(r"</script|<!--", page.library(), re.I)


def test_equal_numbers_give_equal_bytes_within_the_limit(made, every):
    assert page.rendered(every) == made
    assert len(made.encode()) <= page.MOST == 5_000_000


def test_charts_take_their_colours_from_the_style_sheet():
    style = page.TEMPLATES.joinpath("page.css").read_text("utf-8")
    for name, chart in page_charts.charts().items():
        text = json.dumps(chart.spec)
        used = set(re.findall(r"var\((--[\w-]+)\)", text))
        assert used, name
        for variable in used:
            assert style.count(f"{variable}:") >= 2, variable  # In the light, and in the dark.
        assert not re.search(r'"#[0-9a-fA-F]{3,8}"', text)
        assert "http" not in text


# The command -------------------------------------------------------------------------------------


def invoke(*args):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_the_command_writes_the_page_of_every_pair_and_says_where(run, tmp_path):
    out = tmp_path / "it.html"
    result = invoke(run, "--out", out)
    assert (result.exit_code, result.stdout.strip()) == (0, str(out))
    options = [text for _, text in parse(out.read_text("utf-8")).all("option")]
    assert options[:2] == ["Russia to China", "France to Vietnam"]
    assert [path.name for path in tmp_path.iterdir()] == ["it.html"]


def test_the_command_makes_a_page_of_one_pair_by_name(run, tmp_path):
    out = tmp_path / "one.html"
    assert invoke(run, "--supplier", "France", "--recipient", "VNM", "--out", out).exit_code == 0
    options = parse(out.read_text("utf-8")).all("option")
    assert options[0] == ({"value": "FRA-VNM"}, "France to Vietnam")


@pytest.mark.parametrize(
    ("args", "rule"),
    [
        (("--supplier", "RUS"), "a pair needs both"),
        (("--supplier", "RUS", "--recipient", "IND"), "has no forecast in this run"),
        (("--out", "no/such/folder/it.html"), "there is no such folder"),
    ],
)
def test_a_user_s_mistake_is_told_in_one_line(run, args, rule):
    error = invoke(run, *args).exception
    assert isinstance(error, InputError)
    assert rule in str(error)
    assert "\n" not in str(error)


def test_a_page_that_would_be_too_large_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.setattr(payload, "collect", lambda *_: {})
    monkeypatch.setattr(page, "by_scenario", lambda *_: {})
    monkeypatch.setattr(page, "rendered", lambda _: "–" * (page.MOST // 3 + 1))
    with pytest.raises(InputError, match=r"of 2 pairs would have 5\.0 MB, more than the 5 it may"):
        page.build(run, out=tmp_path / "it.html")
    assert list(tmp_path.iterdir()) == []
