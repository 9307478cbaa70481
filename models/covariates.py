"""Names of what the hazard of a downturn rests on, and of what it is a hazard of.

Apart from the model itself, so that whoever only needs a name imports nothing else.
"""

DOWNTURN, RUPTURE = "downturn", "rupture"
OUTCOMES = (DOWNTURN, RUPTURE)
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
CONTROLS = ("senior_major", "common_rival", "rivals", "recent", "duration")
COVARIATES = (*THESIS, *CONTROLS)
