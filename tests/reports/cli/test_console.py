"""What is printed: tables, CSV, JSON, and no more than a terminal should get."""

from crossover.reports.cli import console


def test_a_table_is_aligned_numbers_to_the_right():
    text = console.table(("name", "value"), [("a", 1.5), ("long name", None), ("b", 12)])
    assert text.splitlines() == [
        "name       value",
        "---------  -----",
        "a            1.5",
        "long name",
        "b             12",
    ]
    assert console.table(("a",), []) == "a\n-"
