"""How the web page writes numbers and likelihoods."""

import pytest

from crossover.reports import page_words


@pytest.mark.parametrize(
    ("probability", "percent", "word"),
    [
        (0.0, "<1 %", "exceptionally unlikely"), (0.0049, "<1 %", "exceptionally unlikely"),
        (0.005, "1 %", "exceptionally unlikely"), (0.104, "10 %", "very unlikely"),
        (0.106, "11 %", "unlikely"), (0.334, "33 %", "unlikely"),
        (0.336, "34 %", "about as likely as not"), (0.654, "65 %", "about as likely as not"),
        (0.656, "66 %", "likely"), (0.125, "12 %", "unlikely"), (0.899, "90 %", "very likely"),
        (0.99, "99 %", "virtually certain"), (0.9951, ">99 %", "virtually certain"),
        (1.0, ">99 %", "virtually certain"),
    ],
)  # fmt: skip
def test_a_probability_is_put_into_words_as_it_is_printed(probability, percent, word):
    assert page_words.percent(probability).replace("\u00a0", " ") == percent
    assert page_words.likely(probability) == word


def test_the_key_of_the_page_is_that_of_the_report():
    key = page_words.key()
    assert key.startswith("virtually certain ≥ 99 %; very likely ≥ 90 %; likely ≥ 66 %; ")
    assert key.endswith("unlikely ≤ 33 %; very unlikely ≤ 10 %; exceptionally unlikely ≤ 1 %")


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [(None, "number", "–"), (0.4, "probability", "40\u00a0%"), (2030, "year", "2030"),
     (1234.5, "volume", "1,234"), (4.64, "volume", "4.6"), (0.0, "volume", "0"),
     (-0.5, "signed", "−0.50"), (0.123, "signed", "+0.12"), ("a", "text", "a")],
)  # fmt: skip
def test_a_cell_is_written_by_the_form_of_its_column(value, form, text):
    assert page_words.written(value, form) == text
