"""Tests of the data room: importers, build, as-of rules, look-ups."""
