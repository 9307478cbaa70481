"""numpyro's NUTS: the density of the market in JAX, compiled by XLA."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench import posterior


def work(folder: Path) -> dict[str, Any]:
    """Sample the posterior of a folder."""
    import jax
    import numpyro
    from numpyro.infer import MCMC, NUTS

    length = posterior.length(folder)
    numpyro.set_host_device_count(length.chains)
    numpyro.enable_x64()
    spent, x = Compiling(), prepared(posterior.stored(folder, posterior.ARRAYS))
    sampler = MCMC(
        NUTS(market, target_accept_prob=length.target), num_warmup=length.tune,
        num_samples=length.draws, num_chains=length.chains, progress_bar=False,
    )  # fmt: skip
    began, fields = time.perf_counter(), ("num_steps", "diverging")
    sampler.warmup(jax.random.key(length.seed), x, extra_fields=fields, collect_warmup=True)
    tuning = sampler.get_extra_fields(group_by_chain=True)["num_steps"]
    sampler.run(sampler.post_warmup_state.rng_key, x, extra_fields=fields)
    draws = sampler.get_samples(group_by_chain=True)
    extra = sampler.get_extra_fields(group_by_chain=True)
    steps = np.concatenate([np.asarray(tuning), np.asarray(extra["num_steps"])], axis=1)
    whole, compiling = time.perf_counter() - began, spent.seconds()
    return posterior.keep(
        folder, {name: np.asarray(draws[name]) for name in posterior.FREE}, steps,
        np.asarray(extra["diverging"]), compiling=compiling, sampling=whole - compiling,
        density=[density(x, point) for point in posterior.points(folder)],
    )  # fmt: skip


class Compiling:
    """Seconds that JAX spends on tracing and compiling, from now on."""

    def __init__(self) -> None:
        import jax

        self.spans: list[tuple[float, float]] = []
        jax.monitoring.register_event_duration_secs_listener(self._heard)

    def _heard(self, event: str, seconds: float, **_: Any) -> None:
        if event.startswith("/jax/core/compile/"):
            now = time.perf_counter()
            self.spans.append((now - seconds, now))

    def seconds(self) -> float:
        """Return seconds so far."""
        return covered(self.spans)


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """Return the time in spans; of one within another, as a trace within a trace, none twice."""
    total, until = 0.0, 0.0
    for begins, ends in sorted(spans):
        total += max(0.0, ends - max(begins, until))
        until = max(until, ends)
    return total


def density(x: Mapping[str, Any], point: Mapping[str, np.ndarray]) -> float:
    """Return the log density at a point."""
    from numpyro.infer.util import log_density

    free = {f"{name}_free" if name in posterior.ZERO_SUM else name: v for name, v in point.items()}
    return float(log_density(market, (x,), {}, free)[0])


def prepared(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the data with cells that have orders listed, since others need no gamma function."""
    able = np.broadcast_to((arrays["barred"] == 0.0)[..., None], arrays["placed"].shape)
    placed = np.where(able, arrays["placed"], 0.0)
    return dict(arrays) | {"able": able, "placed": placed, "filled": np.nonzero(placed)}


def zero_sum(free: Any, axis: int) -> Any:
    """Return free coordinates with one more along an axis, which sum to zero along it."""
    import jax.numpy as jnp

    size = free.shape[axis] + 1
    total = free.sum(axis, keepdims=True)
    last = -total / size**0.5
    return jnp.concatenate([free - total / (size**0.5 + size), last], axis)


