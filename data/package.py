"""Describe a panel for others: a Frictionless data package with fields, units, sources, vintages.

The description is a function of the tables alone, so that a panel built twice has the same bytes.
"""

import hashlib
import json
from pathlib import Path

from crossover.data.names import DOMAINS, STATUSES
from crossover.data.providers import PROVIDERS
from crossover.data.tables import KEYS, TABLES, indicators

NAME = "datapackage.json"
PANEL_NAME = "crossover-panel"
TITLES = {
    "country_years": "Figures of a country and year, in every vintage that was kept",
    "transfers": "Deliveries of major arms by supplier, recipient, year and domain",
    "unit_values": (
        "Unit-value frontier: the highest trend-indicator value per unit among the new systems of "
        "a class that a supplier delivered in a year, to anyone. Source: SIPRI Arms Transfers "
        "Database. Licensed production counts as SIPRI counts it; second-hand systems do not"
    ),
    "descriptions": (
        "The world's deliveries of major arms from 1992 by SIPRI's category and description: what "
        "the mapping to domains moves. Source: SIPRI Arms Transfers Database"
    ),
    "orders": "Orders of major arms by order year, and how much of them was delivered",
    "deals": (
        "Deals: each order of major arms as trade registers had it, one row for each form in which "
        "it stood from one register (valid_from) until another changed or dropped it (valid_to). "
        "Source: SIPRI Arms Transfers Database, trade registers published 2017 to 2026. Deals "
        "ordered from 1980, delivered from 1992 or undelivered, from then on; weapons by domain "
        "only. Deals are the same by SIPRI's number where delivery lines give it, else by "
        "partners, weapon, year and number"
    ),
    "deal_deliveries": (
        "What came of each deal in each year, of the newest release that has the year by deal. "
        "Source: SIPRI Arms Transfers Database"
    ),
    "deal_marks": (
        "By what a later register finds a deal again: its place in the newest register that had "
        "it, its partners also outside the sample, and digests of the weapon, too short for a name "
        "to be read from. Source: SIPRI Arms Transfers Database"
    ),
    "registers": (
        "Trade registers that the table of deals is made of: when each was public, and of which "
        "deals its silence says that they are gone"
    ),
    "votes": "Ideal points in the UN General Assembly",
    "totals": "Total arms imports and exports as the providers published them",
    "vintages": "Releases: what each covers and the file it came in",
    "countries": "Countries of the sample",
    "supplier_wars": "Wars that draw on a supplier's own stocks",
    "embargoes": "Years in which a supplier was bound not to deliver to a recipient",
    "alliances": "Members of defence pacts; two members in one year are allies",
    "alliance_dyads": (
        "Allied pairs by year, 1816-2018: what was known the year before, and what came. Allied: a "
        "treaty of defence, offence, neutrality or consultation in force (ATOP 5.1). Ends are on "
        "record to 2017, disputes to 2014 (GML to 2010, then COW), so the grade is empty after "
        "2014"
    ),
    "capabilities": (
        "Material capability (COW NMC 7), regime (V-Dem, Polity) and rank of the sample's "
        "countries since 1946: the covariates of today's pairs"
    ),
    "rivalries": "Strategic rivalries (Thompson, Sakuwa and Suhas), 1816-2020",
}
ISO3 = "ISO 3166-1 alpha-3 code; WLD the world, SUN the Soviet Union, ROW all outside the sample"
DELIVERY = "volume of deliveries by SIPRI's trend indicator"
FIELDS: dict[str, tuple[str, str | None]] = {
    "country": (ISO3, None),
    "supplier": (ISO3, None),
    "recipient": (ISO3, None),
    "iso3": (ISO3, None),
    "year": ("calendar year of the figure", "year"),
    "order_year": ("year in which the arms were ordered", "year"),
    "first_year": ("first year covered or in force", "year"),
    "last_year": ("last year covered or in force; empty while it lasts", "year"),
    "indicator": ("name of the series, see `series` of this package", None),
    "value": ("the figure, in the unit of its row", "see column unit"),
    "unit": ("unit of the value, with the base year of constant prices", None),
    "source": ("where the figure or the fact is from", None),
    "vintage": ("day on which the figure was released, or presumably known", "date"),
    "assumed": ("1 where the date is the provider's usual delay, not a release kept", "0 or 1"),
    "domain": ("technology domain of the arms", None),
    "tiv": (DELIVERY, "TIV million"),
    "n_lines": ("delivery lines summed: one a deal and year", "lines"),
    "weapon_class": ("SIPRI's description of the weapon, in its newest wording", None),
    "tiv_unit": ("highest trend-indicator value of one unit", "TIV million per unit"),
    "n_units": ("new units of the class delivered; empty where not known", "units"),
    "category": ("SIPRI's category of armament, in its newest spelling", None),
    "description": ("SIPRI's description of the weapon, as it stands in the release", None),
    "ordered_tiv": ("volume ordered by SIPRI's trend indicator", "TIV million"),
    "delivered_tiv": (DELIVERY + ", of these orders so far", "TIV million"),
    "n_deals": ("deals summed", "deals"),
    "deal": (
        "number of the deal: SIPRI's where anything was delivered, else our own from 10000001 on",
        "id",
    ),
    "line": ("line of the deal in the newest register that had it", "lines"),
    "seller": ("ISO3 code, also outside the sample, or SIPRI's name of a movement", None),
    "buyer": ("ISO3 code, also outside the sample, or SIPRI's name of a movement", None),
    "class_mark": ("digest of the weapon's class", None),
    "system_mark": ("digest of the weapon's designation", None),
    "word_mark": ("digest of the first word of the designation", None),
    "family_mark": ("digest of the letters that the designation begins with", None),
    "valid_from": ("date of the register that first had the deal in this form", "date"),
    "valid_to": ("date of the register that changed or dropped it; empty while it stands", "date"),
    "order_year_uncertain": ("1 where SIPRI marks the order year as uncertain", "0 or 1"),
    "n_ordered": ("units ordered; empty where not known", "units"),
    "tiv_ordered": (
        "volume ordered by SIPRI's trend indicator; empty where the number or the value of a unit "
        "is not known",
        "TIV million",
    ),
    "n_delivered": ("units delivered", "units"),
    "tiv_delivered": (DELIVERY + ", of this deal so far", "TIV million"),
    "delivery_years": ("years of delivery as published, runs joined, as in 2004-2006 2009", None),
    "status": ("state of the arms", None),
    "local_production": (
        "1 where the recipient makes them in part: from delivery lines, else from comments of the "
        "registers since 2024, whatever the form; empty where neither has the deal",
        "0 or 1",
    ),
    "units_borrowed": (
        "1 where the register of valid_from is known without trend-indicator values (2020 to "
        "April 2023): units are those of the same or a like deal in other registers, also later "
        "ones, so volumes are not as read at the time; numbers and years are",
        "0 or 1",
    ),
    "released": ("day from which the register was public", "date"),
    "suppliers": ("suppliers that the register has, or all", None),
    "first_order_year": (
        "order year from which the lack of a deal says that it is gone; empty where it never does",
        "year",
    ),
    "undelivered_tiv": (
        "volume ordered and not delivered, all deals of the register", "TIV million"
    ),
    "ideal_point": ("estimate from votes on final passage", "standard deviations, about"),
    "flow": ("direction of the total", None),
    "table": ("table that the release feeds", None),
    "series": ("series that the release feeds", None),
    "rows": ("rows of the release in the table", "rows"),
    "file": ("provider's file", None),
    "note": ("how the release is dated or came", None),
    "name": ("name in English", None),
    "capital_lat": ("latitude of the capital", "degrees north"),
    "capital_lon": ("longitude of the capital", "degrees east"),
    "soviet_legacy": ("1 where the forces were built on Soviet arms", "0 or 1"),
    "war": ("name of the war", None),
    "alliance": ("name of the pact", None),
    "state1": ("abbreviation of a state in the Correlates of War; the lower number first", None),
    "state2": ("abbreviation of the other state", None),
    "state": ("abbreviation of the country's state in the Correlates of War", None),
    "treaty": ("ATOP number of the pair's treaty: bilateral before others, then the oldest", "id"),
    "n_treaties": ("treaties in force between the two", "treaties"),
    "bilateral": ("1 where one of them is bilateral", "0 or 1"),
    "defence": ("1 where one of them pledges defence", "0 or 1"),
    "allied_since": ("first year of the unbroken spell", "year"),
    "log_ratio": ("log of CINC of state1 over state2, the year before", "log ratio"),
    "change5": ("change of log_ratio over the five years before", "log ratio"),
    "reversed": ("1 where the lead changed sides in the ten years before, by a tenth", "0 or 1"),
    "major1": ("1 where state1 is a major power", "0 or 1"),
    "major2": ("1 where state2 is a major power", "0 or 1"),
    "was_major1": ("1 where state1 is or has been a major power", "0 or 1"),
    "was_major2": ("1 where state2 is or has been a major power", "0 or 1"),
    "autocracy1": ("1 where state1 was an autocracy the year before", "0 or 1"),
    "autocracy2": ("1 where state2 was an autocracy the year before", "0 or 1"),
    "common_rivals": ("states that were strategic rivals of both the year before", "states"),
    "rivals": ("1 where the two were strategic rivals the year before", "0 or 1"),
    "recent": (
        "1 on a dispute of hostility 3 or more, or an embargo, in the ten years before",
        "0 or 1",
    ),
    "hostility": ("highest hostility of a dispute begun this year; 0 none, 5 war", "level"),
    "fatality": ("class of deaths in these disputes; 0 none or unknown, 6 above 999", "level"),
    "embargo": ("1 where one began to deny arms to the other (countries of the sample)", "0 or 1"),
    "rivalry_onset": ("1 where a strategic rivalry began", "0 or 1"),
    "state_death": ("1 where the last treaty lapsed with the independence of one", "0 or 1"),
    "ended": ("1 where the last treaty lapsed, neither state losing independence", "0 or 1"),
    "adverse_end": ("1 where it was broken or lapsed in dispute", "0 or 1"),
    "grade": (
        "0 nothing; 1 dispute of hostility 3 or 4, none known to have died; 2 the same with "
        "deaths, or an embargo; 3 adverse end, rivalry onset or war",
        "level",
    ),
    "cinc": ("composite index of national capability", "share of the world"),
    "autocracy": ("1 where polyarchy is below 0.5 (where unknown: Polity 5 or less)", "0 or 1"),
    "major": ("1 where a major power", "0 or 1"),
    "was_major": ("1 where it is or has been a major power", "0 or 1"),
}
FLAGS = {
    "countries": {
        "supplier": ("1 where kept apart as a supplier", "0 or 1"),
        "recipient": ("1 where kept apart as a recipient", "0 or 1"),
    },
    "registers": {
        "last_year": ("last year of which the register knows an order or a delivery", "year"),
        "rows": ("deals of the register, of any year", "deals"),
    },
}
KINDS = {
    str: "string",
    int: "integer",
    float: "number",
    int | None: "integer",
    float | None: "number",
}
DATES = ("vintage", "valid_from", "valid_to", "released")
CHOICES = {
    "domain": list(DOMAINS),
    "flow": ["exports", "imports"],
    "status": list(STATUSES),
}
FORBIDDEN_BELOW_ZERO = (
    "tiv",
    "tiv_unit",
    "ordered_tiv",
    "delivered_tiv",
    "n_units",
    "n_lines",
    "n_deals",
    "n_ordered",
    "n_delivered",
    "tiv_ordered",
    "tiv_delivered",
    "undelivered_tiv",
    "rows",
)


