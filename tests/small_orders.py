"""A small invented market of orders: four suppliers, five recipients, and what their deals did."""

import numpy as np
import pandas as pd
import xarray as xr

from data import names
from models import delivery, orders
from models.order_book import NEVER, PERIOD, RUNNING, WAITING, OrderData

ORIGIN = 2018
DRAWS = 60
EFFECTS = (*orders.COVARIATES, *orders.MEMORIES)
NEVER_LOGIT, ALWAYS_LOGIT = -60.0, 60.0
SUPPLIERS = ("AAA", "BBB", "CCC", names.REST)
RECIPIENTS = ("AAA", "DDD", "EEE", "FFF", names.REST)
PERIODS = 9
START = {"waiting_0": -2.0, "waiting_1": -1.0, "waiting_2": 0.0, "running": 1.0}
"""Log-odds of a delivery in a year, of deals of middling size that never missed one."""
THETA = np.array([1.0, 0.0, -1.0, 0.5])
"""Log-odds of suppliers in the first period; the third rises by 0.2 a period."""


def followed(rng: np.random.Generator, rows: int = 4000) -> pd.DataFrame:
    """Return deal-years whose deliveries follow START: half of them waiting, half running."""
    waiting = np.arange(rows) % 2 == 0
    age = np.where(waiting, np.arange(rows) % 3, 3)
    name = np.where(waiting, np.char.add("waiting_", age.astype(str)), "running")
    chance = 1.0 / (1.0 + np.exp(-np.array([START[n] for n in name])))
    came = rng.random(rows) < chance
    left = np.exp(3.0)
    return pd.DataFrame(
        {
            "year": 2016 + np.arange(rows) % 3, "state": np.where(waiting, WAITING, RUNNING),
            "age": age, "since": np.where(waiting, NEVER, 0), "left": left,
            "delivered": np.where(waiting, 0.0, 10.0), "times": np.where(waiting, 0, 1),
            "units_left": 8.0, "supplier": rng.integers(0, 4, rows),
            "recipient": rng.integers(0, 5, rows), "domain": rng.integers(0, 10, rows),
            "gone": rng.random(rows) < 0.02, "span": 1, "ending": True, "any": came,
            "tiv": np.where(came, left * np.where(rng.random(rows) < 0.5, 1.0, 0.3), 0.0),
        }
    )  # fmt: skip


def open_deals() -> pd.DataFrame:
    """Return the book of the origin: a waiting deal, and a running one with half delivered."""
    return pd.DataFrame(
        {
            "supplier": [0, 1], "recipient": [1, 2], "domain": [0, 1], "order_year": [2017, 2015],
            "ordered": [40.0, 60.0], "left": [40.0, 30.0], "units": [4.0, 6.0],
            "delivered": [0.0, 30.0], "first": [0, 2016], "last": [0, 2018], "times": [0, 2],
            "state": [WAITING, RUNNING],
        }
    )  # fmt: skip


def choice_inputs(placed: np.ndarray) -> orders.ChoiceInputs:
    """Return inputs without effort, politics, war or memory, for counts of the periods."""
    s, r, p = placed.shape
    return orders.ChoiceInputs(
        np.zeros((2, s)), np.zeros((2, s, p)), np.zeros((r, p)), np.zeros(r), np.zeros((r, p)),
        np.zeros((5, s, r, p)), np.zeros((s, p)), np.zeros((2, s, r, p)), possible(),
        placed, np.full(p, float(PERIOD)),
    )  # fmt: skip


def possible() -> np.ndarray:
    """Return which pairs can trade (supplier, recipient)."""
    same = np.array([[s == r != names.REST for r in RECIPIENTS] for s in SUPPLIERS])
    return ~same


def theta() -> np.ndarray:
    """Return the true log-odds (supplier, period)."""
    path = np.repeat(THETA[:, None], PERIODS, axis=1)
    path[2] += 0.2 * np.arange(PERIODS)
    return path


def placed(rng: np.random.Generator, yearly: float = 40.0) -> np.ndarray:
    """Return orders (supplier, recipient, period) that follow `theta`, `yearly` of a recipient."""
    utility = np.repeat(theta()[:, None], len(RECIPIENTS), axis=1)
    utility = np.where(possible()[..., None], utility, orders.BARRED)
    share = np.exp(orders.log_shares(utility, np))
    return rng.poisson(yearly * PERIOD * share).astype(float)


