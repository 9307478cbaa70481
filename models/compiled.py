"""A density with derivatives by hand as one node of a model's graph.

PyMC's models are graphs, compiled operation by operation. Where most of a gradient's time goes, a
compiled loop takes the place of many operations: it returns the log density and its derivatives
at once, since both rest on the same numbers, and the node's own derivative multiplies them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key

from crossover.models.caching import EDITION


def places(of: Any) -> np.ndarray:
    """Return places in arrays, unsigned: a compiled loop then asks of none if it counts back.

    Raises ValueError where one does: unsigned, it would point far beyond the array.
    """
    if np.min(of, initial=0) < 0:
        raise ValueError("a place counts from the end")
    return np.ascontiguousarray(of, np.uint32)


class Density(Op):
    """A log density, and its derivatives by the first inputs; all others are data.

    Attributes
    ----------
    sampled : how many inputs have a derivative.
    kernel : compiled function of all inputs, arrays: density and derivatives, arrays too.
    """

    __props__ = ()
    sampled: ClassVar[int]
    kernel: ClassVar[Callable[..., Any]]

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to the inputs of the kernel."""
        inputs = [pt.as_tensor(each) for each in inputs]
        outputs = [pt.dscalar(), *(each.type() for each in inputs[: self.sampled])]
        return Apply(self, inputs, outputs)

    def perform(self, node: Apply, inputs: Any, outputs: Any) -> None:
        """Compute without a graph's own compiler."""
        for out, value in zip(outputs, self.kernel(*inputs), strict=True):
            out[0] = np.asarray(value)

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """Return the shapes of outputs: a derivative has that of its input."""
        return [(), *shapes[: self.sampled]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Return what depends on what, as far as derivatives are known."""
        return [[at < self.sampled] + self.sampled * [False] for at in range(len(node.inputs))]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Multiply derivatives that have been computed along with the density."""
        known = [cotangents[0] * by for by in outputs[1:]]
        return known + [disconnected_type() for _ in inputs[self.sampled :]]


@register_funcify_default_op_cache_key(Density)
def _compiled(op: Density, node: Apply, **_: Any) -> Any:
    # What was compiled of a graph before is only good for the loops that it was compiled of.
    return op.kernel, int(EDITION, 16)
