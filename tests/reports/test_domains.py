"""The report by domain: its numbers are those of the files, its verdicts those of the rule."""

import dataclasses
import itertools
import re
import shutil
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.data.names import (
    DOMAIN_CROSSOVER,
    DOMAINS,
    JUNIOR_EVERYWHERE,
    JUNIOR_IN_NAMED_DOMAINS,
)
from crossover.reports import domain_check, domain_figures, domains, payload
from crossover.reports.context import domains as judged
from crossover.reports.context import levels
from crossover.reports.numerals import prob
from crossover.reports.phrases import LETTERS
from crossover.reports.reading import at_year
from tests.reports.conftest import pages, said, section

KINDS = ("plain", "never", "crossed", "undefined")


def words(macro, numbers, *given):
    return said("domains_words", macro, numbers, *given)


def written(numbers):
    return section("domains", numbers)


def of(frozen, domain):
    return next(row for row in frozen["domains"]["rows"] if row["domain"] == domain)


# Numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_being_ahead_in_a_domain_is_the_share_of_draws(runs, payloads, kind):
    with xr.open_dataset(runs[kind] / "domains.nc", engine="h5netcdf") as stored:
        past, future = (
            stored[name].diff("country").squeeze("country")
            for name in ("theta_domain_past", "theta_domain")
        )
        for domain in DOMAINS:
            ahead = of(payloads[kind], domain)["ahead"]
            expected = [
                *(past.sel(domain=domain) > 0).mean("draw").values,
                *(future.sel(domain=domain, scenario="baseline") > 0).mean("draw").values,
            ]
            # Frozen numbers keep six significant digits.
            np.testing.assert_allclose(ahead["probability"], expected, rtol=1e-5)
            assert (ahead["year"][0], ahead["year"][-1]) == (1992, 2050)


def test_today_in_the_table_is_today_in_the_map_and_in_the_events(runs, plain):
    events = pd.read_csv(runs["plain"] / "events.csv")
    for row in plain["domains"]["rows"]:
        mine = events[(events["event"] == DOMAIN_CROSSOVER) & (events["domain"] == row["domain"])]
        first = mine[(mine["year"] == 2024) & (mine["kind"] == "state")].iloc[0]
        assert row["now"]["probability"] == pytest.approx(first["probability"], rel=1e-5)
        assert row["now"]["mc_error"] == pytest.approx(first["mc_error"], rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_domains_stand_in_the_order_of_today(payloads, kind):
    now = [row["now"]["probability"] for row in payloads[kind]["domains"]["rows"]]
    assert now == sorted(now, reverse=True)
    assert len(now) == len(DOMAINS)


def test_the_number_of_domains_ahead_is_that_of_the_table(runs, plain):
    table = pd.read_csv(runs["plain"] / "domains_ahead.csv")
    for entry in plain["domains"]["count"]:
        rows = table[table["year"] == entry["year"]]
        np.testing.assert_allclose(entry["probability"], rows["probability"], rtol=1e-5)
        drawn = np.repeat(rows["domains"], (rows["probability"] * 240).round().astype(int))
        for key, level in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95)):
            assert entry[key] == np.quantile(drawn, level, method="inverted_cdf")


def test_the_events_of_everything_at_once_are_those_of_the_tables(runs, payloads):
    timing = pd.read_csv(runs["crossed"] / "timing.csv").set_index("event")
    for entry in payloads["crossed"]["domains"]["joint"]:
        within = timing.loc[entry["event"], "probability_within_horizon"]
        assert entry["within"] == pytest.approx(within, rel=1e-5)
    assert not any(e["defined"] for e in payloads["undefined"]["domains"]["joint"])
    names = [e["event"] for e in payloads["plain"]["domains"]["joint"]]
    assert names == [JUNIOR_EVERYWHERE, JUNIOR_IN_NAMED_DOMAINS]


def test_what_is_on_record_is_summed_from_orders_and_deliveries(runs, plain):
    with xr.open_datatree(runs["plain"] / "posterior.nc", engine="h5netcdf") as tree:
        held = tree["domains/constant_data"].to_dataset().load()
    record = of(plain, "sensors")["record"]
    one = held.sel(domain="sensors")
    for name in ("orders", "volume", "delivered"):
        forth = one[name].sel(supplier="RUS", recipient="CHN")
        back = one[name].sel(supplier="CHN", recipient="RUS")
        np.testing.assert_allclose(record["forth"][name], forth, rtol=1e-5)
        np.testing.assert_allclose(record["back"][name], back, rtol=1e-5)
        sold = one[name].sel(supplier="CHN").sum("recipient")
        np.testing.assert_allclose(record["recipient"][name], sold, rtol=1e-5)
    imports = one["delivered"].sel(recipient="CHN").sum("supplier")
    np.testing.assert_allclose(record["imports"], imports, rtol=1e-5)
    assert plain["domains"]["periods"][-1] == {"first": 2021, "last": 2024}


