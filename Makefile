# `make demo` and `make test` need python3 (3.11 or newer) and a package registry, nothing else.
# PYTHON=… runs them on another Python, in an environment of its own beside the one that is there: .venv-3.12.1
PYTHON ?= $(shell .venv/bin/python -c 'print(".venv/bin/python")' 2>/dev/null || echo python3)
WHICH := import os, sys; print(os.path.realpath(sys.base_prefix), "%d.%d.%d" % sys.version_info[:3])
ASKED := $(shell $(PYTHON) -c '$(WHICH)')
THERE := $(shell .venv/bin/python -c '$(WHICH)' 2>/dev/null)
VENV := $(if $(filter-out $(ASKED),$(THERE)),.venv-$(lastword $(ASKED)),.venv)
EXTRA := dev
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
QUICK := -m "not models and not slow" --hypothesis-profile=quick

.PHONY: demo test check quick others lowest lint docs models system clean

demo: $(INSTALLED)  ## race small tasks with real models and show what was learned
	@$(BIN)/banditgen models pull
	@$(BIN)/banditgen demo --plot demo.png

test: lint models system  ## everything: linters, types, the import contract, all tests, real models too
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: lint quick  ## the developers' quick loop

quick: export PYTHONDONTWRITEBYTECODE =  # collecting the tests takes half as long with their bytecode
quick: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 -q $(QUICK)

others:  ## the quick suite on every other supported Python that is found here
	@for python in $$(sh tests/other_pythons.sh $(PYTHON)); do $(MAKE) --no-print-directory quick PYTHON=$$python || exit; done

lowest:  ## the quick suite with the lowest versions that pyproject.toml allows
	@$(MAKE) --no-print-directory quick VENV=.venv-lowest-$(lastword $(ASKED)) EXTRA=test RESOLUTION=lowest-direct

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(INSTALLED)  ## the documentation as pages: docs/_build/docs/index.html
	$(BIN)/python -m sphinx -q -W --keep-going -c docs . docs/_build

system:  ## Debian packages that the tests start: PostgreSQL, bubblewrap, Chromium
	@sh tests/system_packages.sh

models: $(INSTALLED)
	@$(BIN)/banditgen models pull

ifeq ($(shell $(BIN)/python -c '' 2>/dev/null && echo runs),)
.PHONY: $(INSTALLED)  # never set up, or its Python is gone
endif

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "banditgen needs Python 3.11 or newer; set PYTHON=…")'
	@echo "setting up $(VENV) with Python $(lastword $(ASKED)) (once; fetches some 240 MB of packages; about a minute)"
	@[ -x $(BIN)/python ] && $(BIN)/python -c '' || $(PYTHON) -m venv --clear $(VENV)
ifdef RESOLUTION
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --upgrade --python $(BIN)/python --resolution $(RESOLUTION) -e '.[$(EXTRA)]'
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(EXTRA)]' || \
		{ echo "nothing was set up: is there a network, and does pip reach a package registry (PIP_INDEX_URL)?" >&2; exit 1; }
endif
	@touch $@

clean:
	rm -rf docs/_build .venv .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis
