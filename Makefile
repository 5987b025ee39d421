# The commands of the README. Each creates and reuses .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
BUILD_DOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

.PHONY: demo test docs clean

## The full demo on real text, in under ten minutes: use the packaged encoder, train another, compare.
demo: $(VENV)/ready-train
	$(BIN)/babelite demo --out demo --download

## All checks: style, types, layers, behaviour, examples, documentation.
test: $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile
	$(BUILD_DOCS)

## The documentation site, into site/.
docs: $(VENV)/ready-docs
	$(BUILD_DOCS)

$(VENV)/ready-%: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable '.[$*]'
	touch $@

clean:
	rm -rf $(VENV) demo site
