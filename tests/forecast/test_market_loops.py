"""Loops of the market: what befalls all pairs at once is what befalls each by its own stream."""

import numpy as np
import pytest

from crossover.forecast import market_loops, streams
from crossover.models.vector_math import cos_of_turns

CELLS = 4000
SEED, FIRST = 17, 833


def test_a_cosine_of_turns_is_the_cosine():
    for turn in np.random.default_rng(1).random(2000):
        assert cos_of_turns(turn) == pytest.approx(np.cos(2.0 * np.pi * turn), abs=1e-14)
    assert cos_of_turns(0.0) == pytest.approx(1.0, rel=1e-15)
    assert cos_of_turns(0.5) == pytest.approx(-1.0, rel=1e-15)


def test_gammas_of_all_pairs_at_once_are_those_of_their_streams():
    size = np.exp(np.linspace(-4.0, 5.0, CELLS))
    noise, log_one, log_two, drawn, room = (np.empty(CELLS) for _ in range(5))
    seed = np.uint64(SEED)
    market_loops._propose(seed, FIRST, noise, log_one, log_two)
    market_loops._try(size, noise, log_one, drawn, room)
    market_loops._of_small(size, log_two, drawn)
    market_loops._again(seed, FIRST, size, room, drawn)
    # Some proposals are refused, most are taken.
    assert 0 < (room <= 0.0).sum() < CELLS / 10
    expected = streams.gammas(SEED, np.concatenate([np.ones(FIRST), size]))[FIRST:]
    assert drawn == pytest.approx(expected, rel=1e-9, abs=1e-100)
