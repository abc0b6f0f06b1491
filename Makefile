# Each target sets up what it needs: the only thing to have beforehand is CPython 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
N ?= 1000
SEED ?=

.PHONY: setup test check demo bench bench-encodings simulate samples

setup: .venv/ready

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	touch .venv/ready

test: setup
	$(BIN)/python -m pytest -n auto --cov --cov-report=term

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) --no-print-directory test

demo: export BULKUP_HOME := .demo/home
demo: setup
	$(BIN)/bulkup run sample_data/contacts.csv --object Contact --op upsert \
	  --external-id Email__c --org local --dir .demo/results
	@echo; ls -l .demo/results
	@echo; echo 'The columns and the first row of results.csv:'; head -n 2 .demo/results/results.csv

bench: setup
	$(BIN)/python -m benchmarks

bench-encodings: setup
	$(BIN)/python -m benchmarks.encodings

simulate: setup
	$(BIN)/python -m tests.simulation --seeds $(N) $(if $(SEED),--seed $(SEED))

samples: setup
	$(BIN)/python sample_data/make.py
