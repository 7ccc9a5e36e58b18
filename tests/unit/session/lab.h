/* A simulated network (or, with `net` NULL, the loopback interface and a real loop) with our sessions on some hosts
 * and, where a test wants to say odd things, a raw speaker. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/memory_net.h"
#include "session/acceptor.h"
#include "session/session.h"

struct lab {
    struct loop *loop;
    struct memory_net *net;
};

int lab_set_up(void **state);
int lab_tear_down(void **state);

/* Turns the loop until `done` says so; what it said last. `bound_ms` of simulated time at most. */
bool lab_until(struct lab *lab, bool (*done)(void *context), void *context, int64_t bound_ms);
void lab_run_ms(struct lab *lab, int64_t ms); /* lets this much time pass */

/* One of ours. ---------------------------------------------------------------------------------------------------- */

struct speaker {
    struct lab *lab;
    struct addr addr;
    struct transport *host;
    struct acceptor *acceptor;
    struct endpoint listen_on;
    struct session_config config;
    struct session *session;
    bool deny_input;
    unsigned input_limit; /* UPDATEs to take before saying no; 0: any number */
    bool free_on_update, reset_on_update, free_on_lost;

    /* What it has been told. */
    char trace[1024]; /* states, "+" established, "-" lost, by first letters: "A O C E + " */
    unsigned established, lost, updates, refreshes;
    struct session_down down;
    struct negotiated negotiated;
    enum family_id end_of_rib;
    unsigned prefixes;

    /* What it wants to send: whole messages. */
    const uint8_t *output;
    size_t output_length, output_taken, piece_bytes;
};

/* Makes host, acceptor and an unstarted session for `remote`; change `config` in between with speaker_init's result. */
void speaker_init(struct speaker *speaker, struct lab *lab, uint32_t addr, uint32_t as, uint32_t peer_addr,
                  uint32_t peer_as);
void speaker_make(struct speaker *speaker); /* the session, from `config`; listens on port 179 */
void speaker_release(struct speaker *speaker);

enum session_state speaker_state(const struct speaker *speaker);
bool speaker_is_up(void *speaker);
bool speaker_is_idle(void *speaker);

/* Two of ours, peers of each other: 10.0.0.1 AS 65001 and 10.0.0.2 AS 65002. */
struct pair {
    struct speaker a, b;
};
void pair_init(struct pair *pair, struct lab *lab);
void pair_start(struct pair *pair);
bool pair_is_up(void *pair);
void pair_release(struct pair *pair);

/* Bytes in, bytes out. -------------------------------------------------------------------------------------------- */

struct raw {
    struct lab *lab;
    struct transport *host;
    struct addr addr;
    struct stream *stream;
    struct listener *listener;
    unsigned accepted;
    bool connected, closed;
    bool idle; /* reads only when raw_pull is called */
    int failed;
    uint8_t bytes[65536];
    size_t length;
};

void raw_init(struct raw *raw, struct lab *lab, uint32_t addr);
void raw_listen(struct raw *raw);                         /* takes the newest connection */
void raw_dial(struct raw *raw, const struct speaker *to); /* and waits until connected */
void raw_write(struct raw *raw, const void *bytes, size_t length);
void raw_message(struct raw *raw, uint8_t type, const void *body, size_t length);
void raw_keepalive(struct raw *raw);
/* An OPEN with hold time and the 4-octet capability; `extra` are more capability TLVs. */
void raw_open(struct raw *raw, uint32_t as, uint32_t id, uint16_t hold_time_s, const void *extra, size_t length);
void raw_pull(struct raw *raw, size_t length); /* reads up to this much now */
void raw_close(struct raw *raw);
void raw_release(struct raw *raw);

/* The next message: its type, 0 if none came within 10 s; the body is in `body` until the next call. */
uint8_t raw_next(struct raw *raw, const uint8_t **body, size_t *length);
bool raw_expect(struct raw *raw, uint8_t type);
/* NOTIFICATION with this code, and then the end. */
bool raw_expect_notification(struct raw *raw, uint8_t code, uint8_t subcode);
bool raw_is_closed(void *raw);
/* OPEN and KEEPALIVE both ways, over a new connection to `to`. */
void raw_establish(struct raw *raw, struct speaker *to);
