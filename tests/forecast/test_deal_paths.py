"""Simulated deals: what the book holds comes once, what is ordered comes once, by the hazards."""

import numpy as np
import pytest

from crossover.data.names import DOMAINS
from crossover.forecast import deal_loops
from crossover.forecast.deal_paths import Coefficients, OpenDeals, deliver_book, deliver_orders
from crossover.models import deal_features as features
from crossover.models.order_book import COMPLETE, PERIOD, RUNNING, UNNUMBERED, WAITING

ORIGIN, YEARS = 2020, 8
NEVER, ALWAYS = -60.0, 60.0
SELLERS, BUYERS = 2, 3
MANY = 4000


def calm(draws=1, years=YEARS, **changed):
    """Return coefficients of deals that never stop and have no noise, some of them changed."""
    widths = {name: len(getattr(features, name.upper()))
              for name in ("chance", "gone", "whole", "share", "wait", "known")}  # fmt: skip
    domains = len(DOMAINS)
    shapes = {
        "of_domain": (domains,), "of_supplier": (SELLERS,), "of_recipient": (BUYERS,),
        "shock": (SELLERS, years), "crisis": (BUYERS, years), "wait_domain": (domains,),
        "size_mean": (SELLERS, domains), "size_recipient": (BUYERS,), "units_domain": (domains,),
        **{name: (width,) for name, width in widths.items()},
    }  # fmt: skip
    shapes["share_spread"] = (len(features.SPREAD),)
    values = {name: np.zeros((draws, *shapes.get(name, ()))) for name in Coefficients._fields}
    values["share_spread"][:, 0] = NEVER
    values["alike"] = 0.0
    values["mix"] = np.ones((SELLERS, domains))
    values["gone"] += NEVER
    values["chance"][:, features.CHANCE.index("complete")] = NEVER
    values["chance"][:, features.CHANCE.index("complete_missed_1")] = NEVER
    values["chance"][:, features.CHANCE.index("complete_missed_2")] = NEVER
    for name, value in changed.items():
        if name == "alike":
            values[name] = value
        elif isinstance(value, dict):
            for feature, effect in value.items():
                columns = getattr(features, name.removeprefix("share_").upper())
                values[name][:, columns.index(feature)] = effect
        else:
            values[name] = np.broadcast_to(value, values[name].shape).astype(float).copy()
    return Coefficients(**values)


SURE = {name: ALWAYS for name in features.CHANCE if name.startswith(("waiting_", "running"))
        and "size" not in name and "missed" not in name and name != "running_8"}  # fmt: skip
UNLIKELY = dict.fromkeys(SURE, NEVER / 2)
LISTED, UNLISTED = (
    {name: logit for name in features.KNOWN if name != "size"} for logit in (ALWAYS, NEVER)
)
AT_ONCE, IN_PARTS = {"level": ALWAYS}, {"level": NEVER}


def book(count=1, **changed):
    """Return alike open deals of a hundred million TIV, ordered in the year of the origin."""
    usual = {
        "supplier": 0, "recipient": 1, "domain": 2, "order_year": ORIGIN, "state": WAITING,
        "left": 100.0, "ordered": 100.0, "units": 10.0, "delivered": 0.0, "times": 0, "last": 0,
    } | changed  # fmt: skip
    real = {"left", "ordered", "units", "delivered"}
    columns = {
        name: np.full(count, value, float if name in real else np.int64)
        for name, value in usual.items()
    }
    return OpenDeals(**columns, number=np.arange(count))


def from_book(of, deals, seed=1, ids=None, wanted=None):
    """Return deliveries (draw, supplier, recipient, year)."""
    draws = len(of.chance)
    ids = np.arange(draws) if ids is None else np.asarray(ids)
    pairs = np.argwhere(np.ones((SELLERS, BUYERS), bool) if wanted is None else wanted)
    out = np.zeros((draws, len(pairs), of.shock.shape[2]), np.float32)
    deliver_book(seed, ids, of, deals, pairs, ORIGIN, out)
    return of_all(out, pairs)


