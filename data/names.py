"""The one place where dimensions, domains and published events get their names.

Every room of the house refers to these constants, so that a labelled array made in one room
can be used in any other without translation.
"""

COUNTRY = "country"
SUPPLIER = "supplier"
RECIPIENT = "recipient"
DOMAIN = "domain"
WEAPON_CLASS = "weapon_class"
CLASS_DOMAIN = "class_domain"
"""Coordinate along `weapon_class`: the domain of each class."""
YEAR = "year"
YEAR_FUTURE = "year_future"
CHAIN = "chain"
DRAW = "draw"
SCENARIO = "scenario"
CONVENTION = "convention"
"""By which levels of capacity are compared: see `forecast.conventions`."""
ORDER_PERIOD = "order_period"
"""Three years in which orders are counted together, by the last of them."""
SELLER = "seller"
"""Every supplier of the sample and the rest, as sources of one recipient's imports."""

DOMAIN_LAYER = "domains"
"""Group of a fit's tree that holds the domain layer, itself with posterior and so on."""

REST = "ROW"
"""Every country outside the sample, taken together."""

FIRST_YEAR = 1992
"""First year of the modelled window: Russia's first as a supplier of its own."""

PANEL_START = 1985
"""First year of the assembled panel: stocks of effort need a run-up before the window."""

DOMAINS = (
    "aircraft",
    "uncrewed",
    "air_defence",
    "engines",
    "missiles",
    "naval",
    "submarines",
    "sensors",
    "land",
    "other",
)
ALL_DOMAINS = "all"

ALL_SUPPLIERS = "all"
"""What a register says whose suppliers are everybody."""

STATUSES = ("new", "second_hand", "modernized")
"""States of arms that are ordered; modernized ones are second-hand."""

CAPACITY_CROSSOVER = "capacity_crossover"
CAPACITY_CROSSOVER_SUSTAINED = "capacity_crossover_sustained"
EXPORT_CROSSOVER = "export_crossover"
EXPORT_CROSSOVER_SINGLE = "export_crossover_single_year"
CONTESTED_ORDERS = "contested_orders"
INDEPENDENCE = "independence"
RESOLVED = (EXPORT_CROSSOVER, EXPORT_CROSSOVER_SINGLE, INDEPENDENCE, CONTESTED_ORDERS)
"""Events that figures of a release resolve; the others are never scored."""

DOMAIN_CROSSOVER = "domain_crossover"
DOMAIN_CROSSOVER_SUSTAINED = "domain_crossover_sustained"
JUNIOR_EVERYWHERE = "junior_everywhere"
JUNIOR_IN_NAMED_DOMAINS = "junior_in_named_domains"
DOMAIN_EVENTS = (
    DOMAIN_CROSSOVER,
    DOMAIN_CROSSOVER_SUSTAINED,
    JUNIOR_EVERYWHERE,
    JUNIOR_IN_NAMED_DOMAINS,
)
"""Events that rest on domains: the first two by domain; the last leaves `other` out."""

DOWNTURN, INCIDENT, COOLING = "downturn", "incident", "cooling"
PARTNERSHIP_EVENTS = (DOWNTURN, INCIDENT, COOLING)
"""Events of a partnership: the first two of pairs with a treaty, the last of pairs that vote."""

KIND = "kind"
STATE, FIRST_PASSAGE, LASTING = "state", "first_passage", "lasting"
KINDS = (STATE, FIRST_PASSAGE, LASTING)
"""What is answered of a question: it holds in a year, it has happened by the year, it holds from
the year to the horizon without a break."""
QUANTITY = "quantity"
"""The kind of what is no question but a figure."""
ONCE = (DOWNTURN, INCIDENT)
"""Questions that are an event and no state: they happen once, so only first passage is answered."""

MEAN_YEARS = 3
"""Years of the trailing means on which exports and independence resolve, of `sustained`, and of the
sums of orders that are compared."""
MARKET = "market"
"""A recipient that either country of a pair could win: see `CONTESTED_YEARS`."""
CONTESTED_YEARS = 15
"""A market is contested if its buyer ordered from both countries in so many years up to the
origin, as the register lists orders."""
BASE_YEARS = (2000, 2009)
"""Years of whose mean deliveries `independence` is a share."""
INDEPENDENCE_SHARE = 0.05
BANDS = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
"""Columns of quantiles, as a fan shows them, and their levels."""

BASELINE = "baseline"
DEFAULT_SUPPLIER = "RUS"
DEFAULT_RECIPIENT = "CHN"
SOON, HEADLINE_YEAR = 2030, 2035
"""The years that are led with; what comes after, to the horizon, is an extrapolation."""
HORIZON = 2050
