# The project's commands. `make run` needs nothing but Python 3.11 and make.
.DEFAULT_GOAL := help
.PHONY: help run test check bench sdk clean doctor lock vendor browsers

BOOTSTRAP := python3 tools/bootstrap.py
BIN := .venv/bin

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1|/' | column -t -s '|'

run: ## start everything on this machine; Ctrl-C stops it (SIMULATOR=1: the bank as a process)
	@$(BOOTSTRAP) python -m operations.run --with-parent

doctor: ## look at the running system and say what is wrong
	@$(BOOTSTRAP) python manage.py doctor

test: ## all tests (TESTS="path -k word" runs some)
	@$(BOOTSTRAP) --dev python tools/run_tests.py $(TESTS)

check: ## linters, types, contracts, migrations, translations, schema, production settings
	@$(BOOTSTRAP) --dev python tools/run_checks.py

bench: ## the measurements of docs/performance.md (BENCH_ARGS=--short for a quick look)
	@$(BOOTSTRAP) --dev python tools/run_benchmarks.py $(BENCH_ARGS)

sdk: ## the JavaScript SDK as an npm tarball with a plain-script build (run/sdk/)
	@$(BOOTSTRAP) --dev python tools/pack_sdk.py

lock: ## compile requirements/*.in into hash-locked files
	@$(BOOTSTRAP) --dev sh tools/lock.sh

vendor: ## fetch the vendored front-end libraries again and check their hashes
	@$(BOOTSTRAP) --dev python tools/vendor_js.py

clean: ## remove the run folder, the environment and caches (recordings too!)
	@python3 tools/clean.py
