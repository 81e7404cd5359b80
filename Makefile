# make lab | demo | test | bench: each sets up what it needs (a virtual environment in .venv) on a fresh clone.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help lab demo test bench build clean
help:
	@echo "make lab    set up, open JupyterLab on the lectures and exercises"
	@echo "make demo   set up, then release, submit, grade and report a small class"
	@echo "make test   set up, run all tests"
	@echo "make bench  set up, measure (prints tables, never a test)"
	@echo "make build  regenerate notebooks and public checks (authors)"

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1); try make PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || { echo "== creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "== installing numpy, torch, jupyterlab, nbgrader, ... into $(VENV) (once, a few minutes)"
	@$(PIP) -e . 2> >(grep -v '^WARNING: Location' >&2)
	@touch $@

$(VENV)/ready-test: $(VENV)/ready
	@echo "== installing what the tests use (once)"
	@$(PIP) -e '.[test]' 2> >(grep -v '^WARNING: Location' >&2)
	@touch $@

lab: $(VENV)/ready
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/exercises $(LAB_OPTIONS)

demo: $(VENV)/ready
	$(BIN)/python -m autograder demo

test: $(VENV)/ready-test
	$(BIN)/python -m ruff check . && $(BIN)/python -m ruff format --check .
	$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_OPTIONS)

bench: $(VENV)/ready-test
	@for program in tests/bench/bench_*.py; do echo "== $$program"; $(BIN)/python $$program || exit 1; done

build: $(VENV)/ready
	$(BIN)/python -m autograder build --lectures

clean:
	rm -rf build $(VENV) *.egg-info
