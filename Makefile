# A new machine with Python 3.11 or later and make needs two commands: make demo, make test.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check
# Tests that start servers of their own share the machine's cores.
WORKERS ?= 2

.PHONY: demo test check requirements clean

demo: $(VENV)/.run $(if $(findstring tryton,$(ARGS)),$(VENV)/.tryton)
	@$(BIN)/fairlead demo $(ARGS)

test: check
	$(BIN)/pytest -q -n $(WORKERS) --dist loadfile

check: $(VENV)/.test
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy

# Each mark installs what its lock file names, hashes checked, and is renewed when the file changes.
$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: requirements/build.txt requirements/run.txt pyproject.toml | $(VENV)/.made
	$(PIP) --require-hashes -r requirements/build.txt
	$(PIP) --require-hashes -r requirements/run.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.tryton: requirements/tryton.txt | $(VENV)/.run
	$(PIP) --require-hashes -r requirements/tryton.txt
	@touch $@

$(VENV)/.test: requirements/test.txt | $(VENV)/.run
	$(PIP) --require-hashes -r requirements/test.txt
	@touch $@

# Locks again after a change of the dependencies in pyproject.toml; needs uv.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
requirements:
	$(LOCK) --group build -o requirements/build.txt
	$(LOCK) pyproject.toml -o requirements/run.txt
	$(LOCK) pyproject.toml --extra tryton -c requirements/run.txt -o requirements/tryton.txt
	$(LOCK) pyproject.toml --extra tryton --extra test -c requirements/tryton.txt -o requirements/test.txt

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
