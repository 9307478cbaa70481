"""Exponentials and logarithms that become vector instructions in a compiled loop.

numba calls the C library for each number, unless a library of Intel's is installed. These have no
branch and no table, so that the compiler turns a loop over an array into AVX code by itself: some
ten times as fast. Range is reduced by powers of two (Cody & Waite 1980), the rest is the series
that everyone knows, as long as double precision needs. Accurate to 4e-16 of a value: the order of
operations keeps digits, so that the compiler may not change it here, but may in loops about them.
"""

from __future__ import annotations

import math

import numpy as np

from crossover.models.caching import njit

EXACT = {"contract", "nsz", "arcp"}
"""What the compiler may do with the order and form of operations without loss of digits."""

LOWEST = -708.0
"""Least exponent of which the exponential is a normal number."""
HIGHEST = 709.0
SHIFT = 1.5 * 2.0**52
"""Added to a smaller number, it leaves the nearest whole number in the lowest bits."""
SHIFT_BITS = int(np.float64(SHIFT).view(np.int64))
HALF_ROOT_BITS = int(np.float64(math.sqrt(0.5)).view(np.int64))
LOG2_HIGH = float(np.int64(int(np.float64(math.log(2.0)).view(np.int64)) & -(2**21)).view(float))
"""log 2 but for its last bits, so that it times an exponent is exact."""
LOG2_LOW = 1.9082149292705877e-10
PER_LOG2 = 1.0 / math.log(2.0)

(E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13) = (
    1.0 / math.factorial(k) for k in range(2, 14)
)
(L3, L5, L7, L9, L11, L13, L15, L17, L19, L21) = (2.0 / k for k in range(3, 23, 2))

SINE = tuple((-1.0) ** k * (2.0 * math.pi) ** (2 * k + 1) / math.factorial(2 * k + 1)
             for k in range(12))  # fmt: skip
"""Coefficients of sin(2 pi x), as far as a quarter of a turn needs."""
S0, S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, S11 = SINE

inline = njit(fastmath=EXACT, error_model="numpy", forceinline=True)
exact = njit(fastmath=EXACT, error_model="numpy", nogil=True, cache=True)
summing = njit(fastmath=EXACT | {"reassoc"}, error_model="numpy", cache=True)
"""For loops that add up: the compiler may add several numbers at once."""


@inline
def exp(x):
    """Return exp(x); below `LOWEST` and beyond `HIGHEST` that of these."""
    x = min(max(x, LOWEST), HIGHEST)
    shifted = x * PER_LOG2 + SHIFT
    n = shifted - SHIFT
    r = (x - n * LOG2_HIGH) - n * LOG2_LOW
    high = E8 + r * (E9 + r * (E10 + r * (E11 + r * (E12 + r * E13))))
    series = E2 + r * (E3 + r * (E4 + r * (E5 + r * (E6 + r * (E7 + r * high)))))
    power = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)
    return power + power * (r + r * r * series)


@inline
def log(x):
    """Return log(x) of a positive normal number."""
    bits = np.float64(x).view(np.int64)
    # What is left over after the power of two lies in [sqrt(1/2), sqrt(2)).
    exponent = (bits - HALF_ROOT_BITS) >> 52
    n = np.int64(exponent + SHIFT_BITS).view(np.float64) - SHIFT
    f = np.int64(bits - (exponent << 52)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    high = L13 + z * (L15 + z * (L17 + z * (L19 + z * L21)))
    series = L3 + z * (L5 + z * (L7 + z * (L9 + z * (L11 + z * high))))
    # 2 s = f - s f, which keeps the digits of f.
    return n * LOG2_HIGH + (f - (s * (f - z * series) - n * LOG2_LOW))


@inline
def log1p(x):
    """Return log(1 + x) of x from 0 up, without loss near it."""
    more = 1.0 + x
    return log(more) + (x - (more - 1.0)) / more


@inline
def cos_of_turns(x):
    """Return cos(2 pi x) of x from 0 to 1."""
    # A sine of at most a quarter of a turn; the difference is exact.
    y = abs(x - 0.5) - 0.25
    z = y * y
    high = S5 + z * (S6 + z * (S7 + z * (S8 + z * (S9 + z * (S10 + z * S11)))))
    return y * (S0 + z * (S1 + z * (S2 + z * (S3 + z * (S4 + z * high)))))
