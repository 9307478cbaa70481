"""What a report says of the change since the last edition, and of the track record.

Whoever reads only this page must understand it: every column is explained beneath its table, and a
change is called one only where it is larger than two of its Monte-Carlo errors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from crossover.data.names import (
    EXPORT_CROSSOVER,
    EXPORT_CROSSOVER_SINGLE,
    FIRST_PASSAGE,
    INDEPENDENCE,
    KIND,
    STATE,
)
from crossover.reports import changes_figures
from crossover.reports.changes_figures import STEPS, points
from crossover.reports.numerals import NONE, error, number, prob
from crossover.reports.phrases import (
    RECIPIENT,
    STATE_CLAUSES,
    SUPPLIER,
    Payload,
    Table,
    count,
    curly,
    date,
    event_name,
    listing,
    say,
    sentence,
    the,
)

EMPTY: Table = {"caption": "", "columns": [], "rows": [], "notes": []}
TEN_POINTS = 0.10
NEAREST = 5
"""Figures of next year that are shown when none moves the headline by ten points."""
NOTHING, WEIGHTS, FIT, RUN = "nothing changed", "weights", "fit", "run"
PRIORS, REVISED, NEW = STEPS
MEANINGS = {
    PRIORS: "what follows from other priors or another version of the model, figures held",
    REVISED: "what follows from restated figures of years that the earlier run had already",
    NEW: "what follows from the figures of years that the earlier run did not have",
}
SERIES = {
    "transfers/deliveries": "arms deliveries",
    "orders/orders": "arms orders",
    "country_years/milex_constant": "military expenditure",
    "country_years/rd_share": "R&D spending",
    "country_years/gdp_ppp_constant": "GDP",
    "country_years/population": "population",
    "country_years/researchers": "researchers",
    "votes/ideal_point": "UN votes",
}
OBSERVABLES = {
    "deliveries": "deliveries from {s} to {r}",
    "imports": "arms imports of {x}",
    "exports": "arms exports of {x}",
    "rd_share": "R&D spending of {x}",
    "gdp": "GDP of {x}",
    "milex": "military spending of {x}",
}
UNITS = {
    "international $": (1e-9, "billion constant international $"),
    "US$ million": (1e-3, "billion constant US$"),
}
"""Unit of a table → by what it is multiplied in print, and the unit of that."""
ASKED = {STATE: ", in the year", FIRST_PASSAGE: ", by the year"}
QUESTIONS = {
    EXPORT_CROSSOVER: "Recipient exports more than supplier",
    EXPORT_CROSSOVER_SINGLE: "Recipient exports more, single years",
    INDEPENDENCE: "Independence from supplier",
    "deliveries": "Deliveries, supplier to recipient",
    "imports": "Arms imports",
    "exports": "Arms exports",
}


def _part(payload: Payload) -> Mapping[str, Any]:
    return payload["changes"]


# Which runs, and how -----------------------------------------------------------------------------


def runs_text(payload: Payload) -> str:
    """Say which two runs are set against each other, and what each knew."""
    part = _part(payload)
    before, now = part["from"], part["to"]
    if not before or not now:
        name = (part["update"] or {}).get("from")
        earlier = f"run {name}" if name else "an earlier run, whose record was not kept,"
        return f"This run, {payload['id']}, is set against {earlier} of the same pair."
    text = (
        f"This run, {now['id']} (data to {now['origin']}{_as_of(now)}), is set against run "
        f"{before['id']} (data to {before['origin']}{_as_of(before)}) of the same pair."
    )
    old, new = before["vintages"], now["vintages"]
    moved = [
        f"{SERIES.get(key, key)} {_released(old.get(key))} → {_released(new.get(key))}"
        for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)
    ]  # fmt: skip
    if not old and not new:
        return text
    if moved:
        return f"{text} Releases in use, then → now: {'; '.join(moved)}."
    return f"{text} Both rest on the same releases of data."


def _as_of(end: Mapping[str, Any]) -> str:
    return f", as released by {date(end['as_of'])}" if end["as_of"] else ""


def _released(day: str | None) -> str:
    return date(day) if day else "none"


def moved_text(payload: Payload) -> str:
    """Say how this run’s posterior came about, and how each step was parted from the others."""
    part = _part(payload)
    update, before = part["update"], part["from"]
    theirs = before["id"] if before else None
    first = "This run was fitted on its own, not moved on from the earlier one."
    if update and (theirs is None or update["from"] == theirs):
        why = _reason(update.get("reason"))
        if update["how"] == "reweighted":
            first = (
                "No new fit was made: this run’s draws are those of the earlier run, weighted by "
                f"how well each agrees with the figures of now ({why})."
            )
        else:
            start = " Its chains began at the earlier posterior." if (
                update.get("start") == "warm"
            ) else ""
            first = f"This run was fitted anew; the reason on record: {why}.{start}"
    told = [
        _link(name, link, part["khat_max"])
        for name, link in zip(STEPS, part["links"][1:], strict=True)
    ]
    text = f"{first} The steps: {'; '.join(told)}.{_beliefs(part)}"
    if any(link["khat"] is not None for link in part["links"]) or "k-hat" in first:
        text += (
            " K-hat says how uneven weights are: what rests on weights counts as reliable up to "
            f"{part['khat_max']:g}."
        )
    return text


def _beliefs(part: Mapping[str, Any]) -> str:
    """Say which of priors and code differ, where that step changed something and it is known."""
    if not part["from"] or not part["to"] or part["links"][1]["how"] == NOTHING:
        return ""
    differ = [key for key in ("priors", "code") if part["from"][key] != part["to"][key]]
    if not differ:
        return (
            " Priors and code on record are the same, but the code was not wholly committed and so "
            "counts as changed."
        )
    return f" Between the two runs {' and '.join(differ)} differ."


def _reason(text: str | None) -> str:
    return curly(str(text or "not recorded")).replace("_", " ").rstrip(".")


def _link(name: str, link: Mapping[str, Any], limit: float) -> str:
    how = link["how"]
    if how == NOTHING:
        return f"{name}: nothing of the kind changed"
    if how == WEIGHTS:
        doubt = "" if link["khat"] <= limit else ", not reliable"
        return f"{name}: the earlier draws weighted (k-hat {number(link['khat'], 2)}{doubt})"
    if how == FIT:
        return f"{name}: by a fit between the two runs"
    if how == RUN:
        return f"{name}: all that was left, up to this run"
    return f"{name}: not parted, counted with the next step"


# The split ---------------------------------------------------------------------------------------


def headline(payload: Payload) -> list[str]:
    """Return the paragraphs that say by how much, and through what, the answers moved."""
    part = _part(payload)
    row = next(r for r in part["rows"] if (r["event"], r["by"]) == (part["event"], part["by"]))
    clause = say(STATE_CLAUSES[row["event"]], payload)
    change, slip = row["after"] - row["before"], _whole_error(row)
    size = f"{points(change)} points" + (f" ± {_slip(slip)}" if slip is not None else "")
    if not change:
        first = f"The probability that {clause} in {row['by']} is what it was: {prob(row['after'])}"
    elif beyond(change, slip):
        first = (
            f"The probability that {clause} in {row['by']} went from {prob(row['before'])} to "
            f"{prob(row['after'])}: {size}"
        )
    else:
        first = (
            f"The probability that {clause} in {row['by']} did not move by more than the error of "
            f"simulation: {prob(row['before'])} before, {prob(row['after'])} now ({size})"
        )
    told = [
        f"{step['step']} {points(step['change'])} ± {_slip(step['mc_error'])}"
        for step in row["steps"] if step["how"] == WEIGHTS or step["change"]
    ]  # fmt: skip
    if told:
        first += f". Of that, {listing(told)}"
    rows = [r for r in part["rows"] if r["before"] is not None]
    sure = [r for r in rows if beyond(r["after"] - r["before"], _whole_error(r))]
    second = (
        f"Of the {count(len(rows))} probabilities in the table, "
        f"{count(len(sure)) if sure else 'none'} moved by more than two Monte-Carlo errors"
    )
    if sure:
        most = max(sure, key=lambda r: round(abs(r["after"] - r["before"]), 6))
        second += (
            f"; the one that moved most: {event_name(payload, most['event'])}, in {most['by']}, "
            f"{points(most['after'] - most['before'])} points"
        )
    return [
        f"{first}. A point is 0.01 of probability; ± is one Monte-Carlo standard error, from the "
        "finite number of draws.",
        f"{second}.",
    ]


def beyond(change: float, slip: float | None) -> bool:
    """Say whether a change is larger than two of its Monte-Carlo errors."""
    return bool(change) and abs(change) > 2 * (slip or 0.0)


def _whole_error(row: Mapping[str, Any]) -> float | None:
    """Return the error of the whole change; that of two fits is an upper bound for one weighted."""
    if not any(step["change"] for step in row["steps"]):
        return 0.0
    moved = [step for step in row["steps"] if step["change"]]
    if len(moved) == 1:
        return moved[0]["mc_error"]
    ends = (row["before_error"], row["after_error"])
    return None if None in ends else math.hypot(*ends)


def _slip(value: float | None) -> str:
    if value is None:
        return "?"
    size = 100 * value
    return "0" if not size else "<0.1" if size < 0.05 else f"{size:.1f}"


def split_table(payload: Payload) -> Table:
    """Every probability before, the change in each step, and after."""
    rows, last = [], None
    marks = {
        "none": "None: nothing of the kind changed.",
        "with next": "With next: could not be parted from the step to its right.",
    }
    for row in _part(payload)["rows"]:
        name = event_name(payload, row["event"])
        rows.append(
            [
                "" if name == last else name,
                str(row["by"]),
                _end(row["before"], row["before_error"]),
                *(_change(step) for step in row["steps"]),
                _end(row["after"], row["after_error"]),
            ]
        )
        last = name
    told = [text for mark, text in marks.items() if any(mark in row for row in rows)]
    return {
        "caption": "How each probability moved from the earlier run to this one.",
        "columns": ["Event", "By", "Before", *map(sentence, STEPS), "After"],
        "rows": rows,
        "notes": [
            "Before, after: probability, in the earlier run and in this one, that the event has "
            "happened in the year “by” or earlier. Between them, in "
            "points (0.01 of probability), what each step changed; the steps are taken in this "
            "order and add up to the whole. "
            + "; ".join(f"{sentence(step)}: {meaning}" for step, meaning in MEANINGS.items())
            + ". ±: one Monte-Carlo standard error; a change within two of them may be an accident "
            "of simulation. " + " ".join(told),
            _events(payload),
        ],
    }


def _events(payload: Payload) -> str:
    """Say what the events of the table are."""
    told = [
        f"{event_name(payload, event)}: {say(STATE_CLAUSES[event], payload)}"
        for event in dict.fromkeys(row["event"] for row in _part(payload)["rows"])
    ]
    return (
        f"{'; '.join(told)}. Latent capacity: how strongly a country draws orders for arms, "
        "politics and distance being equal, as the model infers it."
    )


def _end(value: float | None, slip: float | None) -> str:
    return prob(value) + (f" ± {error(slip)}" if slip else "")


def _change(step: Mapping[str, Any]) -> str:
    if step["how"] == NOTHING:
        return "none"
    if step["how"] not in (WEIGHTS, FIT, RUN):
        return "with next"
    if step["change"] is None:
        return NONE
    return f"{points(step['change'])} ± {_slip(step['mc_error'])}"


# Observations ------------------------------------------------------------------------------------


def _question(payload: Payload) -> str:
    part = _part(payload)
    return f"{say(STATE_CLAUSES[part['event']], payload)} in {part['by']}"


def observations_text(payload: Payload) -> str:
    """Say which observation moved the headline most, or that none is new or revised."""
    rows = _part(payload)["observations"]
    if not rows and _settled(payload):
        return (
            "In every draw of this run the question has one answer, so no single observation moves "
            "it."
        )
    if not rows:
        return (
            "Deliveries of every year are the same in both runs, so no observation of them moved "
            "anything."
        )
    whose = {REVISED: "restated", NEW: "new"}
    told = [row for row in rows if _reliable(payload, row)]
    doubtful = len(rows) - len(told)
    text = ""
    if told:
        top = told[0]
        text = (
            f"Of deliveries, the {whose.get(top['kind'], top['kind'])} figure of "
            f"{the(top['name'])} for {top['year']} moved the probability that {_question(payload)} "
            f"most among those that can be relied on: by {points2(top['influence'])} points "
            f"(Monte-Carlo error {points2(top['mc_error']).lstrip('+')})."
        )
    if doubtful:
        are = "is" if doubtful == 1 else "are"
        text += (
            f" Of the {count(len(rows))} below, {count(doubtful)} {are} not reliable: too few "
            "draws agree with the world without that figure, and only the rank is a hint."
        )
    return text.strip()


def _settled(payload: Payload) -> bool:
    return not 0.0 < _part(payload)["probability"] < 1.0


def _reliable(payload: Payload, row: Mapping[str, Any]) -> bool:
    return row["khat"] is not None and row["khat"] <= _part(payload)["khat_max"]


def points2(value: float) -> str:
    """Write a difference of probability in points, with two decimals and its sign."""
    text = f"{100 * value:+.2f}".replace("-", "−")
    return text if float(text[1:]) else "0"


def observations_table(payload: Payload) -> Table:
    """The observations that moved the headline most."""
    rows = [
        [
            row["name"],
            str(row["year"]),
            "restated" if row["kind"] == REVISED else "new",
            NONE if row["before"] is None else number(row["before"], 0),
            number(row["now"], 0),
            points2(row["influence"]),
            points2(row["mc_error"]).lstrip("+"),
            number(row["khat"], 2) + ("" if _reliable(payload, row) else ", not reliable"),
        ]
        for row in _part(payload)["observations"]
    ]
    if not rows:
        return EMPTY
    limit = _part(payload)["khat_max"]
    return {
        "caption": f"The observations that moved the probability that {_question(payload)} most.",
        "columns": ["Deliveries to", "Year", "Figure", "TIV then", "TIV now", "Influence",
                    "MC error", "k-hat"],
        "rows": rows,
        "notes": [
            "Each row is one observation: what a country received from all suppliers in a year, in "
            "TIV million (SIPRI’s measure of the volume of arms), in the earlier run and now. "
            "Influence, in points: the probability with this figure, less the probability without "
            "it (new) or with its old value (restated). Each is taken out alone, so influences do "
            "not add up to the change. MC error: Monte-Carlo standard error of the influence, in "
            f"points. K-hat above {limit:g}: the weights with which a figure is taken out are too "
            "uneven, and its influence is not to be relied on."
        ],
    }


# Next year ---------------------------------------------------------------------------------------


def next_text(payload: Payload) -> str:
    """Say what next year’s figures would have to be to move the headline by ten points."""
    part = _part(payload)
    year, moving = part["next_year"], [c for c in part["conditions"] if c["moves"]]
    now = prob(part["probability"])
    if _settled(payload):
        return f"The question is settled in every draw, so no figure of {year} can move it."
    if not part["conditions"]:
        return f"No figure of {year} varies over the draws, so none could move anything."
    if not moving:
        return (
            f"No figure of {year} that was looked at (deliveries, imports, exports, R&D spending, "
            f"GDP and military spending of the pair) moves the probability that "
            f"{_question(payload)}, now {now}, by ten points, at any bound with a chance of 0.02 "
            f"or more. The table shows the {count(len(shown(payload)))} that move it most."
        )
    told = [
        f"if {_figure(payload, c)} in {year} {_verb(c)} {c['side']} {_bound(c)} (chance "
        f"{prob(c['chance'])}), the probability that {_question(payload)} becomes "
        f"{prob(c['probability'])} (Monte-Carlo error {error(c['mc_error'])}) instead of {now}"
        for c in _one_each_way(moving)
    ]
    return " ".join(f"{sentence(text)}." for text in told)


def _verb(condition: Mapping[str, Any]) -> str:
    return "are" if condition["observable"] in ("deliveries", "imports", "exports") else "is"


def _one_each_way(moving: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the likeliest condition that raises the headline and the likeliest that lowers it."""
    found = []
    for sign in (1, -1):
        found += [c for c in moving if sign * c["change"] > 0][:1]
    return found