def test_a_country_that_sells_nothing_has_no_record_of_sales(payloads):
    record = of(payloads["undefined"], "land")["record"]
    assert record["recipient"] is None
    assert record["back"] is None
    assert record["supplier"] is not None


def test_dependence_is_that_of_the_draws_at_the_origin(runs, plain):
    with xr.open_dataset(runs["plain"] / "domains.nc", engine="h5netcdf") as stored:
        draws = stored["supplier_share_past"].sel(year=2024, domain="engines").values
    found = of(plain, "engines")["dependence"]["share"]
    assert found["q50"] == pytest.approx(np.median(draws), rel=1e-5)
    assert found["q95"] == pytest.approx(np.quantile(draws, 0.95), rel=1e-5)


def test_parameters_of_the_domain_layer_are_shown_too(plain):
    assert {"substitution", "unit_strength"} <= {p["name"] for p in plain["parameters"]}


# Rules -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headline", "others", "expected"),
    [
        (0.97, [0.97, 0.6, 0.5], "supported"),
        (0.97, [0.97, 0.49], "open"),
        (0.949, [0.99], "open"),
        (0.03, [0.03, 0.5], "contradicted"),
        (0.03, [0.03, 0.51], "open"),
        (0.5, [0.5], "open"),
        (0.96, [], "supported"),
    ],
)
def test_a_statement_must_be_likelier_under_every_convention(headline, others, expected):
    assert domains.stands(headline, others) == expected


@pytest.mark.parametrize(
    ("alternative", "items", "expected"),
    [
        ("unit_values", (3, 1), True),
        ("unit_values", (3, 0), False),
        ("unit_values", (None, None), False),
        ("chosen", (None, None), True),
    ],
)
def test_unit_values_count_where_both_sides_have_some(alternative, items, expected):
    row = {"alternative": alternative, "supplier_items": items[0], "recipient_items": items[1]}
    assert domains.counted(row) is expected


def test_a_statement_of_the_suppliers_lead_turns_probabilities_round(plain):
    claim = next(c for c in plain["domains"]["named"] if c["domain"] == "engines")
    row = of(plain, "engines")
    others = [x["probability"] for x in row["levels"] if domains.counted(x)]
    assert claim["probability"] == pytest.approx(1 - row["now"]["probability"], abs=1e-6)
    assert claim["lowest"] == pytest.approx(1 - max(others), abs=1e-6)
    assert claim["highest"] == pytest.approx(1 - min(others), abs=1e-6)
    uncrewed = next(c for c in plain["domains"]["named"] if c["domain"] == "uncrewed")
    assert uncrewed["probability"] == of(plain, "uncrewed")["now"]["probability"]


def test_the_statements_come_out_as_the_draws_have_it(payloads):
    verdicts = {
        kind: {c["domain"]: c["verdict"] for c in payloads[kind]["domains"]["named"]}
        for kind in KINDS
    }
    assert set(verdicts["never"].values()) == {"supported", "contradicted"}
    assert verdicts["never"]["uncrewed"] == "contradicted"
    assert verdicts["crossed"]["uncrewed"] == "supported"
    assert verdicts["crossed"]["sensors"] == "contradicted"


@pytest.mark.parametrize(
    ("below", "at", "expected"),
    [
        (0.0, 0.5, 0.9),  # zero like half of the predictions: uniform on 0 to 0.5
        (0.0, 1.0, 0.9),  # zero like all: as likely inside as the band is wide
        (0.5, 0.0, 1.0),
        (0.99, 0.0, 0.0),
        (0.0, 0.0, 0.0),
        (0.04, 0.02, 0.5),
    ],
)
def test_ties_are_broken_at_random(below, at, expected):
    share = domain_check.inside(pd.Series([below]), pd.Series([at]), 0.05, 0.95)
    assert share[0] == pytest.approx(expected)


def test_breaking_ties_keeps_the_coverage_of_a_right_model():
    rng = np.random.default_rng(4)
    drawn = np.where(rng.random((4000, 200)) < 0.6, 0.0, rng.random((4000, 200)))
    seen = np.where(rng.random(4000) < 0.6, 0.0, rng.random(4000))
    below = pd.Series((drawn < seen[:, None]).mean(1))
    at = pd.Series((drawn == seen[:, None]).mean(1))
    # 4,000 cells: a standard error of about half a point, and 200 draws blur the ends by as much.
    assert domain_check.inside(below, at, 0.05, 0.95).mean() == pytest.approx(0.9, abs=0.02)
    assert domain_check.inside(below, at, 0.25, 0.75).mean() == pytest.approx(0.5, abs=0.03)


