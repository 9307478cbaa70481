"""Every sentence on partnership, scenarios and audit, each a function of the payload."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crossover.data.names import (
    COOLING,
    DOWNTURN,
    FIRST_PASSAGE,
    INCIDENT,
    LASTING,
    QUANTITY,
    STATE,
)
from crossover.reports.numerals import NONE, complement, error, number, prob, span
from crossover.reports.phrases import (
    RECIPIENT,
    SUPPLIER,
    VERDICTS,
    Payload,
    Table,
    count,
    curly,
    date,
    listing,
    say,
    sentence,
    year_of,
    years_of,
)
from crossover.reports.reading import at_year

EFFECTS = {
    "speed": "Speed of change of the balance",
    "junior_gain": "Junior rising, rather than falling",
    "asymmetry": "Asymmetry of power",
    "reversed": "Seniority reversed within ten years",
    "prestige": "Junior is or was a major power",
    "prestige_speed": "… times speed",
    "prestige_gain": "… times junior rising",
    "prestige_asymmetry": "… times asymmetry",
    "autocracies": "Both autocracies",
    "autocracies_prestige": "… times junior of rank",
    "senior_major": "Senior is a major power",
    "common_rival": "Common rival",
    "rivals": "Rivals of each other",
    "defence": "Treaty pledges defence",
    "recent": "Incident or worse in the last ten years",
    "duration": "Years of alliance (log)",
    "junior_rising": "Sum: junior rises",
    "junior_falling": "Sum: junior falls",
    "major_junior_falling": "Sum: junior of rank falls",
}
EVENT_NAMES = {
    DOWNTURN: "Downturn",
    INCIDENT: "Incident",
    COOLING: "Cooling of votes",
    "independence": "Independence",
    "export_crossover": "Exports overtake",
    "junior_everywhere": "Ahead in all domains",
}
RULES = {
    DOWNTURN: "grade 3: adverse end of the treaty, onset of a strategic rivalry, or war",
    INCIDENT: "grade 1, a militarised dispute of hostility 3 or 4 (a show or a use of force) in "
    "which no one is known to have died, or grade 2, one in which people died or an arms embargo "
    "of one on the other",
    COOLING: "distance of UN ideal points two years running above its ten-year mean by more than a "
    "pooled standard deviation",
}
KIND_ROWS = {
    STATE: "holds in the year",
    FIRST_PASSAGE: "has happened by then",
    LASTING: "holds from then on",
}
QUANTITY_NAMES = {
    "capacity gap": "Gap of capacity, log-odds",
    "deliveries": "Expected deliveries, TIV million",
    "hazard of downturn": "Yearly hazard of a downturn",
    "log power ratio": "Log ratio of power, supplier over recipient",
    "distance of votes": "Distance of votes, ideal-point units",
}
CHECK_NAMES = {
    "all": "All years", "concert": "1816–1870", "imperial": "1871–1913",
    "world_wars": "The two world wars", "interwar": "1919–1938", "cold_war": "1946–1989",
    "after": "Since 1990", "both_major": "Both major powers", "one_major": "One major power",
    "no_major": "No major power",
}  # fmt: skip
VARIANTS = {
    "era": "a constant hazard by era",
    "controls": "the controls alone",
    "full": "the whole model",
}
"""Variants of the cross-validation; any other is the controls with one effect."""
EMPTY: Table = {"caption": "", "columns": [], "rows": [], "notes": []}


def _part(payload: Payload) -> Mapping[str, Any]:
    return payload["partnership"]


def _entry(payload: Payload, event: str) -> Mapping[str, Any]:
    return next((e for e in _part(payload)["events"] if e["event"] == event), {"defined": False})


def _defined(payload: Payload) -> list[Mapping[str, Any]]:
    return [e for e in _part(payload)["events"] if e["defined"]]


def _compared(payload: Payload, better: str, than: str) -> Mapping[str, Any] | None:
    rows = _part(payload)["cross"]
    return next((r for r in rows if (r["better"], r["than"]) == (better, than)), None)


def _ends(row: Mapping[str, Any]) -> tuple[float, float]:
    """Widest ends of the two 90 % intervals of a difference of scores."""
    return (
        min(row["treaties_q05"], row["decades_q05"]),
        max(row["treaties_q95"], row["decades_q95"]),
    )


def _score(row: Mapping[str, Any]) -> str:
    low, high = _ends(row)
    return f"{number(row['difference'], 1)} (90 % interval {span(low, high, 1)})"


def headline(payload: Payload) -> str:
    """Say on the first page what is known of the partnership, and whether the thesis foretells it.

    Empty for a run without a fit of partnerships.
    """
    if not _part(payload)["known"]:
        return ""
    parts = []
    entry = _entry(payload, DOWNTURN)
    if entry["defined"]:
        year = payload["headline_year"]
        chance = at_year(entry, year)
        parts.append(
            "A downturn of the partnership (adverse end of the treaty, rivalry or war) will have "
            f"come by {year} with probability {prob(chance)}, and not by then with "
            f"{complement(chance)}."
        )
        lesser = _entry(payload, INCIDENT)
        if lesser["defined"]:
            parts.append(
                f"An incident short of that has probability "
                f"{prob(at_year(lesser, year))} by {year}."
            )
    controls, thesis = _compared(payload, "controls", "era"), _compared(payload, "full", "controls")
    if controls and thesis:
        low, high = _ends(thesis)
        gain = "improves" if low > 0 else "worsens" if high < 0 else "does not improve"
        text = (
            f"What the thesis names (speed, asymmetry, rank, regime) {gain} the forecast of "
            f"downturns in decades left out: it adds {_score(thesis)} to the log score of the "
            "controls."
        )
        low, high = _ends(controls)
        said = "beat" if low > 0 else "do worse than" if high < 0 else "do not surely beat"
        parts.append(
            f"{text} The controls {said} a constant hazard by era: they add {_score(controls)}."
        )
    return " ".join(parts)


def intro(payload: Payload) -> list[str]:
    """Say what the hazard rests on, and what must be known before its probabilities are read."""
    part, facts = _part(payload), _part(payload)["facts"]
    if not part["known"]:
        return [
            "This run holds no fit of partnerships, so that nothing is said here of downturn, "
            "incidents or cooling."
        ]
    real = next((c for c in part["checks"] if c["group"] == "all"), None)
    first = (
        "What comes of a partnership in a year is graded. Grade 1: a militarised dispute of "
        "hostility 3 or 4 (a show or a use of force) in which no one is known to have died. Grade "
        "2: one in which people died, or an arms embargo of one on the other. Grade 3, a "
        "downturn: adverse end of the treaty, onset of a strategic rivalry, or war. Grades 1 and 2 "
        "are called incidents. The hazards of a downturn and of an incident were learned from the "
        "pairs of states bound by a bilateral treaty since 1816"
        + (f" ({number(real['observed'], 0)} downturns in {number(real['years'], 0)} years)"
           if real else "")
        + ". The simulated GDP and military spending of the pair move its ratio of power, and that "
        "its hazards, draw by draw; an incident raises both for ten years; nothing flows back. The "
        "gap of latent capacity is no part of the hazard: the history knows no such quantity."
    )  # fmt: skip
    if "treaty" not in facts:
        reason = sentence(facts["reasons"][DOWNTURN])
        return [first, say(f"{reason}. Of {{s}} and {{r}} no downturn or incident is forecast.",
                           payload)]  # fmt: skip
    second = say(
        f"{{s}} and {{r}} are bound by treaty {facts['treaty']} of ATOP since "
        f"{number_year(facts['allied_since'])}. ",
        payload,
    )
    disputes = [number_year(y) for y in facts["disputes"]]
    ratio = facts["treaty_ratio"]
    if disputes:
        second += (
            f"Disputes or embargoes between them are on record in {listing(disputes)}. A dispute "
            "may be shots at a freighter or at fishing boats and no quarrel of governments: short "
            "of war it is an incident, not a downturn. "
        )
    if ratio is not None:
        second += (
            f"What the treaty’s own record adds to the hazard of a downturn is a ratio of "
            f"{number(ratio, 2)}. "
        )
    second += _without(part["disputes"])
    second += (
        f"Outcomes are on record to {number_year(facts['last_dispute_year'])} (disputes) and "
        "2017 (ends of treaties); treaties in force in "
        f"{number_year(facts['last_treaty_year'])} are assumed to go on, and what came between is "
        "not known to the model."
    )
    found = [first, second]
    base, cool = part["votes"], _entry(payload, COOLING)
    if cool["defined"] and base:
        said = "Cooling is not calibrated. "
        rows = part["cooling_check"]
        if rows:
            low, high = (f(r["cooling_expected"] for r in rows) for f in (min, max))
            least, most = (f(r["cooling_seen"] for r in rows) for f in (min, max))
            said += (
                f"Forecast from {number_year(rows[0]['origin'])}, the model expected it in "
                f"{100 * low:.0f} to {100 * high:.0f} % of pairs a year where {100 * least:.0f} to "
                f"{100 * most:.0f} % saw it; read its probability as an upper bound. "
            )
        found.append(
            f"{said}On record "
            f"{100 * base['pair_years']:.1f} % of pair-years cooled, and "
            f"{100 * base['pairs']:.0f} % of pairs at least once."
        )
    return found


def _without(rows: list[Mapping[str, Any]]) -> str:
    """Say what the probabilities would be had the disputes on record not been; shipped figures."""
    if not rows:
        return ""
    last = max(r["by"] for r in rows)
    of = {r["outcome"]: r for r in rows if r["by"] == last}
    texts = [
        f"{EVENT_NAMES[name].lower()} {number(of[name]['with'], 3)} with them and "
        f"{number(of[name]['without'], 3)} without"
        for name in (DOWNTURN, INCIDENT) if name in of
    ]  # fmt: skip
    return (
        f"Fitted without those disputes, and with power held at its last value on record, the "
        f"probabilities by {number_year(last)} move thus: {'; '.join(texts)}. "
    )


def number_year(value: float) -> str:
    """Write a year."""
    return str(round(value))


def events_table(payload: Payload) -> Table:
    """Probability at the milestones of each event of the partnership, one row a kind of answer."""
    entries, years = _defined(payload), payload["milestones"][1:]
    horizon = payload["horizon"]
    rows = []
    for entry in entries:
        for kind, answers in entry["kinds"].items():
            slips = [at_year(entry, y, kind, "mc_error") for y in years]
            when = [NONE, NONE]
            if kind == FIRST_PASSAGE:
                when = [year_of(payload, entry["median"]),
                        years_of(payload, entry["q05"], entry["q95"], short=True)]  # fmt: skip
            rows.append(
                [
                    EVENT_NAMES[entry["event"]],
                    KIND_ROWS[kind],
                    *(prob(at_year(entry, year, kind)) for year in years),
                    *when,
                    error(max(slips, default=None)) if answers else NONE,
                ]
            )
    reasons = _part(payload)["facts"]["reasons"]
    notes = [f"{EVENT_NAMES[e['event']]}: {RULES[e['event']]}." for e in entries]
    notes += [f"{EVENT_NAMES[k]}: {reason}." for k, reason in reasons.items()]
    notes.append(
        "Downturn and incident happen once, so no state of theirs is told; they "
        "are counted from the year after the last data on, and those on record do not count. "
        f"Median and 90 % interval of the year in the draws in which it happens by {horizon}. "
        f"{horizon} is an extrapolation. MC error: the largest of the row."
    )
    return {
        "caption": "Events of the partnership: probability of each at a year.",
        "columns": [
            "Event",
            "",
            *map(str, years),
            "Median",
            "90 %",
            "MC error",
        ],
        "rows": rows,
        "notes": [" ".join(notes)],
    }


def effects_text(payload: Payload) -> str:
    """Say which effects the record bears, by the interval."""
    rows = [r for r in _part(payload)["effects"] if r["effect"] in EFFECTS]
    if not rows:
        return ""
    named = [r for r in rows if r["thesis"]]
    firm = [r for r in named if beyond(r["p_positive"])]
    text = (
        f"Of the {count(len(named))} effects and sums that the thesis names, "
        f"{count(len(firm)) if firm else 'none'} {'has' if len(firm) < 2 else 'have'} a sign that "
        "is sure at 95 % by more than two Monte-Carlo errors"
    )
    if firm:
        text += ": " + listing([f"{_effect(r['effect'])} ({number(r['median'], 2)})" for r in firm])
    asymmetry = next((r for r in rows if r["effect"] == "asymmetry"), None)
    if asymmetry:
        text += (
            f". The level of asymmetry itself has a ratio of {number(asymmetry['median'], 2)} "
            f"(90 % interval {span(asymmetry['q05'], asymmetry['q95'], 2)})"
        )
    return (
        f"{text}. Many specifications of this kind have been tried on these data by others and by "
        "us: an effect that is barely sure is weak evidence."
    )


def _effect(name: str) -> str:
    """Name of an effect within a sentence."""
    text = EFFECTS.get(name, name.replace("_", " "))
    text = text.removeprefix("Sum: ").replace("… ", "rank ")
    return text[:1].lower() + text[1:]


def beyond(p: float) -> bool:
    """Whether a sign is sure at 95 % by more than two Monte-Carlo errors of 400 draws."""
    slack = 2.0 * (p * (1.0 - p) / 400.0) ** 0.5
    return p - slack >= 0.95 or p + slack <= 0.05


def cross_table(payload: Payload) -> Table:
    """Whether the model beats simpler ones on decades that were left out."""
    rows = _part(payload)["cross"]
    if not rows:
        return EMPTY
    made, command = rows[0]["made"], rows[0]["command"]
    return {
        "caption": "Out of sample: sum of log scores of all pair-years, decades left out in turn.",
        "columns": ["Of", "Less", "Difference", "90 %, treaties", "90 %, decades", "Beats"],
        "rows": [
            [
                sentence(_variant(r["better"])),
                _variant(r["than"]),
                number(r["difference"], 1),
                span(r["treaties_q05"], r["treaties_q95"], 1),
                span(r["decades_q05"], r["decades_q95"], 1),
                "yes" if r["beats"] else "no",
            ]
            for r in rows
        ],
        "notes": [
            "Above zero: the first is better. Intervals by resampling whole treaties and whole "
            f"decades. Computed on {date(made)} by {command}; the shipped panel, default priors."
        ],
    }


def _variant(name: str) -> str:
    return VARIANTS.get(name) or f"the controls and {_effect(name)}"


def rates_table(payload: Payload) -> Table:
    """Events, pair-years and yearly rate by era: the order of magnitude by hand."""
    rows = _part(payload)["rates"]
    if not rows:
        return EMPTY
    return {
        "caption": "What came of pairs with a bilateral treaty: events, pair-years, rate a year.",
        "columns": ["Event", "Years", "Pair-years", "Events", "% a year", "90 %"],
        "rows": [
            [
                EVENT_NAMES[r["outcome"]],
                CHECK_NAMES.get(r["era"], r["era"]),
                number(r["pair_years"], 0),
                number(r["events"], 0),
                number(100 * r["rate"], 2),
                span(100 * r["q05"], 100 * r["q95"], 2),
            ]
            for r in rows if r["pair_years"]
        ],
        "notes": [
            "All pairs alike; intervals by Jeffreys. A rate of 1 % a year makes 5 % in five years "
            "and 10 % in ten."
        ],
    }  # fmt: skip


def influence_table(payload: Payload) -> Table:
    """Which treaties carry which effect."""
    rows = _part(payload)["influence"]
    return {
        "caption": "The treaties that move an effect most when left out.",
        "columns": ["Treaty, pairs", "Years", "Downturns", "Effect", "With", "Without", "k-hat"],
        "rows": [
            [
                f"{number_year(r['treaty'])} {r['pairs']}"
                if isinstance(r["treaty"], float)
                else f"{r['treaty']} {r['pairs']}",
                number(r["pair_years"], 0),
                number(r["events"], 0),
                EFFECTS.get(r["effect"], r["effect"]).replace("… ", "rank "),
                number(r["with"], 2),
                number(r["without"], 2),
                number(r["khat"], 2),
            ]
            for r in rows
        ],
        "notes": [
            "Log hazard ratios, posterior means; ATOP number of the treaty. Without: draws "
            "reweighted by the treaty’s whole record (Pareto-smoothed; not to be trusted with "
            "k-hat above 0.7)."
        ]
        if rows
        else [],
    }


def checks_text(payload: Payload) -> str:
    """Say how the record lies against what the fitted model would have given."""
    part = _part(payload)
    deciles = part["calibration"]
    if not deciles or not part["checks"]:
        return ""
    inside, left_out = sum(bool(r["inside"]) for r in deciles), part["left_out"]
    held = sum(bool(r["inside"]) for r in left_out)
    every = next(c for c in part["checks"] if c["group"] == "all")
    return (
        f"In {100 * every['inside_90']:.0f} % of years the number of downturns lies in its 90 % "
        f"band and in {100 * every['inside_50']:.0f} % in its 50 % band. By tenths of expected "
        f"hazard, {inside} of {len(deciles)} have the observed number in the 90 % band"
        + (f", and {held} of {len(left_out)} in decades left out of the fit." if left_out else ".")
    )  # fmt: skip


def checks_table(payload: Payload) -> Table:
    """Yearly numbers of downturns by era and class of pair."""
    rows = _part(payload)["checks"]
    return {
        "caption": "The model of downturns against the record it was fitted to.",
        "columns": ["Pairs", "Years", "Seen", "Expected", "90 %", "In 50 % band", "In 90 % band"],
        "rows": [
            [
                CHECK_NAMES.get(str(r["name"]), str(r["name"])),
                number(r["years"], 0),
                number(r["observed"], 0),
                number(r["expected"], 0),
                span(r["q05"], r["q95"], 0),
                f"{100 * r['inside_50']:.0f} %",
                f"{100 * r['inside_90']:.0f} %",
            ]
            for r in rows
        ],
        "notes": [
            "Share of years by randomised rank, as small counts have no band of exactly 50 or 90 %."
        ]
        if rows
        else [],
    }


def hand_table(payload: Payload) -> Table:
    """The hazard of the pair in one year of the record, by arithmetic."""
    rows = _part(payload)["hand"]
    if not rows:
        return EMPTY
    year = number_year(rows[0]["year"])
    shown = []
    for r in rows:
        if r["term"] == "sum":
            shown.append(["Sum", "", "", _signed(r["product"])])
        elif r["term"] == "hazard":
            shown.append(["Hazard: 1 − exp(−exp(sum)) a year", "", "", number(r["product"], 4)])
        elif r["product"] or r["coefficient"] is not None:
            name = _term(str(r["term"]))
            shown.append([sentence(name), number(r["value"], 3), _signed(r["coefficient"]),
                          _signed(r["product"])])  # fmt: skip
    return {
        "caption": say(
            f"{{ss}} and {{rs}} hazard of a downturn in {year}, worked by hand from "
            "posterior means.",
            payload,
        ),
        "columns": ["Term", "Value", "Coefficient", "Product"],
        "rows": shown,
        "notes": [
            "Speed and asymmetry are counted from the reference values of the priors file, so a "
            "slower or more equal pair has a negative value. The mean of hazards over draws is "
            "higher than the hazard of mean coefficients."
        ],
    }


def _term(term: str) -> str:
    if term.startswith("treaty: "):
        return f"Their treaty’s own effect (ATOP {term.removeprefix('treaty: ')})"
    if term.startswith("era: "):
        return f"Era: {CHECK_NAMES.get(term.removeprefix('era: '), term)}"
    return EFFECTS.get(term, term).replace("… ", "rank ")


def _signed(value: float) -> str:
    text = number(value, 3)
    return text if text.startswith("−") or value == 0 else f"+{text}"


# Scenarios -------------------------------------------------------------------------------------


def scenario_titles(payload: Payload) -> dict[str, str]:
    """Return name → title of each scenario, as its file has it."""
    return {h["name"]: h["title"] for h in _part(payload)["scenarios"]["heads"]}


def scenarios_intro(payload: Payload) -> list[dict[str, str]]:
    """Name each scenario and say what it sets."""
    heads = _part(payload)["scenarios"]["heads"]
    return [
        {"term": h["title"], "text": curly(h["description"])}
        for h in heads if h["name"] != "baseline"
    ]  # fmt: skip


def _years_shown(payload: Payload) -> list[int]:
    rows = _part(payload)["scenarios"]["rows"]
    return sorted({round(r["year"]) for r in rows})


def scenario_events(payload: Payload) -> Table:
    """Differences of the probabilities of events, with their Monte-Carlo errors."""
    part = _part(payload)["scenarios"]
    rows, years = [r for r in part["rows"] if r["kind"] != QUANTITY], _years_shown(payload)
    names, titles = list(dict.fromkeys(r["scenario"] for r in rows)), scenario_titles(payload)
    shown = []
    for event in dict.fromkeys(r["name"] for r in rows):
        for year in years:
            own = [r for r in rows if r["name"] == event and r["year"] == year]
            if not own:
                continue
            of = {r["scenario"]: r for r in own}
            shown.append(
                [
                    EVENT_NAMES.get(event, event), str(year), prob(own[0]["baseline"]),
                    *(f"{_change(of[n]['difference'])} ± {error(of[n]['mc_error'])}"
                      for n in names),
                ]
            )  # fmt: skip
    return {
        "caption": "What each scenario changes: probability, less the baseline’s, that a statement "
        "holds in the year; of downturn and incident, that they have happened by it.",
        "columns": ["Event", "Year", "Baseline", *map(titles.get, names, names)],
        "rows": shown,
        "notes": [
            "± is the Monte-Carlo standard error of the difference, paired draw by draw. A "
            "scenario is a world of the model in which some paths are set, not the effect of a "
            "policy; it moves a downturn only by power, a common rival, rivalry and incidents."
        ]
        if shown
        else [],
    }


def _change(value: float) -> str:
    text = number(value, 3)
    return text if text.startswith("−") or float(text) == 0 else f"+{text}"


def scenario_quantities(payload: Payload) -> Table:
    """Median difference and 90 % interval of quantities."""
    part = _part(payload)["scenarios"]
    rows = [r for r in part["rows"] if r["kind"] == QUANTITY]
    years = _years_shown(payload)
    if not rows:
        return EMPTY
    year = min(years, key=lambda y: (abs(y - payload["headline_year"]), y))
    names, titles = list(dict.fromkeys(r["scenario"] for r in rows)), scenario_titles(payload)
    shown = []
    for name in QUANTITY_NAMES:
        of = {r["scenario"]: r for r in rows if r["name"] == name and r["year"] == year}
        if not of:
            continue
        first = next(iter(of.values()))
        shown.append([QUANTITY_NAMES[name], number(first["baseline"])]
                     + [_interval(of[n]) for n in names])  # fmt: skip
    return {
        "caption": f"What each scenario changes in {year}: median of the differences draw by draw, "
        "with the 90 % interval.",
        "columns": ["Quantity", "Baseline", *map(titles.get, names, names)],
        "rows": shown,
        "notes": [],
    }


def _interval(row: Mapping[str, Any]) -> str:
    values = (row["difference"], row["q05"], row["q95"])
    if not any(values):
        return "none"
    size = max(map(abs, values))
    decimals = 0 if size >= 100 else 2 if size >= 0.1 else 4
    middle, low, high = (number(v, decimals) for v in values)
    return f"{middle} ({low} to {high})"


def advice(payload: Payload) -> list[dict[str, str]]:
    """Answer the thesis’s policy advice by a number, or say that it is not identified."""
    found = []
    for row in _part(payload)["claims"]:
        if row["claim"] in ("approach_the_junior", "confrontation_binds", "trade_binds"):
            verdict = VERDICTS.get(row["verdict"], row["verdict"])
            quantity = _named(payload, str(row["quantity"]))
            figure = curly(str(row["figure"])).replace("-", "−")
            if row["claim"] == "trade_binds":
                text = f"{sentence(figure)}."
            else:
                text = f"{sentence(quantity)}: {figure}. The claim is {verdict}."
            found.append({"term": curly(row["says"]), "text": text})
    return found


# The audit -------------------------------------------------------------------------------------


def audit_table(payload: Payload) -> Table:
    """Every claim of the thesis with its quantity, figure, verdict and data."""
    rows = []
    for row in _part(payload)["claims"]:
        vintage = str(row["vintage"] or "")
        data = curly(str(row["data"] or "–"))
        rows.append(
            [
                curly(row["says"]), _true_minus(curly(_named(payload, str(row["quantity"])))),
                _true_minus(str(row["figure"])), VERDICTS.get(row["verdict"], row["verdict"]),
                f"{data}{f'; {vintage}' if vintage else ''}",
            ]
        )  # fmt: skip
    return {
        "caption": "The claims of the thesis, each with the quantity that tests it.",
        "columns": ["Claim", "Tested by", "Figure", "Verdict", "Data and release"],
        "rows": rows,
        "notes": [
            "Computed from this run and its panel by the file of claims; a reader’s own file "
            "is judged by ‘crossover claims --file’. " + audit_rules(payload)
        ],
    }


def _named(payload: Payload, text: str) -> str:
    """Put names of the pair for their codes, and spaces for underscores."""
    for role in (SUPPLIER, RECIPIENT):
        side = payload["pair"][role]
        text = re.sub(rf"\b{side['code']}\b", side["name"], text)
    return text.replace("_", " ")


def _true_minus(text: str) -> str:
    return (
        text.replace(" -", " −").replace("[-", "[−")
        if not text.startswith("-")
        else ("−" + text[1:].replace(" -", " −").replace("[-", "[−"))
    )


def audit_rules(payload: Payload) -> str:
    """State every rule by which the claims were judged."""
    rules = list(dict.fromkeys(str(r["rule"]) for r in _part(payload)["claims"]))
    return "Rules: " + "; ".join(curly(r) for r in rules) + "." if rules else ""


def audit_text(payload: Payload) -> str:
    """Count the verdicts."""
    rows, others = _part(payload)["claims"], _part(payload)["other_claims"]
    if not rows and not others["count"]:
        return "This run holds no audit of claims."
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
    parts = [
        f"{count(counts.get(v, 0))} {VERDICTS[v]}" for v in ("supported", "contradicted", "open")
    ]
    return (
        f"Of {count(len(rows))} claims, {listing(parts)}. A claim is called supported or "
        "contradicted only where its figure is clear of the threshold by more than the error of "
        f"simulation; a claim left open is not refuted, and not shown.{_others(others)}"
    )


def _others(claims: Mapping[str, Any]) -> str:
    """Say how many claims are not printed, being about other countries than the pair."""
    if not claims["count"]:
        return ""
    whom = f" {listing(claims['about'])}" if claims["about"] else " another pair"
    are = "claim is" if claims["count"] == 1 else "claims are"
    return f" {sentence(count(claims['count']))} more {are} about{whom} and not printed here."


def vintage_table(payload: Payload) -> Table:
    """Claims of which an earlier release of the same data gives another verdict."""
    rows = [
        [curly(r["says"]), part]
        for r in _part(payload)["claims"] if r["by_vintage"]
        for part in ["; ".join(str(r["by_vintage"]).split("; "))]
    ]  # fmt: skip
    return {
        "caption": "Where a release changes the verdict.",
        "columns": ["Claim", "Verdict by release"],
        "rows": rows,
        "notes": [],
    }


def limits(payload: Payload) -> list[str]:
    """Say what the hazard cannot see."""
    if not _part(payload)["known"]:
        return [
            "No model of the partnership itself is part of this report: nothing here says whether "
            "it turns down."
        ]
    return [
        "The hazard of a downturn knows power, rank, regime, rivals and past incidents. Trade and "
        "arms dependence between partners are not known for most of the history, so what they "
        "would change is not identified; and the record of alliances is scored by its letter.",
        "Verdicts on effects in the hazard rest on what the same few treaties did: see which of "
        "them carry it.",
    ]


def captions(payload: Payload) -> dict[str, dict[str, str]]:
    """Return caption and description of each figure."""
    first = ", ".join(
        f"{EVENT_NAMES[e['event']].lower()} {prob(at_year(e, payload['headline_year']))} in "
        f"{payload['headline_year']}"
        for e in _defined(payload)
    )
    return {
        "partnership_effects": {
            "caption": "Hazard ratios of a downturn: median, 50 % and 90 % interval; in grey under "
            "each, the 90 % interval of its prior. Blue: named by the thesis; grey: controls.",
            "alt": "Dot plot of hazard ratios on a log scale, one row an effect.",
        },
        "partnership_probability": {
            "caption": "The partnership by year: probability that downturn and incident have "
            "happened, and that votes are cool in that very year; the band is two Monte-Carlo "
            "errors. Grey: extrapolation.",
            "alt": f"Curves of probability by year: {first}." if first else "No curve.",
        },
        "partnership_scenarios": {
            "caption": "How each scenario moves the probability of a statement in the year, "
            "against the baseline, with the same draws and shocks.",
            "alt": "Lines of the change of probability by year, one line a scenario.",
        },
    }


def write(payload: Payload) -> dict[str, Any]:
    """Write every text on the partnership, in the shape that report.typ sets."""
    known = _part(payload)["known"]
    return {
        "known": known,
        "intro": intro(payload),
        "events": events_table(payload) if _defined(payload) else EMPTY,
        "effects_text": effects_text(payload),
        "cross": cross_table(payload) if known else EMPTY,
        "influence": influence_table(payload),
        "checks_text": checks_text(payload),
        "checks": checks_table(payload),
        "rates": rates_table(payload),
        "hand": hand_table(payload),
        "scenarios": scenarios_intro(payload),
        "scenario_events": scenario_events(payload),
        "scenario_quantities": scenario_quantities(payload),
        "advice": advice(payload),
        "audit_text": audit_text(payload),
        "audit": audit_table(payload),
        "vintages": vintage_table(payload),
    }
