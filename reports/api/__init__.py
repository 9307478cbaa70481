"""Honest, reproducible forecasts of arms dependence and power shifts between states."""
