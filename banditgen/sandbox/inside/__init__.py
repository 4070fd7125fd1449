"""What runs inside the sandbox's own interpreter: standard library and ctypes only, imported before isolation starts."""
