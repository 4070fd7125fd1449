"""Every arm on every task, several samples each: the races that a bench needs, and what it found."""