def _figure(payload: Payload, condition: Mapping[str, Any]) -> str:
    sides = {payload["pair"][role]["code"]: payload["pair"][role]["name"]
             for role in (RECIPIENT, SUPPLIER)}  # fmt: skip
    name = the(sides.get(condition["of"], condition["of"]))
    template = OBSERVABLES.get(condition["observable"], condition["observable"])
    return say(template, payload, x=name)


def _bound(condition: Mapping[str, Any]) -> str:
    scale, unit = UNITS.get(condition["unit"], (1.0, condition["unit"]))
    value = scale * condition["bound"]
    decimals = 2 if condition["unit"].startswith("%") else 0
    return f"{number(value, decimals)} {unit}"


def shown(payload: Payload) -> list[Mapping[str, Any]]:
    """Return the conditions that are printed: those that move the headline, else the nearest."""
    rows = _part(payload)["conditions"]
    moving = [c for c in rows if c["moves"]]
    return moving or sorted(rows, key=lambda c: -abs(c["change"]))[:NEAREST]


def next_table(payload: Payload) -> Table:
    """What the headline would be if a figure of next year lay beyond a bound."""
    part = _part(payload)
    chosen = shown(payload)
    if not chosen:
        return EMPTY
    moves = any(c["moves"] for c in chosen)
    year = part["next_year"]
    which = f"Figures of {year} that would move" if moves else (
        f"None moves it by ten points: the figures of {year} that come nearest to moving"
    )
    return {
        "caption": f"{which} the probability that {_question(payload)}"
        + (" by ten points or more." if moves else "."),
        "columns": [f"Figure of {year}", "If it is", "Chance of that", "P then", "MC error",
                    "Change"],
        "rows": [
            [
                sentence(_figure(payload, c)), f"{c['side']} {_bound(c)}", prob(c["chance"]),
                prob(c["probability"]), error(c["mc_error"]), points(c["change"]),
            ]
            for c in chosen
        ],
        "notes": [
            ("Of each figure, and each side, the mildest bound that moves the probability by ten "
             "points and by more than two Monte-Carlo errors. " if moves else
             "Of each figure and each side, the twentieth of the draws that lies farthest out. ")
            + "Chance: probability that the figure will lie there. P then: probability of the "
            f"event in those draws (now {prob(part['probability'])}); MC error: its Monte-Carlo "
            "standard error; change in points. It says what such a figure would tell, not what "
            "would follow from bringing it about. "
            f"{sentence(count(len(part['conditions'])))} figures and sides were tried: one whose "
            "change is hardly more than two errors may be there by accident."
        ],
    }


