"""Claims that figures on record settle: effort, deliveries, domains, exports, votes."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from crossover.data import countries
from crossover.data.names import DOMAINS
from crossover.data.tables import indicators
from crossover.data.vintages import as_of_transfers, as_of_votes
from crossover.forecast.claim_rules import (
    CONTRADICTED,
    OPEN,
    RULES,
    SUPPORTED,
    Claim,
    Row,
    Run,
    as_told,
    by_years,
    figures_of,
    no_answer,
    releases_of,
    row_of,
    span_of,
)


def indicator(name: str, claim: Claim, run: Run) -> Row:
    """Judge how a country's indicator moved."""
    code, indicator = claim["country"], claim["indicator"]
    rows, known = figures_of(run, (code,), indicator)
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
        return no_answer(name, claim, indicator, "no figure on record", "years")
    values = [r.value for r in held.values()]
    newest = max(held.values(), key=lambda r: (r.vintage, r.year))
    label, side = indicators()[indicator], "above" if above else "below"
    return row_of(
        name, claim, quantity=f"{label.label} of {countries.name_of(code)}, {label.unit}, {side} "
        f"{bound:g} in {span_of(claim['years'])}",
        figure=f"{min(values):.3g} to {max(values):.3g}; {detail}", value=float(np.mean(values)),
        verdict=verdict, rule=RULES["years"], data=f"{newest.source}, {indicator}",
        vintage=newest.vintage, by_vintage=_by_release(rows, run, at),
    )  # fmt: skip


def indicator_ahead(name: str, claim: Claim, run: Run) -> Row:
    """Judge which of two countries had more of an indicator."""
    one, two, indicator = claim["country"], claim["other"], claim["indicator"]
    rows, known = figures_of(run, (one, two), indicator)
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
        return no_answer(name, claim, indicator, "no figure on record", "years")
    label = indicators()[indicator]
    return row_of(
        name, claim, quantity=f"{label.label}, {countries.name_of(one)} over "
        f"{countries.name_of(two)}, {span_of(claim['years'])}",
        figure=f"{ratio[0]:.2f} times at first, {ratio[-1]:.2f} at last; {detail}",
        value=ratio[-1], verdict=verdict, rule=RULES["years"],
        data=f"{label.provider}, {indicator}", vintage=newest,
        by_vintage=_by_release(rows, run, at),
    )  # fmt: skip


def _by_release(rows: Sequence[Any], run: Run, at: Callable[..., tuple]) -> str:
    """Say how the verdict went by release: `at` a day verdict, detail, and the figures if any."""
    days = releases_of([row.vintage for row in rows if not row.assumed], run.as_of)
    return as_told([(day, *found[:2]) for day in days if (found := at(day))[2]])


