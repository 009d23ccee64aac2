# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
#
# Every target creates what it needs: a virtual environment in the tree, with the versions of constraints.txt.
# Another interpreter beside the first: make test PYTHON=python3.13 VENV=.venv-3.13

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
ARGS ?=
# Processes among which `make test` shares all tests. More than two cores can run, because many tests wait.
WORKERS ?= 4

BIN := $(VENV)/bin
# One name for what an environment is made of. If it changes, the environment is made anew; if not, nothing is installed.
KEY := $(shell { $(PYTHON) -V; pwd; cat pyproject.toml $(CONSTRAINTS) src/lastchunk/version.py; } 2>&1 | cksum | cut -d' ' -f1)
BASE := $(VENV)/.base-$(KEY)
DEMO := $(VENV)/.demo-$(KEY)
DEV := $(VENV)/.dev-$(KEY)
EXAMPLES := $(VENV)/.examples-$(KEY)
STACK := $(VENV)/.stack-$(KEY)
REAL := $(VENV)/.real-servers-$(KEY)
SITE := $(VENV)/.site-$(KEY)
COMPAT := $(VENV)/.compat-$(KEY)

# Compiled once, and not again in each of the hundred processes that tests start.
unexport PYTHONDONTWRITEBYTECODE

# pip reads these, also in the isolated environments in which it builds.
export PIP_CONSTRAINT := $(CONSTRAINTS)
export PIP_BUILD_CONSTRAINT := $(CONSTRAINTS)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := $(BIN)/python -m pip install --quiet

# Other instrumentations, for their own tests only: in a folder of their own, or OpenTelemetry would load them everywhere.
# They need a newer OpenTelemetry than the oldest we support.
BESIDE := $(if $(findstring oldest,$(CONSTRAINTS)),true,$(PIP) --upgrade --no-deps --target $(VENV)/beside --group beside)

# Agent Framework needs a newer OpenTelemetry than the oldest we support.
DEMO_EXTRA := $(if $(findstring oldest,$(CONSTRAINTS)),demo-autogen,demo)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo example picture links test compat stack-test stack-tests real-servers real-servers-tests backtest backtests lint types format bench bench-peers soak grafana dist site first-alert newcomer clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf 'make %-11s %s\n' "$$name" "$$text"; done

demo: $(DEMO) ## watch streams break, and what Lastchunk says about each
	@$(BIN)/lastchunk demo $(ARGS)

example: $(EXAMPLES) ## run one of examples/ (NAME=agent_with_tools) against a model server on this machine
	@command=$$(sed -n 's/^    \(lastchunk demo run .*\)/\1/p' examples/$(NAME).py 2> /dev/null); \
	[ "$$command" ] || { echo "name an example: make example NAME=agent_with_tools; examples/README.md lists them" >&2; exit 2; }; \
	PATH="$(CURDIR)/$(BIN):$$PATH" $$command

test: $(DEV) ## run the tests (ARGS="-k ending -x" goes to pytest)
	@$(BIN)/python -m pytest $(if $(filter tests/%,$(ARGS)),,-n $(WORKERS) --dist loadfile --no-loadscope-reorder) --durations=10 $(ARGS)

.PHONY: environment
environment: $(DEV)

compat: $(COMPAT) ## test with old and new AutoGen, openai, wrapt and OpenTelemetry (ARGS="-t corners": the two ends)
	@env -u PIP_CONSTRAINT -u PIP_BUILD_CONSTRAINT $(BIN)/nox $(ARGS)

stack-test: ## test against real servers: the first time it builds them, for a quarter of an hour
	@scripts/stack-servers > /dev/null || [ "$$CI" != true ]
	@$(MAKE) --no-print-directory stack-tests VENV=$(VENV)-stack

stack-tests: $(STACK)
	@$(BIN)/python -m pytest $(if $(filter tests/%,$(ARGS)),,tests/stack -n 3 --dist loadgroup) --durations=10 $(ARGS)

real-servers: ## test behind llama-cpp-python's server and LiteLLM's proxy, which it installs once (ten minutes, 1 GB)
	@PYTHON=$(PYTHON) scripts/real-servers
	@$(MAKE) --no-print-directory real-servers-tests VENV=$(VENV)-real

real-servers-tests: $(REAL)
	@$(BIN)/python -m pytest $(if $(filter tests/%,$(ARGS)),,tests/real_servers) --durations=10 $(ARGS)

backtest: ## try grafana/settings.yaml on a month of invented services: minutes to the page, false pages (ARGS="--settings mine.yaml")
	@scripts/stack-servers > /dev/null || [ "$$CI" != true ]
	@$(MAKE) --no-print-directory backtests VENV=$(VENV)-stack

