/* Memory counted by kind, so that an operator can be told where it went.
 *
 * Allocation never returns NULL: a process that cannot get a few bytes for its own state stops with a message.
 * What peers and clients can make grow is bounded elsewhere, before it gets here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum mem_kind {
    MEM_OTHER,
    MEM_CONFIG,
    MEM_PEER,
    MEM_SESSION,
    MEM_BUFFER,
    MEM_PREFIX,
    MEM_PATH,
    MEM_ATTR,
    MEM_GROUP,
    MEM_LOG_SEGMENT,
    MEM_RPC,
    MEM_POLICY,
    MEM_RPKI,
    MEM_KIND_COUNT,
};

void *mem_alloc(enum mem_kind kind, size_t bytes);  /* not zeroed */
void *mem_zalloc(enum mem_kind kind, size_t bytes); /* zeroed */
void *mem_realloc(enum mem_kind kind, void *memory, size_t bytes);
void mem_free(enum mem_kind kind, void *memory); /* NULL is fine */
char *mem_strdup(enum mem_kind kind, const char *text);

/* For a process that lives long, once, at its start: large blocks go back to the system as soon as they are freed.
 * (malloc would learn from the first of them to keep such blocks in its heap, where small ones pin them.) */
void mem_return_large_blocks(void);

/* Address space that grows in place: `bytes` are reserved (no memory, no swap), pages appear zeroed when touched.
 * Never moves, never NULL. `mem_reserve_trim` gives the pages of [from, from + bytes) back; they read as zero again.
 * `mem_account` adds to (or, negative, takes from) a kind's count for memory touched in a reservation. */
void *mem_reserve(size_t bytes);
void mem_reserve_trim(void *from, size_t bytes);
void mem_unreserve(void *memory, size_t bytes);
void mem_account(enum mem_kind kind, int64_t bytes);

/* Bytes in use and number of live allocations; any thread may ask. */
struct mem_usage {
    uint64_t bytes;
    uint64_t objects;
};
struct mem_usage mem_usage(enum mem_kind kind);
const char *mem_kind_name(enum mem_kind kind);
uint64_t mem_resident_bytes(void); /* of the process, as the system counts; 0 if it does not tell */
