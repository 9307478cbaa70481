"""Each alarm fires on its planted fault, and no fault is seen where releases are sound."""

import json
import math
from collections import Counter, defaultdict

import pytest

from crossover.data import additions, alarms, examination
from crossover.data.alarms import BASE, FACTOR, JUMP, SIGN
from crossover.data.build import build
from crossover.data.comparison import series_of
from crossover.data.records import CountryYear, Order, Transfer, Vote
from crossover.data.sources.files import Batch
from crossover.data.tables import KEYS, read
from tests.data import samples

CODES = ("CHN", "RUS", "USA", "FRA", "IND", "DEU")
FIRST, LAST = 2000, 2015
RELEASES = ("2013-06-30", "2014-06-30", "2015-06-30")
NEXT = "2016-06-30"
UNIT = "constant 2010 US$"


def level(code, year, day):
    """Return an invented figure: growth with a wave, and revisions of up to 0.6 percent."""
    n = CODES.index(code)
    grown = 100 * (n + 1) * math.exp(0.03 * (year - FIRST) + 0.02 * math.sin(year + 2 * n))
    return grown * (1 + 0.003 * math.sin(7 * n + 3 * year + 11 * int(day[3])))


def growth(code, year, day):
    """Return an invented figure that may be negative."""
    return 100 * math.log(level(code, year, day) / level(code, year - 1, day))


def release(day, indicator="gdp_constant", value=level, unit=UNIT, last=None):
    """Return the rows of an invented release, which goes to the year before."""
    last = int(day[:4]) - 1 if last is None else last
    return [
        CountryYear(code, year, indicator, value(code, year, day), unit, "WDI", day, 0)
        for code in CODES
        for year in range(FIRST, last + 1)
    ]


def planted(rows, change, code=None, year=None):
    """Return rows, the values of some changed."""
    return [
        row._replace(value=change(row.value))
        if code in (None, row.country) and year in (None, row.year)
        else row
        for row in rows
    ]


def found(rows, kept=None, indicator="gdp_constant", value=level, table="country_years"):
    if kept is None:
        kept = [row for day in RELEASES for row in release(day, indicator, value)]
    series = series_of(table, rows[0])
    return alarms.find(Batch(table, series, "P", NEXT, True, "f.csv", rows), kept)


def test_a_sound_release_raises_no_alarm():
    assert found(release(NEXT)) == []
    assert found(release(NEXT, "gdp_growth", growth), indicator="gdp_growth", value=growth) == []


@pytest.mark.parametrize(
    ("change", "code", "year", "kind", "words"),
    [
        (lambda v: 1000 * v, "IND", 2007, FACTOR, "is 1,000 times what it was: IND 2007: "),
        (lambda v: v / 1000, "IND", 2007, FACTOR, "is one part in 1,000 of what it was"),
        (lambda v: 1e6 * v, None, 2007, FACTOR, "6 figures are 1,000,000 times what they were"),
        (lambda v: 10 * v, "USA", 2003, FACTOR, "is 10 times what it was: USA 2003"),
        (lambda v: v / 100, "USA", 2003, FACTOR, "is one part in 100 of what it was"),
        (lambda v: 1000 * v, "CHN", LAST, FACTOR, "is 1,000 times the year before: CHN 2015"),
        (lambda v: 100 * v, None, LAST, FACTOR, "6 new figures are 100 times the year before"),
        (lambda v: 1000 * v, None, None, FACTOR, "90 figures are 1,000 times what they were"),
        (lambda v: 1.08 * v, "USA", 2003, JUMP, "1 revised figure moved farther than any kept"),
        (lambda v: 0.92 * v, "USA", 2003, JUMP, "1 revised figure moved farther than any kept"),
        (lambda v: 3 * v, "CHN", LAST, JUMP, "1 new figure moved farther than any kept"),
        (lambda v: 1.12 * v, None, None, BASE, "6 of 6 countries moved by one factor in all years"),
    ],
)
def test_a_planted_fault_raises_its_alarm_and_no_other(change, code, year, kind, words):
    raised = found(planted(release(NEXT, value=lambda c, y, _: level(c, y, RELEASES[-1])),
                           change, code, year))  # fmt: skip
    assert [alarm.kind for alarm in raised] == [kind]
    assert words in str(raised[0]) and "\n" not in str(raised[0])
    assert str(raised[0]).startswith(f"{kind}: gdp_constant, release of {NEXT}: ")


