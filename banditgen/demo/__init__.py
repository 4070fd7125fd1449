"""The demo: its tasks, and what `banditgen demo` does with them."""
