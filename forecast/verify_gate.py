"""Whether the verdict of the gate follows from the draws; see `forecast.verify`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.data.errors import InputError, fault
from crossover.data.names import CHAIN, DOMAIN_LAYER, DRAW
from crossover.forecast.runs import ENGINE, GATE_FILE, PARTNERSHIP, POSTERIOR, RECORD

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

FIGURE = 1e-6
"""How far a figure of the gate may lie from the one on record: other processors round otherwise."""


def verdict_follows(verdict: Mapping[str, Any], file: Path) -> None:
    """Check that a verdict follows from its own figures and this program's thresholds."""
    from crossover.forecast.gate import CHECKS

    for part in filter(None, (verdict, verdict.get("fit"))):
        checks = {check.get("name"): check for check in part.get("checks", ())}
        if part.get("passed") and not set(CHECKS) <= set(checks):
            lost = ", ".join(sorted(set(CHECKS) - set(checks)))
            raise InputError(fault(f"the gate is passed without a check of {lost}", file=file))
        for name, check in checks.items():
            limit, side = CHECKS.get(name, (None, ""))
            value = check.get("value")
            good = value is not None and (value <= limit if side == "at most" else value >= limit)
            if check.get("threshold") != limit or bool(check.get("passed")) != bool(good):
                rule = f"the verdict does not follow from the figure ({side} {limit})"
                raise InputError(fault(rule, file=file, column=f"gate {name}", value=value))
        if bool(part.get("passed")) != all(c.get("passed") for c in checks.values()):
            raise InputError(fault("the gate's verdict is not that of its checks", file=file))


def spots(run: Path, said: Mapping[str, Any]) -> None:
    """Compute anew the figures on which the verdict on the fit rests, where it says they stand."""
    from crossover.forecast import gate

    verdict = said["gate"].get("fit") or said["gate"]
    with _Fits(run) as fits:
        for check in verdict.get("checks", ()):
            name, where = check["name"], check["where"]
            if name in gate.FIGURES:
                found = fits.figure(name, where, run / RECORD)
            else:
                found = fits.worst(name)
            if not _close(found, check["value"]):
                rule = f"the draws say {found:.6g} of {where or 'all chains'}"
                place = {"column": f"gate {name}", "value": check["value"]}
                raise InputError(fault(rule, file=run / RECORD, **place))


def _close(found: float, said: float | None) -> bool:
    import numpy as np

    if said is None:
        return not np.isfinite(found)
    return bool(np.isclose(found, said, rtol=FIGURE, atol=1e-9))


class _Fits:
    """The fits of a run, of which single quantities are read: no group is read as a whole."""

    def __init__(self, run: Path):
        import h5netcdf

        self.files = [h5netcdf.File(run / POSTERIOR, "r")]
        if (run / PARTNERSHIP).is_file():
            self.files.append(h5netcdf.File(run / PARTNERSHIP, "r"))
        self.fits = {"": self.files[0]}
        if DOMAIN_LAYER in self.files[0].groups:
            self.fits[DOMAIN_LAYER] = self.files[0][DOMAIN_LAYER]
        for file in self.files[1:]:
            self.fits |= dict(file.groups.items())

    def __enter__(self) -> _Fits:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self.files:
            file.close()

    def figure(self, name: str, where: str, file: Path) -> float:
        """Return R-hat or an effective sample size of the quantity that the gate names."""
        from crossover.forecast import gate
        from crossover.forecast.convergence import diagnose

        draws = self._draws(where)
        if draws is None:
            rule = "the gate names a quantity that the fit does not have"
            raise InputError(fault(rule, file=file, column=f"gate {name}", value=where))
        found = dict(zip(gate.FIGURES, diagnose(draws[:, :, None])[:, 0], strict=True))
        return float(found[name])

    def _draws(self, where: str) -> np.ndarray | None:
        """Return the draws (chain, draw) of a quantity, as the gate names it."""
        import numpy as np

        found = re.fullmatch(r"(?:(\w+): )?(\w+)(?:\[(.*)\])?", where)
        if found is None:
            return None
        part, name, place = found.groups()
        for key in (part,) if part else ("", DOMAIN_LAYER):
            group = self.fits[key]["posterior"] if key in self.fits else None
            if group is None or name not in group.variables:
                continue
            values = group.variables[name]
            order = [values.dimensions.index(dim) for dim in (CHAIN, DRAW)]
            others = [n for n in range(len(values.dimensions)) if n not in order]
            labels = [_labels(group, values.dimensions[n], values.shape[n]) for n in others]
            at = _at(labels, place or "") if labels else () if place is None else None
            if at is not None:
                draws = np.transpose(values[...], [*order, *others])
                return draws[(slice(None), slice(None), *at)]
        return None

    def worst(self, name: str) -> float:
        """Return the number of divergences, or the least E-BFMI, of all fits."""
        import numpy as np

        found = []
        for fit in self.fits.values():
            if name == "divergences":
                found.append(float(fit["sample_stats"].variables["diverging"][...].sum()))
                continue
            energy = fit["sample_stats"].variables["energy"]
            each = np.moveaxis(energy[...].astype(float), energy.dimensions.index(DRAW), -1)
            spread = np.square(each - each.mean(-1, keepdims=True)).sum(-1)
            found.append(float((np.square(np.diff(each, axis=-1)).sum(-1) / spread).min()))
        return max(found) if name == "divergences" else min(found)


