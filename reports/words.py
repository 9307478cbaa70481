"""Every sentence of a report, each a pure function of the payload.

The words carry no thesis: whether a statement is supported, contradicted or left open follows
from its probability by the rule of `reports.payload.verdict`, and the probability that an event
does not happen within the horizon is said wherever its date is. A sentence must hold for any
probability and any pair, so each one has its cases written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crossover.data.names import (
    CAPACITY_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED,
    CONTESTED_ORDERS,
    EXPORT_CROSSOVER,
    EXPORT_CROSSOVER_SINGLE,
    FIRST_PASSAGE,
    INDEPENDENCE,
    JUNIOR_EVERYWHERE,
    KINDS,
    LASTING,
    STATE,
)
from crossover.forecast import gap_change
from crossover.reports import (
    changes_words,
    render,
    robustness,
    skill_words,
)
from crossover.reports.figures import one_scale
from crossover.reports.numerals import NONE, complement, error, number, places, prob, span
from crossover.reports.phrases import (
    EVENT_TITLES,
    KIND_HEADS,
    KIND_WORDS,
    RECIPIENT,
    STATE_CLAUSES,
    SUPPLIER,
    VERDICTS,
    Payload,
    Table,
    count,
    curly,
    date,
    event_name,
    listing,
    rule,
    say,
    sentence,
    terms,
    the,
    years_of,
)
from crossover.reports.reading import at_year, verdict

FEW_DRAWS = 100
"""Timing that rests on fewer draws than this is flagged."""

EVENT_RULES = {
    CAPACITY_CROSSOVER: "capacity θ of {r} is above that of {s}; a quantity of the model, resolved "
    "by no outside source",
    CAPACITY_CROSSOVER_SUSTAINED: "the same in that year and the two before",
    EXPORT_CROSSOVER_SINGLE: "{rs} total arms exports of the year (TIV) are above {ss}; resolved "
    "by SIPRI, and never mixed with the mean of {n} years",
    CONTESTED_ORDERS: "in that year and the two before, {r} won more TIV of orders than {s} in "
    "markets that either could win; resolved by the register, {n} years after the origin at the "
    "earliest",
    EXPORT_CROSSOVER: "the {n}-year mean of {rs} total arms exports (TIV) is above {ss}; resolved "
    "by SIPRI",
    INDEPENDENCE: "the {n}-year mean of deliveries from {s} to {r} (TIV) is below {pct} % of "
    "their {base} mean; resolved by SIPRI",
}
CLAIMS = {
    "rd_stock_ahead": "{rs} R&D stock is larger than {ss}",
    "rd_within": "A country whose own R&D stock grows gains capacity",
    "rd_between": "Countries with larger R&D stocks have more capacity",
    "mil_within": "A country whose own military-spending stock grows gains capacity",
    "mil_between": "Countries with larger military-spending stocks have more capacity",
    CAPACITY_CROSSOVER: "{r} is ahead of {s} in latent capacity, averaged over conventions",
    CAPACITY_CROSSOVER_SUSTAINED: "{r} is ahead of {s} in latent capacity for {n} years running",
    EXPORT_CROSSOVER: "{rs} arms exports exceed {ss} ({n}-year means)",
    INDEPENDENCE: "{ss} deliveries to {r} are below {pct} % of their {base} mean",
    JUNIOR_EVERYWHERE: "{s} is the junior partner in every domain, in effort and in exports",
    "downturn": "An unequal partnership turns down",
}
CLAIM_RULES = {
    "rd_stock_ahead": "on record",
    "rd_within": "effect above zero",
    "rd_between": "effect above zero",
    "mil_within": "effect above zero",
    "mil_between": "effect above zero",
    "downturn": "needs the model of partnerships",
}
CHECKS = {
    "rhat": ("R-hat, largest", "≤"),
    "r_hat": ("R-hat, largest", "≤"),
    "ess_bulk": ("Bulk ESS, smallest", "≥"),
    "ess_tail": ("Tail ESS, smallest", "≥"),
    "divergences": ("Divergences", "≤"),
    "ebfmi": ("E-BFMI, smallest", "≥"),
    "bfmi": ("E-BFMI, smallest", "≥"),
}
QUANTITIES = {
    "gap": ("Capacity gap, θ of {r} minus θ of {s}", "log-odds"),
    "deliveries": ("Deliveries from {s} to {r}", "TIV million a year"),
    "import_share": ("Share of {s} in the orders of {r}, expected", "%"),
    "exports": ("Arms exports of {x}, {n}-year mean", "TIV million a year"),
    "rd_share": ("R&D spending of {x}", "% of GDP"),
    "rd_stock": ("R&D stock of {x}", "billion PPP $"),
}
VINTAGE_OF = {
    "rd_share": "country_years/rd_share",
    "gdp": "country_years/gdp_ppp_constant",
    "milex": "country_years/milex_constant",
    "population": "country_years/population",
    "researchers": "country_years/researchers",
    "tiv": "transfers/deliveries",
    "deliveries": "transfers/deliveries",
    "ordered_tiv": "orders/orders",
    "ideal_point": "votes/ideal_point",
}
"""Variable of the panel → the series whose newest release the panel records."""
ASSUMED_AS = {"deliveries": "tiv"}
"""Series that the panel counts under another name."""
TIES = {
    "embargo": "arms embargoes",
    "ally": "defence pacts",
    "legacy": "Soviet-built fleets",
    "distance": "distance between capitals",
}
"""What explains ties and is compiled by hand, by its name in the model."""
TOPICS = (
    (
        "What builds capacity",
        ("rd_within", "rd_between", "mil_within", "mil_between", "rd_within_sd",
         "capacity_sd", "walk_sd"),
    ),
    (
        "What ties a pair",
        ("memory", "memory_before", "affinity_sd", "ideal_point_effect", "embargo_effect",
         "legacy_effect",
         "ally_effect", "distance_effect", "war_effect", "war_end_rate"),
    ),
    (
        "How much is ordered",
        ("demand", "budget_level", "budget_effect", "own_rd_effect", "own_capacity_effect",
         "demand_sd", "propensity_walk_sd", "clumping", "clumping_growth"),
    ),
    (
        "What becomes of an order",
        ("chance_", "share_", "more_", "first_", "wait_", "size_supplier_sd",
         "size_recipient_sd", "size_mix_sd", "size_sd", "units_"),
    ),
    (
        "Domains",
        ("substitution", "strength_sd", "strength_walk_sd", "need_sd", "habit_sd",
         "demand_level_sd", "demand_walk_sd", "concentration", "size_level_sd",
         "supplier_size_sd", "order_sd", "scaling_sd", "spread_sd", "orders_alike"),
    ),
    ("Unit values", ("unit_", "class_sd")),
    ("Growth of GDP", ("gdp_",)),
    ("Path of the R&D share of GDP", ("rd_",)),
    ("Path of the military share of GDP", ("mil_",)),
    ("Path of UN votes", ("ideal_point_",)),
    ("Other", ("",)),
)
"""Topics of the parameter table: exact names, or a prefix that ends in an underscore."""


# Headline --------------------------------------------------------------------------------------


def title(payload: Payload) -> list[str]:
    """Title of the document, in its two lines."""
    return [sentence(say("{s} and {r}", payload)), "Military technology and arms dependence"]


def subtitle(payload: Payload) -> str:
    """Line under the title."""
    day = released(payload)
    known = f", on data released by {date(day)}" if day else ""
    return say("A probabilistic forecast from {origin} to {horizon}", payload) + known


def released(payload: Payload) -> str:
    """Return the day up to which releases count: the as-of date, or that of the newest release."""
    stated = payload["as_of"] or payload["sources"]["as_of"]
    dates = [v for v in payload["sources"]["vintages"].values() if isinstance(v, str)]
    return str(stated or max(dates, default=""))


def banner(payload: Payload) -> str | None:
    """Text of the bar on every page of a run that must not be published, None for the others."""
    gate, parts = payload["gate"], []
    if not gate["judged"]:
        parts.append("Not publishable: this run was not judged by the diagnostics gate")
    elif not gate["passed"]:
        parts.append("Not publishable: this run failed the diagnostics gate")
    if payload["quick"]:
        parts.append("Quick run: for trying out only")
    return ". ".join(parts) + "." if parts else None


def _event(payload: Payload, event: str) -> Mapping[str, Any]:
    return next(entry for entry in payload["events"] if entry["event"] == event)


def undefined(payload: Payload, event: str) -> str:
    """Say why an event is not defined for the pair."""
    if event in (EXPORT_CROSSOVER, EXPORT_CROSSOVER_SINGLE, CONTESTED_ORDERS):
        missing = [
            the(payload["pair"][role]["name"])
            for role in (RECIPIENT, SUPPLIER)
            if not payload["pair"][role]["exporter"]
        ]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            return f"{listing(missing)} {verb} not among the suppliers of the sample"
    if event == CONTESTED_ORDERS and not payload["markets"]:
        return say("no recipient of the sample ordered from both {s} and {r} of late", payload)
    if event == INDEPENDENCE and not payload["dependence"]["base_mean"]:
        return say("{s} is not on record as having delivered arms to {r} in {base}", payload)
    return "the run holds no answer for this pair"


def lead(payload: Payload) -> str:
    """First sentence: who is ahead in capacity at the origin, over all conventions."""
    average = payload["levels"]["average"]
    now = average and average["probability"]
    text = {
        "supported": "The data support that {r} was ahead of {s} in latent military technology "
        "in {origin}",
        "contradicted": "The data speak against {r} having been ahead of {s} in latent military "
        "technology in {origin}",
        "open": "The data leave open whether {r} was ahead of {s} in latent military technology "
        "in {origin}",
        "untested": "This run cannot say whether {r} was ahead of {s} in latent military "
        "technology in {origin}",
    }[verdict(now)]
    if now is None:
        return f"{say(text, payload)}."
    rows = len(payload["levels"]["rows"])
    return (
        f"{say(text, payload)}: the probability is {prob(now)}, the average over {count(rows)} "
        "conventions that make levels comparable, each counting the same."
    )


def gap_sentence(payload: Payload) -> str:
    """Say how large the gap at the origin is, over all conventions."""
    average = payload["levels"]["average"]
    if average is None or average["gap_median"] is None:
        return ""
    return say(
        "Over all of them the capacity gap in {origin}, {r} minus {s}, has a median of "
        f"{number(average['gap_median'], 2)} log-odds and a 90 % interval of "
        f"{span(average['gap_q05'], average['gap_q95'], 2)}, the spread of conventions included.",
        payload,
    )


def levels_sentence(payload: Payload) -> str:
    """Say how far the first sentence rests on the convention that makes levels comparable."""
    rows = payload["levels"]["rows"]
    if len(rows) < 2:
        return (
            "Levels are comparable only under a convention, and this run holds no alternative "
            "to the one chosen: how far the answer rests on it is not known."
        )
    verdicts = [verdict(row["probability"]) for row in rows]
    low, high = payload["levels"]["lowest"], payload["levels"]["highest"]
    start = (
        f"Single conventions, on the same data, put it {_range(low, high)} (annex on levels)"
    )
    if len(set(verdicts)) == 1:
        rest = {
            "supported": "under every one of them it is supported",
            "contradicted": "under every one of them it is contradicted",
            "open": "under every one of them it is left open",
            "untested": "none of them could be tested",
        }[verdicts[0]]
        return f"{start}; {rest}."
    words = {
        "supported": "supported under {}",
        "open": "left open under {}",
        "contradicted": "contradicted under {}",
        "untested": "not tested under {}",
    }
    counts = [
        text.format(count(verdicts.count(key))) for key, text in words.items() if key in verdicts
    ]
    return f"{start}; it is {listing(counts)}, so the convention decides the answer."


def _range(low: float | None, high: float | None) -> str:
    if prob(low) == prob(high):
        return f"at {prob(low)} throughout"
    return f"between {prob(low)} and {prob(high)}"


def outlook(payload: Payload, event: str) -> str:
    """Say how probable a state is, then that it comes at some time, and that it lasts."""
    entry = _event(payload, event)
    clause = say(STATE_CLAUSES[event], payload)
    if not entry["defined"]:
        return f"Whether {clause} is not defined: {undefined(payload, event)}."
    origin, late, horizon = (payload[key] for key in ("origin", "headline_year", "horizon"))
    parts = [
        f"{prob(at_year(entry, year))} in {year}"
        for year in payload["milestones"]
        if origin < year <= late
    ]
    text = f"That {clause} has a probability of {listing(parts)}"
    now = at_year(entry, origin)
    if entry["observed_at_origin"] and now in (0.0, 1.0):
        text += f" ({'it was so' if now else 'it was not so'} in {origin}, on record)"
    ever, good = (at_year(entry, late, kind) for kind in (FIRST_PASSAGE, LASTING))
    return (
        f"{text}; that it is so in some year up to {late}, even if it ends again, {prob(ever)}, "
        f"and in none {complement(ever)}; that from {late} it is so in every year to {horizon}, "
        f"{prob(good)}."
    )


def reversal(payload: Payload) -> str:
    """Say that exports crossed on record and have crossed back since; else nothing."""
    sides = [payload["exports"][role] for role in (RECIPIENT, SUPPLIER)]
    if not all(sides):
        return ""
    ours, theirs = (dict(zip(s["past"]["year"], s["past"]["value"], strict=True)) for s in sides)
    ahead = [
        year
        for year in sorted(ours.keys() & theirs.keys())
        if None not in (ours[year], theirs[year]) and ours[year] > theirs[year]
    ]
    if not ahead or ahead[-1] == payload["origin"]:
        return ""
    return say(
        "On record the {n}-year mean of {rs} arms exports was above {ss} last in "
        f"{ahead[-1]}; in {{origin}} it was below.",
        payload,
    )


def exporters_note(payload: Payload) -> str:
    """Warn that the capacity of a country that exports nothing rests on effort and priors."""
    missing = [
        the(payload["pair"][role]["name"])
        for role in (RECIPIENT, SUPPLIER)
        if not payload["pair"][role]["exporter"]
    ]
    if not missing:
        return ""
    verb, its = ("is", "its") if len(missing) == 1 else ("are", "their")
    return sentence(
        f"{listing(missing)} {verb} not among the suppliers of the sample: no orders show "
        f"{its} level, so {its} capacity rests on {its} effort and on the priors."
    )


def headline(payload: Payload) -> list[str]:
    """Return the paragraphs that a reader in a hurry reads."""
    first = " ".join(
        filter(None, [lead(payload), exporters_note(payload), levels_sentence(payload)])
    )
    second = " ".join(
        outlook(payload, event)
        for event in (CAPACITY_CROSSOVER,)
    )
    said = (
        outlook(payload, EXPORT_CROSSOVER), reversal(payload), outlook(payload, CONTESTED_ORDERS),
        outlook(payload, INDEPENDENCE),
    )  # fmt: skip
    third = " ".join(filter(None, said))
    partner = render.say("partnership_words", "headline", payload)
    said = [first, render.say("domains_words", "summary", payload), second, third, partner]
    return [text for text in said if text]


def key_table(payload: Payload) -> Table:
    """State, first passage and lasting of every event, up to the headline year."""
    late, horizon = payload["headline_year"], payload["horizon"]
    states = [year for year in payload["milestones"] if year <= late]
    asked = [*((STATE, y) for y in states), (FIRST_PASSAGE, late), (LASTING, late)]
    rows, notes = [], []
    for entry in payload["events"]:
        name = event_name(payload, entry["event"])
        if not entry["defined"]:
            rows.append([name, *[NONE] * len(asked)])
            notes.append(f"{name}: not defined, since {undefined(payload, entry['event'])}.")
            continue
        rows.append([name, *(prob(at_year(entry, year, kind)) for kind, year in asked)])
    return {
        "caption": say(
            "Probability of each statement: that it holds in a year; that it has held in some "
            "year from {origin} to {late}, even if it ended again; and that it holds in every "
            "year from {late} to {horizon}. Quote the first for “in {late}”, the second for “by "
            "{late}”.", payload
        ),
        "spans": [
            {"text": KIND_HEADS[kind], "columns": sum(k == kind for k, _ in asked)}
            for kind in KINDS
        ],
        "columns": ["Statement", *[KIND_WORDS[kind].format(year) for kind, year in asked]],
        "states": len(states),
        "rows": rows,
        "notes": [
            say(
                f"For good: to {horizon}, the last year simulated. Years after {{late}} are an "
                "extrapolation: section “Timing”, with Monte Carlo errors. Capacity: "
                "averaged over the conventions of the annex on levels.", payload
            ),
            *notes,
        ],
    }


def far_table(payload: Payload) -> Table:
    """What is computed beyond the headline year, and the year of first passage."""
    horizon = payload["horizon"]
    rows = []
    for entry in payload["events"]:
        name = event_name(payload, entry["event"])
        if not entry["defined"]:
            rows.append([name, *[NONE] * 7])
            continue
        happens = entry["median"] is not None and entry["within"] > 0
        slips = [e for of in entry["kinds"].values() for e in of["mc_error"] if e is not None]
        years = (("median", "median"), ("q25", "q75"), ("q05", "q95"))
        rows.append(
            [
                name,
                prob(at_year(entry, horizon)),
                prob(at_year(entry, horizon, FIRST_PASSAGE)),
                complement(entry["within"]),
                *(years_of(payload, entry[a], entry[b], short=True) if happens else NONE
                  for a, b in years),
                error(max(slips, default=None)),
            ]
        )  # fmt: skip
    few = [
        f"{event_name(payload, e['event'])}: on {round(e['within'] * payload['draws']):,} draws "
        "only." for e in payload["events"]
        if e["defined"] and 0 < round(e["within"] * payload["draws"]) < FEW_DRAWS
    ]  # fmt: skip
    return {
        "caption": say(
            "Extrapolation to {horizon}, and the year in which each statement first holds. Read "
            "the column “not by {horizon}” together with the years: they are of the draws in "
            "which it happens.", payload
        ),
        "columns": [
            "Statement", f"in {horizon}", f"by {horizon}", f"not by {horizon}", "median year",
            "50 %", "90 %", "MC error",
        ],
        "rows": rows,
        "notes": [
            say(
                "In, by: as in Table 1. ≤{origin}: in {origin} or earlier. MC error: largest "
                "Monte Carlo standard error of the row’s probabilities in both tables, from the "
                f"finite number of draws ({payload['draws']:,}); 0 where all draws agree. It says "
                "which digits to believe, not how wrong the model may be.", payload
            ),
            *few,
        ],
    }  # fmt: skip


# Levels ----------------------------------------------------------------------------------------


def levels_paragraphs(payload: Payload) -> list[str]:
    """Explain why a comparison of levels needs a convention and which one was chosen."""
    chosen = next((row for row in payload["levels"]["rows"] if row["headline"]), None)
    first = say(
        "Orders show who gains, but not by themselves whose technology stands higher. A supplier "
        "that sells much may be capable, or may be well connected to those who buy. In the "
        "model, a supplier’s level can be traded against its mean tie to its customers, and every "
        "order stays as probable as before. A convention has to fix this, and another defensible "
        "one can move the comparison of {r} and {s}.", payload
    )
    second = (
        "Ties are explained first by distance in UN votes, embargoes, Soviet-built fleets, "
        "defence pacts and distance between capitals; only what is left is subject to the "
        "convention."
    )
    second += (
        " No datum prefers one convention, so the headline averages over all, each counting the "
        "same; the annex on levels has them one by one."
    )
    if chosen:
        second += (
            " So do the forecasts of later years: all conventions move alike, but that what a war "
            f"costs comes back with peace. One country by itself is shown under {_letter(0)}: "
            f"{_lower(chosen['description'])}."
        )
    return [first, second]


def _lower(text: str) -> str:
    text = curly(text).rstrip(". ")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _letter(at: int) -> str:
    return chr(ord("A") + at)


def levels_table(payload: Payload) -> Table:
    """The headline probability under each normalisation."""
    rows = [
        [
            _letter(at),
            curly(row["description"]).rstrip(". "),
            prob(row["probability"]),
            error(row["mc_error"]),
            number(row["gap_median"], 2),
            span(row["gap_q05"], row["gap_q95"], 2),
            *map(prob, row["later"]),
            VERDICTS[verdict(row["probability"])],
        ]
        for at, row in enumerate(payload["levels"]["rows"])
    ]
    average = payload["levels"]["average"]
    if average:
        rows.insert(0, [
            "", "Average, each counting the same (headline)", prob(average["probability"]),
            error(average["mc_error"]), number(average["gap_median"], 2),
            span(average["gap_q05"], average["gap_q95"], 2), *map(prob, average["later"]),
            VERDICTS[verdict(average["probability"])],
        ])  # fmt: skip
    years = {row["year"] for row in payload["levels"]["rows"]}
    year = str(years.pop()) if len(years) == 1 else payload["origin"]
    return {
        "caption": say(
            f"How much of the answer is convention: the probability that {{r}} was ahead of "
            f"{{s}} in {year}, under each defensible way of making the two levels comparable.",
            payload,
        ),
        "columns": ["", "Convention", "P", "MC error", "Gap", "90 % interval",
                    *(f"P, {year}" for year in payload["levels"]["years"]), "Verdict"],
        "rows": rows,
        "headline": [at == 0 and average is not None for at in range(len(rows))],
        "notes": [
            say(
                "P: probability that θ of {r} is above θ of {s}, in {origin} and later. Gap: "
                "median of θ of {r} minus θ of {s}, log-odds. ", payload
            ) + rule(payload)
        ],
    }


# Reading ---------------------------------------------------------------------------------------


def reading(payload: Payload) -> list[dict[str, str]]:
    """Explain every term that the report uses."""
    day = released(payload)
    known = f"; this run uses what was released by {date(day)}" if day else ""
    entries = [
        (
            "Capacity θ",
            "Latent military technology: how strongly a country draws orders for arms, its "
            "politics, its distance and its past deliveries being equal. It is inferred from who "
            "delivers to whom, from R&D and from military spending; nobody observes it.",
        ),
        (
            "Log-odds",
            "The unit of θ. If one country is 1 log-odds above another, the odds of its being "
            "chosen over the other are 2.7 to 1, all else equal; at 0 they are even; at −1 they "
            "are 1 to 2.7.",
        ),
        (
            "TIV",
            "SIPRI’s trend-indicator value, in millions: the military value of major "
            "conventional arms delivered, by what they can do and not by what was paid.",
        ),
        (
            "R&D stock",
            "Accumulated spending on research and development of the whole economy, older "
            "spending written off year by year. It is not military R&D, of which no comparable "
            "figures exist.",
        ),
        (
            "Dependence",
            say(
                "What {s} delivers to {r}; its share in {rs} arms imports; and the imported part "
                "of all that {r} acquires, which the model infers.", payload
            ),
        ),
        (
            "Origin, horizon",
            say(
                "The last year of data ({origin}) and the last year simulated ({horizon}). What "
                "is led with ends in {late}; later years are an extrapolation.", payload
            ),
        ),
        (
            "Vintage, as-of date",
            f"A vintage is the release in which a figure was published{known}.",
        ),
        (
            "Draw",
            f"One complete possible past and future that agrees with the data; this report rests "
            f"on {payload['draws']:,}. A probability is the share of draws in which a statement "
            "holds. All futures here are of the baseline, in which nothing is imposed.",
        ),
        (
            "50 % and 90 % interval",
            "Half, and nine tenths, of the draws lie inside, the rest evenly on both sides. An "
            "interval of a figure that will be published includes the noise of single years.",
        ),
        (
            "In, by, for good",
            say(
                "“In {late}”: so in that year, whatever comes before and after. “By {late}”: so "
                "in some year from {origin} to {late}, even if it ended again; never less "
                "probable. “From {late} on”, for good: so in every year from {late} to {horizon}; "
                "never more probable.", payload
            ),
        ),
        (
            "Median year",
            say(
                "The year by which the event has happened in half of those draws in which it "
                "happens by {horizon}. It says nothing of the draws in which it does not.",
                payload,
            ),
        ),
        (
            "Monte Carlo error",
            "The standard error that comes from a finite number of draws. It is not the "
            "uncertainty of the forecast; it says which digits of a probability to believe.",
        ),
        (
            "Prior, posterior",
            "What was assumed of a quantity before these data, and what is believed after them.",
        ),
        (
            "R-hat, ESS",
            "Checks of the sampler. R-hat compares the chains (independent runs of the sampler): "
            "1.00 means that they agree. ESS, the effective sample size, is the number of "
            "independent draws that the draws are worth, for the middle (bulk) and the ends "
            "(tail) of a distribution.",
        ),
        (
            "Divergence, E-BFMI",
            "A divergence is a step that the sampler could not follow: none is allowed. E-BFMI "
            "says how freely the sampler moves between more and less probable regions: low "
            "values mean that it may have missed some.",
        ),
        (
            "Probabilities",
            "Two decimals; <0.01 and >0.99 stand for anything closer to 0 and 1.",
        ),
    ]
    return [{"term": term, "text": text} for term, text in entries]


def event_rules(payload: Payload) -> list[dict[str, str]]:
    """Return the resolution rule of every event."""
    return [
        {
            "term": event_name(payload, event),
            "text": sentence(say(EVENT_RULES[event], payload)) + ".",
        }
        for event in EVENT_RULES
    ]


# Figures ---------------------------------------------------------------------------------------


def captions(payload: Payload) -> dict[str, dict[str, str]]:
    """Return caption and alternative text of every figure, by key of `reports.figures.ALL`."""
    made = {
        "levels": (_levels_caption, "Dot plot of the probability and of the gap with its 90 % "
                   "interval, one row a convention; the numbers are in the table above it."),
        "rd_effort": (_rd_caption, "Two line charts by year: R&D spending in % of GDP, and R&D "
                      "stock on a logarithmic scale, both countries, past and forecast bands."),
        "capacity": (_capacity_caption, "Two line charts by year with 50 and 90 % bands: latent "
                     "capacity of both countries, and the gap between them, past and forecast."),
        "dependence": (_dependence_caption, "Three charts by year with 50 and 90 % bands: "
                       "deliveries in TIV million, share in orders, and the number of orders "
                       "in periods of three years."),
        "causes": (_causes_caption, "Dot plots: what each cause adds to the log of orders, with "
                   "90 % intervals."),
        "exports": (_exports_caption, "Line chart by year with 50 and 90 % bands: three-year "
                    "mean of total arms exports of both countries in TIV million."),
        "probability": (_probability_caption, "Line charts, one an event: probability by year that "
                        "it holds, has happened, and holds for good; numbers are in Table 1."),
        "timing": (_timing_caption, "Bar charts, one an event: probability of the year in which it "
                   "first holds, and a hatched bar for the probability that it does not by the "
                   "horizon."),
        "chains": (_chains_caption, "Density of the capacity gap in each chain; its medians are "
                   "in the table of chains."),
    }
    found = {key: {"caption": make(payload), "alt": alt} for key, (make, alt) in made.items()}
    found |= skill_words.captions(payload) | changes_words.captions(payload)
    return found


def _levels_caption(payload: Payload) -> str:
    return say(
        "The conventions one by one. Left: the probability that {r} is ahead; right: the gap. "
        "Look at how far the dots move against how wide one interval is. Filled: their average, "
        "with the draws of all; dotted line: even odds.", payload
    )


def _last(series: Mapping[str, Any], key: str = "value") -> float | None:
    return series[key][-1] if series["year"] else None


def _rd_caption(payload: Payload) -> str:
    rd, w, parts = payload["rd"], terms(payload), []
    for role, name in ((RECIPIENT, w["r"]), (SUPPLIER, w["s"])):
        series = rd[role]["share_observed"]
        if series["year"]:
            parts.append(f"{name} {number(_last(series), 2)} % of GDP in {series['year'][-1]}")
        else:
            parts.append(f"{name}, none on record")
    text = f"R&D effort. The latest figures: {listing(parts)}."
    if rd["ratio"] is not None:
        year = min(rd[role]["stock_past"]["year"][-1] for role in (RECIPIENT, SUPPLIER))
        ratio = rd["ratio"]
        size = f"{number(ratio, 1)} times" if ratio >= 1 else f"{number(100 * ratio)} % of"
        text += f" In {year} {w['rs']} R&D stock was {size} {w['ss']}"
        first = max(rd[role]["stock_past"]["year"][0] for role in (RECIPIENT, SUPPLIER))
        if rd["passed"] is None:
            text += "."
        elif rd["passed"] <= first:
            text += f"; it has been the larger since the record begins ({first})."
        else:
            text += f"; it has been the larger since {rd['passed']}."
    return sentence(
        text + " Circles and squares: published figures; shades: 50 % and 90 % of draws; line: "
        "median. The past of the stock is drawn at its central estimate."
    )


def _capacity_caption(payload: Payload) -> str:
    gap, w = payload["capacity"]["gap"]["future"], terms(payload)
    low, middle, high = (_last(gap, key) for key in ("q05", "q50", "q95"))
    text = (
        "Latent capacity. Above: both countries, under convention A; below: the gap over all "
        "conventions, whose uncertainty is not that of the two bands: errors common to both "
        "cancel, and conventions differ. Line: median; shades: 50 % and 90 % of draws. "
    )
    if middle is not None:
        text += (
            f"By {payload['horizon']} the gap has a median of {number(middle, 2)} log-odds and a "
            f"90 % interval of {span(low, high, 2)}, which "
        )
        if low > 0:
            text += f"lies above zero, on the side of {w['r']}."
        elif high < 0:
            text += f"lies below zero, on the side of {w['s']}."
        else:
            text += "includes zero: who is ahead then is left open."
    return text


def _dependence_caption(payload: Payload) -> str:
    data, w = payload["dependence"], terms(payload)
    text = f"Dependence of {w['r']} on {w['s']}. "
    if data["peak"] is None:
        text += "No deliveries are on record. "
    else:
        peak = data["peak"]
        text += (
            f"Deliveries were highest in {peak['year']} ({number(peak['value'], 0)} TIV million)"
            f" and averaged {number(data['recent_mean'], 0)} over the last {w['n']} years. "
        )
    end = data["deliveries"]
    text += (
        f"For {payload['horizon']} half of the draws lie between "
        f"{number(_last(end, 'q25'), 0)} and {number(_last(end, 'q75'), 0)} TIV million"
    )
    zero = data["zero_share"][-1] if data["zero_share"] else None
    text += ". " if zero is None else f", and none is delivered with probability {prob(zero)}. "
    if data["base_mean"]:
        text += f"Dashed: {w['pct']} % of the {w['base']} mean, the mark of independence. "
    text += _past_check(data["past_check"])
    return text + (
        "Below: the supplier’s share in the orders expected, without the noise of single years, "
        "and orders that the register lists, with the bands that the fitted model gives them."
    )


def _past_check(check: Mapping[str, int]) -> str:
    """Say how many periods' orders lie inside the bands of what the model predicts for them."""
    total, inner, outer = (check[key] for key in ("periods", "within_50", "within_90"))
    return (
        f"The orders of {outer} of {total} three-year periods lie within the 90 % band, and of "
        f"{inner} within the 50 % band, of a model that has seen them; bands of the right width "
        f"would hold about {0.9 * total:.0f} and {0.5 * total:.0f}. "
    )


