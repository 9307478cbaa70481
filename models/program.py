"""A model's log density and its derivative as a list of array operations.

PyTensor writes down the density and differentiates it; `models.interpreter` carries it out. The
list is made once a model, in a second or two, where compiling each operation of the graph takes a
minute or more on a machine that has not seen it. Shapes are those of one evaluation; at another
point the list must give what PyTensor's own operations give. Densities by hand (`models.compiled`)
are called between stretches of the list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.tensor import basic as tensors
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.extra_ops import CumOp
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Reshape, Shape, Shape_i
from pytensor.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedSubtensor,
    IncSubtensor,
    Subtensor,
)

from crossover.models import interpreter as do
from crossover.models.compiled import Density
from crossover.models.instructions import Call, Place, Program, Unknown, flat
from crossover.models.memory import Memory

PLAIN = Mode("py", RewriteDatabaseQuery(
    include=["fast_run"], exclude=["fusion", "inplace", "BlasOpt", "scan"],
))  # fmt: skip
"""PyTensor's simplifications, but neither merged nor overwriting operations."""
SCALARS = {
    "Add": do.ADD, "Mul": do.MUL, "Sub": do.SUB, "TrueDiv": do.DIV, "Pow": do.POW,
    "Maximum": do.MOST, "ScalarMaximum": do.MOST, "Minimum": do.LEAST, "ScalarMinimum": do.LEAST,
    "GT": do.GREATER, "GE": do.AT_LEAST, "EQ": do.EQUAL, "AND": do.BOTH, "OR": do.EITHER,
    "Switch": do.SWITCH, "Neg": do.NEG, "Exp": do.EXP, "Log": do.LOG, "Log1p": do.LOG1P,
    "Expm1": do.EXPM1, "Sqrt": do.SQRT, "Sqr": do.SQUARE, "Sigmoid": do.SIGMOID,
    "Softplus": do.SOFTPLUS, "Abs": do.ABS, "Sign": do.SIGN, "Erfc": do.ERFC, "Erfcx": do.ERFCX,
    "Log1mexp": do.LOG1MEXP, "IsNan": do.IS_NAN, "IsInf": do.IS_INF, "Invert": do.NOT,
}  # fmt: skip
SWAPPED = {"LT": do.GREATER, "LE": do.AT_LEAST}
SAME = ("CheckParameterValue", "Assert", "SpecifyShape", "DeepCopyOp")
"""Operations that give their first input as it is."""
ANEW = (
    Subtensor, AdvancedSubtensor, DimShuffle, Reshape,
    tensors.Alloc, tensors.Join, tensors.Split, tensors.MakeVector, tensors.ScalarFromTensor,
    tensors.TensorFromScalar,
)  # fmt: skip
"""Operations that only put numbers elsewhere: where from is found by moving numbers' places."""


def program(
    inputs: Sequence[Variable], outputs: Sequence[Variable], point: Sequence[np.ndarray]
) -> Program:
    """Write a graph as a list of operations.

    Parameters
    ----------
    inputs, outputs
        Of the graph.
    point
        A value of each input, at which shapes are taken.

    Raises
    ------
    Unknown
        If the graph holds an operation that the interpreter does not have.
    RuntimeError
        If the list does not give what PyTensor's operations give, at another point.
    """
    graph = pytensor.function(list(inputs), list(outputs), mode=PLAIN, on_unused_input="ignore")
    shared = [cell.data for cell in graph.input_storage[len(point) :]]
    found = _Writer(graph.maker.fgraph, point, shared).write()
    # Elsewhere than where shapes were taken: nothing may have been kept from there.
    moved = [0.9 * np.asarray(value) + 0.05 for value in point]
    with np.errstate(all="ignore"):
        for mine, value in zip(found.start()(flat(moved)), graph(*moved), strict=True):
            if not np.allclose(mine, value, rtol=1e-9, atol=1e-9, equal_nan=True):
                raise RuntimeError("a model's list of operations does not give its density")
    return found


