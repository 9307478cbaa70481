"""Every sentence and table on skill, each a function of the payload.

A sentence says whether the model beats the best benchmark, whether the interval of the difference
excludes zero, and whether intervals held what they should; what was missed is said with its figure.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from crossover.reports.numerals import NONE, number, span
from crossover.reports.phrases import Payload, Table, count, date, listing, sentence

Row = Mapping[str, Any]
TARGETS = {
    "imports": "Imports of a country",
    "exports": "Exports of a country",
    "dyads": "Deliveries of a pair",
    "rd_share": "R&D in % of GDP",
    "ideal_distance": "Distance of UN votes",
}
FOUR = ("Russia to China", "China's imports", "Russia's exports", "China's exports", "focal four")
EVENTS = {
    "export_crossover, in the year": "Exports ahead, in the year",
    "export_crossover": "Exports ahead, by the year",
    "independence, in the year": "Independence, in the year",
    "independence": "Independence, by the year",
    "all events, in the year": "All events, in the year",
    "all events": "All events, by the year",
}
GROUPS = {"1-3": "one to three years ahead", "4-6": "four to six years ahead"}
BENCHMARKS = {
    "ewma": "a moving average", "ridge": "ridge regression", "forest": "a quantile forest",
    "logistic": "logistic regression", "order_book": "ridge with the order book",
    "theta": "Theta", "croston_sba": "Croston", "adida": "ADIDA",
}  # fmt: skip
"""The last three are of backtests before this edition's; the shipped one has them."""
SHORT = {"ewma": "average", "ridge": "ridge", "forest": "forest", "logistic": "logistic",
         "order_book": "order book"}  # fmt: skip
PARTS = {
    "no_rd": "R&D",
    "no_military": "Military spending",
    "no_memory": "Memory of the pair",
    "no_pooling": "Pooling over countries",
    "gdp": "R&D rather than GDP",
}
SHORT_TARGETS = {
    "imports": "Imports", "exports": "Exports", "dyads": "Pairs", "rd_share": "R&D, % of GDP",
    "ideal_distance": "UN votes",
}  # fmt: skip
VOLUMES = {"imports": "Imports", "exports": "Exports", "dyads": "Pairs", "deliveries": "All three",
           "orders": "Orders won"}  # fmt: skip
MASSES = (50, 80, 90)
FULL = "full"
BETTER, WORSE, UNSURE, UNKNOWN = "better", "worse", "unsure", "unknown"
HELD, NARROW, WIDE = "held", "narrow", "wide"
FEW = 8
"""Origins below which an interval over them is called rough."""


# What a row says -------------------------------------------------------------------------------


def rows(payload: Payload, part: str, model: str = FULL) -> list[Row]:
    """Return the rows of a part of the summary, of one model."""
    own = payload["skill"]["rows"]
    return [row for row in own if row["part"] == part and row["model"] == model]


def targets(payload: Payload) -> list[Row]:
    """Return the rows of the targets, in the order of `TARGETS`, near horizons first."""
    own = {(row["target"], row["group"]): row for row in rows(payload, "target", FULL)}
    return [own[key] for key in itertools.product(TARGETS, GROUPS) if key in own]


def standing(row: Row) -> str:
    """Say how our model stands: better or worse beyond the 90 % interval, unsure, or unknown.

    By the difference of mean scores, which is below zero where the model is better.
    """
    low, high = row["difference_q05"], row["difference_q95"]
    if low is None or high is None:
        return UNKNOWN
    return BETTER if high < 0 else WORSE if low > 0 else UNSURE


def held(row: Row, mass: int) -> str | None:
    """Say whether intervals held what they should: their mass lies within the 90 % interval of the
    share, over origins. None where that is not known.
    """
    low, high = (row[f"in_{mass}_{end}"] for end in ("q05", "q95"))
    if low is None or high is None:
        return None
    return NARROW if 100 * high < mass else WIDE if 100 * low > mass else HELD


def benchmark(name: str) -> str:
    """Name a benchmark within a sentence."""
    return BENCHMARKS.get(name, name)