def _exports_caption(payload: Payload) -> str:
    data, w, parts = payload["exports"], terms(payload), []
    for role, name in ((RECIPIENT, w["r"]), (SUPPLIER, w["s"])):
        if data[role] and data[role]["past"]["year"]:
            past = data[role]["past"]
            parts.append((name, past["value"][-1], past["year"][-1]))
    if not parts:
        return "Arms exports. Neither country is among the suppliers of the sample."
    words = listing([f"{name} {number(value, 0)}" for name, value, _ in parts])
    text = f"Arms exports, three-year means. In {parts[0][2]}, TIV million: {words}. "
    for role, name in ((RECIPIENT, w["r"]), (SUPPLIER, w["s"])):
        if not data[role]:
            text += f"{sentence(name)} is not among the suppliers of the sample. "
    if data["log_scale"]:
        text += "On the logarithmic scale equal distances are equal ratios. "
    return text + (
        "The bands include the noise of single years, which a few large orders make. Whether one "
        "country passes the other is a matter of single draws: read it in Table 1, not off the "
        "medians."
        if len(parts) == 2
        else "The bands include the noise of single years, which a few large orders make."
    )


def _causes_caption(payload: Payload) -> str:
    return (
        "What moved orders, from the two three-year periods with the most orders on the register "
        "to the last two. −0.7 is a half, +0.7 twice as many. Causes add up to “all together”; "
        "circle: the change on the register. “Unexplained” is what moved and no cause in the "
        "model accounts for: it is no finding about its cause."
    )


