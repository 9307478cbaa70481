"""Names of what the hazard of a downturn rests on, and of what it is a hazard of.

Apart from the model itself, so that whoever only needs a name imports nothing else.
"""

from crossover.data.names import DOWNTURN, INCIDENT

GRADES = {DOWNTURN: (3,), INCIDENT: (1, 2)}
"""Outcome → grades of a pair-year, as in the table `alliance_dyads`, that count as one."""
OUTCOMES = tuple(GRADES)
CONTROLS = ("senior_major", "defence", "common_rival", "rivals", "recent", "duration")
THESIS = (
    "speed",
    "junior_gain",
    "asymmetry",
    "reversed",
    "prestige",
    "prestige_speed",
    "prestige_gain",
    "prestige_asymmetry",
    "autocracies",
    "autocracies_prestige",
)
COVARIATES = (*THESIS, *CONTROLS)
