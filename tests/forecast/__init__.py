"""Forecast: the run store, the command line, what follows from a fit."""
