"""What a report says by technology domain: pure functions of the payload, as the other words.

What is said of a domain follows from its numbers by the rule of `reports.domains.stands`, which
is printed. Where a domain rests on few orders, or on none, the count stands beside the number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossover.data.names import (
    DEFAULT_RECIPIENT,
    DEFAULT_SUPPLIER,
    FIRST_PASSAGE,
    JUNIOR_EVERYWHERE,
    JUNIOR_IN_NAMED_DOMAINS,
    LASTING,
    STATE,
)
from crossover.reports.domain_figures import ROOT_TICKS, letters, short
from crossover.reports.domains import UNITS, counted, stands
from crossover.reports.numerals import NONE, error, number, prob, span
from crossover.reports.phrases import (
    KIND_WORDS,
    RECIPIENT,
    SUPPLIER,
    VERDICTS,
    Payload,
    Table,
    count,
    curly,
    listing,
    names,
    say,
    sentence,
    terms,
    the,
)
from crossover.reports.reading import CONTRADICTED, SUPPORTED, at_year, verdict

LONG_DOMAINS = {
    "aircraft": "aircraft",
    "uncrewed": "uncrewed systems",
    "air_defence": "air and missile defence",
    "engines": "engines",
    "missiles": "missiles",
    "naval": "ships and naval weapons",
    "submarines": "submarines",
    "sensors": "sensors, radars among them",
    "land": "land systems",
    "other": "other systems",
}
JOINT = {
    JUNIOR_EVERYWHERE: "{r} ahead everywhere",
    JUNIOR_IN_NAMED_DOMAINS: "The same, “other” left out",
}
JOINT_LIST = (
    "GDP, R&D stock, military spending, total arms exports ({n}-year mean), latent capacity and "
    "capacity in every domain"
)


def long(domain: str) -> str:
    """Name of a domain in a sentence."""
    return LONG_DOMAINS.get(domain, domain)


def outsiders(payload: Payload) -> list[str]:
    """Countries of the pair that are not among the suppliers of the sample."""
    return [
        the(payload["pair"][role]["name"])
        for role in (RECIPIENT, SUPPLIER)
        if not payload["pair"][role]["exporter"]
    ]


def _last_period(payload: Payload) -> str:
    period = payload["domains"]["periods"][-1]
    return f"{period['first']}–{period['last']}"


# Who is ahead ----------------------------------------------------------------------------------


def summary(payload: Payload) -> str:
    """Say on the first page how the domains stand."""
    data, w = payload["domains"], terms(payload)
    rows, here = data["rows"], data["count"][0]
    middle, low, high = here["q50"], here["q05"], here["q95"]
    size = f"{middle} of {len(rows)} technology domains"
    text = (
        f"By domain, averaged over conventions, {w['r']} was ahead of {w['s']} in {size} in "
        f"{w['origin']} (median; 90 % interval {low} to {high})"
    )
    groups = {key: [] for key in ("supported", "open", "contradicted")}
    for row in rows:
        groups[verdict(row["now"]["probability"])].append(short(row["domain"]).lower())
    words = {
        "supported": f"at a probability of {SUPPORTED:g} or more in ",
        "open": "left open in ",
        "contradicted": f"at {CONTRADICTED:g} or less in ",
    }
    parts = [
        f"{words[key]}{'each' if len(group) == len(rows) else listing(group)}"
        for key, group in groups.items()
        if group
    ]
    text += f": {'; '.join(parts)}. "
    joint = _joint(payload, JUNIOR_EVERYWHERE)
    if not joint["defined"]:
        return text + f"Whether {w['r']} is ahead everywhere is not defined: {_no_joint(payload)}."
    clause = f"That {w['r']} is ahead everywhere, in effort, exports and all domains at once"
    late = prob(at_year(joint, payload["headline_year"]))
    return text + f"{clause}, has a probability of {late} in {w['late']}."


def _joint(payload: Payload, event: str) -> Mapping[str, Any]:
    return next(entry for entry in payload["domains"]["joint"] if entry["event"] == event)


def _no_joint(payload: Payload) -> str:
    missing = outsiders(payload)
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        return f"{listing(missing)} {verb} not among the suppliers of the sample"
    return "figures of one of the two are missing"


def intro(payload: Payload) -> list[str]:
    """Say what capacity by domain is and what it rests on."""
    data, w = payload["domains"], terms(payload)
    first = (
        "Capacity by domain is capacity in all, moved by how a country’s orders are made up: "
        f"given how much a customer orders of {w['s']} in all, the domains it falls in show where "
        f"{w['s']} is strong relative to others, once the customer’s needs, the habits of the "
        "pair and world demand are accounted for. It is in log-odds of being chosen as a source "
        "of arms in the domain, by volume. Every domain inherits the level of capacity in all, "
        "and with it "
        f"the convention that the level needs. This part rests on {data['draws']:,} draws."
    )
    missing = outsiders(payload)
    if not missing:
        return [first]
    verb, its = ("is", "its") if len(missing) == 1 else ("are", "their")
    second = sentence(
        f"{listing(missing)} {verb} not among the suppliers of the sample. No exports show where "
        f"{verb.replace('is', 'it is').replace('are', 'they are')} strong; what sets {its} domains "
        "apart is drawn from the prior. Differences between its domains are not findings."
    )
    if verb == "are":
        second = second.replace("between its domains", "between their domains")
    return [first, second]


def heat_caption(payload: Payload) -> str:
    """Caption of the map of probabilities."""
    return say(
        "Probability that {r} is ahead of {s}, by domain and year: the share of draws in which "
        "its capacity in the domain is the higher one in that year, averaged over the conventions "
        "of the level. Darker: likelier. At the right the same share in figures. Domains in the "
        "order of {origin}. Dashed: end of data.", payload
    )


def capacity_caption(payload: Payload) -> str:
    """Caption of the small multiples."""
    text = say(
        "Capacity by domain, log-odds of being chosen as a source of arms, all panels on one "
        "scale. Line: median; shades: 50 % and 90 % of draws. P: probability that {r} was ahead "
        "in {origin}. Errors common to both countries cancel in P and not in the bands.", payload
    )
    missing = outsiders(payload)
    if missing:
        text += f" What sets domains of {listing(missing)} apart is prior."
    return text


def table(payload: Payload) -> Table:
    """Today, the years ahead, and how much there is to go by, for each domain."""
    data, w = payload["domains"], terms(payload)
    asked = _asked(payload)
    side = names(payload)
    rows = []
    for row in data["rows"]:
        event, now = row["event"], row["now"]
        gap = now["gap"]
        rows.append(
            [
                short(row["domain"]),
                prob(now["probability"]),
                error(now["mc_error"]),
                f"{number(gap['q50'], 2)} ({span(gap['q05'], gap['q95'], 2)})",
                *[prob(at_year(event, y, kind)) if event["defined"] else NONE
                  for kind, y in asked],
                *[_sold(row, role) for role in (RECIPIENT, SUPPLIER)],
            ]
        )
    notes = [
        say(
            f"P {{origin}}: probability that {{r}} was ahead; MC: its Monte Carlo standard error. "
            "Gap: {r} minus {s}, log-odds, median (90 % interval). In a year: ahead in that year. "
            "By {late}: ahead in some year from {origin} to {late}, even where the lead is lost "
            "again. From {late} on: ahead in every year to {horizon}. "
            f"Orders {_last_period(payload)}: deals of SIPRI’s register that each side won in the "
            "domain. Where they are few, the number rests on "
            "other domains and on the prior.", payload,
        )
    ]
    missing = outsiders(payload)
    if missing:
        verb = "is no supplier" if len(missing) == 1 else "are no suppliers"
        notes.append(f"{NONE}: {listing(missing)} {verb} of the sample.")
    return {
        "caption": f"Who is ahead by domain: {w['r']} against {w['s']}.",
        "columns": [
            "Domain", f"P {w['origin']}", "MC", "Gap",
            *(KIND_WORDS[kind].format(year) for kind, year in asked), f"Orders {side[RECIPIENT]}",
            f"Orders {side[SUPPLIER]}",
        ],
        "rows": rows,
        "notes": notes,
    }  # fmt: skip


def _asked(payload: Payload) -> list[tuple[str, int]]:
    """Kinds and years after the origin that the tables of domains show."""
    late = payload["headline_year"]
    states = [y for y in payload["milestones"] if payload["origin"] < y <= late]
    return [*((STATE, year) for year in states), (FIRST_PASSAGE, late), (LASTING, late)]


def _sold(row: Mapping[str, Any], role: str) -> str:
    mine = row["record"][role]
    return NONE if mine is None else f"{mine['orders'][-1]:,.0f}"


def count_table(payload: Payload) -> Table:
    """In how many domains the recipient is ahead, at the milestones."""
    data = payload["domains"]
    numbers = [str(n) for n in data["count"][0]["domains"]]
    rows = [
        [
            str(entry["year"]),
            *[NONE if p == 0 else prob(p) for p in entry["probability"]],
            f"{entry['q50']} ({entry['q05']} to {entry['q95']})",
        ]
        for entry in data["count"]
    ]
    return {
        "caption": say("In how many domains {r} is ahead in a year.", payload),
        "columns": ["Year", *numbers, "Median (90 %)"],
        "rows": rows,
        "notes": [
            f"Probability of each number of domains, counted draw by draw. {NONE}: in no draw."
        ],
    }


def joint_table(payload: Payload) -> Table:
    """The events that ask for a lead in everything at once."""
    w = terms(payload)
    asked = [(STATE, payload["origin"]), *_asked(payload), (STATE, payload["horizon"])]
    rows, notes = [], []
    for entry in payload["domains"]["joint"]:
        name = sentence(say(JOINT[entry["event"]], payload))
        if not entry["defined"]:
            rows.append([name, *[NONE] * (len(asked) + 1)])
            continue
        slips = [at_year(entry, year, kind, "mc_error") for kind, year in asked]
        rows.append(
            [
                name,
                *[prob(at_year(entry, year, kind)) for kind, year in asked],
                error(max(slips, default=None)),
            ]
        )
    if any(not entry["defined"] for entry in payload["domains"]["joint"]):
        notes.append(f"Not defined for this pair: {_no_joint(payload)}.")
    joint = say(JOINT_LIST, payload)
    return {
        "caption": say("{s} as the junior partner in everything at once.", payload),
        "columns": [
            "Statement", *(KIND_WORDS[kind].format(year) for kind, year in asked), "MC error",
        ],
        "rows": rows,
        "notes": [
            sentence(
                f"{w['r']} ahead everywhere: in one and the same draw and year ahead in {joint}. "
                "It is counted draw by draw, not multiplied from the chances of its parts. “Other”"
                f" is a domain of hardly any orders. {w['horizon']} is an extrapolation. MC error: "
                "the largest of the row."
            ),
            *notes,
        ],
    }  # fmt: skip


# Conventions -----------------------------------------------------------------------------------


def _new_conventions(payload: Payload) -> list[Mapping[str, str]]:
    known = {row["alternative"] for row in payload["levels"]["rows"]}
    return [c for c in payload["domains"]["conventions"] if c["alternative"] not in known]


def conventions(payload: Payload) -> list[str]:
    """Say which conventions are compared, and whether the second measurement agrees."""
    letter = letters(payload)
    used = {c["alternative"] for c in payload["domains"]["conventions"]}
    shared = [letter[r["alternative"]] for r in payload["levels"]["rows"]
              if r["alternative"] in used]
    text = ""
    if shared:
        text = (
            f"The conventions of the annex on levels ({shared[0]} to {shared[-1]}) move all "
            "domains of a country alike. " if len(shared) > 1
            else f"Convention {shared[0]} is that of the level in all. "
        )
    new = _new_conventions(payload)
    if new:
        text += "Beside them stand " if shared else "There are "
        text += f"{count(len(new))} that differ by domain" if len(new) > 1 else "one"
        text += ", no part of the average. "
        text += " ".join(
            f"{letter[c['alternative']]}: {curly(c['description']).rstrip('. ')}." for c in new
        )
    return [text.strip(), *([units_text(payload)] if _has_units(payload) else [])]


def _has_units(payload: Payload) -> bool:
    return any(c["alternative"] == UNITS for c in payload["domains"]["conventions"])


def units_text(payload: Payload) -> str:
    """Say what unit values are and whether they agree with shares."""
    text = (
        "Unit values are a second measurement. They compare what one unit of the same class of "
        "new weapons is worth in SIPRI’s scale, a fighter with fighters and a radar with radars: "
        "how advanced what is exported is, not how much of it sells. They are in log units "
        "(0.1 is about a tenth more) and need no convention. Do the two measurements agree? "
    )
    return text + " ".join(_slope(entry) for entry in payload["domains"]["agreement"])


def _slope(entry: Mapping[str, Any]) -> str:
    what = {
        "within": "Among one supplier’s domains, a domain in which it is 1 log-odds stronger by "
        "orders goes with units worth {m} log units more (90 % interval {i}; probability of a "
        "slope above zero {p})",
        "between": "Between suppliers, 1 log-odds more of capacity in all goes with units worth "
        "{m} log units more ({i}; {p})",
    }.get(entry["slope"], entry["slope"] + ": {m} ({i}; {p})")
    text = what.format(
        m=number(entry["median"], 3), i=span(entry["q05"], entry["q95"], 3),
        p=prob(entry["positive"]),
    )
    if entry["positive"] >= SUPPORTED:
        rest = "reliably above zero, so here the two agree in direction, and that is how strongly"
    elif entry["positive"] <= CONTRADICTED:
        rest = "reliably below zero: here the two contradict each other"
    else:
        rest = "not reliably above zero: here the two do not agree, and neither confirms the other"
    return f"{text}: {rest}."


def levels_table(payload: Payload) -> Table:
    """How far each domain's answer is convention."""
    letter, w = letters(payload), terms(payload)
    side = names(payload)
    rows, uncounted = [], False
    for row in payload["domains"]["rows"]:
        unit = next((x for x in row["levels"] if x["alternative"] == UNITS), None)
        others = [x["probability"] for x in row["levels"] if counted(x)]
        cells = [
            short(row["domain"]),
            prob(row["now"]["probability"]),
            *[
                f"{prob(row[end]['probability'])} ({letter[row[end]['alternative']]})"
                if row[end] else NONE
                for end in ("lowest", "highest")
            ],
        ]
        if _has_units(payload):
            if unit is None:
                cells += [NONE] * 4
            else:
                mark = "" if counted(unit) else "*"
                uncounted = uncounted or bool(mark)
                cells += [
                    prob(unit["probability"]) + mark,
                    f"{number(unit['gap_median'], 2)} "
                    f"({span(unit['gap_q05'], unit['gap_q95'], 2)})",
                    *[f"{unit[f'{role}_items'] or 0:.0f}" for role in (RECIPIENT, SUPPLIER)],
                ]
        rows.append([*cells, VERDICTS[stands(row["now"]["probability"], others)]])
    columns = ["Domain", "Average", "Lowest", "Highest"]
    notes = [
        f"Average, lowest, highest: probability that {w['r']} was ahead in {w['origin']}; in "
        f"brackets the convention. {rule(payload)}"
    ]
    if _has_units(payload):
        columns += [
            "By unit values", "Gap, log unit value", f"Units {side[RECIPIENT]}",
            f"Units {side[SUPPLIER]}",
        ]  # fmt: skip
        notes.append(
            f"By unit values: probability that {w['rs']} units were worth more. Units: how many "
            "unit values of the side there are, over all periods (the highest of each class and "
            "period)."
            + (
                " *: a side has none, so that the number comes from other domains; it does not "
                "count as a convention." if uncounted else ""
            )
        )
    return {
        "caption": say(
            "How much of the answer is convention, by domain: that {r} was ahead of {s} in "
            "{origin}.", payload
        ),
        "columns": [*columns, "Verdict"],
        "rows": rows,
        "notes": notes,
    }