def test_a_factor_is_seen_through_an_ordinary_revision():
    (alarm,) = found(planted(release(NEXT), lambda v: 10 * v, "USA", 2003))
    assert alarm.kind == FACTOR


@pytest.mark.parametrize("size", [1.0, 0.97, 1.03])
def test_a_figure_with_the_wrong_sign_raises_an_alarm(size):
    rows = planted(release(NEXT, "gdp_growth", growth), lambda v: -size * v, "CHN", 2004)
    (alarm,) = found(rows, indicator="gdp_growth", value=growth)
    assert alarm.kind == SIGN and "1 figure changed sign: CHN 2004: " in str(alarm)


def test_a_sign_that_changes_close_to_zero_raises_none():
    kept = [
        row._replace(value=0.02) if (row.country, row.year) == ("CHN", 2004) else row
        for day in RELEASES
        for row in release(day, "gdp_growth", growth)
    ]
    rows = planted(release(NEXT, "gdp_growth", growth), lambda v: -0.02, "CHN", 2004)
    assert found(rows, kept) == []


def test_an_axis_of_votes_that_was_turned_round_is_one_alarm():
    def votes(day, sign=1):
        return [
            Vote(code, year, sign * growth(code, year, day) / 5, day, 0)
            for code in CODES
            for year in range(FIRST, int(day[:4]))
        ]

    kept = [row for day in RELEASES for row in votes(day)]
    assert found(votes(NEXT), kept, table="votes") == []
    (alarm, *others) = found(votes(NEXT, -1), kept, table="votes")
    assert alarm.kind == SIGN and len(alarm.moves) > 30
    assert not [other for other in others if other.kind != JUMP]


# Base years ------------------------------------------------------------------------------------


def rebased(factor=lambda code: 1.05 + 0.03 * CODES.index(code), unit="constant 2015 US$"):
    return [
        row._replace(value=row.value * factor(row.country), unit=unit) for row in release(NEXT)
    ]


def test_another_base_year_that_the_unit_names_is_no_alarm():
    assert found(rebased()) == []


def test_countries_with_a_factor_each_are_another_base_year_where_the_unit_is_the_same():
    (alarm,) = found(rebased(unit=UNIT))
    assert alarm.kind == BASE and "6 of 6 countries" in str(alarm) and "another base" in str(alarm)


def test_one_country_that_was_rescaled_is_no_base_year():
    assert found(planted(release(NEXT), lambda v: 1.02 * v, "FRA")) == []


def test_a_unit_that_names_another_base_year_over_the_old_figures_is_an_alarm():
    (alarm,) = found(rebased(lambda _: 1.0))
    assert alarm.kind == BASE and "6 of 6 countries have not moved" in str(alarm)


def test_a_unit_of_another_size_under_another_base_year_is_an_alarm():
    (alarm,) = found(rebased(lambda _: 1050.0))
    assert alarm.kind == BASE and "are × 1,050" in str(alarm)


def test_a_fault_in_one_figure_is_seen_through_another_base_year():
    (alarm,) = found(planted(rebased(), lambda v: 1000 * v, "DEU", 2008))
    assert alarm.kind == FACTOR and "DEU 2008" in str(alarm)
    assert "(brought to the new unit)" in str(alarm)


# Jumps -----------------------------------------------------------------------------------------


