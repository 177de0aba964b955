# The verbs of the project; `make` alone prints them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DATA   ?= ../shared/data
SECONDS := 1800
SAMPLE  ?= 60

.DEFAULT_GOAL := help
.PHONY: help test components fuzz mutants bench reliability soak simulate lint demo docs site-docs pictures schemas dist clean

help: ## print the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q $(VENV)/lib src || true
	touch $(STAMP)

test: $(STAMP) components ## run the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadgroup

components: ## the servers that the tests run for themselves, where they can be installed
	@PYTHON=$(PYTHON) tests/components/install.sh

fuzz: $(STAMP) components ## fuzz each target for SECONDS of CPU time, and keep in build/fuzz what broke it
	printf '%s\n' yaml_guard junit_report prometheus_answers escapers ledger_lines | \
	  PYTHONPATH=tests xargs -P 2 -I TARGET $(BIN)/python -m fuzz.driver TARGET --seconds $(SECONDS) --keep build/fuzz/TARGET

mutants: $(STAMP) components ## change MODULES of what decides, SAMPLE mutants of each, see which tests notice, and write docs/mutation.md
	OPENBLAS_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python -m mutation $(MODULES) --sample $(SAMPLE)

# what rows are measured beside; the file of pins is whole, and pip would look for newer ones of its own accord
.venv-bench/.installed: requirements/bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements/bench.txt
	touch $@

bench: $(STAMP) components .venv-bench/.installed ## measure, and write docs/performance.md (SECTIONS="log starts" for some)
	$(BIN)/python -m benchmarks $(SECTIONS)

reliability: $(STAMP) ## cut every step off everywhere, run it again, and write docs/reliability.md
	$(BIN)/python -m benchmarks.reliability

soak: $(STAMP) ## watch a thousand models for half an hour, and write docs/soak.md
	$(BIN)/python -m benchmarks.soak

simulate: $(STAMP) ## simulate the statistics, the watch and the inheritance (real data in DATA), and write the tables of their pages
	$(BIN)/python -m benchmarks.choices
	$(BIN)/python -m benchmarks.watch $(DATA)
	$(BIN)/python -m benchmarks.inheritance $(DATA)

demo: $(STAMP) ## three promotions of a real model on real flights, in ./demo
	$(BIN)/ratchet demo --dir demo

lint: $(STAMP) ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check src tests docs benchmarks hatch_build.py
	$(BIN)/ruff format --check src tests docs benchmarks hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(STAMP) ## rewrite the generated parts of the documentation
	$(BIN)/python docs/pages.py

site-docs: $(STAMP) ## build the documentation as a site that needs no network, in build/site-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

pictures: $(STAMP) ## take the pictures of the documentation again, with Chromium
	PYTHONPATH=tests $(BIN)/python tests/pictures.py

schemas: $(STAMP) ## rewrite the JSON Schemas
	$(BIN)/ratchet schema --write schemas

dist: $(STAMP) ## the archives of a release, and what they bring (an SBOM in CycloneDX), in ./dist; the same bytes from the same commit
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist . && rm dist/commit
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --short-PURLs --output-file dist/sbom.cdx.json \
	  requirements/runtime.txt

clean: ## remove what the other verbs made
	rm -rf $(VENV) .venv-mlflow .venv-spark .venv-oracles .venv-bench .venv-fuzz build dist demo .pytest_cache .mypy_cache .ruff_cache
