"""Names that nobody knows: told once each, hinted at with care, and never for long in the way."""

import csv

import pytest

from crossover.data import additions, countries, domains, kept, look_up, moves, sources
from crossover.data.errors import InputError, collecting
from crossover.data.names import DOMAINS, REST
from crossover.data.sources.files import Options
from crossover.data.tables import read
from tests.data import samples

UNKNOWN_ROWS = (
    *samples.LINES_ROWS,
    "21,Russia,China,K-1,railgun,Artillery,2018,No,1,No,2020,No,New,4,4,4,No",
    "22,Russia,China,K-1,railgun,Artillery,2018,No,1,No,2021,No,New,4,4,4.5,No",
    "23,Russia,RSF (Sudan)*,K-2,ray missile,Missiles,2018,No,1,No,2021,No,New,1,1,1,No",
)
UNKNOWN = samples.lines_official(UNKNOWN_ROWS, day="13 Mar 2023")


@pytest.fixture
def only(monkeypatch):
    """Return a function that leaves some descriptions alone known."""
    known = domains.weapons()

    def leave(keep):
        left = {name: weapon for name, weapon in known.items() if keep(name)}
        monkeypatch.setattr(domains, "weapons", lambda: left)

    return leave


# Hints --------------------------------------------------------------------------------------------


def test_a_known_description_that_is_taken_away_is_never_hinted_at_across_a_domain(monkeypatch):
    """Every description in turn stands for a new one of which the true domain is known."""
    known = domains.weapons()
    hinted = 0
    for name, weapon in known.items():
        left = {other: held for other, held in known.items() if other != name}
        monkeypatch.setattr(domains, "weapons", lambda left=left: left)
        near = domains.nearest(name)
        hinted += near is not None
        assert near is None or left[near].domain == weapon.domain, (name, near)
    # Those that differ by a hyphen or a capital are found: a hint is not always none.
    assert hinted > 10


def test_the_words_of_2026_were_no_misspellings_of_older_ones(only):
    only(lambda name: not ("surface-to-air" in name or "drone" in name))
    for name in ("surface-to-air missile", "portable surface-to-air missile", "armed drone"):
        assert domains.nearest(name) is None


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("turbofann", "turbofan"),
        ("turbofna", "turbofan"),
        ("Turbofan", "turbofan"),
        ("fighter  aircraft", "fighter aircraft"),
        ("figter aircraft", "fighter aircraft"),
        ("tanks", None),
        ("surface-to-space missile", None),
        ("air-to-surface torpedo", None),
        ("", None),
    ],
)
def test_one_letter_or_a_space_is_a_slip_and_another_word_is_none(given, near):
    assert domains.nearest(given) == near


# One line a name ----------------------------------------------------------------------------------


def test_an_unknown_name_is_told_once_with_rows_tiv_and_first_line(put, tmp_path):
    options = Options(mapping=tmp_path / "domains.csv")
    with collecting() as refused:
        sources.read_file(put("x.csv", UNKNOWN), options)
    assert refused == [
        "x.csv, line 13, column 'Description': 'railgun': unknown weapon description, on 2 rows, "
        f"8.5 TIV million: give it a row in {tmp_path / 'domains.csv'} (columns category, "
        "description, domain, weapon_class, note), or say --accept-unknown, which counts it under "
        "land, the default of its category 'Artillery'",
        "x.csv, line 15, column 'Description': 'ray missile': unknown weapon description, on 1 "
        f"row, 1.0 TIV million: give it a row in {tmp_path / 'domains.csv'} (columns category, "
        "description, domain, weapon_class, note), or say --accept-unknown, which counts it under "
        "missiles, the default of its category 'Missiles'",
    ]


def test_a_register_has_no_category_to_fall_back_on(put, tmp_path):
    path = put("x.csv", samples.register().replace("turbofan", "railgun"))
    for accept in (False, True):
        options = Options(accept_unknown=accept, mapping=tmp_path / "domains.csv")
        with pytest.raises(InputError, match="'railgun'") as error:
            sources.read_file(path, options)
        assert "give it a row in" in str(error.value) and "--accept" not in str(error.value)


