"""The guide's page on sentences, done: a sentence and a name are changed, Python is not touched."""

import re
from pathlib import Path

import pytest

from crossover.data.errors import InputError
from crossover.reports import catalogue, render
from crossover.reports.context import SECTIONS
from tests.reports.conftest import section

REPORTS = Path(render.__file__).parent
PAGE = (REPORTS / "guide" / "sentences.md").read_text("utf-8")
BEFORE, AFTER, ROW, FAULT = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
NAME = re.search(r"cp reports/templates/(\S+)", PAGE)[1]


@pytest.fixture
def overlay(tmp_path):
    """Return a function that puts the page's template, changed, into a folder of its own."""

    def put(before, after):
        text = (render.TEMPLATES / NAME).read_text("utf-8")
        assert text.count(before) == 1
        (tmp_path / NAME).write_text(text.replace(before, after), "utf-8")
        return render.check_overlay(tmp_path)

    return put


def test_a_sentence_is_changed_by_a_folder_of_ones_own(plain, overlay):
    shipped = section("domains", plain)
    folder = overlay(BEFORE, AFTER)
    changed = render.seen_text(render.template("domains.typ.j2", plain, folder))
    changed = changed.replace("\u00a0", " ")
    assert BEFORE in shipped and AFTER in changed
    assert changed.replace(AFTER, BEFORE) == shipped


def test_a_value_that_does_not_exist_is_named_with_file_and_line(plain, overlay):
    folder = overlay("{% if domains.misses %}", "{% if domains.misse %}")
    line = (folder / NAME).read_text("utf-8").splitlines().index("{% if domains.misse %}") + 1
    with pytest.raises(InputError) as caught:
        render.template("domains.typ.j2", plain, folder)
    told = re.search(r"line \d+: (.*)", FAULT)[1]
    assert str(caught.value).endswith(f"{NAME}, line {line}: {told}")


def test_the_row_of_a_name_is_that_of_the_catalogue(plain):
    kind, name = re.match(r"\[(\w+)\.(\w+)\]", ROW).groups()
    row = catalogue.load()[kind][name]
    assert ROW.splitlines()[1:] == [f'title = "{row.title}"', f'clause = "{row.clause}"']
    assert f"[{row.title}]" in section("domains", plain)


def test_every_file_that_the_page_names_is_there_and_every_section_has_its_context():
    for path in ("layout.typ", "report.typ.j2", "../catalogue.toml"):
        assert path in PAGE and (render.TEMPLATES / path).is_file()
    for name in SECTIONS:
        assert (REPORTS / "context" / f"{name}.py").is_file()


def test_every_filter_that_the_page_names_is_one():
    for name in ("listing", "prob", "number", "span", "percent", "count", "date"):
        assert f"`{name}" in PAGE or f"| {name} " in PAGE
        assert name in render.FILTERS


def test_no_sentence_stands_in_the_python_of_a_section():
    sentence = re.compile(r"(?:[a-z]+ ){5}")
    for path in sorted((REPORTS / "context").glob("*.py")):
        code = re.sub(r'""".*?"""', "", path.read_text("utf-8"), flags=re.DOTALL)
        # What is told of a fault is no sentence of the report.
        lines = [line for line in code.splitlines() if not line.strip().startswith("rule = ")]
        for text in re.findall(r'"([^"\n]*)"', "\n".join(lines)):
            assert not sentence.search(text), (path.name, text)