def levels_caption(payload: Payload) -> str:
    """Caption of the plot of conventions by domain."""
    text = say(
        "Levels by domain. Left: probability that {r} was ahead under each convention; the line "
        "spans them; filled: average; circles: single conventions; dotted: even odds.", payload
    )
    if not _has_units(payload):
        return text + " Unit values need exports of both, and this pair has none to compare."
    return text + (
        " Diamonds: unit values, at the right with their gap, recipient minus supplier, in log "
        "unit value, and the number of unit values of each side; grey where one side has none."
    )


def rule(payload: Payload) -> str:
    """State the rule by which a statement on a domain is judged."""
    likelier = payload["domains"]["rules"]["likelier"]
    return (
        f"Verdict: supported at {SUPPORTED:g} or more on average and {likelier:g} or more "
        "under every convention; contradicted where that holds of the opposite; left open "
        "otherwise."
    )


# Dependence ------------------------------------------------------------------------------------


def dependence_text(payload: Payload) -> str:
    """Say what dependence by domain rests on."""
    return say(
        "Shares of orders follow from what each supplier may expect of the orders of {r} in all "
        "and from how they are made up by domain.",
        payload,
    )


def dependence_table(payload: Payload) -> Table:
    """Dependence by domain today."""
    w, last = terms(payload), _last_period(payload)
    rows = []
    for row in payload["domains"]["rows"]:
        record = row["record"]
        part = row["dependence"]["share"]
        low, middle, high = (100 * part[q] for q in ("q05", "q50", "q95"))
        cells = [f"{middle:.0f} ({low:.0f} to {high:.0f})"]
        total = record["imports"][-1]
        forth = record["forth"]
        seen = NONE if forth is None or not total else f"{100 * forth['delivered'][-1] / total:.0f}"
        rows.append(
            [short(row["domain"]), *cells, seen, number(total, 0)]
        )
    return {
        "caption": say(f"Dependence of {{r}} on {{s}} by domain, {payload['origin']}.", payload),
        "columns": [
            sentence(text)
            for text in (
                "domain",
                f"{w['ss']} share in orders, %, median (90 %)",
                f"of deliveries {last}, %",
                f"deliveries on record {last}, TIV million",
            )
        ],
        "rows": rows,
        "notes": [
            f"Share: expected, for {w['origin']}, without the noise of single orders. On "
            f"record: what SIPRI has for {last}; {NONE}: nothing imported from anyone."
        ],
    }


