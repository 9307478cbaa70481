"""From the panel to the arrays that the models condition on.

What a fit saw is kept whole in its run (`constant_data`), so that a forecast, a report or a check
needs the run folder and nothing else.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from crossover.data import names
from crossover.data.errors import InputError
from crossover.data.stocks import stock
from crossover.models import drivers, effort, order_book
from crossover.models.priors import Priors

COVARIATES = ("ideal_point", "embargo", "legacy", "ally", "distance")
EFFORTS = ("rd", "mil")
LEAST_EXPORTS = 0.5
"""TIV million a year: what SIPRI's tables print as zero may be up to this."""
FROM_YEAR = "from_year"
LONG = {names.YEAR: "year_effort"}
"""Text attribute of a panel, and of the arrays made of it: years before it are not counted, since
the priors rest on them (`forecast.carry`); in stocks of effort, and in what pairs remember, the
earlier years are still used."""
CONSTANTS = (
    "rd_depreciation", "mil_depreciation", "shock_df", "domain_weight", "chance_world_persistence",
    "shock_tail", "alike", "rd_ceiling",
)  # fmt: skip
"""Constants that the simulation needs too."""
OBSERVED = (
    "deliveries", "rd_share", "gdp_observed", "milex_observed", "population_observed",
    "ideal_point", "war",
)  # fmt: skip
"""Figures as the panel has them, which keep its words on unit and source."""


def prepare(panel: xr.Dataset, priors: Priors) -> xr.Dataset:
    """Build the labelled arrays of the joint capacity-dependence model.

    Parameters
    ----------
    panel
        As from `data.panel.assemble`.
    priors
        For the depreciation rates, and what registers list.

    Returns
    -------
    xarray.Dataset
        On the modelled window, `year` = 1992 (or the panel's attribute `from_year`) to the origin
        (last year with deliveries):
        `rd_level`, `mil_level` (country): mean log stock, centred over countries with data;
        `rd_change`, `mil_change` (country, year): deviation from it of last year's log stock;
        `deliveries` (supplier, recipient, year), `possible` (supplier, recipient); orders and the
        order book, see `models.order_book.for_futures`; `affinity_covariates`
        (covariate, supplier, recipient, year); `war` (supplier, year); `log_budget_level`
        (recipient): mean log military
        spending, constant US$ million, and `log_budget_change` (recipient, year): its deviation
        beyond what all recipients' share in that year, since the world's volume of arms trade has
        not followed the world's military spending; and the drivers'
        histories (country, year_effort).

    Raises
    ------
    InputError
        If no year of the panel holds deliveries, or there is no order book of the last one.
    """
    return with_orders(panel, priors)[0]


def with_orders(panel: xr.Dataset, priors: Priors) -> tuple[xr.Dataset, order_book.OrderData]:
    """Return the inputs, see `prepare`, and what the models of delivery learn from."""
    out = of_states(panel, priors)
    window = out[names.YEAR].values
    orders = order_book.prepare(panel, int(window[0]), int(window[-1]), priors)
    return out.merge(order_book.for_futures(orders)), orders


def of_states(panel: xr.Dataset, priors: Priors) -> xr.Dataset:
    """Return all inputs but orders; see `prepare`."""
    has_tiv = panel["tiv"].notnull().any((names.SUPPLIER, names.RECIPIENT))
    if not bool(has_tiv.any()):
        raise InputError("the panel holds no arms transfers as of that date: nothing to fit")
    origin = int(panel[names.YEAR].where(has_tiv).max())
    first = int(panel.attrs.get(FROM_YEAR, names.FIRST_YEAR))
    window = slice(max(first, names.FIRST_YEAR), origin)
    history = panel.sel({names.YEAR: slice(None, origin)})
    growth = priors.constant("stock_growth")

    path = effort.rd_path(history["rd_share"], history["rd_share_age"], priors)
    gdp = effort.fill(history["gdp"], growth)
    log_rd = effort.rd_stock(path, gdp, priors.constant("rd_depreciation"), growth)
    milex = effort.fill(history["milex"], growth)
    log_mil = np.log(stock(milex, priors.constant("mil_depreciation"), growth))

    out = xr.Dataset()
    for label, log_stock in (("rd", log_rd), ("mil", log_mil)):
        lagged = log_stock.shift({names.YEAR: 1}).sel({names.YEAR: window})
        mean = lagged.mean(names.YEAR, skipna=False)
        out[f"{label}_level"] = (mean - mean.mean()).fillna(0.0)
        out[f"{label}_change"] = (lagged - mean).fillna(0.0)
        out[f"{label}_known"] = mean.notnull()
        out.attrs[f"{label}_origin"] = float(mean.mean())
    deliveries = panel["tiv"].sel({names.YEAR: window})
    out["deliveries"] = deliveries.fillna(0.0)
    supplier, recipient = deliveries[names.SUPPLIER], deliveries[names.RECIPIENT]
    out["possible"] = (supplier != recipient) | (supplier == names.REST)
    out["log_rest_share"] = _rest_share(panel, window)
    out["affinity_covariates"], away = _affinity(panel, window, deliveries)
    out["ideal_distance_mean"], out["ideal_distance_sd"] = away.mean(), away.std()
    out["ideal_point"] = panel["ideal_point"].sel({names.YEAR: window})
    out["war"] = panel["war"].sel({names.YEAR: window}).fillna(0.0)
    budget = np.log(_budget(milex, history["milex_rest"], recipient).sel({names.YEAR: window}))
    out["log_budget_level"] = budget.mean(names.YEAR)
    change = budget - out["log_budget_level"]
    out["log_budget_change"] = change - change.mean(names.RECIPIENT)

    _add_efforts(out, history, path, priors)
    out["gdp"], out["milex"] = gdp.rename(LONG), milex.rename(LONG)
    out["log_rd_stock"], out["log_mil_stock"] = log_rd.rename(LONG), log_mil.rename(LONG)
    out.attrs |= {name: priors.constant(name) for name in CONSTANTS}
    changes = drivers.observations(out)
    for name in ("gap_mean", "people_mean"):
        out[f"driver_{name}"] = changes[name]
    out["rd_share"] = panel["rd_share"].sel({names.YEAR: window})
    out["deliveries"].attrs = panel["tiv"].attrs
    for name in set(out.data_vars) - set(OBSERVED):
        out[name].attrs = {}
    out["gdp"].attrs = {"units": panel["gdp"].attrs.get("units", "")}
    out.attrs |= {"origin": origin}
    out.attrs |= {key: value for key, value in panel.attrs.items() if isinstance(value, str)}
    return out.drop_vars(["year_to", names.DOMAIN], errors="ignore")


