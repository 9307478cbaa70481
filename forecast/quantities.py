"""The published quantities: what each is called, its unit, and where its draws stand.

One list, which `crossover.open(...).paths`, `crossover export` and `crossover ask` all read, so
that a name means the same in each. A figure is one array of draws over all years: what is on record
up to the last data year, or what the fit says of it, and the futures after it.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    BASELINE,
    CAPACITY_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED,
    COUNTRY,
    DOMAIN,
    DOMAIN_CROSSOVER,
    DOMAIN_CROSSOVER_SUSTAINED,
    DRAW,
    MEAN_YEARS,
    RECIPIENT,
    REST,
    SCENARIO,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import verify

if TYPE_CHECKING:
    import xarray as xr

FORECAST, BY_DOMAIN = "forecast.nc", "domains.nc"
ALL_PAIRS = "all_pairs.nc"
PAIR = "pair"
OBSERVED, ESTIMATE, FUTURE = "observed", "estimate", "forecast"
"""What a figure of a year is: on record, drawn by the fit, or drawn after the last data year."""
SHARE, LOG_ODDS, TIV = "1", "log-odds", "TIV million"
VOLUMES = ("deliveries", "imports", "exports")
"""Quantities that are sums of deliveries."""
LISTED = 12
"""How many countries or pairs are listed in a message; the rest is counted."""


@dataclass(frozen=True)
class Quantity:
    """A published quantity.

    `of`: whose it is (`pair`, `country`, `supplier` or `recipient`). `future` and `past`: variables
    of a stored forecast; no `past` where nothing is said of earlier years. `mean`: years of the
    trailing mean. `by_domain`: of one technology domain.
    """

    name: str
    of: str
    unit: str
    title: str
    future: str
    past: str = ""
    mean: int = 1
    by_domain: bool = False


QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        one.name: one
        for one in (
            Quantity("deliveries", PAIR, TIV, "Deliveries from supplier to recipient",
                     "deliveries", "deliveries_observed"),
            Quantity("ordered", PAIR, TIV, "Orders of the recipient from the supplier", "ordered"),
            Quantity("import_share", PAIR, SHARE,
                     "Supplier's expected share of the recipient's orders",
                     "import_share", "import_share_past"),
            Quantity("imports", RECIPIENT, TIV, "Arms imports", "imports", "imports_observed"),
            Quantity("exports", SUPPLIER, TIV, "Arms exports", "exports", "exports_observed"),
            Quantity("exports_mean", SUPPLIER, TIV,
                     f"Arms exports, mean of {MEAN_YEARS} years up to that one",
                     "exports", "exports_observed", MEAN_YEARS),
            Quantity("contested", SUPPLIER, TIV,
                     "Orders won in markets that either country could win", "contested"),
            Quantity("rd_share", COUNTRY, "% of GDP", "R&D expenditure", "rd_share"),
            Quantity("rd_stock", COUNTRY, "constant international $", "R&D stock",
                     "rd_stock", "rd_stock_past"),
            Quantity("gdp", COUNTRY, "constant international $",
                     "GDP at purchasing-power parities", "gdp", "gdp_past"),
            Quantity("milex", COUNTRY, "constant US$ million", "Military expenditure",
                     "milex", "milex_past"),
            Quantity("capacity", COUNTRY, LOG_ODDS, "Latent capacity", "theta", "theta_past"),
            Quantity("gap", PAIR, LOG_ODDS,
                     "Capacity of the recipient less that of the supplier, over all conventions",
                     "theta", "theta_past"),
            Quantity("domain_capacity", COUNTRY, LOG_ODDS, "Latent capacity in a domain",
                     "theta_domain", "theta_domain_past", by_domain=True),
            Quantity("domain_deliveries", PAIR, TIV,
                     "Deliveries from supplier to recipient in a domain",
                     "deliveries_domain", by_domain=True),
            Quantity("domain_share", PAIR, SHARE,
                     "Supplier's expected share of the recipient's orders in a domain",
                     "supplier_share", "supplier_share_past", by_domain=True),
        )
    }
)  # fmt: skip

IN_A_DOMAIN = {
    "capacity": "domain_capacity", "gap": "domain_capacity", "deliveries": "domain_deliveries",
    "import_share": "domain_share", CAPACITY_CROSSOVER: DOMAIN_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED: DOMAIN_CROSSOVER_SUSTAINED,
}  # fmt: skip
"""What is known by technology domain → what that is called by domain; of a gap, its two sides."""


def named(name: str) -> Quantity:
    """Return the quantity of a name; raise InputError, with the nearest known one, otherwise."""
    if name in QUANTITIES:
        return QUANTITIES[name]
    near = difflib.get_close_matches(name, QUANTITIES, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    rule = f"no such quantity; {hint}known are {', '.join(QUANTITIES)}"
    raise InputError(fault(rule, value=name))


@dataclass(frozen=True)
class Pair:
    """The stored forecast of a pair: a folder with forecast.nc, and domains.nc where it has one.

    `chains` of the fit, in whose order the draws stand.
    """

    folder: Path
    supplier: str
    recipient: str
    chains: int

    @functools.cached_property
    def futures(self) -> xr.Dataset:
        """What `forecast.simulate.futures` stored, opened and read where it is used."""
        return _opened(self.folder / FORECAST)

    @functools.cached_property
    def domains(self) -> xr.Dataset:
        """What `forecast.domains.by_domain` stored."""
        return _opened(self.folder / BY_DOMAIN)

    @property
    def origin(self) -> int:
        """Last year of data."""
        return int(self.futures.attrs["origin"])

    @property
    def horizon(self) -> int:
        """Last year of the forecast."""
        return int(self.futures[YEAR_FUTURE].values[-1])

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios, the baseline first."""
        return tuple(map(str, self.futures[SCENARIO].values))

    def held(self, quantity: Quantity) -> bool:
        """Say whether the forecast holds a quantity of anybody."""
        if not quantity.by_domain:
            return quantity.future in self.futures and bool(self.whose(quantity))
        return (self.folder / BY_DOMAIN).is_file() and quantity.future in self.domains

    def whose(self, quantity: Quantity) -> tuple[tuple[str, ...], ...]:
        """Return whose figures of a quantity there are: pairs, or single countries; ISO3 codes."""
        if quantity.of == PAIR:
            return ((self.supplier, self.recipient),)
        if quantity.of == RECIPIENT:
            return ((self.recipient,),)
        known = self.domains if quantity.by_domain else self.futures
        pair = (self.supplier, self.recipient)
        codes = set(map(str, known[quantity.of].values)) if quantity.of in known.dims else set()
        return tuple((code,) for code in pair if code in codes)


    def stored(
        self, quantity: Quantity, of: tuple[str, ...], scenario: str, domain: str
    ) -> tuple[xr.DataArray | None, xr.DataArray]:
        """Return past, None where there is none, and future of a quantity, years on dim `year`."""
        if quantity.name == "gap":
            return self._gap(scenario)
        held = self.domains if quantity.by_domain else self.futures
        chosen = {quantity.of: of[0]} if quantity.of != PAIR else {}
        if quantity.by_domain:
            known = list(map(str, held[DOMAIN].values))
            if domain not in known:
                rule = f"no such domain; known are {', '.join(known)}"
                raise InputError(fault(rule, value=domain))
            chosen[DOMAIN] = domain

        def of_it(values: xr.DataArray) -> xr.DataArray:
            own = {dim: label for dim, label in chosen.items() if dim in values.dims}
            return values.sel(own, drop=True).load()

        future = of_it(held[quantity.future].sel({SCENARIO: scenario}, drop=True))
        past = of_it(held[quantity.past]) if quantity.past in held else None
        return past, future.rename({YEAR_FUTURE: YEAR})

    def _gap(self, scenario: str) -> tuple[xr.DataArray, xr.DataArray]:
        from crossover.forecast import conventions

        conventions.check(self.futures, self.folder / FORECAST)
        future = conventions.ahead(self.futures.sel({SCENARIO: scenario})).reset_coords(drop=True)
        past = conventions.past(self.futures).reset_coords(drop=True)
        return past, future.rename({YEAR_FUTURE: YEAR})