def market(x: Mapping[str, Any]) -> None:
    """Declare the model, see `models.market`."""
    import jax.numpy as jnp
    import numpyro
    from jax.nn import softplus
    from jax.scipy.special import gammaln, logsumexp
    from numpyro.distributions import Normal

    suppliers, recipients, _ = x["placed"].shape

    def free(name: str, *shape: int) -> Any:
        return numpyro.sample(name, Normal(0.0, 1.0).expand(shape).to_event(len(shape)))

    top = parameters(x, free("standard", len(x["mean"])))
    affinity = zero_sum(zero_sum(free("affinity_z_free", suppliers - 1, recipients - 1), 0), 1)
    numpyro.deterministic("affinity_z", affinity)
    effects = jnp.stack([top[name] for name in map(str, x["pulls"])])
    level, moved = capacity(x, top, effects, free)
    demand = demands(x, top, moved)
    pull = jnp.tensordot(effects, x["features"], axes=1)
    offered = level[:, None] + moved + top["war_effect"] * x["war"]
    pairs = top["affinity_sd"] * affinity + x["barred"]
    utility = offered[:, None, :] + pairs[..., None] + pull
    log_rate = demand[None] + utility - logsumexp(utility, axis=0, keepdims=True)
    log_size = jnp.log(top["clumping"]) + top["clumping_growth"] * log_rate
    size, placed = jnp.exp(log_size), x["placed"]
    odds = log_rate + jnp.log(x["exposure"]) - log_size
    cells = placed * odds - (placed + size) * softplus(odds)
    of_filled, count = size[x["filled"]], placed[x["filled"]]
    rising = gammaln(count + of_filled) - gammaln(of_filled)
    numpyro.factor("orders", jnp.where(x["able"], cells, 0.0).sum() + rising.sum())


def parameters(x: Mapping[str, Any], standard: Any) -> dict[str, Any]:
    """Return parameters by name on their own scale."""
    import jax.numpy as jnp
    from jax.nn import sigmoid

    stated, first = x["mean"] + x["sd"] * standard, int(x["normal"])
    second = first + int(x["lognormal"])
    parts = [stated[:first], jnp.exp(stated[first:second]), sigmoid(stated[second:])]
    return dict(zip(map(str, x["names"]), jnp.concatenate(parts), strict=True))


def capacity(x: Mapping[str, Any], top: Mapping[str, Any], effects: Any, free: Any) -> Any:
    """Return levels of suppliers, and how they move (supplier, period)."""
    import jax.numpy as jnp
    import numpyro
    from numpyro.distributions import Normal

    suppliers, _, periods = x["placed"].shape
    between = jnp.stack([top[name] for name in map(str, x["between"])])
    explained = effects[: len(x["politics"])] @ x["politics"]
    mean = x["basis"] @ (between @ x["level"] + explained)
    rotated = numpyro.sample("appeal_contrast", Normal(mean, top["capacity_sd"]).to_event(1))
    steps = zero_sum(free("walk_step_free", periods, suppliers - 1), 1)
    numpyro.deterministic("walk_step", steps)
    path = jnp.cumsum(top["walk_sd"] * x["period"] ** 0.5 * steps, axis=0).T
    by_rd = top["rd_within"] + top["rd_within_sd"] * free("rd_within_z", suppliers)
    moved = by_rd[:, None] * x["change"][0] + top["mil_within"] * x["change"][1]
    moved = moved + path - path.mean(axis=1, keepdims=True)
    return x["basis"].T @ rotated - explained, moved


def demands(x: Mapping[str, Any], top: Mapping[str, Any], moved: Any) -> Any:
    """Return log orders a year (recipient, period)."""
    import jax.numpy as jnp
    import numpyro
    from numpyro.distributions import Normal

    expected = top["demand"] + top["budget_level"] * x["budget_level"]
    level = numpyro.sample("demand_level", Normal(expected, top["demand_sd"]).to_event(1))
    producer = x["exporter"][:, None]
    explained = (
        top["budget_effect"] * x["budget"] + top["own_rd_effect"] * x["own_rd"]
        + top["own_capacity_effect"] * producer * moved[x["as_supplier"]]
    )  # fmt: skip
    scale, held = top["propensity_walk_sd"] * x["period"] ** 0.5, producer * explained
    moves = jnp.diff(held, axis=1, prepend=held[:, :1]).T / scale
    steps = numpyro.sample("demand_step", Normal(moves, 1.0).to_event(2))
    path = scale * jnp.cumsum(steps, axis=0).T - held
    return level[:, None] + explained + path - path.mean(axis=1, keepdims=True)
