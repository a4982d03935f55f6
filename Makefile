# make demo     an app on virtual glasses, in this terminal
# make test     everything that is tested; make fast: only what needs no sockets, processes, terminal or node
# make check    linters and type checkers; make format mends what can be mended
# make benchmark  how long a reload takes, here and with others; how steady an hour of many users is
# make speed    our SDK beside the official one, under load; make speed OPTIONS=--short in some minutes
# make transports  our WebSocket client beside others; make transports OPTIONS=--short in two minutes
# make picture  the picture of the README, taken anew

SHELL := bash
BIN := .venv/bin
NAMES := python3.11 python3.12 python3.13 python3.14 python3 python
# Asked, not only looked for: a shim of a version manager may stand for nothing.
NEW_ENOUGH := import sys; sys.version_info >= (3, 11) and print(sys.executable)
PYTHON ?= $(or $(firstword $(foreach name,$(NAMES),$(shell $(name) -c '$(NEW_ENOUGH)' 2> /dev/null))),\
$(error Python 3.11 or newer is needed. If you have it: make PYTHON=/path/to/python))

.PHONY: demo test fast check format picture benchmark speed transports clean

demo: .venv/app
	rm -rf .demo
	$(BIN)/mentra new hello --no-input --output-dir .demo
	@echo "Change .demo/hello/app.py while it runs."
	cd .demo/hello && ../../$(BIN)/mentra dev --port 0

test: .venv/dev tests/peers/node_modules benchmarks/node_modules
	@bash .ci/packages tmux
	@bash .ci/packages openssl-headers
	$(BIN)/python -m pytest

fast: .venv/dev
	$(BIN)/python -m pytest -m "not sockets and not processes and not terminal and not node and not packaging"

check: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

format: .venv/dev
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

picture: .venv/app
	@bash .ci/packages tmux
	$(BIN)/python docs/images/make_screenshot.py

benchmark: .venv/bench benchmarks/node_modules
	$(BIN)/python benchmarks/reload.py
	$(BIN)/python benchmarks/many_users.py

speed: .venv/bench benchmarks/node_modules
	@bash .ci/packages openssl-headers
	$(BIN)/python benchmarks/speed.py $(OPTIONS)

transports: .venv/bench
	@bash .ci/packages openssl-headers
	$(BIN)/python benchmarks/transports.py $(OPTIONS)

clean:
	rm -rf .venv .demo build dist benchmarks/build tests/peers/node_modules benchmarks/node_modules .mypy_cache .pytest_cache .ruff_cache

# Editable, so that the environment follows the code; made anew from the same file when pyproject.toml changes.
.venv/app: pyproject.toml
	@bash .ci/packages venv $(PYTHON)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/dev: .venv/app
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

.venv/bench: .venv/app
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@

%/node_modules: %/package.json
	cd $* && npm install --silent
	@touch $@