@dataclass(frozen=True)
class AllPairs:
    """The deliveries of every pair of a run, as `forecast.every_pair.forecast_all` stored them.

    Of the baseline; imports and exports are their sums. The same draws as those of a `Pair`.
    """

    run: Path
    chains: int

    @functools.cached_property
    def futures(self) -> xr.Dataset:
        """What was stored, opened and read where it is used."""
        return _opened(self.run / ALL_PAIRS)

    @property
    def origin(self) -> int:
        """Last year of data."""
        return int(self.futures.attrs["origin"])

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The baseline alone."""
        return (BASELINE,)

    def held(self, quantity: Quantity) -> bool:
        """Say whether a quantity can be had."""
        return (self.run / ALL_PAIRS).is_file() and quantity.future in VOLUMES

    def whose(self, quantity: Quantity) -> tuple[tuple[str, ...], ...]:
        """Return whose figures there are; the rest of the world is nobody's."""
        sides = [self.futures[side].values.astype(str) for side in (SUPPLIER, RECIPIENT)]
        if quantity.of == PAIR:
            pairs = zip(*(side.tolist() for side in sides), strict=True)
            return tuple(pair for pair in pairs if REST not in pair)
        side = sides[0] if quantity.of == SUPPLIER else sides[1]
        return tuple((code,) for code in dict.fromkeys(side.tolist()) if code != REST)

    def stored(
        self, quantity: Quantity, of: tuple[str, ...], scenario: str, domain: str
    ) -> tuple[xr.DataArray, xr.DataArray]:
        """Return past and future of a quantity, years on dim `year`; see `Pair.stored`."""
        import numpy as np

        roles = (SUPPLIER, RECIPIENT) if quantity.of == PAIR else (quantity.of,)
        mine = np.logical_and.reduce(
            [self.futures[role].values == code for role, code in zip(roles, of, strict=True)]
        )
        own = self.futures.isel({PAIR: np.flatnonzero(mine)})
        own = own.drop_vars([SUPPLIER, RECIPIENT]).load()
        future = own["deliveries"].rename({YEAR_FUTURE: YEAR})
        return own["deliveries_observed"].sum(PAIR), future.sum(PAIR)