def data(seed: int = 3) -> OrderData:
    """Return what the models of the small market condition on."""
    rng = np.random.default_rng(seed)
    size = rng.normal(delivery.MIDDLE, 1.0, 400)
    waits = pd.DataFrame(
        {"age": np.arange(400) % 5, "log_tiv": size, "first": rng.random(400) < 0.4,
         "domain": rng.integers(0, 10, 400)}
    )  # fmt: skip
    listed = pd.DataFrame(
        {"age": np.arange(400) % 7, "begun": rng.random(400) < 0.5, "log_tiv": size,
         "known": rng.random(400) < 0.7}
    )  # fmt: skip
    sizes = pd.DataFrame(
        {"supplier": rng.integers(0, 4, 400), "recipient": rng.integers(0, 5, 400),
         "domain": rng.integers(0, 10, 400), "log_tiv": size,
         "log_units": 0.5 * size + rng.normal(0.0, 1.0, 400)}
    )  # fmt: skip
    counts = placed(rng)
    return OrderData(
        ORIGIN, SUPPLIERS, RECIPIENTS, open_deals(), followed(rng), waits, listed, sizes,
        np.concatenate([counts[..., :2], counts], axis=-1), np.full(PERIODS + 2, float(PERIOD)),
    )  # fmt: skip


def posterior(market, *, orders_placed=True, delivers=0.0, whole=0.0):
    """Return fixed draws of both models, with no noise beside that of the market."""
    s, r, p = len(market.suppliers), len(market.recipients), PERIODS
    draws = {
        "chance": np.full((DRAWS, len(delivery.CHANCE)), 0.0),
        "gone": np.full((DRAWS, len(delivery.GONE)), NEVER_LOGIT),
        "whole": np.zeros((DRAWS, len(delivery.WHOLE))),
        "share": np.zeros((DRAWS, len(delivery.SHARE))),
        "wait": np.zeros((DRAWS, len(delivery.WAIT))),
        "known": np.zeros((DRAWS, len(delivery.KNOWN))),
        "size_domain": np.full((DRAWS, len(names.DOMAINS)), delivery.MIDDLE),
        "units_domain": np.full((DRAWS, len(names.DOMAINS)), 2.0),
    }
    for at, column in enumerate(delivery.CHANCE):
        if column == "running" or (column.startswith("waiting_") and column != "waiting_size"):
            draws["chance"][:, at] = delivers
        if column.startswith("complete"):
            draws["chance"][:, at] = NEVER_LOGIT
    draws["whole"][:, 0] = whole
    for name, n in (("domain", len(names.DOMAINS)), ("supplier", s), ("recipient", r)):
        draws[f"chance_{name}"] = np.zeros((DRAWS, n))
    wide = {"wait_domain": len(names.DOMAINS), "size_supplier": s, "size_recipient": r}
    for name, n in wide.items():
        draws[name] = np.zeros((DRAWS, n))
    zero = (
        "chance_domain_sd", "chance_supplier_sd", "chance_recipient_sd", "chance_shock_sd",
        "chance_recipient_shock_sd", "chance_world_sd", "wait_domain_sd", "size_supplier_sd",
        "size_recipient_sd", "size_sd", "units_size", "units_sd", "share_log_sd",
        "share_units_sd", "more_pace", "more_sd",
    )  # fmt: skip
    draws |= {name: np.zeros(DRAWS) for name in zero}
    choice = {f"order_{name}": np.zeros(DRAWS) for name in EFFECTS}
    still = ("order_war", "order_theta_walk", "order_demand_walk", "order_affinity_sd")
    choice |= {name: np.zeros(DRAWS) for name in still}
    choice["order_clumping"] = np.full(DRAWS, 1e9)
    choice["theta"] = np.zeros((DRAWS, s, p))
    choice["demand"] = np.full((DRAWS, r, p), 1.0 if orders_placed else -60.0)
    choice["affinity_z"] = np.zeros((DRAWS, s, r))
    return choice, draws


def tree(draws: dict[str, np.ndarray]) -> xr.DataTree:
    """Return draws in the form of a fit: scalars of a draw as top-level parameters."""
    scalar = [name for name, values in draws.items() if values.ndim == 1]
    top = np.stack([draws[name] for name in scalar], axis=-1)
    data = {"parameters": (("chain", "draw", "parameter"), top[None])}
    for name, values in draws.items():
        if values.ndim > 1:
            dims = [f"{name}_{k}" for k in range(values.ndim - 1)]
            data[name] = (("chain", "draw", *dims), values[None])
    posterior = xr.Dataset(data, coords={"parameter": scalar})
    return xr.DataTree.from_dict({"posterior": posterior})


def mode(model) -> dict[str, np.ndarray]:
    """Return the posterior mode of a model, deterministics included."""
    from pymc.blocking import DictToArrayBijection
    from scipy import optimize

    start = DictToArrayBijection.map(model.initial_point())
    value, slope = (f(mode="FAST_COMPILE") for f in (model.compile_logp, model.compile_dlogp))

    def at(x):
        point = DictToArrayBijection.rmap(start._replace(data=x))
        return -float(value(point)), -np.asarray(slope(point))

    found = optimize.minimize(at, start.data, jac=True, method="L-BFGS-B")
    point = DictToArrayBijection.rmap(start._replace(data=found.x))
    named = [*model.free_RVs, *model.deterministics]
    outputs = model.replace_rvs_by_values([v * 1.0 for v in named])
    values = model.compile_fn(outputs, mode="FAST_COMPILE", on_unused_input="ignore")(point)
    return {v.name: x for v, x in zip(named, values, strict=True)}
