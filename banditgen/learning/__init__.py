"""From the history to the state of the bandit, and from there to choices."""
