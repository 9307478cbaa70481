"""The audit: each claim of the thesis, the quantity that tests it, its figure, and a verdict.

Claims are a file (claims.toml) that a reader may replace by their own; figures are computed from a
run's tables and the panel, never typed. A verdict follows from a rule that is printed beside it.
Where an earlier release of the same data gives another verdict, that is shown: a claim may have
been right on the day it was made.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from crossover.data import countries, reading
from crossover.data.errors import InputError, fault, hint, prints, short
from crossover.data.names import DOMAIN_EVENTS, DOMAINS, HORIZON, KINDS, PARTNERSHIP_EVENTS
from crossover.data.tables import indicators
from crossover.forecast import claims_of_run as of_run
from crossover.forecast import claims_on_record as on_record
from crossover.forecast import events, shipped
from crossover.forecast.claim_rules import FIRST_YEAR, Claim, Row, Run, among, named, no_answer
from crossover.models.covariates import COVARIATES, OUTCOMES

FILE = Path(__file__).with_name("claims.toml")
CLAIMS_FILE = "claims.csv"


# Reading and checking --------------------------------------------------------------------------


def _country(value: object) -> str:
    known = sorted({*countries.suppliers(), *countries.recipients()})
    return "" if value in known else f"unknown country: must be one of {', '.join(known)}"


def _years(value: object) -> str:
    two = isinstance(value, list) and len(value) == 2 and all(type(y) is int for y in value)
    if not two:
        return "must be two years, first and last, as in [2012, 2024]"
    if not FIRST_YEAR <= value[0] <= value[1] <= HORIZON:
        return f"must be years from {FIRST_YEAR} to {HORIZON}, the first not after the last"
    return ""


def _year(value: object) -> str:
    fine = type(value) is int and FIRST_YEAR <= value <= HORIZON
    return "" if fine else f"must be a year from {FIRST_YEAR} to {HORIZON}"


def _number(value: object) -> str:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    return "" if fine else "must be a number"


def _share(value: object) -> str:
    return _number(value) or ("" if 0 <= value <= 1 else "must be from 0 to 1")


def _sign(value: object) -> str:
    return "" if value in ("up", "down") else "must be 'up' or 'down'"


def _words(value: object) -> str:
    fine = isinstance(value, str) and value.strip() and prints(value)
    return "" if fine else "must be text, of letters that print"


EVENT_NAMES = (*events.EVENTS, *DOMAIN_EVENTS, *PARTNERSHIP_EVENTS)
VALUE = {"country": _country, "partner": _country, "other": _country, "supplier": _country,
         "recipient": _country, "leader": _country, "years": _years, "base": _years, "year": _year,
         "above": _number, "below": _number, "share": _share, "domain": among(DOMAINS, "domain"),
         "indicator": lambda v: among(tuple(indicators()), "indicator")(v),
         "event": among(EVENT_NAMES, "event"), "effect": among(
             (*COVARIATES, "junior_rising", "junior_falling", "major_junior_falling"), "effect"),
         "kind": among(KINDS, "kind of answer"), "outcome": among(OUTCOMES, "outcome"),
         "sign": _sign, "scenario": _words,
         "parameter": _words, "than": _words, "better": _words, "reason": _words,
         "quantity": _words}  # fmt: skip
PAIR = ("supplier", "recipient")
Judge = Callable[[str, Claim, Run], Row]
TESTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Judge]] = {
    "indicator": (("country", "indicator", "years"), ("above", "below"), on_record.indicator),
    "indicator_ahead": (("country", "other", "indicator", "years"), (), on_record.indicator_ahead),
    "delivered": (("supplier", "recipient", "domain", "years"), (), on_record.delivered),
    "deliveries_fell": (
        ("supplier", "recipient", "years", "base", "share"), (), on_record.deliveries_fell,
    ),
    "largest_domain": (("supplier", "recipient", "domain", "years"), (), on_record.largest_domain),
    "exports_ahead": (("country", "other", "years"), (), on_record.exports_ahead),
    "votes_apart": (("country", "partner", "years", "base"), (), on_record.votes_apart),
    "event": (("event", "year"), ("kind", "domain", "scenario", *PAIR), of_run.event),
    "domain_ahead": (("leader", "domain"), PAIR, of_run.domain_ahead),
    "effect": (("outcome", "effect", "sign"), (), of_run.effect),
    "parameter": (("parameter",), ("than", "sign"), of_run.parameter),
    "cross_validation": (("better", "than"), (), of_run.cross_validation),
    "scenario": (("event", "scenario", "year", "sign"), ("kind", *PAIR), of_run.scenario),
    "skill": (("better", "than"), (), of_run.skill),
    "not_identified": (("reason",), (), of_run.not_identified),
}  # fmt: skip
"""Test → keys it needs, keys it may have, and what judges it."""
OF_FORECAST = ("event", "domain_ahead", "scenario")
"""Tests that read the forecast of a pair: of the one a claim names, else of the one asked for."""
OF_TRADE = {
    "delivered": ("yes", ("supplier",)),
    "deliveries_fell": ("yes", ("supplier",)),
    "largest_domain": ("half", ("supplier",)),
    "exports_ahead": ("years", ("country", "other")),
}
"""Tests that read deliveries: test → its rule, and the keys that name a supplier."""


def load(path: Path | None = None) -> dict[str, dict[str, Any]]:
    """Read and check a file of claims.

    Parameters
    ----------
    path : A TOML file of tables `claim.<name>` with `says`, the claim in words, `test`, a key of
        `TESTS`, and that test's keys; None for the shipped file.

    Raises
    ------
    InputError : For the first fault, with file, table and key, value, and the rule it breaks.
    """
    path = Path(path) if path is not None else FILE
    content = reading.toml(reading.text(path), path)
    claims = content.get("claim")
    if list(content) != ["claim"] or not isinstance(claims, dict) or not claims:
        raise InputError(fault("must hold tables [claim.<name>] and nothing else", file=path))
    for name, claim in claims.items():
        _check(name, claim, path)
    return claims


def _check(name: str, claim: Any, path: Path) -> None:
    where = f"claim.{short(name)}"
    reading.a_table(claim, path, where)
    for key, check in (("says", _words), ("test", among(tuple(TESTS), "test"))):
        if key not in claim:
            raise InputError(fault(f"needs {key!r}", file=path, column=where))
        wrong = check(claim[key])
        if wrong:
            raise InputError(fault(wrong, file=path, column=f"{where}.{key}", value=claim[key]))
    needs, may, _ = TESTS[claim["test"]]
    allowed = ("says", "test", *needs, *may)
    for key in claim:
        if key not in allowed:
            rule = f"unknown key of test {claim['test']}; {hint(key, allowed)}"
            raise InputError(fault(rule, file=path, column=f"{where}.{key}", value=key))
    for key in needs:
        if key not in claim:
            rule = f"test {claim['test']} needs {key!r}"
            raise InputError(fault(rule, file=path, column=where))
    for key in (*needs, *may):
        wrong = VALUE[key](claim[key]) if key in claim else ""
        if wrong:
            raise InputError(fault(wrong, file=path, column=f"{where}.{key}", value=claim[key]))
    if claim["test"] == "indicator" and ("above" in claim) == ("below" in claim):
        raise InputError(fault("needs one of 'above' and 'below'", file=path, column=where))
    for one, two in (PAIR, PAIR[::-1]):
        if one in claim and two not in claim:
            raise InputError(fault(f"needs {two!r} beside {one!r}", file=path, column=where))
    if "leader" in claim and "supplier" in claim and claim["leader"] not in named(claim, PAIR):
        rule = "must be the supplier or the recipient"
        raise InputError(fault(rule, file=path, column=f"{where}.leader", value=claim["leader"]))
    pairs = (("country", "other"), ("country", "partner"), PAIR)
    for one, two in pairs:
        if one in claim and claim[one] == claim.get(two):
            rule = "the two countries must differ"
            raise InputError(fault(rule, file=path, column=f"{where}.{two}", value=claim[two]))


# Judging ---------------------------------------------------------------------------------------


def judge(claims: Mapping[str, Claim], run: Run) -> list[Row]:
    """Judge every claim from a run and the panel.

    Parameters
    ----------
    claims : As from `load`.
    run : What to judge from. Releases after its as-of date do not count.

    Returns
    -------
    list of Row : In the order of the file.
    """
    codes = frozenset(code for claim in claims.values() for code in named(claim))
    run = run._replace(codes=codes, held={})
    return [_of_trade(name, claim) or TESTS[claim["test"]][2](name, claim, run)
            for name, claim in claims.items()]  # fmt: skip


def _of_trade(name: str, claim: Claim) -> Row | None:
    """Leave a claim open whose deliveries are kept under no country of their own; None of others.

    Deliveries by or to a country outside the sample are counted with the rest of the world, so
    that none are found under its name although there may be some.
    """
    if claim["test"] not in OF_TRADE:
        return None
    rule, sellers = OF_TRADE[claim["test"]]
    outside = [
        f"{countries.name_of(claim[key])} is not in the sample of {side}s: its deliveries are "
        "counted with the rest of the world"
        for key, side, known in (
            *((key, "supplier", countries.suppliers()) for key in sellers),
            ("recipient", "recipient", countries.recipients()),
        )
        if key in claim and claim[key] not in known
    ]
    return no_answer(name, claim, "arms deliveries", outside[0], rule) if outside else None


def concerns(about: str, pair: Iterable[str]) -> bool:
    """Say whether a claim is about no other country than those of a pair; see `Row`."""
    return set(filter(None, about.split("-"))) <= set(pair)


def again(run: Path, folder: Path, pair: tuple[str, str]) -> None:
    """Judge anew what of a run's audit rests on the forecast of a pair, and write the audit there.

    Parameters
    ----------
    run : A run's folder, with its audit.
    folder : Where the forecast of the pair is. Nothing is written where no claim names the pair.
    pair : ISO3 codes.
    """
    rows = shipped.rows(run / CLAIMS_FILE)
    asked = {
        name: claim
        for name, claim in load().items()
        if claim["test"] in OF_FORECAST and (claim.get(PAIR[0]), claim.get(PAIR[1])) == pair
    }
    if not rows or not asked or list(rows[0]) != list(Row._fields):
        return
    found = {row.claim: row for row in judge(asked, Run(run, folder, pair, None, None))}
    write([found.get(row["claim"], Row(**row)) for row in rows], folder / CLAIMS_FILE)


def write(rows: Sequence[Row], path: Path) -> None:
    """Write the audit as CSV; numbers with six digits, so that equal runs give equal bytes."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        for row in rows:
            writer.writerow(
                [f"{v:.6g}" if isinstance(v, float) else "" if v is None else v for v in row]
            )