def test_an_unknown_country_of_three_sheets_is_told_once(put):
    sheets = {k: v | {"Chyna": (1, 2, 3)} for k, v in samples.MILITARY_SHEETS.items()}
    with collecting() as refused:
        sources.read_file(put("m.xlsx", samples.workbook(sheets)))
    (said,) = refused
    assert said.startswith("m.xlsx, sheet 'Constant (2020) US$', line 6, column 'Country': 'Chyna'")
    assert "on 3 rows" in said


# Accepted -----------------------------------------------------------------------------------------


def test_the_default_of_a_category_is_the_same_by_rows_and_by_volume():
    assert domains.default("") is None and domains.default("Magic") is None
    volumes: dict[str, dict[str, float]] = {}
    known = domains.by_description()
    for row in read("descriptions"):
        if row.category:
            held = volumes.setdefault(row.category, dict.fromkeys(DOMAINS, 0.0))
            held[known[row.description]] += row.tiv
    assert len(volumes) >= 11
    for category, held in volumes.items():
        assert domains.default(category) == max(held, key=held.__getitem__), category
    assert domains.default("Air defence systems") == "air_defence"


def test_accepted_deliveries_count_under_their_categorys_default(put):
    _, batches = sources.read_file(put("x.csv", UNKNOWN), Options(accept_unknown=True))
    deliveries = {row[:4]: row.tiv for row in batches[0].rows}
    assert deliveries["RUS", "CHN", 2020, "land"] == 4.0
    assert deliveries["RUS", REST, 2021, "missiles"] == 1.0
    railgun, ray, marked = batches[0].remarks
    assert railgun == (
        "warning: x.csv, line 13: 'railgun' is unknown (2 rows, 8.5 TIV million) and counts under "
        "land, the default of its category 'Artillery', unless domains.csv has a row for it when "
        "the file is added"
    )
    assert "'ray missile' is unknown" in ray and "1 entities" in marked
    assert [(row["description"], row["domain"]) for row in batches[0].mapping] == [
        ("railgun", "land"), ("ray missile", "missiles")
    ]  # fmt: skip


def test_an_accepted_name_that_is_a_class_of_another_domain_gets_a_class_of_its_own():
    row = domains.accepted("sonar", "Ships")
    assert (row["domain"], row["weapon_class"]) == ("naval", "sonar (Ships)")
    assert domains.accepted("railgun", "Ships")["weapon_class"] == "railgun"
    domains.with_rows([row])


def test_a_blank_description_is_not_accepted(put):
    text = UNKNOWN.replace(",railgun,", ", ,")
    with pytest.raises(InputError, match="'': unknown weapon description"):
        sources.read_file(put("x.csv", text), Options(accept_unknown=True))


def test_what_was_accepted_stays_with_the_addition_for_whoever_reads_it(small_panel, put, tmp_path):
    store = tmp_path / "store"
    reading = Options(accept_unknown=True)
    path = put("x.csv", UNKNOWN)
    added = additions.add([path], store, small_panel, reading=reading)
    assert [note.split(":")[0] for note in added.examined.notes[:2]] == ["warning"] * 2
    with (added.folder / domains.NAME).open(encoding="utf-8", newline="") as lines:
        assert [row["description"] for row in csv.DictReader(lines)] == ["railgun", "ray missile"]
    assert kept.damaged(store) == []
    layered = kept.layers(small_panel, store)
    assert domains.by_description(layered)["railgun"] == "land"
    assert "railgun" not in domains.by_description(small_panel)
    shown = look_up.show("descriptions", weapon="railgun", folder=layered)
    assert {row[1] for row in shown.rows} == {"land"}
    (found,) = moves.weapons(None, "railgun", layered).rows
    assert (found[0], found[5]) == ("land", 8.5)
    assert {row[0] for row in moves.by_domain(layered).rows} == {*DOMAINS, "all"}
    (added.folder / domains.NAME).write_text("category\n")
    assert [fault.column for fault in kept.damaged(store)] == [domains.NAME]


