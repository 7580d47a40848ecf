# Everything sets itself up: `make demo` and `make test` need only Python >= 3.11 and make.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CWT_VENV := .venv-cwt
PIP := -m pip --disable-pip-version-check --no-input -q
RUN_PIP := $(BIN)/python $(PIP)

.PHONY: help install demo test lint bench loadtest vectors lifecycle lock clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed  ## Make .venv with liangzheng in it, from the locked requirements

demo: $(VENV)/.installed  ## Make keys and sample certificates, print a QR code, serve (HOST= PORT=)
	$(BIN)/liangzheng demo $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT))

test: $(VENV)/.installed-dev $(CWT_VENV)/.installed  ## Lint, type-check, and run every test
	@sh tests/system_packages.sh
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(VENV)/.installed-dev  ## ruff, mypy strict, and the direction of imports
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

bench: $(VENV)/.installed-dev  ## Measure, beside the baselines, and print the table
	@sh tests/system_packages.sh
	$(BIN)/python -m loadtest.bench

loadtest: $(VENV)/.installed-dev  ## Half a minute of mixed load by locust; every verdict is checked
	$(BIN)/python -m loadtest.load

vectors: $(VENV)/.installed-dev  ## Write the test vectors of the code format anew
	$(BIN)/python -m tests.vectors.generate

lifecycle: $(VENV)/.installed-dev  ## Write the tables of docs/lifecycle.md anew, by walking them
	$(BIN)/python -m tests.whole.write_lifecycle

lock:  ## Resolve the requirements anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --no-strip-extras -q pyproject.toml --group build -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --no-strip-extras -q pyproject.toml --group build --group dev -c requirements.txt -o requirements-dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --no-strip-extras -q --group second-opinion -o requirements-second-opinion.txt

clean:  ## Remove what was built; leaves ./data alone
	rm -rf $(VENV) $(CWT_VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "liangzheng needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  apt-get update -qq && apt-get install -y -qq python3-venv; } || \
	  { echo "Python's venv module is missing: on Debian, apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python requirements.txt pyproject.toml
	@echo "Installing the locked requirements into $(VENV) ..."
	@$(RUN_PIP) install --require-hashes -r requirements.txt
	@$(RUN_PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@echo "Installing what the tests need ..."
	@$(RUN_PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

# Has an opinion of its own, and therefore an environment of its own: it needs an older cbor2 than we do.
$(CWT_VENV)/.installed: $(VENV)/bin/python requirements-second-opinion.txt
	@echo "Installing python-cwt into $(CWT_VENV) ..."
	@$(BIN)/python -m venv $(CWT_VENV)
	@$(CWT_VENV)/bin/python $(PIP) install --require-hashes -r requirements-second-opinion.txt
	@touch $@
