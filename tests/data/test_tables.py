"""Tables on disk, and the small tables of our own."""

import csv
import gzip

import pytest

from crossover.data import countries, domains, sources
from crossover.data.build import build
from crossover.data.check import check
from crossover.data.errors import InputError, fault
from crossover.data.names import DOMAINS, REST
from crossover.data.records import Vote
from crossover.data.sources import sipri_lines, sipri_register, sipri_yearly
from crossover.data.sources.files import load
from crossover.data.tables import FACT_TABLES, encode, indicators, read, read_facts, write
from tests.data import samples

VOTES = [Vote("RUS", 2019, 0.25, "2021-08-31", 0), Vote("CHN", 2019, -0.75, "2021-08-31", 1)]


def test_rows_come_back_as_they_were_written(tmp_path):
    write("votes", VOTES, tmp_path)
    assert read("votes", tmp_path) == sorted(VOTES)


def test_the_order_of_rows_does_not_change_the_bytes():
    assert encode("votes", VOTES) == encode("votes", VOTES[::-1])


def test_the_order_of_our_own_tables_is_kept(tmp_path):
    write("countries", countries.sample(), tmp_path)
    assert read("countries", tmp_path) == list(countries.sample())


def test_only_the_rows_wanted_are_read(tmp_path):
    write("votes", VOTES, tmp_path)
    assert read("votes", tmp_path, {"country": ["CHN"]}) == VOTES[1:]
    assert read("votes", tmp_path, {"country": ["CHN"], "assumed": ["0"]}) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not gzip", "votes.csv.gz: the gzip file is truncated or damaged"),
        (encode("votes", VOTES)[:-12], "the gzip file is truncated or damaged"),
        (gzip.compress(b"\xff\xfe", mtime=0), "must be UTF-8"),
        (
            gzip.compress(b"country,year\n", mtime=0),
            "line 1: 'country,year': the columns must be country",
        ),
        (
            gzip.compress(
                b"country,year,ideal_point,vintage,assumed\nCHN,MMXX,1,2021-01-01,0\n", mtime=0
            ),
            "line 2, column 'year': 'MMXX': must be a whole number",
        ),
        (
            gzip.compress(b"country,year,ideal_point,vintage,assumed\nCHN,2020,1\n", mtime=0),
            "line 2: 'CHN,2020,1': a row must have 5 fields",
        ),
    ],
)
def test_a_damaged_table_is_named(tmp_path, content, said):
    (tmp_path / "votes.csv.gz").write_bytes(content)
    with pytest.raises(InputError) as error:
        read("votes", tmp_path)
    assert said in str(error.value)


def test_a_bad_value_in_a_column_that_may_be_empty_is_named(tmp_path):
    text = "supplier,first_year,last_year,war,source\nRUS,2022,now,a,s\n"
    (tmp_path / "supplier_wars.csv.gz").write_bytes(gzip.compress(text.encode()))
    with pytest.raises(InputError, match="'now': must be a whole number or empty"):
        read("supplier_wars", tmp_path)


def test_a_fault_says_where_what_and_which_rule():
    assert fault("must be b", file="f.csv", line=3, column="x", value="a") == (
        "f.csv, line 3, column 'x': 'a': must be b"
    )
    assert fault("must be b") == "must be b"


def test_the_sample_is_16_suppliers_and_48_recipients():
    assert len(countries.suppliers()) == 16
    assert len(countries.recipients()) == 48
    assert countries.suppliers() < countries.members()


@pytest.mark.parametrize("table", FACT_TABLES[1:])
def test_every_fact_has_a_source_and_known_countries(table):
    known = countries.codes() | {REST}
    for row in read_facts(table):
        fields = row._asdict()
        assert fields["source"], row
        for column in ("country", "supplier", "recipient"):
            assert fields.get(column, REST) in known, row
        assert row.last_year is None or row.last_year >= row.first_year, row


def test_every_description_has_one_known_domain_and_every_domain_a_description():
    assert set(domains.by_description().values()) == set(DOMAINS)


@pytest.mark.parametrize(
    ("description", "domain"),
    [
        ("SAM system", "air_defence"),
        ("turbofan", "engines"),
        ("UAV", "uncrewed"),
        ("fighter aircraft", "aircraft"),
        ("submarine", "submarines"),
        ("air search radar", "sensors"),
    ],
)
def test_a_weapon_stands_in_the_domain_that_its_name_says(description, domain):
    assert domains.domain(description, file="f", line=1, column="c") == domain


@pytest.mark.parametrize(
    ("words", "domain"),
    [
        ("ASW missile, anti-submarine missile", "naval"),
        ("ASW torpedo, anti-submarine torpedo, anti-submarine/ship torpedo", "naval"),
        ("anti-ship/ASW torpedo, anti-ship/anti-submarine torpedo, anti-ship torpedo", "naval"),
        ("ASW mortar, anti-submarine mortar, ASW MRL, ASW rocket launcher", "naval"),
        ("anti-submarine rocket launcher, naval mine/torpedo", "naval"),
        ("ASW sonar, anti-submarine sonar, submarine sonar, sonar", "sensors"),
        ("ASW helicopter, ASW Helicopter, anti-submarine helicopter", "aircraft"),
        ("ASW aircraft, anti-submarine aircraft", "aircraft"),
        ("SLBM, submarine-launched ballistic missile", "missiles"),
        ("AIP engine, ship nuclear reactor", "engines"),
        ("submarine, nuclear submarine, midget submarine, SSB", "submarines"),
        ("SAM, portable SAM, ABM missile, naval SAM system", "air_defence"),
        ("SAM system radar, fire-control radar, airborne early-warning radar", "sensors"),
        ("loitering munition, one-way attack drone, armed UAV, UAV", "uncrewed"),
        ("turbojet, ship engine, vehicle engine", "engines"),
    ],
)
def test_a_weapon_against_a_thing_is_not_the_thing(words, domain):
    known = domains.by_description()
    assert {word: known[word] for word in words.split(", ")} == dict.fromkeys(
        words.split(", "), domain
    )


def test_nothing_but_boats_is_a_submarine():
    rows = [row for row in domains.table() if row["domain"] == "submarines"]
    assert {row["category"] for row in rows} == {"Ships"}
    assert not [r for r in rows if "anti" in r["description"] or "ASW" in r["description"]]


def test_what_sipri_has_elsewhere_is_justified_in_a_note():
    usual = {
        "Aircraft": "aircraft",
        "Air defence systems": "air_defence",
        "Air-defence systems": "air_defence",
        "Armoured vehicles": "land",
        "Artillery": "land",
        "Engines": "engines",
        "Missiles": "missiles",
        "Naval weapons": "naval",
        "Sensors": "sensors",
        "Ships": "naval",
    }
    moved = [r for r in domains.table() if r["domain"] != usual.get(r["category"])]
    assert len(moved) > 40
    assert [r["description"] for r in moved if not r["note"]] == []


def test_a_class_is_the_newest_wording_and_has_one_domain():
    known = domains.weapons()
    assert known["APC"] == known["armoured personnel carrier"]
    assert known["BVRAAM"].weapon_class == "long-range air-to-air missile"
    assert known["FGA aircraft"].weapon_class != known["fighter aircraft"].weapon_class
    for name, domain in domains.by_class().items():
        assert {w.domain for w in known.values() if w.weapon_class == name} == {domain}


@pytest.fixture
def mapping(tmp_path, monkeypatch):
    """Return a function that puts rows in the place of domains.csv."""

    def put(*rows):
        (tmp_path / domains.NAME).write_text("\n".join(rows) + "\n", encoding="utf-8")
        monkeypatch.setattr(domains, "FACTS", tmp_path)
        clear()

    def clear():
        for cached in (domains.table, domains.weapons, domains.by_class):
            cached.cache_clear()

    yield put
    monkeypatch.undo()
    clear()


