# Aliquot's tasks, for a first visit and for development. `make` alone lists them.
# Needs GNU make 3.81 or newer, a POSIX shell and Python 3.11 or newer; everything else is installed
# into $(VENV). Variables: PYTHON, VENV, TORCH_INDEX_URL, DEMO_FLAGS, PYTEST_FLAGS.

ifneq (3.81,$(firstword $(sort 3.81 $(MAKE_VERSION))))
$(error GNU make $(MAKE_VERSION) is too old: 3.81 or newer is needed. Install a newer make, then run it again)
endif

SHELL := /bin/sh
.DELETE_ON_ERROR:
.PHONY: help demo test check fix bench docs test-reliability test-readme nightly install install-dev clean

VENV ?= .venv
BIN := $(VENV)/bin

# The environment's own Python, or the first one found that is new enough.
# `make demo PYTHON=python3.12` names another, and the environment is made anew for it.
ifeq ($(origin PYTHON),undefined)
PYTHON := $(if $(wildcard $(VENV)/.python-*),$(wildcard $(BIN)/python))
endif
ifeq ($(PYTHON),)
PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; break; fi; done)
endif
PYTHON_VERSION := $(if $(PYTHON),$(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null))

# For torch's CPU build on Linux, see docs/how-to/install-torch-cpu.md.
TORCH_INDEX_URL ?=
# One pass over the rows keeps training within minutes on a laptop; float32 gives the same figures on CPUs on
# which bfloat16 is faster and would be taken. DEMO_FLAGS= lets the rules choose.
DEMO_FLAGS ?= --num-epochs 1 --batch-size 16 --set train.precision=float32
PIP_INSTALL = $(BIN)/python -m pip --disable-pip-version-check --no-input install --constraint constraints.txt
# One thread, so that sums are added in one order and two test runs do not fight over the cores.
PYTEST = OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --durations=10
TEST_LIMIT_S ?= 600
RELIABILITY_LIMIT_S ?= 1500

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.installed demo/film_reviews.jsonl ## install, fetch a small model and real data, and run the main job
	$(BIN)/aliquot run demo/film_reviews.jsonl --runs-dir demo/runs $(DEMO_FLAGS)

test: $(VENV)/.installed-dev ## all tests but the long ones (at most 10 minutes on 2 cores)
	$(PYTEST) --numprocesses 2 -m "not reliability and not nightly" --session-timeout=$(TEST_LIMIT_S) $(PYTEST_FLAGS)

test-reliability: $(VENV)/.installed-dev ## kill points and faults (at most 25 minutes)
	$(PYTEST) -m "reliability and not nightly" --session-timeout=$(RELIABILITY_LIMIT_S) $(PYTEST_FLAGS)

test-readme: $(VENV)/.installed-dev ## run the README's commands on the demo's run and compare what they print
	@[ -d demo/runs ] || $(MAKE) demo
	$(BIN)/python -m docs.readme

nightly: $(VENV)/.installed-dev ## every test, with long sizes and many more random cases
	HYPOTHESIS_PROFILE=nightly $(PYTEST) $(PYTEST_FLAGS)

check: $(VENV)/.installed-dev ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyrefly check --python-interpreter-path $(BIN)/python
	$(BIN)/lint-imports

fix: $(VENV)/.installed-dev ## format, and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-dev ## run every program in benchmarks/; each prints one table
	@for program in benchmarks/*.py; do \
	  [ -e "$$program" ] || { echo "No program in benchmarks/ yet."; exit 0; }; \
	  echo "== $$program"; $(BIN)/python "$$program" || exit 1; \
	done

docs: $(VENV)/.installed-dev ## write the generated reference pages again and check every link
	$(BIN)/python -m docs.generate
	$(BIN)/python -m docs.check_links

install: $(VENV)/.installed ## only install aliquot with what a worker needs
install-dev: $(VENV)/.installed-dev ## … and what development needs

clean: ## remove the environment, the demo and all caches; runs/ stays
	rm -rf $(VENV) demo .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage
	find src tests examples docs benchmarks -name __pycache__ -type d -exec rm -rf {} +

demo/film_reviews.jsonl: examples/film_reviews.py examples/data_maker.py | $(VENV)/.installed
	$(BIN)/python examples/film_reviews.py --out $@

# Named by version: another PYTHON makes the environment anew.
$(VENV)/.python-$(PYTHON_VERSION):
	@[ -n "$(PYTHON)" ] || { \
	  echo "Aliquot needs Python 3.11 or newer; python3 is $$(python3 --version 2>/dev/null || echo missing)."; \
	  echo "Install a newer one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; } >&2
	@[ -n "$(PYTHON_VERSION)" ] || { \
	  echo "PYTHON=$(PYTHON) cannot be run. Give the name or the path of Python 3.11 or newer."; exit 1; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "PYTHON=$(PYTHON) is Python $(PYTHON_VERSION); Aliquot needs 3.11 or newer."; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) lacks the modules venv and ensurepip."; \
	  echo "On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; } >&2
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# torch comes first and alone, at the pinned version: a package that asks for "torch" in an open
# range would otherwise bring a newer build, on Linux with several GB of CUDA libraries.
$(VENV)/.installed: $(VENV)/.python-$(PYTHON_VERSION) pyproject.toml constraints.txt
	$(PIP_INSTALL) --no-deps $(if $(TORCH_INDEX_URL),--index-url $(TORCH_INDEX_URL)) torch
	$(PIP_INSTALL) hatchling editables
	$(PIP_INSTALL) --no-build-isolation --editable '.[train]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP_INSTALL) --no-build-isolation --editable '.[train,dev]'
	@touch $@
