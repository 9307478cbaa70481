"""A second process does what it is given, in its order, and ends with the block."""

import multiprocessing
import pickle
import signal
import time

import pytest

from data.errors import InputError
from forecast import beside
from models import domains, partnership, priors


def refuse(reason):
    raise InputError(reason)


def test_results_come_back_with_their_seconds_in_the_order_of_the_calls():
    with beside.process() as call:
        first, second = call(time.sleep, 0.2), call(divmod, 7, 2)
        assert second()[0] == (3, 1)
        result, seconds = first()
    # A sleep is never shorter than asked for; how much longer it is depends on what else runs.
    assert result is None and seconds >= 0.2


def test_what_a_call_raises_is_raised_where_it_is_waited_for():
    with beside.process() as call, pytest.raises(InputError, match="no figures"):
        call(refuse, "no figures")()


def test_the_process_ends_with_the_block_in_the_middle_of_its_work():
    with pytest.raises(KeyboardInterrupt), beside.process() as call:
        call(time.sleep, 0.0)()
        (child,) = multiprocessing.active_children()
        call(time.sleep, 3600.0)
        raise KeyboardInterrupt
    child.join()
    assert child.exitcode == -signal.SIGTERM


def test_what_the_fits_are_given_can_be_sent_to_a_process(shipped):
    beliefs = priors.load()
    given = (shipped, beliefs, priors.load(default=domains.PRIORS_FILE), partnership.load())
    sent = pickle.loads(pickle.dumps(given))
    assert sent[0].identical(given[0]) and sent[1:] == given[1:]
