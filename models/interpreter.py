"""One compiled loop that carries out array operations from a list, on one vector of numbers.

A model's graph compiled operation by operation costs minutes on a machine that has never run it.
The operations are always the same few, so they are compiled once, here, and a graph becomes a list
of them (`models.program`). A row of `code` is one operation on stretches of the vector `w`:

    operation, out, n, a, step of a, b, step of b, c, step of c, table

with places in `w`, a length, steps of 1 or 0 (one number for all), and a place in `tables`.
"""

from __future__ import annotations

import math

import numpy as np

from crossover.models import vector_math
from crossover.models.caching import njit

WIDTH = 10
(
    GATHER, SCATTER, TOTAL, SUM_TO, CUMSUM, DOT, GREATEST, COPY, ADD, SUB, MUL, DIV, POW, MOST,
    LEAST, GREATER, AT_LEAST, EQUAL, BOTH, EITHER, SWITCH, NEG, EXP, LOG, LOG1P, EXPM1, SQRT,
    SQUARE, SIGMOID, SOFTPLUS, ABS, SIGN, ERFC, ERFCX, LOG1MEXP, IS_NAN, IS_INF, NOT,
) = range(38)  # fmt: skip
ERFCX_FROM = 5.0
TERMS = 60
SMALLEST, LARGEST = 2.3e-308, 1.7e308

_exact = njit(error_model="numpy", nogil=True, cache=True)
_quick = njit(
    error_model="numpy", nogil=True, cache=True, fastmath={"contract", "nsz", "arcp", "reassoc"}
)
"""For loops that the compiler may do several numbers at a time."""


@_exact
def sigmoid(x):
    """Return 1 / (1 + exp(-x))."""
    less = math.exp(-abs(x))
    return (1.0 if x > 0.0 else less) / (1.0 + less)


@_exact
def erfcx(x):
    """Return exp(x²) erfc(x); by its continued fraction where erfc is small."""
    if x < ERFCX_FROM:
        return math.exp(x * x) * math.erfc(x)
    below = x
    for k in range(TERMS, 0, -1):
        below = x + 0.5 * k / below
    return 1.0 / (below * math.sqrt(math.pi))


@_exact
def log1mexp(x):
    """Return log(1 - exp(x)) of x below zero."""
    return math.log(-math.expm1(x)) if x > -math.log(2.0) else math.log1p(-math.exp(x))


@_quick
def _arithmetic(op, out, x, y):
    """Carry out one of the four operations on stretches of one length, or of one number."""
    n = out.size
    if x.size == n and y.size == n:
        if op == ADD:
            for k in range(n):
                out[k] = x[k] + y[k]
        elif op == SUB:
            for k in range(n):
                out[k] = x[k] - y[k]
        elif op == MUL:
            for k in range(n):
                out[k] = x[k] * y[k]
        else:
            for k in range(n):
                out[k] = x[k] / y[k]
    elif y.size == 1:
        _with_number(op, out, x, y[0])
    else:
        first = x[0]
        if op == ADD:
            for k in range(n):
                out[k] = first + y[k]
        elif op == SUB:
            for k in range(n):
                out[k] = first - y[k]
        elif op == MUL:
            for k in range(n):
                out[k] = first * y[k]
        else:
            for k in range(n):
                out[k] = first / y[k]


@_quick
def _with_number(op, out, x, second):
    n = out.size
    if x.size == 1:
        for k in range(n):
            out[k] = x[0]
        x = out
    if op == ADD:
        for k in range(n):
            out[k] = x[k] + second
    elif op == SUB:
        for k in range(n):
            out[k] = x[k] - second
    elif op == MUL:
        for k in range(n):
            out[k] = x[k] * second
    else:
        for k in range(n):
            out[k] = x[k] / second


@_exact
def _two(op, n, out, a, by_a, b, by_b, w):
    if op <= DIV:
        x, y = w[a : a + 1 + by_a * (n - 1)], w[b : b + 1 + by_b * (n - 1)]
        _arithmetic(op, w[out : out + n], x, y)
    elif op == POW:
        for k in range(n):
            w[out + k] = w[a + by_a * k] ** w[b + by_b * k]
    elif op == MOST:
        for k in range(n):
            w[out + k] = max(w[a + by_a * k], w[b + by_b * k])
    elif op == LEAST:
        for k in range(n):
            w[out + k] = min(w[a + by_a * k], w[b + by_b * k])
    elif op == GREATER:
        for k in range(n):
            w[out + k] = w[a + by_a * k] > w[b + by_b * k]
    elif op == AT_LEAST:
        for k in range(n):
            w[out + k] = w[a + by_a * k] >= w[b + by_b * k]
    elif op == EQUAL:
        for k in range(n):
            w[out + k] = w[a + by_a * k] == w[b + by_b * k]
    elif op == BOTH:
        for k in range(n):
            w[out + k] = w[a + by_a * k] != 0.0 and w[b + by_b * k] != 0.0
    elif op == EITHER:
        for k in range(n):
            w[out + k] = w[a + by_a * k] != 0.0 or w[b + by_b * k] != 0.0


@_quick
def _exponentials(out, x):
    for k in range(out.size):
        out[k] = vector_math.exp(x[k])


@_quick
def _squares(out, x):
    for k in range(out.size):
        out[k] = x[k] * x[k]


