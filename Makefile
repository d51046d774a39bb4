# Two commands: `make` builds and tests, `make ci` runs all that CI runs.
SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c

GO       ?= go
PKGS     ?= ./...
MODULES  ?= $(shell $(GO) list -m -f '{{.Dir}}')
RUNS     ?= 100
ROUNDS   ?= 300
KILLFOR  ?= 1m
FUZZTIME ?= 5s
BIN      := $(CURDIR)/.bin

# A race-enabled child sleeps a second when it exits, unless told otherwise;
# a race that a child finds must not be lost in its output.
export GORACE ?= atexit_sleep_ms=20 halt_on_error=1

GOLANGCI := $(BIN)/golangci-lint-v2.15.0
STRESS   := $(BIN)/stress-v0.52.0
SYSTEMS  ?= linux darwin windows
CROSS    ?= linux/arm64 linux/386 darwin/arm64 freebsd/amd64 windows/amd64

# What follows it is done in each module of go.work, or in those that are promised
# to work on other systems: the peers of bench are compared on this one.
IN    = for dir in $(1); do echo "\# in $$dir"; cd $$dir;
EACH := $(call IN,$(MODULES))
AWAY := $(call IN,$(CURDIR) $(CURDIR)/examples/thumbs)

# Tests run with standard input closed: what they start may then be given
# descriptor 0 for something else, which is where process libraries break.
TEST := $(GO) test -count=1 -shuffle=on -timeout=20m

.DEFAULT_GOAL := all
.PHONY: all ci build test race nocgo test-386 vet tidy fmt fmt-check fix-check \
	lint cross fuzz bench examples storm killer crowd warm inprocess stress rename help

all: build test ## build and test (the default)

# From the quick to the slow, so that a slip is told in seconds.
ci: tidy vet fix-check fmt-check lint cross race test-386 warm inprocess bench fuzz examples storm killer crowd ## all that CI runs

build: ## compile every package, examples too
	$(EACH) $(GO) build $(PKGS); done

test: ## the suite, in an order of its own each time
	$(EACH) $(TEST) $(PKGS) <&-; done

race: ## the suite under the race detector, on one thread and on four
	$(EACH) $(TEST) -race -cpu=1,4 $(PKGS) <&-; done

nocgo: export CGO_ENABLED := 0
nocgo: ## the suite without cgo, as static programs are built
	$(EACH) $(TEST) $(PKGS) <&-; done

# Without cgo too. A kernel for amd64 may run none for 386: that they compile is for
# cross to say, and the first package runs without cgo as warm. Where it runs them, a
# system call can cost twenty times as much, and a storm beside the tests that do a
# million of them is late: the first package runs with nothing beside it.
test-386: export CGO_ENABLED := 0
test-386: ## the suite with 32-bit words, or without cgo where this machine can't run that
	first=$$($(GO) list .); \
	if GOOS=linux GOARCH=386 $(GO) test -run='^$$' ./internal/wire &>/dev/null; then export GOARCH=386; $(TEST) . <&-; fi; \
	$(EACH) $(TEST) $$($(GO) list $(PKGS) | grep -vx "$$first") <&-; done

warm: export CGO_ENABLED := 0
warm: ## the suite of processes once more, with warm starts and without cgo
	MULTIPROC_TEST_METHOD=warm $(TEST) . <&-

inprocess: ## the same without processes, as far as it means anything there
	MULTIPROC_TEST_METHOD=inprocess $(TEST) -skip "^($$(grep ^Test testdata/inprocess | paste -sd'|' -))$$" . <&-

vet: ## the compiler's own checks
	$(EACH) $(GO) vet $(PKGS); done

tidy: ## go.mod and go.sum hold what the code needs, and no more
	$(EACH) $(GO) mod tidy -diff; done
	$(GO) mod verify

fmt: $(GOLANGCI) ## format the tree
	$(GOLANGCI) fmt

fmt-check: $(GOLANGCI) ## what fmt would change
	$(GOLANGCI) fmt --diff

fix-check: ## nothing that `go fix` would modernise
	$(EACH) $(GO) fix -diff $(PKGS); done

