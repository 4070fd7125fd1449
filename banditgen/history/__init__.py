"""The event log: decisions, races, results and feedback, append-only."""
