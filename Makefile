# up: the main job on this machine.  test: everything the tests need, then the tests.
# PYTHON picks another Python 3.11 or newer; WORKERS how many tests run at once.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

# Two for each core of a small machine, because a test of several parts mostly waits for the Engine. A file's tests stay
# together and share what they start; tests/conftest.py puts the files that take longest first, so that none comes last.
WORKERS ?= 4
SPREAD := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# No Engine, no root, no manager that answers and no git: what a change of one part is tried with in half a minute.
UNIT := -m "not docker and not root and not slow" $(addprefix tests/,agent cli/render cli/support control manifest net plan store wire)

.PHONY: up test test-unit test-slow soak coverage lint types docs check bench clean

up: $(VENV)/ready
	.ci/up

test: $(VENV)/ready-dev
	.ci/docker
	$(RUN)/python -m pytest $(SPREAD)

test-unit: $(VENV)/ready-dev
	EFFORT=quick $(RUN)/python -m pytest -n 2 --dist worksteal $(UNIT)

# The whole suite on a machine that has something else to do: no test may hope for speed.
test-slow: $(VENV)/ready-dev
	.ci/docker
	.ci/busy $(RUN)/python -m pytest $(SPREAD)

# A search for hours: what a run tries with a few stories is tried with thousands, which are others each time.
soak: $(VENV)/ready-dev
	.ci/docker
	EFFORT=soak $(RUN)/python -m pytest $(SPREAD)

coverage: $(VENV)/ready-dev
	.ci/docker
	$(RUN)/coverage erase
	$(RUN)/coverage run -m pytest $(SPREAD)
	$(RUN)/coverage combine -q
	$(RUN)/coverage report

lint: $(VENV)/ready-dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/lint-imports

types: $(VENV)/ready-dev
	$(RUN)/mypy

docs: $(VENV)/ready-dev
	$(RUN)/python .ci/generate_docs.py
	$(RUN)/python .ci/draw_architecture.py

check: $(VENV)/ready-dev
	$(RUN)/python .ci/generate_docs.py --check
	$(RUN)/python .ci/draw_architecture.py --check
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
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
