# make lab | demo | test | bench | site: each sets up what it needs (a virtual environment in .venv) on a fresh clone.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# kernels and terminals find the course's `python`; what was only opened is saved as it was
JUPYTERLAB := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter lab --ContentsManager.pre_save_hook=course.saving.as_generated \
  --ServerApp.terminado_settings="{'shell_command': ['/bin/bash', '--rcfile', '$(CURDIR)/course/terminal.bashrc']}"
PAIRS := lectures///ipynb,lectures///py:percent;solutions///ipynb,solutions///py:percent
# what the header of a text source does not say, since it is said here
UNSAID := -jupytext.formats,-jupytext.text_representation.jupytext_version,-jupytext.cell_metadata_filter,-jupytext.notebook_metadata_filter
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# one more than processors: the attacks, the sandbox and the browser mostly wait
WORKERS = $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

.PHONY: help lab demo test test-kernels bench site author build clean
help:
	@echo "make lab     set up, open the START page and JupyterLab on work/: your copies of the lectures and exercises"
	@echo "make demo    set up, then release, submit, grade and report a small class"
	@echo "make test    set up, run all tests"
	@echo "make test-kernels  run the tests of what is stored as other processors compute (tests/kernels.py)"
	@echo "make bench   set up, measure (prints tables, never a test)"
	@echo "make site    set up, build the web site into build/site"
	@echo "make author  set up, open JupyterLab on the sources: saving a notebook updates its .py"
	@echo "make build   regenerate notebooks and public checks (authors)"

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1); try make PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || { echo "== creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "== installing numpy, torch, jupyterlab, nbgrader, ... into $(VENV) (once, a few minutes)"
	@$(PIP) -e . 2> >(grep -v '^WARNING: Location' >&2)
	@touch $@

$(VENV)/ready-test: $(VENV)/ready
	@echo "== installing what the tests use (once)"
	@$(PIP) -e '.[test,site]' 2> >(grep -v '^WARNING: Location' >&2)
	@touch $@ $(VENV)/ready-site

$(VENV)/ready-site: $(VENV)/ready
	@echo "== installing what builds the web site (once)"
	@$(PIP) -e '.[site]' 2> >(grep -v '^WARNING: Location' >&2)
	@touch $@

lab: $(VENV)/ready
	@$(BIN)/python -m course.work
	JUPYTER_CONFIG_PATH="$(CURDIR)/course/start/jupyter$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" \
	  $(JUPYTERLAB) --ServerApp.root_dir=work --LabApp.default_url=/course/ \
	  --LabApp.expose_app_in_browser=True $(LAB_OPTIONS)

demo: $(VENV)/ready
	$(BIN)/python -m autograder demo

test: $(VENV)/ready-test
	$(BIN)/python -m ruff check . && $(BIN)/python -m ruff format --check .
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_OPTIONS)

test-kernels: $(VENV)/ready-test
	$(BIN)/python tests/kernels.py $(PYTEST_OPTIONS)

bench: $(VENV)/ready-test
	@for program in tests/bench/bench_*.py; do echo "== $$program"; $(BIN)/python $$program || exit 1; done

site: $(VENV)/ready-site
	@$(BIN)/python site/build.py

author: $(VENV)/ready
	$(JUPYTERLAB) --JupytextConfiguration.formats="$(PAIRS)" \
	  --JupytextConfiguration.notebook_metadata_filter=$(UNSAID) \
	  --JupytextConfiguration.cell_metadata_filter=nbgrader,tags,jupyter \
	  --JupytextConfiguration.outdated_text_notebook_margin=inf $(LAB_OPTIONS)

build: $(VENV)/ready
	$(BIN)/python -m autograder build --lectures

clean:
	rm -rf build $(VENV) *.egg-info
