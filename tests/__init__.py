"""Tests, in rooms as the house itself; slow ones run with `pytest -m slow`."""
