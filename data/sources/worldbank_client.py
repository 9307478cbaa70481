"""Fetch from the World Bank's JSON interface: wait, retry, page, and trust no answer.

All has an end, whatever the server does: a page by its size, a series by its pages, the whole by a
deadline. What comes is saved as it came, so that a build is always a function of files.
"""

import asyncio
import datetime
import email.utils
import json
import zlib
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.data.errors import InputError, fault, quoted
from crossover.data.reading import MIB
from crossover.data.sources import worldbank_api
from crossover.data.tables import indicators

if TYPE_CHECKING:
    import httpx

BASE_URL = "https://api.worldbank.org/v2"
TIMEOUT = 30.0
LONGEST_PAUSE = 30.0
DEADLINE = 900.0
MOST_PAGES = 50
MOST_REDIRECTS = 3
BUSY = (429, 500, 502, 503, 504)
HEADERS = {"Accept-Encoding": "gzip"}
GZIP = ("gzip", "x-gzip")


@dataclass(frozen=True)
class Manner:
    """How pages are asked for.

    Parameters
    ----------
    per_page : rows a page.
    timeout : seconds to wait for the server to say something.
    attempts : how often a page is asked for when the server fails or does not answer.
    pause : seconds before the second attempt; doubled for each further one. A `Retry-After` of the
        server goes before it.
    deadline : seconds that all pages may take.
    """

    per_page: int = 20_000
    timeout: float = TIMEOUT
    attempts: int = 4
    pause: float = 1.0
    deadline: float = DEADLINE


class _Again(Exception):
    """A failure after which a page may be asked for again, once the server's own wait is over."""

    def __init__(self, rule: str, wait: float | None = None):
        super().__init__(rule)
        self.wait = wait


def fetch(
    indicator: str,
    *,
    base_url: str = BASE_URL,
    manner: Manner = Manner(),
    progress: Callable[[int, int], None] | None = None,
) -> list:
    """Fetch all pages of one indicator for all countries.

    Parameters
    ----------
    indicator : our name of the series, as in indicators.csv.
    base_url : address of the interface. An answer that sends on to another server is not followed.
    manner : how.
    progress : called with (pages so far, pages in all).

    Returns
    -------
    list of [head, rows] pairs, for `worldbank_api.parse`: all rows that the server says it has, of
    the indicator that was asked for.

    Raises
    ------
    InputError : an unknown indicator; no answer after all attempts or by the deadline; an answer
        that is too large, of another indicator, of other pages or rows than it says, or no JSON.
    """
    known = indicators().get(indicator)
    if known is None or known.provider != "WDI":
        names = [row.indicator for row in indicators().values() if row.provider == "WDI"]
        rule = f"unknown indicator: must be one of {', '.join(names)}"
        raise InputError(fault(rule, value=indicator))
    url = f"{base_url}/country/all/indicator/{known.code}"
    return _run(_fetch(url, known.code, manner, progress))


