"""How a model's answer is read: its marks of thinking, its fences, its tool calls, its diffs, and which block is meant."""
