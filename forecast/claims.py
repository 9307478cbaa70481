"""The audit: each claim of the thesis, the quantity that tests it, its figure, and a verdict.

Claims are a file (claims.toml) that a reader may replace by their own; figures are computed from a
run's tables and the panel, never typed. A verdict follows from a rule that is printed beside it.
Where an earlier release of the same data gives another verdict, that is shown: a claim may have
been right on the day it was made.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from crossover.data import countries, reading
from crossover.data.errors import InputError, fault, hint, prints, short
from crossover.data.names import (
    ALL_DOMAINS,
    BASELINE,
    CAPACITY_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED,
    DOMAIN_EVENTS,
    DOMAINS,
    EVENTS,
    FIRST_PASSAGE,
    HORIZON,
    KIND,
    KINDS,
    PARTNERSHIP_EVENTS,
    QUANTITY,
)
from crossover.data.tables import Panel, indicators, read
from crossover.data.vintages import as_of_country_years, as_of_transfers, as_of_votes
from crossover.forecast import runs, shipped
from crossover.forecast.compare import ASKED
from crossover.forecast.events import kinds_of
from crossover.models.covariates import COVARIATES, OUTCOMES

FILE = Path(__file__).with_name("claims.toml")
CLAIMS_FILE = "claims.csv"
SUPPORTED, CONTRADICTED, OPEN = "supported", "contradicted", "open"
SURE, MARGIN = 0.95, 2.0
"""A claim is supported from this probability on, contradicted from its complement down; by more
than so many Monte-Carlo errors, so that no verdict hangs on the luck of the draws."""
LEAST_ESS = 400.0
"""Effective draws that the gate asks of every parameter: the error of a probability is that of as
many independent draws."""
LEAST_DIFFERENCE = 0.01
"""A scenario must move a probability by more than this to count."""
FIRST_YEAR = 1950

RULES = {
    "years": "supported if true in every year on record, contradicted if in at most half of them",
    "yes": "supported if so, contradicted if not",
    "half": "supported if the largest and more than half, contradicted if not the largest",
    "probability": f"supported from {SURE:g} up, contradicted from {1.0 - SURE:.2g} down, each by "
    "more than two Monte-Carlo errors",
    "conventions": f"supported from {SURE:g} up if above one half under every convention of the "
    "level, contradicted in the mirror case",
    "trend": "supported if the recent mean is more than one standard deviation above the earlier "
    "mean, contradicted if it is below that mean",
    "difference": "supported if the difference has the sign claimed by more than two Monte-Carlo "
    "errors and one percentage point, and the 90 % interval of the change of the yearly hazard, "
    "where there is one, lies on that side; contradicted in the mirror case",
    "score": "supported if the 90 % intervals over treaties and over decades are above zero, "
    "contradicted if both are below",
    "skill": "forecasts of deliveries from past origins with the first and not the second, against "
    "those with the second and not the first: supported if the skill is above zero beyond its "
    "90 % interval, contradicted if it is below beyond it",
    "none": "no quantity of these models tests it",
}


BY_CONVENTION = (CAPACITY_CROSSOVER, CAPACITY_CROSSOVER_SUSTAINED)
"""Events that hang on the convention by which levels of capacity are compared."""


class Row(NamedTuple):
    """One claim, judged; `about` has the codes of the countries it names, joined by hyphens."""

    claim: str
    about: str
    says: str
    quantity: str
    figure: str
    value: float | None
    error: float | None
    verdict: str
    rule: str
    data: str
    vintage: str
    by_vintage: str


class Run(NamedTuple):
    """What claims are judged from: a run's folder, that of the pair, its record, and the panel.

    `codes` and `held` are set by `judge`: the countries that claims are about, and what was read of
    them, so that every table is read once.
    """

    folder: Path
    pair_folder: Path
    pair: tuple[str, str]
    as_of: datetime.date | None
    panel: Panel
    codes: frozenset[str] = frozenset()
    held: dict[str, Any] | None = None

    def rows(self, name: str, column: str | None = None) -> list:
        """Return the rows of a table of the panel; those of `codes` alone in one of its columns."""
        if name not in self.held:
            self.held[name] = read(name, self.panel, {column: self.codes} if column else None)
        return self.held[name]

    def of(self, claim: Claim) -> tuple[tuple[str, str], Path]:
        """Return the pair that a claim is about, this one if it names none, and its folder."""
        pair = (claim.get("supplier", self.pair[0]), claim.get("recipient", self.pair[1]))
        if pair == self.pair:
            return pair, self.pair_folder
        return pair, runs.pair_folder(self.folder, runs.read(self.folder), pair)


Claim = Mapping[str, Any]
COUNTRIES = ("country", "other", "partner", "supplier", "recipient", "leader")
"""Keys of a claim that name a country."""


# Reading and checking --------------------------------------------------------------------------


def _country(value: object) -> str:
    known = sorted({*countries.suppliers(), *countries.recipients()})
    return "" if value in known else f"unknown country: must be one of {', '.join(known)}"


def _among(known: Sequence[str], what: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        return "" if value in known else f"unknown {what}; {hint(value, known, 0.6)}"

    return check


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


def _domain(value: object) -> str:
    return _among(DOMAINS, "domain")(value)


EVENT_NAMES = (*EVENTS, *DOMAIN_EVENTS, *PARTNERSHIP_EVENTS)
VALUE = {"country": _country, "partner": _country, "other": _country, "supplier": _country,
         "recipient": _country, "leader": _country, "years": _years, "base": _years, "year": _year,
         "above": _number, "below": _number, "share": _share, "domain": _domain,
         "indicator": lambda v: _among(tuple(indicators()), "indicator")(v),
         "event": _among(EVENT_NAMES, "event"), "effect": _among(
             (*COVARIATES, "junior_rising", "junior_falling", "major_junior_falling"), "effect"),
         "kind": _among(KINDS, "kind of answer"), "outcome": _among(OUTCOMES, "outcome"),
         "sign": _sign, "scenario": _words,
         "parameter": _words, "than": _words, "better": _words, "reason": _words,
         "quantity": _words}  # fmt: skip
PAIR = ("supplier", "recipient")
TESTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "indicator": (("country", "indicator", "years"), ("above", "below")),
    "indicator_ahead": (("country", "other", "indicator", "years"), ()),
    "delivered": (("supplier", "recipient", "domain", "years"), ()),
    "deliveries_fell": (("supplier", "recipient", "years", "base", "share"), ()),
    "largest_domain": (("supplier", "recipient", "domain", "years"), ()),
    "exports_ahead": (("country", "other", "years"), ()),
    "votes_apart": (("country", "partner", "years", "base"), ()),
    "event": (("event", "year"), ("kind", "domain", "scenario", *PAIR)),
    "domain_ahead": (("leader", "domain"), PAIR),
    "effect": (("outcome", "effect", "sign"), ()),
    "parameter": (("parameter",), ("than", "sign")),
    "cross_validation": (("better", "than"), ()),
    "scenario": (("event", "scenario", "year", "sign"), ("kind", *PAIR)),
    "skill": (("better", "than"), ()),
    "not_identified": (("reason",), ()),
}
"""Test → keys it needs, and keys it may have."""
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
    path
        A TOML file of tables `claim.<name>` with `says`, the claim in words, `test`, a key of
        `TESTS`, and that test's keys; None for the shipped file.

    Raises
    ------
    InputError
        For the first fault, with file, table and key, value, and the rule it breaks.
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
    if not isinstance(claim, dict):
        raise InputError(fault("expected a table", file=path, column=where, value=claim))
    for key, check in (("says", _words), ("test", _among(tuple(TESTS), "test"))):
        if key not in claim:
            raise InputError(fault(f"needs {key!r}", file=path, column=where))
        wrong = check(claim[key])
        if wrong:
            raise InputError(fault(wrong, file=path, column=f"{where}.{key}", value=claim[key]))
    needs, may = TESTS[claim["test"]]
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
    if "leader" in claim and "supplier" in claim and claim["leader"] not in _named(claim, PAIR):
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
    claims
        As from `load`.
    run
        What to judge from. Releases after its as-of date do not count.

    Returns
    -------
    list of Row
        In the order of the file.
    """
    codes = frozenset(code for claim in claims.values() for code in _named(claim))
    run = run._replace(codes=codes, held={})
    return [_of_trade(name, claim) or JUDGES[claim["test"]](name, claim, run)
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
    return _nothing(name, claim, "arms deliveries", outside[0], rule) if outside else None


def _named(claim: Claim, keys: Sequence[str] = COUNTRIES) -> list[str]:
    """Return the codes of the countries that a claim names, each once."""
    return list(dict.fromkeys(claim[key] for key in keys if key in claim))


def concerns(about: str, pair: Iterable[str]) -> bool:
    """Say whether a claim is about no other country than those of a pair; see `Row`."""
    return set(filter(None, about.split("-"))) <= set(pair)


def again(run: Path, folder: Path, pair: tuple[str, str]) -> None:
    """Judge anew what of a run's audit rests on the forecast of a pair, and write the audit there.

    Parameters
    ----------
    run
        A run's folder, with its audit.
    folder
        Where the forecast of the pair is. Nothing is written where no claim names the pair.
    pair
        ISO3 codes.
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


def by_years(true: Sequence[bool]) -> str:
    """Verdict on a claim about every year of a span."""
    if not len(true):
        return OPEN
    return SUPPORTED if all(true) else CONTRADICTED if 2 * sum(true) <= len(true) else OPEN


def by_probability(probability: float | None, error: float | None) -> str:
    """Verdict on a probability; within two Monte-Carlo errors of a threshold it stays open."""
    if probability is None or not np.isfinite(probability):
        return OPEN
    slack = MARGIN * (error or 0.0)
    if probability - slack >= SURE:
        return SUPPORTED
    return CONTRADICTED if probability + slack <= 1.0 - SURE else OPEN


def by_difference(difference: float, error: float) -> str:
    """Verdict on a difference of probabilities that is claimed to be above zero."""
    least = max(MARGIN * error, LEAST_DIFFERENCE)
    return SUPPORTED if difference > least else CONTRADICTED if difference < -least else OPEN


def _row(name: str, claim: Claim, **more: Any) -> Row:
    blank = {"value": None, "error": None, "data": "", "vintage": "", "by_vintage": ""}
    about = "-".join(_named(claim))
    return Row(**{"claim": name, "about": about, "says": claim["says"]} | blank | more)


def _nothing(name: str, claim: Claim, quantity: str, why: str, rule: str) -> Row:
    return _row(name, claim, quantity=quantity, figure=why, verdict=OPEN, rule=RULES[rule])


def _span(years: Sequence[int]) -> str:
    return str(years[0]) if years[0] == years[1] else f"{years[0]}–{years[1]}"


def _releases(found: Sequence[str], as_of: datetime.date | None) -> list[datetime.date]:
    limit = as_of.isoformat() if as_of else "9999"
    return [datetime.date.fromisoformat(v) for v in sorted(set(found)) if v <= limit]


def _told(judged: Sequence[tuple[datetime.date, str, str]]) -> str:
    """Say how a verdict, or the figure where it is told, went from release to release."""
    parts: list[tuple[str, str, str]] = []
    for day, verdict, detail in judged:
        if not parts or parts[-1][1] != verdict:
            parts.append((day.isoformat(), verdict, detail))
    if len(parts) < 2:
        return ""
    return "; ".join(f"from {day}: {verdict} ({detail})" for day, verdict, detail in parts)


def _figures(
    run: Run, codes: Sequence[str], indicator: str
) -> tuple[list, Callable[[datetime.date | None], dict[str, dict[int, Any]]]]:
    rows = [
        row for row in run.rows("country_years", "country")
        if row.indicator == indicator and row.country in codes
    ]  # fmt: skip

    def known(day: datetime.date | None) -> dict[str, dict[int, Any]]:
        out: dict[str, dict[int, Any]] = {code: {} for code in codes}
        for row in as_of_country_years(rows, day):
            out[row.country][row.year] = row
        return out

    return rows, known


def _indicator(name: str, claim: Claim, run: Run) -> Row:
    code, indicator = claim["country"], claim["indicator"]
    rows, known = _figures(run, (code,), indicator)
    above = "above" in claim
    bound = claim["above"] if above else claim["below"]
    first, last = claim["years"]

    def at(day: datetime.date | None) -> tuple[str, str, dict[int, Any]]:
        held = {y: r for y, r in known(day)[code].items() if first <= y <= last}
        true = {y: (r.value > bound) if above else (r.value < bound) for y, r in held.items()}
        missed = [str(y) for y in sorted(true) if not true[y]]
        detail = f"{sum(true.values())} of {len(true)} years"
        return (
            by_years(list(true.values())),
            detail
            + (f", not {', '.join(missed[:4])}{' …' if len(missed) > 4 else ''}" if missed else ""),
            held,
        )

    verdict, detail, held = at(run.as_of)
    if not held:
        return _nothing(name, claim, indicator, "no figure on record", "years")
    values = [r.value for r in held.values()]
    newest = max(held.values(), key=lambda r: (r.vintage, r.year))
    earlier = []
    for day in _releases([r.vintage for r in rows if not r.assumed], run.as_of):
        v, d, some = at(day)
        if some:
            earlier.append((day, v, d))
    label, side = indicators()[indicator], "above" if above else "below"
    return _row(
        name, claim, quantity=f"{label.label} of {countries.name_of(code)}, {label.unit}, {side} "
        f"{bound:g} in {_span(claim['years'])}",
        figure=f"{min(values):.3g} to {max(values):.3g}; {detail}", value=float(np.mean(values)),
        verdict=verdict, rule=RULES["years"], data=f"{newest.source}, {indicator}",
        vintage=newest.vintage, by_vintage=_told(earlier),
    )  # fmt: skip


def _indicator_ahead(name: str, claim: Claim, run: Run) -> Row:
    one, two, indicator = claim["country"], claim["other"], claim["indicator"]
    rows, known = _figures(run, (one, two), indicator)
    first, last = claim["years"]

    def at(day: datetime.date | None) -> tuple[str, str, list[float], str]:
        held = known(day)
        years = [y for y in sorted(held[one].keys() & held[two].keys()) if first <= y <= last]
        ratio = [held[one][y].value / held[two][y].value for y in years if held[two][y].value]
        true = [r > 1 for r in ratio]
        newest = max((held[c][y].vintage for c in (one, two) for y in years), default="")
        return by_years(true), f"{sum(true)} of {len(true)} years", ratio, newest

    verdict, detail, ratio, newest = at(run.as_of)
    if not ratio:
        return _nothing(name, claim, indicator, "no figure on record", "years")
    earlier = []
    for day in _releases([r.vintage for r in rows if not r.assumed], run.as_of):
        v, d, some, _ = at(day)
        if some:
            earlier.append((day, v, d))
    label = indicators()[indicator]
    return _row(
        name, claim, quantity=f"{label.label}, {countries.name_of(one)} over "
        f"{countries.name_of(two)}, {_span(claim['years'])}",
        figure=f"{ratio[0]:.2f} times at first, {ratio[-1]:.2f} at last; {detail}",
        value=ratio[-1], verdict=verdict, rule=RULES["years"],
        data=f"{label.provider}, {indicator}", vintage=newest, by_vintage=_told(earlier),
    )  # fmt: skip


def _traded(
    run: Run, supplier: str, recipient: str | None = None
) -> tuple[Callable[[datetime.date | None], list], list[datetime.date]]:
    rows = [
        row for row in run.rows("transfers", "supplier")
        if row.supplier == supplier and recipient in (None, row.recipient)
    ]  # fmt: skip
    vintages = run.rows("vintages")
    kept = [v.vintage for v in vintages if v.table == "transfers" and not v.assumed]
    return lambda day: as_of_transfers(rows, vintages, day), _releases(kept, run.as_of)


def _delivered(name: str, claim: Claim, run: Run) -> Row:
    known, releases = _traded(run, supplier=claim["supplier"], recipient=claim["recipient"])
    first, last = claim["years"]

    def at(day: datetime.date | None) -> tuple[str, str, int, float]:
        some = [r for r in known(day) if r.domain == claim["domain"] and first <= r.year <= last]
        lines, tiv = sum(r.n_lines for r in some), sum(r.tiv for r in some)
        return SUPPORTED if lines else CONTRADICTED, f"{lines} delivery lines", lines, tiv

    verdict, detail, lines, tiv = at(run.as_of)
    earlier = [(day, *at(day)[:2]) for day in releases]
    return _row(
        name, claim, quantity=f"{claim['domain']} deliveries {_sides(claim)}, "
        f"{_span(claim['years'])}, in the register",
        figure=f"{detail}, {tiv:.4g} TIV million", value=float(lines), verdict=verdict,
        rule=RULES["yes"], data="SIPRI arms transfers",
        vintage=str(releases[-1] if releases else ""),
        by_vintage=_told(earlier),
    )  # fmt: skip


def _sides(pair: Mapping[str, str]) -> str:
    return f"{countries.name_of(pair['supplier'])} to {countries.name_of(pair['recipient'])}"


def _mean(rows: Sequence[Any], years: Sequence[int]) -> float:
    first, last = years
    return sum(r.tiv for r in rows if first <= r.year <= last) / (last - first + 1)


def _deliveries_fell(name: str, claim: Claim, run: Run) -> Row:
    known, releases = _traded(run, supplier=claim["supplier"], recipient=claim["recipient"])

    def at(day: datetime.date | None) -> tuple[str, str, float]:
        rows = known(day)
        base, now = _mean(rows, claim["base"]), _mean(rows, claim["years"])
        ratio = now / base if base else float("nan")
        verdict = OPEN if not base else SUPPORTED if ratio < claim["share"] else CONTRADICTED
        return verdict, f"{100 * ratio:.3g} %", ratio

    verdict, detail, ratio = at(run.as_of)
    earlier = [(day, *at(day)[:2]) for day in releases if day.year > claim["years"][1]]
    return _row(
        name, claim, quantity=f"mean deliveries {_sides(claim)} in "
        f"{_span(claim['years'])}, as a share of {_span(claim['base'])}, below "
        f"{100 * claim['share']:g} %",
        figure=detail, value=ratio, verdict=verdict, rule=RULES["yes"],
        data="SIPRI arms transfers", vintage=str(releases[-1] if releases else ""),
        by_vintage=_told(earlier),
    )  # fmt: skip


def _largest_domain(name: str, claim: Claim, run: Run) -> Row:
    known, releases = _traded(run, supplier=claim["supplier"], recipient=claim["recipient"])

    def at(day: datetime.date | None) -> tuple[str, str, float]:
        rows = known(day)
        of = {d: _mean([r for r in rows if r.domain == d], claim["years"]) for d in DOMAINS}
        total = sum(of.values())
        share = of[claim["domain"]] / total if total else float("nan")
        largest = total and max(of, key=lambda d: of[d]) == claim["domain"]
        verdict = (
            OPEN
            if not total
            else CONTRADICTED
            if not largest
            else (SUPPORTED if share > 0.5 else OPEN)
        )
        return verdict, f"{100 * share:.3g} % of deliveries", share

    verdict, detail, share = at(run.as_of)
    earlier = [(day, *at(day)[:2]) for day in releases if day.year > claim["years"][1]]
    return _row(
        name, claim, quantity=f"share of {claim['domain']} in deliveries {_sides(claim)}, "
        f"{_span(claim['years'])}",
        figure=detail, value=share, verdict=verdict, rule=RULES["half"],
        data="SIPRI arms transfers", vintage=str(releases[-1] if releases else ""),
        by_vintage=_told(earlier),
    )  # fmt: skip


def _exports_ahead(name: str, claim: Claim, run: Run) -> Row:
    sides = {code: _traded(run, supplier=code) for code in (claim["country"], claim["other"])}
    first, last = claim["years"]

    def at(day: datetime.date | None) -> tuple[str, str, dict[int, tuple[float, float]]]:
        sums: dict[int, list[float]] = {}
        for side, (known, _) in enumerate(sides.values()):
            for row in known(day):
                if first <= row.year <= last:
                    sums.setdefault(row.year, [0.0, 0.0])[side] += row.tiv
        true = {y: one > two for y, (one, two) in sorted(sums.items())}
        ahead = [str(y) for y, is_true in true.items() if is_true]
        detail = f"{sum(true.values())} of {len(true)} years" + (
            f": {', '.join(ahead[:4])}{' …' if len(ahead) > 4 else ''}" if ahead else ""
        )
        return by_years(list(true.values())), detail, {y: tuple(v) for y, v in sums.items()}

    verdict, detail, sums = at(run.as_of)
    if not sums:
        return _nothing(name, claim, "arms exports", "no deliveries on record", "years")
    releases = next(iter(sides.values()))[1]
    earlier = [(day, *at(day)[:2]) for day in releases if day.year > first]
    newest = max(sums)
    one, two = sums[newest]
    return _row(
        name, claim, quantity=f"total arms exports of {countries.name_of(claim['country'])} above "
        f"{countries.name_of(claim['other'])}, {_span(claim['years'])}",
        figure=f"{detail}; in {newest} {one:,.0f} against {two:,.0f} TIV million",
        value=one / two if two else None, verdict=verdict, rule=RULES["years"],
        data="SIPRI arms transfers", vintage=str(releases[-1] if releases else ""),
        by_vintage=_told(earlier),
    )  # fmt: skip


def _votes_apart(name: str, claim: Claim, run: Run) -> Row:
    pair = (claim["country"], claim["partner"])
    votes = [row for row in run.rows("votes", "country") if row.country in pair]
    rows = as_of_votes(votes, run.as_of)
    point = {(r.country, r.year): r.ideal_point for r in rows}
    years = sorted({y for _, y in point})
    away = {y: abs(point[pair[0], y] - point[pair[1], y]) for y in years
            if all((c, y) in point for c in pair)}  # fmt: skip
    recent, base = (
        [v for y, v in away.items() if first <= y <= last]
        for first, last in (claim["years"], claim["base"])
    )
    if not recent or len(base) < 3:
        return _nothing(name, claim, "distance of ideal points", "too few years of votes", "trend")
    now, mean, sd = float(np.mean(recent)), float(np.mean(base)), float(np.std(base, ddof=1))
    verdict = SUPPORTED if now > mean + sd else CONTRADICTED if now < mean else OPEN
    return _row(
        name, claim, quantity="distance of UN ideal points "
        f"{'–'.join(map(countries.name_of, pair))}, "
        f"{_span(claim['years'])} against {_span(claim['base'])}",
        figure=f"{now:.2f} against {mean:.2f} (standard deviation {sd:.2f})", value=now - mean,
        verdict=verdict, rule=RULES["trend"], data="UN General Assembly ideal points",
        vintage=max(r.vintage for r in rows),
    )  # fmt: skip


def _kind(claim: Claim) -> str:
    """Return the kind of answer that a claim asks for, the leading one where it names none."""
    return claim.get(KIND, kinds_of(claim["event"])[0])


def _event(name: str, claim: Claim, run: Run) -> Row:
    domain, scenario = claim.get("domain", ALL_DOMAINS), claim.get("scenario", BASELINE)
    asked = {"event": claim["event"], "domain": domain, "scenario": scenario,
             KIND: _kind(claim), "year": str(claim["year"])}  # fmt: skip
    what = claim["event"] if domain == ALL_DOMAINS else f"{claim['event']}, {domain}"
    words = ASKED[_kind(claim)].format(what, claim["year"])
    pair, folder = run.of(claim)
    words += f" of {countries.name_of(pair[0])} to {countries.name_of(pair[1])}"
    for row in shipped.rows(folder / "events.csv"):
        if asked.items() <= ({KIND: FIRST_PASSAGE} | row).items():
            p, error = float(row["probability"]), float(row["mc_error"])
            verdict, figure, rule = (
                by_probability(p, error),
                f"{p:.3f} ± {error:.3f}",
                "probability",
            )
            levels = shipped.rows(folder / "levels.csv")
            if claim["event"] in BY_CONVENTION and levels:
                origin = levels[0]["year"]
                now = [
                    float(r["probability"]) for r in levels
                    if r["year"] == origin and r["headline"] != "1"
                ]  # fmt: skip
                figure += f"; ahead at the origin {min(now):.2f} to {max(now):.2f} by convention"
                rule = "conventions"
                if (verdict == SUPPORTED and min(now) <= 0.5) or (
                    verdict == CONTRADICTED and max(now) >= 0.5
                ):
                    verdict = OPEN
            return _row(
                name, claim, quantity=words, figure=figure, value=p, error=error, verdict=verdict,
                rule=RULES[rule], data="events.csv of the run",
            )  # fmt: skip
    return _nothing(name, claim, words, "not forecast in this run", "probability")


def _domain_ahead(name: str, claim: Claim, run: Run) -> Row:
    leader, domain = claim["leader"], claim["domain"]
    words = f"P({countries.name_of(leader)} ahead in {domain}) at the origin, by convention of the "
    words += "level"
    pair, folder = run.of(claim)
    rows = [r for r in shipped.rows(folder / "levels_domains.csv") if r["domain"] == domain]
    if leader not in pair or not rows:
        return _nothing(name, claim, words, "not forecast in this run", "conventions")
    of = {
        r["alternative"]: (
            float(r["probability"]) if leader == pair[1] else 1.0 - float(r["probability"]),
            float(r["mc_error"] or 0.0), r["headline"] in ("1", "True"),
        )
        for r in rows if r["probability"]
    }  # fmt: skip
    headline = [(p, e) for p, e, first in of.values() if first]
    if not headline:
        return _nothing(name, claim, words, "not forecast in this run", "conventions")
    p, error = headline[0]
    single = [probability for probability, _, first in of.values() if not first]
    low, high = min(single), max(single)
    verdict = by_probability(p, error)
    if (verdict == SUPPORTED and low <= 0.5) or (verdict == CONTRADICTED and high >= 0.5):
        verdict = OPEN
    return _row(
        name, claim, quantity=words, value=p, error=error,
        figure=f"{p:.3f} ± {error:.3f}; {low:.2f} to {high:.2f} over {len(single)} conventions",
        verdict=verdict, rule=RULES["conventions"], data="levels_domains.csv of the run",
    )  # fmt: skip


def _effect(name: str, claim: Claim, run: Run) -> Row:
    words = f"hazard ratio of {claim['effect']} for {claim['outcome']}, allied pairs since 1816"
    for row in shipped.rows(run.folder / "partnership_effects.csv"):
        if (row["effect"], row["outcome"]) == (claim["effect"], claim["outcome"]):
            positive = float(row["p_positive"])
            p = positive if claim["sign"] == "up" else 1.0 - positive
            error = float(np.sqrt(p * (1.0 - p) / LEAST_ESS))
            middle, low, high = (float(row[k]) for k in ("median", "q05", "q95"))
            return _row(
                name, claim, quantity=words, value=p, error=error,
                figure=f"{middle:.2f} [{low:.2f}, {high:.2f}]; P({claim['sign']}) = {p:.3f}",
                verdict=by_probability(p, error), rule=RULES["probability"],
                data="ATOP, COW, TSS, V-Dem; partnership_effects.csv of the run",
            )  # fmt: skip
    return _nothing(name, claim, words, "not fitted in this run", "probability")


def _posterior(run: Run) -> dict[str, np.ndarray]:
    """Return parameter → its draws, read without xarray; none where the run holds none by name."""
    import h5py

    path = run.folder / "posterior.nc"
    if "posterior" not in run.held and path.is_file():
        try:
            with h5py.File(path) as file:
                if "posterior/parameters" not in file:
                    return {}
                names, draws = (file[f"posterior/{k}"][()] for k in ("parameter", "parameters"))
        except (OSError, KeyError):
            raise InputError(fault("cannot be read: half-written?", file=path)) from None
        flat = draws.reshape(-1, len(names)).T.astype(float)
        run.held["posterior"] = {
            name.decode() if isinstance(name, bytes) else str(name): values
            for name, values in zip(names, flat, strict=True)
        }
    return run.held.get("posterior", {})


def _parameter(name: str, claim: Claim, run: Run) -> Row:
    than = claim.get("than")
    words = f"posterior of {claim['parameter']}" + (f" above {than}" if than else " above zero")
    draws = _posterior(run)
    if not draws:
        return _nothing(name, claim, words, "the run holds no posterior of it", "probability")
    for key in ("parameter", "than"):
        if key in claim and claim[key] not in draws:
            rule = _among(list(draws), "parameter")(claim[key])
            raise InputError(fault(rule, column=f"claim.{name}.{key}", value=claim[key]))
    gap = draws[claim["parameter"]] - (draws[than] if than else 0.0)
    positive = float((gap > 0).mean())
    p = positive if claim.get("sign", "up") == "up" else 1.0 - positive
    error = float(np.sqrt(p * (1.0 - p) / LEAST_ESS))
    low, middle, high = np.quantile(gap, [0.05, 0.5, 0.95])
    return _row(
        name, claim, quantity=words, value=p, error=error,
        figure=f"{middle:+.2f} [{low:+.2f}, {high:+.2f}]; P = {p:.3f}",
        verdict=by_probability(p, error), rule=RULES["probability"],
        data="posterior of the run",
    )  # fmt: skip


def _cross_validation(name: str, claim: Claim, run: Run) -> Row:
    words = f"log score out of sample, {claim['better']} less {claim['than']}, decades left out"
    for row in shipped.rows(shipped.CROSS_VALIDATION):
        if (row["better"], row["than"]) == (claim["better"], claim["than"]):
            gap = float(row["difference"])
            ends = [float(row[f"{b}_{q}"]) for b in ("treaties", "decades") for q in ("q05", "q95")]
            verdict = OPEN
            if min(ends[0], ends[2]) > 0:
                verdict = SUPPORTED
            elif max(ends[1], ends[3]) < 0:
                verdict = CONTRADICTED
            return _row(
                name, claim, quantity=words, value=gap, verdict=verdict, rule=RULES["score"],
                figure=f"{gap:+.1f} [{min(ends[0], ends[2]):+.1f}, {max(ends[1], ends[3]):+.1f}]",
                data="ATOP, COW, TSS, V-Dem; 'crossover sensitivity partnership'",
                vintage=row["made"],
            )  # fmt: skip
    return _nothing(name, claim, words, "not computed", "score")


def _scenario(name: str, claim: Claim, run: Run) -> Row:
    words = ASKED[_kind(claim)].format(claim["event"], claim["year"])
    words += f" under {claim['scenario']}, less the baseline"
    asked = {KIND: _kind(claim), "name": claim["event"], "domain": ALL_DOMAINS,
             "scenario": claim["scenario"], "year": str(claim["year"])}  # fmt: skip
    _, folder = run.of(claim)
    rows = shipped.rows(folder / "scenario_differences.csv")
    asked_hazard = asked | {KIND: QUANTITY, "name": f"hazard of {claim['event']}"}
    hazard = next((r for r in rows if all(r[k] == v for k, v in asked_hazard.items())), None)
    for row in rows:
        if all(row[key] == value for key, value in asked.items()):
            gap, error = float(row["difference"]), float(row["mc_error"])
            side = 1.0 if claim["sign"] == "up" else -1.0
            verdict, figure = by_difference(side * gap, error), f"{gap:+.3f} ± {error:.3f}"
            if hazard is not None:
                low, high = float(hazard["q05"]), float(hazard["q95"])
                figure += f"; yearly hazard {low:+.3f} to {high:+.3f}"
                way = side if verdict == SUPPORTED else -side
                if verdict != OPEN and (low if way > 0 else -high) <= 0:
                    verdict = OPEN
            return _row(
                name, claim, quantity=words, figure=figure, value=gap,
                error=error, verdict=verdict, rule=RULES["difference"],
                data="scenario_differences.csv of the run",
            )  # fmt: skip
    return _nothing(name, claim, words, "the run holds no such scenario", "difference")


def _skill(name: str, claim: Claim, run: Run) -> Row:
    better, than = claim["better"], claim["than"]
    words = f"skill out of sample of {better} over {than}"
    models = (shipped.WITHOUT.get(than), shipped.WITHOUT.get(better))
    for row in shipped.rows(shipped.BACKTEST):
        head = (row["part"], row["target"], row["model"], row["against"])
        if head == (shipped.ABLATION, shipped.DELIVERIES, *models):
            gap, low, high = (float(row[k] or "nan") for k in ("skill", "skill_q05", "skill_q95"))
            verdict = SUPPORTED if low > 0 else CONTRADICTED if high < 0 else OPEN
            spread = f" [{low:+.3f}, {high:+.3f}]" if np.isfinite([low, high]).all() else ""
            return _row(
                name, claim, quantity=words, value=gap, verdict=verdict, rule=RULES["skill"],
                figure=f"{gap:+.3f}{spread}; {len(row['origins'].split())} origins",
                data="SIPRI; 'crossover backtest'", vintage=row["made"],
            )  # fmt: skip
    return _nothing(name, claim, words, "no backtest compares the two", "skill")


def _not_identified(name: str, claim: Claim, run: Run) -> Row:
    return _nothing(name, claim, "none", f"not identified: {claim['reason']}", "none")


JUDGES: dict[str, Callable[[str, Claim, Run], Row]] = {
    "indicator": _indicator,
    "indicator_ahead": _indicator_ahead,
    "delivered": _delivered,
    "deliveries_fell": _deliveries_fell,
    "largest_domain": _largest_domain,
    "exports_ahead": _exports_ahead,
    "votes_apart": _votes_apart,
    "event": _event,
    "domain_ahead": _domain_ahead,
    "effect": _effect,
    "parameter": _parameter,
    "cross_validation": _cross_validation,
    "scenario": _scenario,
    "skill": _skill,
    "not_identified": _not_identified,
}


def write(rows: Sequence[Row], path: Path) -> None:
    """Write the audit as CSV; numbers with six digits, so that equal runs give equal bytes."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        for row in rows:
            writer.writerow(
                [f"{v:.6g}" if isinstance(v, float) else "" if v is None else v for v in row]
            )
