"""The figures of README and guide, written by the program from a run, never typed.

A page holds blocks between `<!-- figures: NAME -->` and `<!-- end -->`. `write` fills each block
from the tables of a run folder; `stale` names the pages whose blocks are not those of the run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    ALL_DOMAINS,
    BASELINE,
    DEFAULT_RECIPIENT,
    DEFAULT_SUPPLIER,
    FIRST_PASSAGE,
    HEADLINE_YEAR,
    KIND,
    LASTING,
    PARTNERSHIP_EVENTS,
    STATE,
    SUPPLIER,
    YEAR,
)
from crossover.forecast import events, runs, shipped, verify
from crossover.reports import essay, guide_lists, robustness
from crossover.reports.context import robustness as moved
from crossover.reports.guide_cells import (
    gap_cell,
    held_cell,
    lower_cell,
    measured_cell,
    rows_of,
    skill_cell,
    table_of,
    text_of,
    with_interval,
)
from crossover.reports.guide_names import (
    EFFECTS,
    GROUPS,
    ON_RECORD,
    SKILL_PARTS,
    TARGETS,
    TITLES,
    VARIANTS,
)
from crossover.reports.numerals import number, prob, span

BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
MILESTONES = (2030, HEADLINE_YEAR)


class Figures:
    """The tables of a run folder of Russia and China, and the blocks made of them."""

    def __init__(self, run: Path):
        self.run = run
        self.record: dict[str, Any] = json.loads(text_of(run / "run.json"))
        levels = rows_of(run / "levels.csv")
        self.levels = [row for row in levels if row["year"] == levels[0]["year"]]
        self.later = {
            (row["alternative"], int(row["year"])): prob(float(row["probability"]))
            for row in levels
        }
        self.by_domain = rows_of(run / "levels_domains.csv")
        self.origin = int(self.levels[0]["year"])
        self.probability: dict[tuple[str, str, str, int], float] = {
            (row["event"], row["domain"], row[KIND], int(row["year"])): float(row["probability"])
            for row in rows_of(run / "events.csv")
            if row["scenario"] == BASELINE
        }

    def at(self, event: str, year: int, kind: str = STATE, domain: str = ALL_DOMAINS) -> str:
        """Return the answer of a kind to a question at a year, as printed."""
        return prob(self.probability[event, domain, kind, year])

    def outlook(self, event: str, domain: str = ALL_DOMAINS) -> tuple[str, ...]:
        """Return the states in the milestones, and whether it has happened and lasts at the last.

        Of what happens once, first passage at the milestones.
        """
        lead = events.kinds_of(event)[0]
        told = [self.at(event, year, lead, domain) for year in MILESTONES]
        others = (FIRST_PASSAGE, LASTING) if lead == STATE else ()
        return (", ".join(told), *(self.at(event, MILESTONES[-1], kind, domain)
                                   for kind in others))  # fmt: skip

    def gate(self) -> str:
        """Whether the run passed, and its worst figures."""
        gate = self.record["gate"]
        value = {check["name"]: check["value"] for check in gate["checks"]}
        verdict = "passed" if gate["passed"] else "failed"
        return (
            f"Run `{self.record['id']}`, seed {self.record['seed']}. The gate {verdict}: R-hat "
            f"{value['rhat']:.4f}, bulk ESS {value['ess_bulk']:,.0f}, tail ESS "
            f"{value['ess_tail']:,.0f}, {value['divergences']:.0f} divergences, E-BFMI "
            f"{value['ebfmi']:.2f}, worst of {gate['quantities']:,} quantities and "
            f"{gate['event_indicators']} event indicators."
        )

    def answers(self) -> str:
        """The questions on Russia and China, with their answers."""
        head = next(row for row in self.levels if row["headline"] == "1")
        years, last = " and ".join(map(str, MILESTONES)), MILESTONES[-1]
        rows = [
            (
                f"P(θ China > θ Russia) in {self.origin}, average over conventions",
                f"{prob(float(head['probability']))} ({' to '.join(self._ends())} over "
                f"conventions); gap {gap_cell(head)} log-odds",
            ),
            *(
                (f"{title}: in {years}; in some year up to {last}; from {last} on",
                 "; ".join(self.outlook(event)))
                for event, title in TITLES.items() if event not in PARTNERSHIP_EVENTS
            ),
            *self._on_record(),
            *self._effects(),
        ]  # fmt: skip
        return table_of(("question, Russia → China", "answer (90 % interval)"), rows)

    def _on_record(self) -> list[tuple[str, str]]:
        with xr.open_dataset(self.run / "forecast.nc", engine="h5netcdf") as futures:
            exports = futures["exports_observed"].sel({YEAR: slice(self.origin - 2, None)})
            mean = {code: float(exports.sel({SUPPLIER: code}).mean()) for code in ("CHN", "RUS")}
            past = futures["deliveries_observed"]
            delivered = [float(past.sel({YEAR: y})) for y in (*ON_RECORD, self.origin)]
        years = ", ".join(map(str, (*ON_RECORD, self.origin)))
        return [
            (
                f"exports on record, mean of {self.origin - 2}–{self.origin}, TIV million a year",
                f"China {number(mean['CHN'], 0)}, Russia {number(mean['RUS'], 0)}",
            ),
            (
                f"Russia's deliveries to China on record {years}, TIV million",
                ", ".join(number(value, 0) for value in delivered),
            ),
        ]

    def _effects(self) -> list[tuple[str, str]]:
        with xr.open_datatree(self.run / "posterior.nc", engine="h5netcdf") as tree:
            drawn = tree["posterior"]["parameters"].load()
        rows = []
        for name, title in EFFECTS.items():
            values = drawn.sel(parameter=name).values
            low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
            positive = prob(float((values > 0).mean()))
            rows.append((title, f"{number(middle, 2)} ({span(low, high, 2)}), P(>0) {positive}"))
        return rows

    def conventions(self) -> str:
        """The comparison of levels under each convention."""
        rows = [
            (
                f"**headline**: {lower_cell(row['description'])}"
                if row["headline"] == "1"
                else lower_cell(row["description"]),
                prob(float(row["probability"])),
                gap_cell(row),
                *(self.later[row["alternative"], year] for year in MILESTONES),
            )
            for row in self.levels
        ]
        header = ("convention", f"P(China ahead, {self.origin})", "gap, log-odds (90 %)",
                  *(f"P, {year}" for year in MILESTONES))  # fmt: skip
        return table_of(header, rows)

    def moves(self) -> str:
        """What moves the answer on capacity."""
        found = robustness.collect((DEFAULT_SUPPLIER, DEFAULT_RECIPIENT))
        header = ("what differs", "choice", *(f"P(China ahead, {y})" for y in found["years"]))
        return table_of(header, moved.lines(found))

    def range(self) -> str:
        """How far the conventions are apart."""
        low, high = self._ends()
        return (
            f"Under {len(self.levels) - 1} defensible conventions P(China ahead, {self.origin}) "
            f"runs from {low} to {high}."
        )

    def _ends(self) -> tuple[str, str]:
        """Lowest and highest probability over single conventions."""
        found = [float(row["probability"]) for row in self.levels if row["headline"] != "1"]
        return prob(min(found)), prob(max(found))

    def domains(self) -> str:
        """Capacity by domain: headline, conventions, unit values, events."""
        rows = []
        for domain in dict.fromkeys(row["domain"] for row in self.by_domain):
            held = [row for row in self.by_domain if row["domain"] == domain]
            head = next(row for row in held if row["headline"] == "1")
            others = [float(row["probability"]) for row in held]
            rows.append(
                (
                    float(head["probability"]),
                    (
                        domain.replace("_", " "),
                        self.at("domain_crossover", self.origin, domain=domain),
                        gap_cell(head),
                        f"{prob(min(others))} to {prob(max(others))}",
                        *self.outlook("domain_crossover", domain),
                    ),
                )
            )
        rows.sort(key=lambda row: -row[0])
        header = (
            "domain", f"P(China ahead, {self.origin})", "gap, log-odds (90 %)", "over conventions",
            f"ahead in {' and '.join(map(str, MILESTONES))}",
            f"in some year up to {MILESTONES[-1]}", f"from {MILESTONES[-1]} on",
        )  # fmt: skip
        return table_of(header, [row for _, row in rows])

    def partnership(self) -> str:
        """Events of the partnership."""
        header = ("event", *map(str, MILESTONES))
        rows = [
            (f"{TITLES[event]}, {what}", *(self.at(event, year, kind) for year in MILESTONES))
            for event, kind, what in (
                ("downturn", FIRST_PASSAGE, "has happened by"),
                ("incident", FIRST_PASSAGE, "has happened by"),
                ("cooling", STATE, "in the year"),
            )
        ]
        return table_of(header, rows)

    def hazard(self) -> str:
        """The hazard of a downturn in one year, from posterior means."""
        rows = [
            (row["term"].replace("_", " "), *(number(float(row[c]), 3) if row[c] else "" for c in
                                              ("value", "coefficient", "product")))
            for row in rows_of(self.run / "partnership_by_hand.csv")
        ]  # fmt: skip
        return table_of(("term", "covariate", "coefficient", "product"), rows)

    def rates(self) -> str:
        """What came of allied pairs, counted by era; from the tables that ship."""
        rows = [
            (row["outcome"], row["era"].replace("_", " "), row["pair_years"], row["events"],
             f"{100 * float(row['rate']):.2f}",
             span(100 * float(row["q05"]), 100 * float(row["q95"]), 2))
            for row in shipped.rows(shipped.BASE_RATES)
        ]  # fmt: skip
        return table_of(("event", "era", "pair-years", "events", "% a year", "90 %"), rows)

    def left_out(self) -> str:
        """What the controls and each effect of the thesis add in decades left out."""
        rows = [
            (
                f"{row['better'].replace('_', ' ')} against {row['than']}",
                number(float(row["difference"]), 1),
                *(span(*(float(row[f"{block}_{end}"]) for end in ("q05", "q95")), 1)
                  for block in ("treaties", "decades")),
            )
            for row in shipped.rows(shipped.CROSS_VALIDATION)
        ]  # fmt: skip
        header = ("model", "log score more by", "90 %, treaties", "90 %, decades")
        return table_of(header, rows)

    def deciles(self) -> str:
        """Events by decile of the hazard forecast for decades left out."""
        rows = [
            (row["decile"], row["pair_years"], number(float(row["expected"]), 1), row["observed"],
             span(float(row["q05"]), float(row["q95"]), 0))
            for row in shipped.rows(shipped.LEFT_OUT_CALIBRATION)
        ]  # fmt: skip
        return table_of(("decile", "pair-years", "expected", "came", "90 % band"), rows)

    def disputes(self) -> str:
        """What the pair's disputes on record do to its probabilities."""
        rows = [
            (row["outcome"], row["by"],
             *(number(float(row[key]), 3) for key in ("with", "without")))
            for row in shipped.rows(shipped.WITH_AND_WITHOUT)
        ]  # fmt: skip
        return table_of(("event", "by", "with the incidents", "without"), rows)

    def skill(self) -> str:
        """The backtest that ships: skill and coverage, near and far."""
        found = [row for row in shipped.rows(shipped.BACKTEST) if row["model"] == "full"]
        keys = [(row["part"], row["target"]) for row in found if row["part"] in SKILL_PARTS]
        rows = []
        for part, target in dict.fromkeys(keys):
            held = {row["group"]: row for row in found
                    if (row["part"], row["target"]) == (part, target)}  # fmt: skip
            near, far = (held.get(group) for group in GROUPS)
            name = TARGETS.get(target, target.replace("_", " "))
            rows.append((name, *map(skill_cell, (near, far)), *map(held_cell, (near, far))))
        header = ("target", "skill, 1–3 years ahead", "skill, 4–6 years ahead",
                  "held in 90 %, 50 %: 1–3", "held: 4–6")  # fmt: skip
        return f"{measured_cell(found[0])}\n\n{table_of(header, rows)}"

    def ablations(self) -> str:
        """What each part of the model adds to its forecasts."""
        rows = [
            (
                TARGETS.get(row["target"], row["target"]),
                f"{VARIANTS[row['model']]} against {VARIANTS[row['against']]}",
                with_interval(row, 100.0, 1),
                str(len(row["origins"].split())),
            )
            for row in shipped.rows(shipped.BACKTEST)
            if row["part"] == "ablation"
        ]
        if not rows:
            return "This backtest was run without ablations: what R&D adds is not tested in it."
        return table_of(("target", "model", "CRPS lower by, %", "origins"), rows)

    def drivers(self) -> str:
        """How good futures of GDP, R&D shares and military spending were, against simple rules."""
        found = shipped.rows(shipped.DRIVERS)
        of = {(row["target"], row["group"], row["forecast"]): row for row in found}
        rules = list(dict.fromkeys(row["forecast"] for row in found if row["skill"]))
        rows = [
            (
                TARGETS[row["target"]], row["group"].replace("-", "–"),
                *(with_interval(of[row["target"], row["group"], rule], 1.0, 2) for rule in rules),
                held_cell(row),
            )
            for row in found if not row["skill"]
        ]  # fmt: skip
        header = ("target", "years ahead", *(f"against {rule}" for rule in rules),
                  "held in 90 %, 50 %")  # fmt: skip
        return f"{measured_cell(found[0])}\n\n{table_of(header, rows)}"

    def claims(self) -> str:
        """The essay's claims: earlier answers, those of the run, and why they moved."""
        return table_of(essay.HEADER, essay.then_and_now(self.run / "claims.csv"))


