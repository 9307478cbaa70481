"""What each figure of the web page shows: its finding, unit, source and rows, from a payload."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crossover.data.names import (
    BANDS,
    BASELINE,
    CAPACITY_CROSSOVER,
    COOLING,
    DOWNTURN,
    EXPORT_CROSSOVER,
    FIRST_PASSAGE,
    KINDS,
    LASTING,
    MEAN_YEARS,
    ONCE,
    RECIPIENT,
    SOON,
    STATE,
    SUPPLIER,
)
from crossover.reports import catalogue, domain_figures
from crossover.reports.context import skill
from crossover.reports.context.likelihood import AT_LEAST
from crossover.reports.page_panels import MIXED, Panel, Payload, Shown, source
from crossover.reports.page_words import percent, say
from crossover.reports.phrases import event_name, possessive, sentence, spans, terms, the
from crossover.reports.reading import at_year
from crossover.reports.skill import BETTER, WORSE

LIKELY = AT_LEAST["likely"]
LIKELIER = 0.5
FAN = (("band-50", "50 % of futures"), ("band-90", "90 % of futures"))
KIND_KEY = (
    (STATE, "holds in the year"), (FIRST_PASSAGE, "has held once by then"),
    (LASTING, "holds from then on, without a break"),
)  # fmt: skip
SKILL = ("skill", "skill_q05", "skill_q95")


def figures(numbers: Payload) -> dict[str, Shown]:
    """Return the figures of one scenario by name, those without an answer for the pair left out."""
    made = {
        "gap": _gap, "events": _events, "deliveries": _deliveries, "arrivals": _arrivals,
        "orders": _orders, "exports": _exports, "domains": _domains,
        "partnership": _partnership,
    }  # fmt: skip
    found = {name: make(numbers) for name, make in made.items()}
    return {name: shown for name, shown in found.items() if shown is not None}


def shared(scenarios: Mapping[str, Payload], titles: Mapping[str, str]) -> dict[str, Shown]:
    """Return the figures of a pair that are the same whichever scenario is chosen."""
    numbers = scenarios[BASELINE]
    found = {"scenarios": _scenarios(scenarios, titles), "skill": _skill(numbers)}
    return {name: shown for name, shown in found.items() if shown is not None}


def _columns(*parts: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Put series after another: year, value where on record, quantiles where estimated."""
    names = ("year", "value", *BANDS)
    held = [name for name in names if any(name in part for part in parts)]
    return {
        name: [v for part in parts for v in part.get(name, [None] * len(part["year"]))]
        for name in held
    }


def _at(series: Mapping[str, Sequence[Any]], year: int, name: str = "q50") -> Any:
    return series[name][list(series["year"]).index(year)]


def _event(numbers: Payload, event: str) -> Mapping[str, Any]:
    return next(e for e in numbers["events"] if e["event"] == event)


# Who is ahead ------------------------------------------------------------------------------------


def _gap(numbers: Payload) -> Shown | None:
    event, w, late = _event(numbers, CAPACITY_CROSSOVER), terms(numbers), numbers["headline_year"]
    if not event["defined"]:
        return None
    gap = numbers["capacity"]["gap"]
    data = _columns(gap["past"], gap["future"])
    return Shown(
        "gap",
        say("gap", w, late, at_year(event, numbers["origin"]), at_year(event, late)),
        f"Gap of latent capacity, {w['r']} minus {w['s']}, in log-odds of being chosen as a "
        "source of arms; averaged over the ways of making levels comparable",
        source(numbers, MIXED),
        (Panel("Capacity gap", data),),
        (("gap", "median"), *FAN),
        {"above": f"{sentence(w['r'])} ahead", "below": f"{sentence(w['s'])} ahead"},
    )


