"""Every supplier with every recipient of the sample is forecast and reported.

The record is the shipped panel, with every gap in it; the draws are few and of the priors. What
does not know the pair is computed once: the market that all pairs share, the posterior and its
parameters, the record of alliances, errors of simulation. Each pair is forecast, and all numbers
and words of its report are made. The fast lane does so for one pair in three, in which every
supplier and every recipient is several times, and makes what is by domain for one pair of each
kind. The slow lane does so for every pair, and then makes what is by domain for each too. The page
is set for a few.
"""

import functools
import math
import re
import shutil
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data import countries, tables
from crossover.data.names import DOWNTURN
from crossover.forecast import (
    coupling,
    decomposition,
    domain_checks,
    domains,
    draws,
    event_tables,
    events,
    gap_change,
    levels,
    market,
    pairs,
    partnership_steps,
    runs,
    simulate,
    steps,
    stored_run,
)
from crossover.models import domain_draws, partnership
from crossover.models.market import CELL
from crossover.reports import (
    build,
    domain_check,
    payload,
    payload_parameters,
    reading,
)
from crossover.reports import domains as domain_payload
from crossover.reports.reading import read_netcdf
from crossover.reports.render import template
from tests import whole

HORIZON = 2033
PAIRS = [
    (s, r)
    for s in sorted(countries.suppliers()) for r in sorted(countries.recipients()) if s != r
]  # fmt: skip
SET = (("CHN", "PAK"), ("RUS", "PAK"), ("USA", "TWN"), ("DEU", "MMR"), ("UKR", "RUS"))
"""Pairs of which the page is set too: allied after the record of disputes, without votes or GDP,
a recipient that never bought, two exporters at war."""
SOME = [pair for at, pair in enumerate(PAIRS) if at % 3 == 0 or pair in SET]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return whole.make_run(tmp_path_factory.mktemp("whole") / "run")


def everywhere(patch, act, other):
    """Put another function in a function's place, wherever this project has imported it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("crossover.") and getattr(module, act.__name__, None) is act:
            patch.setattr(module, act.__name__, other)


def once(act):
    """Return a function that acts when it is first called, and gives the same ever after."""
    held = []

    @functools.wraps(act)
    def call(*given, **named):
        if not held:
            held.append(act(*given, **named))
        return held[0]

    return call


def once_for(act, key):
    """Return a function that acts once for each key of its first argument."""
    held = {}

    @functools.wraps(act)
    def call(first, *given, **named):
        name = key(first)
        if name not in held:
            held[name] = act(first, *given, **named)
        return held[name]

    return call


def share_the_market(patch):
    """Simulate the market of all pairs once; each pair takes its view of it."""
    real, held = simulate.run_forward, {}

    def forward(draws, inputs, years, pairs, shown, seed, worlds):
        able = np.argwhere(inputs["possible"].transpose(*CELL).values.astype(bool))
        key = (seed, tuple(None if one is None else one.attrs["name"] for one in worlds))
        if key not in held:
            every = range(inputs.sizes["recipient"])
            held[key] = real(draws, inputs, years, able, every, seed, worlds)
        place = {tuple(one): at for at, one in enumerate(able.tolist())}
        at = [place[tuple(one)] for one in pairs.tolist()]
        return [
            one._replace(
                rates=one.rates[:, at], log_share=one.log_share[:, :, list(shown)],
                deliveries=one.deliveries[:, at], ordered=one.ordered[:, at],
                from_book=one.from_book[:, at], from_unlisted=one.from_unlisted[:, at],
            )
            for one in held[key]
        ]  # fmt: skip

    patch.setattr(simulate, "run_forward", forward)
    for name in ("_of_recipient", "_of_supplier"):
        real_side = getattr(decomposition, name)
        by_code = once_for(lambda code, given, act: act(*given, code), lambda code: code)
        patch.setattr(decomposition, name, functools.partial(_of_side, by_code, real_side))
    patch.setattr(decomposition, "arrays", once(decomposition.arrays))


def _of_side(by_code, act, draws, inputs, x, code):
    """Split what moved the orders of a country once."""
    return list(by_code(code, (draws, inputs, x), act))


def share_the_record(patch):
    """Read the record of alliances once, as of each pair."""
    whole_table = functools.cache(tables.read)

    @functools.cache
    def by(table, folder, column):
        found = {}
        for row in whole_table(table, folder):
            found.setdefault(getattr(row, column), []).append(row)
        return found

    def read(table, folder=None, where=None):
        if not where:
            return whole_table(table, folder)
        (first, wanted), *others = where.items()
        rows = [row for value in wanted for row in by(table, folder, first).get(value, ())]
        return [row for row in rows if all(getattr(row, c) in held for c, held in others)]

    patch.setattr(pairs, "read", read)
    patch.setattr(pairs, "find", functools.cache(pairs.find))
    patch.setattr(coupling, "bridge", once(coupling.bridge))


def share_the_check(patch):
    """Check the composition of all imports at once; each pair takes its recipient's."""
    real = domain_checks.predictive_check

    @once
    def parts(tree, seed):
        table = real(tree, tuple(sorted(countries.recipients())), seed=seed)
        exports = table["side"] == "exports"
        first = table[exports & (table["country"] == table["country"].iloc[0])]
        return first, dict(iter(table[table["side"] == "imports"].groupby("country")))

    def check(tree, recipients, *, seed):
        first, imports = parts(tree, seed)
        return pd.concat([first, *(imports[code] for code in recipients if code in imports)])

    patch.setattr(domain_checks, "predictive_check", check)
    by_recipient = once_for(domain_check.collect, lambda path: path.parent.name[-3:])
    patch.setattr(domain_check, "collect", by_recipient)
    patch.setattr(domain_checks, "agreement", once(domain_checks.agreement))
    patch.setattr(steps, "_some_draws", lambda tree: tree)