# A mapping of one's own ---------------------------------------------------------------------------

OWN = (
    "category,description,domain,weapon_class,note\n"
    "Artillery,railgun,engines,railgun,mine\n"
    "Missiles,ray missile,sensors,ray missile,\n"
    "Aircraft,fighter aircraft,other,fighter of mine,\n"
)


def test_a_users_own_mapping_wins_over_ours_and_over_the_default(small_panel, put, tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    (store / domains.NAME).write_text(OWN, encoding="utf-8-sig")
    path = put("x.csv", UNKNOWN)
    added = additions.add([path], store, small_panel, reading=Options(accept_unknown=True))
    found = {row[:4]: row.tiv for row in added.examined.tables["transfers"]}
    assert found["RUS", "CHN", 2020, "engines"] == 4.0
    assert found["RUS", "CHN", 2019, "other"] == 40.0
    assert ("RUS", "CHN", 2019, "aircraft") not in found
    assert f"x.csv: 'fighter aircraft', 'railgun', 'ray missile' by {store / domains.NAME}" in (
        added.examined.notes
    )
    known = domains.by_description(kept.layers(small_panel, store))
    assert (known["fighter aircraft"], known["tank"]) == ("other", "land")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("category,", "class,", "line 1: 'class,description,domain,weapon_class,note': the col"),
        (",engines,", ",motors,", "line 2, column 'domain': 'motors': unknown domain: must be one"),
        ("railgun,mine", ",mine", "line 2, column 'weapon_class': '': must not be empty"),
        (",mine", "", "line 2: a row must have 5 fields, this one has 4"),
        ("ray missile,\n", "railgun,\n", "line 3, column 'weapon_class': 'railgun': a class must"),
        ("fighter of mine", "tank", "line 4, column 'weapon_class': 'tank': a class must have one"),
        ("ray missile,s", "railgun,s", "line 3, column 'description': 'railgun': a description"),
    ],
)
def test_a_fault_of_ones_own_mapping_is_named_with_its_place(put, tmp_path, old, new, said):
    own = tmp_path / "domains.csv"
    own.write_text(OWN.replace(old, new, 1))
    with pytest.raises(InputError) as error:
        sources.read_file(put("x.csv", UNKNOWN), Options(mapping=own))
    assert str(error.value).startswith(f"{own}, {said}")


def test_a_mapping_in_another_encoding_is_named(put, tmp_path):
    own = tmp_path / "domains.csv"
    own.write_bytes(OWN.encode("utf-16"))
    with pytest.raises(InputError, match=r"domains\.csv, line 1: must be UTF-8 text"):
        sources.read_file(put("x.csv", UNKNOWN), Options(mapping=own))


# Entities with a star -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["House of Representatives (Libya)*", "RSF (Sudan)*", "X (Y)**"])
def test_an_entity_with_a_star_is_no_state_and_counts_under_the_rest(name):
    code = countries.code(name, file="f", line=1, column="c")
    assert code == "" and countries.as_recipient(code) == countries.as_supplier(code) == REST
    with pytest.raises(InputError, match="unknown country"):
        countries.code(name.strip("*"), file="f", line=1, column="c")


def test_rows_of_entities_with_a_star_are_counted_and_new_ones_named(put):
    rows = ("PKK (Turkiye)*", "Front of Elsewhere (Togo)*", "Front of Elsewhere (Togo)*")
    lines = [
        f"{n},Russia,{name},X,tank,Armoured vehicles,2018,No,1,No,2020,No,New,4,4,4,No"
        for n, name in enumerate(rows, start=31)
    ]
    text = samples.lines_official([*samples.LINES_ROWS, *lines])
    _, batches = sources.read_file(put("x.csv", text))
    known = "PKK (Turkiye)*" in countries.names()
    new = "'Front of Elsewhere (Togo)*'" if known else "'PKK (Turkiye)*', 'Front of Elsewhere"
    (said,) = batches[0].remarks
    assert said.startswith("x.csv: 3 rows are of 2 entities that are no states") and new in said