def of_all(values, pairs):
    """Return values of some pairs (..., pair, year) as of all, zero where there is none."""
    out = np.zeros((*values.shape[:-2], SELLERS, BUYERS, values.shape[-1]), values.dtype)
    out[..., pairs[:, 0], pairs[:, 1], :] = values
    return out


def from_orders(of, rates, seed=1, first=ORIGIN + 1, wanted=None):
    """Return deliveries and orders (draw, supplier, recipient, year)."""
    out, ordered = in_worlds(of, rates[None], seed, first, wanted)
    return out[0], ordered[0]


def in_worlds(of, rates, seed=1, first=ORIGIN + 1, wanted=None):
    """Return deliveries and orders (world, draw, supplier, recipient, year) of several worlds."""
    pairs = np.argwhere(np.ones((SELLERS, BUYERS), bool) if wanted is None else wanted)
    rates = np.ascontiguousarray(rates[:, :, pairs[:, 0], pairs[:, 1]])
    shape = (len(rates), len(of.chance), len(pairs), of.shock.shape[2])
    out, ordered = np.zeros((2, *shape), np.float32)
    ids = np.arange(len(of.chance))
    deliver_orders(seed, ids, of, rates, first, pairs, ORIGIN, out, ordered)
    return of_all(out, pairs), of_all(ordered, pairs)


def rates(draws, value, first=ORIGIN + 1):
    return np.full((draws, SELLERS, BUYERS, ORIGIN + YEARS - first + 1), float(value))


# The book --------------------------------------------------------------------------------------


def test_a_sure_deal_delivered_at_once_comes_in_the_first_year_and_never_again():
    found = from_book(calm(chance=SURE, whole=AT_ONCE), book())
    assert found[0, 0, 1].tolist() == [100.0] + [0.0] * (YEARS - 1)
    assert found.sum() == 100.0


def test_a_sure_deal_in_parts_delivers_all_it_holds_and_no_more():
    found = from_book(calm(chance=SURE, whole=IN_PARTS), book())[0, 0, 1]
    # Half of what is left, every year.
    assert found == pytest.approx(100.0 * 0.5 ** np.arange(1, YEARS + 1), rel=1e-6)
    noisy = calm(200, chance=SURE, whole={"level": 0.0}, share_spread={"level": 0.5})
    total = from_book(noisy, book(left=60.0, state=RUNNING, delivered=40.0, times=2, last=ORIGIN))
    total = total.sum(axis=(1, 2, 3))
    assert (total <= 60.0 * (1 + 1e-6)).all()
    # A deal is over with probability a half each year; of those that are, all has come.
    assert (total > 59.999).mean() > 0.9


def test_a_deal_that_is_gone_or_never_goes_delivers_nothing():
    for of in (calm(chance=SURE, gone=ALWAYS), calm(chance=NEVER)):
        assert from_book(of, book()).sum() == 0.0


def test_a_complete_deal_is_over_unless_it_goes_on_at_its_pace_within_two_years():
    done = book(state=COMPLETE, left=0.0, delivered=90.0, times=3, last=ORIGIN)
    assert from_book(calm(), done).sum() == 0.0
    more = calm(chance={"complete": ALWAYS}, more_slope=1.0)
    assert from_book(more, done)[0, 0, 1] == pytest.approx([30.0] * YEARS)
    long_over = book(state=COMPLETE, left=0.0, delivered=90.0, times=3, last=ORIGIN - 3)
    assert from_book(calm(chance=ALWAYS, more_slope=1.0), long_over).sum() == 0.0