# Track record ------------------------------------------------------------------------------------


def record_text(payload: Payload) -> str:
    """Say how much was forecast, and how much of it can be judged by now."""
    record = payload["track_record"]
    total, tried = record["entries"], sum(q["scored"] for q in record["questions"])
    able = sum(q["resolvable"] for q in record["questions"])
    origins = listing([str(year) for year in record["origins"]])
    start = (
        f"The ledger holds {total:,} {_plural('question', total)} of "
        f"{count(record['runs'])} published {_plural('run', record['runs'])} "
        f"(last {_plural('year', len(record['origins']))} of data {origins}) on "
        f"{count(len(record['pairs']))} {_plural('pair', len(record['pairs']))} of countries"
    )
    if not tried:
        return f"{start}; none has been resolved, since no release covers a later year yet."
    return (
        f"{start}. Published figures can resolve {able:,} of them; the others ask of latent "
        "capacity, of domains and partnerships, or of what was on record when they were asked, and "
        f"are not scored. Later figures, the newest released on {date(record['newest'])}, already "
        f"bear on {tried:,}."
    )


def _plural(word: str, number_of: int) -> str:
    return word if number_of == 1 else f"{word}s"


def record_tables(payload: Payload) -> list[Table]:
    """Mean scores of events, and of figures, by question and release."""
    record = payload["track_record"]
    asked = {(q["question"], q.get(KIND, FIRST_PASSAGE)): q for q in record["questions"]}
    events = [row for row in record["means"] if row["brier"] is not None]
    figures = [row for row in record["means"] if row["crps"] is not None]
    shared = ["Question", "Release", "Asked", "Scored", "Answers", "Outturns"]
    common = (
        "Asked: how often the question was entered; scored: of how many a later year is out. "
        "Answers: years of all of these together; outturns: how many different figures that are, "
        "since runs of one origin are scored against the same. First: by the release in which a "
        "year appeared first; latest: by the newest. "
    )

    def head(row: Mapping[str, Any]) -> list[str]:
        name, kind = row["question"], row.get(KIND, FIRST_PASSAGE)
        told = asked[name, kind]
        title = QUESTIONS.get(name, sentence(name.replace("_", " ")))
        return [f"{title}{ASKED.get(kind, '')}", row["release"],
                f"{told['entered']:,}", f"{told['scored']:,}", f"{row['scored']:,}",
                f"{row['outturns']:,}"]  # fmt: skip

    tables = []
    if events:
        tables.append({
            "caption": "Mean scores of events: smaller is better.",
            "columns": [*shared, "Brier", "Log"],
            "rows": [[*head(row), number(row["brier"], 3), number(row["log_score"], 3)]
                     for row in events],
            "notes": [
                common + "Brier score: squared difference of the probability and what came (0 or "
                "1); whoever always says 0.5 has 0.25. Log score: minus the logarithm of the "
                "probability given to what came; whoever always says 0.5 has 0.69."
            ],
        })  # fmt: skip
    if figures:
        tables.append({
            "caption": "Mean scores of figures: smaller is better.",
            "columns": [*shared, "CRPS", "CRPS, log", "In 50 %", "In 90 %"],
            "rows": [
                [*head(row), number(row["crps"]), number(row["crps_log1p"], 3),
                 f"{100 * row['in_50']:.0f} %", f"{100 * row['in_90']:.0f} %"]
                for row in figures
            ],
            "notes": [
                ("" if events else common)
                + "CRPS: distance of the whole forecast from what came, in TIV million (of a "
                "single number it would be the absolute error); log: the same of the logarithm of "
                "one plus the figure. In 50 %, in 90 %: how often the interval of that name held "
                "the figure; 50 % and 90 % would be right."
            ],
        })  # fmt: skip
    return tables