def share_the_posterior(patch):
    """Read the draws, the priors and what both say of parameters once."""
    def layer(posterior):
        return "habit" in posterior

    stack = once_for(simulate.stack, layer)
    for module in (simulate, domains, decomposition, gap_change):
        patch.setattr(module, "stack", stack)
    patch.setattr(market, "arrays", once(market.arrays))
    patch.setattr(domain_draws, "pairs", once(domain_draws.pairs))
    flat = once_for(coupling.partnership.flat, lambda tree: tree.name)
    patch.setattr(coupling.partnership, "flat", flat)
    parameters = payload.parameters_of
    by_layer = once_for(lambda posterior, priors: parameters(priors, posterior), layer)
    patch.setattr(payload, "parameters_of", lambda priors, posterior: by_layer(posterior, priors))
    patch.setattr(payload, "sources_of", once(payload.sources_of))
    patch.setattr(payload_parameters, "CURVE_POINTS", 4)
    patch.setattr(payload, "read_toml", once(payload.read_toml))
    patch.setattr(partnership, "load", once(partnership.load))


def share_by_kind(patch, run):
    """Make what is by domain for one pair of each kind: what it exports, and whether it traded."""
    held = stored_run.stored(run)["domains/constant_data"]
    lines = held["orders"].sum(["period", "domain"]).to_pandas()
    suppliers = countries.suppliers()

    def kind(pair):
        return pair[1] in suppliers, lines.loc[pair] > 0

    def of(attrs):
        return attrs["supplier"], attrs["recipient"]

    by_domain, answers = {}, {}
    make, answer = domains.by_domain, events.domain_answers

    def apart(tree, futures, *, seed):
        pair = of(futures.attrs)
        if kind(pair) not in by_domain:
            by_domain[kind(pair)] = make(tree, futures, seed=seed)
        found = by_domain[kind(pair)].assign_coords(country=list(pair))
        return found.assign_attrs(futures.attrs)

    def answered(futures, found):
        pair = of(futures.attrs)
        if kind(pair) not in answers:
            answers[kind(pair)] = answer(futures, found)
        return answers[kind(pair)].assign_attrs(futures.attrs)

    patch.setattr(domains, "by_domain", apart)
    patch.setattr(events, "domain_answers", answered)
    compare, collect = levels.by_domain, domain_payload.collect
    of_levels = once_for(lambda pair, *given, **named: compare(*given, **named), kind)
    patch.setattr(levels, "by_domain", lambda tree, futures, found, *, seed: of_levels(
        of(futures.attrs), tree, futures, found, seed=seed))  # fmt: skip
    of_payload = once_for(lambda pair, *given: collect(*given), kind)
    patch.setattr(domain_payload, "collect", lambda paths, tree, futures, pair, *given: of_payload(
        pair, paths, tree, futures, pair, *given))  # fmt: skip


