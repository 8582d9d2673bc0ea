# `make` without a target prints the list of targets.
#
# A line "##@ Title" begins a section of that list; "## text" after a target describes it.
# Commands run with the Node that npm installs here (24), not with the machine's.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

##@ General

.PHONY: help
help: ## Print this list.
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# npm writes this file at the end of every installation, so make can compare its time with that of the lock file.
# `npm ci` rejects a lock file without the optional packages of other platforms, which npm sometimes omits (npm/cli#4828).
# `npm install --no-save` then installs the same versions and does not change the lock file.
NODE_MODULES := node_modules/.package-lock.json
$(NODE_MODULES): package-lock.json
	npm ci --no-audit --no-fund || npm install --no-save --no-audit --no-fund
	@touch $@

.PHONY: install
install: $(NODE_MODULES) ## Install the packages of package-lock.json, if it has changed.

.PHONY: clean
clean: ## Delete build and test results; keep caches and clusters.
	rm -rf dist .run coverage

##@ Demo

.PHONY: demo
demo: $(NODE_MODULES) plugin ## Back up an application, delete the cluster, restore every file. DISASTER=namespace deletes only the namespace, MOVER=volsync uses VolSync.
	node hack/demo/main.ts up

.PHONY: demo-down
demo-down: $(NODE_MODULES) ## Delete the cluster of the demo with all its data.
	node hack/demo/main.ts down

##@ Development

GENERATED := config/crd/bases docs/api docs/spec docs/failures.md docs/metrics.md docs/observability.md proto/schema.json proto/gen

.PHONY: generate
generate: $(NODE_MODULES) ## Generate CRDs, reference pages, wire types and API reports.
	node hack/gen-crds.ts
	node hack/gen-docs.ts
	node hack/gen-protos.ts
	node hack/gen-api-reports.ts

.PHONY: fmt
fmt: $(NODE_MODULES) ## Format all files.
	prettier --write --log-level warn .

.PHONY: lint
lint: $(NODE_MODULES) ## Run the linter, including the import rules of each folder.
	eslint . --max-warnings 0

.PHONY: typecheck
typecheck: $(NODE_MODULES) ## Check the types.
	tsc --noEmit

.PHONY: knip
knip: $(NODE_MODULES) ## Find unused files, exports and dependencies.
	knip

.PHONY: shellcheck
shellcheck: $(NODE_MODULES) ## Check the shell scripts of movers, generated and shipped. Installs shellcheck if possible.
	node hack/check-scripts.ts

.PHONY: fmt-check
fmt-check: $(NODE_MODULES)
	prettier --check --log-level warn .

STATE_OF_GENERATED = find $(GENERATED) -type f -exec sha256sum {} + | sort -k 2

.PHONY: generate-check
generate-check: $(NODE_MODULES)
	@mkdir -p .run
	@$(STATE_OF_GENERATED) > .run/generated.before
	@$(MAKE) generate
	@$(STATE_OF_GENERATED) > .run/generated.after
	@diff -u .run/generated.before .run/generated.after || { \
	  echo 'the files above did not fit their sources; what "make generate" has written now does: commit it' >&2; exit 1; }

# Runs two targets at a time and prints the output of each when it ends.
AT_ONCE = node hack/ci/make-targets.ts

# These read generated files, so they run after generate-check. The longest is first.
CHECKS = lint typecheck fmt-check knip shellcheck

.PHONY: verify
verify: $(NODE_MODULES) ## Check generated files, format, lint, types, unused code and shell scripts.
	@status=0; \
	  $(MAKE) generate-check || status=$$?; \
	  $(AT_ONCE) $(CHECKS) || status=$$?; \
	  exit $$status

##@ Build

.PHONY: plugin
plugin: $(NODE_MODULES) ## Build the Velero plugin, one executable and its libraries: dist/plugin/.
	node hack/build-plugin.ts

.PHONY: plugin-image
plugin-image: plugin ## Build the image for `velero plugin add`: dist/plugin-image.tar. PLUGIN_IMAGE sets its name.
	@PLUGIN_IMAGE='$(PLUGIN_IMAGE)' PLUGIN_BASE='$(PLUGIN_BASE)' node hack/build-plugin-image.ts

.PHONY: package
package: $(NODE_MODULES) ## Build the package for vendors: dist/velero-datamover-<version>.tgz.
	node hack/build-package.ts

.PHONY: tools
tools: $(NODE_MODULES) ## Build etcd, Kubernetes, Velero and other tools, unless they are in the cache. Needs Go.
	node hack/build-tools.ts

