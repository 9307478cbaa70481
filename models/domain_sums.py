"""Sums of the domain layer's density between contrasts and domains, and the same backwards."""

from __future__ import annotations

from crossover.data import names
from crossover.models.vector_math import exact, summing

DOMAINS = len(names.DOMAINS)
"""Known when compiled, so that loops over domains are unrolled."""
CONTRASTS = DOMAINS - 1


@exact
def to_domains(contrasts, basis, out):
    """Add contrasts (row, contrast) as differences of domains (row, domain)."""
    for i in range(len(out)):
        for k in range(CONTRASTS):
            for d in range(DOMAINS):
                out[i, d] += contrasts[i, k] * basis[k, d]


@summing
def to_contrasts(table, basis, out):
    """Add contrasts (row, contrast) of a table (row, domain)."""
    for i in range(len(out)):
        for k in range(CONTRASTS):
            total = 0.0
            for d in range(DOMAINS):
                total += table[i, d] * basis[k, d]
            out[i, k] += total


@exact
def rows(matrix, table, out):
    """Add a product of a matrix (i, k) and a table (k, domain)."""
    for i in range(matrix.shape[0]):
        for k in range(matrix.shape[1]):
            weight = matrix[i, k]
            if weight != 0.0:
                for d in range(DOMAINS):
                    out[i, d] += weight * table[k, d]


@exact
def columns(matrix, table, out):
    """Add a product of a matrix (i, k) and a wide table (k, column)."""
    for i in range(matrix.shape[0]):
        for k in range(matrix.shape[1]):
            for j in range(table.shape[1]):
                out[i, j] += matrix[i, k] * table[k, j]


@exact
def standings(basis, table, out, backwards):
    """Add elements (element, domain) of a table (supplier, domain), or backwards."""
    for e in range(basis.shape[0]):
        for s in range(basis.shape[1]):
            into, of = (s, e) if backwards else (e, s)
            for d in range(DOMAINS):
                out[into, d] += basis[e, s, d] * table[of, d]