def hand_on_tables(patch, files):
    """Hand a report its tables as they were made; those that it reads as text go by a file."""
    write = event_tables.to_csv
    as_text = (
        partnership_steps.PARTNERSHIP_PATHS_FILE, partnership_steps.BY_HAND_FILE,
        steps.DIFFERENCES_FILE,
    )  # fmt: skip

    def to_csv(table, path):
        files[path] = table
        if path.name in as_text:
            write(table, path)

    def read_table(path, columns):
        assert set(columns) <= set(files[path]), path
        return files[path]

    patch.setattr(event_tables, "to_csv", to_csv)
    everywhere(patch, reading.read_table, read_table)


@pytest.fixture
def walk(run, request):
    """Return a function that forecasts a pair: its folder, its table of events, all tables."""
    files = {}

    def open_again(path, opener):
        if path.name == stored_run.POSTERIOR:
            return stored_run.stored(run)
        return files[path] if path in files else read_netcdf(path, opener)

    def simple_error(happened, _chains):
        return happened.std(axis=0) / math.sqrt(len(happened))

    with pytest.MonkeyPatch.context() as patch:
        everywhere(patch, stored_run.stored, functools.cache(stored_run.stored))
        share_the_market(patch)
        share_the_record(patch)
        share_the_check(patch)
        share_the_posterior(patch)
        hand_on_tables(patch, files)
        if not request.param:
            share_by_kind(patch, run)
        patch.setattr(steps, "HORIZON", HORIZON)
        patch.setattr(events, "monte_carlo_error", simple_error)
        patch.setattr(levels, "monte_carlo_error", simple_error)
        patch.setattr(events, "indicators", lambda table: {})
        patch.setattr(steps.record, "hash_draws", lambda data: "")
        patch.setattr(steps, "say", lambda *given: None)
        patch.setattr(xr.DataTree, "close", lambda tree: None)
        patch.setattr(draws, "store", lambda data, path, **how: files.update({path: data}))
        everywhere(patch, reading.read_netcdf, open_again)
        patch.setattr(payload, "present", lambda path: path)
        patch.setattr(domain_payload, "present", lambda path, remedy: path)
        said = runs.read(run)

        def forecast(pair):
            folder = run / "pairs" / "-".join(pair)
            folder.mkdir(parents=True)
            files.clear()
            record = said | {"hashes": {}, "seconds": {}}
            found, _ = steps.look_ahead(folder, stored_run.stored(run), pair, record, run)
            return folder, found, files

        yield forecast


CODE = re.compile(rf"\b({'|'.join(sorted(countries.members()))}|nan|None)\b")


def test_the_fast_lane_has_every_country_several_times():
    assert len(PAIRS) == 16 * 48 - 16 and set(SET) <= set(SOME)
    for side in (0, 1):
        often = Counter(pair[side] for pair in SOME)
        assert set(often) == {pair[side] for pair in PAIRS} and min(often.values()) >= 4


@pytest.mark.parametrize(("walk", "asked"), [
    pytest.param(False, SOME, id="one in three"),
    pytest.param(False, PAIRS, id="every pair, domains of each kind", marks=pytest.mark.slow),
    pytest.param(True, PAIRS, id="every pair, domains of each", marks=pytest.mark.slow),
], indirect=["walk"])  # fmt: skip
def test_every_pair_is_forecast_and_reported(walk, asked, run):
    plain = set()
    for pair in asked:
        folder, found, tables_made = walk(pair)
        at = "-".join(pair)
        assert {"capacity_crossover", "domain_crossover"} <= set(found["event"]), at
        assert found["probability"].between(0.0, 1.0).all(), at
        for name, column in (
            (steps.LEVELS_FILE, "gap_median"), (steps.DOMAIN_LEVELS_FILE, "gap_median"),
            (partnership_steps.PARTNERSHIP_PATHS_FILE, "median"),
        ):  # fmt: skip
            assert tables_made[folder / name][column].notna().all(), (at, name)
        numbers = payload.collect(run, *pair)
        facts = numbers["partnership"]["facts"]
        assert ("treaty" in facts) == (DOWNTURN in set(found["event"])), at
        lines = template("report.typ.j2", numbers).partition("= Sources and vintages")[0]
        new = set(lines.splitlines()) - plain
        strange = {text for text in new if CODE.search(text)}
        assert not strange, (at, strange)
        plain |= new
        if pair in SET:
            assert build.render(numbers).startswith(b"%PDF"), at
        shutil.rmtree(folder)
