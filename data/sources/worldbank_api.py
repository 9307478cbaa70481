"""The World Bank's JSON interface: a client that waits, retries and pages, and a pure parser.

What the client brings is saved as it came, so that a build is always a function of files.
"""

import json
from collections.abc import Callable
from pathlib import Path

from crossover.data.errors import InputError, each_row, fault
from crossover.data.sources import fields, worldbank
from crossover.data.sources.files import Batch, Source
from crossover.data.sources.lookup import Names
from crossover.data.tables import CountryYear, indicators

BASE_URL = "https://api.worldbank.org/v2"
PER_PAGE = 20_000
TIMEOUT = 30.0
ATTEMPTS = 4


def recognises(source: Source) -> bool:
    """Say whether a file holds an answer of the interface: a list of pages of two parts each."""
    return (source.text or "").lstrip()[:1] == "["


def read(source: Source) -> list[Batch]:
    """Parse a saved answer; see `parse`."""
    try:
        answer = json.loads(source.text)
    except json.JSONDecodeError as error:
        rule = f"is not whole JSON: {error.msg}"
        raise InputError(fault(rule, file=source.name, line=error.lineno)) from None
    except (RecursionError, ValueError) as error:
        raise InputError(fault(f"is no such JSON: {error}", file=source.name)) from None
    return parse(answer, source.name)


def parse(answer: object, file: str) -> list[Batch]:
    """Turn an answer, or a list of page answers, into figures.

    Parameters
    ----------
    answer : [head, rows] as the interface gives it, or a list of such pairs.
    file : where it came from, for messages.

    Returns
    -------
    A batch of `country_years` for each indicator; the vintage is the head's 'lastupdated'.

    Raises
    ------
    InputError : a refusal of the interface, another shape, pages missing, an unknown country or
        indicator, a value out of bounds.
    """
    is_list = isinstance(answer, list) and answer and isinstance(answer[0], list)
    pages = [_page(page, file) for page in (answer if is_list else [answer])]
    found: dict[tuple[str, str], list] = {}
    names = Names(file)
    for head, rows in pages:
        vintage = fields.date(head["lastupdated"], file=file, line=None, column="lastupdated")
        for n, row in enumerate(rows, start=1):
            with each_row:
                figure = _figure(row, f"row {n} of page {head['page']}", vintage, names)
                if figure is not None:
                    found.setdefault((figure.indicator, vintage), []).append(figure)
    names.settle()
    _complete([head for head, _ in pages], file)
    dates = sorted({head["lastupdated"] for head, _ in pages})
    if len(dates) > 1:
        rule = "the pages are of different releases: fetch them again"
        raise InputError(fault(rule, file=file, column="lastupdated", value=", ".join(dates)))
    return worldbank.batches(found, file, "the provider's JSON interface")


def _figure(row: object, where: str, vintage: str, names: Names) -> CountryYear | None:
    """Return the figure of one row; None where it has none, or none that is used."""
    file = names.file
    try:
        code, year, value = row["countryiso3code"], row["date"], row["value"]
        series, label = row["indicator"]["id"], row["indicator"]["value"]
    except (KeyError, TypeError):
        raise InputError(fault(f"{where} has not the known fields", file=file)) from None
    if not all(isinstance(text, str) for text in (code, year, series, label)):
        raise InputError(fault(f"{where} has not the known fields", file=file))
    indicator = worldbank.find(series, file=file)
    if indicator is None or value is None or not code:
        return None
    when = fields.year(year, file=file, line=None, column="date")
    if not worldbank.country(code, names, None, "countryiso3code"):
        return None
    place = {"file": file, "line": None, "column": "value"}
    return worldbank.figure(code, when, indicator, value, vintage, label, **place)