def test_a_deal_of_unknown_number_delivers_around_its_pace_for_some_years():
    open_ended = {"state": UNNUMBERED, "left": 0.0, "ordered": np.nan, "units": np.nan}
    of = calm(
        years=20, chance=ALWAYS, more_slope=1.0, first_pace=-1.0,
        size_mean=np.full((SELLERS, len(DOMAINS)), 4.0), size_recipient=np.full(BUYERS, 0.5),
    )  # fmt: skip
    begun = book(**open_ended, delivered=30.0, times=3, last=ORIGIN)
    found = from_book(of, begun)[0, 0, 1]
    assert found[: deal_loops.LAST_UNNUMBERED] == pytest.approx(10.0)
    assert found[deal_loops.LAST_UNNUMBERED + 1 :].tolist() == [0.0] * 5
    # A deal that delivers ever more than it did so does not run away.
    grows = calm(years=20, chance=ALWAYS, more_slope=1.0, more_pace=0.7)
    found = from_book(grows, begun)[0, 0, 1]
    assert found[: deal_loops.LAST_UNNUMBERED] == pytest.approx(10.0 * np.exp(0.7))
    # The first delivery of one that has had none is by the usual size of an order.
    waiting = from_book(of, book(**open_ended))[0, 0, 1]
    assert waiting[:3] == pytest.approx(np.exp(4.0 + 0.5 - 1.0))


def test_deals_begin_with_the_chance_that_the_features_give():
    found = from_book(
        calm(MANY, chance={"waiting_0": -0.5, "waiting_size": 0.4}, whole=AT_ONCE,
             of_domain=0.2, of_supplier=-0.1, of_recipient=0.3),
        book(),
    )  # fmt: skip
    logit = -0.5 + 0.4 * (np.log(100.0) - 3.0) + 0.4
    chance = 1.0 / (1.0 + np.exp(-logit))
    # Five binomial standard errors.
    assert (found[:, 0, 1, 0] > 0).mean() == pytest.approx(chance, abs=2.5 / np.sqrt(MANY))


def test_shares_are_logit_normal():
    spread = {"level": np.log(0.5)}
    of = calm(MANY, chance=SURE, whole=IN_PARTS, share={"level": 0.7}, share_spread=spread)
    part = from_book(of, book())[:, 0, 1, 0].astype(float) / 100.0
    logit = np.log(part / (1.0 - part))
    # Five standard errors of a mean and of a standard deviation.
    assert logit.mean() == pytest.approx(0.7, abs=5 * 0.5 / np.sqrt(MANY))
    assert logit.std() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(2 * MANY))


def test_deals_of_one_bundle_come_together_more_often_and_each_as_often_as_alone():
    """Two deals with even chances: both come with a chance of 1/4 + ρ/4."""
    even = {name: 0.0 for name in SURE} | {"waiting_size": 0.0}
    of = calm(MANY, chance=even, whole=AT_ONCE, alike=0.5)
    joint = 0.25 + 0.5 / 4.0
    for years, expected in (((2020, 2020), joint), ((2020, 2019), 0.25)):
        deals = book(2, order_year=np.array(years), domain=np.array([2, 2]))
        found = from_book(of, deals)[:, 0, 1, 0]
        # Of one deal, of both: five binomial standard errors.
        both = (found == 200.0).mean()
        assert both == pytest.approx(expected, abs=5 * np.sqrt(expected / MANY))
        alone = (found == 100.0).mean() / 2 + both
        assert alone == pytest.approx(0.5, abs=5 * np.sqrt(0.25 / MANY))


@pytest.mark.parametrize("name", ["shock", "crisis"])
def test_what_befalls_a_country_in_a_year_befalls_its_deals_in_that_year(name):
    of = calm(chance=UNLIKELY, whole=IN_PARTS)
    own = {"shock": 0, "crisis": 1}[name]
    for country, comes in ((own, True), (1 - own, False)):
        changed = getattr(of, name).copy()
        changed[0, country, 3] = ALWAYS
        found = from_book(of._replace(**{name: changed}), book())[0, 0, 1]
        assert (found > 0).tolist() == [comes and year == 3 for year in range(YEARS)]


def test_pairs_that_are_not_wanted_are_not_simulated_and_the_others_are_the_same():
    deals = book(50)
    deals = deals._replace(supplier=np.arange(50) % 2, recipient=np.arange(50) % 3)
    of = calm(20, whole={"level": 0.0}, share_spread={"level": 0.0})
    whole = from_book(of, deals)
    wanted = np.zeros((SELLERS, BUYERS), bool)
    wanted[1, 2] = True
    one = from_book(of, deals, wanted=wanted)
    assert np.array_equal(one[:, 1, 2], whole[:, 1, 2])
    assert one[:, 1, 2].any()
    assert np.count_nonzero(one) == np.count_nonzero(one[:, 1, 2])


