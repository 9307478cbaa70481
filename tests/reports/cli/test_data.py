"""Commands on the panel: look-ups, checks, and what is added to it."""

import shutil

from crossover.reports.cli import console


def test_data_commands_print_what_the_panel_holds(command):
    shown = command("data", "show", "deliveries", "--supplier", "RUS", "--recipient", "CHN",
                    "--years", "2024", "--csv")
    assert shown.code == console.DONE and shown.out.startswith("year,TIV million,lines")
    assert command("data", "domains", "submarines").code == console.DONE
    assert "rd_share" in command("data", "list").out
    assert "2026-02-12" in command("data", "list", "--series", "deliveries").out


def test_data_domains_shows_what_the_mapping_moves(command):
    shown = command("data", "domains")
    assert shown.code == console.DONE
    assert "by technology domain, 1992-2025" in shown.out and "SIPRI's category" in shown.out
    long = command("data", "domains", "--csv").out.splitlines()
    assert long[0] == "category,domain,lines,TIV million"
    assert any(line.startswith("Missiles,air_defence,") for line in long)
    torpedoes = command("data", "domains", "--description", "torpedo", "--csv").out.splitlines()
    assert torpedoes[0].startswith("domain,description,class,category,lines,TIV million,note")
    assert all(line.startswith("naval,") for line in torpedoes[1:])
    assert len(command("data", "domains", "--all", "--csv").out.splitlines()) > 320
    assert "data/domains.csv" in command("data", "domains", "--help").out


def test_unit_values_are_shown_by_weapon(command):
    shown = command("data", "show", "unit_values", "--supplier", "CHN", "--weapon", "frigate",
                    "--years", "2023", "--csv")
    assert shown.out.splitlines()[-1] == "CHN,frigate,naval,2023,335,3,2026-02-12,0"
    assert "unit_values" in command("data", "list").out


def test_data_check_names_every_fault_and_exits_2(command, tmp_path, small_panel):
    shutil.copytree(small_panel, tmp_path / "panel")
    (tmp_path / "panel" / "embargoes.csv.gz").write_bytes(b"torn")
    done = command("data", "check", tmp_path / "panel")
    assert done.code == console.BAD_INPUT
    assert "embargoes.csv.gz" in done.out and "fault" in done.err


def test_the_revisions_of_descriptions_say_what_was_renamed(command):
    found = command("data", "revisions", "--indicator", "descriptions")
    assert found.code == 0 and "descriptions" in found.out
    assert "renamed: 'SAM' is now 'surface-to-air missile'" in found.err
    assert "split: 'MCM ship' is now two: 'minehunter', 'minehunter/minesweeper'" in found.err
