"""Fetch what the World Bank serves today, and add what is new in it.

The answers are kept as files while they are examined, so that what comes over the wire goes the
same way, and by the same rules, as what a user downloads.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossover.data import additions
from crossover.data.sources import worldbank_client
from crossover.data.tables import indicators


def served() -> list[str]:
    """Return the series that the World Bank's interface has."""
    return [row.indicator for row in indicators().values() if row.provider == "WDI"]


def refresh(
    store: Path,
    panel: Path | None = None,
    *,
    series: Iterable[str] | None = None,
    base_url: str = worldbank_client.BASE_URL,
    timeout: float = worldbank_client.TIMEOUT,
    manner: worldbank_client.Manner = worldbank_client.Manner(),  # noqa: B008
    progress: Callable[[int, int, str], None] | None = None,
    **options: Any,
) -> additions.Added:
    """Fetch series from the World Bank and add what is new, of all of them or of none.

    Parameters
    ----------
    store, panel : see `data.additions.add`.
    series : names of indicators.csv; all that the World Bank has when None.
    base_url : address of the interface.
    timeout : seconds to wait for the server to say something.
    manner : how series are fetched; its deadline is for all of them together.
    progress : called with (series so far, series in all, name).
    options : dry_run, today, say, wait, accept: see `data.additions.add`.

    Raises
    ------
    InputError : an unknown series; the server fails, does not answer, or answers in another shape.
        Nothing is added then.
    Refused : see `data.additions.examine`.
    """
    names = list(series or served())
    end = time.monotonic() + manner.deadline
    with tempfile.TemporaryDirectory(prefix="crossover-") as folder:
        files = []
        for n, name in enumerate(names):
            if progress:
                progress(n, len(names), name)
            left = replace(manner, timeout=timeout, deadline=end - time.monotonic())
            pages = worldbank_client.fetch(name, base_url=base_url, manner=left)
            code = indicators()[name].code if name in indicators() else name
            files.append(Path(folder) / f"{code}.json")
            worldbank_client.save(pages, files[-1])
        if progress:
            progress(len(names), len(names), "")
        return additions.add(files, store, panel, **options)