def fields(table: str) -> list[dict]:
    """Return the description of a table's columns: type, unit, constraints."""
    kind = TABLES[table]
    described = []
    for name, annotation in kind.__annotations__.items():
        text, unit = FLAGS.get(table, {}).get(name) or FIELDS[name]
        field = {
            "name": name,
            "type": "date" if name in DATES else KINDS[annotation],
            "description": text,
        }
        if unit:
            field["unit"] = unit
        limits: dict = {"required": True} if name in KEYS[table] and name != "unit" else {}
        if name in CHOICES:
            limits["enum"] = CHOICES[name]
        if name in FORBIDDEN_BELOW_ZERO:
            limits["minimum"] = 0
        if limits:
            field["constraints"] = limits
        described.append(field)
    return described


def written(folder: Path) -> set[str]:
    """Return the names of the files of a panel that a build wrote; none if it is no panel."""
    try:
        said = json.loads((folder / NAME).read_text("utf-8"))
        if said["name"] != PANEL_NAME:
            return set()
        return {NAME, *(resource["path"] for resource in said["resources"])}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def describe(folder: Path, tables: dict[str, list]) -> str:
    """Return the text of datapackage.json for the tables written in `folder`."""
    releases = [row for row in tables["vintages"] if not row.assumed]
    vintages: dict[str, set[str]] = {}
    for row in releases:
        vintages.setdefault(f"{row.table}/{row.series}", set()).add(row.vintage)
    content = {
        "profile": "tabular-data-package",
        "name": PANEL_NAME,
        "title": "Arms transfers and what drives them, with the vintage of every figure",
        "version": max((row.vintage for row in releases), default=""),
        "sources": [
            {
                "title": provider.title,
                "path": provider.path,
                "citation": provider.citation,
                "terms": provider.terms,
            }
            for provider in PROVIDERS
        ],
        "series": [
            {
                "indicator": row.indicator,
                "title": row.label,
                "unit": row.unit.format(base="(base year)"),
                "provider": row.provider,
                "code": row.code,
            }
            for row in indicators().values()
        ],
        "vintages": {series: sorted(days) for series, days in sorted(vintages.items())},
        "resources": [_resource(table, folder) for table in sorted(tables)],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _resource(table: str, folder: Path) -> dict:
    path = folder / f"{table}.csv.gz"
    content = path.read_bytes()
    return {
        "profile": "tabular-data-resource",
        "name": table,
        "title": TITLES[table],
        "path": path.name,
        "format": "csv",
        "compression": "gz",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": "sha256:" + hashlib.sha256(content).hexdigest(),
        "schema": {
            "fields": fields(table),
            "primaryKey": list(KEYS[table]),
            "missingValues": [""],
        },
    }
