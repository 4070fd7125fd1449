"""A task's tests as text, read and never run: what they name, call, begin by leaving, and get wrong by themselves."""
