"""Contract suites and stand-ins for testing banditgen's parts, and your own."""