# Platform files are invisible to a linter that runs for another platform.
lint: $(GOLANGCI) ## once for each kind of platform file
	$(GOLANGCI) config verify
	$(EACH) CGO_ENABLED=0 $(GOLANGCI) run $(PKGS); done
	for os in $(filter-out $(shell $(GO) env GOOS),$(SYSTEMS)); do echo "# lint $$os"; \
		$(AWAY) CGO_ENABLED=0 GOOS=$$os $(GOLANGCI) run $(PKGS); done; done

cross: ## compile code and tests for each platform that is promised
	for t in $(CROSS); do echo "# cross $$t"; \
		export CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/}; \
		$(AWAY) $(GO) vet $(PKGS); $(GO) test -c -ldflags='-s -w' -o /dev/null $(PKGS); done; done

bench: ## each benchmark but the largest once, so that it still compiles and runs
	$(EACH) $(GO) test -short -run='^$$' -bench=. -benchtime=1x $(PKGS); done

# Before Go 1.27 the end of the time itself may count as a failure, without an input
# that fails (go.dev/issue/75804): then, and only then, it is done again.
fuzz: ## each fuzz target for FUZZTIME
	grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -r -n1 dirname | sort -u | while read -r dir; do \
		for f in $$(grep -hoE '^func Fuzz\w*' $$dir/*_test.go | cut -c6-); do \
			for try in 1 2 3; do \
				if out=$$($(GO) test -run='^$$' -fuzz="^$$f$$" -fuzztime=$(FUZZTIME) $$dir 2>&1 </dev/null); then \
					echo "$$out"; break; fi; \
				echo "$$out"; [ $$try -lt 3 ] && grep -qx '    context deadline exceeded' <<<"$$out" && \
					! grep -q 'Failing input' <<<"$$out" || exit 1; done; done; done

# Arguments of the examples that want some; what follows them is their check.
run.checksum := -workers 2 internal | sha256sum --check --quiet
run.thumbs   := examples/thumbs/testdata/good

EXAMPLES := $(patsubst examples/%/main.go,%,$(wildcard examples/*/main.go))
examples: $(EXAMPLES:%=example-%) ## run the examples as a reader would
example-%:
	$(GO) run ./examples/$* $(run.$*)

storm: ## trees of processes, killed at a random moment, ROUNDS times
	$(GO) test -count=1 -timeout=30m -run='^TestStorm$$' -v . -storm.rounds=$(ROUNDS) -storm.shm <&-

killer: ## the pool's workers, killed every few milliseconds for KILLFOR
	$(GO) test -count=1 -run='^TestKiller$$' -v ./pool -killer.for=$(KILLFOR) <&-

crowd: ## the pool's 200 workers started all at once, with nothing beside them
	for race in '' -race; do \
		$(GO) test -count=1 $$race -cpu=1,4 -run='^TestTwoHundredWorkers$$' -v ./pool -alone <&-; done

stress: $(STRESS) ## each package's tests RUNS times, two at once
	for p in $$($(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' $(PKGS)); do \
		echo "# stress $$p"; $(GO) test -race -c -o $(BIN)/stress.test $$p; \
		(cd $$($(GO) list -f '{{.Dir}}' $$p) && \
			$(STRESS) -p 2 -count $(RUNS) -timeout 2m -failfast $(BIN)/stress.test -test.short); done

rename: ## make rename MODULE=host/owner/multiproc: give the module its public path
	@test -n "$(MODULE)" || { echo "usage: make rename MODULE=host/owner/multiproc" >&2; exit 2; }
	$(GO) run ./tools/rename $(MODULE)
	$(GO) vet $(PKGS)

help: ## this list
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

# Built here and pinned: a tool in go.mod would bring its dependencies along.
$(BIN)/golangci-lint-%:
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$*
	mv $(BIN)/golangci-lint $@

$(BIN)/stress-%:
	GOBIN=$(BIN) $(GO) install golang.org/x/tools/cmd/stress@$*
	mv $(BIN)/stress $@
