# Thin front over meson, ninja and tools/: see README.md for the two commands that matter, `make run` and `make test`.
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
C_FILES = $(shell git ls-files -- 'src/*.[ch]' 'include/*.h' 'tests/*.[ch]' 'fuzz/*.[ch]' 'bench/*.[ch]' 'examples/*.c')

.DEFAULT_GOAL := build
.PHONY: deps build console run test test-asan test-tsan fuzz bench check fmt clean

deps:
	@tools/deps

# The console first: it becomes part of godwit-fleet.
build: build/build.ninja
	@tools/build-console --optional
	@ninja -C build -j $(JOBS)

# The web console alone, into build/console, where the next build finds it; fails where it cannot be built.
console:
	@tools/build-console

build/build.ninja:
	@meson setup build .

# Two routers, three servers and the fleet service on loopback, until Ctrl-C. Builds what that needs and no more.
run: deps
	@$(MAKE) --no-print-directory build/build.ninja build/demo.mrt
	@tools/build-console --optional
	@ninja -C build -j $(JOBS) godwitd godwit godwit-fleet
	@tools/demo

build/demo.mrt: tools/make-demo-mrt | build/build.ninja
	@tools/make-demo-mrt $@

# Everything; the last line is the count.
test: deps
	@tools/run-tests

test-asan:
	@tools/run-tests asan

test-tsan:
	@tools/run-tests tsan

# Each parser for FUZZ_SECONDS, with libFuzzer.
fuzz:
	@tools/fuzz $(FUZZ_SECONDS)

# Beside other daemons, in one run: make bench SCENARIO="S1 S3" PEERS=50 RIVALS="godwitd bird frr" RUNS=3.
SCENARIO ?= S1
bench: deps
	@tools/bench $(SCENARIO)

check: build
	@tools/check-layers
	@tools/check-size
	@tools/check-headers -Ibuild/api
	@clang-format --dry-run --Werror $(C_FILES)

fmt:
	@clang-format -i $(C_FILES)

clean:
	@rm -rf build build-asan build-tsan build-fuzz build-bench
