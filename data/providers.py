"""Whose figures the panel holds, how each provider wants to be cited, and on what terms.

The citations travel with the figures: into datapackage.json, into the assembled panel's
attributes and from there into every run and report.
"""

from typing import NamedTuple


class Provider(NamedTuple):
    """A provider of figures: what it is called, how it is cited, its terms and its address."""

    title: str
    citation: str
    terms: str
    path: str


TRANSFERS = Provider(
    "SIPRI Arms Transfers Database",
    "Stockholm International Peace Research Institute (SIPRI), Arms Transfers Database",
    "Non-commercial use with attribution; no wholesale republication. Summed here by supplier, "
    "recipient, year and domain.",
    "https://www.sipri.org/databases/armstransfers",
)
MILITARY = Provider(
    "SIPRI Military Expenditure Database",
    "Stockholm International Peace Research Institute (SIPRI), Military Expenditure Database",
    "Non-commercial use with attribution; no wholesale republication.",
    "https://www.sipri.org/databases/milex",
)
WORLD_BANK = Provider(
    "World Bank, World Development Indicators",
    "World Bank, World Development Indicators",
    "Creative Commons Attribution 4.0 (CC BY 4.0)",
    "https://datatopics.worldbank.org/world-development-indicators/",
)
OECD = Provider(
    "OECD, Main Science and Technology Indicators",
    "OECD, Main Science and Technology Indicators: gross domestic expenditure on R&D",
    "Use with citation of the OECD as the source.",
    "https://www.oecd.org/en/data/datasets/main-science-and-technology-indicators.html",
)
VOTES = Provider(
    "United Nations General Assembly ideal points",
    "Bailey, M. A., Strezhnev, A. and Voeten, E. (2017), Estimating Dynamic State Preferences "
    "from United Nations Voting Data, Journal of Conflict Resolution 61(2); data updated yearly",
    "Use with citation of the authors.",
    "https://doi.org/10.1177/0022002715595700",
)
PROVIDERS = (TRANSFERS, MILITARY, WORLD_BANK, OECD, VOTES)
"""All providers, in the order in which they are listed."""
