"""A model's density as C functions: what threads of the sampler call without asking Python.

A program that is carried out from Python lets one thread at a time begin and end each of its
stretches, and two chains at once wait for each other. Here a whole evaluation is one compiled
function, the same for every model: it goes through a table of steps in memory, which says where
each one's operations stand, and what is called after them. Every thread takes a free copy of all.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.core.imputils import impl_ret_borrowed, impl_ret_new_ref
from numba.extending import intrinsic

from crossover.models import interpreter
from crossover.models.caching import njit
from crossover.models.instructions import Call, Program

COPIES = 4
"""Threads that can evaluate a model at once; more of them wait."""
UNUSABLE = 3
"""What the sampler is told of a density or a derivative that is no number."""
DOUBLES = types.CPointer(types.float64)
DENSITY = types.int64(types.uint64, DOUBLES, DOUBLES, DOUBLES, types.voidptr)
"""Dimensions, point, derivative, density, data."""
VALUES = types.int64(types.uint64, types.uint64, DOUBLES, DOUBLES, types.voidptr)
"""Dimensions, how many values, point, values, data."""
OPERATIONS = types.int64[:, ::1], types.uint32[::1], types.float64[::1]
"""What `models.interpreter.run` takes."""
NOTHING = types.none
HEAD, STEP = 8, 4
"""Whole numbers that a program begins with, and that each of its steps has; see `_laid_out`."""
_loop = njit(error_model="numpy", nogil=True)


@dataclass(frozen=True)
class Native:
    """C functions of a model, as of `DENSITY` and of `VALUES`.

    Attributes
    ----------
    density, values : compiled; `address` of each is where it stands.
    data : of both, whole numbers (copy, 3): whether a copy is taken, and where the program of the
        density and that of the values begin.
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
    copies = [[_laid_out(program) for program in (density, told)] for _ in range(COPIES)]
    data = np.array([[0] + [table.ctypes.data for table, _ in copy] for copy in copies])
    return Native(_density, _values, data, (copies,))


def _laid_out(program: Program) -> tuple[np.ndarray, list[Any]]:
    """Return a program as whole numbers, and what they point to.

    First come where `run` stands, and of memory, tables and places of what is asked for where they
    are and how long; then how many steps there are. Each step has where its operations are and how
    many, what is called after them, and where that finds what it works on: zero for nothing.
    """
    w = program.memory.copy()
    places = np.concatenate([np.arange(p.at, p.at + p.size) for p in program.outputs])
    steps, held = [], [w, places, program]
    for stretch, call in itertools.zip_longest(program.stretches, program.calls):
        function, words = _called(call, w) if call else (None, np.zeros(0, int))
        held += [function, words]
        after = (function.address, words.ctypes.data) if call else (0, 0)
        steps += [stretch.ctypes.data, len(stretch), *after]
    arrays = [n for x in (w, program.tables, places) for n in (x.ctypes.data, x.size)]
    run, _ = _standing(interpreter.run, OPERATIONS)
    return np.array([run, *arrays, len(program.stretches), *steps]), held


def _called(call: Call, w: np.ndarray) -> tuple[Any, np.ndarray]:
    """Return the C function of a call, and what it works on."""
    given, found = call.views(w)
    of = tuple(given), tuple(x.ravel() for x in found)
    return _step(call.kernel, numba.typeof(of)), np.array([n for x in of for n in _words(x)])


def _words(arrays: tuple[np.ndarray, ...]) -> list[int]:
    """Return arrays as the compiler lays them out, but that it does not count who uses them."""
    return [
        n for x in arrays
        for n in (0, 0, x.size, x.itemsize, x.ctypes.data, *x.shape, *x.strides)
    ]  # fmt: skip


def _standing(function: Callable[..., Any], kinds: tuple[Any, ...]) -> tuple[int, Any]:
    """Return where a compiled function stands, and the type of what it returns."""
    function.compile(kinds)
    compiled = function.overloads[kinds]
    address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    return address, compiled.signature.return_type


