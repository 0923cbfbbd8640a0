# RecoMind. `make demo` and `make test` set up what they need themselves; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SOURCES := recomind agents tables web tests examples

.DEFAULT_GOAL := help
.PHONY: help demo test lint types imports chromium promtool pytest format lock clean faults evaluate bench

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)

demo: $(READY) ## run everything here; DATA=DIR replays a log, SPEED=X at a pace, PORT=N serves elsewhere
	@$(BIN)/recomind demo $(if $(DATA),--data $(DATA)) $(if $(SPEED),--speed $(SPEED)) $(if $(LIMIT),--limit $(LIMIT)) $(if $(PORT),--port $(PORT))

test: lint types imports pytest ## check everything: style, types, architecture, tests

lint: $(READY) ## ruff
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/ruff format --quiet --check $(SOURCES)

types: $(READY) ## mypy --strict
	@$(BIN)/mypy

imports: $(READY) ## import contracts
	@$(BIN)/lint-imports

chromium: ## a browser for the tests of the pages, where it may be installed
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && { apt-get update && apt-get install --yes --no-install-recommends chromium; } >/dev/null 2>&1; } || echo "chromium was not installed: the tests of the pages are skipped"

promtool: $(READY) ## what checks the alert rules, out of Debian's package, which is not installed: it would start a server
	@command -v promtool >/dev/null || test -x $(BIN)/promtool || (cd $(VENV) && apt-get download prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool > bin/promtool && chmod +x bin/promtool && rm prometheus_*.deb) >/dev/null 2>&1 || { rm -f $(BIN)/promtool; echo "promtool was not found: the tests of the alert rules are skipped"; }

pytest: $(READY) chromium promtool ## unit, contract, web, integration and acceptance tests
	@$(BIN)/python -m pytest -q -m "not slow"

faults: $(READY) ## the long fault suite
	@$(BIN)/python -m pytest -q tests/faults

evaluate: $(READY) ## prequential quality; DATA=DIR
	@$(BIN)/recomind evaluate $(DATA)

bench: $(READY) ## throughput, freshness and serving beside limits and peers; DATA=DIR, SCENARIOS="ingest serving"
	@$(BIN)/recomind bench $(SCENARIOS) $(if $(DATA),--data $(DATA)) --plot bench.svg

format: $(READY) ## format the sources
	@$(BIN)/ruff check --quiet --fix $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

lock: ## write requirements.lock anew (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.lock

clean: ## remove the environment and the demo's data
	@rm -rf $(VENV) .recomind
