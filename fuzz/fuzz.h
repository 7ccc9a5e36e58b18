/* What fuzz targets share. A target is one function over bytes; it aborts by CHECK() where a promise of the program
 * does not hold. Built twice: with libFuzzer (meson option `fuzzing`), and with replay.c for the ordinary test run. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