def _add_efforts(
    out: xr.Dataset, history: xr.Dataset, path: xr.Dataset, priors: Priors
) -> None:
    """Add what was spent on research, and figures as they were observed (country, year_effort)."""
    out["rd_share_mean"] = path["mean"].rename(LONG)
    out["rd_share_sd"] = xr.DataArray(
        np.sqrt(np.einsum("itt->it", path["covariance"].values)),
        dims=(names.COUNTRY, "year_effort"),
    )
    for name in ("rd_share", "gdp", "milex", "population"):
        out[f"{name}_observed"] = history[name].rename(LONG)
    if FROM_YEAR in history.attrs:
        out.attrs[FROM_YEAR] = history.attrs[FROM_YEAR]
    out["rd_share_step"] = path["step"]
    out["population"] = effort.fill(history["population"], 0.01).rename(LONG)


def _budget(milex: xr.DataArray, rest: xr.DataArray, recipient: xr.DataArray) -> xr.DataArray:
    known = milex.sel({names.COUNTRY: [r for r in recipient.values if r != names.REST]})
    known = known.rename({names.COUNTRY: names.RECIPIENT})
    known = known.fillna(known.median(names.RECIPIENT))
    filled = rest.where(rest > 0).interpolate_na(names.YEAR).bfill(names.YEAR).ffill(names.YEAR)
    outside = filled.expand_dims({names.RECIPIENT: [names.REST]})
    return xr.concat([known, outside], names.RECIPIENT).sel({names.RECIPIENT: recipient.values})


def _rest_share(panel: xr.Dataset, window: slice) -> xr.DataArray:
    """Log share of each country in the exports of the rest of the world (country), at most 0.

    Over the years that the provider's totals cover, in which a country without a figure exported
    nothing; 0 where no totals are known.
    """
    totals = panel["exports_total"].sel({names.YEAR: window})
    covered = totals.notnull().any(names.COUNTRY)
    own = totals.fillna(0.0).where(covered)
    rest = panel["tiv"].sel({names.SUPPLIER: names.REST, names.YEAR: window}, drop=True)
    rest = rest.sum(names.RECIPIENT).where(covered)
    share = np.maximum(own.mean(names.YEAR), LEAST_EXPORTS) / rest.mean(names.YEAR)
    return np.log(share.fillna(1.0).clip(max=1.0))


def _affinity(
    panel: xr.Dataset, window: slice, like: xr.DataArray
) -> tuple[xr.DataArray, xr.DataArray]:
    """Return the covariates of affinity, and the ideal-point distance as it was before scaling."""
    points = panel["ideal_point"].ffill(names.YEAR).bfill(names.YEAR)
    codes = {names.SUPPLIER: like[names.SUPPLIER], names.RECIPIENT: like[names.RECIPIENT]}
    by_supplier, by_recipient = (
        points.reindex({names.COUNTRY: values.values}).rename({names.COUNTRY: dim})
        for dim, values in codes.items()
    )
    distance = np.abs(by_supplier - by_recipient).sel({names.YEAR: window})
    log_km = np.log(panel["distance_km"].where(panel["distance_km"] > 0))
    parts = {
        "ideal_point": _standardise(distance),
        "embargo": panel["embargo"].sel({names.YEAR: window}),
        "legacy": panel["soviet_legacy"],
        "ally": panel["ally"].sel({names.YEAR: window}),
        "distance": _standardise(log_km),
    }
    table = xr.concat(
        [part.broadcast_like(like) for part in parts.values()], dim="covariate", coords="minimal"
    ).assign_coords(covariate=list(COVARIATES))
    return table.fillna(0.0).transpose("covariate", *like.dims), distance


def _standardise(values: xr.DataArray) -> xr.DataArray:
    return (values - values.mean()) / values.std()


def country_index(inputs: xr.Dataset, dim: str) -> tuple[np.ndarray, np.ndarray]:
    """Positions on `country` of the entries of `dim`, and 1.0 where they are there, else 0.0."""
    countries = list(inputs[names.COUNTRY].values)
    found = [countries.index(c) if c in countries else -1 for c in inputs[dim].values]
    known = np.array([float(position >= 0) for position in found])
    return np.maximum(found, 0), known


def exporters(inputs: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Which recipients are suppliers of the sample too (1.0, else 0.0), and where on `supplier`."""
    suppliers = list(inputs[names.SUPPLIER].values)
    found = [
        suppliers.index(r) if r in suppliers and r != names.REST else -1
        for r in inputs[names.RECIPIENT].values
    ]
    return np.array([float(f >= 0) for f in found]), np.maximum(found, 0)
