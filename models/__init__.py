"""What is believed: priors as data, and pure builders of the joint model."""
