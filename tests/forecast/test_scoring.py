"""The track record, on entries made by hand and deliveries that are on record."""

import datetime

import numpy as np
import pytest

from crossover.data import additions, books, kept
from crossover.data.build import build
from crossover.data.names import BASELINE, FIRST_PASSAGE, LASTING, QUANTITY, STATE
from crossover.forecast import ledger, scores, scoring
from crossover.forecast.ledger_file import Entry
from tests.data import samples

NEXT = samples.lines_official(
    (
        *samples.LINES_ROWS[1:],
        samples.LINES_ROWS[0].replace("20,40,No", "20,50,No"),
        "17,Russia,China,S,SAM system,Air-defence systems,2020,No,1,No,2022,No,New,12,12,12,No",
    ),
    day="13 Mar 2023",
)


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    """Return a panel whose figures of 2019 have three releases, of 2022 one."""
    folder = tmp_path_factory.mktemp("scoring")
    samples.write_all(folder)
    (folder / "next.csv").write_text(NEXT)
    return build(folder, tmp_path_factory.mktemp("built") / "panel").folder


def entry(kind, question, forecast, **changes):
    given = {
        "seq": 1, "run": "r1", "kind": kind, "question": question, "country": "",
        "domain": "all", "supplier": "RUS", "recipient": "CHN", "scenario": BASELINE,
        "origin": 2018, "as_of": "", "vintages": {}, "forecast": forecast, "draws": 1000,
        "draws_hash": "", "created": "", "entered": "", "previous": "", "hash": "",
    }
    return Entry(**(given | changes))


def quantiles(years, low, high):
    values = np.linspace(low, high, len(scores.LEVELS)).tolist()
    return {"levels": list(scores.LEVELS), "quantiles": {str(year): values for year in years}}


def test_deliveries_are_scored_against_the_first_and_the_latest_release(panel):
    said = entry(QUANTITY, "deliveries", quantiles((2018, 2019, 2020, 2030), 0, 78))
    rows = scoring.score([said], panel)
    assert [(r.year, r.release, r.vintage, r.outturn) for r in rows] == [
        (2019, "first", "2021-03-10", 68.25),
        (2019, "latest", "2023-03-13", 80.25),
        (2020, "first", "2021-03-10", 0.0),
        (2020, "latest", "2023-03-13", 20.5),
    ]
    assert [(r.in_50, r.in_90) for r in rows] == [(0, 1), (0, 0), (0, 0), (1, 1)]
    assert all(r.median == pytest.approx(39.0) and r.brier is None for r in rows)
    assert rows[1].crps > rows[3].crps > 0


def test_figures_that_were_added_later_are_outturns_like_those_of_the_panel(tmp_path):
    raw, store = tmp_path / "raw", tmp_path / "store"
    raw.mkdir()
    samples.write_all(raw)
    base = build(raw, tmp_path / "panel").folder
    (tmp_path / "next.csv").write_text(NEXT)
    additions.add([tmp_path / "next.csv"], store, base, today=datetime.date(2023, 6, 1), wait=5.0)
    said = entry(QUANTITY, "deliveries", quantiles((2020, 2022), 0, 78), origin=2019)
    rows = scoring.score([said], kept.layers(base, store))
    assert {(r.year, r.vintage): r.outturn for r in rows if r.release == "latest"} == {
        (2020, "2023-03-13"): 20.5, (2022, "2023-03-13"): 12.0,
    }  # fmt: skip


def test_exports_and_imports_count_everybodys(panel):
    said = [
        entry(QUANTITY, "exports", quantiles((2021,), 0, 10), country="CHN"),
        entry(QUANTITY, "imports", quantiles((2019,), 0, 10), country="CHN"),
    ]
    latest = {r.question: r.outturn for r in scoring.score(said, panel) if r.release == "latest"}
    assert latest == {"exports": 9.0, "imports": 85.25}


def real(question, origin, by, **changes):
    """Return an entry of which the shipped panel knows the outturn."""
    changes = {"kind": FIRST_PASSAGE} | changes
    return entry(changes.pop("kind"), question, {"probability": by}, origin=origin, **changes)