def _run(work: Coroutine[Any, Any, list]) -> list:
    """Do asynchronous work to its end, also where a notebook has a loop of its own running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _fetch(
    url: str, code: str, manner: Manner, progress: Callable[[int, int], None] | None
) -> list:
    import httpx

    pages: list = []
    try:
        async with (
            asyncio.timeout(manner.deadline) as limit,
            httpx.AsyncClient(timeout=manner.timeout, headers=HEADERS) as client,
        ):
            total = 1
            while len(pages) < total:
                query = {"format": "json", "per_page": manner.per_page, "page": len(pages) + 1}
                asked = client.build_request("GET", url, params=query)
                body = await _persist(client, asked, manner, limit.when())
                pages.append(_json(body, url))
                total = _checked(pages, code, url)
                if progress:
                    progress(len(pages), total)
    except TimeoutError:
        rule = f"the server took longer than {manner.deadline:g} s in all"
        raise InputError(fault(rule, file=url)) from None
    except httpx.InvalidURL as error:
        raise InputError(fault(f"is no address: {error}", value=url)) from None
    worldbank_api.complete([worldbank_api.page_of(page, url) for page in pages], url)
    return pages


async def _persist(
    client: "httpx.AsyncClient", asked: "httpx.Request", manner: Manner, end: float
) -> bytes:
    """Ask until there is an answer, as often as is allowed; return its body."""
    url = str(asked.url).partition("?")[0]
    for attempt in range(manner.attempts):
        try:
            return await _ask(client, asked)
        except _Again as error:
            said = error
        wait = min(manner.pause * 2**attempt, LONGEST_PAUSE) if said.wait is None else said.wait
        if asyncio.get_running_loop().time() + wait > end:
            rule = f"{said}, and wants to be asked again only in {wait:.0f} s: try it later"
            raise InputError(fault(rule, file=url))
        if attempt + 1 < manner.attempts:
            await asyncio.sleep(wait)
    raise InputError(fault(f"{said}, {manner.attempts} attempts", file=url))


async def _ask(client: "httpx.AsyncClient", asked: "httpx.Request") -> bytes:
    """Return the body of an answer; raise `_Again` where it may help, else InputError."""
    import httpx

    url = asked.url
    try:
        for _ in range(MOST_REDIRECTS + 1):
            answer = await client.send(asked, stream=True)
            try:
                if answer.next_request is None:
                    return await _body(answer)
            finally:
                await answer.aclose()
            asked = answer.next_request
            if (asked.url.scheme, asked.url.netloc) != (url.scheme, url.netloc):
                rule = "sends on to another server, which is not followed"
                where, there = url.copy_with(query=None), str(asked.url)
                raise InputError(fault(rule, file=where, value=there))
    except httpx.TimeoutException:
        raise _Again("the server did not answer in time") from None
    except httpx.TransportError as error:
        raise _Again(f"no connection: {quoted(str(error))}") from None
    rule = f"sends on more than {MOST_REDIRECTS} times"
    raise InputError(fault(rule, file=url.copy_with(query=None)))


async def _body(answer: "httpx.Response") -> bytes:
    url = answer.url.copy_with(query=None)
    if answer.status_code in BUSY:
        wait = _retry_after(answer.headers.get("retry-after", ""))
        raise _Again(f"the server answered {answer.status_code}", wait)
    if answer.status_code != 200:
        raise InputError(fault(f"the server answered {answer.status_code}", file=url))
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if coding not in (*GZIP, "identity"):
        rule = "is a way to pack an answer that was not asked for"
        raise InputError(fault(rule, file=url, value=coding))
    unpack = zlib.decompressobj(wbits=31) if coding in GZIP else None
    found = bytearray()
    try:
        async for piece in answer.aiter_raw():
            most = worldbank_api.LARGEST + 1 - len(found)
            found += unpack.decompress(piece, most) if unpack else piece[:most]
            if len(found) > worldbank_api.LARGEST:
                rule = f"the answer is too large: more than {worldbank_api.LARGEST // MIB} MiB"
                raise InputError(fault(rule, file=url))
            if unpack and unpack.eof:
                break
    except zlib.error:
        raise InputError(fault("the answer is damaged: it is no gzip", file=url)) from None
    if unpack and not unpack.eof:
        raise InputError(fault("the answer is damaged: its gzip is cut off", file=url))
    return bytes(found)


def _retry_after(said: str) -> float | None:
    """Return how many seconds a server wants to be left alone, None where it does not say."""
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        when = email.utils.parsedate_to_datetime(said)
        return max((when - datetime.datetime.now(when.tzinfo)).total_seconds(), 0.0)
    except (ValueError, OverflowError):
        return None


def _json(body: bytes, url: str) -> object:
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise InputError(fault("the answer is not JSON", file=url)) from None


def _checked(pages: list, code: str, url: str) -> int:
    """Return how many pages there are; raise InputError unless the last is the one asked for."""
    head, rows = worldbank_api.page_of(pages[-1], url)
    if head["page"] != len(pages):
        rule = f"pages are missing: page {len(pages)} was asked for, and page {head['page']} came"
        raise InputError(fault(rule, file=url))
    if head["pages"] > MOST_PAGES:
        rule = f"says that there are {head['pages']:,} pages: must be at most {MOST_PAGES}"
        raise InputError(fault(rule, file=url))
    for row in rows:
        series = row.get("indicator") if isinstance(row, dict) else None
        found = series.get("id") if isinstance(series, dict) else None
        if found != code:
            raise InputError(fault(f"the series {code} was asked for", file=url, value=found))
    return head["pages"]


def save(pages: list, path: Path) -> None:
    """Write fetched pages as they came, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(pages), encoding="utf-8")
    part.replace(path)
