# Perennial. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GO          ?= go
CACHE       := .cache
TEST_ENGINE := $(CACHE)/test-engine
ENGINE_SRC  := $(shell find engine -name '*.go' -not -name '*_test.go' 2>/dev/null) engine/go.mod engine/go.sum
SRC         := $(shell find activities api cmd console control faults intake journey mail migrations oidc simulate store templates webhook workflows \
                 -type f -not -name '*_test.go' -not -path '*/testdata/*' 2>/dev/null) go.mod go.sum
DEMO_FLAGS  ?=
DEV_FLAGS   ?=
SEND_FLAGS  ?=
SIMULATE_FLAGS ?=
SEGMENT_FLAGS ?=
REPORTS_FLAGS ?=
INGEST_FLAGS ?=
CONSOLE_FLAGS ?=
IMPORT_FLAGS ?=
TEST_FLAGS  ?=
CRASH_FLAGS ?=
LOAD_FLAGS  ?=
PKG         ?= ./...

.PHONY: help
help: ## this list
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: demo
demo: build ## a small shop at play: a day passes in a second (flags: DEMO_FLAGS="--http-port 9090")
	@exec bin/perennial demo $(DEMO_FLAGS)

.PHONY: dev
dev: build ## everything on this machine, at real speed (flags: DEV_FLAGS="--speed 60")
	@exec bin/perennial dev $(DEV_FLAGS)

.PHONY: build
build: tools/.postgres bin/perennial-engine bin/perennial ## both programs, into bin/

bin/perennial: $(SRC)
	@echo "building perennial"
	@$(GO) build -o $@ ./cmd/perennial

bin/perennial-engine: $(ENGINE_SRC)
	@tools/build-engine

# Postgres comes from the machine; where a package manager can bring it, it does.
.PHONY: tools/.postgres
tools/.postgres:
	@tools/need-postgres

.PHONY: tools/.chromium
tools/.chromium:
	@tools/need-chromium

.PHONY: tools/.segment-client
tools/.segment-client:
	@tools/need-segment-client

.PHONY: test
test: tools/.chromium tools/.segment-client build lint test-engine test-go ## everything: lint, then all tests on real parts with the race detector

.PHONY: test-engine
test-engine: bin/perennial-engine
	@echo "testing the engine"
	@cd engine && $(GO) test ./...

# One engine serves all tests: Postgres, Temporal, the inbox. It ends with the tests.
.PHONY: test-go
test-go: bin/perennial-engine bin/perennial bin/gotestsum
	@tools/with-engine $(TEST_ENGINE) bin/gotestsum --format pkgname --format-hide-empty-pkg -- -race -timeout 40m $(TEST_FLAGS) $(PKG)

.PHONY: engine-up
engine-up: bin/perennial-engine tools/.postgres ## an engine for single tests: make engine-up, then go test ./store -run Advance
	@tools/engine-up $(TEST_ENGINE)

.PHONY: engine-down
engine-down: ## ends it
	@tools/engine-down $(TEST_ENGINE)

.PHONY: lint
lint: bin/golangci-lint bin/workflowcheck ## gofmt, vet, golangci-lint (with the layers), workflowcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "run make fmt:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@$(GO) vet ./...
	@bin/golangci-lint run ./...
	@cd engine && $(GO) vet ./...
	@bin/workflowcheck ./workflows/...

.PHONY: fmt
fmt: ## gofmt
	@gofmt -w $$(git ls-files '*.go')

.PHONY: screenshots
screenshots: build tools/.chromium ## docs/screens: console and public pages in the middle of a demo, wide and on a phone
	@tools/screenshots docs/screens

bin/golangci-lint: tools/go.mod tools/go.sum
	@echo "building golangci-lint (a few minutes the first time)"
	@cd tools && $(GO) build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

bin/gotestsum bin/workflowcheck: tools/go.mod tools/go.sum
	@cd tools && $(GO) build -o ../bin/gotestsum gotest.tools/gotestsum
	@cd tools && $(GO) build -o ../bin/workflowcheck go.temporal.io/sdk/contrib/tools/workflowcheck

