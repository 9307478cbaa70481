"""Small files in the shapes in which the providers publish, with invented figures."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

LINES_PREAMBLE = """\
Transfers of major conventional arms from All countries  to All countries .;
A '?' in a column indicates uncertain data.;
;
Source: SIPRI Arms Transfers Database (c) SIPRI.;
Data generated: {day} 09:30:00 AM;
"""
LINES_HEADER = (
    "SIPRI AT Database ID,Supplier,Recipient,Designation,Description,Armament category,"
    "Order date,Order date is estimate,Numbers delivered,Numbers delivered is estimate,"
    "Delivery year,Delivery year is estimate,Status,SIPRI estimate,TIV deal unit,"
    "TIV delivery values,Local production"
)
LINES_ROWS = (
    "11,Russia,China,Su-27,fighter aircraft,Aircraft,2018,No,2,No,2019,No,New,20,20,40,No",
    "11,Russia,China,Su-27,fighter aircraft,Aircraft,2018,No,1,?,2020,No,New,20,20,20.5,No",
    "12,Russia,China,AL-31,turbofan,Engines,2018,Yes,10,Yes,2019,No,New,3,3,30.25,No",
    "13,Belgium,China,X,tank,Armoured vehicles,2017,No,1,No,2019,No,New,5,5,5,No",
    "14,United States,Togo,Y,tank,Armoured vehicles,2017,No,1,No,2020,No,New,7,7,7,No",
    "15,China,Pakistan,JF-17,fighter aircraft,Aircraft,2019,No,1,No,2021,No,New,9,9,9,Yes",
)


def lines_official(rows=LINES_ROWS, day="15 Mar 2022", separator=",") -> str:
    """Return delivery lines as the provider exports them."""
    body = [line.replace(",", separator) + ";" for line in (LINES_HEADER, *rows)]
    return LINES_PREAMBLE.format(day=day) + "\n".join(body) + "\n"


TIDY_HEADER = (
    "vintage,deal_id,supplier_iso3,recipient_iso3,Supplier,Recipient,designation,description,"
    "category,order_year,year,n_delivered,status,tiv_unit_new,tiv_deal_unit,tiv,local_production"
)
TIDY_ROWS = (
    "2021-03-10,11,RUS,CHN,Russia,China,Su-9,fighter aircraft,Aircraft,2018,2019,2,New,20,20,38,No",
    "2021-03-10,12,RUS,CHN,Russia,China,AL-31,turbofan,Engines,2018,2019,10,New,3,3,30.25,No",
    "2021-03-10,14,USA,TGO,United States,Togo,Y,tank,Armoured vehicles,2017,2020,1,New,7,7,6,No",
    "2021-03-10,16,RUS,CHN,Russia,China,Z,tank,Armoured vehicles,2020,2021,1,New,1,1,1,No",
)


def lines_tidy(rows=TIDY_ROWS) -> str:
    """Return delivery lines as a tidy table."""
    return "\n".join((TIDY_HEADER, *rows)) + "\n"


REGISTER_HEADER = (
    "Recipient,Supplier,Year of order, ,Number ordered, ,Weapon designation,Weapon description,"
    "Number delivered, ,Year(s) of delivery,status,Comments,SIPRI TIV per unit,"
    "SIPRI TIV for total order,SIPRI TIV of delivered weapons"
)
REGISTER_ROWS = (
    "China,Russia,2018,,4,,Su-27,fighter aircraft,3,,2019; 2020,New,,20,80,60.5",
    "China,Russia,2018,?,10,?,Su-30,fighter aircraft,,,,New,not yet delivered,15,150,",
    "China,Russia,2018,,,,AL-31,turbofan,10,,2019,New,,3,,30.25",
)


def register(rows=REGISTER_ROWS, day="13 Mar 2022") -> str:
    """Return a trade register as the provider exports it."""
    preamble = (
        "Transfers of major conventional arms\n\nSource: SIPRI Arms Transfers Database (c) SIPRI.\n"
        f"Data generated: {day} 10:02:49 AM\n"
    )
    return preamble + "\n".join((REGISTER_HEADER, *rows)) + "\n"


def totals(flow="imports", rows=("China,75,21,,96", "Pakistan,,,9,9"), day="15 Mar 2022") -> str:
    """Return a table of TIV totals as the provider exports it."""
    first = "Recipient" if flow == "imports" else "Exports by"
    return (
        "Volume of transfers of major arms\n"
        "Figures are in millions of SIPRI trend-indicator values (TIVs).\n\n"
        f"Source: SIPRI Arms Transfers Database (c) SIPRI.\nData generated: {day} 3:54:15 PM\n\n"
        f"{first},2019,2020,2021,2019-2021\n" + "\n".join(rows) + "\n"
    )


def register_of(whose: str, rows=REGISTER_ROWS, day="13 Mar 2022") -> str:
    """Return a register with SIPRI's words on itself, as in 'from China to All countries'."""
    words = f"Transfers of major conventional arms {whose} . Deals with deliveries made for"
    span = "the year range 'Not specified' to 'Not specified'"
    return f"{words} {span} \n" + register(rows, day)


