"""What was added is what is read, or it is refused by name."""

import gzip
import json

import pytest

from crossover.data import additions, kept
from crossover.data.errors import InputError
from tests.trust import deeds


@pytest.fixture
def store(tmp_path, small_panel):
    """Return a store with an addition, and its folder."""
    deeds.research(tmp_path)
    added = additions.add([tmp_path / "rd.json"], tmp_path / "store", small_panel)
    return tmp_path / "store", added.folder


def test_a_changed_table_is_refused(store):
    root, folder = store
    table = folder / "country_years.csv.gz"
    table.write_bytes(gzip.compress(gzip.decompress(table.read_bytes()).replace(b"2.6", b"9.6")))
    with pytest.raises(InputError, match=r"is not the hash of country_years\.csv\.gz"):
        kept.layers(None, root)


def test_a_table_that_the_index_does_not_name_is_refused(store):
    root, folder = store
    (folder / "transfers.csv.gz").write_bytes(gzip.compress(b"supplier\n"))
    with pytest.raises(InputError, match=r"transfers\.csv\.gz: .* does not name this file"):
        kept.layers(None, root)


@pytest.mark.parametrize("hashes", [{}, None, ["x"]])
def test_an_index_without_hashes_is_not_sound(store, hashes):
    root, folder = store
    said = json.loads((folder / kept.INDEX).read_text()) | {"hashes": hashes}
    (folder / kept.INDEX).write_text(json.dumps(said))
    with pytest.raises(InputError, match=r"addition\.json: .* no hash of each table"):
        kept.layers(None, root)


def test_a_table_changed_with_its_hash_is_known_by_the_name_of_the_folder(store):
    import hashlib

    root, folder = store
    table, index = folder / "country_years.csv.gz", folder / kept.INDEX
    table.write_bytes(gzip.compress(gzip.decompress(table.read_bytes()).replace(b"2.6", b"9.6")))
    said = json.loads(index.read_text())
    said["hashes"][table.name] = hashlib.sha256(table.read_bytes()).hexdigest()
    index.write_text(json.dumps(said))
    with pytest.raises(InputError, match="not the hashes that the folder was named by"):
        kept.layers(None, root)


def test_a_stray_file_in_the_store_does_not_end_adding(store, tmp_path, small_panel):
    from tests.data import samples

    root, _ = store
    (root / kept.FOLDER / "zz notes.txt").write_text("mine")
    page = samples.api_page([samples.api_row("CHN", 2024, 2.7)], updated="2026-06-30")
    (tmp_path / "later.json").write_text(json.dumps(page))
    assert additions.add([tmp_path / "later.json"], root, small_panel).folder is not None
    assert len(kept.listing(root)) == 2