##@ Test

# $(call run,<kind of test>): writes the results to .run/jest, where .ci/run sums them up.
# ARGS is passed to jest, e.g. make test-unit ARGS='--testPathPatterns kube/'.
run = node hack/ci/test.ts $(1) $(ARGS)

# A kind without tests builds and starts nothing.
tests-in = $(shell find tests/$(1) -name '*.test.ts' 2>/dev/null | head -n 1)
stage = $(if $(call tests-in,$(1)),$(call run,$(1)),@echo 'no tests in tests/$(1) yet')

# The longest is first.
KINDS = test-e2e verify test-unit test-contract test-integration test-faults

.PHONY: test
test: verify test-unit test-contract test-integration test-faults test-e2e ## Run all checks and all tests; installs what they need.

.PHONY: test-at-once
test-at-once: $(NODE_MODULES) ## Same as test, but runs e2e in parallel with the other kinds. Quicker, once the tools are built.
	@$(AT_ONCE) $(KINDS)

.PHONY: test-unit
test-unit: $(NODE_MODULES) ## Run the tests that need only Node.
	$(call run,unit)

.PHONY: test-contract
test-contract: $(NODE_MODULES) $(if $(call tests-in,contract),plugin-image) ## Test the built plugin and its image with Velero's own client code. Needs root.
	$(call stage,contract)

.PHONY: test-integration
test-integration: $(NODE_MODULES) $(if $(call tests-in,integration),tools) ## Run the tests against a real etcd and kube-apiserver.
	$(call stage,integration)

.PHONY: test-faults
test-faults: $(NODE_MODULES) $(if $(call tests-in,faults),tools) ## Run backups, restores and other requests with a fault at each call of the controller. FAULTS=all tries every fault at every call.
	$(call stage,faults)

# Creates new clusters and keeps them for inspection if a test fails. With E2E_KEEP=1 existing clusters are used and always kept;
# E2E_CLUSTER=name uses the clusters <name> and <name>-alone, which are kept, too.
.PHONY: test-e2e
test-e2e: $(NODE_MODULES) plugin ## Run the end-to-end tests in two embedded clusters of their own. Needs root.
	$(call run,e2e)

.PHONY: test-trees
test-trees: $(NODE_MODULES) tools ## Back up and restore random file trees with a real restic, TREES of them (200). Needs root.
	TREES=$${TREES:-200} node hack/ci/test.ts integration --testPathPatterns integration/trees $(ARGS)

.PHONY: test-load
test-load: $(NODE_MODULES) tools ## Measure the API calls and passes of LOAD requests (10000) on a real API server. Takes many minutes.
	LOAD=$${LOAD:-10000} node hack/ci/test.ts integration --testPathPatterns integration/bounded-work $(ARGS)

.PHONY: test-exhaustive
test-exhaustive: $(NODE_MODULES) tools ## Run the tests that take too long for every change: all faults at all calls, many trees, 10,000 requests. Needs root, takes hours.
	FAULTS=all $(call run,faults)
	TREES=$${TREES:-200} $(call run,integration) --testPathPatterns integration/trees
	LOAD=$${LOAD:-10000} $(call run,integration) --testPathPatterns integration/bounded-work

##@ Benchmarks

.PHONY: bench-plugin
bench-plugin: $(NODE_MODULES) plugin ## Compare the plugin with one in Go and update docs/performance.md. Needs Go; ARGS='--rounds 1 --keep-page' for a quick run.
	node tests/bench/plugin/main.ts $(ARGS)

.PHONY: bench-movers
bench-movers: $(NODE_MODULES) ## Compare the movers with plain restic and update docs/performance.md. Needs root; ARGS='--rounds 1 --keep-page' for a quick run.
	node tests/bench/movers/main.ts $(ARGS)

##@ Embedded cluster

.PHONY: cluster-up
cluster-up: $(NODE_MODULES) ## Start or repair the embedded cluster. Needs root.
	node hack/cluster/main.ts up

.PHONY: cluster-down
cluster-down: $(NODE_MODULES) ## Delete the embedded cluster with all its data.
	node hack/cluster/main.ts down

.PHONY: cluster-wipe
cluster-wipe: $(NODE_MODULES) ## Delete everything except the object store, as a disaster would.
	node hack/cluster/main.ts wipe

.PHONY: cluster-status
cluster-status: $(NODE_MODULES) ## Show what runs, its addresses, and where the logs are.
	node hack/cluster/main.ts status