def register_of_all(rows=REGISTER_ROWS, day="14 Mar 2022") -> str:
    """Return a register of the whole world: an order of 1955 by each supplier of the sample."""
    names = ("United States", "Russia", "France", "Germany", "United Kingdom", "China", "Italy",
             "Israel", "Netherlands", "Ukraine", "Spain", "South Korea", "Sweden", "Switzerland",
             "Turkiye", "Canada")  # fmt: skip
    old = (
        f"India,{name},1955,,1,,X-1,tank,1,,1956,New,,1.5,1.5,{n + 1}.5"
        for n, name in enumerate(names)
    )
    return register_of("from All countries to All countries", (*rows, *old), day)


def saved_again(text: str, separator=";") -> str:
    """Return a table as a spreadsheet saves it: every line padded; decimal commas, save
    where commas stand between the cells.
    """
    rows = list(csv.reader(io.StringIO(text, newline="")))
    width = max(map(len, rows))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    point = "." if separator == "," else ","
    for row in rows:
        cells = (re.sub(r"^(\d+)\.(\d+)$", rf"\1{point}\2", cell) for cell in row)
        writer.writerow([*cells, *[""] * (width - len(row))])
    return out.getvalue()


TOTALS_BEFORE_2024 = """\
"TIV of arms exports from all, 2019-2021",,,,
Figures are SIPRI Trend Indicator Values (TIVs) expressed in millions.,,,,
A '0' indicates that the value of deliveries is less than 0.5m,,,,
,,,,
Source: SIPRI Arms Transfers Database,,,,
Generated: 9 December 2022,,,,
,,,,
,2019,2020,2021,
Russia,75,21,,
India,7,0 ,,
United Wa State (Myanmar)*,,1,,
Total,82,22,,
"""
TOTALS_OF_ONE = """\
Volume of transfers of major arms

Source: SIPRI Arms Transfers Database (c) SIPRI.
Data generated: 14 Jul 2022 2:57:40 AM

Recipient,2019,2020,2021,2019-2021,Percentage
Pakistan,69,298,,367,44%
Togo,2,,0 ,2,0.1%
Total imports from China,71,298,0 ,369,100%
"""
MILITARY_SHEETS = {
    "Constant (2020) US$": {"China": (200.0, 205.0, 220.0), "Russia": ("xxx", "...", 60.0)},
    "Current US$": {"China": (190.0, 205.0, 230.0), "Russia": ("xxx", ". .", 61.0)},
    "Share of GDP": {"China": (0.017, 0.018, 0.0175), "Russia": ("xxx", "...", 0.04)},
}


