"""A model's density as C functions: what threads of the sampler call without asking Python.

A program that is carried out from Python lets one thread at a time begin and end each of its
stretches, and two chains at once wait for each other. Here a whole evaluation is one compiled
function. Each of its steps finds what it works on, arrays of many kinds, in memory, written there
as the compiler lays it out. Every thread takes a free copy of all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed, impl_ret_new_ref
from numba.extending import intrinsic

from crossover.models import interpreter
from crossover.models.caching import njit
from crossover.models.instructions import Program

COPIES = 4
"""Threads that can evaluate a model at once; more of them wait."""
UNUSABLE = 3
"""What the sampler is told of a density or a derivative that is no number."""
DOUBLES = types.CPointer(types.float64)
DENSITY = types.int64(types.uint64, DOUBLES, DOUBLES, DOUBLES, types.voidptr)
"""Dimensions, point, derivative, density, data."""
VALUES = types.int64(types.uint64, types.uint64, DOUBLES, DOUBLES, types.voidptr)
"""Dimensions, how many values, point, values, data."""
_loop = njit(error_model="numpy", nogil=True)


@dataclass(frozen=True)
class Native:
    """C functions of a model, as of `DENSITY` and of `VALUES`.

    Attributes
    ----------
    density, values : compiled; `address` of each is where it stands.
    data : of both, whole numbers (copy, 1 + step): whether a copy is taken, and where stands what
        each step works on, those of the density first.
    held : what the data point to, to be kept as long as they are.
    """

    density: Any
    values: Any
    data: np.ndarray
    held: tuple[Any, ...]


def native(density: Program, told: Program) -> Native:
    """Return a model's log density with its derivative, and all its values, as C functions.

    That of the density returns zero, or `UNUSABLE`; that of the values returns zero.

    Parameters
    ----------
    density, told
        As from `models.program.density` and `models.program.named`.
    """
    programs = density, told
    states = [[state for program in programs for state in _states(program)] for _ in range(COPIES)]
    memory = [[_written(state) for state in copy] for copy in states]
    data = np.array([[0] + [place.ctypes.data for place in copy] for copy in memory])
    steps, width = len(density.stretches), data.shape[1]
    return Native(
        _density(density, states[0][:steps], width, 1),
        _values(told, states[0][steps:], width, 1 + steps),
        data, (memory, states),
    )  # fmt: skip


def _states(program: Program) -> list[tuple[Any, ...]]:
    """Return what each step works on: a stretch of operations, and what is called after it.

    The last step calls nothing, and has the places of what is asked for.
    """
    w, found = program.memory.copy(), []
    for stretch, call in zip(program.stretches, program.calls, strict=False):
        given, out = call.views(w)
        found.append((stretch, program.tables, w, tuple(given), tuple(x.ravel() for x in out)))
    places = [np.arange(p.at, p.at + p.size) for p in program.outputs]
    return [*found, (program.stretches[-1], program.tables, w, np.concatenate(places))]


def _written(state: tuple[Any, ...]) -> np.ndarray:
    """Return memory in which what a step works on is laid out."""
    memory = np.zeros(-(-_size(state) // 8), np.int64)
    _put(memory.ctypes.data, state)
    return memory


# Compiled ------------------------------------------------------------------------------------


def _density(program: Program, states: Sequence[Any], width: int, first: int) -> Any:
    evaluate = _in_copy(program, states, first)

    @numba.cfunc(DENSITY)
    def function(dimensions, point, slopes, total, data):
        copies, out = carray(data, (COPIES, width), np.int64), carray(slopes, dimensions)
        copy = _taken(copies)
        w, places = evaluate(copies[copy], carray(point, dimensions))
        value = w[places[0]]
        usable = np.isfinite(value)
        for k in range(dimensions):
            out[k] = w[places[1 + k]]
            usable &= np.isfinite(out[k])
        carray(total, 1)[0] = value
        _given_back(copies, copy)
        return 0 if usable else UNUSABLE

    return function


def _values(program: Program, states: Sequence[Any], width: int, first: int) -> Any:
    evaluate = _in_copy(program, states, first)

    @numba.cfunc(VALUES)
    def function(dimensions, count, point, values, data):
        copies, out = carray(data, (COPIES, width), np.int64), carray(values, count)
        copy = _taken(copies)
        w, places = evaluate(copies[copy], carray(point, dimensions))
        for k in range(count):
            out[k] = w[places[k]]
        _given_back(copies, copy)
        return 0

    return function


def _in_copy(program: Program, states: Sequence[Any], first: int) -> Callable[..., Any]:
    """Return a function that evaluates a program in a copy of memory at a point.

    It returns the memory, and the places of what is asked for. `first`: where in a row of the data
    the program's steps begin.
    """
    kind, evaluate = numba.typeof(states[-1]), _evaluator(program, states)
    last = first + len(states) - 1

    @_loop
    def evaluated(at, x):
        _, _, w, places = _held(at[last], kind)
        for k in range(x.size):
            w[k] = x[k]
        evaluate(at[first:])
        return w, places

    return evaluated


def _evaluator(program: Program, states: Sequence[Any]) -> Callable[..., None]:
    """Return a function that carries out a program's steps, given where their data stand."""
    evaluate = _stretch(numba.typeof(states[-1]))
    for call, state in zip(program.calls[::-1], states[-2::-1], strict=True):
        evaluate = _both(_step(call.kernel, numba.typeof(state)), evaluate)
    return evaluate