def _kinds(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the kinds of answer to a question by year, None for one that it has not."""
    known = entry["kinds"]
    blank = [None] * len(entry["year"])
    answers = {kind: known[kind]["probability"] if kind in known else blank for kind in KINDS}
    return {"year": entry["year"], **answers}


def _events(numbers: Payload) -> Shown | None:
    known, late = [e for e in numbers["events"] if e["defined"]], numbers["headline_year"]
    if not known:
        return None
    states = [at_year(e, late, STATE) for e in known]
    lasting = [at_year(e, late, LASTING) for e in known]
    counts = (sum(round(p, 2) >= LIKELY for p in of) for of in (states, lasting))
    return Shown(
        "probabilities",
        say("events", terms(numbers), late, len(known), *counts),
        "Probability of each statement, by year",
        source(numbers, MIXED),
        tuple(Panel(event_name(numbers, e["event"]), _kinds(e)) for e in known),
        KIND_KEY,
    )


# Deliveries and orders ---------------------------------------------------------------------------


def _deliveries(numbers: Payload) -> Shown:
    part, w, late = numbers["dependence"], terms(numbers), numbers["headline_year"]
    base = part["base_mean"] or 0.0
    before = base or part["recent_mean"]
    data = _columns(part["deliveries_observed"], part["deliveries"])
    return Shown(
        "volume",
        say("deliveries", w, late, _at(part["deliveries"], late), before, bool(base)),
        f"Deliveries of major arms from {w['s']} to {w['r']}, TIV million a year (scale stretched "
        "towards zero); TIV is SIPRI’s measure of volume, not of price",
        source(numbers, "deliveries"),
        (Panel("Deliveries", data, RECIPIENT),),
        ((RECIPIENT, "on record, then median"), *FAN),
        {"floor": part["floor"] or None, "label": f"{w['pct']} % of the {w['base']} mean"},
    )


def _arrivals(numbers: Payload) -> Shown | None:
    rows = numbers["arrivals"]
    if not rows:
        return None
    levels = sorted(rows[0]["below"], key=float)
    names = _ranges(levels)
    data: dict[str, list[Any]] = {"year": [], "range": [], "probability": [], "step": []}
    for row in rows:
        under = [0.0, *(row["below"][level] for level in levels), 1.0]
        for at, name in enumerate(names):
            data["year"].append(row["year"])
            data["range"].append(name)
            data["probability"].append(float(f"{max(under[at + 1] - under[at], 0.0):.6g}"))
            data["step"].append(str(at))
    year = max(SOON, rows[0]["year"])
    below = next(row["below"] for row in rows if row["year"] == year)
    level = next((one for one in levels if round(below[one], 2) >= LIKELY), None)
    told = (level, below[level], False) if level else (levels[-1], 1 - below[levels[-1]], True)
    w = terms(numbers)
    return Shown(
        "ranges",
        say("arrivals", w, year, *told),
        f"Probability that deliveries from {w['s']} to {w['r']} in a year fall into each range, "
        "TIV million: what is on order and what may yet be ordered",
        source(numbers, "deliveries"),
        (Panel("Range of deliveries", data),),
        tuple((f"step-{at}", name) for at, name in enumerate(names)),
    )


def _ranges(levels: Sequence[str]) -> list[str]:
    between = [f"{low} to {high}" for low, high in itertools.pairwise(levels)]
    return [f"under {levels[0]}", *between, f"{levels[-1]} or more"]


def _orders(numbers: Payload) -> Shown | None:
    part, w = numbers["dependence"], terms(numbers)
    seen = part["orders_observed"]
    if not seen["year"]:
        return None
    most = max(zip(seen["value"], seen["year"], strict=True))
    data = {**part["orders_past"], "value": seen["value"]}

    def span(year: int) -> str:
        return f"{year - MEAN_YEARS + 1}–{year}"

    return Shown(
        "orders",
        say("orders", w, round(seen["value"][-1]), span(seen["year"][-1]), round(most[0]),
            span(most[1])),
        f"Number of orders that {w['r']} placed with {w['s']} in {w['n']} years, by the last of "
        "them, and what the model expected of each period",
        source(numbers, "deliveries"),
        (Panel("Orders", data),),
        (("dot", "on record"), ("gap", "the model’s median"), ("band-50", "its 50 % band"),
         ("band-90", "its 90 % band")),
    )  # fmt: skip


def _exports(numbers: Payload) -> Shown | None:
    part, w, late = numbers["exports"], terms(numbers), numbers["headline_year"]
    roles = [role for role in (RECIPIENT, SUPPLIER) if part[role]]
    if not roles:
        return None
    name = {role: sentence(the(numbers["pair"][role]["name"])) for role in roles}
    entry = _event(numbers, EXPORT_CROSSOVER)
    if entry["defined"]:
        title = say("exports", w, late, at_year(entry, late))
    else:
        whose = possessive(the(numbers["pair"][roles[0]]["name"]))
        title = say("exports_of", whose, late, _at(part[roles[0]]["future"], late))
    return Shown(
        "volume" if part["log_scale"] else "linear",
        title,
        f"Arms exports, {w['n']}-year mean, TIV million a year",
        source(numbers, "deliveries"),
        tuple(
            Panel(name[role], _columns(part[role]["past"], part[role]["future"]), role)
            for role in roles
        ),
        (*((role, name[role]) for role in roles), *FAN),
    )


# Domains, partnership ----------------------------------------------------------------------------


def _domains(numbers: Payload) -> Shown | None:
    rows, late = numbers["domains"]["rows"], numbers["headline_year"]
    if not rows:
        return None
    ahead = sorted(
        ((_at(row["ahead"], late, "probability"), row["domain"]) for row in rows), reverse=True
    )
    led = sum(p > LIKELIER for p, _ in ahead)
    surest, held = (domain_figures.short(ahead[at][1]).lower() for at in (0, -1))
    w = terms(numbers)
    return Shown(
        "domains",
        say("domains", w, late, led, len(rows), surest if led else "",
            held if led < len(rows) else ""),
        f"Probability that {w['r']} is ahead of {w['s']}, by domain and year",
        source(numbers, MIXED),
        tuple(Panel(domain_figures.short(row["domain"]), _known(row["ahead"])) for row in rows),
        tuple(
            (f"step-{at}", percent_range(at)) for at in range(len(domain_figures.STEPS))
        ),
    )  # fmt: skip


def percent_range(at: int) -> str:
    """Say which probabilities a shade stands for."""
    ends = [end for end, _, _ in domain_figures.STEPS]
    if at == 0:
        return f"up to {percent(ends[0])}"
    return f"to {percent(ends[at])}" if at < len(ends) - 1 else f"{percent(ends[at - 1])} or more"


def _known(series: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Return the years and probabilities of a series where there is one."""
    pairs = zip(series["year"], series["probability"], strict=True)
    known = [(year, chance) for year, chance in pairs if chance is not None]
    return {"year": [year for year, _ in known], "probability": [chance for _, chance in known]}


def _partnership(numbers: Payload) -> Shown | None:
    known = {e["event"]: e for e in numbers["partnership"]["events"] if e["defined"]}
    if not known:
        return None
    w, late = terms(numbers), numbers["headline_year"]
    told = next(name for name in (DOWNTURN, COOLING, *known) if name in known)
    return Shown(
        "probabilities",
        say(told if told in (DOWNTURN, COOLING) else DOWNTURN, w, late,
            at_year(known[told], late)),
        "Probability by year. A downturn is an adverse end of the treaty, a rivalry or war; an "
        "incident a dispute or embargo short of that; cooling, votes in the UN further apart than "
        "usual",
        source(numbers, MIXED),
        tuple(Panel(_outcome(name), _kinds(entry)) for name, entry in known.items()),
        KIND_KEY if set(known) - set(ONCE) else (KIND_KEY[1],),
    )  # fmt: skip


# Scenarios, skill --------------------------------------------------------------------------------


def _answers(numbers: Payload) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Yield the title of each question that has an answer, and the answer."""
    for entry in numbers["events"]:
        if entry["defined"]:
            yield event_name(numbers, entry["event"]), entry
    for entry in numbers["partnership"]["events"]:
        if entry["defined"]:
            yield _outcome(entry["event"]), entry


def _outcome(name: str) -> str:
    return catalogue.load()["outcome"][name].title


def _scenarios(scenarios: Mapping[str, Payload], titles: Mapping[str, str]) -> Shown | None:
    if len(scenarios) < 2:
        return None
    numbers = scenarios[BASELINE]
    late, panels, moves = numbers["headline_year"], [], []
    for title, entry in _answers(numbers):
        data: dict[str, list[Any]] = {"scenario": [], "year": [], "probability": []}
        for name, other in scenarios.items():
            mine = dict(_answers(other))[title]
            chances = mine["kinds"][mine["leads"]]["probability"]
            data["scenario"] += [titles.get(name, name)] * len(chances)
            data["year"] += mine["year"]
            data["probability"] += chances
            change = at_year(mine, late) - at_year(entry, late)
            moves.append((abs(change), change, titles.get(name, name), title))
        panels.append(Panel(title, data))
    size, change, scenario, title = max(moves)
    points = f"{100 * change:+.0f}".replace("-", "−")
    return Shown(
        "scenarios",
        say("scenarios", late, scenario, title, points) if size >= 0.005
        else say("scenarios_still", late),
        "Probability in the chosen year under each scenario: that the statement holds in it; of "
        "downturn and incident, that they have happened by it. Dashed: baseline",
        source(numbers),
        tuple(panels),
        signals={"label": titles.get(BASELINE, BASELINE)},
    )  # fmt: skip


def _benchmark(name: str) -> str:
    known = catalogue.load()["benchmark"]
    return known[name].title if name in known else name


def _skill(numbers: Payload) -> Shown | None:
    part, told = skill.context(numbers), catalogue.load()
    if not part.known:
        return None
    panels = []
    for target in part.targets:
        rows = [one.row for one in target.scored]
        data = {key: [row[key] for row in rows] for key in (*SKILL, "in_90")}
        data["horizon"] = [row["group"].replace("-", "–") + " years" for row in rows]
        data["against"] = [_benchmark(row["against"]) for row in rows]
        panels.append(Panel(told["target"][target.name].title, data))
    drawn = (one.row[key] for one in part.scored for key in SKILL)
    ends = [0.0, *(value for value in drawn if value is not None)]
    return Shown(
        "skill",
        say("skill", part.verdicts[BETTER], part.verdicts[WORSE], len(part.scored)),
        "Skill against the best simple method, with 90 % interval: above zero the model is the "
        f"better; forecasts made as from {spans(part.origins)}, by years ahead",
        f"Backtest of Crossover of {numbers['skill']['made']}, shipped with the program.",
        tuple(panels),
        signals={"low": min(ends), "high": max(ends)},
    )
