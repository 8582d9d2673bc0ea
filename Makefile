# Every target explains itself: `make` alone prints the list.
#
# A line "##@ Title" begins a section, "## text" after a target is its explanation.
# Commands run with the Node that npm installs here (24), whatever the machine has.

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

# npm leaves this file behind after every installation, so it tells whether the lock file is newer.
# `npm ci` refuses a lock file that lacks optional packages of other platforms, which npm sometimes forgets to
# write down (npm/cli#4828); `npm install --no-save` installs the same versions and changes nothing.
NODE_MODULES := node_modules/.package-lock.json
$(NODE_MODULES): package-lock.json
	npm ci --no-audit --no-fund || npm install --no-save --no-audit --no-fund
	@touch $@

.PHONY: install
install: $(NODE_MODULES) ## Install what package-lock.json names, if that has changed.

.PHONY: clean
clean: ## Remove what was built and the results of tests; caches and clusters stay.
	rm -rf dist .run coverage

##@ Demo

.PHONY: demo
demo: $(NODE_MODULES) plugin ## Back up an application, lose the cluster, get every file back. DISASTER=namespace loses less, MOVER=volsync takes VolSync.
	node hack/demo/main.ts up

.PHONY: demo-down
demo-down: $(NODE_MODULES) ## Remove the cluster of the demo with all its data.
	node hack/demo/main.ts down

##@ Development

GENERATED := config/crd/bases docs/api docs/spec docs/failures.md docs/metrics.md docs/observability.md proto/schema.json proto/gen

.PHONY: generate
generate: $(NODE_MODULES) ## Write everything that is generated: CRDs, reference pages, wire types, API reports.
	node hack/gen-crds.ts
	node hack/gen-docs.ts
	node hack/gen-protos.ts
	node hack/gen-api-reports.ts

.PHONY: fmt
fmt: $(NODE_MODULES) ## Format everything.
	prettier --write --log-level warn .

.PHONY: lint
lint: $(NODE_MODULES) ## Lint, with the rules of every folder.
	eslint . --max-warnings 0

.PHONY: typecheck
typecheck: $(NODE_MODULES) ## Check the types.
	tsc --noEmit

.PHONY: knip
knip: $(NODE_MODULES) ## Find files, exports and dependencies that nobody uses.
	knip

.PHONY: shellcheck
shellcheck: $(NODE_MODULES) ## Check every shell script that movers run, generated or shipped. Installs shellcheck where it may.
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

# Two at a time; what one prints comes as a whole, when it ends.
AT_ONCE = node hack/ci/make-targets.ts

# They read what is generated. The longest comes first.
CHECKS = lint typecheck fmt-check knip shellcheck

.PHONY: verify
verify: $(NODE_MODULES) ## Prove that generated files are fresh, and format, lint, types, unused code and shell scripts.
	@status=0; \
	  $(MAKE) generate-check || status=$$?; \
	  $(AT_ONCE) $(CHECKS) || status=$$?; \
	  exit $$status

##@ Build

.PHONY: plugin
plugin: $(NODE_MODULES) ## Build the Velero plugin: dist/plugin/, one executable and its libraries.
	node hack/build-plugin.ts

.PHONY: plugin-image
plugin-image: plugin ## Build the image that `velero plugin add` takes: dist/plugin-image.tar. PLUGIN_IMAGE names it.
	@PLUGIN_IMAGE='$(PLUGIN_IMAGE)' PLUGIN_BASE='$(PLUGIN_BASE)' node hack/build-plugin-image.ts

.PHONY: package
package: $(NODE_MODULES) ## Build what vendors install: dist/velero-datamover-<version>.tgz.
	node hack/build-package.ts

.PHONY: tools
tools: $(NODE_MODULES) ## Build etcd, Kubernetes, Velero and the like into the cache, if they are not there. Needs Go.
	node hack/build-tools.ts

##@ Test

# $(call run,<kind of test>): the results land in .run/jest, where .ci/run sums them up.
# ARGS goes to jest, e.g. make test-unit ARGS='--testPathPatterns kube/'.
run = node hack/ci/test.ts $(1) $(ARGS)

