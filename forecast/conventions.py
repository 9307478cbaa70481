"""The conventions under which levels of capacity are compared, and how much each counts.

Declared here, before any figure is known, so that nobody chooses among answers. Their average is
the headline: no datum prefers one of them, so all count the same.
"""

CHOSEN = "chosen"
DESCRIPTIONS = {
    CHOSEN: "Politics and geography explained away first; a supplier's unexplained ties average "
    "to zero over all its customers, each counting the same",
    "market_weighted": "The same, customers counting by what they order from anyone",
    "common_customers": "The same, over customers only that bought from both in the window",
    "free_ties": "The mean of a supplier's unexplained ties is left free, with the prior of a pair",
    "politics_counted": "Nothing explained away: sales owed to alliances, old fleets and votes "
    "count as capacity",
    "war_counted": "A supplier's wartime shortfall of orders counts as lost capacity",
    "effort_only": "What R&D and military spending explain, and nothing else",
}
"""Each convention in words; those that need the exports of both are left out where one has none."""
AVERAGE = "average"
WEIGHTS = dict.fromkeys(DESCRIPTIONS, 1.0)
"""Weight of each convention in the average; of those that a pair has they are made to add up to
one."""

DOMAIN_DESCRIPTIONS = {
    "equal_domains": "As chosen, but a country's capacities by domain average to its "
    "capacity in all with every domain counting the same, not by what the world buys",
    "by_number": "As chosen, but by the number of orders, whatever their size",
    "unit_values": "Read off what a unit of the same class of new weapons is worth in exports, "
    "and nothing else: no market share, no convention",
}
"""Conventions that differ by domain alone; those of the level in all apply to every domain too."""