def record_table(payload: Payload) -> Table:
    """What the supplier delivered to the recipient, and its orders, by domain and period."""
    data, w = payload["domains"], terms(payload)
    rows, totals = [], [[0.0, 0.0] for _ in data["periods"]]
    for row in data["rows"]:
        forth = row["record"]["forth"]
        cells = []
        for at in range(len(data["periods"])):
            orders, delivered = (
                (forth["orders"][at], forth["delivered"][at]) if forth else (0.0, 0.0)
            )
            totals[at] = [totals[at][0] + orders, totals[at][1] + delivered]
            cells.append(_delivered(orders, delivered))
        rows.append([short(row["domain"]), *cells])
    rows.append(["All", *[_delivered(*total) for total in totals]])
    return {
        "caption": f"Deliveries and orders on record by domain: {w['s']} to {w['r']}.",
        "columns": ["Domain", *[f"{p['first']}–{p['last'] % 100:02d}" for p in data["periods"]]],
        "rows": rows,
        "notes": [
            "TIV million delivered in the period, in brackets the orders placed in it; "
            f"{NONE}: neither. Source: SIPRI, delivery lines and the newest register of the panel."
        ],
    }


def _delivered(orders: float, delivered: float) -> str:
    if not orders and not delivered:
        return NONE
    return f"{number(delivered, 0 if delivered >= 10 else 1)} ({orders:.0f})"


