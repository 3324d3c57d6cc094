# up: the main job on this machine.  test: everything the tests need, then the tests.
# PYTHON picks another Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

.PHONY: up test lint types docs check bench clean

up: $(VENV)/ready
	.ci/up

test: $(VENV)/ready-dev
	.ci/docker
	$(RUN)/python -m pytest -n 4 --dist loadfile

lint: $(VENV)/ready-dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/lint-imports

types: $(VENV)/ready-dev
	$(RUN)/mypy

docs: $(VENV)/ready-dev
	$(RUN)/python .ci/generate_docs.py

check: $(VENV)/ready-dev
	$(RUN)/python .ci/generate_docs.py --check
	$(RUN)/python .ci/check_docs.py

bench: $(VENV)/ready-dev
	.ci/docker
	$(RUN)/python -m benchmarks.planner
	$(RUN)/python -m benchmarks.idle
	$(RUN)/python -m benchmarks.deploy
	$(RUN)/python -m benchmarks.latency

$(VENV)/ready: pyproject.toml requirements.lock .ci/venv
	PYTHON=$(PYTHON) .ci/venv

$(VENV)/ready-dev: pyproject.toml requirements-dev.lock .ci/venv
	PYTHON=$(PYTHON) .ci/venv dev

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