def _probability_caption(payload: Payload) -> str:
    return say(
        "Solid, with numbers: probability that the statement holds in the year. Dashed, above it: "
        "that it has held in some year from {origin} on. Dotted, beneath: that it holds from the "
        "year to {horizon} without a break. Grey: extrapolation. Shade: two Monte Carlo standard "
        "errors either way.", payload
    )


def _timing_caption(payload: Payload) -> str:
    return say(
        "When for the first time, if at all. Bars: probability of each year, the first bar holding "
        "all that happened by {origin}; hatched: it does not happen by {horizon}. The bars of a "
        "panel add up to 1. Triangle: median year of the draws in which it happens."
        + ("" if one_scale(payload) else " The scales differ."), payload,
    )


def _chains_caption(payload: Payload) -> str:
    return say(
        "The capacity gap in {origin} by chain. Chains that agree lie over one another; one that "
        "stands apart means that the sampler has not found the whole answer.", payload
    )


# Tables ----------------------------------------------------------------------------------------


def milestone_table(payload: Payload) -> Table:
    """Medians and 90 % intervals at the milestone years."""
    rows = []
    for row in payload["milestone_table"]:
        name, unit = QUANTITIES[row["quantity"]]
        who = the(payload["pair"][row["role"]]["name"]) if row["role"] else ""
        percent = row["quantity"] == "import_share"
        scale = 100.0 if percent else 1e-9 if row["quantity"] == "rd_stock" else 1.0
        decimals = {"gap": 2, "rd_share": 2}.get(row["quantity"], _decimals(row, scale))
        cells = []
        for cell in row["cells"]:
            if cell is None or None in cell.values():
                cells.append([NONE, ""])
            elif "value" in cell:
                cells.append([number(_times(cell["value"], scale), decimals), "on record"])
            else:
                low, middle, high = (_times(cell[k], scale) for k in ("q05", "q50", "q95"))
                cells.append([number(middle, decimals), span(low, high, decimals)])
        if row["quantity"] == "rd_stock":
            unit = f"billion, {payload['rd']['unit']}" if payload["rd"]["unit"] else unit
        rows.append([say(name, payload, x=who), unit, cells])
    missing = any(cell[0] == NONE for _, _, cells in rows for cell in cells)
    return {
        "caption": "Median and, beneath it, 90 % interval at milestone years.",
        "columns": ["Quantity", "Unit", *[str(year) for year in payload["milestones"]]],
        "rows": rows,
        "notes": [
            "Deliveries and exports are predictions of figures to be published, noise of single "
            "years included. “On record”: published, or computed from published figures."
            + (f" {NONE}: no figure published." if missing else "")
        ],
    }


