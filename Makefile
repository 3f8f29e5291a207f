# Everything a newcomer runs. Each target works from a fresh checkout; scripts/deps.sh installs what is missing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

.PHONY: up
up: bin/chajipoa ## everything on this machine, with a demo city, in one process; Ctrl-C stops it
	@exec ./bin/chajipoa up

# The tool for this checkout. A link is replaced by renaming, so that a running process keeps its own file.
.PHONY: bin/chajipoa
bin/chajipoa:
	@scripts/deps.sh build postgres tools
	@cargo build --quiet --release -p chajipoa
	@mkdir -p bin
	@cmp -s $(TARGET)/release/chajipoa $@ || { cp $(TARGET)/release/chajipoa $@.new && mv -f $@.new $@; }

.PHONY: test
test: ## every test, against real Postgres and real Kafka
	@scripts/deps.sh build postgres kafka openapi tools
	@$(MAKE) --no-print-directory lint
	@cargo build -p chajipoa
	@cargo test --workspace --lib --bins --tests --no-run
	@CHAJIPOA_BIN="$$(cd $(TARGET) && pwd)/debug/chajipoa" scripts/with-services.sh cargo test --workspace --lib --bins --tests --no-fail-fast
	@echo "make test: every test passed"

.PHONY: lint
lint: ## formatting and clippy, warnings denied
	@scripts/lint.sh

.PHONY: fmt
fmt: ## format the code
	@cargo fmt --all

.PHONY: bench
bench: ## the ratio table, measured on this machine
	@scripts/deps.sh build postgres kafka tools
	@cargo build --quiet --release -p chajipoa -p tests --bin chajipoa --bin bench
	@CHAJIPOA_BIN="$$(cd $(TARGET) && pwd)/release/chajipoa" $(TARGET)/release/bench

.PHONY: cluster
cluster: bin/chajipoa ## real Kafka, two of each service as processes of their own, one gateway; Ctrl-C stops it
	@scripts/deps.sh kafka nginx
	@exec scripts/cluster.sh

.PHONY: clean
clean: ## remove what was built; the data in .local stays
	@cargo clean --quiet
	@rm -rf bin
