# Verbs only. Every verb sets up what it needs; `make demo` and `make test` are all that a fresh machine has to run.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup demo test check gen bench mutants clean

setup: $(STAMP) node_modules/.ready

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $(STAMP)

node_modules/.ready: package-lock.json package.json
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || { echo "Node 20 or later is needed: https://nodejs.org"; exit 1; }
	npm ci --silent --no-progress
	@touch $@

# make demo                              the sample repository
# make demo REPO=path TEST="pytest -q"   a clone of your own, with a bug planted
demo: $(STAMP)
	$(BIN)/python examples/first_session/play.py $(if $(REPO),--repo "$(REPO)") $(if $(TEST),--test "$(TEST)") $(if $(SEED),--seed $(SEED))

test: setup
	npm run --silent test
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m patchtrail.cli.gen --check
	npm run --silent gen -- --check
	npm run --silent types
	$(BIN)/python -m pytest -q tests/tidy

gen: setup
	$(BIN)/python -m patchtrail.cli.gen
	npm run --silent gen

# Ratios side by side in one run; nothing here is a test.
bench: setup
	$(BIN)/python -m tests.bench

# Switch off each check of the verifier in turn; every one must be missed by a test.
mutants: setup
	$(BIN)/python -m tests.mutants

clean:
	rm -rf $(VENV) .node node_modules .demo
