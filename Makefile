# Everything that a person or CI runs here. Python 3.11 or newer and make are all that `demo` and `test` need.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV_VERSION := 0.13.9
VERSION = $(shell sed -n 's|^version = "\(.*\)"|\1|p' pyproject.toml)
COMPILE = $(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(LOCK_ARGS)

PURE := not java and not browser and not postgres and not redis and not nginx and not image and not external
PYTEST_ARGS ?=
FUZZ_ARGS ?=

.PHONY: help install install-dev demo test test-all check format bench bench-peers faults fuzz docs screenshots lock
.PHONY: chromium clean chaos soak replicas image image-test deploy-check
.PHONY: chromium clean audit sbom

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.runtime ## .venv with the locked dependencies and the crs-cds command

install-dev: $(VENV)/.dev ## install, and the locked tools for tests and checks

demo: install ## the service with the embedded EHR sandbox on http://127.0.0.1:8000
	@exec $(BIN)/crs-cds demo

test: install-dev ## every test that needs nothing but Python
	$(BIN)/python -m pytest -m "$(PURE)" $(PYTEST_ARGS)

test-all: install-dev chromium ## all tests: also the real FHIR server (Java), PostgreSQL, Redis, nginx, the image, the browser, external data
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: install-dev ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install-dev ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

QUICK = $(if $(BENCH_QUICK),--quick)
bench: install-dev fuzz ## fuzz; cost of mapping and of a hook call, latency, throughput, spoiled requests; BENCH_QUICK=1
	$(BIN)/python benchmarks/mapping.py $(QUICK)
	$(BIN)/python benchmarks/run.py $(QUICK)
	$(BIN)/python benchmarks/latency.py $(QUICK)
	$(BIN)/python benchmarks/throughput.py $(QUICK)
	$(BIN)/python benchmarks/mutated.py $(QUICK)
	$(BIN)/python benchmarks/tokens.py $(QUICK)
	$(MAKE) soak replicas

bench-peers: install-dev $(VENV)/peers/.ready ## the same load on HealthChain, in an environment of its own
	$(BIN)/python benchmarks/throughput.py $(QUICK) --peer $(CURDIR)/$(VENV)/peers/bin/python

faults: install-dev ## 32 calls at once while the FHIR server fails in every way; BENCH_QUICK=1 for one round
	$(BIN)/python benchmarks/faults.py --rounds $(if $(BENCH_QUICK),1,3)

chaos: install-dev ## two replicas behind nginx, and all they need, broken one after the other under load; BENCH_QUICK=1
	$(BIN)/python benchmarks/hospital/chaos.py $(QUICK)

soak: install-dev ## 100,000 calls through the whole set-up: memory, files and threads stay (5,000 with BENCH_QUICK=1)
	$(BIN)/python benchmarks/hospital/soak.py $(QUICK)

replicas: install-dev ## two replicas behind nginx beside one; BENCH_QUICK=1 for a short run
	$(BIN)/python benchmarks/hospital/replicas.py $(QUICK)

ENGINE ?= $(firstword $(foreach engine,docker podman buildah,$(shell command -v $(engine))))
IMAGE_ARGS ?=
image: ## the image, with docker, podman or buildah; ENGINE= and IMAGE_ARGS= for another engine and its options
	@test -n "$(ENGINE)" || { echo "error: no docker, podman or buildah was found" >&2; exit 1; }
	$(ENGINE) build $(IMAGE_ARGS) --build-arg REVISION="$$(git rev-parse HEAD)" -f docker/Dockerfile -t crs-cds:$(VERSION) .

image-test: install-dev ## the image, built with buildah on a bare Debian and started without privileges (root, Debian)
	$(BIN)/python -m pytest tests/deployment/test_image.py $(PYTEST_ARGS)

deploy-check: install-dev ## what reads the files of docker/, and the image
	$(BIN)/python -m pytest tests/deployment $(PYTEST_ARGS)

fuzz: install-dev ## map 200,000 mutated resources (20,000 with BENCH_QUICK=1); FUZZ_ARGS="--seed 2" for others
	$(BIN)/python benchmarks/fuzz.py $(if $(BENCH_QUICK),--quick) $(FUZZ_ARGS)

docs: install ## write the pages that are made from the tables and from the cases of the tests
	env -u CRS_CDS_CODES $(BIN)/crs-cds tables show --format markdown > docs/reference/codes.md.new
	mv docs/reference/codes.md.new docs/reference/codes.md
	$(BIN)/python -m tests.spec.render

audit: install-dev ## known vulnerabilities of the locked packages; AUDIT_STRICT=1 fails where none could be looked up
	$(BIN)/python tools/audit.py requirements/runtime.txt

sbom: install-dev ## build/sbom.json: what the service is made of (CycloneDX), from the locked packages
	@mkdir -p build
	$(BIN)/python -W ignore::UserWarning -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible \
		--of JSON -o build/sbom.json requirements/runtime.txt

screenshots: install-dev chromium ## take the pictures of the README from the real demo
	$(BIN)/python -m tools.screenshots
	$(BIN)/python -m tools.course_screenshot

lock: $(VENV)/lock/bin/uv ## rewrite requirements/ from pyproject.toml; LOCK_ARGS=--upgrade takes newer versions
	$(COMPILE) --output-file requirements/build.txt --group build
	$(COMPILE) --output-file requirements/runtime.txt pyproject.toml
	$(COMPILE) --output-file requirements/dev.txt --constraint requirements/runtime.txt \
		--constraint requirements/build.txt pyproject.toml --group dev
	$(COMPILE) --output-file requirements/tracing.txt --constraint requirements/dev.txt --extra tracing pyproject.toml

clean: ## remove what was built, .venv included
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v "$(PYTHON)" > /dev/null || \
		{ echo "error: $(PYTHON) was not found; Python 3.11 or newer is needed (make PYTHON=/path/to/python3 …)" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is $$("$(PYTHON)" --version 2>&1); 3.11 or newer is needed (make PYTHON=/path/to/python3 …)" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "error: no virtual environment could be made (on Debian: apt-get install python3-venv)" >&2; exit 1; }

# The lock files are complete: nothing is resolved here, so that a newer release elsewhere cannot break an install.
$(VENV)/.runtime: requirements/build.txt requirements/runtime.txt pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --no-deps --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	$(PIP) install --quiet --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/peers/.ready: benchmarks/peers/requirements.txt | $(BIN)/python
	$(BIN)/python -m venv $(VENV)/peers
	$(VENV)/peers/bin/python -m pip --disable-pip-version-check install --quiet -r benchmarks/peers/requirements.txt
	@touch $@

$(VENV)/lock/bin/uv: | $(BIN)/python
	$(BIN)/python -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip --disable-pip-version-check install --quiet uv==$(UV_VERSION)

# libatomic is what Playwright's driver needs beyond Chromium. Where neither is there nor can be installed, browser
# tests say themselves that they were skipped.
chromium: | $(BIN)/python
	@{ command -v chromium && $(BIN)/python -c 'import ctypes; ctypes.CDLL("libatomic.so.1")'; } > /dev/null 2>&1 || \
		.ci/apt-install chromium libatomic1 fonts-dejavu-core || \
		echo "Chromium cannot be installed here: browser tests may be skipped" >&2
