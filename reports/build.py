"""From a run folder to its PDF: numbers, figures and words, set by Typst.

The same stored draws give the same bytes: the clock of the document is the run's own, only
bundled fonts are used, and the file appears whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import typst

from crossover.data import whole
from crossover.data.errors import InputError, fault
from crossover.reports import figures, payload
from crossover.reports import render as rendering
from crossover.reports.context.document import moment

REPORT, BRIEF = "report.pdf", "brief.pdf"
STANDARDS = ["ua-1", "a-3a"]
"""Accessible, and fit for an archive with the numbers attached."""


def build(
    run: Path,
    supplier: str | None = None,
    recipient: str | None = None,
    out: Path | None = None,
    templates: Path | None = None,
    brief: bool = False,
) -> Path:
    """Make the PDF of one pair of a run.

    Parameters
    ----------
    run
        A run folder.
    supplier, recipient
        ISO3 codes of a pair forecast in that run; both None for the run's own.
    out
        Where the PDF goes; None for report.pdf, or brief.pdf, beside the pair's forecast.
    templates
        A folder of templates that stand in for the shipped ones of the same name.
    brief
        Set two pages instead of the whole report.

    Returns
    -------
    Path
        The PDF.

    Raises
    ------
    InputError
        If a file of the run is missing or unreadable, the pair was not forecast, what the run says
        does not hold, the PDF cannot be written (no file but a PDF is replaced), or a template
        cannot be used.
    """
    run = Path(run)
    if out is not None:
        whole.check_kind(Path(out), b"%PDF")
    overlay = rendering.check_overlay(templates) if templates else None
    numbers = payload.collect(run, supplier, recipient)
    if out is None:
        out = payload.pair_folder(run, supplier, recipient) / (BRIEF if brief else REPORT)
    return _write(Path(out), render(numbers, run / "run.json", overlay, brief))


def render(
    numbers: Mapping[str, Any],
    record: object = None,
    overlay: Path | None = None,
    brief: bool = False,
) -> bytes:
    """Set a payload as a PDF; `record` names the run record in a message.

    `overlay` is a folder of templates before the shipped ones, as `render.check_overlay` returns.
    """
    created = moment(numbers["created"], record)
    name = "brief.typ.j2" if brief else "report.typ.j2"
    files = {
        "main.typ": rendering.template(name, numbers, overlay).encode(),
        "layout.typ": rendering.source(rendering.LAYOUT, overlay),
        "payload.json": _json(numbers),
        **figures.draw(numbers),
    }
    try:
        return typst.compile(
            files,
            font_paths=[Path(matplotlib.get_data_path()) / "fonts" / "ttf"],
            ignore_system_fonts=True,
            timestamp=int(created.timestamp()),
            pdf_standards=STANDARDS,
        )
    except typst.TypstError as error:
        rule = f"Typst refuses it: {' '.join(str(error).split())}"
        raise InputError(fault(rule, file=overlay or record)) from None


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True).encode()


def _write(out: Path, content: bytes) -> Path:
    try:
        return whole.write(out, content, b"%PDF")
    except OSError as error:
        raise InputError(fault(f"cannot write the report ({error.strerror})", file=out)) from None