def test_an_event_is_resolved_by_each_release():
    """China's three-year mean of exports was below Russia's in 2023 and above it in 2024 (2,119
    against 2,024 TIV million by the release of June 2026), which counts in 2025 too.
    """
    by = {"2022": 0.0, "2023": 0.4, "2024": 0.7, "2025": 0.8}
    rows = scoring.score([real("export_crossover", 2022, by)])
    assert [(r.year, r.release, r.outturn) for r in rows] == [
        (2023, "first", 0.0), (2023, "latest", 0.0), (2024, "first", 1.0), (2024, "latest", 1.0),
        (2025, "first", 1.0), (2025, "latest", 1.0),
    ]  # fmt: skip
    assert [r.brier for r in rows] == pytest.approx([0.16, 0.16, 0.09, 0.09, 0.04, 0.04])
    assert rows[0].log_score == pytest.approx(-np.log(0.6))


def test_a_state_is_scored_against_what_held_in_that_year():
    """Above in 2024 and, as said above, in no year before; below again in 2025."""
    by = {"2022": 0.0, "2023": 0.4, "2024": 0.7, "2025": 0.8}
    said = [real("export_crossover", 2022, by, kind=kind) for kind in (STATE, FIRST_PASSAGE)]
    latest = [r for r in scoring.score(said) if r.release == "latest"]
    outturns = {kind: [r.outturn for r in latest if r.kind == kind]
                for kind in (STATE, FIRST_PASSAGE)}  # fmt: skip
    assert outturns[FIRST_PASSAGE] == [0.0, 1.0, 1.0]
    assert outturns[STATE][:2] == [0.0, 1.0]
    means = [(mean.kind, mean.release) for mean in scoring.means(scoring.score(said))]
    assert means == [(STATE, "first"), (STATE, "latest"), (FIRST_PASSAGE, "first"),
                     (FIRST_PASSAGE, "latest")]  # fmt: skip


def test_a_state_on_record_at_the_origin_is_scored_and_its_passage_is_not():
    by = {"2024": 1.0, "2025": 0.6}
    said = [real("export_crossover", 2024, by, kind=kind) for kind in (STATE, FIRST_PASSAGE)]
    assert {r.kind for r in scoring.score(said)} == {STATE}


def test_independence_resolves_on_the_share_of_the_base_years():
    """Mean of 2022–24: 285; five per cent of the mean of 2000–2009 is about 110."""
    rows = scoring.score([real("independence", 2023, {"2023": 0.0, "2024": 0.0})])
    assert [(r.year, r.outturn, r.brier) for r in rows if r.release == "latest"] == [(2024, 0, 0)]


def test_a_share_of_no_draws_is_half_a_draw():
    by = {"2023": 0.0, "2024": 0.0}
    (row,) = (r for r in scoring.score([real("export_crossover", 2023, by, draws=50)])
              if r.release == "latest")
    assert row.outturn == 1.0 and row.log_score == pytest.approx(-np.log(0.01))


def contested(origin, by, markets=("IND", "DZA", "EGY", "SAU", "MMR", "VEN"), **changes):
    said = {"probability": by, "markets": list(markets)}
    return entry(changes.pop("kind", STATE), "contested_orders", said, origin=origin, **changes)


def test_contested_orders_resolve_on_a_register_of_two_years_later():
    """Sums of three years after the origin; counted here from the rows of the newest register."""
    by = {str(year): 0.4 for year in range(2018, 2027)}
    markets = ("IND", "DZA", "EGY", "SAU", "MMR", "VEN")
    rows = scoring.score([contested(2017, by)])
    assert {r.year for r in rows} == {2020, 2021, 2022, 2023, 2024}
    for r in rows:
        assert int(r.vintage[:4]) >= r.year + scoring.LISTED_AFTER
    book = books.with_earlier_units(books.as_of())
    for r in rows:
        if r.release == "latest":
            won = {code: sum(
                max(d.tiv_ordered or 0.0, d.tiv_delivered) for d in book.deals
                if d.supplier == code and d.recipient in markets
                and r.year - 3 < d.order_year <= r.year
            ) for code in ("RUS", "CHN")}  # fmt: skip
            assert won["RUS"] > 0 and r.outturn == float(won["CHN"] > won["RUS"]), r.year
            assert r.brier == pytest.approx((0.4 - r.outturn) ** 2)


def test_a_passage_of_contested_orders_has_happened_once_it_was_a_state():
    by = {str(year): 0.4 for year in range(2018, 2025)}
    said = [contested(2017, by, kind=kind, markets=("PAK", "BGD")) for kind in (STATE,
            FIRST_PASSAGE)]  # fmt: skip
    state, passage = (
        [r.outturn for r in scoring.score([one]) if r.release == "latest"] for one in said
    )
    assert any(state) and passage == [float(any(state[: k + 1])) for k in range(len(state))]