def short(name: str) -> str:
    """Name a benchmark where there is little room."""
    return SHORT.get(name, benchmark(name))


def skill(row: Row, decimals: int = 2, times: float = 1.0) -> str:
    """Write a skill with its 90 % interval, in per cent where `times` is a hundred."""
    middle, *ends = (row[name] for name in ("skill", "skill_q05", "skill_q95"))
    text = number(times * middle, decimals)
    return text if None in ends else f"{text} ({span(*(times * e for e in ends), decimals)})"


def years(found: Sequence[int]) -> str:
    """Write years as spans: 2010–2013 and 2015."""
    spans: list[list[int]] = []
    for year in sorted(found):
        if spans and year == spans[-1][1] + 1:
            spans[-1][1] = year
        else:
            spans.append([year, year])
    return listing([str(a) if a == b else f"{a}–{b}" for a, b in spans])


# Sentences -------------------------------------------------------------------------------------


def intro(payload: Payload) -> list[str]:
    """Say what was done, what a skill is, and how it ended altogether."""
    part, own = payload["skill"], targets(payload)
    origins = sorted({year for row in own for year in row["origins"]})
    first = (
        f"How good were such forecasts? The model was fitted as from {count(len(origins))} past "
        f"origins ({years(origins)}), each with figures up to the origin and of releases up to "
        "half a year later, and was scored against simple forecasts that saw the same. Skill is "
        "one minus the ratio of the two mean scores (CRPS; of TIV on the scale of log(1 + TIV)): "
        "above zero the model is the better. The benchmark is the one that turned out best, "
        "which nobody knew beforehand: that is hard on the model. Intervals are 90 %, by "
        "resampling blocks of two origins that follow each other."
    )
    return [first, overall(payload), vintages(payload), _fits(part)]


def overall(payload: Payload) -> str:
    """Count the comparisons that the model wins and loses, and the coverage that is as stated."""
    own = targets(payload)
    stands = [standing(row) for row in own]
    words = {
        BETTER: "beats the best benchmark beyond its interval in {}",
        WORSE: "loses to it beyond its interval in {}",
        UNSURE: "cannot be told from it in {}",
        UNKNOWN: "has too few origins for an interval in {}",
    }
    parts = [text.format(count(stands.count(key))) for key, text in words.items()
             if key in stands or key in (BETTER, WORSE)]  # fmt: skip
    judged = [row for row in own if held(row, 90)]
    fine = sum(held(row, 90) == HELD for row in judged)
    text = f"Of {count(len(own))} comparisons by target and horizon the model {listing(parts)}."
    if judged:
        text += (
            f" Its 90 % intervals held what they should in {count(fine)} of "
            f"{count(len(judged))}."
        )
    return text


def vintages(payload: Payload) -> str:
    """Say which origins saw the figures of their time, and which later figures cut off."""
    kinds: dict[tuple[str, ...], list[str]] = {}
    own = targets(payload)
    for target in TARGETS:
        mine = [row for row in own if row["target"] == target]
        if not mine:
            continue
        every, real, partly = (
            {year for row in mine for year in row[key]}
            for key in ("origins", "real_time", "partly_assumed")
        )
        cut = every - real - partly
        said = tuple(
            f"{text} {years(some)}"
            for text, some in (
                ("real-time from", real), ("partly real-time from", partly),
                ("truncated from", cut),
            )
            if some
        )  # fmt: skip
        kinds.setdefault(said, []).append(TARGETS[target])
    told = "; ".join(
        f"{listing([_lower(name) for name in names])}: {', '.join(said)}"
        for said, names in kinds.items()
    )
    text = f"What the origins saw. {sentence(told)}."
    if any("truncated" in word or "partly" in word for said in kinds for word in said):
        text += (
            " Truncated: no release of the time was kept, and later, revised figures were cut off "
            "at their usual date of release; such origins saw cleaner figures than anybody had, "
            "and so did the benchmarks."
        )
    return text


