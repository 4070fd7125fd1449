"""Alembic's folder: one script per schema version, run by `banditgen.history.opening`."""
