"""One record a row of a table of the panel, with its columns and their kinds."""

from typing import NamedTuple


class CountryYear(NamedTuple):
    """A figure of one country and year, in the vintage that published it."""

    country: str
    year: int
    indicator: str
    value: float
    unit: str
    source: str
    vintage: str
    assumed: int


class Transfer(NamedTuple):
    """Deliveries of one dyad, year and domain, summed over SIPRI's lines."""

    supplier: str
    recipient: str
    year: int
    domain: str
    tiv: float
    n_lines: int
    vintage: str
    assumed: int


class UnitValue(NamedTuple):
    """New systems of one class that a supplier delivered in a year: the dearest, and how many."""

    supplier: str
    weapon_class: str
    domain: str
    year: int
    tiv_unit: float
    n_units: int | None
    vintage: str
    assumed: int


class Description(NamedTuple):
    """The world's deliveries of a year by SIPRI's category and description of the weapon."""

    year: int
    category: str
    description: str
    tiv: float
    n_lines: int
    vintage: str


class Order(NamedTuple):
    """Orders of one dyad, domain and order year, and how much of them was delivered."""

    supplier: str
    recipient: str
    domain: str
    order_year: int
    ordered_tiv: float
    delivered_tiv: float
    n_deals: int
    vintage: str


class Deal(NamedTuple):
    """An order in the form in which registers had it from one date until another."""

    deal: int
    valid_from: str
    valid_to: str
    supplier: str
    recipient: str
    domain: str
    order_year: int
    order_year_uncertain: int
    n_ordered: int | None
    tiv_ordered: float | None
    n_delivered: int
    tiv_delivered: float
    delivery_years: str
    status: str
    local_production: int | None
    units_borrowed: int


class DealDelivery(NamedTuple):
    """What came of a deal in a year."""

    deal: int
    year: int
    n_delivered: int
    tiv: float
    vintage: str


class DealMark(NamedTuple):
    """What a deal's row in the newest register that had it is found again by, but for its form."""

    deal: int
    line: int
    seller: str
    buyer: str
    class_mark: str
    system_mark: str
    word_mark: str
    family_mark: str


class Register(NamedTuple):
    """A trade register as it was published: when it was public, and which deals it would list."""

    vintage: str
    released: str
    assumed: int
    last_year: int
    suppliers: str
    first_order_year: int | None
    units_borrowed: int
    rows: int
    undelivered_tiv: float
    file: str
    note: str


class RegisterCoverage(NamedTuple):
    """What is known of a register beside its rows; no suppliers where it has them all."""

    vintage: str
    released: str
    assumed: int
    suppliers: str
    first_order_year: int | None
    note: str


class Vote(NamedTuple):
    """A country's ideal point in the UN General Assembly."""

    country: str
    year: int
    ideal_point: float
    vintage: str
    assumed: int


class Total(NamedTuple):
    """A country's total arms imports or exports as a provider published it."""

    country: str
    year: int
    flow: str
    tiv: float
    source: str
    vintage: str


class Vintage(NamedTuple):
    """A release: which table it feeds, the years it covers, the file it came in."""

    table: str
    series: str
    vintage: str
    first_year: int
    last_year: int
    assumed: int
    rows: int
    file: str
    note: str


class Country(NamedTuple):
    """A country of the sample."""

    iso3: str
    name: str
    supplier: int
    recipient: int
    capital_lat: float
    capital_lon: float
    soviet_legacy: int


class War(NamedTuple):
    """A war that draws on a supplier's own stocks; no last year while it goes on."""

    supplier: str
    first_year: int
    last_year: int | None
    war: str
    source: str


class Embargo(NamedTuple):
    """Years in which a supplier was bound not to deliver to a recipient."""

    supplier: str
    recipient: str
    first_year: int
    last_year: int | None
    source: str


class Alliance(NamedTuple):
    """Membership of a defence pact; two members in the same year are allies."""

    alliance: str
    country: str
    first_year: int
    last_year: int | None
    source: str


class AlliedPair(NamedTuple):
    """An allied pair in a year: covariates of the year before or earlier, and what came."""

    state1: str
    state2: str
    year: int
    treaty: int
    n_treaties: int
    bilateral: int
    defence: int
    allied_since: int
    log_ratio: float | None
    change5: float | None
    reversed: int | None
    major1: int
    major2: int
    was_major1: int
    was_major2: int
    autocracy1: int | None
    autocracy2: int | None
    common_rivals: int
    rivals: int
    recent: int
    hostility: int | None
    fatality: int | None
    embargo: int
    rivalry_onset: int
    state_death: int
    ended: int
    adverse_end: int
    grade: int | None


class Capability(NamedTuple):
    """Material capability, regime and rank of a country of the sample in a year."""

    country: str
    state: str
    year: int
    cinc: float | None
    autocracy: int | None
    major: int
    was_major: int


class RivalPair(NamedTuple):
    """A strategic rivalry between two states; its last year is 2020 while it lasts."""

    state1: str
    state2: str
    first_year: int
    last_year: int


class Indicator(NamedTuple):
    """A country-year series: where it comes from, its unit, its bounds and its usual delay."""

    indicator: str
    provider: str
    code: str
    unit: str
    label: str
    low: float | None
    high: float | None
    lag_years: int
    lag_day: str


class Column(NamedTuple):
    """A column of a panel's tables: what it holds, and the rule for its values (`data.rules`).

    Of one table, or where `table` is empty of every other that has a column of the name; without a
    name the row is of the table itself.
    """

    table: str
    column: str
    description: str
    unit: str
    rule: str