def density(model: pm.Model, point: Sequence[np.ndarray]) -> Program:
    """Return the program of a model's log density and of its derivative by all value variables.

    The derivative is one vector, in the order of the variables.
    """
    values = list(model.value_vars)
    total = model.logp()
    slopes = [slope.ravel() for slope in pt.grad(total, values)]
    return program(values, [total, pt.concatenate(slopes)], point)


def named(model: pm.Model, point: Sequence[np.ndarray]) -> tuple[Program, list[str]]:
    """Return the program of all named variables of a model, and their names."""
    variables = [*model.free_RVs, *model.deterministics]
    outputs = model.replace_rvs_by_values(variables)
    return program(list(model.value_vars), outputs, point), [str(v.name) for v in variables]


class _Writer(Memory):
    """Goes through a graph once and writes it down; `memory` grows as it is needed."""

    def write(self) -> Program:
        """Write all down."""
        nodes = self.graph.toposort()
        self._evaluate(nodes)
        needed = self._needed(nodes)
        self.counts = defaultdict(int)
        for node in needed:
            for variable in self._of(node):
                self.counts[variable] += 1
        for variable in self.graph.outputs:
            self.counts[variable] += 1
        for node in needed:
            self._write(node)
            for variable in self._of(node):
                if variable in self.places and not self._known(variable):
                    self._release(self.places[variable].root)
        outputs = tuple(self._place(variable) for variable in self.graph.outputs)
        memory = np.zeros(self.top)
        for at, value in self.constants:
            memory[at : at + value.size] = value.ravel()
        tables = np.concatenate([np.zeros(0, np.uint32), *self.tables])
        stretches = tuple(
            np.array(rows, np.int64).reshape(-1, do.WIDTH) for rows in self.code
        )
        return Program(
            stretches, tuple(self.calls), tables, memory, tuple(self.inputs), outputs
        )

    # What is known beforehand

    def _evaluate(self, nodes: Sequence[Apply]) -> None:
        """Find the value of every variable at the point, and what hangs on shapes alone."""
        with np.errstate(all="ignore"):
            for node in nodes:
                storage = [[None] for _ in node.outputs]
                node.op.perform(node, [self._value(v) for v in node.inputs], storage)
                for variable, cell in zip(node.outputs, storage, strict=True):
                    self.values[variable] = np.asarray(cell[0])
                if isinstance(node.op, Shape | Shape_i) or (
                    node.inputs and all(self._known(v) for v in node.inputs)
                ):
                    self.fixed.update(node.outputs)

    def _needed(self, nodes: Sequence[Apply]) -> list[Apply]:
        wanted = {v for v in self.graph.outputs if not self._known(v)}
        kept = []
        for node in reversed(nodes):
            if wanted.isdisjoint(node.outputs):
                continue
            kept.append(node)
            wanted.update(v for v in self._of(node) if not self._known(v))
        return kept[::-1]

    def _of(self, node: Apply) -> list[Variable]:
        """Return what a node's numbers come from; what is only checked does not count."""
        if type(node.op).__name__ in SAME:
            return node.inputs[:1]
        return node.inputs

    def _write(self, node: Apply) -> None:
        op, name = node.op, type(node.op).__name__
        if all(self._known(v) for v in node.outputs):
            return
        if name in SAME:
            first = self._place(node.inputs[0])
            self._alias(node.outputs[0], first.at, first.shape, first.root)
        elif isinstance(op, ANEW):
            self._moved(node)
        elif isinstance(op, IncSubtensor | AdvancedIncSubtensor):
            self._into(node)
        elif isinstance(op, Elemwise):
            self._each(node)
        elif isinstance(op, CAReduce):
            self._reduced(node)
        elif isinstance(op, CumOp) and op.mode == "add":
            self._summed_up(node)
        elif isinstance(op, Dot):
            self._product(node)
        elif isinstance(op, Density):
            self._called(node)
        else:
            raise Unknown(str(op))

    def _moved(self, node: Apply) -> None:
        """Find where each number comes from by sending places through the operation."""
        if isinstance(node.op, tensors.MakeVector):
            storage = [[np.stack([self._sent(variable) for variable in node.inputs])]]
        else:
            moved = set(node.inputs if isinstance(node.op, tensors.Join) else node.inputs[:1])
            given = [self._sent(v) if v in moved else self._fixed(v) for v in node.inputs]
            storage = [[None] for _ in node.outputs]
            node.op.perform(node, given, storage)
        for variable, cell in zip(node.outputs, storage, strict=True):
            self._from(variable, np.asarray(cell[0], float).astype(np.int64), node)

    def _sent(self, variable: Variable) -> np.ndarray:
        place = self._place(variable)
        return np.arange(place.at, place.at + place.size, dtype=float).reshape(place.shape)

    def _from(self, variable: Variable, where: np.ndarray, node: Apply) -> None:
        flat = where.ravel()
        roots = {self.places[v].root for v in node.inputs if v in self.places}
        if flat.size and len(roots) == 1 and (np.diff(flat) == 1).all():
            root = roots.pop()
            if root in self.uses:
                self._alias(variable, int(flat[0]), where.shape, root)
                return
        self._gather(self._new(variable, where.shape), flat)

    def _into(self, node: Apply) -> None:
        op, (base, part, *index) = node.op, node.inputs
        size = self.values[node.outputs[0]].shape
        held = np.arange(int(np.prod(size, dtype=int)), dtype=float).reshape(size)
        # Marks where the part goes: places of the base that it is written to, in its order.
        read = Subtensor(op.idx_list) if isinstance(op, IncSubtensor) else (
            AdvancedSubtensor(op.idx_list)
        )
        cell = [[None]]
        taken = [held, *(self._fixed(v) for v in index)]
        read.perform(read.make_node(base, *index), taken, cell)
        where = np.asarray(cell[0][0]).astype(np.int64)
        base_place, part_place = self._place(base), self._place(part)
        from_part = np.broadcast_to(
            np.arange(part_place.size).reshape(part_place.shape), where.shape
        )
        out = self._new(node.outputs[0], size)
        if op.set_instead_of_inc:
            source = base_place.at + np.arange(out.size)
            source[where.ravel()] = part_place.at + from_part.ravel()
            self._gather(out, source)
            return
        self._row(do.COPY, out.at, out.size, base_place.at, 1)
        spread = self._spread(part_place, where.shape)
        self._row(
            do.SCATTER, out.at, where.size, spread.at, int(spread.size == where.size), 0, 0, 0, 0,
            self._table(where),
        )  # fmt: skip
        if spread is not part_place:
            self._give_back(spread)

    def _each(self, node: Apply) -> None:
        size = self.values[node.outputs[0]].shape
        places = [self._place(v) for v in node.inputs]
        wide = [self._spread(place, size) for place in places]
        name = type(node.op.scalar_op).__name__
        kept = name in ("Identity", "Cast") and self._same(node)
        if kept and wide[0].shape == size and wide[0].root in self.uses:
            self._alias(node.outputs[0], wide[0].at, size, wide[0].root)
            return
        out = self._new(node.outputs[0], size)
        self._scalar(node.op.scalar_op, wide, out)
        for place, used in zip(places, wide, strict=True):
            if place is not used:
                self._give_back(used)

    @staticmethod
    def _same(node: Apply) -> bool:
        into, of = node.outputs[0].type.dtype, node.inputs[0].type.dtype
        return into.startswith("float") or of.startswith(("int", "uint", "bool"))

    def _scalar(self, op: Any, wide: Sequence[Place], out: Place) -> None:
        name = type(op).__name__
        if name == "Composite":
            self._composite(op, wide, out)
            return
        if name in ("Identity", "Cast", "Second"):
            self._operation(do.COPY, out, [wide[-1]])
        elif name == "Reciprocal":
            self._operation(do.DIV, out, [self._number(1.0), *wide])
        elif name in SWAPPED:
            self._operation(SWAPPED[name], out, wide[::-1])
        elif name in SCALARS:
            kind = SCALARS[name]
            if len(wide) > 2 and kind in (do.ADD, do.MUL):
                before = wide[0]
                for at, place in enumerate(wide[1:]):
                    # Half-made sums stand where the result will; no input does.
                    self._operation(kind, out, [before if at == 0 else out, place])
            else:
                self._operation(kind, out, wide)
        else:
            raise Unknown(name)

    def _operation(self, kind: int, out: Place, given: Sequence[Place]) -> None:
        pairs = [(p.at, int(p.size == out.size and out.size > 1)) for p in given]
        self._row(kind, out.at, out.size, *(n for pair in pairs for n in pair))

    def _composite(self, op: Any, wide: Sequence[Place], out: Place) -> None:
        """Carry out an operation on numbers that is made of several."""
        graph = op.fgraph
        if len(graph.outputs) != 1:
            raise Unknown("Composite of several outputs")
        places = dict(zip(graph.inputs, wide, strict=True))
        held = []
        for inner in graph.toposort():
            last = inner.outputs[0] is graph.outputs[0]
            place = out if last else self._new(None, out.shape)
            if not last:
                held.append(place)
            given = [
                self._number(float(v.data)) if isinstance(v, Constant) else places[v]
                for v in inner.inputs
            ]
            self._scalar(inner.op, given, place)
            places[inner.outputs[0]] = place
        for place in held:
            self._give_back(place)

    def _reduced(self, node: Apply) -> None:
        name = type(node.op.scalar_op).__name__
        given, out = self._place(node.inputs[0]), node.outputs[0]
        axes = node.op.axis
        axes = tuple(range(len(given.shape))) if axes is None else tuple(axes)
        size = self.values[out].shape
        place = self._new(out, size)
        if name == "Add" and place.size == 1:
            self._row(do.TOTAL, place.at, given.size, given.at)
        elif name == "Add":
            kept = np.arange(place.size).reshape(
                [1 if axis in axes else n for axis, n in enumerate(given.shape)]
            )
            table = self._table(np.broadcast_to(kept, given.shape))
            self._row(do.SUM_TO, place.at, given.size, given.at, 0, 0, 0, place.size, 0, table)
        elif name in ("Maximum", "ScalarMaximum") and axes == (len(given.shape) - 1,):
            self._row(do.GREATEST, place.at, place.size, given.at, 0, 0, 0, given.shape[-1])
        else:
            raise Unknown(f"{name} over {axes}")

    def _summed_up(self, node: Apply) -> None:
        given, axis = self._place(node.inputs[0]), node.op.axis
        place = self._new(node.outputs[0], self.values[node.outputs[0]].shape)
        flat = axis is None
        long = given.size if flat else given.shape[axis]
        inner = 1 if flat else int(np.prod(given.shape[axis + 1 :], dtype=int))
        self._row(do.CUMSUM, place.at, given.size, given.at, 0, long, 0, inner)

    def _product(self, node: Apply) -> None:
        left, right = (self._place(v) for v in node.inputs)
        place = self._new(node.outputs[0], self.values[node.outputs[0]].shape)
        inner = left.shape[-1]
        columns = right.shape[1] if len(right.shape) == 2 else 1
        rows = place.size // max(columns, 1)
        self._row(do.DOT, place.at, rows, left.at, 0, right.at, 0, inner, columns)

    def _called(self, node: Apply) -> None:
        given = tuple(
            np.asarray(self._value(v)) if self._known(v) else self._place(v) for v in node.inputs
        )
        found = tuple(self._new(v, self.values[v].shape) for v in node.outputs)
        self.calls.append(Call(node.op.kernel, given, found))
        self.code.append([])