# The whole ---------------------------------------------------------------------------------------


def captions(payload: Payload) -> dict[str, dict[str, str]]:
    """Return caption and description of the figure; none where there is no figure."""
    if not changes_figures.has(payload, "changes_waterfall"):
        return {}
    by = _part(payload)["by"]
    told = "; ".join(
        f"{event_name(payload, row['event'])} {prob(row['before'])} to {prob(row['after'])}"
        for row in changes_figures.shown(payload)
    )
    return {
        "changes_waterfall": {
            "caption": f"From the earlier run to this one: each statement in {by}. Circles: the "
            "probability before and after. Bars: what each step added (filled) or took away "
            "(hatched), in points. Thin lines: two Monte-Carlo errors to each side. All panels "
            "span the same width of probability, so that bars compare.",
            "alt": f"Waterfall of the probability of each statement in {by}: {told}.",
        }
    }


def write(payload: Payload) -> dict[str, Any]:
    """Write every text of the page, in the shape that report.typ sets."""
    found: dict[str, Any] = {
        "known": _part(payload)["known"], "record_known": payload["track_record"]["known"],
    }  # fmt: skip
    if found["known"]:
        found |= {
            "intro": [runs_text(payload), *headline(payload), moved_text(payload)],
            "table": split_table(payload),
            "observations_text": observations_text(payload),
            "observations": observations_table(payload),
            "next_title": f"What the figures of {_part(payload)['next_year']} would have to be to "
            "move it by ten points",
            "next_text": next_text(payload),
            "next": next_table(payload),
        }
    if found["record_known"]:
        found |= {"record_text": record_text(payload), "record": record_tables(payload)}
    return found
