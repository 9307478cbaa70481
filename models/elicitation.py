"""A prior from what an expert expects: three quantiles in, the parameters of its family out.

Every family of `models.priors` is a Normal on a scale of its own (the value, its log, its log
odds), where quantiles stand on a line: t_p = mu + sigma·z_p. Three of them, at 5, 50 and 95 %,
determine both by least squares in closed form: mu = mean(t), sigma = (t_95 − t_5)/(z_95 − z_5).
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from crossover.data.errors import InputError, fault
from crossover.models.priors import FILES, text

LEVELS = (0.05, 0.5, 0.95)
Z = 1.6448536269514722
"""Standard Normal quantile of 95 %."""
CLOSE = 0.1
"""A quantile that the prior misses by more than this share of the 90 % interval is told."""
Three = tuple[float, float, float]


def _logit(value: float) -> float:
    return math.log(value) - math.log1p(-value)


def _expit(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-value))


@dataclass(frozen=True)
class Scale:
    """How a family is a Normal: onto its scale and back, between which bounds, and the rule."""

    onto: Callable[[float], float]
    back: Callable[[float], float]
    low: float
    high: float
    rule: str


SCALES: Mapping[str, Scale] = MappingProxyType(
    {
        "normal": Scale(float, float, -math.inf, math.inf, "must be a number"),
        "lognormal": Scale(math.log, math.exp, 0.0, math.inf, "must be greater than 0"),
        "logitnormal": Scale(_logit, _expit, 0.0, 1.0, "must lie between 0 and 1"),
    }
)


@dataclass(frozen=True)
class Elicited:
    """A prior from three quantiles, beside the one it takes the place of.

    `asked`: what the expert said at `LEVELS`; `implied` and `before`: what the new prior and the
    one before say there; `model`: the file of defaults that the variable stands in.
    """

    name: str
    model: str
    unit: str
    description: str
    family: str
    mu: float
    sigma: float
    asked: Three
    implied: Three
    before: Three

    @property
    def misses(self) -> bool:
        """Whether the family cannot follow what was said: see `CLOSE`."""
        width = self.asked[2] - self.asked[0]
        return any(
            abs(said - found) > CLOSE * width
            for said, found in zip(self.asked, self.implied, strict=True)
        )

    def entry(self, reason: str, source: str) -> dict[str, object]:
        """Return the entry of a priors file, with the three numbers in its reason."""
        numbers = ", ".join(f"{value:g}" for value in self.asked)
        return {
            "family": self.family, "mu": self.mu, "sigma": self.sigma,
            "reason": f"{reason} (5, 50 and 95 %: {numbers})", "source": source,
        }  # fmt: skip


def elicit(name: str, q05: float, q50: float, q95: float, file: Path | None = None) -> Elicited:
    """Return the prior of a variable that has, as nearly as its family can, three quantiles.

    Parameters
    ----------
    name
        A variable of the priors files.
    q05, q50, q95
        Values that the expert holds to be exceeded with 95, 50 and 5 %, in the variable's unit.
    file
        A priors file that the one before is read from, laid over the defaults.

    Raises
    ------
    InputError
        If there is no such variable, or the three numbers do not rise or cannot be its values.
    """
    model, entry = _entry(name, file)
    scale = SCALES[entry["family"]]
    asked = (q05, q50, q95)
    for option, value in zip(("--q05", "--q50", "--q95"), asked, strict=True):
        if not (math.isfinite(value) and scale.low < value < scale.high):
            raise InputError(fault(f"{scale.rule} ({name} is {entry['family']})", column=option,
                                   value=value))  # fmt: skip
    if not q05 < q50 < q95:
        rule = "must rise: --q05 below --q50 below --q95"
        raise InputError(fault(rule, value=", ".join(f"{value:g}" for value in asked)))
    mu, sigma = parameters(entry["family"], asked)
    return Elicited(
        name, model, entry["unit"], entry["description"], entry["family"], mu, sigma, asked,
        quantiles(entry["family"], mu, sigma),
        quantiles(entry["family"], entry["mu"], entry["sigma"]),
    )  # fmt: skip


def parameters(family: str, asked: Three) -> tuple[float, float]:
    """Return mu and sigma, to six digits, of a family with quantiles nearest to three."""
    onto = [SCALES[family].onto(value) for value in asked]
    mu, sigma = sum(onto) / 3.0, (onto[2] - onto[0]) / (2.0 * Z)
    return float(f"{mu:.6g}"), float(f"{sigma:.6g}")


def quantiles(family: str, mu: float, sigma: float) -> Three:
    """Return the quantiles of a prior at `LEVELS`, in the variable's unit."""
    back = SCALES[family].back
    return back(mu - Z * sigma), back(mu), back(mu + Z * sigma)


def _entry(name: str, file: Path | None) -> tuple[str, Mapping]:
    """Return the model of a variable and its entry; raise InputError with the nearest name."""
    known = tomllib.loads(text(file))["variable"]
    if name in known:
        models = (f.stem for f in FILES if name in tomllib.loads(f.read_text("utf-8"))["variable"])
        return next(models), known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    rule = f"no variable of that name; {hint}all stand in models/priors/*.toml"
    raise InputError(fault(rule, value=name))
