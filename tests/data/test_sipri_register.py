"""The trade register: orders by year of order, and what of them was delivered."""

import pytest

from crossover.data import sources, vintages
from crossover.data.errors import InputError
from crossover.data.sources.files import PLAIN, Options
from crossover.data.sources.files import Batch as Read
from tests.data import samples


def read(path, options=PLAIN) -> Read:
    (batch,) = sources.read_file(path, options)[1]
    return batch


def test_orders_are_summed_and_an_unknown_number_counts_as_what_was_delivered(put):
    _, (batch,) = sources.read_file(put("x.csv", samples.register()))
    found = {(r.domain, r.order_year): r[4:7] for r in batch.rows}
    assert found == {
        ("aircraft", 2018): (230.0, 60.5, 2),
        ("engines", 2018): (30.25, 30.25, 1),
    }
    assert batch.vintage == "2022-03-13"


def test_a_row_torn_by_a_line_break_in_a_comment_is_joined(put):
    torn = "China,Russia,2018,,4,,Su-27,fighter aircraft,3,,2019,New,first part\nsecond,20,80,60.5"
    _, (batch,) = sources.read_file(put("x.csv", samples.register((torn,))))
    assert [r[4:7] for r in batch.rows] == [(80.0, 60.5, 1)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",80,60.5", ",-80,60.5", "'-80': TIV must not be below 0"),
        ("Russia,2018,,4", "Russia,2018?,,4", "'2018?': must be a year"),
        ("China,Russia,2018,,4", "Cathay,Russia,2018,,4", "'Cathay': unknown country"),
        (",80,60.5", ",80", "a row must have 16 fields"),
    ],
)
def test_a_bad_field_is_named_with_its_line(refused, old, new, said):
    message = refused("x.csv", samples.register().replace(old, new))
    assert message.startswith("x.csv, line 6")
    assert said in message


@pytest.mark.parametrize(
    ("name", "vintage", "last"),
    [
        ("official_export_trade_register_2024-03-18.csv", "2024-03-18", 2023),
        ("official_export_trade_register_2025-03-13.csv", "2025-03-13", 2024),
    ],
)
def test_the_real_register_is_read_whole(raw, name, vintage, last):
    _, (batch,) = sources.read_file(raw / "sipri" / name)
    assert batch.vintage == vintage
    assert max(row.order_year for row in batch.rows) == last
    assert all(row.ordered_tiv >= row.delivered_tiv for row in batch.rows)


def test_deliveries_of_the_register_and_of_the_lines_agree_for_orders_since_2000(raw):
    _, (register,) = sources.read_file(
        raw / "sipri" / "official_export_trade_register_2024-03-18.csv"
    )
    _, (lines, *_) = sources.read_file(raw / "sipri" / "delivery_lines_2024-04-13.csv.gz")
    pair = ("RUS", "CHN")
    by_order = sum(
        r.delivered_tiv for r in register.rows if r[:2] == pair and r.order_year >= 1992
    )
    by_delivery = sum(r.tiv for r in lines.rows if r[:2] == pair and r.year >= 1992)
    # Orders before 1992 that arrived later are in the one and not in the other.
    assert by_order == pytest.approx(by_delivery, rel=0.05)


# As people have it --------------------------------------------------------------------------------


def plain(rows) -> list[tuple]:
    return [row[:-1] for row in rows]


def test_a_register_that_a_spreadsheet_saved_again_reads_the_same(put):
    as_exported = read(put("x.csv", samples.register_of_all()))
    for n, separator in enumerate((";", "\t")):
        saved = samples.saved_again(samples.register_of_all(), separator)
        assert read(put(f"x{n}.csv", saved)) == as_exported._replace(file=f"x{n}.csv")


def test_the_header_of_july_2026_is_read(put):
    text = samples.register_of_all().replace("Number delivered", "Deliveries in the Year Range")
    assert read(put("x.csv", text)) == read(put("x.csv", samples.register_of_all()))


def test_a_register_without_its_preamble_needs_its_date_from_the_user(put, refused):
    text = "\ufeff" + "\n".join((samples.REGISTER_HEADER, *samples.REGISTER_ROWS))
    assert refused("x.csv", text) == (
        "x.csv: has no line 'Data generated: day month year', so its vintage is unknown: say when "
        "it was published, with --released YEAR-MONTH-DAY"
    )
    batch = read(put("x.csv", text), Options("2022-03-13"))
    assert plain(batch.rows) == plain(read(put("y.csv", samples.register())).rows)
    assert batch.vintage == "2022-03-13"