def test_the_check_counts_every_cell_and_every_zero(runs, plain):
    table = pd.read_csv(runs["plain"] / "domain_check.csv")
    check = plain["domains"]["check"]
    assert (check["cells"], check["zeros"]) == (len(table), (table["observed"] == 0).sum())
    touched = table["observed"].between(table["q05"], table["q95"]).mean()
    assert check["within_90"]["touched"] == pytest.approx(touched, rel=1e-5)
    assert len(check["series"]) == 5


def test_where_the_check_fails_is_words(plain):
    series = next(s for s in plain["domains"]["check"]["series"] if s["side"] == "imports")
    series["missed"] = []
    assert "inside the 90 % band in every domain" in words("check", plain)
    series["missed"] = [{"domain": "engines", "side": "above", "periods": [2020, 2024]}]
    text = words("check", plain)
    assert "engines above it in 2017–2020 and 2021–2024" in text
    assert "does not follow how the country’s needs have moved" in text


def test_a_miss_has_a_side_and_its_periods():
    panel = {
        "domain": "land", "period": [2016, 2020, 2024], "observed": [0.5, 0.1, 0.0],
        "q05": [0.1, 0.1, 0.1], "q95": [0.4, 0.4, 0.4],
    }  # fmt: skip
    assert domain_check.missed(panel) == [
        {"domain": "land", "side": "above", "periods": [2016]},
        {"domain": "land", "side": "below", "periods": [2024]},
    ]


# Files that are missing ------------------------------------------------------------------------


@pytest.mark.parametrize("name", domains.FILES)
def test_a_missing_file_is_named_with_what_makes_it(runs, tmp_path, name):
    run = shutil.copytree(runs["plain"], tmp_path / "run")
    (run / name).unlink()
    with pytest.raises(InputError, match=rf"{name}.*'crossover forecast'") as caught:
        payload.collect(run)
    assert "\n" not in str(caught.value)


def test_a_run_fitted_before_domains_is_told_to_fit_anew(runs, tmp_path):
    run = shutil.copytree(runs["plain"], tmp_path / "run")
    with xr.open_datatree(run / "posterior.nc", engine="h5netcdf") as stored:
        older = stored.load().copy()
    del older["domains"]
    (run / "posterior.nc").unlink()
    older.to_netcdf(run / "posterior.nc", engine="h5netcdf")
    with pytest.raises(InputError, match="before domains were modelled; fit anew"):
        payload.collect(run)


def test_a_run_whose_domains_were_fitted_to_deliveries_is_told_to_fit_anew():
    held = xr.Dataset({"lines": (("domain",), [1.0])})
    tree = xr.DataTree.from_dict({"domains/constant_data": held})
    with pytest.raises(InputError, match="fitted to deliveries, not orders; fit anew"):
        domains.check({"posterior.nc": "posterior.nc"}, tree)


# Words and figures -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("probability", "place"),
    [(0.0, 0), (0.05, 0), (0.0501, 1), (0.5, 2), (0.501, 3), (0.9499, 4), (0.95, 5), (1.0, 5)],
)
def test_the_steps_of_the_map_are_those_of_the_verdicts(probability, place):
    assert domain_figures.step(probability)[1] == place


def test_every_step_of_the_map_is_darker_than_the_one_before():
    def light(colour):
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    shades = [light(colour) for _, colour, _ in domain_figures.STEPS]
    drops = [before - after for before, after in itertools.pairwise(shades)]
    # A fortieth of the whole range is seen in print, and the middle step is the widest.
    assert min(drops) > 255 / 40
    assert max(drops) == drops[2]


@pytest.mark.parametrize("kind", KINDS)
def test_figures_are_svg_without_a_broken_coordinate(payloads, kind):
    for make in domain_figures.ALL.values():
        content = make(payloads[kind])
        assert ElementTree.fromstring(content).tag.endswith("svg")
        assert not re.search(rb"\b(nan|inf)\b", content, re.IGNORECASE)


def test_unknown_years_of_the_map_are_left_open(plain):
    plain["domains"]["rows"][0]["ahead"]["probability"][:5] = [None] * 5
    runs_ = domain_figures._runs(plain["domains"]["rows"][0]["ahead"])
    assert runs_[0] == (1992, 1996, None)
    domain_figures.heat(plain)


def test_a_convention_has_one_letter_whatever_the_pair(plain):
    assert [LETTERS[name] for name in ("chosen", "effort_only", "by_number", "unit_values")] == [
        "A", "G", "I", "J"
    ]
    plain["levels"]["rows"] = plain["levels"]["rows"][2:]
    assert [row.letter for row in levels.context(plain).rows] == ["D", "E", "G"]