def _of_trade(
    name: str, claim: Claim, at: Callable[..., tuple], releases: Sequence[datetime.date],
    since: int, **more: Any,
) -> Row:
    """Return the row of a claim on deliveries, with its verdicts by releases after a year."""
    earlier = [(day, *at(day)[:2]) for day in releases if day.year > since]
    return row_of(
        name, claim, data="SIPRI arms transfers", vintage=str(releases[-1] if releases else ""),
        by_vintage=as_told(earlier), **more,
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
    return lambda day: as_of_transfers(rows, vintages, day), releases_of(kept, run.as_of)


def delivered(name: str, claim: Claim, run: Run) -> Row:
    """Judge whether a pair delivered as much as is said."""
    known, releases = _traded(run, supplier=claim["supplier"], recipient=claim["recipient"])
    first, last = claim["years"]

    def at(day: datetime.date | None) -> tuple[str, str, int, float]:
        some = [r for r in known(day) if r.domain == claim["domain"] and first <= r.year <= last]
        lines, tiv = sum(r.n_lines for r in some), sum(r.tiv for r in some)
        return SUPPORTED if lines else CONTRADICTED, f"{lines} delivery lines", lines, tiv

    verdict, detail, lines, tiv = at(run.as_of)
    return _of_trade(
        name, claim, at, releases, 0, quantity=f"{claim['domain']} deliveries {_sides(claim)}, "
        f"{span_of(claim['years'])}, in the register",
        figure=f"{detail}, {tiv:.4g} TIV million", value=float(lines), verdict=verdict,
        rule=RULES["yes"],
    )  # fmt: skip


def _sides(pair: Mapping[str, str]) -> str:
    return f"{countries.name_of(pair['supplier'])} to {countries.name_of(pair['recipient'])}"


def _mean(rows: Sequence[Any], years: Sequence[int]) -> float:
    first, last = years
    return sum(r.tiv for r in rows if first <= r.year <= last) / (last - first + 1)


def deliveries_fell(name: str, claim: Claim, run: Run) -> Row:
    """Judge whether deliveries of a pair fell."""
    known, releases = _traded(run, supplier=claim["supplier"], recipient=claim["recipient"])

    def at(day: datetime.date | None) -> tuple[str, str, float]:
        rows = known(day)
        base, now = _mean(rows, claim["base"]), _mean(rows, claim["years"])
        ratio = now / base if base else float("nan")
        verdict = OPEN if not base else SUPPORTED if ratio < claim["share"] else CONTRADICTED
        return verdict, f"{100 * ratio:.3g} %", ratio

    verdict, detail, ratio = at(run.as_of)
    return _of_trade(
        name, claim, at, releases, claim["years"][1],
        quantity=f"mean deliveries {_sides(claim)} in {span_of(claim['years'])}, as a share of "
        f"{span_of(claim['base'])}, below {100 * claim['share']:g} %",
        figure=detail, value=ratio, verdict=verdict, rule=RULES["yes"],
    )  # fmt: skip


def largest_domain(name: str, claim: Claim, run: Run) -> Row:
    """Judge which domain a pair delivered most of."""
    known, releases = _traded(run, supplier=claim["supplier"], recipient=claim["recipient"])

    def at(day: datetime.date | None) -> tuple[str, str, float]:
        rows = known(day)
        of = {d: _mean([r for r in rows if r.domain == d], claim["years"]) for d in DOMAINS}
        total = sum(of.values())
        share = of[claim["domain"]] / total if total else float("nan")
        largest = total and max(of, key=lambda d: of[d]) == claim["domain"]
        verdict = SUPPORTED if share > 0.5 else OPEN
        if total and not largest:
            verdict = CONTRADICTED
        return verdict, f"{100 * share:.3g} % of deliveries", share

    verdict, detail, share = at(run.as_of)
    return _of_trade(
        name, claim, at, releases, claim["years"][1],
        quantity=f"share of {claim['domain']} in deliveries {_sides(claim)}, "
        f"{span_of(claim['years'])}",
        figure=detail, value=share, verdict=verdict, rule=RULES["half"],
    )  # fmt: skip


def exports_ahead(name: str, claim: Claim, run: Run) -> Row:
    """Judge which of two countries exported more."""
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
        return no_answer(name, claim, "arms exports", "no deliveries on record", "years")
    releases = next(iter(sides.values()))[1]
    newest = max(sums)
    one, two = sums[newest]
    return _of_trade(
        name, claim, at, releases, first,
        quantity=f"total arms exports of {countries.name_of(claim['country'])} above "
        f"{countries.name_of(claim['other'])}, {span_of(claim['years'])}",
        figure=f"{detail}; in {newest} {one:,.0f} against {two:,.0f} TIV million",
        value=one / two if two else None, verdict=verdict, rule=RULES["years"],
    )  # fmt: skip


def votes_apart(name: str, claim: Claim, run: Run) -> Row:
    """Judge how far two countries' votes moved apart."""
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
        return no_answer(name, claim, "distance of ideal points", "too few years of votes", "trend")
    now, mean, sd = float(np.mean(recent)), float(np.mean(base)), float(np.std(base, ddof=1))
    verdict = SUPPORTED if now > mean + sd else CONTRADICTED if now < mean else OPEN
    return row_of(
        name, claim, quantity="distance of UN ideal points "
        f"{'–'.join(map(countries.name_of, pair))}, "
        f"{span_of(claim['years'])} against {span_of(claim['base'])}",
        figure=f"{now:.2f} against {mean:.2f} (standard deviation {sd:.2f})", value=now - mean,
        verdict=verdict, rule=RULES["trend"], data="UN General Assembly ideal points",
        vintage=max(r.vintage for r in rows),
    )  # fmt: skip
