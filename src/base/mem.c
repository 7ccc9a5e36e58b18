/* Counted memory. malloc does the work; beside it runs one pair of relaxed counters per kind, on a cache line of its
 * own so that threads which allocate different kinds do not share one. Sizes are what malloc really set aside
 * (malloc_usable_size), so no header is needed and nothing is stored twice. A block must be freed under the kind it
 * was allocated under, or the counts drift.
 */
#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"

enum { MMAP_BYTES = 128 * 1024 };

struct mem_counter {
    _Alignas(64) atomic_int_fast64_t bytes;
    atomic_int_fast64_t objects;
};

static struct mem_counter mem_counters[MEM_KIND_COUNT];

static const char *const mem_kind_names[MEM_KIND_COUNT] = {
    [MEM_OTHER] = "other",
    [MEM_CONFIG] = "configuration",
    [MEM_PEER] = "peers",
    [MEM_SESSION] = "sessions",
    [MEM_BUFFER] = "buffers",
    [MEM_PREFIX] = "prefixes",
    [MEM_PATH] = "paths",
    [MEM_ATTR] = "attributes",
    [MEM_GROUP] = "update groups",
    [MEM_LOG_SEGMENT] = "update log segments",
    [MEM_RPC] = "rpc",
    [MEM_POLICY] = "policies",
    [MEM_RPKI] = "rpki",
};

static void mem_count(enum mem_kind kind, int64_t bytes, int64_t objects)
{
    atomic_fetch_add_explicit(&mem_counters[kind].bytes, bytes, memory_order_relaxed);
    if (objects)
        atomic_fetch_add_explicit(&mem_counters[kind].objects, objects, memory_order_relaxed);
}

/* Without the log, which allocates. */
static _Noreturn void mem_exhausted(const char *what, size_t bytes)
{
    char text[160];
    int length = snprintf(text, sizeof(text), "godwit: out of memory: no %zu bytes for %s\n", bytes, what);
    ssize_t ignored = write(STDERR_FILENO, text, (size_t)length);
    (void)ignored;
    abort();
}

void *mem_alloc(enum mem_kind kind, size_t bytes)
{
    void *memory = malloc(bytes ? bytes : 1);
    if (unlikely(!memory))
        mem_exhausted(mem_kind_name(kind), bytes);
    mem_count(kind, (int64_t)malloc_usable_size(memory), 1);
    return memory;
}

void *mem_zalloc(enum mem_kind kind, size_t bytes)
{
    void *memory = calloc(1, bytes ? bytes : 1);
    if (unlikely(!memory))
        mem_exhausted(mem_kind_name(kind), bytes);
    mem_count(kind, (int64_t)malloc_usable_size(memory), 1);
    return memory;
}

void *mem_realloc(enum mem_kind kind, void *memory, size_t bytes)
{
    if (!memory)
        return mem_alloc(kind, bytes);
    int64_t before = (int64_t)malloc_usable_size(memory);
    void *moved = realloc(memory, bytes ? bytes : 1);
    if (unlikely(!moved))
        mem_exhausted(mem_kind_name(kind), bytes);
    mem_count(kind, (int64_t)malloc_usable_size(moved) - before, 0);
    return moved;
}

void mem_free(enum mem_kind kind, void *memory)
{
    if (!memory)
        return;
    mem_count(kind, -(int64_t)malloc_usable_size(memory), -1);
    free(memory);
}

char *mem_strdup(enum mem_kind kind, const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(mem_alloc(kind, size), text, size);
}

void mem_return_large_blocks(void)
{
    mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, 2 * MMAP_BYTES);
}

void *mem_reserve(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        mem_exhausted("reserved address space", bytes);
    return memory;
}

void mem_reserve_trim(void *from, size_t bytes)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    char *start = from, *end = start + bytes;
    uintptr_t misaligned = (uintptr_t)start % page;
    char *first = misaligned ? start + (page - misaligned) : start;
    char *last = end - (uintptr_t)end % page;

    if (first >= last) {
        memset(start, 0, bytes);
        return;
    }
    /* Pages shared with a neighbour stay; their part of the range is cleared by hand. */
    memset(start, 0, (size_t)(first - start));
    memset(last, 0, (size_t)(end - last));
    if (madvise(first, (size_t)(last - first), MADV_DONTNEED) != 0)
        memset(first, 0, (size_t)(last - first));
}

void mem_unreserve(void *memory, size_t bytes)
{
    if (memory)
        CHECK(munmap(memory, bytes) == 0);
}

void mem_account(enum mem_kind kind, int64_t bytes)
{
    mem_count(kind, bytes, 0);
}

struct mem_usage mem_usage(enum mem_kind kind)
{
    CHECK(kind < MEM_KIND_COUNT);
    /* The counters are read one by one, so a reader may catch a free before its allocation: never below zero. */
    int64_t bytes = atomic_load_explicit(&mem_counters[kind].bytes, memory_order_relaxed);
    int64_t objects = atomic_load_explicit(&mem_counters[kind].objects, memory_order_relaxed);
    return (struct mem_usage){
        .bytes = bytes > 0 ? (uint64_t)bytes : 0,
        .objects = objects > 0 ? (uint64_t)objects : 0,
    };
}

const char *mem_kind_name(enum mem_kind kind)
{
    CHECK(kind < MEM_KIND_COUNT);
    return mem_kind_names[kind];
}

uint64_t mem_resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