backtests: $(STACK)
	@$(BIN)/python -m tests.stack.backtest $(ARGS)

.PHONY: victoria
victoria: ## ask alerts and dashboards of VictoriaMetrics, too (Debian's package), and compare it with Prometheus
	@scripts/stack-servers > /dev/null || [ "$$CI" != true ]
	@command -v victoria-metrics > /dev/null || apt-get install -qq -y --no-install-recommends victoria-metrics > /dev/null
	@$(MAKE) --no-print-directory $(VENV)-stack/.stack-$(KEY) VENV=$(VENV)-stack
	@$(VENV)-stack/bin/python -m tests.stack.victoria

lint: $(DEV) ## check style and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(DEV) ## check the types of src/, strictly, and those of an application that uses it
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@$(BIN)/mypy --strict tests/types

format: $(DEV) ## let ruff put style and format right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(DEMO) ## what Lastchunk costs, against the budgets (about ten minutes; ARGS="chunk" for a part)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-peers: $(DEMO) ## the same beside other instrumentations, each in an environment of its own
	@$(BIN)/python -m benchmarks.peers $(ARGS)

.PHONY: fuzz
fuzz: $(DEV) ## look for anything that differs under Lastchunk, from random seeds (ARGS="protocol --seed 1 --cases 1000")
	@$(BIN)/python -m fuzz $(ARGS)

soak: $(DEMO) ## a hundred thousand streams left in every way: nothing lost, kept or hanging (at most three minutes)
	@$(BIN)/python -m benchmarks.soak $(ARGS)

picture: $(DEV) ## make docs/images/demo.svg from a run of the demo
	@$(BIN)/python scripts/picture.py

links: $(DEV) ## ask for every external link in the documentation (it needs the network)
	@$(BIN)/python scripts/links.py

grafana: $(DEV) ## make dashboards and alerts from semconv/ and grafana/settings.yaml
	@$(BIN)/python -m lastchunk.monitoring

dist: $(DEV) ## build wheel and sdist, install the wheel into a clean environment, and try it there
	@rm -rf dist $(VENV)-dist
	@$(BIN)/python -m build --outdir dist . > $(VENV)/build.log 2>&1 || { cat $(VENV)/build.log; exit 1; }
	@$(PYTHON) -m venv $(VENV)-dist
	@$(VENV)-dist/bin/python -m pip install --quiet --upgrade pip
	@$(VENV)-dist/bin/python -m pip install --quiet "$$(echo dist/*.whl)[monitoring,otlp]" autogen-agentchat autogen-ext
	@$(VENV)-dist/bin/python scripts/smoke.py
	@ls dist

site: $(SITE) ## build the documentation as a site, in build/site (a broken link is an error)
	@rm -rf build/docs build/site && mkdir -p build/docs
	@cp -r README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE Makefile docs grafana collector-config examples build/docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --config-file docs/site/mkdocs.yml

first-alert: $(DEV) ## perform docs/first-alert.md until its alert fires (a few minutes; it needs Debian's Prometheus)
	@$(BIN)/python -m pytest tests/first_alert $(ARGS)

newcomer: $(BASE) ## do what a new user does in fresh environments, unpinned: install, serve, stop, break and mend
	@$(BIN)/python -m scripts.newcomer

clean: ## remove everything that make has made
	rm -rf .venv .venv-* build dist .pytest_cache .ruff_cache .hypothesis .inline-snapshot
	find benchmarks fuzz src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

$(BASE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Lastchunk needs Python 3.11 or newer; '$(PYTHON) -V' says: $$($(PYTHON) -V 2>&1 | tail -1). Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "making $(VENV) (once; about half a minute)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) --upgrade pip
	@touch $@

$(DEMO): | $(BASE)
	@$(PIP) --editable '.[$(DEMO_EXTRA)]'
	@touch $@

$(DEV): | $(BASE)
	@$(PIP) --group dev --editable '.[$(DEMO_EXTRA)]'
	@$(BESIDE)
	@touch $@ $(DEMO) $(EXAMPLES)

$(EXAMPLES): | $(BASE)
	@$(PIP) --group examples --editable '.[$(DEMO_EXTRA)]'
	@touch $@

$(STACK): | $(BASE)
	@$(PIP) --group stack --editable '.[$(DEMO_EXTRA)]'
	@touch $@

$(REAL): | $(BASE)
	@$(PIP) --group real-servers --editable '.[demo]'
	@touch $@

$(SITE): | $(BASE)
	@$(PIP) --group site --editable .
	@touch $@

$(COMPAT): | $(BASE)
	@$(PIP) --group compat
	@touch $@