def _lower(text: str) -> str:
    return text if text[:2].isupper() or text[1:2] == "&" else text[:1].lower() + text[1:]


def _fits(part: Mapping[str, Any]) -> str:
    text = f"Computed on {date(part['made'])}"
    if part["fits"]:
        text += f" from {number(part['fits'], 0)} fits"
        more = [f"{number(part['passed'], 0)} passed the gate"]
        if part["rhat"] is not None:
            more.append(f"largest R-hat {number(part['rhat'], 3)}")
        if part["ess"] is not None:
            more.append(f"smallest effective sample {number(part['ess'], 0)}")
        if part["divergences"] is not None:
            more.append(f"{number(part['divergences'], 0)} divergences")
        text += f" ({', '.join(more)})"
    return f"{text}, and shipped with the program: these are not figures of this run."


def verdict(row: Row) -> str:
    """Say of one target and group of horizons whether the model beats the best benchmark."""
    name, figure = benchmark(row["against"]), skill(row)
    return {
        BETTER: f"beats the best benchmark ({name}) with a skill of {figure}; the interval of the "
        "difference excludes zero",
        WORSE: f"does not beat the best benchmark ({name}) but loses to it, with a skill of "
        f"{figure}; the interval of the difference excludes zero",
        UNSURE: f"cannot be told from the best benchmark ({name}): the skill is {figure}, and the "
        "interval of the difference includes zero",
        UNKNOWN: f"has a skill of {figure} against the best benchmark ({name}); so few origins "
        "give no interval",
    }[standing(row)]


def covered(mine: Sequence[Row]) -> str:
    """Say whether intervals of one target held what they should, each miss with its figure."""
    missed = []
    for row in mine:
        for state in (NARROW, WIDE):
            wrong = [mass for mass in MASSES if held(row, mass) == state]
            if wrong:
                shares = listing([f"{_within(row, mass)} in the {mass} %" for mass in wrong])
                missed.append(f"{GROUPS[row['group']]} {shares} intervals, which are too {state}")
    if missed:
        return f"Coverage is not as it should be. Of outturns there lay, {'; '.join(missed)}."
    if any(held(row, mass) for row in mine for mass in MASSES):
        return "Coverage is as it should be, at 50, 80 and 90 %."
    return "Whether coverage is as it should be so few origins cannot tell."


def _within(row: Row, mass: int) -> str:
    share, *ends = (100 * row[f"in_{mass}{end}"] for end in ("", "_q05", "_q95"))
    return f"{number(share, 0)} % ({span(*ends, 0)})"


def sentences(payload: Payload) -> list[dict[str, str]]:
    """Say in plain words how each target came out."""
    found = []
    own = targets(payload)
    for target, name in TARGETS.items():
        mine = [row for row in own if row["target"] == target]
        if mine:
            said = " ".join(
                f"{sentence(GROUPS[row['group']])} the model {verdict(row)}." for row in mine
            )
            found.append({"term": name, "text": f"{said} {covered(mine)}"})
    return found


def rd_sentence(payload: Payload) -> str:
    """Say what R&D adds to forecasts of deliveries, and whether it tells more than spending."""
    row = _compared(payload, FULL, "no_rd")
    if row is None:
        return (
            "The backtest holds no variant without R&D: what R&D adds to forecasts is not measured."
        )
    figure = skill(row, decimals=3)
    text = {
        BETTER: f"R&D improves forecasts of deliveries: against the model without it the skill is "
        f"{figure}, and the interval of the difference excludes zero.",
        WORSE: f"R&D makes forecasts of deliveries worse: against the model without it the skill "
        f"is {figure}, and the interval of the difference excludes zero.",
        UNSURE: f"That R&D improves forecasts of deliveries is not shown: against the model "
        f"without it the skill is {figure}, and the interval of the difference includes zero.",
        UNKNOWN: f"Against the model without R&D the skill is {figure}; so few origins give "
        "no interval.",
    }[standing(row)]
    if standing(row) != UNKNOWN and len(row["origins"]) < FEW:
        text += f" An interval from {count(len(row['origins']))} origins is rough."
    won = _compared(payload, FULL, "no_rd", "orders")
    if won is not None:
        text += f" For the number of orders that suppliers win it is {skill(won, decimals=3)}."
    other = _compared(payload, "no_military", "no_rd")
    if other is None:
        return text
    figure = skill(other, decimals=3)
    return text + " " + {
        BETTER: "R&D without military spending forecasts better than military spending without "
        f"R&D ({figure}).",
        WORSE: "R&D without military spending forecasts worse than military spending without R&D "
        f"({figure}).",
        UNSURE: "R&D without military spending cannot be told from military spending without R&D "
        f"({figure}).",
        UNKNOWN: "R&D without military spending, against military spending without R&D, has a "
        f"skill of {figure}.",
    }[standing(other)]


