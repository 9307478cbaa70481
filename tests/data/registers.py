"""Small invented registers, as the provider exports them, as tidy tables, and with their lines."""

from pathlib import Path

from crossover.data.build import build
from tests.data import samples

TIDY_HEADER = (
    "recipient,supplier,order_year,order_year_uncertain,n_ordered,n_ordered_uncertain,designation,"
    "description,n_delivered,n_delivered_uncertain,delivery_years,status,tiv_per_unit,tiv_order,"
    "tiv_delivered"
)
MATCHED = ",tiv_unit_matched,tiv_match,tiv_order_matched,tiv_delivered_matched"


def tidy(rows: tuple[str, ...], borrowed: bool = False) -> str:
    """Return a tidy register; rows as `deal` gives them, volumes borrowed or its own."""
    header = TIDY_HEADER + (MATCHED if borrowed else "")
    return "\n".join((header, *rows)) + "\n"


def deal(
    pair: str,
    system: str,
    year: int,
    ordered: int | str,
    delivered: int = 0,
    years: str = "",
    *,
    unit: float = 10.0,
    status: str = "New",
    borrowed: bool = False,
) -> str:
    """Return a row of a tidy register.

    Parameters
    ----------
    pair : 'Supplier>Recipient'.
    system : 'Designation/description'.
    """
    supplier, recipient = pair.split(">")
    designation, description = system.split("/")
    volume = f"{int(ordered) * unit:g}" if ordered else ""
    came = f"{delivered * unit:g}"
    row = (
        f"{recipient},{supplier},{year},0,{ordered},0,{designation},{description},"
        f"{delivered or ''},0,{years},{status},"
    )
    return f"{row},,,{unit},deal,{volume},{came}" if borrowed else f"{row}{unit},{volume},{came}"


def official(rows: tuple[str, ...], day: str) -> str:
    """Return a register as the provider exports it, of all suppliers; rows as `deal` gives them."""
    return samples.register_of_all([_as_exported(row) for row in rows], day=day)


def _as_exported(row: str) -> str:
    recipient, supplier, year, _, ordered, _, name, description, came, _, years, *rest = row.split(
        ","
    )
    status, *volumes = rest
    cells = [recipient, supplier, year, "", ordered, "", name, description, came, "",
             years.replace(";", "; "), status, "", *volumes]  # fmt: skip
    return ",".join(cells)


def line(
    number: int, pair: str, system: str, order: int, year: int, units: int, *, unit: float = 10.0,
    local: str = "No",
) -> str:  # fmt: skip
    """Return a row of the provider's delivery lines."""
    supplier, recipient = pair.split(">")
    designation, description = system.split("/")
    return (
        f"{number},{supplier},{recipient},{designation},{description},Aircraft,{order},No,{units},"
        f"No,{year},No,New,{unit},{unit},{units * unit},{local}"
    )


JETS, TANKS, DRONES = "Su-27/fighter aircraft", "T-90/tank", "CH-4/armed drone"
RUS_CHN, CHN_PAK = "Russia>China", "China>Pakistan"
SMALL = {
    # Jets half delivered, tanks to be dropped; in old words, with borrowed units.
    "register_2021-03-10.csv": tidy(
        (
            deal(RUS_CHN, "Su-27/FIGHTER AIRCRAFT", 2018, 4, 2, "2019;2020", borrowed=True),
            deal(RUS_CHN, TANKS, 2020, 100, unit=0.5, borrowed=True),
            deal(CHN_PAK, "CH-4/UCAV", 2019, 5, borrowed=True),
        ),
        borrowed=True,
    ),
    # Jets renamed, the drones' number raised, an order of 2020 that had not been known.
    "register_2022-03-15.csv": tidy(
        (
            deal(RUS_CHN, "Su-27SK/fighter aircraft", 2018, 4, 3, "2019;2020;2021"),
            deal(CHN_PAK, DRONES, 2019, 8, 0),
            deal(CHN_PAK, "JF-17/fighter aircraft", 2020, 6, 0, unit=12.5),
        )
    ),
    # The register of two years later, with the numbers of the deals in the lines of its day.
    "register_2024-03-18.csv": tidy(
        (
            deal(RUS_CHN, "Su-27SK/fighter aircraft", 2018, 4, 4, "2019;2020;2021;2022"),
            deal(CHN_PAK, "CH-4B/armed drone", 2019, 8, 8, "2022"),
            deal(CHN_PAK, "JF-17/fighter aircraft", 2020, 6, 1, "2023", unit=12.5),
            deal(RUS_CHN, TANKS, 2023, 10, unit=0.5),
        )
    ),
    "lines.csv": samples.lines_official(
        (
            line(11, RUS_CHN, "Su-27 -/fighter aircraft", 2018, 2019, 1),
            line(11, RUS_CHN, "Su-27 -/fighter aircraft", 2018, 2020, 1),
            line(11, RUS_CHN, "Su-27 -/fighter aircraft", 2018, 2021, 1),
            line(11, RUS_CHN, "Su-27 -/fighter aircraft", 2018, 2022, 1),
            line(12, CHN_PAK, "CH-4B/armed drone", 2019, 2022, 8),
            line(15, CHN_PAK, "JF-17/fighter aircraft", 2020, 2023, 1, unit=12.5, local="Yes"),
        ),
        day="13 Apr 2024",
    ),
}


def write(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Write registers and lines into a folder of their own and return it."""
    folder.mkdir(exist_ok=True)
    for name, content in (files or SMALL).items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def panel(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Return a panel built from registers and lines."""
    return build(write(folder / "raw", files), folder / "panel").folder
