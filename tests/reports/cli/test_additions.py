"""Commands that take new figures in."""

import json

import pytest

from crossover.reports.cli import console


def test_files_are_previewed_added_and_then_known(command, tmp_path, own_store, small_panel):
    from tests.data import samples

    at = ("--panel", small_panel)
    page = samples.api_page([samples.api_row("CHN", 2024, 2.6)], updated="2026-05-30")
    file = tmp_path / "rd.json"
    file.write_text(json.dumps(page))
    dry = command("data", "add", str(file), "--dry-run", *at)
    assert dry.code == 0 and "rd_share" in dry.out and "nothing was written" in dry.err
    assert not (own_store / "panel").exists()
    done = command("data", "add", str(file), *at)
    assert done.code == 0 and "added: " in done.err
    again = command("data", "add", str(file), *at)
    assert again.code == 0 and again.out == ""
    assert "rd.json was added on" in again.err and "nothing new" in again.err
    shown = command("data", "show", "rd_share", "--country", "CHN", "--years", "2024", "--csv", *at)
    assert shown.out.splitlines()[-1].startswith("CHN,2024,2.6,% of GDP,2026-05-30,0")
    listed = command("data", "list", "--additions", "--csv")
    assert listed.out.splitlines()[1].endswith("rd.json,1,1,")
    history = command("data", "revisions", "--indicator", "rd_share", "--country", "CHN",
                      "--year", "2024", "--csv", *at)
    assert history.code == 0 and "2026-05-30" in history.out
    assert command("data", "check").code == 0


def test_refused_rows_are_listed_and_the_rest_counted(command, tmp_path, own_store):
    from tests.data import samples

    bad = [samples.LINES_ROWS[0].replace("11,", f"{n},").replace("20,40", "20,?")
           for n in range(65)]
    file = tmp_path / "bad.csv"
    file.write_text(samples.lines_official(bad))
    done = command("data", "add", str(file))
    assert done.code == console.BAD_INPUT
    *listed, more, last = done.err.strip().splitlines()
    assert len(listed) == 60 and more == "refused: 5 more"
    assert listed[0].startswith("refused: bad.csv, line 7, column 'TIV delivery values': '?'")
    assert last.startswith("crossover: error: bad.csv, line 7") and "(and 64 more)" in last
    assert additions_of(own_store) == []


def test_what_a_file_does_not_say_its_user_may(command, tmp_path, own_store):
    from tests.data import samples

    file = tmp_path / "long.csv"
    file.write_text(samples.WDI_LONG)
    asked = command("data", "add", str(file))
    assert asked.code == console.BAD_INPUT and len(asked.err.strip().splitlines()) == 1
    assert "--indicator" in asked.err and "--released" in asked.err
    words = ("data", "add", str(file), "--indicator", "rd_share", "--released", "2021-04-15")
    dry = command(*words, "--dry-run")
    assert dry.code == 0 and "rd_share" in dry.out and not additions_of(own_store)
    bad = command(*words[:-1], "spring")
    assert bad.code == console.BAD_INPUT
    assert "--released: 'spring': must be a date, year-month-day" in bad.err


def test_an_unknown_weapon_is_accepted_with_a_warning(command, tmp_path, own_store):
    from tests.data import samples

    file = tmp_path / "lines.csv"
    file.write_text(samples.lines_official(day="13 Mar 2022").replace("turbofan", "railgun"))
    refused = command("data", "add", str(file))
    assert refused.code == console.BAD_INPUT and str(own_store / "domains.csv") in refused.err
    assert not (own_store / "panel").exists() or not additions_of(own_store)
    done = command("data", "add", str(file), "--accept-unknown")
    assert done.code == 0
    assert "warning: lines.csv, line 9: 'railgun' is unknown (1 row, 30.2 TIV million)" in done.err
    shown = command("data", "domains", "--description", "railgun", "--csv")
    assert shown.out.splitlines()[1].startswith("engines,railgun,railgun,Engines,")


def additions_of(store):
    from crossover.data import kept

    return kept.listing(store)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("data add no/such.csv", "such.csv: cannot be read"),
        ("data add", "FILE is missing: crossover data add FILE"),
        ("data add x.csv --panel no/such", "--panel: 'no/such': there is no such folder"),
        ("data refresh --indicator rd_shares", "unknown indicator"),
        ("data revisions --indicator rd_shar", "the nearest known is 'rd_share'"),
        ("data revisions --country CHN", "--country needs --indicator"),
        ("data revisions --year 2019", "--year needs --country"),
        ("data revisions --indicator rd_share --country CHN --year 19", "--year: '19': must be"),
        ("data list --additions", "no figure found: Additions in"),
    ],
)
def test_what_cannot_be_added_or_shown_exits_2(command, words, message):
    done = command(*words.split())
    assert done.code == console.BAD_INPUT
    assert message in done.err.strip().splitlines()[-1] and "Traceback" not in done.err


def test_the_world_bank_is_asked_and_what_is_new_is_added(
    command, own_store, small_panel, monkeypatch
):
    import asyncio

    from tests.data import samples
    from tests.data.test_world_bank_api import no_server, server

    page = samples.api_page([samples.api_row("CHN", 2024, 2.6)], updated="2026-05-30")
    with server(lambda query, n: (200, page, 0.0)) as (url, requests):
        words = ("data", "refresh", "--indicator", "rd_share", "--panel", small_panel, "--url")
        assert command(*words, url, "--dry-run").code == 0 and additions_of(own_store) == []
        done = command(*words, url)
    assert done.code == 0 and "rd_share" in done.out and "added: " in done.err
    assert len(additions_of(own_store)) == 1 and len(requests) == 2
    waits = []

    async def waited(seconds):
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", waited)
    with no_server() as url:
        gone = command(*words, url)
    assert gone.code == console.BAD_INPUT and "no connection" in gone.err
    assert sum(waits) >= 3.0


def test_what_would_change_is_written_as_a_page_and_nothing_else(command, tmp_path, own_store):
    from tests.data import samples

    file, page = tmp_path / "rd.json", tmp_path / "page.html"
    rows = [samples.api_row("CHN", 2023, 25.9 / 1.5), samples.api_row("CHN", 2024, 2.6)]
    file.write_text(json.dumps(samples.api_page(rows, updated="2026-07-20")))
    words = ("data", "add", file, "--html", page)
    refused = command(*words)
    assert refused.code == console.BAD_INPUT and "give --dry-run with it" in refused.err
    done = command(*words, "--dry-run")
    assert done.code == 0 and f"written: {page}" in done.err
    assert "alarm: jump: rd_share, release of 2026-07-20: 1 revised figure" in done.err
    assert "CHN 2023" in done.err and "China, 2023" in page.read_text("utf-8")
    first = page.read_bytes()
    assert command(*words, "--dry-run").code == 0 and page.read_bytes() == first
    page.write_text("my own page")
    stopped = command(*words, "--dry-run")
    assert stopped.code == console.BAD_INPUT and "no page of this command" in stopped.err
    assert page.read_text() == "my own page" and not own_store.exists()
    assert sorted(p.name for p in tmp_path.iterdir() if "html" in p.name) == ["page.html"]
