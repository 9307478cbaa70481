"""What the guide's blocks call effects, targets, parts and groups."""

from __future__ import annotations

from crossover.data.names import (
    CAPACITY_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED,
    CONTESTED_ORDERS,
    EXPORT_CROSSOVER,
    EXPORT_CROSSOVER_SINGLE,
    INDEPENDENCE,
)

EFFECTS = {
    "rd_within": "effect of R&D stock within countries, log-odds per log unit",
    "rd_between": "effect of R&D stock between countries",
    "mil_within": "effect of military-spending stock within countries",
    "mil_between": "effect of military-spending stock between countries",
}

TITLES = {
    CAPACITY_CROSSOVER: "China ahead in capacity",
    CAPACITY_CROSSOVER_SUSTAINED: "China ahead in capacity three years running",
    EXPORT_CROSSOVER: "three-year mean of China's exports above Russia's",
    EXPORT_CROSSOVER_SINGLE: "China's exports of the year above Russia's",
    CONTESTED_ORDERS: "China wins more contested orders over three years",
    INDEPENDENCE: "deliveries below 5 % of their 2000–2009 mean",
    "downturn": "downturn: adverse end of the treaty, rivalry or war",
    "incident": "incident short of it",
    "cooling": "cooling of votes (not calibrated)",
}

TARGETS = {
    "imports": "imports of all recipients",
    "exports": "exports of all suppliers",
    "dyads": "deliveries of active pairs",
    "deliveries": "deliveries of all kinds",
    "orders": "number of orders that suppliers win",
    "rd_share": "R&D share of GDP",
    "ideal_distance": "distance in UN votes",
    "gdp": "GDP",
    "military": "military spending",
}

VARIANTS = {
    "full": "the model",
    "no_rd": "the model without R&D",
    "no_military": "the model without military spending",
    "no_memory": "the model without memory of the pair",
    "no_pooling": "the model without pooling",
    "gdp": "the model with GDP in place of R&D",
}

SKILL_PARTS = ("target", "focal", "event")

GROUPS = ("1-3", "4-6")
"""Years ahead, as the summary of a backtest groups them."""

ON_RECORD = (2005, 2018)
"""Years of deliveries shown beside the origin."""