# The predictive check --------------------------------------------------------------------------


def check_text(payload: Payload) -> str:
    """Say how many observed shares lie inside the bands of their prediction."""
    check = payload["domains"]["check"]
    narrow, wide = check["within_50"], check["within_90"]
    return (
        "Can the model make the compositions that are on record? Given how many orders each "
        "pair placed in a period and how much they came to, it predicts how they divide by domain. "
        "Of "
        f"{check['cells']:,} observed shares {check['zeros']:,} are exactly zero, and so are "
        "many predictions: a share then lies on the edge of its band. Breaking such ties at random"
        f", {_percent(wide['split'])} lie inside the 90 % band and {_percent(narrow['split'])} "
        "inside the 50 % band; counting the edge as inside, "
        f"{_percent(wide['touched'])} and {_percent(narrow['touched'])}. Bands of the right "
        "width would hold 90 % and 50 %; more than that means that they are too wide. The check is "
        f"in sample: the parameters have seen these orders. {_misses(payload)}"
    )


def _misses(payload: Payload) -> str:
    """Say where the recipient's imports lay outside the band of their prediction."""
    r = terms(payload)["r"]
    code = payload["pair"][RECIPIENT]["code"]
    missed = [
        miss
        for one in payload["domains"]["check"]["series"]
        if one["side"] == "imports" and one["country"] == code
        for miss in one["missed"]
    ]
    if not missed:
        return f"What {r} ordered was inside the 90 % band in every domain and period."
    parts = [
        f"{short(m['domain']).lower()} {m['side']} it in {_periods(payload, m['periods'])}"
        for m in missed
    ]
    text = f"What {r} ordered was outside the 90 % band here: {'; '.join(parts)}."
    if any(len(miss["periods"]) > 1 for miss in missed):
        text += (
            " Where one domain misses on one side again and again, the model does not follow how "
            "the country’s needs have moved, and what it says of dependence there is to be "
            "read with that in mind."
        )
    return text


