"""Claims that a run answers: events, domains, effects, scenarios, skill."""

from __future__ import annotations

import numpy as np

from crossover.data import countries
from crossover.data.errors import InputError, fault
from crossover.data.names import ALL_DOMAINS, BASELINE, KIND, QUANTITY
from crossover.forecast import shipped
from crossover.forecast.claim_rules import (
    BY_CONVENTION,
    CONTRADICTED,
    LEAST_ESS,
    OPEN,
    RULES,
    SUPPORTED,
    Claim,
    Row,
    Run,
    among,
    by_difference,
    by_probability,
    no_answer,
    row_of,
)
from crossover.forecast.compare import ASKED
from crossover.forecast.events import kinds_of


def _kind(claim: Claim) -> str:
    """Return the kind of answer that a claim asks for, the leading one where it names none."""
    return claim.get(KIND, kinds_of(claim["event"])[0])


def event(name: str, claim: Claim, run: Run) -> Row:
    """Judge an event's probability."""
    domain, scenario = claim.get("domain", ALL_DOMAINS), claim.get("scenario", BASELINE)
    asked = {"event": claim["event"], "domain": domain, "scenario": scenario,
             KIND: _kind(claim), "year": str(claim["year"])}  # fmt: skip
    what = claim["event"] if domain == ALL_DOMAINS else f"{claim['event']}, {domain}"
    words = ASKED[_kind(claim)].format(what, claim["year"])
    pair, folder = run.of(claim)
    words += f" of {countries.name_of(pair[0])} to {countries.name_of(pair[1])}"
    for row in shipped.rows(folder / "events.csv"):
        if asked.items() <= row.items():
            p, error = float(row["probability"]), float(row["mc_error"])
            verdict, rule = by_probability(p, error), "probability"
            figure = f"{p:.3f} ± {error:.3f}"
            levels = shipped.rows(folder / "levels.csv")
            if claim["event"] in BY_CONVENTION and levels:
                origin = levels[0]["year"]
                now = [
                    float(r["probability"]) for r in levels
                    if r["year"] == origin and r["headline"] != "1"
                ]  # fmt: skip
                figure += f"; ahead at the origin {min(now):.2f} to {max(now):.2f} by convention"
                rule, verdict = "conventions", _under_all(verdict, now)
            return row_of(
                name, claim, quantity=words, figure=figure, value=p, error=error, verdict=verdict,
                rule=RULES[rule], data="events.csv of the run",
            )  # fmt: skip
    return no_answer(name, claim, words, "not forecast in this run", "probability")


def _under_all(verdict: str, single: list[float]) -> str:
    """Return a verdict where the probability of each convention is on its side of one half."""
    low, high = min(single), max(single)
    unsure = (verdict == SUPPORTED and low <= 0.5) or (verdict == CONTRADICTED and high >= 0.5)
    return OPEN if unsure else verdict


def _of_sign(positive: float, sign: str) -> tuple[float, float]:
    """Return the probability of a sign, given that of above zero, and its Monte-Carlo error."""
    p = positive if sign == "up" else 1.0 - positive
    return p, float(np.sqrt(p * (1.0 - p) / LEAST_ESS))


def domain_ahead(name: str, claim: Claim, run: Run) -> Row:
    """Judge who is ahead in a domain, by convention of the level."""
    leader, domain = claim["leader"], claim["domain"]
    words = f"P({countries.name_of(leader)} ahead in {domain}) at the origin, by convention of the "
    words += "level"
    pair, folder = run.of(claim)
    rows = [r for r in shipped.rows(folder / "levels_domains.csv") if r["domain"] == domain]
    if leader not in pair or not rows:
        return no_answer(name, claim, words, "not forecast in this run", "conventions")
    of = {
        r["alternative"]: (
            float(r["probability"]) if leader == pair[1] else 1.0 - float(r["probability"]),
            float(r["mc_error"] or 0.0), r["headline"] in ("1", "True"),
        )
        for r in rows if r["probability"]
    }  # fmt: skip
    headline = [(p, e) for p, e, first in of.values() if first]
    if not headline:
        return no_answer(name, claim, words, "not forecast in this run", "conventions")
    p, error = headline[0]
    single = [probability for probability, _, first in of.values() if not first]
    low, high = min(single), max(single)
    return row_of(
        name, claim, quantity=words, value=p, error=error,
        figure=f"{p:.3f} ± {error:.3f}; {low:.2f} to {high:.2f} over {len(single)} conventions",
        verdict=_under_all(by_probability(p, error), single), rule=RULES["conventions"],
        data="levels_domains.csv of the run",
    )  # fmt: skip


