"""What follows: sampling, gate, simulation, events, runs and the command line."""