HEADER = "category,description,domain,weapon_class,note"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("category,description,domain,note",), "domains.csv, line 1: 'category,description,dom"),
        ((HEADER, "Ships,tug,naval,tug"), "line 2: a row must have 5 fields, this one has 4"),
        ((HEADER, "Ships,tug,boats,tug,"), "line 2, column 'domain': 'boats': unknown domain"),
        ((HEADER, "Ships,tug,naval,,"), "line 2, column 'weapon_class': '': must not be empty"),
        (
            (HEADER, "Ships,tug,naval,tug,", "Other,tug,other,tug,"),
            "line 3, column 'description': 'tug': a description must have one domain",
        ),
        (
            (HEADER, "Ships,tug,naval,ship,", "Other,boat,other,ship,"),
            "line 3, column 'weapon_class': 'ship': a class must have one domain, this one has nav",
        ),
    ],
)
def test_a_mapping_with_a_fault_is_refused_with_its_place(mapping, rows, said):
    mapping(*rows)
    with pytest.raises(InputError) as error:
        domains.by_class()
    assert said in str(error.value)


def test_a_changed_mapping_is_taken_by_the_next_build(mapping, small_raw, tmp_path):
    rows = (domains.FACTS / domains.NAME).read_text(encoding="utf-8")
    mapping(*rows.replace("turbofan,engines", "turbofan,aircraft").splitlines())
    built = build(small_raw, tmp_path / "panel").folder
    for table in ("transfers", "orders", "unit_values"):
        assert "engines" not in {row.domain for row in read(table, built)}
    assert check(built) == []


def test_every_description_of_the_providers_files_has_a_row(raw):
    words = set()
    for path in sorted(p for p in (raw / "sipri").iterdir() if p.is_file()):
        source = load(path)
        if sipri_lines.recognises(source):
            start = source.text.index(
                sipri_lines.TIDY_START
                if source.text.startswith(sipri_lines.TIDY_START)
                else sipri_lines.OFFICIAL_START
            )
            header, *rows = csv.reader(
                line.removesuffix(";") for line in source.text[start:].splitlines()
            )
            column = next(i for i, name in enumerate(header) if name.lower() == "description")
            words |= {row[column] for row in rows if row}
        elif sipri_yearly.recognises(source):
            words |= {row[5] for row in csv.reader(source.text.splitlines()[1:])}
        elif sipri_register.recognises(source):
            words |= {row[7] for _, row in sipri_register.numbered_rows(source)}
    assert len(words) > 300
    known = domains.by_description()
    assert sorted(words - known.keys()) == []
    # And no row stands for nothing.
    assert sorted(known.keys() - words) == []


def test_an_unmapped_description_stops_every_importer_that_needs_one(put):
    for name, text in (
        ("lines.csv", samples.lines_official()),
        ("tidy.csv", samples.lines_tidy()),
        ("register.csv", samples.register()),
    ):
        path = put(name, text.replace("turbofan", "railgun"))
        with pytest.raises(InputError, match=rf"{name}, line \d+, column .*'railgun': unknown"):
            sources.read_file(path)


def test_an_unknown_description_names_the_nearest():
    with pytest.raises(InputError, match=r"'turbofann'.*the nearest known is 'turbofan'"):
        domains.domain("turbofann", file="f", line=1, column="c")


@pytest.mark.parametrize(
    ("given", "code"),
    [("CHN", "CHN"), ("chn", "CHN"), ("China", "CHN"), (" soviet union ", "SUN"), ("row", REST)],
)
def test_a_country_is_found_by_code_or_name_in_any_case(given, code):
    assert countries.find(given) == code


@pytest.mark.parametrize(("given", "near"), [("Chna", "China"), ("Russa", "Russia")])
def test_an_unknown_country_names_the_nearest(given, near):
    with pytest.raises(InputError, match=f"'{given}': unknown country; the nearest known is "
                                         f"'{near}'"):
        countries.find(given)


def test_a_state_outside_the_sample_counts_under_the_rest():
    assert countries.as_supplier("BEL") == REST
    assert countries.as_supplier("IND") == REST
    assert countries.as_recipient("IND") == "IND"
    assert countries.as_recipient("TGO") == REST
    assert countries.as_supplier("SUN") == "SUN"


def test_an_rd_share_of_more_than_a_fifth_of_gdp_is_out_of_bounds():
    assert (indicators()["rd_share"].low, indicators()["rd_share"].high) == (0, 20)
