# Every target does its own set-up: a project-local uv, then .venv exactly as requirements.lock says.
PYTHON ?= python3
UV := .tools/bin/uv
RUN := .venv/bin
UV_VERSION := 0.13.9

# Many containers forbid bytecode; here every test that starts a process would compile its whole environment again.
unexport PYTHONDONTWRITEBYTECODE
# Debian keeps nginx there, and leaves it out of a user's PATH.
export PATH := $(PATH):/usr/sbin

SHELL := bash
.SHELLFLAGS := -o pipefail -ec

.DEFAULT_GOAL := help
.PHONY: help setup environments demo demo-real airflow superset superset-assets notebooks check kernels test test-services test-units test-rest test-dags test-quick test-nightly \
	docs site leaderboard bench synth release lock clean

help:
	@echo "make demo         simulate a year, run every step on it, and write its report"
	@echo "make demo-real    download one month of real flights from BTS (YEAR=2024 MONTH=1 MIRROR=URL) and show it"
	@echo "make airflow      start Airflow and its services, in a browser (PORT=8080)"
	@echo "make superset     start Superset with the dashboards on this machine"
	@echo "make notebooks    open the notebooks that explain the detectors' methods, in a browser"
	@echo "make test         lint, types, import rules and tests; what the machine lacks is skipped, with the reason"
	@echo "make test-quick   the unit and contract tests that need no server, Spark or compiled ARIMA"
	@echo "make test-nightly more cases, and larger ones, of what the tests of make test show"
	@echo "make check        lint, types and import rules"
	@echo "make docs         generate docs/data-dictionary.md, docs/cli.md and the index of decisions"
	@echo "make site         build the documentation as a web site, into build/site"
	@echo "make leaderboard REAL=DIR   evaluate every detector on known truth, into docs/leaderboard.md"
	@echo "make bench        measure speed and memory, into benchmarks/results.csv"
	@echo "make synth        generate the AWS templates (build/aws), their snapshots and docs/aws.md"
	@echo "make release      build the archive that the AWS machines run, dist/tarmac.tar.gz"
	@echo "make lock         resolve the dependencies again"
	@echo "make clean        remove what the targets made"

setup: .venv/.ready

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tarmac needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=/path/to/python3 ..." >&2; exit 2; }
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.ready: requirements.lock pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing --no-python-downloads --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python .venv --require-hashes requirements.lock
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@# All but aws_cdk, which is as large as the others together and imported by `make synth` and its tests alone.
	@# Some packages ship tests for a Python that is not this one: those files fail to compile, and nothing imports them.
	@$(RUN)/python -m compileall -qq -j 0 -x '/aws_cdk/' .venv/lib src || true
	@touch $@

# Airflow and Superset each live in an environment of their own, which no other imports.
.venv-airflow/.ready: deploy/airflow/requirements-test.lock pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing --no-python-downloads --python $(PYTHON) .venv-airflow
	$(UV) pip sync --quiet --python .venv-airflow --require-hashes deploy/airflow/requirements-test.lock
	$(UV) pip install --quiet --python .venv-airflow --no-deps --no-build-isolation --editable .
	@touch $@

# Superset 6.1 runs on Python 3.11 alone, and its packages are locked as of the day up to which they work together.
PYTHON311 ?= python3.11
.venv-superset/.ready: deploy/superset/requirements.lock | $(UV)
	@$(PYTHON311) --version >/dev/null 2>&1 || { echo "Superset 6.1 needs Python 3.11, and '$(PYTHON311)' does not run. Install it, or name it: make PYTHON311=/path/to/python3.11 ..." >&2; exit 2; }
	$(UV) venv --quiet --allow-existing --no-python-downloads --python $(PYTHON311) .venv-superset
	$(UV) pip sync --quiet --python .venv-superset --require-hashes deploy/superset/requirements.lock
	@touch $@

# All environments that this machine can hold; `make test` makes them side by side.
HAS_PYTHON311 := $(shell $(PYTHON311) -c '' >/dev/null 2>&1 && echo yes)
environments: setup .venv-airflow/.ready $(if $(HAS_PYTHON311),.venv-superset/.ready)

superset: setup .venv-superset/.ready
	@$(RUN)/python deploy/superset/show.py

superset-assets: setup
	cd deploy/superset && ../../$(RUN)/python -m define

demo: setup
	$(RUN)/tarmac demo

