"""An expert's prior is saved in versions that a fit reads, and its predictions are shown."""

import tomllib

import pytest

from crossover.data.errors import InputError
from crossover.forecast import elicited
from crossover.models import priors
from crossover.models.elicitation import elicit
from tests.published import told

WHY = {"reason": "Firms say so.", "source": "Interviews, 2026."}


def test_each_prior_is_a_new_version_that_holds_those_before(tmp_path):
    assert elicited.newest(tmp_path) is None
    first = elicited.save(elicit("rd_within", 0.1, 0.4, 0.7), **WHY, store=tmp_path)
    text = first.read_text("utf-8")
    second = elicited.save(elicit("walk_sd", 0.05, 0.1, 0.2), **WHY, store=tmp_path)
    third = elicited.save(elicit("rd_within", 0.2, 0.5, 0.8, second), **WHY, store=tmp_path)
    assert [path.name for path in (first, second, third)] == [
        "elicited-v1.toml", "elicited-v2.toml", "elicited-v3.toml"
    ]  # fmt: skip
    assert first.read_text("utf-8") == text and elicited.newest(tmp_path) == third
    held = priors.load(third).variables
    assert held["rd_within"]["mu"] == 0.5 and held["walk_sd"]["mu"] == pytest.approx(-2.3026, 1e-4)
    assert held["rd_within"]["reason"] == "Firms say so. (5, 50 and 95 %: 0.2, 0.5, 0.8)"
    assert held["rd_within"]["source"] == "Interviews, 2026."
    assert held["memory"] == priors.load().variables["memory"]
    assert set(tomllib.loads(third.read_text("utf-8"))["variable"]) == {"rd_within", "walk_sd"}


def test_ten_comes_after_nine(tmp_path):
    folder = tmp_path / "priors"
    folder.mkdir()
    for version in (9, 10):
        (folder / f"elicited-v{version}.toml").write_text("", "utf-8")
    assert elicited.newest(tmp_path).name == "elicited-v10.toml"


@pytest.mark.parametrize("missing", WHY)
def test_without_reason_or_source_nothing_is_saved(tmp_path, missing):
    with pytest.raises(InputError, match=f"'--{missing}': ' ': must say something"):
        elicited.save(elicit("rd_within", 0.1, 0.4, 0.7), **WHY | {missing: " "}, store=tmp_path)
    assert elicited.newest(tmp_path) is None


def test_the_command_shows_prior_and_predictions_and_says_where_it_is(tmp_path, monkeypatch):
    """What is drawn of the priors stands in for: a minute of compiling for two numbers."""
    rows = [
        elicited.Consequence("P(independence)", 2030, (0.64,), (0.70,)),
        elicited.Consequence("deliveries, TIV million", 2030, (0.0, 14.0, 2899.9), (0.0, 9.0, 1e3)),
    ]
    asked = []
    monkeypatch.setattr(elicited, "consequences", lambda *given: asked.append(given) or rows)
    words = ["--q05", "0.1", "--q50", "0.4", "--q95", "0.7", "--store", tmp_path]
    why = ["--reason", "R.", "--source", "S."]
    text = told("priors", "elicit", "rd_within", *words, *why)
    path = tmp_path / "priors" / "elicited-v1.toml"
    assert asked[0][:2] == (None, path)
    for part in ("normal(mu = 0.4, sigma = 0.182387)", "P(independence)", "0.70",
                 "14 (0 to 2,900)", f"written: {path}"):  # fmt: skip
        assert part in text, part


def test_of_another_model_no_prediction_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(elicited, "consequences", None)
    words = ["--q05", "0.1", "--q50", "0.4", "--q95", "0.9", "--store", tmp_path]
    why = ["--reason", "R.", "--source", "S."]
    text = told("priors", "elicit", "substitution", *words, *why)
    assert "of the model domains" in text


@pytest.mark.slow
def test_a_prior_that_favours_rd_moves_what_the_priors_alone_predict(tmp_path):
    """The same seed: capacity follows R&D, of which China has more, and one file says one thing."""
    from crossover.data.kept import layers

    panel = layers(None, tmp_path)
    path = elicited.save(elicit("rd_within", 1.4, 1.5, 1.6), **WHY, store=tmp_path)
    rows = elicited.consequences(None, path, panel, draws=40)
    told = {(row.what, row.year): row for row in rows}
    ahead = told["P(capacity_crossover)", 2035]
    assert ahead.after[0] > ahead.before[0] + 0.2
    assert elicited.consequences(path, path, panel, draws=40)[0].before == rows[0].after
