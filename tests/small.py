"""A small world whose truth is known, drawn through the model's own equations.

Eight countries, six of them suppliers in effect (five and the rest of the world), 1992 to 2012:
small enough to fit in seconds, whole enough that every part of the model is at work. The truth is
drawn here with numpy from the same priors that a fit starts from, in code of its own: what PyMC
builds is checked against it, not the other way round.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from scipy import special

from data.names import (
    CHAIN,
    COUNTRY,
    DOMAIN,
    DOMAINS,
    DRAW,
    PANEL_START,
    RECIPIENT,
    REST,
    SUPPLIER,
    YEAR,
)
from forecast.simulate import Arrays, draw_deliveries, explained_market
from forecast.simulate import log_volume as expected
from models import drivers, equations, priors
from models.inputs import MEMORIES, prepare
from models.transfers import OWN_TIE
from tests import small_domains

COUNTRIES = ("USA", "RUS", "CHN", "FRA", "UKR", "IND", "VNM", "POL")
SUPPLIERS = (*COUNTRIES[:5], REST)
RECIPIENTS = (*COUNTRIES, REST)
YEARS = np.arange(PANEL_START, 2013)
ORIGIN = int(YEARS[-1])
SEED = int(os.environ.get("CROSSOVER_TEST_SEED", "1"))
"""Of every fit in the fast lane: whatever it is, each test must pass."""
SHORT = {"seed": SEED, "draws": 200, "tune": 250, "chains": 2}
OVERLAY = Path(__file__).with_name("small_priors.toml")
"""Priors under which a world of five suppliers trades about as much as the real one does."""

GDP = (9e12, 2e12, 2e12, 1.6e12, 4e11, 1.4e12, 1e11, 3.5e11)
GROWTH = (0.025, 0.01, 0.09, 0.015, -0.01, 0.06, 0.06, 0.035)
RD = (2.6, 1.0, 0.6, 2.2, 1.0, 0.7, 0.2, 0.6)
RD_GROWTH = (0.0, 0.0, 0.06, 0.0, -0.03, 0.01, 0.02, 0.02)
ARMS = (0.05, 0.05, 0.02, 0.03, 0.025, 0.03, 0.03, 0.025)
PEOPLE = (2.4e8, 1.45e8, 1.05e9, 5.6e7, 5.1e7, 7.8e8, 6e7, 3.7e7)
POINTS = (2.5, 0.3, -0.8, 1.5, 0.4, -0.7, -1.2, 0.9)
POSITIONS = np.array(
    [(0, 0), (78, 20), (112, 60), (61, 5), (78, 12), (120, 25), (133, 55), (71, 9)], float
)
"""Places on a flat map, hundreds of kilometres."""


@dataclass(frozen=True)
class World:
    """A panel, the arrays a fit makes of it, and the one draw of everything it came from."""

    panel: xr.Dataset
    inputs: xr.Dataset
    truth: Arrays
    priors: priors.Priors
    parts: dict[str, np.ndarray]
    """Truth of the domain layer, as from `small_domains.add`."""


def small_priors() -> priors.Priors:
    """Return the default priors with those of the small world laid over them."""
    return priors.load(OVERLAY)


def world(seed: int, chosen: Mapping[str, float] | None = None) -> World:
    """Draw a world from the priors.

    Parameters
    ----------
    seed
        Of everything.
    chosen
        Values of top-level parameters that are set instead of drawn.
    """
    rng = np.random.default_rng(seed)
    prior = small_priors()
    panel = bare_panel(rng)
    inputs = prepare(panel, prior)
    truth = draw(inputs, prior, rng, chosen)
    tiv = deliveries(inputs, truth, rng)
    panel, parts = small_domains.add(with_deliveries(panel, tiv), np.random.default_rng([seed, 1]))
    return World(panel, prepare(panel, prior), truth, prior, parts)


def bare_panel(rng: np.random.Generator) -> xr.Dataset:
    """Return a panel as `data.panel.assemble` shapes it, in which nothing is ever delivered."""
    n, years = len(COUNTRIES), len(YEARS)

    def path(start: tuple, growth: tuple, sd: float) -> np.ndarray:
        shocks = sd * rng.standard_t(5, (n, years))
        return np.array(start)[:, None] * np.exp(
            np.cumsum(np.array(growth)[:, None] + shocks, axis=1)
        )

    gdp = path(GDP, GROWTH, 0.02)
    share = path(RD, RD_GROWTH, 0.05)
    milex = path(ARMS, (0.0,) * n, 0.06) * gdp / 1e6
    rd_share = np.where(rng.random(share.shape) < 0.15, np.nan, share)
    gdp_seen = np.where(YEARS < 1988, np.nan, gdp)
    people = np.array(PEOPLE)[:, None] * np.exp(0.01 * (YEARS - YEARS[0]))
    points = np.array(POINTS)[:, None] + np.cumsum(0.1 * rng.standard_t(5, (n, years)), axis=1)

    axes = {
        COUNTRY: list(COUNTRIES),
        SUPPLIER: list(SUPPLIERS),
        RECIPIENT: list(RECIPIENTS),
        DOMAIN: list(DOMAINS),
        YEAR: YEARS,
    }
    out = xr.Dataset(coords={dim: (dim, labels) for dim, labels in axes.items()})
    own, cell = (COUNTRY, YEAR), (SUPPLIER, RECIPIENT, YEAR)
    shape = (len(SUPPLIERS), len(RECIPIENTS), years)
    out["rd_share"] = (own, rd_share)
    out["rd_share_age"] = (own, np.where(np.isnan(rd_share), np.nan, ORIGIN + 1.3 - YEARS))
    out["gdp"], out["milex"] = (own, gdp_seen), (own, milex)
    out["population"], out["ideal_point"] = (own, people), (own, points)
    out["researchers"] = (own, np.full((n, years), np.nan))
    out["exports_total"] = (own, np.full((n, years), np.nan))
    out["exports_total"].values[COUNTRIES.index("POL"), YEARS >= 1995] = 4.0
    out["milex_rest"] = (YEAR, np.where(YEARS < 1992, np.nan, 3e5 * 1.01 ** (YEARS - 1992)))
    out["tiv"] = (cell, np.zeros(shape))
    for name in ("ordered_tiv", "delivered_tiv"):
        out[name] = (cell, np.zeros(shape))
    out["tiv_domain"] = ((*cell[:2], DOMAIN, YEAR), np.zeros((*shape[:2], len(DOMAINS), years)))
    out["n_lines"] = out["tiv_domain"].copy()
    war, embargo, ally = np.zeros((shape[0], years)), np.zeros(shape), np.zeros(shape)
    war[1, YEARS >= 2008] = 1.0
    war[4, (YEARS >= 1996) & (YEARS <= 2003)] = 1.0
    war[3, (YEARS >= 2000) & (YEARS <= 2004)] = 1.0
    embargo[np.ix_([0, 3], [2], YEARS >= 1989)] = 1.0
    embargo[np.ix_([0], [6], YEARS <= 2005)] = 1.0
    ally[np.ix_([0, 3], [0, 3], np.ones(years, bool))] = 1.0
    ally[np.ix_([0, 3], [7], YEARS >= 1999)] = 1.0
    ally[[0, 3], [0, 3]] = 0.0
    legacy = np.zeros(shape[:2])
    legacy[np.ix_([1, 4], [1, 2, 4, 5, 6, 7])] = 1.0
    km = np.full(shape[:2], np.nan)
    km[:5, :8] = 100.0 * np.hypot(*(POSITIONS[:5, None] - POSITIONS[None]).transpose(2, 0, 1))
    out["war"], out["embargo"], out["ally"] = ((SUPPLIER, YEAR), war), (cell, embargo), (cell, ally)
    out["soviet_legacy"], out["distance_km"] = (cell[:2], legacy), (cell[:2], km)
    for name, (units, words) in WORDS.items():
        out[name].attrs = {"units": units, "long_name": words, "source": "simulated"}
    out.attrs = {
        "as_of": "",
        "country_names": json.dumps({code: code for code in RECIPIENTS}),
        "vintages": json.dumps({"transfers/deliveries": "2013-03-01"}),
        "assumed_share": json.dumps({"tiv": 0.0}),
        "sources": json.dumps([]),
    }
    return out


WORDS = {
    "rd_share": ("% of GDP", "Gross domestic expenditure on R&D"),
    "rd_share_age": ("years", "Years from the end of the data year to the release of the figure"),
    "gdp": ("constant 2021 international $", "GDP at purchasing power parity"),
    "milex": ("constant 2023 US$ million", "Military expenditure"),
    "milex_rest": ("constant 2023 US$ million", "Military expenditure of the rest of the world"),
    "population": ("persons", "Population"),
    "researchers": ("per million people", "Researchers in R&D"),
    "exports_total": ("TIV million", "Total exports of major arms"),
    "ideal_point": ("1", "Ideal point in the UN General Assembly"),
    "tiv": ("TIV million", "Deliveries of major arms"),
    "tiv_domain": ("TIV million", "Deliveries of major arms by technology domain"),
    "n_lines": ("lines", "Delivery lines"),
    "ordered_tiv": ("TIV million", "Major arms ordered in the year"),
    "delivered_tiv": ("TIV million", "Of the arms ordered in the year, delivered since"),
    "war": ("1", "Supplier at war"),
    "embargo": ("1", "Supplier bound not to deliver to the recipient"),
    "ally": ("1", "Members of a common defence pact"),
    "soviet_legacy": ("1", "Heir of Soviet arms industry, forces built on Soviet arms"),
    "distance_km": ("km", "Distance between capitals"),
}


def with_deliveries(panel: xr.Dataset, tiv: np.ndarray) -> xr.Dataset:
    """Return the panel with deliveries (supplier, recipient, window year) in it."""
    out = panel.copy(deep=True)
    first = panel.sizes[YEAR] - tiv.shape[-1]
    out["tiv"].values[..., first:] = tiv
    out["tiv_domain"].values[:, :, 0, first:] = tiv
    out["n_lines"].values[:, :, 0, first:] = tiv > 0
    return out


def draw(
    inputs: xr.Dataset,
    prior: priors.Priors,
    rng: np.random.Generator,
    chosen: Mapping[str, float] | None = None,
    *,
    held: bool = True,
) -> Arrays:
    """Draw every parameter and latent from the priors, as `forecast.simulate.stack` has them.

    With `held`, as in a fit, ties of countries to themselves are near zero; PyMC's own prior
    draws, which know no observations, leave them free.
    """
    suppliers, recipients, countries = (
        [str(c) for c in inputs[dim].values] for dim in (SUPPLIER, RECIPIENT, COUNTRY)
    )
    years, rows, columns = inputs.sizes[YEAR], len(suppliers), len(recipients)
    normal = rng.standard_normal
    names = priors.order(prior)
    top, standard = {}, {}
    undo = {"normal": lambda x: x, "lognormal": np.exp, "logitnormal": special.expit}
    redo = {"normal": lambda x: x, "lognormal": np.log, "logitnormal": special.logit}
    for name in names:
        entry = prior.variables[name]
        standard[name] = normal()
        if chosen and name in chosen:
            stated = redo[entry["family"]](chosen[name])
            standard[name] = (stated - entry["mu"]) / entry["sigma"]
        top[name] = undo[entry["family"]](entry["mu"] + entry["sigma"] * standard[name])

    out: dict[str, np.ndarray] = {
        "parameters": np.array([top[name] for name in names]),
        "standard": np.array([standard[name] for name in names]),
        "rd_score": normal((2, len(countries))),
        "drift_z": normal((3, len(countries))),
    }
    level = sum(top[f"{e}_between"] * inputs[f"{e}_level"].values for e in ("rd", "mil"))
    moved = {e: inputs[f"{e}_change"].transpose(COUNTRY, YEAR).values for e in ("rd", "mil")}
    loading = inputs["rd_loading"].transpose("component", COUNTRY, YEAR).values
    moved["rd"] = moved["rd"] + (out["rd_score"][:, :, None] * loading).sum(axis=0)
    change = 0.0
    for effort in ("rd", "mil"):
        own = out[f"{effort}_within_z"] = normal(len(countries))
        effect = top[f"{effort}_within"] + top[f"{effort}_within_sd"] * own
        change = change + effect[:, None] * moved[effort]

    def of_country(values: np.ndarray, code: str) -> np.ndarray:
        return values[countries.index(code)] if code in countries else 0.0 * values[0]

    base = np.array([of_country(level, code) for code in suppliers])
    capacity = base + top["capacity_sd"] * normal(rows)
    steps = normal((years, rows))
    steps -= steps.mean(axis=1, keepdims=True)
    walk = np.cumsum(top["walk_sd"] * steps, axis=0)
    walk = (walk - walk.mean(axis=0)).T
    supplier_change = np.array([of_country(change, code) for code in suppliers]) + walk
    out["walk_step"] = steps
    out["supplier_level"] = capacity
    out["supplier_capacity"] = capacity[:, None] + supplier_change
    able = inputs["possible"].transpose(SUPPLIER, RECIPIENT).values.astype(bool)
    out["affinity"] = _ties(able, top["affinity_sd"], rng, held)

    home = np.empty(columns)
    for at, code in enumerate(recipients):
        if code in suppliers and code != REST:
            home[at] = capacity[suppliers.index(code)] + top["home_bias_sd"] * normal()
        else:
            spread = np.hypot(top["home_bias_sd"], top["capacity_sd"])
            home[at] = of_country(level, code) + spread * normal()
    out["home_level"] = home + top["home_pull"] + top["acquisition_scale"]
    scale = top["acquisition_scale"] + top["acquisition_scale_sd"] * normal(columns)
    out["acquisition_scale_country"] = scale

    common = np.cumsum(top["global_demand_sd"] * normal(years))
    out["global_demand"] = common - common.mean()
    shocks = normal((years, columns))
    shocks -= shocks.mean(axis=1, keepdims=True)
    persistence = top["demand_persistence"]
    state = np.empty((years, columns))
    state[0] = top["demand_sd"] * shocks[0] / np.sqrt(1.0 - persistence**2)
    for t in range(1, years):
        state[t] = persistence * state[t - 1] + top["demand_sd"] * shocks[t]
    out["demand_state"] = state

    for dim, size in ((SUPPLIER, rows), (RECIPIENT, columns)):
        for part in ("presence", "spread"):
            own = normal(size)
            out[f"{dim}_{part}"] = top[f"{dim}_{part}_sd"] * (own - own.mean())

    sd = np.array([[top[f"{d}_shock_sd"], top[f"{d}_shock_spread"]] for d in drivers.DRIVERS])
    out["log_shock"] = np.log(sd[:, :1]) + sd[:, 1:] * normal((3, len(countries)))
    arrays = {name: np.asarray(values)[None] for name, values in out.items()}
    arrays |= {name: np.array([value]) for name, value in top.items()}
    # What all would buy in a middling year if nothing were remembered.
    volume = expected(*explained_market(arrays, inputs))
    level = np.log(np.exp(volume).sum(axis=(1, 2))).mean(axis=-1)
    return arrays | {"world_level": level}


def _ties(able: np.ndarray, sd: float, rng: np.random.Generator, held: bool) -> np.ndarray:
    """Unexplained ties, summing to zero both ways (supplier, recipient), log-odds.

    Held, they are drawn given that the ties of countries to themselves are seen as zero, with the
    model's noise: a free draw, corrected by the regression of all ties on what is seen.
    """
    rows, columns = able.shape
    both = np.kron(np.eye(rows) - 1.0 / rows, np.eye(columns) - 1.0 / columns)
    ties = sd * both @ rng.standard_normal(able.size)
    if held:
        seen = np.flatnonzero(~able)
        noise = OWN_TIE * rng.standard_normal(len(seen))
        cover = sd**2 * both[np.ix_(seen, seen)] + OWN_TIE**2 * np.eye(len(seen))
        ties = ties - sd**2 * both[:, seen] @ np.linalg.solve(cover, ties[seen] + noise)
    return ties.reshape(rows, columns)


def deliveries(inputs: xr.Dataset, truth: Arrays, rng: np.random.Generator) -> np.ndarray:
    """Draw deliveries year by year (supplier, recipient, year), each year's from the last three's.

    `inputs` must come from a panel without deliveries, whose memory is zero throughout.
    """
    assert not inputs["memory"].values.any()
    explained, home, wanted = explained_market(truth, inputs)
    able = inputs["possible"].transpose(SUPPLIER, RECIPIENT).values.astype(bool)
    presence, log_sd = (
        truth[middle][:, None, None]
        + truth[f"supplier_{own}"][:, :, None]
        + truth[f"recipient_{own}"][:, None, :]
        for middle, own in (("presence", "presence"), ("size_sd_log", "spread"))
    )
    size = (log_sd, truth["size_sd_slope"])
    found = [np.zeros(able.shape)] * 3
    for t in range(inputs.sizes[YEAR]):
        pull = 0.0
        for name, lately in zip(MEMORIES, (np.mean(found[-3:], axis=0), found[-1]), strict=True):
            log = np.log1p(lately)[..., None]
            pull = pull + truth[name][0] * equations.double_centred(log, able[..., None])
        utility = explained[..., [t]] + pull[None]
        world = truth["world_level"] + truth["global_demand"][:, t]
        volume = expected(utility, home[..., [t]], wanted[..., [t]])
        # Whatever recipients want, together they buy what world demand says.
        volume += (world - np.log(np.exp(volume).sum(axis=(1, 2, 3))))[:, None, None, None]
        found.append((draw_deliveries(volume[..., 0], presence, size, rng) * able)[0])
    return np.stack(found[3:], axis=-1)


LATENT_DIMS = {
    "parameters": ("parameter",),
    "standard": ("parameter",),
    "rd_score": ("component", COUNTRY),
    "rd_within_z": (COUNTRY,),
    "mil_within_z": (COUNTRY,),
    "drift_z": ("driver", COUNTRY),
    "log_shock": ("driver", COUNTRY),
    "walk_step": (YEAR, SUPPLIER),
    "supplier_level": (SUPPLIER,),
    "supplier_capacity": (SUPPLIER, YEAR),
    "affinity": (SUPPLIER, RECIPIENT),
    "home_level": (RECIPIENT,),
    "acquisition_scale_country": (RECIPIENT,),
    "global_demand": (YEAR,),
    "world_level": (),
    "demand_state": (YEAR, RECIPIENT),
    "supplier_presence": (SUPPLIER,),
    "recipient_presence": (RECIPIENT,),
    "supplier_spread": (SUPPLIER,),
    "recipient_spread": (RECIPIENT,),
}


def posterior(
    inputs: xr.Dataset, prior: priors.Priors, draws: list[Arrays], chains: int = 1
) -> xr.Dataset:
    """Put draws in the shape in which a fit keeps them (chain, draw, ...), single precision."""
    each = len(draws) // chains
    data = {}
    for name, dims in LATENT_DIMS.items():
        values = np.concatenate([one[name] for one in draws]).astype(np.float32)
        data[name] = ((CHAIN, DRAW, *dims), values.reshape(chains, each, *values.shape[1:]))
    coords = {dim: inputs[dim].values for dim in (COUNTRY, SUPPLIER, YEAR, "component")}
    coords |= {RECIPIENT: np.asarray(inputs[RECIPIENT].values, dtype=str)}
    coords |= {"parameter": priors.order(prior), "driver": list(drivers.DRIVERS)}
    coords |= {CHAIN: np.arange(chains), DRAW: np.arange(each)}
    return xr.Dataset(data, coords=coords)


def tree(of: World, *, draws: int = 40, chains: int = 2, seed: int = 7) -> xr.DataTree:
    """Return prior draws as if they were a fit to the world: what follows a fit, without one."""
    from forecast.fit import storable

    rng = np.random.default_rng(seed)
    drawn = [draw(of.inputs, of.priors, rng) for _ in range(draws * chains)]
    return xr.DataTree.from_dict(
        {
            "posterior": posterior(of.inputs, of.priors, drawn, chains),
            "constant_data": storable(of.inputs),
        }
    )
