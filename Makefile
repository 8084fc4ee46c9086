# The commands of the project. They need python3 >= 3.11, make and git.
.DEFAULT_GOAL := help
.PHONY: help setup docs demo up down status test test-faults test-arm test-clock test-pythons check build-aws bench bench-batch bench-cost bench-forecast bench-ledger bench-peers bench-retrieval bench-wave clean
SHELL := /bin/sh
$(if $(word 2,$(CURDIR)),$(error make cannot build in a folder with a space in its path: $(CURDIR)))
PYTHON ?= python3
# Tests and commands start many processes; without bytecode each one compiles everything anew.
unexport VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

pin = $(shell $(PYTHON) -c 'import tomllib; print(tomllib.load(open("$(CURDIR)/pyproject.toml", "rb"))["tool"]["vigil"]["tools"]["$(1)"])' 2>/dev/null)
OWN_UV := $(CURDIR)/.vigil/uv/bin/uv
export UV := $(or $(shell command -v uv 2>/dev/null),$(OWN_UV))
VENV := $(CURDIR)/.venv
VIGIL := $(VENV)/bin/vigil
# One stamp per Python: another PYTHON makes the environment anew.
SYNCED := $(VENV)/.synced-$(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null)

# One stamp per set of packages: the bytecode of the packages and tests is written.
COMPILED := $(VENV)/.synced-compiled

help: ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null || sed -n 's/^\([a-z-]*\):.*## /  make \1: /p' Makefile

setup: $(SYNCED) ## Install the tools and packages of the other commands into .venv and .vigil

docs: setup ## Renew the generated files: map, routes and commands in docs/, dashboards and saved queries
	"$(UV)" run --no-sync python -m cli.pages
	"$(UV)" run --no-sync python -m cli.dashboards.picture
	"$(UV)" run --no-sync python -m cli.health_picture

demo: up ## Score real rows over HTTP with the whole system on this machine
	@"$(VIGIL)" demo

up: setup ## Train, build and deploy on this machine; skip finished steps
	@"$(VIGIL)" local up

down: setup ## Stop the deployment of `make up`
	@"$(VIGIL)" local down

status: setup ## Show the running deployment
	@"$(VIGIL)" local status

test: setup ## Run the linters, the type checker and all tests, including end-to-end tests
	@"$(MAKE)" --no-print-directory -j 2 check-all check-style

test-faults: setup ## Crash, kill, duplicate and delay work; check that each piece is done once (minutes)
	"$(UV)" run --no-sync pytest -m faults

test-arm: setup ## Run the artefacts for Lambda under qemu, with Debian's arm64 Python 3.13
	"$(UV)" run --no-sync pytest tests/deploy -m arm

test-clock: setup ## Run the fast tests at ten instants and in three random orders; RUNS=leap-day for one
	"$(UV)" run --no-sync python -m tests.runs $(RUNS)

test-pythons: setup ## Run the fast tests on CPython 3.11, 3.12 and 3.13; PYTHONS=/path/to/python for others than on PATH
	"$(UV)" run --no-sync python -m tests.pythons $(PYTHONS)

check: setup ## Run the linters, the type checker and the fast tests, side by side
	@"$(MAKE)" --no-print-directory -j 2 check-style check-fast

# The linters use the processors while end-to-end tests wait for their stack.
.PHONY: check-all
check-all: $(COMPILED)
	"$(UV)" run --no-sync pytest -n auto

.PHONY: check-fast
check-fast: setup
	"$(UV)" run --no-sync pytest -n auto tests/unit tests/adapters tests/deploy/test_import_rules.py

.PHONY: check-style
check-style: setup
	"$(UV)" run --no-sync ruff check .
	"$(UV)" run --no-sync ruff format --check .
	"$(UV)" run --no-sync mypy
	"$(UV)" run --no-sync lint-imports --no-logo --cache-dir .vigil/import-linter

build-aws: setup ## Build for Lambda (arm64, Python 3.13) into .aws-sam; then deploy, see docs/operations/deployments.md
	VIGIL_BUILD=aws VIGIL_PYTHON="$(VENV)/bin/python" SAM_CLI_TELEMETRY=0 \
		"$(UV)" tool run --python "$(VENV)/bin/python" --from "$(call pin,sam)" sam build
	@"$(VENV)/bin/python" layers/bytecode.py .aws-sam/build

bench: setup ## Compare the scoring speed with the lightgbm package
	"$(UV)" run --no-sync python -m benchmarks.scoring

bench-batch: setup ## Measure batches of 10,000 to a million rows
	"$(UV)" run --no-sync python -m benchmarks.batch

bench-cost: setup ## Calculate the cost of a score, a batch row and a question
	"$(UV)" run --no-sync python -m benchmarks.cost

bench-forecast: setup ## Simulate the error rates of anomalies and projections (half an hour)
	"$(UV)" run --no-sync python -m benchmarks.forecast

bench-ledger: setup ## Measure the stored rows of decisions and their cost
	"$(UV)" run --no-sync python -m benchmarks.ledger

bench-retrieval: setup ## Measure the search for passages: time, memory and recall (minutes)
	"$(UV)" run --no-sync python -m benchmarks.retrieval

bench-wave: setup ## Simulate waves of scores and name the first wall
	"$(UV)" run --no-sync python -m benchmarks.wave

bench-peers: setup ## Compare Vigil with MLServer, BentoML and FastAPI
	"$(UV)" run --no-sync python -m benchmarks.peers

clean: ## Stop the deployment and delete all generated files, including trained models and keys
	@if [ -x "$(VIGIL)" ]; then "$(VIGIL)" local down; fi
	rm -rf .vigil .aws-sam .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(SYNCED): pyproject.toml uv.lock | $(UV)
	@rm -f "$(VENV)"/.synced*
	@"$(UV)" sync --quiet --frozen --python "$(PYTHON)"
	@"$(VENV)/bin/python" layers/openmp.py
	@touch "$@"

# One process collects the tests first. Otherwise each process of `pytest -n auto` compiles all modules: 24 CPU seconds.
# The tests themselves report an error of the collection.
$(COMPILED): $(SYNCED)
	@"$(UV)" run --no-sync pytest --collect-only --quiet --quiet >/dev/null || true
	@touch "$@"

# Runs only if uv is not on PATH. The second command is for distributions whose Python has no ensurepip.
$(OWN_UV):
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Vigil needs python3 >= 3.11; this is $$("$(PYTHON)" --version 2>&1). Name another with PYTHON=..." >&2; exit 1; }
	@echo "Installing uv $(call pin,uv) into .vigil/uv"
	@rm -rf .vigil/uv && mkdir -p .vigil
	@{ "$(PYTHON)" -m venv .vigil/uv && .vigil/uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(call pin,uv)"; } >.vigil/uv.log 2>&1 \
		|| { rm -rf .vigil/uv && "$(PYTHON)" -m pip install --quiet --disable-pip-version-check --target .vigil/uv "uv==$(call pin,uv)"; } >>.vigil/uv.log 2>&1 \
		|| { cat .vigil/uv.log >&2; echo "uv could not be installed: install it (https://docs.astral.sh/uv) or python3-venv, and run make again" >&2; rm -rf .vigil/uv; exit 1; }