@pytest.mark.parametrize("kind", KINDS)
def test_tables_ask_for_the_years_ahead_and_show_what_there_is_to_go_by(payloads, kind):
    found = judged.context(payloads[kind])
    assert found.asked == (("state", 2030), ("state", 2035), ("first_passage", 2035),
                           ("lasting", 2035))  # fmt: skip
    for row, one in zip(payloads[kind]["domains"]["rows"], found.standings, strict=True):
        assert one.row is row
        assert (one.sold["recipient"] is None) == (kind == "undefined")
    text = written(payloads[kind])
    for row in payloads[kind]["domains"]["rows"]:
        asked = [at_year(row["event"], y, k) for k, y in found.asked] if (
            row["event"]["defined"]) else [None] * 4
        assert "".join(f"[{prob(p)}], " for p in asked) in text


def test_the_first_page_says_how_the_domains_stand(payloads):
    found = judged.context(payloads["never"])
    assert list(found.verdicts) == ["contradicted"] and len(found.verdicts["contradicted"]) == 10
    text = words("summary", payloads["never"])
    assert "ahead of Russia in 0 of 10 technology domains in 2024" in text
    assert "at 0.05 or less in each." in text
    assert "is ahead everywhere" in text
    assert "is not defined: Vietnam is not among" in words("summary", payloads["undefined"])


def test_what_sets_domains_of_a_country_without_exports_apart_is_said_to_be_prior(payloads):
    assert "drawn from the prior" not in written(payloads["plain"])
    assert judged.context(payloads["undefined"]).outsiders == ("Vietnam",)
    text = written(payloads["undefined"])
    assert "Vietnam is not among the suppliers of the sample. No exports show where it is" in text
    assert "What sets domains of Vietnam apart is prior" in text
    assert "measurement. They compare" not in text
    payloads["undefined"]["pair"]["supplier"]["exporter"] = False
    assert "No exports show where they are strong; what sets their domains" in (
        written(payloads["undefined"])
    )


@pytest.mark.parametrize(
    ("positive", "expected"),
    [
        (0.97, "reliably above zero, so here the two agree in direction"),
        (0.6, "not reliably above zero: here the two do not agree"),
        (0.02, "reliably below zero: here the two contradict each other"),
    ],
)
def test_whether_unit_values_agree_follows_from_their_slope(plain, positive, expected):
    plain["domains"]["agreement"] = [
        {"slope": "within", "median": 0.1, "q05": -0.1, "q95": 0.3, "positive": positive}
    ]
    assert f": {expected}" in words("units", plain)


@pytest.mark.parametrize("kind", KINDS)
def test_each_statement_is_answered_with_its_range_and_the_register(payloads, kind):
    frozen = payloads[kind]
    for one in judged.context(frozen).statements:
        claim, text = one.row, words("answer", frozen, one)
        assert f"probability {prob(claim['probability'])} as an average over" in text
        ends = [prob(claim["lowest"]), prob(claim["highest"])]
        spread = ends[0] if ends[0] == ends[1] else " to ".join(ends)
        assert text.endswith(f"of them, give {spread}.")
        assert words("register", frozen, one.standing).startswith("The register of 2021–2024 shows")


def test_the_register_tells_both_ways_all_customers_and_nothing_apart(plain):
    one = judged.context(plain).statements[0].standing
    flows = (judged.Flow("supplier", "recipient", 1.0, 3.14), judged.Flow("recipient", "supplier",
             0.0, 0.0))  # fmt: skip
    whole = (judged.Flow("recipient", None, 1200.0, 15.2),)
    text = words("register", plain, dataclasses.replace(one, between=flows, in_all=whole))
    assert text.startswith(
        "The register of 2021–2024 shows 1 order (3.1 TIV million) from Russia to China and none "
        "from China to Russia; to all customers 1,200 (15 TIV million) by China. "
    )
    text = words("register", plain, dataclasses.replace(one, between=(), in_all=()))
    assert "The register" not in text


def test_another_pair_is_told_of_whom_the_argument_speaks(payloads):
    assert "was made about Russia and China" in words("argument", payloads["undefined"])
    assert "is still needed for radars" in words("argument", payloads["plain"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_rule_is_printed_with_the_verdicts(payloads, kind):
    assert "0.95 or more on average and 0.5 or more" in words("argument", payloads[kind])


def test_the_pdf_shows_the_domains(plain, quick):
    text = " ".join(pages(quick(plain)))
    for one in judged.context(plain).statements:
        assert words("answer", plain, one) in text.replace("\u00a0", " ")
    for caption in ("Who is ahead by domain", "In how many domains", "Dependence of China"):
        assert caption in text