# ROUNDS=25 goes longer, SEED=… does again what a run did. It ends with 1 when something was lost or came twice.
.PHONY: crash
crash: build ## kill -9 of everything under load, then every event, step and mail accounted for (ROUNDS=25 for longer)
	@$(GO) run ./crash -rounds $(or $(ROUNDS),2) -seed $(or $(SEED),0) $(CRASH_FLAGS)

# N= and DAY= change its size: make load N=10000 DAY=1m. It ends with 1 when one figure differs from the shop's own books.
.PHONY: load
load: build ## a day of a shop with 100,000 customers through the public API, every figure compared with its books
	@$(GO) run ./load -customers $(or $(N),100000) -day $(or $(DAY),3m) -seed $(or $(SEED),0) $(LOAD_FLAGS)

.PHONY: fuzz
fuzz: ## each parser against invented input, one after another (FUZZTIME=30s for each)
	@GO="$(GO)" tools/fuzz $(or $(FUZZTIME),30s)

.PHONY: bench-step
bench-step: bin/perennial-engine ## what a step costs, against a bare timer: one run, alternating, with the ratios
	@$(GO) run ./bench/step

.PHONY: bench-send
bench-send: bin/perennial-engine ## what a message costs, against go-mail and raw SMTP (flags: SEND_FLAGS="-n 100000")
	@$(GO) build -o $(CACHE)/bench-send ./bench/send
	@$(CACHE)/bench-send $(SEND_FLAGS)

.PHONY: bench-simulate
bench-simulate: ## how fast a journey is played: 10,000 customers, 90 days of win-back
	@$(GO) run ./bench/play $(SIMULATE_FLAGS)

.PHONY: bench-ingest
bench-ingest: bin/perennial-engine ## events made durable per second through HTTP, against one commit each and COPY (flags: INGEST_FLAGS="-n 100000")
	@$(GO) build -o $(CACHE)/bench-ingest ./bench/ingest
	@$(CACHE)/bench-ingest $(INGEST_FLAGS)

.PHONY: bench-segment
bench-segment: bin/perennial-engine ## who would be in a segment, and finding a customer, among a million (flags: SEGMENT_FLAGS="-n 100000")
	@$(GO) build -o $(CACHE)/bench-segment ./bench/segment
	@$(CACHE)/bench-segment $(SEGMENT_FLAGS)

.PHONY: bench-reports
bench-reports: bin/perennial-engine ## the reports of a year among a million customers, and counting them (flags: REPORTS_FLAGS="-n 20000")
	@$(GO) build -o $(CACHE)/bench-reports ./bench/reports
	@$(CACHE)/bench-reports $(REPORTS_FLAGS)

.PHONY: bench-console
bench-console: build ## each page of the console and finding a customer, among a million with a past (flags: CONSOLE_FLAGS="-n 50000")
	@$(GO) build -o $(CACHE)/bench-console ./bench/console
	@$(CACHE)/bench-console $(CONSOLE_FLAGS)

.PHONY: bench-import
bench-import: build ## a million customers from a file and out again, against COPY of the same file (flags: IMPORT_FLAGS="-n 20000")
	@$(GO) build -o $(CACHE)/bench-import ./bench/import
	@$(CACHE)/bench-import $(IMPORT_FLAGS)

.PHONY: replay-record
replay-record: bin/perennial-engine ## records the histories that the replay tests play; only from released code
	@tools/with-engine $(TEST_ENGINE) $(GO) test ./workflows -run TestRecord -record

.PHONY: clean
clean: ## programs and test state; not the demo's data
	@rm -rf bin $(CACHE)

.PHONY: bench-journey
bench-journey: bin/perennial-engine tools/.postgres ## the pages of a journey of 200 steps with 100,000 people in it
	@tools/with-engine $(TEST_ENGINE) $(GO) test ./console -run '^$$' -bench LargeJourney -benchtime 10x
