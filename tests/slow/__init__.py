"""Recovery of known truth from simulated data; run with `pytest -m slow`."""
