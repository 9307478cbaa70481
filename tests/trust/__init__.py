"""Trust: what must hold under hostile files, faults and time."""
