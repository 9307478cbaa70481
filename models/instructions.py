"""A list of array operations, where its numbers stand, and how it is carried out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crossover.models import interpreter as do


class Unknown(LookupError):
    """An operation that the interpreter does not have."""


@dataclass(frozen=True)
class Place:
    """Where a variable stands: `root` owns the memory."""

    at: int
    shape: tuple[int, ...]
    root: int

    @property
    def size(self) -> int:
        """How many numbers stand there."""
        return int(np.prod(self.shape, dtype=int))

    def view(self, w: np.ndarray) -> np.ndarray:
        """Return what stands there in a memory."""
        return w[self.at : self.at + self.size].reshape(self.shape)


@dataclass(frozen=True)
class Call:
    """A compiled density between two stretches: constants as they are, the rest in `w`."""

    kernel: Callable[..., Any]
    inputs: tuple[Place | np.ndarray, ...]
    outputs: tuple[Place, ...]


    def views(self, w: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return inputs, constants as they are, and where the outputs go, in a memory."""
        given = [p if isinstance(p, np.ndarray) else p.view(w) for p in self.inputs]
        return given, [place.view(w) for place in self.outputs]


@dataclass(frozen=True)
class Program:
    """Array operations in stretches, with what is called after each.

    Attributes
    ----------
    stretches : code of each, as of `models.interpreter.run`.
    calls : one fewer.
    tables : places. memory : initial numbers, constants in place.
    inputs, outputs : places of inputs, which the memory begins with, and of what is asked for.
    """

    stretches: tuple[np.ndarray, ...]
    calls: tuple[Call, ...]
    tables: np.ndarray
    memory: np.ndarray
    inputs: tuple[Place, ...]
    outputs: tuple[Place, ...]

    def start(self) -> Callable[[np.ndarray], list[np.ndarray]]:
        """Return a function with memory of its own, for one thread at a time.

        It takes all inputs in one vector, and gives views of what is asked for, good until the next
        call.
        """
        w = self.memory.copy()
        calls = [(call.kernel, *call.views(w)) for call in self.calls]
        outputs = [place.view(w) for place in self.outputs]
        into = w[: sum(place.size for place in self.inputs)]
        last, tables, run = self.stretches[-1], self.tables, do.run
        before = list(zip(self.stretches, calls, strict=False))

        def evaluate(x: np.ndarray) -> list[np.ndarray]:
            into[:] = x
            for stretch, (kernel, given, found) in before:
                run(stretch, tables, w)
                for out, value in zip(found, kernel(*given), strict=True):
                    out[...] = value
            run(last, tables, w)
            return outputs

        return evaluate


def flat(point: Sequence[np.ndarray]) -> np.ndarray:
    """Return values of variables as one vector."""
    return np.concatenate([np.zeros(0), *(np.ravel(value) for value in point)])
