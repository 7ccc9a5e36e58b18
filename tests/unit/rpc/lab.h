/* A server and a client that speaks raw HTTP/2, on a simulated loop. */
#pragma once

#include "echo_service.h"
#include "io/memory_net.h"
#include "raw_http2.h"
#include "rpc/server.h"

struct lab {
    struct loop *loop;
    struct memory_net *net;
    struct transport *client_host;
    struct transport *server_host;
    struct rpc_server *server;
    struct echo_service service;
    struct raw_http2 raw;
    bool drained;
};

int lab_set_up(void **state); /* for cmocka; the server has default limits */
int lab_tear_down(void **state);

/* Replaces the server, before anything else. */
void lab_restart(struct lab *lab, const struct rpc_limits *limits, bool read_only);

void lab_dial(struct lab *lab, struct raw_http2 *raw); /* an initialised one */
void lab_connect(struct lab *lab);                     /* lab->raw, up to both SETTINGS */

void lab_settle(struct lab *lab);                      /* turns until nothing happens any more, without time passing */
void lab_advance(struct lab *lab, int64_t passing_ms); /* lets time pass, and what is due then happen */

struct rpc_server_counters lab_counters(const struct lab *lab);
