# `make demo` and `make test` are all a newcomer needs; each sets up .venv by itself.
# How: the locks are installed with their hashes, both wheels are built (the client's hot path by
# mypyc where there is a C compiler, as plain Python elsewhere) and installed into .venv.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell tools/find-python)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
SOURCES := $(shell find client/src server/src -type f -not -name '*.pyc' -not -path '*.egg-info/*') \
           client/pyproject.toml client/setup.py server/pyproject.toml

.PHONY: help demo test lint types unit unit-compiled suite chaos fuzz bench pythons locks system clean

help:  ## what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/installed  ## a server, a console, a storefront of four processes, and what to try
	@exec $(BIN)/flaghoist demo $(ARGS)

test: $(VENV)/tested system lint types unit-compiled suite  ## everything that has to pass

lint: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/tested
	$(BIN)/mypy

unit-compiled: $(VENV)/tested  ## the client's unit suite over the compiled package
	$(BIN)/python -m pytest tests/unit/client -o pythonpath=. -q -n auto --maxprocesses 4 -p no:cacheprovider --compiled

suite: $(VENV)/tested  ## all tests, over the sources, with coverage
	@# Three workers for two cores: much of it is waiting for processes.
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(ARGS)

LONG := FLAGHOIST_CHAOS=long FLAGHOIST_FORKS=1000 FLAGHOIST_CACHE_KILLS=1000
FAULTS := tests/chaos tests/integration/sdk/test_fork.py tests/integration/server/test_kill.py \
          tests/unit/client/link/test_cache_kills.py

chaos: $(VENV)/tested system  ## the long form of the fault tests (about an hour)
	$(LONG) $(BIN)/python -m pytest $(FAULTS) -q -s --timeout=7200 $(ARGS)

fuzz: export FLAGHOIST_FUZZ_EVALUATIONS = 10000000
fuzz: $(VENV)/tested  ## ten million evaluations of anything, and of pinned reads: pure, then compiled
	$(BIN)/python -m pytest tests/unit/client/evaluation -q -s -k fuzz --timeout=7200 $(ARGS)
	$(BIN)/python -m pytest tests/unit/client/evaluation -o pythonpath=. -q -s -k fuzz -p no:cacheprovider --compiled --timeout=7200 $(ARGS)

bench: $(VENV)/tested  ## every figure that we claim
	tools/bench $(ARGS)

pythons: ## the client's unit suite on each CPython of this machine
	tools/test-pythons

system:  ## Redis, HAProxy and Chromium, which the tests run against
	@tools/system-packages

locks:  ## compile the locks anew (needs uv)
	tools/lock

clean:
	rm -rf $(VENV) build dist .cache .mypy_cache .ruff_cache .pytest_cache

# --- how .venv comes to be ------------------------------------------------------------------

$(VENV)/created:
	@tools/say "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime: requirements/runtime.txt requirements/build.txt | $(VENV)/created
	@tools/say "installing what Flaghoist runs with (locked, by hash)"
	@$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@touch $@

$(VENV)/installed: $(VENV)/runtime $(SOURCES)
	@tools/say "building the wheels$$(command -v cc >/dev/null && echo ', the hot path compiled' || echo ' (no C compiler: the hot path stays Python)')"
	@rm -rf build/wheels client/build server/build && mkdir -p build/wheels  # of what was deleted since, nothing is left
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir build/wheels ./client ./server
	@$(PIP) install --no-deps --no-index --force-reinstall build/wheels/*.whl
	@touch $@

$(VENV)/tested: requirements/test.txt $(VENV)/installed
	@cmp -s requirements/test.txt $(VENV)/test.txt || { \
	  tools/say "installing what the tests need (locked, by hash)" && \
	  $(PIP) install --require-hashes -r requirements/test.txt && cp requirements/test.txt $(VENV)/test.txt; }
	@touch $@