def _opened(file: Path) -> xr.Dataset:
    import xarray as xr

    if file.is_file():
        verify.stored(file)
    try:
        return xr.open_dataset(file, engine="h5netcdf")
    except (OSError, ValueError):
        rule = "no forecast that can be read: 'crossover forecast' makes it"
        raise InputError(fault(rule, file=file)) from None


def draws(
    pair: Pair | AllPairs,
    quantity: Quantity,
    of: tuple[str, ...] = (),
    *,
    scenario: str = BASELINE,
    domain: str = "",
) -> xr.DataArray:
    """Return the draws of a quantity over all years.

    Parameters
    ----------
    pair : The stored forecast.
    quantity : Of `QUANTITIES`.
    of : Whose, as from `Pair.whose`; of a single country the recipient's by default where there are
        two.
    scenario : A scenario of the forecast.
    domain : Of quantities by domain.

    Returns
    -------
    xarray.DataArray : (draw, year), and (draw, convention, year) of `gap`; unit in
        `attrs["units"]`. Up to the origin what is on record, the same in each draw, or what the fit
        drew. Coordinate `status` along the years: observed, estimate or forecast.

    Raises
    ------
    InputError : If the forecast has no such scenario, figure or domain.
    """
    if scenario not in pair.scenarios:
        rule = f"no such scenario in this forecast; it holds {', '.join(pair.scenarios)}"
        raise InputError(fault(rule, value=scenario))
    of = of or _first(pair, quantity)
    if of not in pair.whose(quantity):
        rule = f"no {quantity.name} of it in this forecast, which holds {listed([pair], quantity)}"
        raise InputError(fault(rule, value="->".join(of)))
    past, future = pair.stored(quantity, of, scenario, domain)
    whole = _trailing(_over_all_years(past, future, pair.origin), quantity.mean)
    return whole.rename(quantity.name).assign_attrs(
        units=quantity.unit, long_name=quantity.title, of="->".join(of), scenario=scenario,
        origin=pair.origin, chains=pair.chains, **({"domain": domain} if domain else {}),
    )  # fmt: skip


def _over_all_years(
    past: xr.DataArray | None, future: xr.DataArray, origin: int
) -> xr.DataArray:
    """Put past and future into one array (draw, ..., year), with the status of each year."""
    import xarray as xr

    parts, status = [future], [FUTURE] * future.sizes[YEAR]
    if past is not None:
        past = past.sel({YEAR: slice(None, origin)})
        status = [ESTIMATE if DRAW in past.dims else OBSERVED] * past.sizes[YEAR] + status
        parts.insert(0, past.broadcast_like(future.isel({YEAR: 0}, drop=True)))
    parts = [part.reset_coords(drop=True).transpose(DRAW, ..., YEAR) for part in parts]
    whole = xr.concat([part.astype(float) for part in parts], YEAR, join="override")
    return whole.assign_coords(status=(YEAR, status))


def _trailing(values: xr.DataArray, length: int) -> xr.DataArray:
    """Return means over `length` years (..., year), dated by the last; the values for one year."""
    from crossover.forecast.events import trailing_mean

    if length == 1:
        return values
    means = trailing_mean(values.values, length)
    return values.isel({YEAR: slice(length - 1, None)}).copy(data=means)


def listed(held: Sequence[Pair | AllPairs], quantity: Quantity) -> str:
    """Return whose figures of a quantity some forecasts hold, in words; many are counted."""
    known = sorted({"->".join(of) for one in held for of in one.whose(quantity)})
    if len(known) > LISTED:
        return f"{', '.join(known[:LISTED])} and {len(known) - LISTED} more"
    return ", ".join(known) or "nobody's"


def _first(pair: Pair | AllPairs, quantity: Quantity) -> tuple[str, ...]:
    """Return whose figures are meant where nobody is named."""
    known = pair.whose(quantity)
    if not known:
        raise InputError(fault("this forecast holds no such figures", value=quantity.name))
    return known[-1]


def every(pair: Pair) -> Iterator[tuple[Quantity, tuple[str, ...], str]]:
    """Yield each quantity of a forecast, whose it is, and the domain, empty for all together."""
    for quantity in QUANTITIES.values():
        if not pair.held(quantity):
            continue
        within = map(str, pair.domains[DOMAIN].values) if quantity.by_domain else ("",)
        for domain in within:
            for of in pair.whose(quantity):
                yield quantity, of, domain
