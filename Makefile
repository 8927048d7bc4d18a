# Counterpart: `make` alone lists what can be done. Everything works on a fresh checkout, without Docker.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install run test test-all check bench format docs assets lock clean

# Where it is set, as in many containers, each of the tests' workers would compile all tests anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON := .venv/bin/python
# Three workers, each with servers of its own, for the two cores that this is meant for: one of them always waits.
WORKERS ?= 3
# More for pytest, e.g. `make test ARGS="-k sign_in -x"`.
ARGS ?=
PYTEST := $(PYTHON) -m pytest -n $(WORKERS) --dist loadfile

##@ Use
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  Settings: YES=1 installs system packages without asking; COUNTERPART_PORTAL_PORT, _LDAP_PORT, _LDAPS_PORT,"
	@echo "  _IDP_PORT and _SMTP_PORT move the ports; COUNTERPART_VAR moves the folder var/; COUNTERPART_LEADERS=60 invents fewer."

install: ## Install what is missing (asks once before it uses sudo)
	@dev/bootstrap

run: ## Start the whole of Counterpart with invented people; Ctrl-C stops it
	@dev/bootstrap
	@exec $(PYTHON) -m dev.run

##@ Test
test: ## Check the code and run the tests (at most 10 minutes)
	@dev/bootstrap --tests
	@$(MAKE) --no-print-directory checks
	$(PYTEST) -m "not third_party and not crash and not fuzz" tests/unit tests/functional $(ARGS)

test-all: ## The tests with third parties, crash rounds and full counts of hostile inputs (at most 45 minutes)
	@dev/bootstrap --test-all
	@$(MAKE) --no-print-directory checks
	COUNTERPART_TEST_ROUNDS=full $(PYTEST) tests/unit tests/functional tests/interop $(ARGS)

check: ## Style, types, import contracts and the rules about the whole code base
	@dev/bootstrap
	@$(MAKE) --no-print-directory checks

bench: ## Measure how fast it is (COUNTERPART_BENCH_LARGEST=100000 leaves the million people out)
	@dev/bootstrap --bench
	$(PYTHON) -m pytest -p no:xdist -s tests/bench $(ARGS)

##@ Maintain
format: ## Lay the code out as the rules want it
	@dev/bootstrap
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

docs: ## Write docs/settings.md and docs/access-matrix.md as the code says it
	@dev/bootstrap
	$(PYTHON) -m dev.settings_page >docs/settings.new
	mv docs/settings.new docs/settings.md
	$(PYTHON) -m dev.access_matrix >docs/access-matrix.new
	mv docs/access-matrix.new docs/access-matrix.md

assets: ## Fetch the pages' stylesheet and script again
	@dev/bootstrap
	@rm -rf app/static/govuk
	$(PYTHON) -m dev.assets

lock: ## Pin the dependencies of setup.cfg anew, with hashes
	@dev/bootstrap
	dev/lock

clean: ## Remove what was installed and all data of `make run` (the checkout becomes fresh again)
	rm -rf .venv .third-party var build dist app/static/govuk *.egg-info .*_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: checks
checks:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports
	$(PYTHON) -m pytest -q tests/rules