def _labels(group: Any, dim: str, size: int) -> np.ndarray:
    """Return the labels of a stored dim as texts; numbers from zero on where it has none."""
    import numpy as np

    while group is not None:
        if dim in group.variables:
            values = group.variables[dim][...].tolist()
            return np.array([v.decode() if isinstance(v, bytes) else str(v) for v in values])
        group = None if group.name == "/" else group.parent
    return np.arange(size).astype(str)


def _at(labels: list[np.ndarray], place: str) -> tuple[int, ...] | None:
    """Return where in an array the labels of its dims, joined by commas, read so."""
    import numpy as np

    first, *others = labels or [np.array([])]
    for at in np.flatnonzero([place == one or place.startswith(f"{one}, ") for one in first]):
        if not others:
            if place == first[at]:
                return (int(at),)
            continue
        rest = _at(others, place[len(first[at]) + 2 :])
        if rest is not None:
            return (int(at), *rest)
    return None


def judge_fit(run: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    """Judge the fits of a run anew; raise InputError unless its record says the same of them."""
    import xarray as xr

    from crossover.forecast import gate

    def whole(file: str) -> xr.DataTree:
        with xr.open_datatree(run / file, engine=ENGINE) as tree:
            return tree.load()

    history = whole(PARTNERSHIP) if (run / PARTNERSHIP).is_file() else None
    found = gate.judge_all(whole(POSTERIOR), history)
    _verdict_is(found, (said.get("gate") or {}).get("fit") or {}, run / RECORD)
    return found


def judged_anew(
    run: Path,
    folder: Path,
    said: Mapping[str, Any],
    own: Mapping[str, Any],
    parts: Sequence[xr.Dataset],
) -> None:
    """Judge the fit and the events anew, and compare with the verdict on record."""
    from crossover.forecast import events, gate

    found = {key: values for part in parts for key, values in events.indicators(part).items()}
    both = gate.combine(judge_fit(run, said), gate.judge_events(found))
    name = RECORD if folder == run else GATE_FILE
    _verdict_is(both, said["gate"] if folder == run else own, folder / name)


def _verdict_is(found: Mapping[str, Any], said: Mapping[str, Any], file: Path) -> None:
    known = {check["name"]: check for check in said.get("checks", ())}
    for check in found["checks"]:
        held = known.get(check["name"], {})
        if not _close(check["value"], held.get("value")) or held["passed"] != check["passed"]:
            rule = f"the draws say {check['value']:.6g} ({check['where'] or 'all chains'})"
            place = {"column": f"gate {check['name']}", "value": held.get("value")}
            raise InputError(fault(rule, file=file, **place))
    if bool(found["passed"]) != bool(said.get("passed")):
        raise InputError(fault("the gate's verdict is not what the draws say", file=file))
