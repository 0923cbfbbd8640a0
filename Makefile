# RecoMind. `make demo` and `make test` set up what they need themselves; `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.dev-ready
SOURCES := recomind agents tables web tests examples

.DEFAULT_GOAL := help
.PHONY: help demo test lint types imports chromium promtool pytest pythons format lock clean faults fuzz limits browser evaluate bench experiment-bars context-bar

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# pip prints what it fetches and installs: the first time takes some minutes, and silence looks like a
# hang. Through a pipe, pip and sed would keep their lines for the end.
PIP_INSTALL = PYTHONUNBUFFERED=1 $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off

$(BIN)/python:
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(READY): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing RecoMind and what it needs into $(VENV): half a minute to three minutes, only the first time ..."
	@$(PIP_INSTALL) -r requirements.lock | sed -u '/already satisfied/d'
	@$(PIP_INSTALL) --quiet --no-deps --editable .
	@touch $(READY)

$(DEV_READY): requirements-dev.lock $(READY)
	@echo "Installing the tools of development and test into $(VENV) ..."
	@$(PIP_INSTALL) -r requirements-dev.lock | sed -u '/already satisfied/d'
	@touch $(DEV_READY)

demo: $(READY) ## run everything here; DATA=DIR replays a log, SPEED=X at a pace, PORT=N serves elsewhere
	@$(BIN)/recomind demo $(if $(DATA),--data $(DATA)) $(if $(SPEED),--speed $(SPEED)) $(if $(LIMIT),--limit $(LIMIT)) $(if $(PORT),--port $(PORT))

test: lint types imports pytest ## check everything: style, types, architecture, tests

lint: $(DEV_READY) ## ruff
	@echo "Checking the style ..."
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/ruff format --quiet --check $(SOURCES)

types: $(DEV_READY) ## mypy --strict
	@echo "Checking the types, about a minute the first time ..."
	@$(BIN)/mypy

imports: $(DEV_READY) ## import contracts
	@echo "Checking the imports ..."
	@$(BIN)/lint-imports

chromium: ## install a browser for the tests of the pages (Debian's package; needs root)
	@command -v chromium >/dev/null || { apt-get update && apt-get install --yes --no-install-recommends chromium; }

promtool: $(DEV_READY) ## fetch the checker of alert rules from Debian's package prometheus; nothing is installed
	@command -v promtool >/dev/null || test -x $(BIN)/promtool || (cd $(VENV) && apt-get download prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool > bin/promtool && chmod +x bin/promtool && rm prometheus_*.deb)

pytest: $(DEV_READY) ## unit, contract, web, integration and acceptance tests
	@echo "Running the tests, some minutes on real servers; Kafka is downloaded the first time ..."
	@$(BIN)/python -m pytest -q -m "not slow"

# Each version is looked for as python3.N, among those of pyenv, and by uv; each gets an environment of its own.
PYTHONS ?= 3.11 3.12 3.13 3.14

pythons: ## unit and contract tests on every Python from 3.11 to 3.14 that is there
	@for version in $(PYTHONS); do sh tests/run_on_python.sh $$version || exit 1; done

faults: $(DEV_READY) ## the long fault suite
	@$(BIN)/python -m pytest -q tests/faults

fuzz: $(DEV_READY) ## 100,000 lists under rules, and 100,000 sequences of puts, takedowns and lists
	@RECOMIND_TEST_LISTS=100000 RECOMIND_TEST_SEQUENCES=100000 $(BIN)/python -m pytest -q \
		tests/unit/recommender/policy/test_policy_fuzz.py tests/unit/agents/test_catalogue_fuzz.py

limits: $(DEV_READY) ## what rules, outcomes, experiments and seen videos cost beside their limits, and what watch times gain
	@$(BIN)/python -m pytest -q -s tests/benchmarks

browser: $(DEV_READY) chromium ## all tests of the pages, at each size
	@$(BIN)/python -m pytest -q tests/browser

evaluate: $(READY) ## prequential quality; DATA=DIR
	@$(BIN)/recomind evaluate $(DATA)

bench: $(READY) ## throughput, freshness and serving beside limits and peers; DATA=DIR, SCENARIOS="ingest serving"
	@$(BIN)/recomind bench $(SCENARIOS) $(if $(DATA),--data $(DATA)) --plot bench.svg

experiment-bars: $(READY) ## the statistics of experiments against what they promise, in simulated worlds
	@$(BIN)/python -m recomind.offline.experiment_bars

context-bar: $(READY) ## how much of what place and hour are worth is won, in simulated worlds; REFEREE=PROGRAM for its worlds
	@$(BIN)/python -m recomind.offline.context_bar \
		$(if $(REFEREE),--users 300 --referee $(REFEREE) --plugin tests/benchmarks/closed_loop_plugin.py)

format: $(DEV_READY) ## format the sources
	@$(BIN)/ruff check --quiet --fix $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

LOCK = uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url pyproject.toml

lock: ## write the lock files anew (needs uv): the demo's, the worker image's and the developers'
	@$(LOCK) --extra dev -o requirements-dev.lock
	@$(LOCK) --extra all -c requirements-dev.lock -o requirements.lock
	@$(LOCK) --extra worker -c requirements-dev.lock -o requirements-worker.lock

clean: ## remove the environment and the demo's data
	@rm -rf $(VENV) .venv-* .recomind