def _periods(payload: Payload, last_years: Sequence[int]) -> str:
    known = {period["last"]: period["first"] for period in payload["domains"]["periods"]}
    return listing([f"{known.get(year, year)}–{year}" for year in last_years])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def check_caption(payload: Payload) -> str:
    """Caption of the figure of compositions."""
    check = payload["domains"]["check"]
    sellers = listing([the(s["name"]) for s in check["series"] if s["side"] == "exports"])
    ticks = ", ".join(f"{100 * t:.0f}" for t in ROOT_TICKS)
    first = check["series"][0]["panels"][0]["period"][0]
    return say(
        "Composition by domain, observed (circles) and predicted (50 % and 90 % bands), "
        f"% of TIV ordered on a square-root scale (ticks {ticks}). Across: periods of four years, "
        f"the first and the last marked by their last year ({first % 100:02d}: {first}). "
        f"Orders won by the {count(len(check['series']) - 1)} largest suppliers ({sellers}) and "
        "orders of {r}. At the right: share of the row’s figures inside the 90 % band, ties "
        "broken at random.", payload
    )


# The argument ----------------------------------------------------------------------------------


def named_text(payload: Payload) -> str:
    """Introduce the argument's statements on domains."""
    pair = tuple(payload["pair"][role]["code"] for role in (SUPPLIER, RECIPIENT))
    text = say(
        "The argument says that {s} is still needed for radars, submarines, air and missile "
        "defence and aircraft engines, that {r} leads in uncrewed systems already, and that {s} "
        "is to become the junior partner in every domain. Needed is read as: {s} was still ahead "
        "of {r} in {origin}. ", payload
    )
    if pair != (DEFAULT_SUPPLIER, DEFAULT_RECIPIENT):
        text = (
            "The argument was made about Russia and China. Its statements on domains, put to this "
            "pair: " + say(
                "{s} was still ahead of {r} in {origin} in radars, submarines, air and missile "
                "defence and aircraft engines, and {r} in uncrewed systems. ", payload
            )
        )
    return text + rule(payload)


