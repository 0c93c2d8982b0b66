# Every target does its own set-up: a project-local uv, then .venv exactly as requirements.lock says.
PYTHON ?= python3
UV := .tools/bin/uv
RUN := .venv/bin
UV_VERSION := 0.13.9

.DEFAULT_GOAL := help
.PHONY: help demo notebooks test check docs leaderboard bench lock clean setup

help:
	@echo "make demo       a simulated year, the whole way, and its report"
	@echo "make notebooks  the detectors' methods as lessons, in a browser"
	@echo "make test       lint, types, import rules and all tests"
	@echo "make check      lint, types and import rules alone"
	@echo "make docs       write the data dictionary and the reference of commands anew"
	@echo "make leaderboard REAL=DIR  judge every detector on known truth anew, into docs/leaderboard.md"
	@echo "make bench      measure speed and memory into benchmarks/results.csv"
	@echo "make lock       resolve the dependencies anew"
	@echo "make clean      remove what the targets made"

setup: .venv/.ready

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tarmac needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=/path/to/python3 ..." >&2; exit 2; }
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.ready: requirements.lock pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing --no-python-downloads --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python .venv --require-hashes requirements.lock
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

# Airflow, Superset and CDK each live in an environment of their own, which no other imports.
.venv-airflow/.ready: deploy/airflow/requirements.lock pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing --no-python-downloads --python $(PYTHON) .venv-airflow
	$(UV) pip sync --quiet --python .venv-airflow --require-hashes deploy/airflow/requirements.lock
	$(UV) pip install --quiet --python .venv-airflow --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	$(RUN)/tarmac demo

notebooks: setup
	$(RUN)/marimo edit notebooks/

check: setup
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

test: check
	$(RUN)/pytest

docs: setup
	$(RUN)/python -m tarmac.tables.dictionary > docs/data-dictionary.md
	$(RUN)/python -m tarmac.cli_reference > docs/cli.md

# Every detector; a stopped one goes on from leaderboard/kept. REAL is the folder of real years.
leaderboard: setup
	$(RUN)/tarmac evaluate --corpus all --real $(REAL) --seeds 901 --shapes default,storms,outages,thin --detectors all \
		--keep leaderboard/kept --out leaderboard
	cp leaderboard/leaderboard.md docs/leaderboard.md

bench: setup
	$(RUN)/python -m benchmarks.run

# pip-compile format, with hashes and without addresses: see docs/decisions/0001-lock-file.md
COMPILE := pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11
lock: | $(UV)
	$(UV) $(COMPILE) --universal --all-extras --group dev pyproject.toml --output-file requirements.lock
	$(UV) $(COMPILE) --universal --extra compare pyproject.toml deploy/airflow/requirements.in \
		--output-file deploy/airflow/requirements.lock

clean:
	rm -rf .venv .venv-* .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