BLOCKS: dict[str, Callable[[Figures], str]] = {
    name: getattr(Figures, name)
    for name in ("gate", "answers", "conventions", "moves", "range", "domains", "partnership",
                 "hazard", "rates", "left_out", "deciles", "disputes", "skill", "ablations",
                 "drivers", "claims")
}  # fmt: skip


def filled(page: Path, figures: Figures) -> str:
    """Return a page with its blocks made of a run, and its lists of the program.

    Raises
    ------
    InputError : a block of an unknown name.
    """
    text = page.read_text("utf-8")

    def fill(found: re.Match[str]) -> str:
        if found[2] not in BLOCKS:
            line = text.count("\n", 0, found.start()) + 1
            rule = f"unknown block of figures: must be one of {', '.join(BLOCKS)}"
            raise InputError(fault(rule, file=page, line=line, value=found[2]))
        return f"{found[1]}{BLOCKS[found[2]](figures)}\n{found[3]}"

    return guide_lists.filled(BLOCK.sub(fill, text))


def write(run: Path, pages: Iterable[Path]) -> list[Path]:
    """Fill the blocks of pages from a run; return the pages that changed."""
    figures = Figures(run)
    verify.hold(run)
    made = {page: filled(page, figures) for page in pages}
    changed = [page for page, text in made.items() if text != page.read_text("utf-8")]
    for page in changed:
        runs.write(page, made[page])
    return changed


def stale(run: Path, pages: Iterable[Path]) -> list[Path]:
    """Return the pages whose blocks are not those of a run."""
    figures = Figures(run)
    verify.hold(run)
    return [page for page in pages if filled(page, figures) != page.read_text("utf-8")]