def named_table(payload: Payload) -> Table:
    """The statements on domains with their verdicts."""
    w, rows = terms(payload), []
    for claim in payload["domains"]["named"]:
        first, second = (w["r"], w["s"]) if claim["side"] == RECIPIENT else (w["s"], w["r"])
        rows.append(
            [
                sentence(f"{first} ahead of {second}: {long(claim['domain'])}"),
                prob(claim["probability"]),
                f"{prob(claim['lowest'])} to {prob(claim['highest'])}",
                f"{claim['likelier']} of {claim['conventions']}",
                prob(claim["late"]),
                VERDICTS[claim["verdict"]],
            ]
        )
    return {
        "caption": say("The argument’s statements on domains, in {origin}.", payload),
        "columns": [
            "Statement", "P, average", "Over conventions", "Likelier under",
            sentence(say("{r} ahead in {late}", payload)), "Verdict",
        ],
        "rows": rows,
        "notes": [
            say(
                "P: probability that the statement held in {origin}. Likelier under: conventions "
                "that give it even odds or better. {r} ahead in {late}: probability of being ahead "
                "in that year.", payload
            )
        ],
    }  # fmt: skip


def named_sentences(payload: Payload) -> list[dict[str, str]]:
    """Answer each statement in a sentence or three, with what the register shows."""
    by_domain = {row["domain"]: row for row in payload["domains"]["rows"]}
    return [
        {
            "term": sentence(f"{long(claim['domain'])}: {VERDICTS[claim['verdict']]}."),
            "text": f"{_answer(payload, claim)} {_register(payload, by_domain[claim['domain']])}",
        }
        for claim in payload["domains"]["named"]
    ]


def _answer(payload: Payload, claim: Mapping[str, Any]) -> str:
    w = terms(payload)
    first, second = (w["r"], w["s"]) if claim["side"] == RECIPIENT else (w["s"], w["r"])
    what = {
        "supported": f"The data support that {first} was ahead of {second}",
        "contradicted": f"The data speak against {first} having been ahead of {second}",
        "open": f"The data leave open whether {first} was ahead of {second}",
    }[claim["verdict"]]
    ends = dict.fromkeys((prob(claim["lowest"]), prob(claim["highest"])))
    return (
        f"{what} in {claim['year']}: probability {prob(claim['probability'])} as an average over "
        f"conventions; single ones, {count(claim['conventions'])} of them, give "
        f"{' to '.join(ends)}."
    )