def _page(page: object, file: str) -> tuple[dict, list]:
    if isinstance(page, list) and page and isinstance(page[0], dict) and "message" in page[0]:
        told = page[0]["message"]
        said = "; ".join(
            str(m.get("value", m)) if isinstance(m, dict) else str(m)
            for m in (told if isinstance(told, list) else [told])
        )
        rule = f"the World Bank refused the request: {said}; mend the address and fetch it again"
        raise InputError(fault(rule, file=file))
    shaped = isinstance(page, list) and len(page) == 2 and isinstance(page[0], dict)
    if not shaped or not {"page", "pages", "lastupdated"} <= page[0].keys():
        rule = "must be [head, rows] with page, pages and lastupdated in the head"
        raise InputError(fault(rule, file=file))
    head, rows = page
    sound = all(str(head[name]).isdecimal() for name in ("page", "pages"))
    if not sound or not isinstance(head["lastupdated"], str):
        rule = "the head must have whole numbers for page and pages, and a date for lastupdated"
        raise InputError(fault(rule, file=file))
    if rows is not None and not isinstance(rows, list):
        raise InputError(fault("the rows must be a list", file=file))
    return head, rows or []


def _complete(heads: list[dict], file: str) -> None:
    got = sorted(int(head["page"]) for head in heads)
    expected = list(range(1, int(heads[0]["pages"]) + 1))
    if got != expected:
        rule = f"pages are missing: has {got} of {len(expected)}"
        raise InputError(fault(rule, file=file))


def fetch(
    indicator: str,
    *,
    base_url: str = BASE_URL,
    per_page: int = PER_PAGE,
    timeout: float = TIMEOUT,
    attempts: int = ATTEMPTS,
    pause: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> list:
    """Fetch all pages of one indicator for all countries.

    Parameters
    ----------
    indicator : our name of the series, as in indicators.csv.
    base_url : address of the interface.
    per_page : rows a page.
    timeout : seconds to wait for an answer.
    attempts : how often a page is asked for when the server fails or does not answer.
    pause : seconds before the second attempt; doubled for each further one.
    progress : called with (pages so far, pages in all).

    Returns
    -------
    list of [head, rows] pairs, for `parse`.

    Raises
    ------
    InputError : an unknown indicator; no answer after all attempts; an answer that is no JSON.
    """
    import httpx

    known = indicators().get(indicator)
    if known is None or known.provider != "WDI":
        names = [row.indicator for row in indicators().values() if row.provider == "WDI"]
        rule = f"unknown indicator: must be one of {', '.join(names)}"
        raise InputError(fault(rule, value=indicator))
    url = f"{base_url}/country/all/indicator/{known.code}"
    pages: list = []
    with httpx.Client(timeout=timeout, follow_redirects=True) as client:
        total = 1
        while len(pages) < total:
            query = {"format": "json", "per_page": per_page, "page": len(pages) + 1}
            page = _get(client, url, query, attempts, pause)
            total = int(_page(page, url)[0]["pages"])
            pages.append(page)
            if progress:
                progress(len(pages), total)
    return pages


def _get(client, url: str, query: dict, attempts: int, pause: float) -> list:
    import httpx
    import tenacity

    def failed(error: BaseException) -> bool:
        if isinstance(error, httpx.HTTPStatusError):
            return error.response.status_code in (429, 500, 502, 503, 504)
        return isinstance(error, httpx.TransportError)

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(failed),
        stop=tenacity.stop_after_attempt(attempts),
        wait=tenacity.wait_exponential(multiplier=pause, max=30),
        reraise=True,
    )
    try:
        for attempt in retrying:
            with attempt:
                response = client.get(url, params=query)
                response.raise_for_status()
        return response.json()
    except httpx.TimeoutException:
        rule = f"the server did not answer in time, {attempts} attempts"
        raise InputError(fault(rule, file=url)) from None
    except httpx.HTTPStatusError as error:
        rule = f"the server answered {error.response.status_code}"
        raise InputError(fault(rule, file=url)) from None
    except httpx.TransportError as error:
        raise InputError(fault(f"no connection: {error}", file=url)) from None
    except json.JSONDecodeError:
        raise InputError(fault("the answer is not JSON", file=url)) from None


def save(pages: list, path: Path) -> None:
    """Write fetched pages as they came, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(pages), encoding="utf-8")
    part.replace(path)