# One month of real flights from BTS, or from MIRROR=URL, with all the steps and a report of its own.
demo-real: YEAR ?= 2024
demo-real: MONTH ?= 1
demo-real: export TARMAC_HOME ?= .tarmac/demo-real
demo-real: setup
	$(RUN)/tarmac download bts --year $(YEAR) --month $(MONTH) $(if $(MIRROR),--mirror $(MIRROR))
	$(RUN)/tarmac run --year $(YEAR)
	$(RUN)/tarmac report --year $(YEAR) --out $(TARMAC_HOME)/report.html
	@echo 'Ask the warehouse: TARMAC_HOME=$(TARMAC_HOME) $(RUN)/tarmac query "SELECT * FROM disruption_events ORDER BY severity DESC LIMIT 20"'

airflow: PORT ?= 8080
airflow: setup .venv-airflow/.ready
	@$(RUN)/python -m deploy.airflow.local --port $(PORT)

notebooks: setup
	$(RUN)/marimo edit notebooks/

check: setup
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

# The parts run side by side, as the tests of services mostly wait; each line of output begins with its part's name.
test:
	@$(MAKE) --no-print-directory --jobs=3 environments
	@$(if $(HAS_PYTHON311),,echo "Python 3.11 ('$(PYTHON311)') is not here: tests of Superset will be skipped.")
	@$(MAKE) --no-print-directory --jobs=2 check kernels
	@$(MAKE) --no-print-directory --jobs=3 test-services test-units test-rest test-dags

test-quick: setup
	$(RUN)/pytest --quick tests/unit tests/contract

kernels: setup
	$(RUN)/python -m tools.compile_kernels

test-nightly: environments
	$(RUN)/pytest -m nightly tests

SERVICES := tests/dashboards tests/proxy tests/stack
test-services:
	@$(RUN)/pytest $(SERVICES) 2>&1 | sed -u 's/^/services | /'

UNITS := tests/unit tests/contract tests/spark tests/aws
test-units:
	@$(RUN)/pytest $(UNITS) 2>&1 | sed -u 's/^/units    | /'

test-rest:
	@$(RUN)/pytest tests $(SERVICES:%=--ignore=%) $(UNITS:%=--ignore=%) 2>&1 | sed -u 's/^/rest     | /'

test-dags:
	@{ .venv-airflow/bin/mypy --strict dags && .venv-airflow/bin/pytest tests/airflow; } 2>&1 | sed -u 's/^/dags     | /'

docs: setup
	$(RUN)/python -m tools.data_dictionary > docs/data-dictionary.md
	$(RUN)/python -m tools.cli_reference > docs/cli.md
	$(RUN)/python -m tools.decision_index > docs/decisions/index.md

site: setup
	NO_MKDOCS_2_WARNING=1 $(RUN)/mkdocs build --strict --quiet --site-dir build/site

# Every detector; a stopped one goes on from leaderboard/kept. REAL is the folder of real years.
leaderboard: setup
	$(RUN)/tarmac evaluate --corpus all --real $(REAL) --seeds 901 --shapes default,storms,outages,thin --detectors all \
		--keep leaderboard/kept --out leaderboard
	cp leaderboard/leaderboard.md docs/leaderboard.md

bench: setup
	$(RUN)/python -m benchmarks.run

synth: setup
	rm -rf build/aws
	CDK_OUTDIR=build/aws $(RUN)/python -m deploy.aws.app
	$(RUN)/python -m deploy.aws.pages build/aws

ARCHIVE ?= dist/tarmac.tar.gz
release:
	@mkdir -p $(dir $(ARCHIVE))
	git archive --format=tar.gz --output=$(ARCHIVE) HEAD
	@echo "$(ARCHIVE) is commit $$(git rev-parse --short HEAD); docs/aws.md tells how machines get it"

# pip-compile format, with hashes and without addresses: see docs/decisions/0001-lock-file.md
COMPILE := pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11
lock: | $(UV)
	$(UV) $(COMPILE) --universal --all-extras --group dev pyproject.toml --output-file requirements.lock
	for part in requirements requirements-test; do \
		$(UV) $(COMPILE) --universal --extra compare pyproject.toml deploy/airflow/$$part.in \
			--output-file deploy/airflow/$$part.lock || exit; \
	done
	$(UV) $(COMPILE) --python-platform linux --exclude-newer 2026-05-20 deploy/superset/requirements.in \
		--output-file deploy/superset/requirements.lock

clean:
	rm -rf build dist .venv .venv-* .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