def _compared(payload: Payload, model: str, against: str, target: str = "deliveries") -> Row | None:
    own = rows(payload, "ablation", model)
    return next((r for r in own if (r["against"], r["target"]) == (against, target)), None)


def limit(payload: Payload) -> str:
    """Say among the limits where skill has been shown, and where not."""
    own = targets(payload) if payload["skill"]["known"] else []
    if not own:
        return (
            "No skill over simple persistence, which repeats the latest figures, has been shown "
            "yet."
        )
    lost = {
        _lower(TARGETS[row["target"]]): None for row in own if standing(row) != BETTER
    }
    if not lost:
        return "Skill over the best simple forecast has been shown from past origins only."
    return (
        f"Skill over the best simple forecast has not been shown for {listing(list(lost))}, at "
        "some horizons or at all: see the section on skill."
    )


# Tables ----------------------------------------------------------------------------------------


def _share(row: Row, mass: int, ends: bool) -> str:
    share = row[f"in_{mass}"]
    if share is None:
        return NONE
    low, high = (row[f"in_{mass}_{end}"] for end in ("q05", "q95"))
    text = number(100 * share, 0)
    if ends and low is not None and high is not None:
        star = "*" if held(row, mass) in (NARROW, WIDE) else ""
        return f"{text} ({number(100 * low, 0)}–{number(100 * high, 0)}){star}"
    return text


def _ahead(row: Row) -> str:
    return row["group"].replace("-", "–")


SHARES = [f"In {mass} %" for mass in MASSES]


def table(payload: Payload) -> Table:
    """Skill by target and group of horizons, coverage beside what it should be."""
    own = targets(payload)
    return {
        "caption": "Skill against the best benchmark by target and years ahead, and the share of "
        "outturns that lay within the model’s intervals.",
        "columns": ["Target", "Years", "Benchmark", "Cases", "Skill (90 %)",
                    *SHARES],
        "rows": [
            [
                SHORT_TARGETS[row["target"]],
                _ahead(row),
                short(row["against"]),
                number(row["cases"], 0),
                skill(row),
                *(_share(row, mass, True) for mass in MASSES),
            ]
            for row in own
        ],
        "notes": [
            "In 50, 80, 90 %: per cent of outturns within the central interval of that mass, with "
            "the 90 % interval of that share over origins; it should be 50, 80 and 90. An asterisk "
            "marks where it is not. Where zero has a probability of its own an outturn of "
            "zero counts in part, so that a right forecast holds what it says.",
            _identity(payload),
        ],
    }  # fmt: skip


def _identity(payload: Payload) -> str:
    part = payload["skill"]
    text = f"Made on {date(part['made'])} by {part['command']}" if part["command"] else (
        f"Made on {date(part['made'])}"
    )
    return f"{text}; panel {part['panel'][:12]}." if part["panel"] else f"{text}."


