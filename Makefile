# stanch: `make demo` shows it, `make test` tests it, `make check` is what a
# change has to pass. All of it needs Go and Python 3, nothing else; Node is used
# where it is there.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
export CGO_ENABLED = 0

.PHONY: build test check demo demo-functions race lint bench-recycle bench-limit bench-spike bench-proxy bench-agent bench-work fuzz clean

build:
	$(GO) build -trimpath -ldflags "-s -w -X main.release=$(VERSION)" -o bin/stanch ./cmd/stanch

# Leaks that take minutes until they are told from a start mostly wait: they run
# beside the rest.
LONG = LeakOfMinutes|CriticalLeakIsReplaced
test: build
	@set -e; $(GO) test -count=1 -timeout 20m -run '$(LONG)' ./cmd/stanch & long=$$!; trap "kill $$long 2>/dev/null || :" EXIT; \
	$(GO) test -shuffle=on -timeout 20m -skip '$(LONG)' ./...; \
	wait $$long

demo: build
	$(GO) run ./bench/demo

# Needs Node and npm besides: ARGS='--for 20s' for a shorter one.
demo-functions:
	$(GO) run ./bench/demo/functions $(ARGS)

check: lint race

# Not of packages whose tests drive programs that are built without the detector, and
# without the leaks that take minutes.
race:
	CGO_ENABLED=1 $(GO) test -race -short -shuffle=on -timeout 20m $$($(GO) list ./... | grep -v -e /bench/faults$$ -e /examples)

TOOL = $(GO) tool -modfile=tools/go.mod
lint:
	@unformatted="$$($(TOOL) gofumpt -l $$(git ls-files '*.go'))"; \
	if [ -n "$$unformatted" ]; then echo "gofumpt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	@dead="$$($(TOOL) deadcode -test ./...)"; if [ -n "$$dead" ]; then echo "$$dead"; exit 1; fi

# The benches install their peers by themselves and end in one line RESULT {json}.
bench-recycle bench-limit bench-spike bench-proxy bench-agent bench-kql bench-store bench-admission: build
	$(GO) run ./bench/$(@:bench-%=%) $(ARGS)

# Without Azure's Python worker its rows are left out.
.PHONY: bench-memory bench-admission
bench-memory: build
	-sh bench/pyworker/install.sh
	$(GO) run ./bench/memory $(ARGS)

# The detector beside the rules of others, on traces that no constant was chosen on.
.PHONY: bench-detect
bench-detect:
	$(GO) run ./bench/detect $(ARGS)

# Which endpoint leaks, of real servers that were told to: 20 hunts of about half a
# minute, and some more.
.PHONY: bench-hunt
bench-hunt:
	$(GO) run ./bench/hunt $(ARGS)

# How often verdicts are right on real workers whose truth is known, 5 seeds of each, and
# whether tampering with the evidence is caught: an hour.
.PHONY: bench-verdict
bench-verdict:
	$(GO) run ./bench/verdict $(ARGS)

# How often verdicts are right on simulated experiments, 1,000 seeds of each: minutes.
.PHONY: bench-verdict-sim
bench-verdict-sim:
	$(GO) run ./bench/verdict/simulated $(ARGS)

# Records the corpus of traces anew, in an hour.
.PHONY: traces
traces:
	$(GO) run ./bench/traces -out bench/traces/corpus -record 62m $(ARGS)

# Faults through every step of a delivery, on each store: 10,000 messages each.
# ARGS are flags of the test: -rounds 8 -seed 2 -absence 10s.
.PHONY: bench-faults
bench-faults:
	$(GO) test -count=1 -timeout 60m -v -run TestNoMessageIsLost ./bench/faults -messages 10000 -rounds 4 $(ARGS)

# KQL cases against stanch: make kql-conformance CASES=DIR
.PHONY: kql-conformance
kql-conformance:
	$(GO) run ./bench/conformance -cases $(CASES) $(ARGS)

# Strict mode against Microsoft's analyser, which it installs with npm.
.PHONY: kql-oracle
kql-oracle:
	$(GO) run ./bench/oracle $(ARGS)

# The contract with Azure's language workers against the real Python worker,
# which it installs below .cache (bench/pyworker/install.sh says in which forms).
.PHONY: test-azure-worker
test-azure-worker:
	sh bench/pyworker/install.sh
	STANCH_PYWORKER=$(CURDIR)/.cache/pyworker $(GO) test -count=1 -shuffle=on -timeout 20m -run 'RealWorker' $(ARGS) ./internal/work/contract/functionrpc ./examples/functions ./cmd/stanch

# One minute for each fuzz test: make fuzz TIME=1m
TIME ?= 20s
fuzz:
	@for package in $$($(GO) list ./...); do \
		for name in $$($(GO) test -list '^Fuzz' $$package 2>/dev/null | grep '^Fuzz'); do \
			echo "$$package $$name"; $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(TIME) $$package || exit 1; \
		done; \
	done

clean:
	rm -rf bin out .cache
