# Two commands are all a newcomer needs: make demo, make test.

GO ?= go
ARCHES := amd64 arm64
BIN := bin
MODULES := fixtures/s3test fixtures/judge fixtures/browser fixtures/deploy

.PHONY: build release lambda demo test check quality clean $(MODULES)

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/trailgauge ./cmd/trailgauge

# Static binaries for both architectures; the same file is the command, the container's entry point and Lambda's bootstrap.
release:
	for a in $(ARCHES); do CGO_ENABLED=0 GOOS=linux GOARCH=$$a $(GO) build -trimpath -ldflags "-s -w" -o $(BIN)/trailgauge-linux-$$a ./cmd/trailgauge || exit 1; done

# What a Lambda function takes: bin/lambda.zip.
lambda: release
	cp bin/trailgauge-linux-arm64 bin/bootstrap
	cd bin && rm -f lambda.zip && zip -q lambda.zip bootstrap && rm bootstrap

# A made-up month with labelled anomalies, the job on its last two weeks, and where to look.
demo: build
	rm -rf demo
	bin/trailgauge generate --out demo --seed 7
	bin/trailgauge run --trail demo/trail --lake demo/lake --as-of 2026-11-01T15:00:00Z --score-from 2026-10-18

# All tests. Those that need what this machine has not (a C compiler, ../shared) say so and skip.
test:
	$(GO) test ./...
	$(MAKE) --no-print-directory -j2 -O $(MODULES)

$(MODULES):
	cd $@ && $(GO) test -count=1 ./...

# What CI asks for besides: format, vet, staticcheck, the race detector.
check:
	test -z "$$(gofmt -l cmd pipeline models baseline fixtures scripts)"
	$(GO) vet ./...
	for m in $(MODULES); do (cd $$m && $(GO) vet ./...) || exit 1; done
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	CGO_ENABLED=0 $(GO) run github.com/terraform-linters/tflint@v0.64.0 --recursive --chdir=scripts/terraform
	$(GO) test -race -short ./pipeline/store
	$(GO) test -race -short -run 'Fetch|SecondRun|AtOnce|Digest' ./pipeline

# How well it detects, on simulated populations, beside published rules: prints the tables, fails when they differ from those kept.
# UPDATE=-update keeps the new ones.
quality:
	$(GO) test ./fixtures/quality -count=1 -timeout 60m -run TestFull -v -full $(UPDATE)

clean:
	rm -rf bin demo
