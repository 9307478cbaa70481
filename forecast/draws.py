"""Draws as plain arrays, and as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from crossover.data import whole
from crossover.data.names import CHAIN, DRAW

Arrays = dict[str, np.ndarray]


def store(data: xr.Dataset | xr.DataTree, file: Path, **given: Any) -> None:
    """Write draws as netCDF, whole or not at all; raises as `whole.write`.

    They are packed in memory: where the disk is full, HDF5 takes the process down with it.
    """
    whole.write(file, data.to_netcdf(engine="h5netcdf", **given))


def stack(posterior: xr.Dataset) -> Arrays:
    """Return the posterior as plain arrays, draws of all chains first, parameters by name."""
    flat = posterior.stack({"sample": (CHAIN, DRAW)}).transpose("sample", ...)
    arrays = {name: values.values for name, values in flat.data_vars.items()}
    for at, name in enumerate(posterior["parameter"].values):
        arrays[str(name)] = arrays["parameters"][:, at].astype(float)
    return arrays


def block(arrays: Arrays, start: int, stop: int) -> Arrays:
    """Return some of the draws."""
    return {name: values[start:stop] for name, values in arrays.items()}