def test_a_draw_lives_in_its_own_world_whichever_block_it_is_in():
    of = calm(10, whole={"level": 0.0}, share_spread={"level": 0.0})
    whole = from_book(of, book(30))
    some = Coefficients(*(v if n in ("mix", "alike") else v[4:6] for n, v in of._asdict().items()))
    assert np.array_equal(from_book(some, book(30), ids=[4, 5]), whole[4:6])
    assert not np.array_equal(whole[4], whole[5])
    assert not np.array_equal(from_book(of, book(30), seed=2), whole)


# Orders ----------------------------------------------------------------------------------------


def test_what_is_ordered_and_delivered_at_once_is_counted_once():
    of = calm(50, wait={"age_0": ALWAYS}, whole=AT_ONCE, size_sd=0.8)
    delivered, ordered = from_orders(of, rates(50, 2.0))
    assert ordered.sum() > 0
    assert delivered == pytest.approx(ordered, rel=1e-5)


def test_no_order_delivers_more_than_it_is():
    of = calm(100, wait=0.5, chance=SURE, whole={"level": 0.0}, size_sd=0.8,
              share_spread={"level": 0.3})  # fmt: skip
    delivered, ordered = from_orders(of, rates(100, 2.0))
    sums = delivered.cumsum(axis=-1), ordered.cumsum(axis=-1)
    assert (sums[0] <= sums[1] * (1 + 1e-5)).all()
    assert 0.5 < sums[0][..., -1].sum() / sums[1][..., -1].sum() < 1.0


def test_the_number_of_orders_is_poisson_about_its_rate():
    of = calm(MANY, wait=NEVER)
    _, ordered = from_orders(of, rates(MANY, 1.7))
    counts = ordered.reshape(-1).astype(float)
    # All orders are of one million TIV; five standard errors of mean and variance.
    assert np.array_equal(counts, counts.round())
    size = counts.size
    assert counts.mean() == pytest.approx(1.7, abs=5 * np.sqrt(1.7 / size))
    assert counts.var() == pytest.approx(1.7, abs=5 * np.sqrt((1.7 + 2 * 1.7**2) / size))


def test_first_deliveries_come_by_the_hazard_of_their_age():
    of = calm(MANY, wait={"age_0": -0.6, "age_1": NEVER, "age_2": ALWAYS}, whole=AT_ONCE)
    one = rates(MANY, 0.0)
    one[:, 0, 0, :PERIOD] = 1.0
    delivered, ordered = from_orders(of, one)
    at_once = delivered[:, 0, 0, 0].sum() / ordered[:, 0, 0, 0].sum()
    chance = 1.0 / (1.0 + np.exp(0.6))
    # Some 4,000 orders of one million TIV.
    assert at_once == pytest.approx(chance, abs=float(2.5 / np.sqrt(ordered[:, 0, 0, 0].sum())))
    assert delivered[..., 5:].sum() == 0.0
    assert delivered.sum() == pytest.approx(ordered.sum())


def test_orders_that_the_register_lists_are_not_drawn_again():
    first = ORIGIN + 1 - 2 * PERIOD
    past = rates(200, 0.0, first)
    past[..., : 2 * PERIOD] = 2.0
    waits = dict.fromkeys(features.WAIT[:6], NEVER) | {"age_6": ALWAYS}
    kept = calm(200, wait=waits, whole=AT_ONCE, known=LISTED)
    delivered, ordered = from_orders(kept, past, first=first)
    assert delivered.sum() == ordered.sum() == 0.0
    # Of those it does not list, what begins after the origin comes; none is an order of the future.
    missed = calm(200, wait=waits, whole=AT_ONCE, known=UNLISTED)
    delivered, ordered = from_orders(missed, past, first=first)
    assert ordered.sum() == 0.0
    expected = 2.0 * 2 * PERIOD * 200 * SELLERS * BUYERS
    # A Poisson number of orders, five standard errors; each waits six years, to one after another.
    assert delivered.sum() == pytest.approx(expected, abs=5 * np.sqrt(expected))
    assert (delivered.sum(axis=(0, 1, 2)) > 0).tolist() == [True] * 6 + [False] * 2


