# Verbs only. Every verb sets up what it needs; `make demo` and `make test` are all that a fresh machine has to run.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup demo editor test check gen package bench mutants soak clean

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

# make demo                              the sample repository, then three sessions and what becomes of them
# make demo REPO=path TEST="pytest -q"   a clone of your own, with a bug planted
demo: $(STAMP)
	$(BIN)/python examples/first_session/play.py $(if $(REPO),--repo "$(REPO)",--no-keep) $(if $(TEST),--test "$(TEST)") $(if $(SEED),--seed $(SEED))
	$(if $(REPO),,$(BIN)/python examples/play_sessions.py)

# The editor that the end-to-end tests drive.
.editor/.ready: tests/e2e/rig/package-lock.json tests/e2e/rig/install.sh
	tests/e2e/rig/install.sh

test: setup .editor/.ready
	npm run --silent test
	$(BIN)/python -m pytest --numprocesses 2

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

# A real VS Code in the browser, to try by hand.
editor: setup .editor/.ready package
	$(BIN)/python -m tests.e2e.by_hand

# make package                           dist/patchtrail-<target>-<version>.vsix for this machine
# make package TARGET=darwin-arm64       for another: linux-x64, linux-arm64, darwin-arm64
# make package VSIX_FLAGS=...            with flags of vsce; the tests leave out its minutes of looking for secrets
TARGET ?= $(shell node -p 'process.platform + "-" + process.arch')
package: setup
	$(BIN)/python extension/scripts/bundle.py $(TARGET)
	npm run --silent bundle
	@mkdir -p dist
	npm run --silent vsix -- --target $(TARGET) $(VSIX_FLAGS)

# Ratios side by side in one run; nothing here is a test.
bench: setup .editor/.ready package
	$(BIN)/python -m tests.bench

# Switch off each check of the verifier in turn; every one must be missed by a test.
mutants: setup
	$(BIN)/python -m tests.mutants

# make soak              the long versions of the delivery tests: crashes, kills, wire faults, an outage (500 MB from 25 minutes on),
#                        and output in the terminal of a real editor (1 GiB from 17 minutes on)
# make soak MINUTES=600  for a night
MINUTES ?= 30
soak: setup .editor/.ready
	$(BIN)/python -m tests.soak --minutes $(MINUTES)

clean:
	rm -rf $(VENV) .node .editor node_modules .demo bundled dist extension/dist