def effect(name: str, claim: Claim, run: Run) -> Row:
    """Judge an effect on the hazard of a downturn."""
    words = f"hazard ratio of {claim['effect']} for {claim['outcome']}, allied pairs since 1816"
    for row in shipped.rows(run.folder / "partnership_effects.csv"):
        if (row["effect"], row["outcome"]) == (claim["effect"], claim["outcome"]):
            p, error = _of_sign(float(row["p_positive"]), claim["sign"])
            middle, low, high = (float(row[k]) for k in ("median", "q05", "q95"))
            return row_of(
                name, claim, quantity=words, value=p, error=error,
                figure=f"{middle:.2f} [{low:.2f}, {high:.2f}]; P({claim['sign']}) = {p:.3f}",
                verdict=by_probability(p, error), rule=RULES["probability"],
                data="ATOP, COW, TSS, V-Dem; partnership_effects.csv of the run",
            )  # fmt: skip
    return no_answer(name, claim, words, "not fitted in this run", "probability")


def _posterior(run: Run) -> dict[str, np.ndarray]:
    """Return parameter → its draws, read without xarray; none where the run holds none by name."""
    import h5py

    path = run.folder / "posterior.nc"
    if "posterior" not in run.held and path.is_file():
        try:
            with h5py.File(path) as file:
                if "posterior/parameters" not in file:
                    return {}
                names, draws = (file[f"posterior/{k}"][()] for k in ("parameter", "parameters"))
        except (OSError, KeyError):
            raise InputError(fault("cannot be read: half-written?", file=path)) from None
        flat = draws.reshape(-1, len(names)).T.astype(float)
        run.held["posterior"] = {
            name.decode() if isinstance(name, bytes) else str(name): values
            for name, values in zip(names, flat, strict=True)
        }
    return run.held.get("posterior", {})


def parameter(name: str, claim: Claim, run: Run) -> Row:
    """Judge the sign of a parameter, or which of two is larger."""
    than = claim.get("than")
    words = f"posterior of {claim['parameter']}" + (f" above {than}" if than else " above zero")
    draws = _posterior(run)
    if not draws:
        return no_answer(name, claim, words, "the run holds no posterior of it", "probability")
    for key in ("parameter", "than"):
        if key in claim and claim[key] not in draws:
            rule = among(list(draws), "parameter")(claim[key])
            raise InputError(fault(rule, column=f"claim.{name}.{key}", value=claim[key]))
    gap = draws[claim["parameter"]] - (draws[than] if than else 0.0)
    p, error = _of_sign(float((gap > 0).mean()), claim.get("sign", "up"))
    low, middle, high = np.quantile(gap, [0.05, 0.5, 0.95])
    return row_of(
        name, claim, quantity=words, value=p, error=error,
        figure=f"{middle:+.2f} [{low:+.2f}, {high:+.2f}]; P = {p:.3f}",
        verdict=by_probability(p, error), rule=RULES["probability"],
        data="posterior of the run",
    )  # fmt: skip


