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
ALLIANCES = Provider(
    "Alliance Treaty Obligations and Provisions (ATOP) 5.1",
    "Leeds, B. A., Ritter, J. M., Mitchell, S. McL. and Long, A. G. (2002), Alliance Treaty "
    "Obligations and Provisions, 1815-1944, International Interactions 28(3); version 5.1",
    "Use with citation of the authors. Compiled here to pairs and years.",
    "http://www.atopdata.org/",
)
CORRELATES = Provider(
    "Correlates of War: capabilities (NMC 7), states, major powers, disputes (MID 4, GML)",
    "Singer, J. D., Bremer, S. and Stuckey, J. (1972), Capability Distribution, Uncertainty, and "
    "Major Power War; Palmer, G. et al. (2020), The MID5 Dataset and before it MID 4; Gibler, "
    "D. M., Miller, S. V. and Little, E. K. (2016), An Analysis of the Militarized Interstate "
    "Dispute (MID) Dataset, International Studies Quarterly 60(4)",
    "Use with citation of the authors. Compiled here to pairs and years.",
    "https://correlatesofwar.org/",
)
RIVALRIES = Provider(
    "Strategic rivalries 1494-2020",
    "Thompson, W. R., Sakuwa, K. and Suhas, P. H. (2022), Analyzing Strategic Rivalries in World "
    "Politics, Springer",
    "Use with citation of the authors.",
    "https://doi.org/10.1007/978-981-16-6671-1",
)
REGIMES = Provider(
    "Regimes: V-Dem polyarchy and Polity",
    "Coppedge, M. et al., V-Dem Dataset; Marshall, M. G. and Gurr, T. R., Polity 5; as gathered "
    "by Miller, S. V. (2022), peacesciencer, Conflict Management and Peace Science 39(6)",
    "V-Dem: Creative Commons Attribution-ShareAlike 4.0; Polity: use with citation. Only whether "
    "a regime is an autocracy is kept here.",
    "https://www.v-dem.net/",
)
PROVIDERS = (
    TRANSFERS, MILITARY, WORLD_BANK, OECD, VOTES, ALLIANCES, CORRELATES, RIVALRIES, REGIMES,
)  # fmt: skip
"""All providers, in the order in which they are listed."""
