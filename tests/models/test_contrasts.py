"""Contrasts: bases in which effects that mean something only against each other are sampled."""

import numpy as np
import pytest

from crossover.models import contrasts


@pytest.mark.parametrize("n", [2, 6, 17, 49])
def test_contrasts_are_orthonormal_and_sum_to_zero(n):
    rows = contrasts.orthonormal(np.arange(n) % 5)
    assert rows.shape == (n - 1, n)
    assert rows @ rows.T == pytest.approx(np.eye(n - 1), abs=1e-12)
    assert rows.sum(axis=1) == pytest.approx(np.zeros(n - 1), abs=1e-12)


def test_a_contrast_is_about_one_entry_and_those_of_more_weight():
    rows = contrasts.orthonormal(np.array([1.0, 9.0, 4.0]))
    assert rows[0] * np.sqrt(2) == pytest.approx([0.0, 1.0, -1.0], abs=1e-12)
    assert rows[1] * np.sqrt(6) == pytest.approx([-2.0, 1.0, 1.0], abs=1e-12)
