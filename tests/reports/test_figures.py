import re
import xml.etree.ElementTree as ElementTree

import pytest

from crossover.reports import figures, flow_figures

KINDS = ("plain", "never", "crossed", "undefined")


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_svg_without_a_broken_coordinate(drawn, payloads, kind):
    assert len(drawn[kind]) > len(payloads[kind]["parameters"])
    for name, content in drawn[kind].items():
        assert ElementTree.fromstring(content).tag.endswith("svg"), name
        assert not re.search(rb"\b(nan|inf)\b", content, re.IGNORECASE), name


def test_the_chains_are_left_out_where_they_have_no_gap(drawn):
    assert "chains.svg" in drawn["plain"]
    assert "chains.svg" not in drawn["undefined"]


def test_unknown_figures_are_left_out_of_a_line(plain):
    plain["rd"]["supplier"] = {
        "share_observed": {"year": [], "value": []},
        "share": {k: [None] * 26 if k != "year" else v
                  for k, v in plain["rd"]["supplier"]["share"].items()},
        "stock_past": {"year": [], "value": []},
        "stock": {k: [None] * 26 if k != "year" else v
                  for k, v in plain["rd"]["supplier"]["stock"].items()},
    }
    content = figures.rd_effort(plain)
    assert not re.search(rb"\b(nan|inf)\b", content, re.IGNORECASE)


@pytest.mark.parametrize(
    ("name", "label"),
    [("China", "China"), ("United Arab Emirates", "UAE"), ("Bosnia and Herzegovina", "CHN")],
)
def test_a_long_name_gives_way_to_a_short_one(plain, name, label):
    plain["pair"]["recipient"]["name"] = name
    assert figures.names(plain)["recipient"] == label


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("log", [True, False])
def test_deliveries_can_be_drawn_on_either_scale(payloads, kind, log):
    payloads[kind]["dependence"]["log_scale"] = log
    content = flow_figures.dependence(payloads[kind])
    assert not re.search(rb"\b(nan|inf)\b", content, re.IGNORECASE)
