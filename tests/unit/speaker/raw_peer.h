/* A neighbour by hand: a socket and what came over it. It reads and writes only when told to. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/addr.h"
#include "wire/message.h"

struct raw_peer {
    int fd;
    struct buf in;
    bool open_received, keepalive_received, closed;
    struct notification notification; /* received; code 0: none */
    unsigned keepalives;
    uint64_t updates;
    uint8_t *have; /* bit per /24 of 10.0.0.0/8 and below */
    uint32_t have_count;
    unsigned refresh_begins, refresh_ends;
    uint64_t announced_since_begin;
};

void raw_peer_connect(struct raw_peer *raw, const struct addr *local, const struct addr *remote, uint16_t port,
                      int receive_bytes);
void raw_peer_close(struct raw_peer *raw);
/* A small buffer made the kernel send in driblets: now that it is to be read, all may come. */
void raw_peer_widen(struct raw_peer *raw);
/* Reads what is there, answers OPEN with KEEPALIVE, counts. */
void raw_peer_read(struct raw_peer *raw);
/* Writes what the kernel takes. */
size_t raw_peer_write(struct raw_peer *raw, const uint8_t *bytes, size_t length);
void raw_peer_send_refresh(struct raw_peer *raw);
bool raw_peer_writable_within(struct raw_peer *raw, int wait_ms);

/* Appends an UPDATE for one /24 with a path of its own: about 100 + 4 * communities bytes. */
void raw_update_put(struct buf *buf, uint32_t prefix, uint32_t next_hop, unsigned communities);
