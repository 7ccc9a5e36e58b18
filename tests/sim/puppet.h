/* A neighbour on strings: a real session over the network in memory, with no RIB behind it. It says what the test
 * tells it to, and writes down what it hears, and what it should not have heard.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "io/memory_net.h"
#include "model.h"
#include "session/session.h"

struct puppet_path {
    bool present;
    bool stale; /* not heard again since the speaker's refresh began */
    uint32_t path_id;
    uint32_t length;
    uint8_t *attrs;
};

enum { PUPPET_PATHS_MAX = 32 };

struct puppet {
    struct session *session;
    struct session_config config;
    bool established;
    bool reading;
    bool expects_all[MODEL_FAMILIES]; /* a refresh was asked for: things come twice */
    struct negotiated negotiated;
    struct buf offered, pending;
    struct puppet_path table[MODEL_FAMILIES][MODEL_PREFIXES][PUPPET_PATHS_MAX];
    uint32_t mark; /* community of its own routes */
    /* Since it is established: */
    uint64_t announced, withdrawn;
    uint64_t duplicates;      /* an announcement of what it had in the same bytes */
    uint64_t stray_withdraws; /* of what it had not */
    unsigned end_of_ribs[MODEL_FAMILIES];
    uint64_t announced_before_end[MODEL_FAMILIES]; /* of all families, when the first of them came */
    void (*came)(void *context, struct puppet *puppet);
    void (*went)(void *context, struct puppet *puppet);
    void *context;
};

/* `puppet->config`, `mark` and the callbacks are filled in. */
void puppet_init(struct puppet *puppet, struct loop *loop, struct transport *transport);
void puppet_release(struct puppet *puppet);

/* What it says next; taken in the order of the calls. */
void puppet_announce(struct puppet *puppet, unsigned family, const unsigned *prefixes, unsigned count, uint32_t path_id,
                     const struct model_attrs *attrs);
void puppet_withdraw(struct puppet *puppet, unsigned family, const unsigned *prefixes, unsigned count,
                     uint32_t path_id);
void puppet_end_of_rib(struct puppet *puppet, unsigned family);
void puppet_refresh(struct puppet *puppet, unsigned family, enum refresh_kind kind);
void puppet_read(struct puppet *puppet, bool reading);
bool puppet_has_written(const struct puppet *puppet);
