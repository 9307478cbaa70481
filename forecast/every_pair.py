"""All pairs at once: what each supplier delivers to each recipient, from a run's posterior.

One pass over the draws simulates the world of the baseline, in which the deliveries of all pairs
happen side by side. The draws are those of each pair's own forecast, bit for bit, since a seed
gives one world whoever is looked at. A pass is done in blocks of draws; what is done of them is
kept, so that a pass that was stopped goes on.
"""

from __future__ import annotations

import concurrent.futures
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.data.errors import InputError, fault
from crossover.data.names import DRAW, HORIZON, RECIPIENT, SUPPLIER, YEAR, YEAR_FUTURE
from crossover.forecast import runs
from crossover.forecast.quantities import ALL_PAIRS, PAIR

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

PARTS = ".all_pairs"
"""Hidden folder of a run in which the blocks that are done stand until all are."""
ENGINE = "h5netcdf"


def forecast_all(
    run: Path, *, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Forecast the deliveries of every pair of a run, and return the file.

    Parameters
    ----------
    run
        A run folder with a posterior. The file, all_pairs.nc, holds `deliveries`
        (draw, pair, year_future) and `deliveries_observed` (pair, year), TIV million, with the
        coordinates `supplier` and `recipient` along `pair`, the rest of the world among them.
    progress
        Called with (draws done, draws in all).

    Raises
    ------
    InputError
        If the run holds no posterior that this version of the model can run forward.
    """
    from crossover.forecast import record, simulate, stored_run

    tree = stored_run.stored(run)
    posterior = tree["posterior"].to_dataset()
    simulate.check_version(posterior)
    made_of = record.hash_draws(posterior)
    target = run / ALL_PAIRS
    if _is_of(target, made_of):
        return target
    world = _World.of(tree, runs.read(run), made_of)
    parts = run / PARTS
    _claim(parts, made_of)
    missing = [at for at in range(world.blocks) if not _is_of(_part(parts, at), made_of)]
    done = world.count - sum(world.size(at) for at in missing)
    if progress:
        progress(done, world.count)
    from crossover.forecast.sampling import CORES

    with concurrent.futures.ThreadPoolExecutor(CORES) as threads:
        try:
            for at, block in zip(missing, threads.map(world.block, missing), strict=True):
                _write(block, _part(parts, at))
                done += world.size(at)
                if progress:
                    progress(done, world.count)
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    with runs.refreshing(run) as part:
        _write(world.whole([_part(parts, at) for at in range(world.blocks)]), part / target.name)
    shutil.rmtree(parts)
    return target


class _World:
    """The draws of a fit, and how a block of them is run forward."""

    def __init__(
        self, arrays: dict[str, np.ndarray], inputs: xr.Dataset, seed: int, made_of: str
    ) -> None:
        import numpy as np

        from crossover.forecast.market import BLOCK
        from crossover.models.market import CELL

        self.arrays, self.inputs, self.seed, self.made_of = arrays, inputs, seed, made_of
        self.step = BLOCK
        self.count = len(arrays["parameters"])
        self.blocks = -(-self.count // self.step)
        self.origin = int(inputs.attrs["origin"])
        self.pairs = np.argwhere(inputs["possible"].transpose(*CELL).values.astype(bool))

    @classmethod
    def of(cls, tree: xr.DataTree, said: dict, made_of: str) -> _World:
        """Return the world of a stored fit."""
        from crossover.forecast.draws import stack

        arrays = stack(tree["posterior"].to_dataset())
        return cls(arrays, tree["constant_data"].to_dataset(), int(said["seed"]), made_of)

    def size(self, at: int) -> int:
        """Return how many draws a block has."""
        return min(self.step, self.count - at * self.step)

    def block(self, at: int) -> xr.Dataset:
        """Run a block of draws forward."""
        import numpy as np
        import xarray as xr

        from crossover.forecast.draws import block
        from crossover.forecast.simulate import run_forward

        start = at * self.step
        some = block(self.arrays, start, start + self.step)
        years = HORIZON - self.origin
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            (world,) = run_forward(some, self.inputs, years, self.pairs, [], (self.seed, at))
        return xr.Dataset(
            {"deliveries": ((DRAW, PAIR, YEAR_FUTURE), world.deliveries)},
            coords={
                DRAW: start + np.arange(self.size(at)),
                YEAR_FUTURE: np.arange(self.origin + 1, HORIZON + 1),
            },
            attrs={"posterior": self.made_of},
        )

    def whole(self, parts: list[Path]) -> xr.Dataset:
        """Put the blocks together, with what was observed and whose it is."""
        import xarray as xr

        from crossover.models.market import CELL

        blocks = [_read(part) for part in parts]
        found = xr.concat(blocks, DRAW, combine_attrs="override")
        sold, bought = self.pairs.T
        tiv = self.inputs["deliveries"].transpose(*CELL, YEAR).values
        units = {"units": "TIV million"}
        return found.assign(
            deliveries_observed=((PAIR, YEAR), tiv[sold, bought], units),
            deliveries=found["deliveries"].assign_attrs(units),
        ).assign_coords(
            {
                SUPPLIER: (PAIR, self.inputs[SUPPLIER].values.astype(str)[sold]),
                RECIPIENT: (PAIR, self.inputs[RECIPIENT].values.astype(str)[bought]),
                YEAR: self.inputs[YEAR].values,
            }
        ).assign_attrs(origin=self.origin)  # fmt: skip


def _part(parts: Path, at: int) -> Path:
    return parts / f"block-{at:04d}.nc"


def _claim(parts: Path, made_of: str) -> None:
    """Make the folder of blocks; those of another posterior are thrown away."""
    try:
        parts.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(fault(f"cannot be written ({error.strerror})", file=parts)) from None
    for file in parts.iterdir():
        if not _is_of(file, made_of):
            file.unlink()


def _is_of(file: Path, made_of: str) -> bool:
    """Say whether a file is there, whole, and of the posterior of that hash."""
    import xarray as xr

    if not file.is_file():
        return False
    try:
        with xr.open_dataset(file, engine=ENGINE) as held:
            return held.attrs.get("posterior") == made_of
    except (OSError, ValueError):
        return False


def _read(file: Path) -> xr.Dataset:
    import xarray as xr

    with xr.open_dataset(file, engine=ENGINE) as held:
        return held.load()


def _write(data: xr.Dataset, file: Path) -> None:
    """Write a file whole or not at all; most deliveries are zero, so that it is packed."""
    from crossover.forecast.draws import store

    draws, _, years = data["deliveries"].shape
    packed = {"zlib": True, "complevel": 1, "chunksizes": (draws, 1, years)}
    try:
        store(data, file, encoding={"deliveries": packed})
    except OSError as error:
        rule = f"cannot be written ({error.strerror})"
        raise InputError(fault(rule, file=file)) from None