def _register(payload: Payload, row: Mapping[str, Any]) -> str:
    """Say what is on record of the domain in the last period, both ways and to all customers."""
    w, record, last = terms(payload), row["record"], _last_period(payload)
    parts = []
    for key, seller, buyer in (("forth", w["s"], w["r"]), ("back", w["r"], w["s"])):
        if record[key] is not None:
            parts.append(f"{_orders(record[key], first=not parts)} from {seller} to {buyer}")
    whole = [
        f"{_orders(record[role], first=not parts and role == SUPPLIER)} by {w[letter]}"
        for role, letter in ((SUPPLIER, "s"), (RECIPIENT, "r"))
        if record[role] is not None
    ]
    text = f"The register of {last} shows {listing(parts)}" if parts else ""
    if whole:
        text += f"{'; ' if text else f'The register of {last} shows '}to all customers "
        text += listing(whole)
    unit = next((x for x in row["levels"] if x["alternative"] == UNITS), None)
    text = f"{text}." if text else ""
    if unit is not None and counted(unit):
        text += (
            f" By unit values {w['r']} stands at {number(unit['gap_median'], 2)} log units against "
            f"{w['s']} (90 % interval {span(unit['gap_q05'], unit['gap_q95'], 2)}; "
            f"{unit['recipient_items']:.0f} and {unit['supplier_items']:.0f} unit values)."
        )
    elif unit is not None:
        text += " There are no unit values of both sides to compare."
    share = row["dependence"]["share"]
    text += (
        f" Of {w['rs']} orders in the domain {100 * share['q50']:.0f} % are expected from "
        f"{w['s']} ({100 * share['q05']:.0f} to {100 * share['q95']:.0f})"
    )
    total = record["imports"][-1]
    if record["forth"] is not None and total:
        came = record["forth"]["delivered"][-1]
        text += f"; of what was delivered in {last}: {100 * came / total:.0f} %"
    return f"{text.strip()}."


def _orders(record: Mapping[str, Sequence[float]], *, first: bool) -> str:
    orders, volume = record["orders"][-1], record["volume"][-1]
    if not orders:
        return "no order" if first else "none"
    noun = f" order{'s' if orders != 1 else ''}" if first else ""
    size = number(volume, 0 if volume >= 10 else 1)
    return f"{orders:,.0f}{noun} ({size} TIV million)"


def limits(payload: Payload) -> list[str]:
    """Say what capacity by domain cannot see."""
    return [
        "Capacity by domain is what orders from abroad show. A state that keeps its best for "
        "itself, or that nobody may buy from, stands lower than its technology; engines sold "
        "inside an aircraft count as the aircraft.",
        "Strengths by domain move slowly, in steps of four years, and are forecast as random "
        "walks: no effort by domain is on record that could explain where they go.",
    ]


def write(payload: Payload) -> dict[str, Any]:
    """Write every text on domains, in the shape that report.typ sets."""
    return {
        "intro": intro(payload),
        "table": table(payload),
        "count": count_table(payload),
        "joint": joint_table(payload),
        "conventions": conventions(payload),
        "levels": levels_table(payload),
        "dependence_text": dependence_text(payload),
        "dependence": dependence_table(payload),
        "record": record_table(payload),
        "check_text": check_text(payload),
        "named_text": named_text(payload),
        "named": named_table(payload),
        "named_sentences": named_sentences(payload),
    }


CAPTIONS = {
    "domains_heat": (
        heat_caption,
        "Map of probabilities, one row a domain, one column a year; figures at the right.",
    ),
    "domains_capacity": (
        capacity_caption,
        "Small line charts by year, one a domain, with 50 and 90 % bands of both countries’ "
        "capacity in log-odds.",
    ),
    "domains_levels": (
        levels_caption,
        "Dot plot by domain of probabilities under each convention, and of the gap in unit "
        "values; the numbers are in the table beside it.",
    ),
    "domains_check": (
        check_caption,
        "Grid of small charts: observed share of each domain by period against predicted bands, "
        "one row a country.",
    ),
}