def test_what_came_before_the_origin_of_an_unlisted_order_is_none_of_the_futures():
    first = ORIGIN + 1 - 2 * PERIOD
    past = rates(200, 0.0, first)
    past[..., : 2 * PERIOD] = 2.0
    of = calm(200, wait={"age_0": ALWAYS}, whole=AT_ONCE, known=UNLISTED)
    delivered, _ = from_orders(of, past, first=first)
    assert delivered.sum() == 0.0


def test_sizes_are_lognormal_by_supplier_domain_and_recipient():
    mean = np.zeros((SELLERS, len(DOMAINS)))
    mean[1, :] = 1.0
    of = calm(MANY, wait=NEVER, size_mean=mean, size_recipient=np.array([0.0, 0.0, 0.5]),
              size_sd=0.3)  # fmt: skip
    one = rates(MANY, 0.0)
    one[:, 1, 2, 0] = 0.02
    _, ordered = from_orders(of, one)
    single = np.log(ordered[:, 1, 2, :3][ordered[:, 1, 2, :3] > 0].astype(float))
    # Two orders of a pair in a year are one in a hundred.
    assert np.median(single) == pytest.approx(1.5, abs=5 * 1.25 * 0.3 / np.sqrt(len(single)))


def test_domains_follow_the_mix_of_their_supplier():
    mean = np.tile(np.where(np.arange(len(DOMAINS)) == 4, np.log(1000.0), 0.0), (SELLERS, 1))
    mix = np.cumsum(np.full((SELLERS, len(DOMAINS)), 0.7 / 9), axis=1)
    mix[:, 4:] += 0.3 - 0.7 / 9
    of = calm(MANY, wait=NEVER, size_mean=mean, mix=mix)
    one = rates(MANY, 0.0)
    one[:, 0, 0] = 0.5
    ordered = from_orders(of, one)[1][:, 0, 0].astype(float)
    large, small = np.floor(ordered / 1000.0).sum(), (ordered % 1000.0).round().sum()
    total = large + small
    assert large / total == pytest.approx(0.3, abs=5 * np.sqrt(0.21 / total))


def test_a_change_of_one_pairs_rate_changes_no_other_pair_and_no_earlier_year():
    of = calm(100, wait=0.0, chance=0.0, whole={"level": 0.0}, size_sd=0.5,
              share_spread={"level": 0.0})  # fmt: skip
    base, more = rates(100, 1.0), rates(100, 1.0)
    more[:, 0, 1, PERIOD:] = 2.0
    before, after = from_orders(of, base), from_orders(of, more)
    for one, two in zip(before, after, strict=True):
        others = np.ones((SELLERS, BUYERS), bool)
        others[0, 1] = False
        assert np.array_equal(one[:, others], two[:, others])
        assert np.array_equal(one[:, 0, 1, :PERIOD], two[:, 0, 1, :PERIOD])
        # The same orders, and more of them.
        assert (two[:, 0, 1] >= one[:, 0, 1]).all()
        assert two[:, 0, 1].sum() > one[:, 0, 1].sum()


def test_worlds_run_together_are_those_run_alone():
    of = calm(60, chance=SURE, whole={"level": 0.0}, share_spread={"level": 0.5}, size_sd=1.0)
    few, many = rates(60, 0.3), rates(60, 2.5)
    many[:, 1] = 0.1
    together = in_worlds(of, np.stack([few, many, few]))
    for alone, at in ((few, 0), (many, 1), (few, 2)):
        for found, one in zip(together, from_orders(of, alone), strict=True):
            assert np.array_equal(found[at], one)
    assert not np.array_equal(together[0][0], together[0][1])