def test_a_move_that_a_kept_release_has_shown_is_no_jump():
    kept = [row for day in RELEASES[:-1] for row in release(day)]
    shown = planted(release(RELEASES[-1]), lambda v: 1.3 * v, "FRA", 2004)
    again = planted(release(NEXT), lambda v: 1.2 * v, "FRA", 2009)
    assert [alarm.kind for alarm in found(again, [*kept, *release(RELEASES[-1])])] == [JUMP]
    moves = found(again, [*kept, *shown])
    assert "FRA 2009" not in " ".join(map(str, moves))


def test_the_alarm_says_by_how_much_the_history_was_exceeded():
    (alarm,) = found(planted(release(NEXT), lambda v: 1.3 * v, "FRA", 2009))
    (move,) = alarm.moves
    assert move.times > alarm.limit >= 1.0
    assert f"{move.times:.1f} times the largest earlier move of this country" in str(alarm)


def test_of_a_series_without_a_kept_release_nothing_is_said():
    assert found(planted(release(NEXT), lambda v: 1000 * v, "FRA", 2009), []) == []


def test_what_was_released_later_does_not_count(small_panel, put):
    page = samples.api_page([samples.api_row("CHN", 2019, 0.002)], updated="2021-06-30")
    examined = examination.examine([put("old.json", json.dumps(page))], small_panel)
    assert examined.changes[0].new == 1 and examined.alarms == []


# Deliveries and orders -------------------------------------------------------------------------


def deliveries(day, change=lambda tiv, *_: tiv):
    """Return deliveries of three pairs, which go up and down by half every three years."""
    rows = []
    for n, (supplier, recipient) in enumerate((("RUS", "CHN"), ("USA", "IND"), ("FRA", "IND"))):
        for year in range(FIRST, int(day[:4])):
            tiv = change(400.0 * (n + 1) * (1, 1.5, 2)[(year + n) % 3], supplier, year)
            if tiv:
                rows.append(Transfer(supplier, recipient, year, "aircraft", tiv, 3, day, 0))
    return rows


def test_a_sound_release_of_deliveries_raises_no_alarm():
    kept = [row for day in RELEASES for row in deliveries(day)]
    assert found(deliveries(NEXT), kept, table="transfers") == []


def test_deliveries_in_another_unit_raise_an_alarm_for_the_pair_and_for_both_totals():
    kept = [row for day in RELEASES for row in deliveries(day)]
    rows = deliveries(NEXT, lambda tiv, *of: 1000 * tiv if of == ("RUS", 2009) else tiv)
    raised = found(rows, kept, table="transfers")
    assert {(alarm.kind, alarm.series) for alarm in raised} == {
        (FACTOR, "deliveries"), (FACTOR, "exports"), (FACTOR, "imports")
    }


def test_deliveries_that_are_gone_jump_to_zero():
    kept = [row for day in RELEASES for row in deliveries(day)]
    rows = deliveries(NEXT, lambda tiv, *of: 0.0 if of == ("USA", 2009) else tiv)
    jumps = [alarm for alarm in found(rows, kept, table="transfers") if alarm.kind == JUMP]
    assert any("USA 2009" in str(a) and "→ 0" in str(a) and a.series == "exports" for a in jumps)


def test_small_volumes_are_too_coarse_for_a_factor():
    def orders(day, tiv):
        return [
            Order("RUS", "CHN", "land", year, tiv if year == 2004 else 50.0 + year % 7, 0.0, 1, day)
            for year in range(FIRST, 2012)
        ]

    kept = [row for day in RELEASES for row in orders(day, 5.0)]
    assert all(a.kind == JUMP for a in found(orders(NEXT, 50.0), kept, table="orders"))


@pytest.mark.parametrize(
    ("values", "texts"),
    [((0,), ("0",)), ((1.5,), ("1.5",)), ((-0.01234, 0.1), ("−0.01234", "0.1")),
     ((58400,), ("58,400",)), ((13189115, 8e6), ("13.19 million", "8 million")),
     ((2.1e13, 0), ("21 trillion", "0")), ((72937.0, 72937e3), ("72,937", "72,937,000"))],
)  # fmt: skip
def test_figures_are_shown_with_four_digits_and_in_one_size(values, texts):
    assert alarms.shown(*values) == texts


