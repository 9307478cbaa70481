"""Every colour that text is set in stands out from white, and no text is under seven points."""

import re

import pytest

from crossover.reports import style
from crossover.reports.render import TEMPLATES

LEAST_CONTRAST = 4.5
LEAST_POINTS = 7.0


def contrast(colour: str) -> float:
    """Return the contrast of a colour to white, as WCAG 2 has it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


@pytest.mark.parametrize("name", ["INK", "GREY", "RECIPIENT_COLOUR", "SUPPLIER_COLOUR"])
def test_colours_of_text_in_figures_stand_out(name):
    assert contrast(getattr(style, name)) >= LEAST_CONTRAST


def test_colours_of_text_on_the_page_stand_out():
    layout = (TEMPLATES / "layout.typ").read_text("utf-8")
    for name in ("grey", "blue", "alarm"):
        colour = re.search(rf'#let {name} = rgb\("(#[0-9a-f]{{6}})"\)', layout)[1]
        assert contrast(colour) >= LEAST_CONTRAST


@pytest.mark.parametrize(
    "path",
    sorted([*TEMPLATES.glob("*.typ*"), *TEMPLATES.parent.glob("*.py")]),
    ids=lambda path: path.name,
)
def test_no_text_is_under_seven_points(path):
    text = path.read_text("utf-8")
    before = r'(?:\bsize: |fontsize=|labelsize=|(?:font\.|title|label)size": )'
    sizes = re.findall(before + r"(\d+\.?\d*)", text)
    assert all(float(size) >= LEAST_POINTS for size in sizes)
