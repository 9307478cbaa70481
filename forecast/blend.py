"""Our forecast averaged with persistence, by weights that earlier origins teach.

Where the model has no skill yet, its average with the best simple forecast may; how much weight
each deserves is learnt from what was known at the time, target by target.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from data.names import YEAR
from forecast import baselines, skill
from forecast.scores import QUANTILE
from forecast.skill import FULL, HORIZON, LEVELS, QUESTION, SERIES

BLEND = "blend"
WEIGHTS = np.linspace(0.0, 1.0, 11)
"""Weights of our forecast that are tried."""


def blend(forecasts: Sequence[xr.Dataset], known: Mapping[int, xr.Dataset]) -> list[xr.Dataset]:
    """Average our forecast with persistence, by weights learnt at earlier origins only.

    Quantiles are averaged (on the log scale for TIV). For each target and group of horizons the
    weight is that of `WEIGHTS` with the least mean CRPS over the forecasts of earlier origins
    whose outturn was known at this one; one half where there is none.

    Parameters
    ----------
    forecasts
        Of any models; what is not ours or persistence is not looked at.
    known
        Origin → `series` of what was seen, with all dyads.

    Returns
    -------
    list of xarray.Dataset
        One forecast an origin that both have; attribute `weights` says what was learnt, as JSON.
    """
    pairs: dict[int, dict[str, xr.Dataset]] = defaultdict(dict)
    for said in forecasts:
        if said.attrs["model"] in (FULL, baselines.PERSISTENCE):
            pairs[int(said.attrs["origin"])][str(said.attrs["model"])] = said
    both = {o: p for o, p in sorted(pairs.items()) if len(p) == 2}
    made = []
    for origin, own in both.items():
        ours_, theirs = (_on_scale(own[m]) for m in (FULL, baselines.PERSISTENCE))
        horizons = own[FULL][HORIZON].values
        targets = own[FULL]["target"].values
        out, learnt = np.empty_like(ours_), {}
        for target in dict.fromkeys(targets):
            for group, (first, last) in skill.GROUPS.items():
                loss, cases = np.zeros(len(WEIGHTS)), 0
                for past in (o for o in both if o < origin):
                    some = [h for h in range(first, last + 1)
                            if past + h <= origin and h <= horizons[-1]]  # fmt: skip
                    found = _losses(both[past], known[origin], past, str(target), some)
                    loss, cases = loss + found[0], cases + found[1]
                weight = float(WEIGHTS[np.argmin(loss)]) if cases else 0.5
                learnt[f"{target} {group}"] = weight
                at = np.ix_(targets == target, (horizons >= first) & (horizons <= last))
                out[at] = weight * ours_[at] + (1.0 - weight) * theirs[at]
        tiv = np.isin(targets, skill.IN_TIV)[:, None, None]
        quantiles = np.where(tiv, np.expm1(out), out)
        blended = own[FULL].drop_dims(QUESTION, errors="ignore")
        blended = blended.assign(quantiles=(own[FULL]["quantiles"].dims, quantiles))
        blended.attrs = {"model": BLEND, "origin": origin, "weights": json.dumps(learnt)}
        made.append(blended)
    return made


def _on_scale(said: xr.Dataset) -> np.ndarray:
    """Return quantiles (series, horizon, level), logs of one plus the value for TIV."""
    q = said["quantiles"].transpose(SERIES, HORIZON, QUANTILE).values.astype(float)
    tiv = np.isin(said["target"].values, skill.IN_TIV)[:, None, None]
    return np.where(tiv, np.log1p(np.maximum(q, 0.0)), q)


def _losses(
    pair: Mapping[str, xr.Dataset], known: xr.Dataset, origin: int, target: str,
    horizons: Sequence[int],
) -> tuple[np.ndarray, int]:
    """Return summed CRPS by weight of ours, and the number of cases, of one past origin."""
    own = pair[FULL]
    at = np.flatnonzero(own["target"].values == target)
    names = [n for n in own[SERIES].values[at] if n in known[SERIES].values]
    if not horizons or not names:
        return np.zeros(len(WEIGHTS)), 0
    came = known["value"].sel({SERIES: names, YEAR: [origin + h for h in horizons]}).values
    came = np.log1p(came) if target in skill.IN_TIV else came
    here = [list(own[SERIES].values).index(n) for n in names]
    steps = np.array(horizons) - 1
    ours_, theirs = (
        _on_scale(pair[m])[np.ix_(here, steps)] for m in (FULL, baselines.PERSISTENCE)
    )
    fine = np.isfinite(came)
    loss = []
    for w in WEIGHTS:
        q = w * ours_[fine] + (1.0 - w) * theirs[fine]
        miss = came[fine][:, None] - q
        loss.append(2.0 * np.where(miss >= 0, LEVELS * miss, (LEVELS - 1.0) * miss).mean(1).sum())
    return np.array(loss), int(fine.sum())