def _both(step: Any, others: Any) -> Callable[..., None]:
    @_loop
    def evaluate(at):
        step(at)
        others(at[1:])

    return evaluate


@cache
def _stretch(kind: Any) -> Callable[..., None]:
    """Return a function that carries out the operations of a last step."""
    stretch, tables, w, _ = kind
    run = _standing(interpreter.run, (stretch, tables, w))

    @_loop
    def carried_out(at):
        stretch, tables, w, _ = _held(at[0], kind)
        run((stretch, tables, w))

    return carried_out


@cache
def _step(kernel: Callable[..., Any], kind: Any) -> Callable[..., None]:
    """Return a function that carries out a step: operations, a call, and what it returns."""
    stretch, tables, w, inputs, _ = kind
    run, called = _standing(interpreter.run, (stretch, tables, w)), _standing(kernel, inputs.types)

    @_loop
    def carried_out(at):
        stretch, tables, w, given, found = _held(at[0], kind)
        run((stretch, tables, w))
        _kept(found, called(given))

    return carried_out


def _standing(function: Callable[..., Any], kinds: tuple[Any, ...]) -> Callable[..., Any]:
    """Return a compiled function to be called where it stands, with a tuple of what it takes.

    Otherwise the compiler would take it into the caller and compile it anew.
    """
    function.compile(kinds)
    compiled = function.overloads[kinds]
    address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    back = compiled.signature.return_type

    @intrinsic
    def call(_, given):
        def jump(context, builder, signature, arguments):
            kind = context.call_conv.get_function_type(back, kinds)
            place = builder.inttoptr(context.get_constant(types.intp, address), kind.as_pointer())
            parts = [builder.extract_value(arguments[0], at) for at in range(len(kinds))]
            status, value = context.call_conv.call_function(builder, place, back, kinds, parts)
            with builder.if_then(status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return impl_ret_new_ref(context, builder, back, value)

        return back(given), jump

    return call


@intrinsic
def _kept(_, found, values):
    """Copy arrays, given in a tuple, to where they belong, stretches in another."""

    def copy(context, builder, signature, given):
        for at, (to, value) in enumerate(zip(found, values, strict=True)):
            parts = [builder.extract_value(each, at) for each in given]
            context.compile_internal(builder, _copied, types.void(to, value), parts)
        return context.get_dummy_value()

    return types.void(found, values), copy


def _copied(out, value):
    for k, number in enumerate(value.flat):
        out[k] = number


# Memory --------------------------------------------------------------------------------------


@_loop
def _taken(copies):
    """Take a copy that nobody uses; wait for one if need be."""
    copy = 0
    while _exchanged(copies[copy].ctypes.data, 1):
        copy = (copy + 1) % COPIES
    return copy


@_loop
def _given_back(copies, copy):
    _exchanged(copies[copy].ctypes.data, 0)


@njit
def _put(address, value):
    _stored(address, value)


@njit
def _size(value):
    return _bytes(value)


@intrinsic
def _stored(_, address, value):
    """Write a value to an address, as the compiler lays it out."""

    def write(context, builder, signature, given):
        kept = _unowned(context, builder, signature.args[1], given[1])
        builder.store(kept, builder.inttoptr(given[0], kept.type.as_pointer()))
        return context.get_dummy_value()

    return types.void(address, value), write


def _unowned(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Take from arrays what counts their users: who holds them is Python."""
    if isinstance(kind, types.BaseTuple):
        for at, each in enumerate(kind.types):
            part = _unowned(context, builder, each, builder.extract_value(value, at))
            value = builder.insert_value(value, part, at)
        return value
    array = context.make_array(kind)(context, builder, value)
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    array.parent = cgutils.get_null_value(array.parent.type)
    return array._getvalue()


@intrinsic
def _bytes(_, value):
    """Say how many bytes a value takes as the compiler lays it out."""

    def count(context, builder, signature, given):
        laid_out = context.get_value_type(signature.args[0])
        return context.get_constant(types.int64, context.get_abi_sizeof(laid_out))

    return types.int64(value), count


@intrinsic
def _held(_, address, kind):
    """Read a value of a type from an address."""
    of = kind.instance_type

    def read(context, builder, signature, given):
        laid_out = context.get_value_type(of)
        value = builder.load(builder.inttoptr(given[0], laid_out.as_pointer()))
        return impl_ret_borrowed(context, builder, of, value)

    return of(address, kind), read


@intrinsic
def _exchanged(_, address, value):
    """Put a whole number at an address, and return what stood there, in one step."""

    def exchange(context, builder, signature, given):
        new = context.cast(builder, given[1], signature.args[1], types.int64)
        place = builder.inttoptr(given[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("xchg", place, new, "seq_cst")

    return types.int64(address, value), exchange