def workbook(sheets=None, years=(2019, 2020, 2021), world=(1.9, 2.0, 2.1)) -> bytes:
    """Return a military-expenditure workbook; country figures in US$ million, world in billion."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "Front page"
    for name, countries in (sheets or MILITARY_SHEETS).items():
        sheet = book.create_sheet(name)
        sheet.append([f"Military expenditure by country, {name}"])
        sheet.append(["Country", "Notes", *years])
        sheet.append(["Asia"])
        for country, values in countries.items():
            sheet.append([country, "§4", *values])
    if world:
        sheet = book.create_sheet("Regional totals")
        sheet.append(["Region", *years, f"{years[-1]} (current prices)"])
        sheet.append(["World", *world, 9.9])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


MILITARY_TIDY = """\
country_iso3,year,indicator,value,vintage,sheet
CHN,2018,milex_const_usd_m,180.5,2020-04,Constant (2018) USD
CHN,2018,milex_share_gdp,0.0185,2020-04,Share of GDP
Togo,2018,milex_const_usd_m,2.5,2020-04,Constant (2018) USD
"""
SITE = """\
\ufeff"Data Source","World Development Indicators",

"Last Updated Date","2022-04-15",

"Country Name","Country Code","Indicator Name","Indicator Code","2018","2019","2020",
"China","CHN","Research and development expenditure (% of GDP)","GB.XPD.RSDV.GD.ZS","","2.2","2.4",
"World","WLD","Research and development expenditure (% of GDP)","GB.XPD.RSDV.GD.ZS","2","2","2",
"Togo","TGO","Research and development expenditure (% of GDP)","GB.XPD.RSDV.GD.ZS","1","","",
"""
DATABANK = """\
\ufeffCountry Name,Country Code,Series Name,Series Code,2018 [YR2018],2019 [YR2019],2020 [YR2020]
China,CHN,"Inflation, GDP deflator (annual %)",NY.GDP.DEFL.KD.ZG,3.5,1.25,0.5
China,CHN,"Population, total",SP.POP.TOTL,1400000000,1410000000,1415000000
China,CHN,Research and development expenditure (% of GDP),GB.XPD.RSDV.GD.ZS,..,2.2,2.4
Togo,TGO,Research and development expenditure (% of GDP),GB.XPD.RSDV.GD.ZS,1,..,..
World,WLD,"Population, total",SP.POP.TOTL,7600000000,7700000000,7800000000
,,,,,,
,,,,,,
Data from database: World Development Indicators,,,,,,
Last Updated: 04/15/2022,,,,,,
"""


def databank_workbook() -> bytes:
    """Return the extract as a workbook: figures as numbers, a sheet on the series behind it."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "Data"
    for row in csv.reader(io.StringIO(DATABANK.removeprefix("\ufeff"), newline="")):
        cells = (float(c) if re.fullmatch(r"[\d.]*\d", c) else c or None for c in row)
        book.active.append(list(cells))
    book.create_sheet("Series - Metadata").append(["Code", "License Type"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def databank_zip() -> bytes:
    """Return the extract as it is downloaded, with the file on its series."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("0a1b_Data.csv", DATABANK)
        archive.writestr("0a1b_Series - Metadata.csv", "Code,License Type\n")
    return out.getvalue()


WDI_LONG = """\
Country Name,Country Code,Year,Value
China,CHN,2019,2.2
China,CHN,2020,2.4
Togo,TGO,2020,0.3
World,WLD,2020,2
"""
OECD_SDMX = """\
STRUCTURE,REF_AREA,Reference area,MEASURE,UNIT_MEASURE,TIME_PERIOD,OBS_VALUE,OBS_STATUS
DATAFLOW,CHN,China (People's Republic of),G,PT_B1GQ,2019,2.23,A
DATAFLOW,CHN,China (People's Republic of),G,PT_B1GQ,2020,,A
DATAFLOW,CHN,China (People's Republic of),G,USD_PPP,2019,500000,A
DATAFLOW,TUR,Türkiye,G,PT_B1GQ,2019,1.06,A
DATAFLOW,OECD,OECD,G,PT_B1GQ,2019,2.5,A
"""
WDI_TIDY = """\
country_iso3,year,indicator,value,vintage,source
CHN,2017,NY.GDP.MKTP.PP.KD,1000,2019-12-21c,mirror
CHN,2018,NY.GDP.MKTP.PP.KD,1100,2019-12-21c,mirror
CHN,2017,NY.GDP.MKTP.PP.KD,1500,2022-07,archive
CHN,2018,NY.GDP.MKTP.PP.KD,1600,2022-07,archive
CHN,2019,NY.GDP.MKTP.PP.KD,1700,2022-07,archive
CHN,2020,NY.GDP.MKTP.PP.KD,1800,2022-07,archive
CHN,2020,SP.POP.TOTL,1400,2022-07,archive
CHN,2018,GB.XPD.RSDV.GD.ZS,2.1,2020-06-30,archive
CHN,2018,GB.XPD.RSDV.GD.ZS,2.1,2020-09-30c,mirror
CHN,2019,GB.XPD.RSDV.GD.ZS,2.25,2022-04-15,archive
CHN,2019,MS.MIL.MPRT.KD,74000000,2020-12c,mirror
CHN,2019,NY.GDP.PCAP.PP.CD,1,2022-07,archive
"""
OECD = """\
country_iso3,year,indicator,value,Flag Codes
TWN,2017,OECD_GDEXPRD_PC_GDP,3.2,
CHN,2017,OECD_GDEXPRD_PC_GDP,2.11,
CHN,2018,OECD_GDEXPRD_PC_GDP,2.14,
EU27_2020,2017,OECD_GDEXPRD_PC_GDP,2.0,
CHN,2017,OECD_GDEXPRD_MLN_USD,400000.5,B
"""
VOTES = """\
ccode,iso3c,countryname,year,idealpointfp,idealpointall
365,RUS,Russia,1984,0.1,0.1
365,RUS,Russia,2019,0.25,0.3
710,CHN,China,2019,-0.75,-0.7
710,CHN,China,2020,,-0.7
461,TGO,Togo,2019,-0.5,-0.5
"""


def api_row(code: str, year: int, value: float | None, series="GB.XPD.RSDV.GD.ZS") -> dict:
    """Return one row as the World Bank's interface gives it."""
    label = "Research and development expenditure (% of GDP)"
    return {
        "indicator": {"id": series, "value": label},
        "country": {"id": code[:2], "value": code},
        "countryiso3code": code,
        "date": str(year),
        "value": value,
        "unit": "",
        "obs_status": "",
        "decimal": 2,
    }


def api_page(rows: list[dict], page=1, pages=1, updated="2022-12-20", total=None) -> list:
    """Return one page as the World Bank's interface gives it: [head, rows].

    All pages together have `total` rows; of several, it is that of pages of two, the last of one.
    """
    head = {
        "page": page,
        "pages": pages,
        "per_page": 2,
        "total": (pages - 1) * 2 + 1 if total is None and pages > 1 else total or len(rows),
        "sourceid": "2",
        "lastupdated": updated,
    }
    return [head, rows]


API = json.dumps([api_page([api_row("CHN", 2020, 2.41), api_row("RUS", 2020, 1.1)])])

FILES = {
    "export.csv": lines_official(),
    "lines_tidy.csv": lines_tidy(),
    "register.csv": register(),
    "imports.csv": totals(),
    "milex.xlsx": workbook(),
    "milex_long.csv": MILITARY_TIDY,
    "API_rd.csv": SITE,
    "wdi_long.csv": WDI_TIDY,
    "rd_answer.json": API,
    "oecd_2022-03.csv": OECD,
    "ideal_points_aug2021.csv": VOTES,
}


def write_all(folder: Path) -> None:
    """Write one small file of every format into a folder, and a note that is no data."""
    for name, content in FILES.items():
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        (folder / name).write_bytes(data)
    (folder / "README.md").write_text("# Notes", encoding="utf-8")
