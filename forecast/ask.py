"""Any inequality of published quantities, answered from a run's stored draws.

In each draw the statement holds or does not; the answer is the share of draws in which it does,
with the Monte-Carlo error of that share and what is known of the skill of such forecasts. Pairs of
one run share draws and shocks, so that figures of several pairs are compared draw by draw.
Statements on the gap of capacity are averaged over its conventions, as the published ones are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.data import countries
from crossover.data.names import (
    DOMAIN,
    DRAW,
    FIRST_PASSAGE,
    SCENARIO,
    STATE,
    YEAR,
)
from crossover.forecast import quantities, question, runs, skill_note
from crossover.forecast.answer import Answer
from crossover.forecast.asked import CAPACITY, NO_DOMAINS, Held, Valued
from crossover.forecast.quantities import IN_A_DOMAIN
from crossover.forecast.question import (
    IN,
    MEAN,
    SOME,
    Comparison,
    Event,
    Expression,
    Figure,
    Number,
    Operation,
    When,
)

if TYPE_CHECKING:
    import xarray as xr

SCALE_FREE = 1e-6
"""By how much a margin may move, of rounding, when all capacities are shifted alike."""


def ask(run: Path, text: str, pair: tuple[str, str] | None = None) -> Answer:
    """Answer a question from a run.

    Parameters
    ----------
    run
        A run folder.
    text
        A question in the language of `forecast.question`.
    pair
        Supplier and recipient, ISO3 codes, that are meant where the question names nobody; the
        run's own by default.

    Raises
    ------
    InputError
        If the question cannot be read, or the run holds no draws that answer it: one line with the
        place in the question and what is known.
    """
    from crossover.forecast.events import EVENTS, monte_carlo_error

    asked = question.parse(text, EVENTS)
    said = runs.read(run)
    world = _World(run, said, pair or runs.own_pair(said), asked)
    statement = asked.statement
    if isinstance(statement, Event):
        holds, notes = world.event(statement)
        undefined = 0.0
    else:
        holds, notes, undefined = world.comparison(statement)
    values = holds.transpose(DRAW, ...).values.astype(float).reshape(holds.sizes[DRAW], -1)
    share = values.mean(axis=1)
    return Answer(
        question=asked.text,
        reading=world.reading(),
        probability=float(share.mean()),
        mc_error=float(monte_carlo_error(share[:, None], world.chains)[0]),
        undefined=undefined,
        draws=len(share),
        scenario=asked.scenario,
        first=world.span[0],
        last=world.span[-1],
        origin=world.origin,
        run=str(said.get("id", run.name)),
        passed=bool((said.get("gate") or {}).get("passed")),
        skill=tuple(dict.fromkeys(notes)),
    )


class _World(Held):
    """The forecasts of a run, as far as a question needs them, and what it says of them."""

    # Statements

    def comparison(
        self, statement: Comparison
    ) -> tuple[xr.DataArray, list[skill_note.Note], float]:
        """Return in which draws an inequality holds, what is known of such forecasts, and the share
        of draws in which it is undefined.
        """
        import numpy as np

        margin = self._margin(statement, None)
        domains = {f.domain for f in question.figures(statement) if f.quantity.name == CAPACITY}
        for domain in domains:
            moved = self._margin(statement, domain)
            if not np.allclose(margin, moved, atol=SCALE_FREE, equal_nan=True):
                rule = (
                    "capacity has no zero of its own, so that only differences mean something: ask "
                    "for 'capacity CHN > capacity RUS', or for 'gap > 0'"
                )
                more = "; each domain has a zero of its own" if len(domains) > 1 else ""
                raise self.refuse(statement.at, rule + more)
        holds = _HOLDS[statement.sign](margin)
        notes = [
            note
            for figure in question.figures(statement)
            for note in skill_note.of_quantity(
                figure.drawn.name, figure.of or self._whose(figure), self._ahead(figure)
            )
        ]
        undefined = margin.isnull()
        by_draw = undefined.any([dim for dim in undefined.dims if dim != DRAW])
        return self._over_years(holds), notes, float(by_draw.mean())

    def _whose(self, figure: Figure) -> tuple[str, ...]:
        return self.own.whose(figure.quantity)[-1]

    def _ahead(self, figure: Figure) -> int:
        return (figure.year or self.span[-1]) - self.origin

    def _margin(self, statement: Comparison, moved: str | None) -> xr.DataArray:
        """Return left less right (draw, ..., year); a statement without a figure is refused."""
        left, right = (self.value(side, moved) for side in (statement.left, statement.right))
        if left.unit is None and right.unit is None:
            raise self.refuse(statement.at, "there is no quantity in this question")
        self._same_unit(left, right, statement.at, "compare")
        return left.values - right.values

    def value(self, part: Expression, moved: str | None) -> Valued:
        """Return the draws of an expression with its unit."""
        if isinstance(part, Number):
            return Valued(part.value, quantities.SHARE if part.percent else None)
        if isinstance(part, Figure):
            return self.figure(part, moved)
        return self._operation(part, moved)

    def _operation(self, part: Operation, moved: str | None) -> Valued:
        left, right = self.value(part.left, moved), self.value(part.right, moved)
        act = _ACTS[part.sign]
        if part.sign in "+-":
            self._same_unit(left, right, part.at, "add" if part.sign == "+" else "subtract")
            return Valued(act(left.values, right.values), left.unit or right.unit)
        if part.sign == "/" and isinstance(right.values, float) and right.values == 0.0:
            raise self.refuse(part.at, "division by zero")
        return Valued(act(left.values, right.values), _unit(part.sign, left.unit, right.unit))

    def _same_unit(self, left: Valued, right: Valued, at: int, verb: str) -> None:
        if None in (left.unit, right.unit) or left.unit == right.unit:
            return
        percent = quantities.SHARE in (left.unit, right.unit) and "%" in f"{left.unit}{right.unit}"
        hint = "; of a quantity in % of GDP give the number alone, as in 3" if percent else ""
        units = [_in_words(side.unit) for side in (left, right)]
        raise self.refuse(at, f"cannot {verb} {units[0]} and {units[1]}{hint}")

    def event(self, statement: Event) -> tuple[xr.DataArray, list[skill_note.Note]]:
        """Return in which draws an event holds in the years that count, and its notes."""
        from crossover.forecast import events

        pair = statement.of or self.pair
        holder = next((one for one in self._all if (one.supplier, one.recipient) == pair), None)
        if holder is None:
            rule = (
                f"{'-'.join(pair)} is not forecast in this run; make it with 'crossover forecast "
                f"--supplier {pair[0]} --recipient {pair[1]}'"
            )
            raise self.refuse(statement.at, rule)
        futures = holder.futures.sel({SCENARIO: [self.asked.scenario]}).load()
        name = IN_A_DOMAIN[statement.name] if statement.domain else statement.name
        if statement.domain:
            if not (holder.folder / quantities.BY_DOMAIN).is_file():
                raise self.refuse(statement.at, NO_DOMAINS)
            apart = holder.domains.sel(
                {SCENARIO: [self.asked.scenario], DOMAIN: [statement.domain]}
            ).load()
            self.chains = int(apart.attrs["chains"])
            found = events.domain_crossovers(futures, apart).isel({DOMAIN: 0}, drop=True)
        else:
            found = events.answers_on(futures, [name])
        if name not in found:
            raise self.refuse(statement.at, "is not defined for this pair")
        holds = found[name].isel({SCENARIO: 0}, drop=True)
        known = holds[YEAR].values
        if missing := [year for year in self.span if year not in known]:
            rule = f"is answered from {known[0]} to {known[-1]}, not in {missing[0]}"
            raise self.refuse(statement.at, rule)
        kind = FIRST_PASSAGE if self._when.how == SOME else STATE
        notes = skill_note.of_event(name, kind, self.span[-1] - self.origin)
        return self._over_years(holds.sel({YEAR: self.span})), notes

    @property
    def _when(self) -> When:
        return self.asked.when or When(IN, self.span[0], self.span[-1])

    def _over_years(self, holds: xr.DataArray) -> xr.DataArray:
        """Return whether it holds in every, or in some, of the years that count."""
        if YEAR not in holds.dims:
            return holds
        return holds.any(YEAR) if self._when.how == SOME else holds.all(YEAR)

    def reading(self) -> str:
        """Return the question as it was understood."""
        statement, first, last = self.asked.statement, self.span[0], self.span[-1]
        if isinstance(statement, Event):
            of = _to(statement.of or self.pair)
            said = f"{statement.name}, {of}{_within(statement.domain)}"
        else:
            sides = (self._words(side) for side in (statement.left, statement.right))
            said = f" {statement.sign} ".join(sides)
        if self.asked.when is None:
            years = ""
        elif self.asked.when.how == IN:
            years = f" in {last}"
        elif self.asked.when.how == MEAN:
            years = f", means of {first}-{last}"
        else:
            years = f", in {self.asked.when.how} year {first}-{last}"
        return f"{said}{years}; {self.asked.scenario}"

    def _words(self, part: Expression, inside: bool = False) -> str:
        if isinstance(part, Number):
            return f"{100 * part.value:g} %" if part.percent else f"{part.value:g}"
        if isinstance(part, Figure):
            year = f" [{part.year}]" if part.year else ""
            whose = _to(part.of or self._whose(part))
            return f"{part.quantity.name} {whose}{_within(part.domain)}{year}"
        sides = (self._words(side, True) for side in (part.left, part.right))
        text = f" {part.sign} ".join(sides)
        return f"({text})" if inside else text


_HOLDS: Mapping[str, Callable[[Any], Any]] = {
    "<": lambda margin: margin < 0, "<=": lambda margin: margin <= 0,
    ">": lambda margin: margin > 0, ">=": lambda margin: margin >= 0,
}  # fmt: skip
_ACTS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}  # fmt: skip


def _unit(sign: str, left: str | None, right: str | None) -> str | None:
    """Return the unit of a product or a ratio; a share and a bare number leave the other's."""
    if sign == "/" and left is not None and left == right:
        return quantities.SHARE
    plain = (None, quantities.SHARE)
    if right in plain:
        return left if left is not None else right
    if left in plain and sign == "*":
        return right
    return f"{left or 1} {sign} {right}"


def _in_words(unit: str | None) -> str:
    return "a share" if unit == quantities.SHARE else str(unit)


def _within(domain: str) -> str:
    return f" in {domain.replace('_', ' ')}" if domain else ""


def _to(codes: Sequence[str]) -> str:
    return " to ".join(map(countries.name_of, codes))
