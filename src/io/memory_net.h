/* A network in memory, for tests on a simulated loop: hosts with addresses, connections with delay and bounded
 * buffers, and the ways networks fail. The same calls in the same order always give the same run.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "io/stream.h"

enum {
    MEMORY_HOST_ADDRS_MAX = 8,
    MEMORY_BUFFER_BYTES = 256 * 1024, /* by default */
};

struct memory_net;

struct memory_net *memory_net_new(struct loop *loop);
void memory_net_free(struct memory_net *net); /* streams and listeners must be freed before */

/* The transport of the host that owns `local`; made on first use, lives as long as the net. A dial comes from
 * options->local, else from the host's first address of the right family. */
struct transport *memory_net_transport(struct memory_net *net, const struct addr *local);
void memory_net_add_address(struct transport *host, const struct addr *addr); /* the same host has this one too */

/* Bytes a direction of a connection holds, under way and arrived, before its writer gets E_AGAIN. */
void memory_net_set_buffer(struct memory_net *net, size_t bytes);

/* One way, for what is sent from now on. */
void memory_net_set_delay(struct memory_net *net, const struct addr *from, const struct addr *to, int64_t delay_ms);

/* Routers between two addresses, both ways: each takes one from the TTL. 0 (neighbours) by default. */
void memory_net_set_routers(struct memory_net *net, const struct addr *a, const struct addr *b, unsigned routers);

/* Nothing gets through between two addresses, both ways, and nobody is told. As with TCP, what was under way or is
 * written meanwhile arrives after restore; if that never comes, it has vanished. */
void memory_net_cut(struct memory_net *net, const struct addr *a, const struct addr *b);
void memory_net_restore(struct memory_net *net, const struct addr *a, const struct addr *b);

/* Resets every connection between two addresses, at once and at both ends. How many there were. */
unsigned memory_net_reset(struct memory_net *net, const struct addr *a, const struct addr *b);

/* Connections with at least one end not freed. */
unsigned memory_net_connections(const struct memory_net *net);
