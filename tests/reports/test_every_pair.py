"""Every supplier with every recipient of the sample is forecast and reported.

The record is the shipped panel, with every gap in it; the draws are few and of the priors. What
does not know the pair is computed once: the market that all pairs share, the posterior and its
parameters, the record of alliances, errors of simulation. Figures and the page are made for a few.
"""

import functools
import math
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data import countries, tables
from data.names import DOWNTURN
from forecast import coupling, domains, events, gate, levels, pairs, runs, simulate, steps
from models import partnership
from reports import build, payload, words
from reports import domains as domain_payload
from reports.reading import read_netcdf
from tests import whole

HORIZON = 2033
PAIRS = [
    (s, r)
    for s in sorted(countries.suppliers()) for r in sorted(countries.recipients()) if s != r
]  # fmt: skip
SET = (("CHN", "PAK"), ("RUS", "PAK"), ("USA", "TWN"), ("DEU", "MMR"), ("UKR", "RUS"))
"""Pairs of which the page is set too: allied after the record of disputes, without votes or GDP,
a recipient that never bought, two exporters at war."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return whole.make_run(tmp_path_factory.mktemp("whole") / "run")


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
    real, years = simulate._trade, []

    def trade(draws, inputs, ahead, keep, *given):
        if not years:
            real(draws, inputs, ahead, lambda y: years.append(dict(y)) or {}, *given)
        kept = [keep(year) for year in years]
        return {
            name: np.stack([year[name] for year in kept], axis=-1).astype(np.float32)
            for name in kept[0]
        }

    patch.setattr(simulate, "_trade", trade)
    for name in ("_ahead", "past_market"):
        patch.setattr(simulate, name, once(getattr(simulate, name)))


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
    real, held = domains.predictive_check, []

    def check(tree, recipients, *, seed):
        if not held:
            held.append(real(tree, tuple(sorted(countries.recipients())), seed=seed))
        own = (held[0]["side"] == "exports") | held[0]["country"].isin(recipients)
        return held[0][own]

    patch.setattr(domains, "predictive_check", check)
    by_recipient = once_for(domain_payload._check, lambda path: path.parent.name[-3:])
    patch.setattr(domain_payload, "_check", by_recipient)
    patch.setattr(domains, "agreement", once(domains.agreement))
    patch.setattr(steps, "_some_draws", lambda tree: tree)


@pytest.fixture(scope="module")
def walk(run):
    """Return a function that forecasts a pair and computes the numbers of its report."""
    files = {}

    def open_again(path, opener):
        if path.name == steps.POSTERIOR:
            return steps.stored(run)
        return files[path] if path in files else read_netcdf(path, opener)

    def simple_error(happened, _chains):
        return happened.std(axis=0) / math.sqrt(len(happened))

    with pytest.MonkeyPatch.context() as patch:
        share_the_market(patch)
        share_the_record(patch)
        share_the_check(patch)
        patch.setattr(steps, "stored", functools.cache(steps.stored))
        patch.setattr(steps, "HORIZON", HORIZON)
        patch.setattr(events, "monte_carlo_error", simple_error)
        patch.setattr(levels, "_error", lambda *given: float(simple_error(*given)))
        patch.setattr(gate, "judge_events", lambda found: {"checks": [], "passed": True})
        patch.setattr(steps, "say", lambda *given: None)
        patch.setattr(xr.DataTree, "close", lambda tree: None)
        patch.setattr(xr.Dataset, "to_netcdf", lambda data, path, **how: files.update({path: data}))
        own, parameters = {}, payload._parameters

        def of_layer(priors, posterior):
            name = "habit" in posterior
            if name not in own:
                own[name] = parameters(priors, posterior)
            return own[name]

        patch.setattr(payload, "_parameters", of_layer)
        stack = once_for(simulate.stack, lambda posterior: "habit" in posterior)
        for module in (simulate, domains, levels):
            patch.setattr(module, "stack", stack)
        patch.setattr(domains.model, "pairs", once(domains.model.pairs))
        flat = once_for(coupling.partnership.flat, lambda tree: tree.name)
        patch.setattr(coupling.partnership, "flat", flat)
        patch.setattr(payload, "CURVE_POINTS", 4)
        patch.setattr(payload, "read_toml", once(payload.read_toml))
        patch.setattr(partnership, "load", once(partnership.load))
        for module in (payload, domain_payload):
            patch.setattr(module, "read_netcdf", open_again)
        patch.setattr(payload, "present", lambda path: path)
        patch.setattr(domain_payload, "present", lambda path, remedy: path)
        said = runs.read(run)

        def forecast(pair):
            folder = run / "pairs" / "-".join(pair)
            folder.mkdir(parents=True)
            record = said | {"hashes": {}, "seconds": {}}
            steps.look_ahead(folder, steps.stored(run), pair, record, run)
            return folder, payload.collect(run, *pair)

        yield forecast


def prose(value):
    """Yield every text of what was written."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from prose(inner)
    elif isinstance(value, str):
        yield value


CODE = re.compile(rf"\b({'|'.join(sorted(countries.members()))}|nan|None)\b")


def test_every_pair_is_forecast_and_reported(walk):
    assert len(PAIRS) == 16 * 48 - 16
    for pair in PAIRS:
        folder, numbers = walk(pair)
        at = "-".join(pair)
        found = pd.read_csv(folder / steps.EVENTS_FILE)
        assert {"capacity_crossover", "domain_crossover"} <= set(found["event"]), at
        assert found["probability"].between(0.0, 1.0).all(), at
        for name in (steps.LEVELS_FILE, steps.DOMAIN_LEVELS_FILE):
            assert pd.read_csv(folder / name)["gap_median"].notna().all(), (at, name)
        paths = pd.read_csv(folder / steps.PARTNERSHIP_PATHS_FILE)
        assert paths["median"].notna().all(), at
        facts = numbers["partnership"]["facts"]
        assert ("treaty" in facts) == (DOWNTURN in set(found["event"])), at
        said = words.write(numbers)
        said.pop("record")
        strange = {text for text in prose(said) if CODE.search(text)}
        assert not strange, (at, strange)
        if pair in SET:
            assert build.render(numbers).startswith(b"%PDF"), at
        shutil.rmtree(folder)