@_quick
def _logs(out, x, more):
    """Logarithms of x, or of 1 + x: many at a time if all are normal numbers from 0 up."""
    least, most = np.inf, -np.inf
    for k in range(x.size):
        least, most = min(least, x[k]), max(most, x[k])
    if more and least >= 0.0 and most < LARGEST:
        for k in range(out.size):
            out[k] = vector_math.log1p(x[k])
    elif not more and least >= SMALLEST and most < LARGEST:
        for k in range(out.size):
            out[k] = vector_math.log(x[k])
    else:
        for k in range(out.size):
            out[k] = math.log1p(x[k]) if more else math.log(x[k])


@_quick
def _less(out, x):
    for k in range(out.size):
        out[k] = -x[k]


@_quick
def _copy(out, x):
    for k in range(out.size):
        out[k] = x[k]


@_exact
def _gather(out, w, places):
    for k in range(out.size):
        out[k] = w[places[k]]


@_exact
def _scatter(out, x, step, places):
    if step:
        for k in range(places.size):
            out[places[k]] += x[k]
    else:
        for k in range(places.size):
            out[places[k]] += x[0]


@_quick
def _total(x):
    total = 0.0
    for k in range(x.size):
        total += x[k]
    return total


@_exact
def _one(op, n, out, a, step, w):
    if step or n == 1:
        to, x = w[out : out + n], w[a : a + n]
        if op == EXP:
            _exponentials(to, x)
        elif op == SQUARE:
            _squares(to, x)
        elif op == NEG:
            _less(to, x)
        elif op == COPY:
            _copy(to, x)
        elif op in (LOG, LOG1P):
            _logs(to, x, op == LOG1P)
        else:
            for k in range(n):
                to[k] = _of_number(op, x[k])
    elif n:
        w[out : out + n] = _of_number(op, w[a])


@_exact
def _of_number(op, x):
    if op == NEG:
        return -x
    if op == COPY:
        return x
    if op == EXP:
        return math.exp(x)
    if op == LOG:
        return math.log(x)
    if op == LOG1P:
        return math.log1p(x)
    if op == EXPM1:
        return math.expm1(x)
    if op == SQRT:
        return math.sqrt(x)
    if op == SQUARE:
        return x * x
    if op == SIGMOID:
        return sigmoid(x)
    if op == SOFTPLUS:
        return max(x, 0.0) + math.log1p(math.exp(-abs(x)))
    if op == ABS:
        return abs(x)
    if op == SIGN:
        return math.copysign(1.0, x) if x != 0.0 else x
    if op == ERFC:
        return math.erfc(x)
    if op == ERFCX:
        return erfcx(x)
    if op == LOG1MEXP:
        return log1mexp(x)
    if op == IS_NAN:
        return 1.0 if math.isnan(x) else 0.0
    if op == IS_INF:
        return 1.0 if math.isinf(x) else 0.0
    return 1.0 if x == 0.0 else 0.0


@_quick
def _dot(out, rows, a, inner, b, columns, w):
    """Matrix (rows, inner) times (inner, columns)."""
    for i in range(rows):
        for j in range(columns):
            w[out + i * columns + j] = 0.0
        for k in range(inner):
            x = w[a + i * inner + k]
            if x != 0.0:
                for j in range(columns):
                    w[out + i * columns + j] += x * w[b + k * columns + j]


@_quick
def _row_dot(out, matrix, vector):
    """Matrix (rows, inner), in one stretch, times a vector."""
    inner = vector.size
    for i in range(out.size):
        total, start = 0.0, i * inner
        for k in range(inner):
            total += matrix[start + k] * vector[k]
        out[i] = total


@_quick
def _cumulate(out, x, length, inner):
    """Sum up along an axis of a length; below it lie `inner` numbers."""
    for start in range(0, out.size, max(length * inner, 1)):
        for k in range(inner):
            out[start + k] = x[start + k]
        for at in range(start + inner, start + length * inner, inner):
            for k in range(inner):
                out[at + k] = out[at + k - inner] + x[at + k]


@_exact
def run(code, tables, w):
    """Carry out operations in their order.

    Parameters
    ----------
    code
        Whole numbers (operation, `WIDTH`). In place of b and c stand, for `SUM_TO` the length of
        what it makes (c); for `CUMSUM` the lengths of the axis and of what lies below it (b, c);
        for `DOT` the inner length and columns (c, step of c); for `GREATEST` columns (c).
    tables
        Places in `w`, unsigned: the compiler then asks of none whether it counts from the end.
    w
        Numbers; changed.
    """
    for row in range(len(code)):
        op, out, n, a, by_a, b, by_b, c, by_c, at = code[row]
        if op == GATHER:
            _gather(w[out : out + n], w, tables[at : at + n])
        elif op == SCATTER:
            _scatter(w[out:], w[a:], by_a, tables[at : at + n])
        elif op == TOTAL:
            w[out] = _total(w[a : a + n])
        elif op == SUM_TO:
            w[out : out + c] = 0.0
            _scatter(w[out : out + c], w[a : a + n], 1, tables[at : at + n])
        elif op == CUMSUM:
            _cumulate(w[out : out + n], w[a : a + n], b, c)
        elif op == DOT:
            if by_c == 1:
                _row_dot(w[out : out + n], w[a : a + n * c], w[b : b + c])
            else:
                _dot(out, n, a, c, b, by_c, w)
        elif op == GREATEST:
            for k in range(n):
                w[out + k] = w[a + k * c]
                for j in range(c):
                    w[out + k] = max(w[out + k], w[a + k * c + j])
        elif op == SWITCH:
            for k in range(n):
                w[out + k] = w[b + by_b * k] if w[a + by_a * k] != 0.0 else w[c + by_c * k]
        elif ADD <= op <= EITHER:
            _two(op, n, out, a, by_a, b, by_b, w)
        else:
            _one(op, n, out, a, by_a, w)
