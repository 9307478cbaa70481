"""What is known about arms, effort and alignment, and when it became known."""
