# Thin front over meson, ninja and tools/: see README.md for the two commands that matter, `make run` and `make test`.
JOBS ?= $(shell nproc)
C_FILES = $(shell git ls-files -- 'src/*.[ch]' 'include/*.h' 'tests/*.[ch]' 'fuzz/*.[ch]' 'bench/*.[ch]' 'examples/*.c')

.DEFAULT_GOAL := build
.PHONY: deps build test test-asan test-tsan check fmt clean

deps:
	@tools/deps

build: build/build.ninja
	@ninja -C build -j $(JOBS)

build/build.ninja:
	@meson setup build .

# Everything; the last line is the count.
test:
	@tools/run-tests

test-asan:
	@tools/run-tests asan

test-tsan:
	@tools/run-tests tsan

check: build
	@tools/check-layers
	@tools/check-size
	@tools/check-headers -Ibuild/api
	@clang-format --dry-run --Werror $(C_FILES)

fmt:
	@clang-format -i $(C_FILES)

clean:
	@rm -rf build build-asan build-tsan build-fuzz
