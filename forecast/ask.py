"""Any inequality of published quantities, answered from a run's stored draws.

In each draw the statement holds or does not; the answer is the share of draws in which it does,
with the Monte-Carlo error of that share and what is known of the skill of such forecasts. Pairs of
one run share draws and shocks, so that figures of several pairs are compared draw by draw.
Statements on the gap of capacity are averaged over its conventions, as the published ones are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.data import countries
from crossover.data.errors import InputError
from crossover.data.names import (
    BASELINE,
    CONVENTION,
    DRAW,
    FIRST_PASSAGE,
    SCENARIO,
    STATE,
    YEAR,
)
from crossover.forecast import quantities, question, runs, skill_note
from crossover.forecast.answer import Answer
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
    Question,
    When,
)

if TYPE_CHECKING:
    import xarray as xr

SCALE_FREE = 1e-6
"""By how much a margin may move, of rounding, when all capacities are shifted alike."""
CAPACITY = "capacity"


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


@dataclass(frozen=True)
class _Valued:
    """Draws of an expression, (draw, ..., year) or less, and its unit; None of a bare number."""

    values: xr.DataArray | float
    unit: str | None


class _World:
    """The forecasts of a run, as far as a question needs them."""

    def __init__(
        self, run: Path, said: Mapping[str, Any], pair: tuple[str, str], asked: Question
    ) -> None:
        self.run, self.said, self.pair, self.asked = run, said, pair, asked
        self.chains = int(said.get("chains", 1))
        self.own = self._stored(pair)
        self.origin = self.own.origin
        if asked.scenario not in self.own.scenarios:
            at = asked.text.rindex(asked.scenario)
            known = ", ".join(self.own.scenarios)
            raise self.refuse(at, f"no such scenario in this run, which holds {known}")
        self.span = self._years()

    def refuse(self, at: int, rule: str) -> InputError:
        """Return the error of a question that was read but cannot be answered."""
        return question.refusal(self.asked.text, at, rule)

    def _stored(self, pair: tuple[str, str]) -> quantities.Pair:
        return quantities.Pair(runs.pair_folder(self.run, self.said, pair), *pair, self.chains)

    def _holders(self) -> list[quantities.Pair | quantities.AllPairs]:
        """Return what the run holds of the scenario: single pairs, then all pairs at once."""
        every = quantities.AllPairs(self.run, self.chains)
        single = [one for one in self._all() if self.asked.scenario in one.scenarios]
        stored = (self.run / quantities.ALL_PAIRS).is_file()
        return [*single, *([every] if stored and self.asked.scenario == BASELINE else [])]

    def _all(self) -> list[quantities.Pair]:
        """Return every pair that the run holds, that of the question first."""
        folders = (self.run / "pairs").glob(f"???-???/{quantities.FORECAST}")
        names = [path.parent.name.split("-") for path in sorted(folders)]
        pairs = dict.fromkeys([self.pair, runs.own_pair(self.said), *map(tuple, names)])
        held = [self._stored(pair) for pair in pairs]
        return [one for one in held if (one.folder / quantities.FORECAST).is_file()]

    def _years(self) -> list[int]:
        """Return the years that count."""
        when = self.asked.when
        fixed = [figure.year for figure in question.figures(self.asked) if figure.year]
        if when is None:
            return sorted(fixed)
        first = self.origin + 1 if when.first is None else when.first
        if first > when.last:
            rule = f"'up to' begins after the last data year, {self.origin}"
            raise self.refuse(self.asked.text.rindex(str(when.last)), rule)
        return list(range(first, when.last + 1))

    # Figures

    def figure(self, figure: Figure, shift: float) -> _Valued:
        """Return the draws of a figure in its year, or in all that count."""
        holder = self._holder(figure)
        whole = quantities.draws(
            holder, figure.quantity, figure.of, scenario=self.asked.scenario
        )
        if figure.quantity.name == CAPACITY:
            whole = _with_conventions(holder, whole, self.asked.scenario) + shift
        wanted = [figure.year] if figure.year else self.span
        known = whole[YEAR].values
        if missing := [year for year in wanted if year not in known]:
            rule = (
                f"{figure.quantity.name} is known from {known[0]} to {known[-1]}, not in "
                f"{missing[0]}"
            )
            raise self.refuse(figure.at, rule)
        values = whole.sel({YEAR: wanted}).reset_coords(drop=True)
        if bool(values.isnull().any()):
            rule = f"no {figure.quantity.name} of it is on record to go on from"
            raise self.refuse(figure.at, rule)
        when = self.asked.when
        if figure.year or (when is not None and when.how in (IN, MEAN)):
            values = values.mean(YEAR)
        return _Valued(values, figure.quantity.unit)

    def _holder(self, figure: Figure) -> quantities.Pair | quantities.AllPairs:
        """Return a pair's forecast that holds the figure; the capacities of one question share it.

        Raises InputError with what is known where none does.
        """
        able = [one for one in self._holders() if one.held(figure.quantity)]
        if not figure.of and able:
            return able[0]
        together = {f.of for f in question.figures(self.asked) if f.quantity.name == CAPACITY}
        for one in able:
            whose = set(one.whose(figure.quantity))
            wanted = together - {()} if figure.quantity.name == CAPACITY else {figure.of}
            if wanted <= whose:
                return one
        known = quantities.listed(able, figure.quantity)
        rule = f"this run holds {figure.quantity.name} of {known}"
        if len(figure.of) == 2:
            rule += f"; make it with 'crossover forecast --supplier {figure.of[0]} --recipient "
            rule += f"{figure.of[1]}'"
        elif figure.quantity.name != CAPACITY:
            rule += "; 'crossover forecast --all' adds imports and exports of all"
        raise self.refuse(figure.at, rule)

    # Statements

    def comparison(
        self, statement: Comparison
    ) -> tuple[xr.DataArray, list[skill_note.Note], float]:
        """Return in which draws an inequality holds, what is known of such forecasts, and the share
        of draws in which it is undefined.
        """
        import numpy as np

        margin = self._margin(statement, 0.0)
        if any(f.quantity.name == CAPACITY for f in question.figures(statement)):
            moved = self._margin(statement, 1.0)
            if not np.allclose(margin, moved, atol=SCALE_FREE, equal_nan=True):
                rule = (
                    "capacity has no zero of its own, so that only differences mean something: ask "
                    "for 'capacity CHN > capacity RUS', or for 'gap > 0'"
                )
                raise self.refuse(statement.at, rule)
        holds = _HOLDS[statement.sign](margin)
        notes = [
            note
            for figure in question.figures(statement)
            for note in skill_note.of_quantity(
                figure.quantity.name, figure.of or self._whose(figure), self._ahead(figure)
            )
        ]
        undefined = margin.isnull()
        by_draw = undefined.any([dim for dim in undefined.dims if dim != DRAW])
        return self._over_years(holds), notes, float(by_draw.mean())

    def _whose(self, figure: Figure) -> tuple[str, ...]:
        return self.own.whose(figure.quantity)[-1]

    def _ahead(self, figure: Figure) -> int:
        return (figure.year or self.span[-1]) - self.origin

    def _margin(self, statement: Comparison, shift: float) -> xr.DataArray:
        """Return left less right (draw, ..., year); a statement without a figure is refused."""
        left, right = (self.value(side, shift) for side in (statement.left, statement.right))
        if left.unit is None and right.unit is None:
            raise self.refuse(statement.at, "there is no quantity in this question")
        self._same_unit(left, right, statement.at, "compare")
        return left.values - right.values

    def value(self, part: Expression, shift: float) -> _Valued:
        """Return the draws of an expression with its unit."""
        if isinstance(part, Number):
            return _Valued(part.value, quantities.SHARE if part.percent else None)
        if isinstance(part, Figure):
            return self.figure(part, shift)
        return self._operation(part, shift)

    def _operation(self, part: Operation, shift: float) -> _Valued:
        left, right = self.value(part.left, shift), self.value(part.right, shift)
        act = _ACTS[part.sign]
        if part.sign in "+-":
            self._same_unit(left, right, part.at, "add" if part.sign == "+" else "subtract")
            return _Valued(act(left.values, right.values), left.unit or right.unit)
        if part.sign == "/" and isinstance(right.values, float) and right.values == 0.0:
            raise self.refuse(part.at, "division by zero")
        return _Valued(act(left.values, right.values), _unit(part.sign, left.unit, right.unit))

    def _same_unit(self, left: _Valued, right: _Valued, at: int, verb: str) -> None:
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
        holder = next((one for one in self._all() if (one.supplier, one.recipient) == pair), None)
        if holder is None:
            rule = (
                f"{'-'.join(pair)} is not forecast in this run; make it with 'crossover forecast "
                f"--supplier {pair[0]} --recipient {pair[1]}'"
            )
            raise self.refuse(statement.at, rule)
        futures = holder.futures.sel({SCENARIO: [self.asked.scenario]}).load()
        found = events.answers_on(futures, [statement.name])
        if statement.name not in found:
            raise self.refuse(statement.at, "is not defined for this pair")
        holds = found[statement.name].isel({SCENARIO: 0}, drop=True)
        known = holds[YEAR].values
        if missing := [year for year in self.span if year not in known]:
            rule = f"is answered from {known[0]} to {known[-1]}, not in {missing[0]}"
            raise self.refuse(statement.at, rule)
        kind = FIRST_PASSAGE if self._when.how == SOME else STATE
        notes = skill_note.of_event(statement.name, kind, self.span[-1] - self.origin)
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
            said = f"{statement.name}, {_to(statement.of or self.pair)}"
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
            return f"{part.quantity.name} {_to(part.of or self._whose(part))}{year}"
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


def _with_conventions(
    holder: quantities.Pair, capacity: xr.DataArray, scenario: str
) -> xr.DataArray:
    """Return a capacity under each convention: what one adds to the gap, the recipient is given."""
    if capacity.attrs["of"] != holder.recipient:
        return capacity
    gap = quantities.draws(holder, quantities.QUANTITIES["gap"], scenario=scenario)
    of_other = quantities.draws(
        holder, quantities.QUANTITIES[CAPACITY], (holder.supplier,), scenario=scenario
    )
    return (gap + of_other).transpose(DRAW, CONVENTION, YEAR)


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


def _to(codes: Sequence[str]) -> str:
    return " to ".join(map(countries.name_of, codes))