def focal(payload: Payload) -> Table:
    """Skill and coverage of the four series that the report is about."""
    own = {(row["target"], row["group"]): row for row in rows(payload, "focal")}
    ordered = [own[key] for key in itertools.product(FOUR, GROUPS) if key in own]
    return {
        "caption": "The focal four: the series of Russia and China themselves.",
        "columns": ["Series", "Years", "Best benchmark", "Cases", "Skill (90 %)", *SHARES],
        "rows": [
            [
                sentence(row["target"]).replace("'", "’").replace("Focal four", "All four"),
                _ahead(row),
                short(row["against"]),
                number(row["cases"], 0),
                skill(row),
                *(_share(row, mass, False) for mass in MASSES),
            ]
            for row in ordered
        ],
        "notes": [
            "Cases of one series overlap and are few: shares within intervals are printed, not "
            "judged."
        ],
    }


def events(payload: Payload) -> Table:
    """Skill of probabilities of events, and whether they mean what they say."""
    own = {(row["target"], row["group"]): row for row in rows(payload, "event")}
    ordered = [own[key] for key in itertools.product(EVENTS, GROUPS) if key in own]
    return {
        "caption": "Events: Brier skill against the best benchmark.",
        "columns": ["Event", "Years", "Against", "Cases", "Happened", "Brier skill (90 %)",
                    "Slope", "AUC"],
        "rows": [
            [
                EVENTS[row["target"]],
                _ahead(row),
                short(row["against"]),
                number(row["cases"], 0),
                NONE if row["happened"] is None else f"{number(100 * row['happened'], 0)} %",
                skill(row),
                number(row["slope"], 2),
                number(row["auc"], 2),
            ]
            for row in ordered
        ],
        "notes": [
            "Of all pairs at risk at each origin. Slope of what happened on the probability said: "
            "one where probabilities mean what they say, below one where they are too bold. AUC: "
            "the chance that what happened was given more probability than what did not."
        ],
    }  # fmt: skip


def parts(payload: Payload) -> Table:
    """What each part of the model adds to forecasts of deliveries."""
    compared = [(name, FULL, variant) for variant, name in PARTS.items()]
    compared.append(("R&D rather than military spending", "no_military", "no_rd"))
    written = []
    for name, model, against in compared:
        cells = [_compared(payload, model, against, target) for target in VOLUMES]
        if any(cells):
            origins = {year for row in cells if row for year in row["origins"]}
            figures = [skill(row, 1, 100.0) if row else NONE for row in cells]
            written.append([name, str(len(origins)), *figures])
    return {
        "caption": "What a part of the model adds: by how many per cent CRPS is lower with it "
        "than without it, one to six years ahead.",
        "columns": ["Part", "Origins", *VOLUMES.values()],
        "rows": written,
        "notes": [
            "Without a part: its effects held at zero by their priors (without pooling: effects "
            "of effort of each country’s own), and fitted anew. Above zero the part "
            f"helps; intervals from fewer than {count(FEW)} origins are rough. All three: imports, "
            "exports and pairs counting the same. Last row: the model without military spending "
            "over that without R&D."
        ],
    }


# The whole -------------------------------------------------------------------------------------


CAPTION = (
    "Skill of the model by years ahead, with 90 % intervals, against the best benchmark of the "
    "target and group of horizons, named above each panel. The dark line is zero: above it the "
    "model is better than the benchmark. An arrow, or an interval that ends, at the edge of "
    "the scale goes beyond it."
)


def captions(payload: Payload) -> dict[str, dict[str, str]]:
    """Return caption and description of the figure, where there is one."""
    if not payload["skill"]["known"] or not rows(payload, "horizon"):
        return {}
    alt = "Dot plots of skill by years ahead, one panel a target: " + "; ".join(
        f"{TARGETS[row['target']]} {_ahead(row)} years {skill(row)}" for row in targets(payload)
    )
    return {"skill": {"caption": CAPTION, "alt": f"{alt}."}}


def write(payload: Payload) -> dict[str, Any]:
    """Write every text on skill, in the shape that report.typ sets; only `known` without a
    backtest.
    """
    if not payload["skill"]["known"]:
        return {"known": False}
    return {
        "known": True,
        "intro": intro(payload),
        "sentences": sentences(payload),
        "table": table(payload),
        "focal": focal(payload),
        "events": events(payload),
        "rd": rd_sentence(payload),
        "parts": parts(payload),
    }
