"""Tables on disk, and the small tables of our own."""

import gzip

import pytest

from data import countries, domains
from data.errors import InputError, fault
from data.names import DOMAINS, REST
from data.tables import FACT_TABLES, Vote, encode, indicators, read, read_facts, write

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
        (b"not gzip", "votes.csv.gz: cannot be read"),
        (encode("votes", VOTES)[:-12], "the gzip file is truncated or damaged"),
        (gzip.compress(b"\xff\xfe"), "must be UTF-8"),
        (gzip.compress(b"country,year\n"), "line 1: 'country,year': the columns must be country"),
        (
            gzip.compress(b"country,year,ideal_point,vintage,assumed\nCHN,MMXX,1,2021-01-01,0\n"),
            "line 2, column 'year': 'MMXX': must be a whole number",
        ),
        (
            gzip.compress(b"country,year,ideal_point,vintage,assumed\nCHN,2020,1\n"),
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