def _decimals(row: Mapping[str, Any], scale: float) -> int:
    values = [v for cell in row["cells"] if cell for v in cell.values() if v is not None]
    return 1 if max((abs(v * scale) for v in values), default=0.0) < 10 else 0


def _times(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale


def claims_table(payload: Payload) -> Table:
    """Which links of the argument the data support."""
    rows = []
    for claim in payload["claims"]:
        key, year, p = claim["claim"], claim["year"], claim["probability"]
        what = CLAIM_RULES.get(key) or f"in {year}"
        if key == "downturn" and claim["modelled"]:
            what = f"by {year}: adverse end, rivalry or war"
        if claim["observed"]:
            chance = NONE if p is None else "yes" if p >= 1 else "no" if p <= 0 else prob(p)
            what = f"in {year}, on record"
        else:
            chance = prob(p)
        if claim["modelled"] and p is None:
            events = (*EVENT_TITLES, JUNIOR_EVERYWHERE)
            what = "not defined for this pair" if key in events else "no figures"
        text = say(CLAIMS.get(key, key), payload)
        rows.append([sentence(text), what, chance, VERDICTS[claim["verdict"]]])
    return {
        "caption": "The links of the argument, and what these data say of each.",
        "columns": ["Link", "Test", "P", "Verdict"],
        "rows": rows,
        "notes": [
            f"P: probability that the statement holds. {rule(payload)} Not tested: the model of "
            "this run has no such quantity, or the pair no such figure. A link on effort is about "
            "all countries of the sample, not about this pair. An association within a country "
            "over time is not proof of a cause."
        ],
    }


def claims_summary(payload: Payload) -> str:
    """Count the verdicts and say that a chain is no better than its weakest link."""
    counts = {key: 0 for key in VERDICTS}
    for claim in payload["claims"]:
        counts[claim["verdict"]] += 1
    parts = [(n, VERDICTS[key]) for key, n in counts.items() if n]
    verb = "is" if parts and parts[0][0] == 1 else "are"
    words = listing(
        [f"{count(n)} {verb + ' ' if at == 0 else ''}{text}" for at, (n, text) in enumerate(parts)]
    )
    return say(
        "The argument under test runs: {rs} effort in research outgrows {ss}; effort builds "
        "military technology; technology ends dependence; {s} becomes the junior partner; the "
        f"partnership turns down. Of its {count(len(payload['claims']))} links, {words}. "
        "An argument holds no better than its weakest link, and a link that is not tested is not "
        "supported.", payload
    )


def parameter_groups(payload: Payload) -> list[dict[str, Any]]:
    """Posterior beside prior of every top-level parameter, by topic."""
    left = list(payload["parameters"])
    groups = []
    for topic, keys in TOPICS:
        chosen = [p for key in keys for p in left if _matches(p["name"], key)]
        left = [p for p in left if p not in chosen]
        if chosen:
            groups.append({"topic": topic, "rows": [_parameter(p) for p in chosen]})
    return groups


def _matches(name: str, key: str) -> bool:
    return name.startswith(key) if not key or key.endswith("_") else name == key


def _parameter(parameter: Mapping[str, Any]) -> dict[str, str]:
    prior, posterior = parameter["prior"], parameter["posterior"]
    texts, digits = [], max(places(part["q05"], part["q95"]) for part in (prior, posterior))
    for part in (prior, posterior):
        texts.append([number(part["q50"], digits), span(part["q05"], part["q95"], digits)])
    narrower = parameter["contraction"]
    if narrower is None:
        change = NONE
    elif narrower < 0:
        change = f"{-100 * narrower:.0f} % wider"
    else:
        change = f"{100 * narrower:.0f} %"
    return {
        "name": parameter["name"],
        "description": curly(parameter["description"]).rstrip(". "),
        "unit": "" if parameter["unit"] in ("", "1") else parameter["unit"],
        "prior": texts[0],
        "posterior": texts[1],
        "positive": prob(posterior["positive"]) if parameter["signed"] else "",
        "narrower": change,
        "alt": f"Prior and posterior density of {parameter['name']}; posterior median "
        f"{texts[1][0]}, 90 % interval {texts[1][1]}.",
    }


def parameters_text(payload: Payload) -> str:
    """Say how to read the strips."""
    return (
        f"The {len(payload['parameters'])} top-level parameters. Grey: prior; blue: posterior, "
        "each drawn to the same height; dashed: zero. A posterior that lies on its prior has "
        "learnt nothing from the data, and what rests on it rests on judgement. Numbers: median "
        "and, beneath it, 90 % interval. P(>0): probability of a value above zero, where the "
        "prior allows both signs. Narrower: how much smaller the posterior standard deviation is "
        "than that of the prior."
    )


def gate_text(payload: Payload) -> str:
    """Say what the gate found."""
    gate = payload["gate"]
    if not gate["judged"]:
        return (
            "This run was not judged by the diagnostics gate, so nothing in this report may be "
            "published."
        )
    if gate["passed"]:
        return (
            "The run passed the diagnostics gate: every check below is within its threshold. "
            "Passing says that the sampler has explored this model; it does not say that the "
            "model is right."
        )
    failed = [_check_name(check)[0] for check in gate["checks"] if not check.get("passed")]
    which = f" ({listing(failed)})" if failed else ""
    return (
        f"The run failed the diagnostics gate{which}. Its numbers may be wrong in ways that no "
        "interval shows; they are printed for those who mend the fit and may not be published."
    )


def _check_name(check: Mapping[str, Any]) -> tuple[str, str]:
    name = str(check.get("name", ""))
    if name in CHECKS:
        return CHECKS[name]
    return sentence(name.replace("_", " ")), ""


def gate_table(payload: Payload) -> Table:
    """Every check of the gate with its threshold."""
    rows = []
    for check in payload["gate"]["checks"]:
        name, sign = _check_name(check)
        limit = _figure(check.get("threshold"))
        where = check.get("where")
        rows.append(
            [
                name,
                _figure(check.get("value")),
                f"{sign} {limit}".strip(),
                _where(where),
                "passed" if check.get("passed") else "FAILED",
            ]
        )
    return {
        "caption": "The diagnostics gate.",
        "columns": ["Check", "Found", "Required", "Where", "Verdict"],
        "rows": rows,
        "notes": [],
    }


def _where(value: Any) -> str:
    return re.sub(r"^parameters\[(\w+)\]$", r"\1", _text(value)) or NONE


def _figure(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e7:
        return f"{int(value):,}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def chains_table(payload: Payload) -> Table:
    """What each chain did."""
    data = payload["chains"]
    label = {
        "gap": say("Median gap, {origin}", payload),
        "rd_within": "Median R&D effect",
        None: "",
    }[data["quantity"]]
    columns = [
        ("chain", "Chain", "{:.0f}"),
        ("draws", "Draws", "{:,.0f}"),
        ("divergences", "Divergences", "{:.0f}"),
        ("ebfmi", "E-BFMI", "{:.2f}"),
        ("steps", "Mean steps", "{:.0f}"),
        ("depth", "Mean depth", "{:.1f}"),
        ("median", label, "{:.3f}"),
        ("ahead", "P(ahead)", "{:.2f}"),
    ]
    shown = [c for c in columns if any(c[0] in row for row in data["rows"])]
    rows = [
        [
            "" if row.get(key) is None else form.format(row[key]).replace("-", "−")
            for key, _, form in shown
        ]
        for row in data["rows"]
    ]
    notes = ["Steps: leapfrog steps of the sampler per draw."] if "steps" in {
        c[0] for c in shown
    } else []
    if data["quantity"] == "gap":
        notes.append(
            say(
                "Median gap: of θ of {r} minus θ of {s}, log-odds. P(ahead): share of draws in "
                "which {r} is ahead.", payload
            )
        )
    if data["quantity"] == "rd_within":
        notes.append(
            "Median R&D effect: of a change in a country’s own R&D stock, log-odds per log unit. "
            "It stands in for the capacity gap, which has no value per chain where a country of "
            "the pair is not a supplier of the sample."
        )
    return {
        "caption": "The chains, which ought to agree.",
        "columns": [title for _, title, _ in shown],
        "rows": rows,
        "notes": notes,
    }


# Change of the gap, arrivals, markets ----------------------------------------------------------


PARTS = {
    gap_change.ALL: "Change of the gap",
    gap_change.RESEARCH: "of it R&D",
    gap_change.MILITARY: "of it military spending",
    gap_change.REST: "the rest, unexplained",
}


def gap_change_text(payload: Payload) -> str:
    """Say by how much the gap moved, and what of it effort accounts for."""
    spans = [row for row in payload["gap_change"] if row["part"] == gap_change.ALL]
    if not spans:
        return ""
    told = [
        f"{number(row['median'], 2)} over {count(row['years'])} years (90 % interval "
        f"{span(row['q05'], row['q95'], 2)}; above zero with probability "
        f"{prob(row['p_positive'])})"
        for row in spans
    ]
    return say(
        f"Up to {{origin}} the gap, {{r}} minus {{s}}, moved by {listing(told)}, in log-odds. A "
        "change needs no convention of levels, so it is firmer than the level.", payload
    )


def gap_change_table(payload: Payload) -> Table:
    """Change of the gap over several spans, and its split."""
    found = {(row["years"], row["part"]): row for row in payload["gap_change"]}
    years = list(dict.fromkeys(row["years"] for row in payload["gap_change"]))
    rows = [
        [
            name,
            *(f"{number(found[y, part]['mean'], 2)} "
              f"({span(found[y, part]['q05'], found[y, part]['q95'], 2)})" for y in years),
        ]
        for part, name in PARTS.items() if years
    ]  # fmt: skip
    return {
        "caption": say(
            "Change of the capacity gap up to {origin}, {r} minus {s}, and its split.", payload
        ),
        "columns": ["Log-odds, mean (90 % interval)", *(f"{year} years" for year in years)],
        "rows": rows,
        "notes": [
            "The means of the parts add up to that of the whole, their intervals do not. The "
            "rest is what the model saw move and no effort on record explains: it is no finding "
            "about its cause."
        ],
    }


def arrivals_table(payload: Payload) -> Table:
    """Expected deliveries by year, and how probable less than each level is."""
    late = payload["headline_year"]
    shown = [row for row in payload["arrivals"] if row["year"] <= late]
    levels = list(shown[0]["below"]) if shown else []
    return {
        "caption": say("What {s} is expected to deliver to {r}, TIV million a year.", payload),
        "columns": [
            "Year", "Expected", "Median", "50 %", "90 %", *(f"P below {x}" for x in levels)
        ],
        "rows": [
            [
                str(row["year"]), number(row["expected"], 0), number(row["median"], 0),
                span(row["q25"], row["q75"], 0), span(row["q05"], row["q95"], 0),
                *(prob(p) for p in row["below"].values()),
            ]
            for row in shown
        ],
        "notes": [
            "Of single years, noise included. Expected: the mean, which a few large orders raise "
            "above the median. Independence is asked of a mean of three years, so it is none of "
            f"these columns. Years after {late} are in arrivals.csv and arrivals_below.csv."
        ],
    }  # fmt: skip


def markets_text(payload: Payload) -> str:
    """Name the markets that either country could win."""
    rows = payload["markets"]
    if not rows:
        return say("No recipient of the sample ordered from both {s} and {r} of late.", payload)
    first, last = rows[0]["first_year"], rows[0]["last_year"]
    names_ = listing([the(row["name"]) for row in rows])
    return say(
        f"Contested orders are those of {count(len(rows))} markets: recipients of the sample that "
        f"ordered from both {{s}} and {{r}} in {first}–{last}, as the register lists orders. They "
        f"are {names_}.", payload
    )


# Sources and identity --------------------------------------------------------------------------


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_text(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)


def variables_table(payload: Payload) -> Table:
    """Every series used: unit, source, vintage, and how far its dating is assumed."""
    sources = payload["sources"]
    vintages, assumed = sources["vintages"], sources["assumed"]
    rows, shown = [], set()
    for entry in sources["variables"]:
        name, source = entry["name"].removesuffix("_observed"), entry["source"]
        series = VINTAGE_OF.get(name, name)
        if series in shown:
            continue
        shown.add(series)
        release = _text(vintages.get(series, ""))
        if release and release not in source:
            source += f", {release}"
        source = sentence(source.removeprefix("supplier_wars, "))
        unit = NONE if entry["units"] in ("", "1") else entry["units"]
        known = next((assumed[key] for key in (name, ASSUMED_AS.get(name)) if key in assumed), None)
        share = NONE if known is None else _share(known)
        rows.append([sentence(entry["long_name"]), unit, source, share])
    ties = [word for key, word in TIES.items() if key in sources["covariates"]]
    return {
        "caption": "Series used, the release each comes from, and the share of figures whose "
        "release date is assumed.",
        "columns": ["Series", "Unit", "Source and release", "Assumed"],
        "rows": rows,
        "notes": [
            "Assumed: where no vintage of a series was kept, its figures are taken from the next "
            "later release and dated by the provider’s usual lag.",
            *([_compiled(ties)] if ties else []),
        ],
    }


def _compiled(ties: Sequence[str]) -> str:
    return f"{sentence(listing(ties))}: compiled for this project and kept with its data."


def _share(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _text(value)
    if not value:
        return "none"
    return "<1 %" if value < 0.005 else f"{100 * value:.0f} %"


def providers(payload: Payload) -> list[dict[str, str]]:
    """Return who published the figures, where, and on what terms."""
    result = []
    for entry in payload["sources"]["providers"]:
        if not isinstance(entry, Mapping):
            result.append({"term": _text(entry), "text": ""})
            continue
        name = _first(entry, ("title", "name", "provider"))
        cited = _first(entry, ("citation",))
        rest = [
            "" if cited in name else cited,
            _first(entry, ("path", "url")),
            _first(entry, ("terms", "licence", "license")),
            _first(entry, ("vintage", "version")),
        ]
        text = "".join(f"{t.rstrip('.')}. " for t in rest if t).strip()
        result.append({"term": name, "text": text})
    return result


def _first(entry: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((_text(entry[key]) for key in keys if entry.get(key)), "")


LABELS = {
    "id": "Run",
    "created": "Created",
    "command": "Command",
    "seed": "Seed",
    "as_of": "Data as of",
    "quick": "Quick",
    "draws": "Draws per chain",
    "chains": "Chains",
}


def record_table(payload: Payload) -> list[list[str]]:
    """Return what identifies the run: label, value, and whether the value is code."""
    groups: dict[str, list[tuple[str, str]]] = {}
    rows: list[list[str]] = []
    for row in payload["record"]:
        key, value = row["key"], row["value"]
        head, _, tail = key.partition(".")
        if tail:
            groups.setdefault(head, []).append((tail, value))
        else:
            words = {"True": "yes", "False": "no"}.get(value, value)
            code = "code" if key in ("id", "command") else ""
            rows.append([LABELS.get(key, sentence(key.replace("_", " "))), words, code])
    for head, items in groups.items():
        if head == "code":
            found = dict(items)
            state = {
                "True": "with changes not committed",
                "False": "as committed",
            }.get(found.get("dirty", ""), "")
            parts = [
                f"version {found['version']}" if "version" in found else "",
                f"commit {found['commit']}" if "commit" in found else "",
                state,
            ]
            rows.append(["Code", ", ".join(filter(None, parts)), ""])
        elif head == "hashes":
            rows.extend([f"Hash of {name}", value, "code"] for name, value in items)
        elif head == "seconds":
            text = ", ".join(f"{name} {_seconds(value)}" for name, value in items)
            rows.append(["Seconds", text, ""])
        else:
            text = ", ".join(f"{name} {value}" for name, value in items)
            rows.append([sentence(head.replace("_", " ")), text, ""])
    return rows


def _seconds(text: str) -> str:
    try:
        return f"{float(text):.0f}"
    except ValueError:
        return text


def limits(payload: Payload) -> list[str]:
    """Say what the forecast cannot see."""
    return [
        "Capacity is inferred from orders, R&D and military spending. Technology that is "
        "never exported, or withheld for political reasons, shows only through effort.",
        "SIPRI counts major conventional arms as delivered: not ammunition, small arms, most "
        "components, or the transfer of knowledge. Figures of the latest years are restated, at "
        "times by a sixth to a half.",
        "R&D is that of the whole economy. A civilian boom and a military one look alike.",
        "What a country orders abroad goes on from its present level: nothing draws it back to an "
        "earlier one, and nothing is known of what would. " + skill_words.limit(payload),
        "The capacity of a recipient that is not among the suppliers of the sample is inferred "
        "from its effort, and bounded by its share in the exports of the rest of the world: it is "
        "weakly known.",
        "Capacity by domain is what orders from abroad show. A state that keeps its best for "
        "itself, or that nobody may buy from, stands lower than its technology; engines sold "
        "inside an aircraft count as the aircraft.",
        "Strengths by domain move slowly, in steps of four years, and are forecast as random "
        "walks: no effort by domain is on record that could explain where they go.",
        *_partnership_limits(payload),
        "Present wars end at a rate that is a prior: no data inform it. New wars, embargoes and "
        "pacts are not foreseen, and population grows on as in its last five years.",
        "The baseline continues what the past has shown, shocks included. It knows no event of "
        "a kind that the record does not hold, and intervals do not include the chance that the "
        "model is wrong.",
        "Several of the priors rest on judgement; the section on parameters shows which the data "
        "have moved.",
    ]


def _partnership_limits(payload: Payload) -> list[str]:
    """Say what the hazard cannot see."""
    if not payload["partnership"]["known"]:
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


# The whole -------------------------------------------------------------------------------------


def write(payload: Payload) -> dict[str, Any]:
    """Write every text of a report.

    Returns
    -------
    dict
        Strings, lists and tables of strings, in the shape that report.typ sets.
    """
    return _keep_together({
        "title": title(payload),
        "subtitle": subtitle(payload),
        "banner": banner(payload),
        "id": payload["id"],
        "created": date(payload["created"]),
        "headline": headline(payload),
        "gap": gap_sentence(payload),
        "key": key_table(payload),
        "far": far_table(payload),
        "levels": {
            "paragraphs": levels_paragraphs(payload),
            "table": levels_table(payload),
        },
        "robustness": robustness.table(payload),
        "reading": reading(payload),
        "rules": event_rules(payload),
        "captions": captions(payload),
        "gap_change_text": gap_change_text(payload),
        "gap_change": gap_change_table(payload),
        "arrivals": arrivals_table(payload),
        "markets": markets_text(payload),
        "changes": changes_words.write(payload),
        "milestones": milestone_table(payload),
        "claims": claims_table(payload),
        "claims_summary": claims_summary(payload),
        "parameters_text": parameters_text(payload),
        "parameters": parameter_groups(payload),
        "gate_text": gate_text(payload),
        "gate_passed": bool(payload["gate"]["judged"] and payload["gate"]["passed"]),
        "gate": gate_table(payload),
        "chains": chains_table(payload),
        "variables": variables_table(payload),
        "providers": providers(payload),
        "record": record_table(payload),
        "warnings": list(payload["warnings"]),
        "skill": skill_words.write(payload),
        "limits": limits(payload),
    })


def _keep_together(value: Any) -> Any:
    """Tie a per-cent sign to its number."""
    if isinstance(value, str):
        return value.replace(" %", "\u00a0%")
    if isinstance(value, Mapping):
        return {key: _keep_together(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_keep_together(inner) for inner in value]
    return value
