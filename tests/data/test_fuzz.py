"""Readers against small damage: what a file gives is batches or one clear refusal, nothing else.

The damage is what happens to real files: bytes and lines lost, doubled or swapped, cells that hold
something else, another separator, another encoding. The examples are the same in every run.
"""

import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossover.data import additions, examination, kept, sources
from crossover.data.errors import InputError, collecting
from crossover.data.sources.files import Batch, Options
from tests.data import samples
from tests.data.damage import damaged

TOLD = (
    Options(),
    Options("2022-03-13"),
    Options("2022-04-15", "rd_share"),
    Options("2022-03-31", None, True),
)
SHAPES = samples.FILES | {
    "register_all.csv": samples.register_of_all(),
    "register_part.csv": samples.register_of("from Russia to All countries"),
    "register_plain.csv": "\n".join((samples.REGISTER_HEADER, *samples.REGISTER_ROWS)),
    "register_saved.csv": samples.saved_again(samples.register_of_all()),
    "lines_saved.csv": samples.saved_again(samples.lines_official()),
    "totals_old.csv": samples.TOTALS_BEFORE_2024,
    "totals_one.csv": samples.TOTALS_OF_ONE,
    "databank.csv": samples.DATABANK,
    "databank.xlsx": samples.databank_workbook(),
    "databank.zip": samples.databank_zip(),
    "long.csv": samples.WDI_LONG,
    "msti.csv": samples.OECD_SDMX,
}
REAL = (
    "as_downloaded/databank_extract.csv",
    "as_downloaded/databank_extract.xlsx",
    "as_downloaded/databank_extract.zip",
    "as_downloaded/oecd_msti_sdmx.csv",
    "as_downloaded/register_saved_by_spreadsheet.csv",
    "as_downloaded/register_without_preamble.csv",
    "as_downloaded/tiv_table_before_2024.csv",
    "as_downloaded/wdi_long.csv",
    "as_downloaded/worldbank_message.json",
    "partnership/unga_idealpoints_jul2025.csv.gz",
    "sipri/delivery_lines_2025-01-03.csv.gz",
    "sipri/official_export_deliveries_2026-02-12.csv",
    "sipri/official_export_trade_register_2026-05-18.csv",
    "sipri/official_export_trade_register_china_2026-07-14.csv",
    "sipri/official_tiv_table_china_exports_2026-07-14.csv",
    "sipri/official_tiv_table_imports_2024-04-13.csv",
    "sipri/milex_vintages_long.csv.gz",
    "sipri/yearly_lines_2026-06-16.csv.gz",
    "worldbank/oecd_gerd_2023-05.csv",
    "worldbank/official_download_GB.XPD.RSDV.GD.ZS_2026-07.csv",
    "worldbank/wdi_vintages_long.csv.gz",
)
HEAD = 6000
"""Bytes of a real file's beginning that are damaged; workbooks and archives are taken whole."""
FUZZ = settings(
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    """Return a function that offers bytes under a name to the importers, as an addition does."""
    folder = tmp_path_factory.mktemp("fuzz")

    def offer(name: str, content: bytes, options: Options) -> None:
        path = folder / name
        path.write_bytes(content)
        with collecting() as refused:
            try:
                found = sources.read_file(path, options)[1]
            except InputError as error:
                refused.append(str(error))
                found = []
        assert all("\n" not in said and "Traceback" not in said for said in refused)
        for batch in found or ():
            assert isinstance(batch, Batch) and batch.rows
            list(examination._checked(batch, "2100-01-01"))

    return offer


def _content(name: str) -> bytes:
    held = SHAPES[name]
    return held if isinstance(held, bytes) else held.encode("utf-8")


@pytest.mark.parametrize("name", SHAPES)
def test_a_damaged_file_gives_batches_or_a_refusal(file, name):
    count = 15 if name.endswith(".xlsx") else 60

    @settings(FUZZ, max_examples=count)
    @given(content=damaged(_content(name)), options=st.sampled_from(TOLD))
    def offered(content, options):
        file(name, content, options)

    offered()


@pytest.mark.parametrize("name", REAL)
def test_a_damaged_real_file_gives_batches_or_a_refusal(raw, file, name):
    content = (raw / name).read_bytes()
    content = gzip.decompress(content) if name.endswith(".gz") else content
    if not name.endswith((".xlsx", ".zip")):
        content = content[:HEAD]

    @settings(FUZZ, max_examples=15 if name.endswith(".xlsx") else 40)
    @given(content=damaged(content), options=st.sampled_from(TOLD))
    def offered(content, options):
        file(name.split("/")[1].removesuffix(".gz"), content, options)

    offered()


@pytest.mark.parametrize("name", SHAPES)
def test_a_damaged_file_is_added_whole_or_leaves_the_store_as_it_was(
    small_panel, tmp_path_factory, name
):
    folder = tmp_path_factory.mktemp("fuzz")
    store, path = folder / "store", folder / name
    seed = folder / "votes_aug2022.csv"
    seed.write_text(samples.VOTES)
    additions.add([seed], store, small_panel)

    def state() -> dict[str, bytes]:
        held = (p for p in sorted(store.rglob("*")) if p.is_file() and p.name != kept.LOCK)
        return {str(p.relative_to(store)): p.read_bytes() for p in held}

    @settings(FUZZ, max_examples=5 if name.endswith(".xlsx") else 15)
    @given(content=damaged(_content(name)), options=st.sampled_from(TOLD))
    def offered(content, options):
        path.write_bytes(content)
        before = state()
        try:
            added = additions.add([path], store, small_panel, reading=options)
        except InputError:
            assert state() == before
        else:
            assert before.items() <= state().items()
            assert (added.folder is None) == (state() == before)

    offered()
