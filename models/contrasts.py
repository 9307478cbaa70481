"""Bases of contrasts, in which effects that mean something only against each other are sampled."""

from __future__ import annotations

import numpy as np
import scipy.linalg


def orthonormal(weight: np.ndarray) -> np.ndarray:
    """Orthonormal rows that span the vectors whose sum is zero (n - 1, n).

    Each compares one entry with the mean of all entries of more weight. With weight for how much
    is known of an entry, each row is about its least known entry and little else, so that the
    coordinates are nearly independent given data (Helmert contrasts, ordered).

    Parameters
    ----------
    weight
        Of each entry (n); ties keep their order.
    """
    order = np.argsort(-weight, kind="stable")
    basis = np.empty((len(weight) - 1, len(weight)))
    basis[:, order] = scipy.linalg.helmert(len(weight))
    return basis
