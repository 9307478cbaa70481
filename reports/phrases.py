"""Words that every part of a report is made of: names, lists, years, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from crossover.data.countries import the
from crossover.forecast import conventions
from crossover.reports import catalogue
from crossover.reports.numerals import NONE

Payload = Mapping[str, Any]
LETTERS = {
    name: chr(ord("A") + at)
    for at, name in enumerate((*conventions.DESCRIPTIONS, *conventions.DOMAIN_DESCRIPTIONS))
}
"""Letter of each convention, the same for every pair: of levels in all, then of domains alone."""
RECIPIENT, SUPPLIER = "recipient", "supplier"
ROLES = (RECIPIENT, SUPPLIER)
SHORT = {"United States": "US", "United Kingdom": "UK", "United Arab Emirates": "UAE"}
LABEL_LENGTH = 12
"""Letters that fit beside a panel; a longer name without a short form gives way to its code."""
EVENT_TITLES = {
    name: row.title.replace("{R}", "{recipient}").replace("{S}", "{supplier}").replace(
        "{s}", "{the_supplier}"
    )
    for name, row in catalogue.load()["event"].items()
}
STATE_CLAUSES = {name: row.clause for name, row in catalogue.load()["event"].items()}


def possessive(name: str) -> str:
    """Return the genitive of a name."""
    return f"{name}’" if name.endswith("s") else f"{name}’s"


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def uncapital(text: str) -> str:
    """Begin with a small letter, unless the word is an abbreviation."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def count(value: int, nothing: str = "no") -> str:
    """Spell a small number; `nothing` is what zero is called."""
    words = (nothing, "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[value] if 0 <= value < len(words) else f"{value:,}"


def listing(items: Sequence[str]) -> str:
    """Join words with commas and a last 'and'."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def spans(years: Sequence[int]) -> str:
    """Write years as spans: 2010–2013 and 2015."""
    found: list[list[int]] = []
    for year in sorted(years):
        if found and year == found[-1][1] + 1:
            found[-1][1] = year
        else:
            found.append([year, year])
    return listing([str(a) if a == b else f"{a}–{b}" for a, b in found])


def date(text: str | None) -> str:
    """Write the date of an ISO time, the text itself if it is none."""
    try:
        when = datetime.fromisoformat(str(text))
    except ValueError:
        return str(text)
    return f"{when.day} {when:%B %Y}"


def terms(payload: Payload) -> dict[str, str]:
    """Return the words that stand in every template: names, their genitives, and the rules."""
    rules = payload["rules"]
    r, s = (the(payload["pair"][role]["name"]) for role in (RECIPIENT, SUPPLIER))
    first, last = rules["base_years"]
    return {
        "r": r,
        "s": s,
        "rs": possessive(r),
        "ss": possessive(s),
        "R": payload["pair"][RECIPIENT]["name"],
        "S": payload["pair"][SUPPLIER]["name"],
        "n": count(rules["mean_years"]),
        "pct": f"{100 * rules['independence_share']:.0f}",
        "base": f"{first}–{last}",
        "origin": str(payload["origin"]),
        "horizon": str(payload["horizon"]),
        "late": str(payload["headline_year"]),
    }


def say(template: str, payload: Payload, **more: str) -> str:
    """Fill a template with the words of the pair."""
    return template.format(**terms(payload), **more)


def year_of(payload: Payload, value: float | None) -> str:
    """Write a year; the origin stands for all before it."""
    if value is None:
        return NONE
    year = round(value)
    return f"{payload['origin']} or earlier" if year <= payload["origin"] else str(year)


def years_of(payload: Payload, low: float | None, high: float | None, short: bool = False) -> str:
    """Write an interval of years."""
    if low is None or high is None:
        return NONE
    first, last = round(low), round(high)
    at_origin = first <= payload["origin"]
    if short:
        start = f"≤{payload['origin']}" if at_origin else str(first)
        return start if first == last else f"{start}–{last}"
    if first == last:
        return f"{payload['origin']} or earlier" if at_origin else str(first)
    if at_origin:
        return f"from {payload['origin']} or earlier to {last}"
    return f"{first}–{last}"


def curly(text: str) -> str:
    """Write an apostrophe as print has it."""
    return text.replace("'", "’")


def rule(payload: Payload) -> str:
    """State the rule by which a statement is called supported, contradicted or left open."""
    rules = payload["rules"]
    return (
        f"Verdict: supported at a probability of {rules['supported']:g} or more, contradicted at "
        f"{rules['contradicted']:g} or less, left open in between."
    )


def label(name: str, code: str) -> str:
    """Return a country name as short as a label must be."""
    short = SHORT.get(name, name)
    return short if len(short) <= LABEL_LENGTH else code


def names(payload: Payload) -> dict[str, str]:
    """Country names by role, as short as a label must be."""
    return {role: label(payload["pair"][role]["name"], payload["pair"][role]["code"])
            for role in ROLES}


def event_name(payload: Payload, event: str, short: bool = False) -> str:
    """Name an event as its panels in figures are titled; `short`: its countries as labels are."""
    whole = {role: payload["pair"][role]["name"] for role in ROLES}
    told = names(payload) if short else whole
    supplier = the(whole[SUPPLIER]).removesuffix(whole[SUPPLIER]) + told[SUPPLIER]
    return EVENT_TITLES[event].format(**told, the_supplier=supplier)
