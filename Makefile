# Everything starts here. What must be there before: python3 >= 3.11, make, git.
.DEFAULT_GOAL := help
.PHONY: help setup demo up down status test test-faults test-clock test-pythons check build-aws bench bench-batch bench-cost bench-forecast bench-peers clean
SHELL := /bin/sh
$(if $(word 2,$(CURDIR)),$(error make cannot build in a folder with a space in its path: $(CURDIR)))
PYTHON ?= python3
unexport VIRTUAL_ENV

pin = $(shell $(PYTHON) -c 'import tomllib; print(tomllib.load(open("$(CURDIR)/pyproject.toml", "rb"))["tool"]["vigil"]["tools"]["$(1)"])' 2>/dev/null)
OWN_UV := $(CURDIR)/.vigil/uv/bin/uv
export UV := $(or $(shell command -v uv 2>/dev/null),$(OWN_UV))
VENV := $(CURDIR)/.venv
VIGIL := $(VENV)/bin/vigil
# One stamp per Python: another PYTHON makes the environment anew.
SYNCED := $(VENV)/.synced-$(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null)

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null || sed -n 's/^\([a-z-]*\):.*## /  make \1: /p' Makefile

setup: $(SYNCED) ## Install what the other targets need, into .venv and .vigil

demo: up ## Score real rows over HTTP through the whole system on this machine
	@"$(VIGIL)" demo

up: setup ## Train, build and deploy on this machine; only what is not done yet
	@"$(VIGIL)" local up

down: setup ## End what `up` started
	@"$(VIGIL)" local down

status: setup ## Show what is running
	@"$(VIGIL)" local status

test: setup check-style ## Lint, types and all tests, end to end included
	"$(UV)" run --no-sync pytest -n auto

test-faults: setup ## Crash, kill, duplicate and delay until something is lost or done twice (minutes)
	"$(UV)" run --no-sync pytest tests/faults -m "faults or not faults"

test-clock: setup ## Run the fast tests at ten instants and in three random orders; RUNS=leap-day for one
	"$(UV)" run --no-sync python -m tests.runs $(RUNS)

test-pythons: setup ## Run the fast tests on CPython 3.11, 3.12 and 3.13; PYTHONS=/path/to/python for others than on PATH
	"$(UV)" run --no-sync python -m tests.pythons $(PYTHONS)

check: setup ## Lint, types and the fast tests, side by side
	@"$(MAKE)" --no-print-directory -j 2 check-style check-fast

.PHONY: check-fast
check-fast: setup
	"$(UV)" run --no-sync pytest -n auto tests/unit tests/adapters

.PHONY: check-style
check-style: setup
	"$(UV)" run --no-sync ruff check .
	"$(UV)" run --no-sync ruff format --check .
	"$(UV)" run --no-sync mypy

build-aws: setup ## Build for Lambda (arm64, Python 3.13) into .aws-sam; then `sam deploy --config-env dev`
	VIGIL_BUILD=aws VIGIL_PYTHON="$(VENV)/bin/python" SAM_CLI_TELEMETRY=0 \
		"$(UV)" tool run --python "$(VENV)/bin/python" --from "$(call pin,sam)" sam build

bench: setup ## Measure scoring against the lightgbm package
	"$(UV)" run --no-sync python -m benchmarks.scoring

bench-batch: setup ## Measure batches, from 10,000 rows to a million
	"$(UV)" run --no-sync python -m benchmarks.batch

bench-cost: setup ## Say what a score, a row and a question cost
	"$(UV)" run --no-sync python -m benchmarks.cost

bench-forecast: setup ## Simulate how often anomalies and projections err (half an hour)
	"$(UV)" run --no-sync python -m benchmarks.forecast

bench-peers: setup ## Measure Vigil beside MLServer, BentoML and FastAPI
	"$(UV)" run --no-sync python -m benchmarks.peers

clean: ## End what runs and delete everything that was made, trained models and keys included
	@if [ -x "$(VIGIL)" ]; then "$(VIGIL)" local down; fi
	rm -rf .vigil .aws-sam .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(SYNCED): pyproject.toml uv.lock | $(UV)
	@rm -f "$(VENV)"/.synced*
	@"$(UV)" sync --quiet --frozen --python "$(PYTHON)"
	@"$(VENV)/bin/python" layers/openmp.py
	@touch "$@"

# Only where there is no uv on PATH. Some distributions ship Python without ensurepip, hence the second way.
$(OWN_UV):
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Vigil needs python3 >= 3.11; this is $$("$(PYTHON)" --version 2>&1). Name another with PYTHON=..." >&2; exit 1; }
	@echo "Installing uv $(call pin,uv) into .vigil/uv"
	@rm -rf .vigil/uv && mkdir -p .vigil
	@{ "$(PYTHON)" -m venv .vigil/uv && .vigil/uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(call pin,uv)"; } >.vigil/uv.log 2>&1 \
		|| { rm -rf .vigil/uv && "$(PYTHON)" -m pip install --quiet --disable-pip-version-check --target .vigil/uv "uv==$(call pin,uv)"; } >>.vigil/uv.log 2>&1 \
		|| { cat .vigil/uv.log >&2; echo "uv could not be installed: install it (https://docs.astral.sh/uv) or python3-venv, and run make again" >&2; rm -rf .vigil/uv; exit 1; }