# The real ones ---------------------------------------------------------------------------------


def kept_releases():
    """Yield table, series, and its kept releases in turn, as rows by day."""
    tables = ("country_years", "votes", "transfers", "totals", "orders", "unit_values")
    for table in tables:
        where = {"assumed": ["0"]} if "assumed" in KEYS[table] else None
        series = defaultdict(lambda: defaultdict(list))
        for row in read(table, None, where):
            series[series_of(table, row)][row.vintage].append(row)
        for name, days in series.items():
            yield table, name, dict(sorted(days.items()))


def test_of_the_real_releases_in_turn_none_raises_an_alarm_other_than_a_jump():
    """All series of the shipped panel, each release as if it came new: 76 that had one before.

    Jumps are no faults by themselves: they are what no kept release had shown when it came, such
    as the United Kingdom's R&D of 2018, revised from 1.71 to 2.71 % of GDP. The count is that of
    the rule, whose bound is the history's own; it is held here so that a change of it is seen.
    """
    kinds, alarming, releases = Counter(), set(), 0
    for table, name, days in kept_releases():
        kept = []
        for day, rows in days.items():
            releases += bool(kept)
            for alarm in alarms.find(Batch(table, name, "P", day, True, "f", rows), kept):
                kinds[alarm.kind] += 1
                alarming.add((name, day))
            kept += rows
    assert set(kinds) == {JUMP}
    assert releases > 50 and len(alarming) <= releases / 2
    assert kinds[JUMP] <= 40


def test_faults_planted_into_the_newest_real_release_are_found():
    """A thousand times each of some hundred figures of the last ten years, one after another."""
    for table, name, days in kept_releases():
        if name not in ("milex_current", "gdp_current", "population", "rd_share"):
            continue
        *before, newest = days
        kept = [row for day in before for row in days[day]]
        known = {(row.country, row.year) for row in kept}
        rows = [r for r in days[newest] if (r.country, r.year) in known and r.year >= 2014]
        faults = {(r.country, r.year) for r in rows[:: len(rows) // 100] if r.value}
        wrong = [
            r._replace(value=1000 * r.value) if (r.country, r.year) in faults else r
            for r in days[newest]
        ]
        raised = alarms.find(Batch(table, name, "P", newest, True, "f", wrong), kept)
        told = {
            (m.label, m.year) for a in raised if a.kind in (FACTOR, JUMP) for m in a.moves
        }
        assert len(faults & told) >= 0.95 * len(faults), name


def test_the_real_files_in_turn_raise_hardly_a_false_alarm(raw, tmp_path):
    """Workbooks of 2020, 2024 and 2025, delivery lines of 2025 and 2026, as a user adds them.

    With one workbook known, the next stops: SIPRI took a quarter off Portugal's figures of all
    years in 2024, which no release known by then had done to any country.
    """
    (tmp_path / "early").mkdir()
    for name in ("sipri/official_milex_2020-04.xlsx", "sipri/delivery_lines_2025-01-03.csv.gz"):
        (tmp_path / "early" / name.split("/")[1]).write_bytes((raw / name).read_bytes())
    base, store = build(tmp_path / "early", tmp_path / "base").folder, tmp_path / "store"
    kinds, stops = Counter(), []
    for name in (
        "official_milex_2024-04.xlsx",
        "official_milex_2025-04.xlsx",
        "official_export_deliveries_2026-02-12.csv",
    ):
        path = raw / "sipri" / name
        examined = additions.add([path], store, base, accept="as SIPRI published it").examined
        kinds += Counter(alarm.kind for alarm in examined.alarms if not alarm.stops)
        stops += [(name, str(alarm)) for alarm in examined.stops]
    assert set(kinds) <= {JUMP} and kinds[JUMP] <= 6
    assert {name for name, _ in stops} <= {"official_milex_2024-04.xlsx"}
    assert all("PRT" in words for _, words in stops)
