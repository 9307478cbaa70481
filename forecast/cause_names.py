"""Names of what moves orders, for the split into causes and for what shows it."""

ORDERED, WON = "ordered", "won"
BUDGET, OWN_RD, OWN_CAPACITY, PROPENSITY = (
    "military spending", "own R&D", "own capacity", "propensity, unexplained",
)  # fmt: skip
R_AND_D, MILITARY, WALK, WAR, RIVALS, POLITICS, MEMORY, DEMAND = (
    "own R&D", "own military spending", "own capacity, unexplained", "own war",
    "rivals", "politics", "orders before", "demand of customers",
)  # fmt: skip
ALL = "all together"
LISTED = "orders listed"
COLUMNS = (
    "side", "country", "cause", "from_first", "from_last", "to_first", "to_last", "median", "q05",
    "q95",
)  # fmt: skip
