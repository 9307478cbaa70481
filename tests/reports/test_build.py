import io
import json
import pickle
import re
import shutil

import pypdf
import pytest

from crossover.data.errors import InputError
from crossover.reports import build, figures
from crossover.reports.domains import FILES as DOMAIN_FILES
from crossover.reports.payload import PAIR_FILES
from tests.reports.conftest import pages


@pytest.fixture(scope="module")
def report(runs, drawn, tmp_path_factory):
    """Return the report of the plain run."""
    path = tmp_path_factory.mktemp("reports") / "plain.pdf"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "draw", lambda numbers: drawn["plain"])
        return build.build(runs["plain"], out=path)


@pytest.fixture(scope="module")
def texts(_payloads, quick):
    return {
        kind: pages(quick(pickle.loads(frozen), kind)) for kind, frozen in _payloads.items()
    }


@pytest.mark.parametrize("kind", ["plain", "never", "crossed", "undefined"])
def test_a_report_has_a_running_foot_on_each_of_its_pages(texts, kind):
    assert 14 <= len(texts[kind]) <= 36
    for number, text in enumerate(texts[kind], 1):
        assert "Crossover run synthetic-0001" in text
        assert f"Page {number} of {len(texts[kind])}" in text
        # A page with nothing but its foot would be a fault of the layout.
        assert len(text) > 200


def test_a_publishable_report_has_no_banner(texts):
    assert not any("Not publishable" in text for text in texts["plain"])


@pytest.mark.parametrize(
    ("kind", "banner"),
    [
        ("never", "Not publishable: this run failed the diagnostics gate."),
        ("crossed", "Quick run: for trying out only."),
    ],
)
def test_every_page_of_a_run_that_must_not_be_published_says_so(texts, kind, banner):
    assert all(banner in text for text in texts[kind])


def test_two_reports_are_the_same_bytes_wherever_the_run_lies(runs, report, tmp_path):
    moved = shutil.copytree(runs["plain"], tmp_path / "moved")
    path = build.build(moved)
    assert path == moved / "report.pdf"
    assert path.read_bytes() == report.read_bytes()
    assert [p.name for p in moved.iterdir() if p.name.startswith(".")] == []


def test_the_report_of_another_pair_stands_beside_its_forecast(
    runs, drawn, tmp_path, monkeypatch
):
    monkeypatch.setattr(figures, "draw", lambda numbers: drawn["undefined"])
    run = shutil.copytree(runs["plain"], tmp_path / "run")
    pair = run / "pairs" / "FRA-VNM"
    pair.mkdir(parents=True)
    for name in (*PAIR_FILES, *DOMAIN_FILES):
        shutil.copy(runs["undefined"] / name, pair / name)
    path = build.build(run, "FRA", "VNM")
    assert path == pair / "report.pdf"
    assert "France and Vietnam" in pypdf.PdfReader(path).pages[0].extract_text()


def test_the_document_carries_its_title_language_and_outline(report):
    reader = pypdf.PdfReader(report)
    title = reader.metadata.title.replace("\u00a0", " ")
    assert title == (
        "Russia is likely ahead of China in military technology; "
        "deliveries from Russia will likely be above 5 % of their old level in 2030"
    )
    assert reader.trailer["/Root"]["/Lang"].startswith("en")
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    titles = [item.title for item in reader.outline if not isinstance(item, list)]
    assert any(title.endswith("Ten questions") for title in titles)
    assert reader.metadata.creation_date_raw.startswith("D:20260504101112")


def test_the_numbers_are_attached(report, plain):
    attached = pypdf.PdfReader(report).attachments["payload.json"][0]
    assert json.loads(attached) == plain


def test_a_run_without_a_time_is_refused(runs, tmp_path):
    run = shutil.copytree(runs["plain"], tmp_path / "run")
    record = json.loads((run / "run.json").read_text("utf-8")) | {"created": "yesterday"}
    (run / "run.json").write_text(json.dumps(record), "utf-8")
    with pytest.raises(InputError, match=r"run\.json.*created.*yesterday"):
        build.build(run)


def test_a_report_that_cannot_be_written_leaves_nothing(runs, drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "draw", lambda numbers: drawn["plain"])
    with pytest.raises(InputError, match="cannot write the report"):
        build.build(runs["plain"], out=tmp_path / "absent" / "report.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_report_can_be_made_of_a_bare_record(runs, drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "draw", lambda numbers: drawn["plain"])
    run = shutil.copytree(runs["plain"], tmp_path / "run")
    (run / "run.json").write_text('{"created": "2026-01-01T00:00:00Z"}', "utf-8")
    assert "was not judged" in pypdf.PdfReader(build.build(run)).pages[0].extract_text()


def test_a_pair_of_which_little_is_known_still_has_a_report(payloads):
    payload = payloads["undefined"]
    payload["levels"] = {
        "average": None, "rows": [], "years": [], "lowest": None, "highest": None,
    }  # fmt: skip
    payload["exports"] = {"supplier": None, "recipient": None, "log_scale": False}
    payload["pair"]["supplier"]["exporter"] = False
    nothing = {"year": [], "value": []}
    for key in ("share", "stock"):
        fan = payload["rd"]["recipient"][key]
        unknown = [None] * len(fan["year"])
        payload["rd"]["recipient"][key] = dict.fromkeys(fan, unknown) | {"year": fan["year"]}
    payload["rd"]["recipient"] |= {"share_observed": nothing, "stock_past": nothing}
    payload["rd"] |= {"ratio": None, "passed": None}
    payload["events"] = [{"event": e["event"], "defined": False} for e in payload["events"]]
    first = pypdf.PdfReader(io.BytesIO(build.render(payload))).pages[0].extract_text()
    assert "This run holds no comparison of Vietnam and France" in re.sub(r"\s+", " ", first)
