# Everything a fresh machine needs is a Python 3.11+ and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
SEEDS  ?= 200

# Tests start hundreds of processes; without kept bytecode each compiles the program anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench soak format lock world clean

help: ## Show these lines
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP) ## Create .venv with exactly the locked libraries

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Crossdock needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing libraries into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps -e .
	@$(BIN)/python -m compileall -q -j 2 -x 'spapi|sympy|cfnlint|networkx' $(VENV)/lib >/dev/null 2>&1 || true
	@touch $(STAMP)

demo: $(STAMP) ## The main job on a rehearsal world with faults, with a verdict (KEEP=1 leaves it running)
	@$(BIN)/python demo/run.py $(if $(KEEP),--keep) $(if $(ORDERS),--orders $(ORDERS)) $(if $(SEED),--seed $(SEED))

test: $(STAMP) ## All tests: kill -9 at every write, 42 seeded worlds; more of them: make soak
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not soak"

check: $(STAMP) ## Format, lint, types, layers and the fast tests; under a minute
	@$(BIN)/ruff format --check --quiet . || { echo "run 'make format'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache > .venv/lint-imports.log 2>&1 || { cat .venv/lint-imports.log; exit 1; }
	@$(BIN)/python -m pytest -n 2 -m "not slow"

bench: $(STAMP) ## Rates, latency, memory, idling and starts beside a bare loop (ORDERS=5000)
	@$(BIN)/python -m bench.run $(if $(ORDERS),--orders $(ORDERS))

soak: $(STAMP) ## Seeded worlds, a thousand orders while workers die: SEEDS=1000, or one again: SEED=109
	@$(if $(SEED),CROSSDOCK_SEED=$(SEED) $(BIN)/python -m pytest tests/scenarios/test_worlds.py -k agree,\
	  CROSSDOCK_SEEDS=$(SEEDS) $(BIN)/python -m pytest -n 2 tests/scenarios)

format: $(STAMP) ## Put the code in house style
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

lock: ## Renew requirements.lock from pyproject.toml
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip compile pyproject.toml --all-extras --universal --upgrade \
	  --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url \
	  --no-emit-find-links --quiet -o requirements.lock

world: $(STAMP) ## Both companies on loopback, with people who buy and staff who ship
	@$(BIN)/crossdock world start --people

clean: ## Remove what setup and runs made
	@rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
