import pytest

from crossover.reports import numerals


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "<0.01"),
        (0.004, "<0.01"),
        (0.006, "0.01"),
        (0.5, "0.50"),
        (0.994, "0.99"),
        (0.996, ">0.99"),
        (1.0, ">0.99"),
        (None, "–"),
    ],
)
def test_a_probability_has_two_decimals_and_never_reads_as_certain(value, text):
    assert numerals.prob(value) == text


def test_a_probability_and_its_complement_add_up_in_print():
    for value in (k / 2000 for k in range(2001)):
        one, other = numerals.prob(value), numerals.complement(value)
        if {one, other} & {"<0.01", ">0.99"}:
            assert {one, other} == {"<0.01", ">0.99"}
        else:
            assert f"{float(one) + float(other):.2f}" == "1.00"


def test_a_monte_carlo_error_keeps_three_decimals():
    assert numerals.error(0.0123) == "0.012"
    assert numerals.error(0.0001) == "<0.001"
    assert numerals.error(0.0) == "0"
    assert numerals.error(None) == "not given"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (-0.314, 2, "−0.31"),
        (-0.001, 2, "0.00"),
        (12345.6, 0, "12,346"),
        (0.0, None, "0.00"),
        (0.01234, None, "0.0123"),
        (1234.5, None, "1,234"),
        (None, 2, "–"),
    ],
)
def test_numbers_have_a_true_minus_sign_and_no_negative_zero(value, decimals, text):
    assert numerals.number(value, decimals) == text


def test_decimals_follow_the_width_of_an_interval():
    assert numerals.places(0.0, 0.5) == 2
    assert numerals.places(0.0, 30.0) == 0
    assert numerals.places(0.001, 0.009) == 4
    assert numerals.places(1.0, 1.0) == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.7, "+0.700"), (-0.7, "−0.700"), (0.0, "0.000"), (1e-5, "0.000"), (1234.5, "+1,234.500")],
)
def test_a_difference_has_its_sign_but_for_zero_as_printed(value, text):
    assert numerals.signed(value, 3) == text


def test_a_hyphen_before_a_number_becomes_a_minus_and_no_other():
    assert numerals.minus("-0.1 [-0.2 to -0.05] of 1990-95") == "−0.1 [−0.2 to −0.05] of 1990-95"
