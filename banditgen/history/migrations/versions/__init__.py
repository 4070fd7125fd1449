"""One script per schema version. A script is never changed once released, and imports no table of today's schema."""
