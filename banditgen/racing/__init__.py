"""One race, from the arms that were chosen to its record."""
