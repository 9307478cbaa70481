"""The terminal: the command `crossover`, its commands by noun."""
