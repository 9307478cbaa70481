"""The claims of the thesis: what each was tested by, and how many came out which way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from crossover.data.countries import the
from crossover.reports.phrases import ROLES, Payload, curly

DASH = "–"


@dataclass(frozen=True)
class Claim:
    """One claim, its texts as print has them; `by_release`: its verdict by release, where told."""

    name: str
    says: str
    quantity: str
    figure: str
    verdict: str
    rule: str
    data: str
    release: str
    by_release: str


@dataclass(frozen=True)
class Audit:
    """The claims about the pair, their verdicts counted, the rules, and who else is judged.

    `of_pair`: how many of the claims are about one country of the pair or about both, in a report
    on the pair that the essay is about; 0 where no claim is about both. `of_one`: how many are
    about one country alone; `alone`: which. `general`: how many are about no country.
    """

    claims: tuple[Claim, ...]
    of_pair: int
    of_one: int
    alone: tuple[str, ...]
    general: int
    verdicts: Mapping[str, int]
    rules: tuple[str, ...]
    others: int
    about: tuple[str, ...]


def context(payload: Payload) -> Audit:
    """Return what the report says of claims."""
    part = payload["partnership"]
    claims = tuple(_claim(payload, row) for row in part["claims"])
    sides = {payload["pair"][role]["code"]: payload["pair"][role]["name"] for role in ROLES}
    # An audit that does not say whom its claims are about was made of the run's own pair.
    about = [
        frozenset(str(row["about"] or "").split("-")) - {""} if "about" in row else set(sides)
        for row in part["claims"]
    ]
    alone = {code for of in about if len(of) == 1 for code in of}
    return Audit(
        claims=claims,
        of_pair=sum(map(bool, about)) if any(len(of) == len(sides) for of in about) else 0,
        of_one=sum(len(of) == 1 for of in about),
        alone=tuple(the(name) for code, name in sides.items() if code in alone),
        general=sum(not of for of in about),
        verdicts=Counter(claim.verdict for claim in claims),
        rules=tuple(dict.fromkeys(claim.rule for claim in claims)),
        others=part["other_claims"]["count"],
        about=tuple(part["other_claims"]["about"]),
    )


def _claim(payload: Payload, row: Mapping[str, object]) -> Claim:
    return Claim(
        name=str(row["claim"]),
        says=curly(str(row["says"])),
        quantity=_named(payload, str(row["quantity"])),
        figure=curly(str(row["figure"])),
        verdict=str(row["verdict"]),
        rule=curly(str(row["rule"])),
        data=curly(str(row["data"] or DASH)),
        release=str(row["vintage"] or ""),
        by_release=str(row["by_vintage"] or ""),
    )


def _named(payload: Payload, text: str) -> str:
    """Put names of the pair for their codes, and spaces for underscores."""
    for role in ROLES:
        side = payload["pair"][role]
        text = re.sub(rf"\b{side['code']}\b", side["name"], text)
    return text.replace("_", " ")