# A stage that has no tests yet needs nothing built and nothing started.
tests-in = $(shell find tests/$(1) -name '*.test.ts' 2>/dev/null | head -n 1)
stage = $(if $(call tests-in,$(1)),$(call run,$(1)),@echo 'no tests in tests/$(1) yet')

# The longest comes first.
KINDS = test-e2e verify test-unit test-contract test-integration test-faults

.PHONY: test
test: verify test-unit test-contract test-integration test-faults test-e2e ## Install what is needed and run every check and every test.

.PHONY: test-at-once
test-at-once: $(NODE_MODULES) ## The same, with e2e beside the other kinds, for a machine of more than two cores.
	@$(AT_ONCE) $(KINDS)

.PHONY: test-unit
test-unit: $(NODE_MODULES) ## Tests that need nothing but Node.
	$(call run,unit)

.PHONY: test-contract
test-contract: $(NODE_MODULES) $(if $(call tests-in,contract),plugin-image) ## The built plugin and its image, driven by Velero's own client code. Needs root.
	$(call stage,contract)

.PHONY: test-integration
test-integration: $(NODE_MODULES) $(if $(call tests-in,integration),tools) ## Against a real etcd and kube-apiserver.
	$(call stage,integration)

.PHONY: test-faults
test-faults: $(NODE_MODULES) $(if $(call tests-in,faults),tools) ## Whole stories with trouble at every single call of the controller. FAULTS=all tries even more.
	$(call stage,faults)

# In a cluster of their own, which is made anew, and stays for a look when one fails. With E2E_KEEP=1 it stays in any case and is
# taken as it is; E2E_CLUSTER=name runs them in another one, which stays.
.PHONY: test-e2e
test-e2e: $(NODE_MODULES) plugin ## User stories in an embedded cluster of their own. Needs root.
	$(call run,e2e)

.PHONY: test-trees
test-trees: $(NODE_MODULES) tools ## Random trees of files there and back with a real restic, TREES of them (200). Needs root.
	TREES=$${TREES:-200} node hack/ci/test.ts integration --testPathPatterns integration/trees $(ARGS)

.PHONY: test-load
test-load: $(NODE_MODULES) tools ## What LOAD requests (10000) cost on a real API server, in calls and looks. Takes many minutes.
	LOAD=$${LOAD:-10000} node hack/ci/test.ts integration --testPathPatterns integration/bounded-work $(ARGS)

.PHONY: test-exhaustive
test-exhaustive: $(NODE_MODULES) tools ## What takes too long for every change: all troubles at all calls, many trees, 10,000 requests. Needs root, takes hours.
	FAULTS=all $(call run,faults)
	TREES=$${TREES:-200} $(call run,integration) --testPathPatterns integration/trees
	LOAD=$${LOAD:-10000} $(call run,integration) --testPathPatterns integration/bounded-work

##@ Benchmarks

.PHONY: bench-plugin
bench-plugin: $(NODE_MODULES) plugin ## The plugin beside one in Go, into docs/performance.md. Needs Go; ARGS='--rounds 1 --keep-page' for a quick look.
	node tests/bench/plugin/main.ts $(ARGS)

.PHONY: bench-movers
bench-movers: $(NODE_MODULES) ## The movers beside restic by hand, into docs/performance.md. Needs root; ARGS='--rounds 1 --keep-page' for a quick look.
	node tests/bench/movers/main.ts $(ARGS)

##@ Embedded cluster

.PHONY: cluster-up
cluster-up: $(NODE_MODULES) ## Bring the embedded cluster up, or repair it. Needs root.
	node hack/cluster/main.ts up

.PHONY: cluster-down
cluster-down: $(NODE_MODULES) ## Remove it with all its data.
	node hack/cluster/main.ts down

.PHONY: cluster-wipe
cluster-wipe: $(NODE_MODULES) ## Lose everything but the object store, as a disaster would.
	node hack/cluster/main.ts wipe

.PHONY: cluster-status
cluster-status: $(NODE_MODULES) ## Show what runs, where, and where the logs are.
	node hack/cluster/main.ts status
