/* Methods for tests of the transport: one for each shape and each way to end. */
#pragma once

#include "rpc/server.h"

struct echo_service {
    unsigned messages; /* seen by Sum */
    uint64_t summed_bytes;
    unsigned ended;        /* calls of Sum whose end was seen */
    unsigned cancelled;    /* calls of any method */
    unsigned asked;        /* how often Count was asked for more */
    struct rpc_call *held; /* the last call of Hold */
    struct rpc_call *watching;
    unsigned events; /* to be sent by Watch */
};

/* Say           answers its message
 * Fail          answers Unknown with its message as text
 * Hold          keeps the call in `held`
 * Count         {u32 count, u32 bytes}: that many messages of that size
 * Watch         sends a message for each of `events` when woken
 * Sum           answers the total length of its messages (u64)
 * Change        answers nothing; not allowed through read-only listeners */
void echo_service_register(struct echo_service *service, struct rpc_server *server);