def cross_validation(name: str, claim: Claim, run: Run) -> Row:
    """Judge which of two hazards foretells decades left out."""
    words = f"log score out of sample, {claim['better']} less {claim['than']}, decades left out"
    for row in shipped.rows(shipped.CROSS_VALIDATION):
        if (row["better"], row["than"]) == (claim["better"], claim["than"]):
            gap = float(row["difference"])
            ends = [float(row[f"{b}_{q}"]) for b in ("treaties", "decades") for q in ("q05", "q95")]
            low, high = min(ends[0], ends[2]), max(ends[1], ends[3])
            verdict = SUPPORTED if low > 0 else CONTRADICTED if high < 0 else OPEN
            return row_of(
                name, claim, quantity=words, value=gap, verdict=verdict, rule=RULES["score"],
                figure=f"{gap:+.1f} [{low:+.1f}, {high:+.1f}]",
                data="ATOP, COW, TSS, V-Dem; 'crossover sensitivity partnership'",
                vintage=row["made"],
            )  # fmt: skip
    return no_answer(name, claim, words, "not computed", "score")


def scenario(name: str, claim: Claim, run: Run) -> Row:
    """Judge what a scenario changes."""
    words = ASKED[_kind(claim)].format(claim["event"], claim["year"])
    words += f" under {claim['scenario']}, less the baseline"
    asked = {KIND: _kind(claim), "name": claim["event"], "domain": ALL_DOMAINS,
             "scenario": claim["scenario"], "year": str(claim["year"])}  # fmt: skip
    _, folder = run.of(claim)
    rows = shipped.rows(folder / "scenario_differences.csv")
    asked_hazard = asked | {KIND: QUANTITY, "name": f"hazard of {claim['event']}"}
    hazard = next((r for r in rows if all(r[k] == v for k, v in asked_hazard.items())), None)
    for row in rows:
        if all(row[key] == value for key, value in asked.items()):
            gap, error = float(row["difference"]), float(row["mc_error"])
            side = 1.0 if claim["sign"] == "up" else -1.0
            verdict, figure = by_difference(side * gap, error), f"{gap:+.3f} ± {error:.3f}"
            if hazard is not None:
                low, high = float(hazard["q05"]), float(hazard["q95"])
                figure += f"; yearly hazard {low:+.3f} to {high:+.3f}"
                way = side if verdict == SUPPORTED else -side
                if verdict != OPEN and (low if way > 0 else -high) <= 0:
                    verdict = OPEN
            return row_of(
                name, claim, quantity=words, figure=figure, value=gap,
                error=error, verdict=verdict, rule=RULES["difference"],
                data="scenario_differences.csv of the run",
            )  # fmt: skip
    return no_answer(name, claim, words, "the run holds no such scenario", "difference")


def skill(name: str, claim: Claim, run: Run) -> Row:
    """Judge which of two models forecasts better from past origins."""
    better, than = claim["better"], claim["than"]
    words = f"skill out of sample of {better} over {than}"
    models = (shipped.WITHOUT.get(than), shipped.WITHOUT.get(better))
    for row in shipped.rows(shipped.BACKTEST):
        head = (row["part"], row["target"], row["model"], row["against"])
        if head == (shipped.ABLATION, shipped.DELIVERIES, *models):
            gap, low, high = (float(row[k] or "nan") for k in ("skill", "skill_q05", "skill_q95"))
            verdict = SUPPORTED if low > 0 else CONTRADICTED if high < 0 else OPEN
            spread = f" [{low:+.3f}, {high:+.3f}]" if np.isfinite([low, high]).all() else ""
            return row_of(
                name, claim, quantity=words, value=gap, verdict=verdict, rule=RULES["skill"],
                figure=f"{gap:+.3f}{spread}; {len(row['origins'].split())} origins",
                data="SIPRI; 'crossover backtest'", vintage=row["made"],
            )  # fmt: skip
    return no_answer(name, claim, words, "no backtest compares the two", "skill")


def not_identified(name: str, claim: Claim, run: Run) -> Row:
    """Say why nothing in the model answers a claim."""
    return no_answer(name, claim, "none", f"not identified: {claim['reason']}", "none")
