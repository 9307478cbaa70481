"""Where the variables of a graph stand in one vector of numbers, as the graph is gone through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable

from crossover.models import interpreter as do
from crossover.models.instructions import Call, Place, Unknown


class Memory:
    """Places of variables, rows of operations and tables of places; it grows as it is needed."""

    def __init__(
        self, graph: Any, point: Sequence[np.ndarray], shared: Sequence[Any]
    ) -> None:
        self.graph = graph
        self.values: dict[Variable, np.ndarray] = {}
        self.places: dict[Variable, Place] = {}
        self.uses: dict[int, int] = defaultdict(int)
        self.free: dict[int, list[int]] = defaultdict(list)
        self.sizes: dict[int, int] = {}
        self.constants: list[tuple[int, np.ndarray]] = []
        self.top = 0
        self.code: list[list[tuple[int, ...]]] = [[]]
        self.calls: list[Call] = []
        self.tables: list[np.ndarray] = []
        self.length = 0
        self.inputs = []
        self.fixed: set[Variable] = set(graph.inputs[len(point) :])
        self.values.update(zip(graph.inputs[len(point) :], shared, strict=True))
        for variable, value in zip(graph.inputs, point, strict=False):
            self.values[variable] = np.asarray(value)
            self.inputs.append(self._new(variable, np.shape(value), 1))

    def _known(self, variable: Variable) -> bool:
        return isinstance(variable, Constant) or variable in self.fixed

    def _value(self, variable: Variable) -> Any:
        return variable.data if isinstance(variable, Constant) else self.values[variable]

    def _fixed(self, variable: Variable) -> Any:
        if not self._known(variable):
            raise Unknown(f"{variable} is not known beforehand")
        return self._value(variable)

    def _take(self, size: int) -> int:
        if self.free[size]:
            return self.free[size].pop()
        at = self.top
        self.top += size
        return at

    def _new(self, variable: Variable | None, size: tuple[int, ...], uses: int = 0) -> Place:
        place = Place(at := self._take(count := int(np.prod(size, dtype=int))), size, at)
        self.sizes[at] = count
        if variable is not None:
            self.places[variable] = place
            uses = uses or self.counts[variable]
            # An input or what nobody asks for is never given back.
            self.uses[at] = uses
        return place

    def _release(self, root: int) -> None:
        self.uses[root] -= 1
        if self.uses[root] == 0 and root >= sum(p.size for p in self.inputs):
            self.free[self.sizes[root]].append(root)

    def _give_back(self, place: Place) -> None:
        self.free[place.size].append(place.at)

    def _place(self, variable: Variable) -> Place:
        """Return where a variable stands; a constant is put into memory when first asked for."""
        if variable not in self.places:
            value = np.asarray(self._fixed(variable), float)
            at, self.top = self.top, self.top + value.size
            self.constants.append((at, value))
            self.places[variable] = Place(at, value.shape, at)
        return self.places[variable]

    def _alias(self, variable: Variable, at: int, size: tuple[int, ...], root: int) -> None:
        self.places[variable] = Place(at, size, root)
        self.uses[root] += self.counts[variable]

    def _row(self, op: int, out: int, n: int, *rest: int) -> None:
        self.code[-1].append((op, out, n, *rest, *[0] * (do.WIDTH - 3 - len(rest))))

    def _table(self, places: np.ndarray) -> int:
        at = self.length
        self.tables.append(np.asarray(places, np.uint32).ravel())
        self.length += places.size
        return at

    def _gather(self, place: Place, where: np.ndarray) -> None:
        self._row(do.GATHER, place.at, place.size, 0, 0, 0, 0, 0, 0, self._table(where))

    def _spread(self, place: Place, size: tuple[int, ...]) -> Place:
        """Return a place repeated to a shape, in memory to be given back; itself where it fits."""
        if place.size in (1, int(np.prod(size, dtype=int))):
            return place
        where = np.arange(place.at, place.at + place.size).reshape(place.shape)
        wide = self._new(None, size)
        self._gather(wide, np.broadcast_to(where, size))
        return wide

    def _number(self, value: float) -> Place:
        return self._place(pt.constant(value))