def test_a_date_that_is_not_the_files_own_is_refused(put):
    with pytest.raises(InputError, match="--released says 2022-03-14, but the file has its own"):
        read(put("x.csv", samples.register()), Options("2022-03-14"))
    assert read(put("x.csv", samples.register()), Options("2022-03-13"))


@pytest.mark.parametrize("day", ["31 Feb 2022", "13 Mai 2022", "soon"])
def test_a_day_that_is_none_is_refused_with_its_line(refused, day):
    said = refused("x.csv", samples.register(day=day))
    assert said.startswith(f"x.csv, line 4: '{day}") and "must be the day" in said


def test_a_register_of_the_whole_world_is_taken_as_a_whole(put):
    batch = read(put("x.csv", samples.register_of_all()))
    assert batch.note == "trade register, the provider's export" and batch.remarks == ()


REST = (
    "Togo,China,2018,,1,,X,tank,1,,2019,New,,2,2,2",
    "China,Belgium,2018,,1,,X,tank,1,,2019,New,,3,3,3",
)


@pytest.mark.parametrize(
    ("whose", "pairs"),
    [
        ("from China  to All countries", {("RUS", "CHN"), ("CHN", "ROW")}),
        ("from All countries  to China", {("RUS", "CHN"), ("ROW", "CHN")}),
        ("from Russia  to China", {("RUS", "CHN")}),
        # The words of the whole world, but the rows of most suppliers have been cut away.
        ("from All countries  to All countries", {("RUS", "CHN")}),
    ],
)
def test_of_a_part_of_the_world_the_pairs_count_that_it_has_whole(put, whose, pairs):
    rows = (*samples.REGISTER_ROWS, *REST)
    batch = read(put("x.csv", samples.register_of(whose, rows)))
    assert {row[:2] for row in batch.rows} == pairs
    assert batch.note == vintages.PART
    (said,) = batch.remarks
    assert "refused as deliveries, used for the orders of its" in said
    assert "export the delivery lines from all countries to all countries" in said


def test_a_part_without_any_pair_of_the_sample_is_refused(refused):
    assert "holds no order that can be used" in refused("x.csv", samples.register(REST))


def test_orders_before_a_range_of_delivery_years_are_left_out(put):
    rows = (*samples.REGISTER_ROWS, samples.REGISTER_ROWS[0].replace("2018", "1999"))
    text = samples.register_of("from Russia to China", rows)
    text = text.replace("'Not specified' to 'Not specified'", "'2000' to '2021'")
    assert {row.order_year for row in read(put("x.csv", text)).rows} == {2018}


def test_a_range_that_ends_before_the_release_is_refused(refused):
    text = samples.register_of("from Russia to China")
    text = text.replace("'Not specified' to 'Not specified'", "'2000' to '2020'")
    said = refused("x.csv", text)
    assert said.startswith("x.csv, line 1: ")
    assert "leaves out what was delivered after 2020: export the register without a year" in said


@pytest.mark.parametrize(
    ("name", "released", "vintage"),
    [
        ("register_without_preamble.csv", "2026-05-20", "2026-05-20"),
        ("register_saved_by_spreadsheet.csv", None, "2026-05-18"),
    ],
)
def test_the_real_shapes_of_a_register_of_one_pair_are_read(raw, name, released, vintage):
    batch = read(raw / "as_downloaded" / name, Options(released))
    assert {row[:2] for row in batch.rows} == {("RUS", "CHN")}
    assert (batch.vintage, batch.note) == (vintage, vintages.PART)
    found = {(row.domain, row.order_year): row[4:7] for row in batch.rows}
    assert found["missiles", 2015] == (120.0, 120.0, 1)
    # 123 engines for 399.75 TIV million, whose comma is the spreadsheet's, and two more orders.
    assert found["engines", 2011] == (1374.25, 1374.25, 3)


def test_the_real_register_of_one_supplier_counts_for_its_own_pairs(raw):
    batch = read(raw / "sipri" / "official_export_trade_register_china_2026-07-14.csv")
    assert {row.supplier for row in batch.rows} == {"CHN"} and batch.note == vintages.PART
    assert {"PAK", "ROW"} <= {row.recipient for row in batch.rows}
    assert min(row.order_year for row in batch.rows) == 2000