@cache
def _step(kernel: Callable[..., Any], kind: Any) -> Any:
    """Return a C function that calls a kernel and keeps what it returns, of what stands at `at`."""
    address, back = _standing(kernel, kind[0].types)

    @numba.cfunc(types.void(types.intp))
    def step(at):
        given, found = _held(at, kind)
        _kept(found, _jumped(address, given, back))

    return step


# Memory --------------------------------------------------------------------------------------


@intrinsic
def _pointer(_, address):
    def point(context, builder, signature, given):
        return builder.inttoptr(given[0], context.get_value_type(types.voidptr))

    return types.voidptr(address), point


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


@intrinsic
def _exchanged(_, address, value):
    """Put a whole number at an address, and return what stood there, in one step."""

    def exchange(context, builder, signature, given):
        new = context.cast(builder, given[1], signature.args[1], types.int64)
        place = builder.inttoptr(given[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("xchg", place, new, "seq_cst")

    return types.int64(address, value), exchange


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


# Calls ---------------------------------------------------------------------------------------


@intrinsic
def _jumped(_, address, given, back):
    """Call a compiled function where it stands, with a tuple of what it takes.

    Otherwise the compiler would take it into the caller and compile it anew.
    """
    kinds, returned = tuple(given.types), back.instance_type

    def jump(context, builder, signature, arguments):
        kind = context.call_conv.get_function_type(returned, kinds)
        place = builder.inttoptr(arguments[0], kind.as_pointer())
        parts = [builder.extract_value(arguments[1], at) for at in range(len(kinds))]
        status, value = context.call_conv.call_function(builder, place, returned, kinds, parts)
        with builder.if_then(status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return impl_ret_new_ref(context, builder, returned, value)

    return returned(address, given, back), jump


@intrinsic
def _stepped(_, function, at):
    """Call a C function of a step."""

    def call(context, builder, signature, given):
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)])
        builder.call(builder.inttoptr(given[0], kind.as_pointer()), [given[1]])
        return context.get_dummy_value()

    return types.void(function, at), call


@_loop
def _evaluated(at, x):
    """Carry out a program at a point; return its memory, and the places of what is asked for."""
    head = carray(_pointer(at), HEAD, np.int64)
    steps = carray(_pointer(at + 8 * HEAD), (head[7], STEP), np.int64)
    w = carray(_pointer(head[1]), head[2], np.float64)
    tables = carray(_pointer(head[3]), head[4], np.uint32)
    for k in range(x.size):
        w[k] = x[k]
    for i in range(len(steps)):
        code = carray(_pointer(steps[i, 0]), (steps[i, 1], interpreter.WIDTH), np.int64)
        _jumped(head[0], (code, tables, w), NOTHING)
        if steps[i, 2] != 0:
            _stepped(steps[i, 2], steps[i, 3])
    return w, carray(_pointer(head[5]), head[6], np.int64)


@numba.cfunc(DENSITY, cache=True)
def _density(dimensions, point, slopes, total, data):
    copies, out = carray(data, (COPIES, 3), np.int64), carray(slopes, dimensions)
    copy = _taken(copies)
    w, places = _evaluated(copies[copy, 1], carray(point, dimensions))
    value = w[places[0]]
    usable = np.isfinite(value)
    for k in range(dimensions):
        out[k] = w[places[1 + k]]
        usable &= np.isfinite(out[k])
    carray(total, 1)[0] = value
    _given_back(copies, copy)
    return 0 if usable else UNUSABLE


@numba.cfunc(VALUES, cache=True)
def _values(dimensions, count, point, values, data):
    copies, out = carray(data, (COPIES, 3), np.int64), carray(values, count)
    copy = _taken(copies)
    w, places = _evaluated(copies[copy, 2], carray(point, dimensions))
    for k in range(count):
        out[k] = w[places[k]]
    _given_back(copies, copy)
    return 0
