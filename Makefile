.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
MEMBERS := $(wildcard libs/*/pyproject.toml services/*/pyproject.toml)
SERVICES := intake cases notifications buyer_portal_api

export UV_PYTHON_DOWNLOADS := never
export UV_COMPILE_BYTECODE := 1

##@ Two commands
demo: install ## Do the main job once, from complaints to signed alerts, and check the ledger
	@$(BIN)/tocsin demo $(ARGS)

test: check install ## Pass every check and every test
	@$(BIN)/python tools/run_tests.py $(t)

##@ Everyday
up: install ## Start everything and stay: real PostgreSQL, real NATS, four services
	@$(BIN)/tocsin up $(ARGS)

bench: install ## Measure against a floor of the same run; writes build/bench.json
	@$(BIN)/python tools/bench $(ARGS)

install: $(VENV)/.installed ## Make the virtual environment from locks/

check: format-check lint types imports migrations-check docs-check ## All checks without tests

##@ Checks
format: install ## Format the code
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

format-check: install
	@$(BIN)/ruff format -q --check . && echo "format: as it should be"

lint: install ## ruff
	@$(BIN)/ruff check -q . && echo "lint: nothing to say"

types: install ## pyright, strict
	@$(BIN)/pyright | tail -n 40; exit $${PIPESTATUS[0]}

imports: install ## Who may import whom
	@$(BIN)/lint-imports --no-cache > build/imports.txt 2>&1 || { cat build/imports.txt; exit 1; }; tail -n 1 build/imports.txt

migrations-check: install ## Do the migrations make what the models say?
	@for service in $(SERVICES); do $(BIN)/python tools/migration.py check $$service || exit 1; done

docs-check: install ## Are the generated documents fresh?
	@$(BIN)/python tools/generate_docs.py --check && $(BIN)/python tools/nats_config.py --check && $(BIN)/python tools/dashboards --check && $(BIN)/python tools/k8s --check

docs: install ## Generate docs/openapi, docs/asyncapi and what deploy/ has from the code
	@$(BIN)/python tools/generate_docs.py && $(BIN)/python tools/nats_config.py && $(BIN)/python tools/dashboards && $(BIN)/python tools/k8s

migration: install ## Write a migration: make migration s=cases m="what changes"
	@$(BIN)/python tools/migration.py new $(s) "$(m)"

##@ Operators
compose-up: install ## Run Tocsin with Docker Compose; makes secrets in .compose/ the first time
	@$(BIN)/python -m tools.compose_secrets && docker compose up -d --build --wait $(ARGS)

compose-down: ## Stop it; the data stay
	@docker compose down

compose-test: install ## Drill the real containers: kills, backup, loss, restore, stop
	@deploy/ci/compose_test.sh

k8s-validate: install ## Render deploy/k8s and check it without a cluster, and what watches it
	@deploy/ci/k8s_validate.sh

operators-test: k8s-validate compose-test ## All of the operators' checks that can run here

##@ Dependencies
lock: $(UV) ## Resolve anew and write locks/
	@$(UV) lock -q --upgrade && $(PYTHON) tools/lock.py $(UV)

.uv/bin/uv: locks/uv.txt
	@echo "uv is not on this machine; installing it into .uv"
	@$(PYTHON) -m venv .uv && .uv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r locks/uv.txt

$(VENV)/.installed: locks/dev.txt $(MEMBERS) | $(UV)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tocsin needs Python 3.11 or newer; this is %s. Say which with PYTHON=" % sys.version.split()[0])'
	@[ -d $(VENV) ] || $(UV) venv -q --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r locks/dev.txt
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation $(foreach member,$(MEMBERS),-e $(dir $(member)))
	@mkdir -p build && touch $@

clean: ## Remove what make made here
	@rm -rf $(VENV) .uv build

help: ## Show this
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo test up bench install check format format-check lint types imports migrations-check docs-check docs migration lock compose-up compose-down compose-test k8s-validate operators-test clean help
