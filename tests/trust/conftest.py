"""The providers' real files, where they are at hand."""

from tests.data.conftest import raw

__all__ = ["raw"]