@pytest.mark.parametrize(
    "said",
    [
        entry(STATE, "contested_orders", {"probability": {"2023": 0.5}}, origin=2017),
        contested(2022, {"2023": 0.5, "2024": 0.5}),
        real("capacity_crossover", 2022, {"2023": 0.5}),
        real("export_crossover", 2022, {"2022": 1.0, "2023": 1.0}),
        real("export_crossover", 2022, {"2023": 0.5}, scenario="chinese_plateau"),
        real("export_crossover", 2022, {"2023": 0.5}, kind=LASTING),
        real("export_crossover", 2025, {"2025": 0.0, "2026": 0.5}),
        real("independence", 2023, {"2024": 0.5}, supplier="FRA", recipient="RUS"),
    ],
    ids=["markets not kept", "no three years yet", "model quantity", "known at the origin",
         "scenario", "known at the horizon", "not out yet", "undefined"],
)
def test_what_no_figure_resolves_is_not_scored(said):
    assert scoring.score([said]) == []


def test_means_are_by_question_and_release(panel):
    said = entry(QUANTITY, "deliveries", quantiles((2019, 2020), 0, 78))
    rows = scoring.score([said, said._replace(run="r2")], panel)
    first, latest = scoring.means(rows)
    assert (first.question, first.release, first.scored) == ("deliveries", "first", 4)
    assert (first.in_90, latest.in_90, first.brier) == (0.5, 0.5, None)
    assert first.crps == pytest.approx(np.mean([r.crps for r in rows if r.release == "first"]))


def test_the_outturn_is_what_the_model_calls_observed():
    """The same sums as in a run's `exports_observed` and `imports_observed`."""
    from crossover.data.panel import assemble

    came, tiv = scoring.Outturns(), assemble()["tiv"]
    day = came.of_year(2023)["latest"]
    for who in ("RUS", "CHN"):
        mine = came.values(day, ledger.EXPORTS, who, range(2000, 2025))
        theirs = tiv.sel(supplier=who, year=slice(2000, 2024)).sum("recipient")
        assert np.allclose(mine, theirs)


def test_a_record_counts_what_was_entered_what_can_be_resolved_and_what_was():
    by = {"2022": 0.0, "2023": 0.4, "2024": 0.7, "2025": 0.8}
    said = [
        real("export_crossover", 2022, by),
        real("export_crossover", 2022, by, run="r2"),
        real("export_crossover", 2025, {"2026": 0.8}, run="r3", hash="last"),
        real("capacity_crossover", 2022, by),
    ]
    # The chain of hashes ends with the last entry.
    said = [*said[:2], said[3], said[2]]
    record = scoring.track_record(said, scoring.score(said))
    assert (record["entries"], record["runs"], record["origins"]) == (4, 3, [2022, 2025])
    assert (record["pairs"], record["ledger"]) == (["RUS-CHN"], "last")
    assert record["questions"] == [
        {"question": "export_crossover", "kind": FIRST_PASSAGE, "entered": 3, "resolvable": 3,
         "scored": 2},
        {"question": "capacity_crossover", "kind": FIRST_PASSAGE, "entered": 1, "resolvable": 0,
         "scored": 0},
    ]
    first, latest = record["means"]
    # Two runs from one origin are scored against the same three outturns.
    assert (first["release"], first["scored"], first["outturns"]) == ("first", 6, 3)
    assert latest["brier"] == pytest.approx((0.16 + 0.09 + 0.04) / 3)
    assert record["newest"] >= "2026-02-12"


def test_a_figure_is_one_outturn_whatever_the_origin(panel):
    said = [
        entry(QUANTITY, "imports", quantiles((2019, 2020), 0, 10), country="CHN",
              origin=origin, run=str(origin), supplier=supplier)
        for origin, supplier in ((2018, "RUS"), (2017, "FRA"))
    ]
    mean = scoring.track_record(said, scoring.score(said, panel))["means"][0]
    assert (mean["scored"], mean["outturns"]) == (4, 2)


def test_a_record_of_nothing_scored_has_no_means():
    said = [real("independence", 2023, {"2024": 0.5}, supplier="FRA", recipient="RUS")]
    record = scoring.track_record(said, scoring.score(said))
    assert (record["entries"], record["means"], record["newest"]) == (1, [], "")
