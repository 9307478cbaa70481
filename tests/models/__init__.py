"""Tests of what the models believe: priors, inputs, equations, densities."""
