#include "lab.h"

#include <stdlib.h>

#include "base/check.h"

enum { LAB_PORT = 50051, LAB_TURNS_MAX = 200000 };

static struct endpoint server_endpoint(void)
{
    return (struct endpoint){.addr = addr_ipv4(0x0a000002), .port = LAB_PORT};
}

static void server_start(struct lab *lab, const struct rpc_limits *limits, bool read_only)
{
    struct err err;
    const struct endpoint local = server_endpoint();
    const struct rpc_listen_options options = {.read_only = read_only};
    lab->server = rpc_server_new(lab->loop, limits);
    echo_service_register(&lab->service, lab->server);
    CHECK(rpc_server_listen(lab->server, lab->server_host, &local, &options, NULL, &err) == E_OK);
}

int lab_set_up(void **state)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    const struct addr client = addr_ipv4(0x0a000001);
    const struct addr server = server_endpoint().addr;
    lab->loop = loop_new_simulated();
    lab->net = memory_net_new(lab->loop);
    lab->client_host = memory_net_transport(lab->net, &client);
    lab->server_host = memory_net_transport(lab->net, &server);
    server_start(lab, NULL, false);
    raw_http2_init(&lab->raw);
    *state = lab;
    return 0;
}

int lab_tear_down(void **state)
{
    struct lab *lab = *state;
    rpc_server_free(lab->server);
    raw_http2_release(&lab->raw);
    memory_net_free(lab->net);
    loop_free(lab->loop);
    free(lab);
    return 0;
}

void lab_restart(struct lab *lab, const struct rpc_limits *limits, bool read_only)
{
    rpc_server_free(lab->server);
    server_start(lab, limits, read_only);
}

void lab_dial(struct lab *lab, struct raw_http2 *raw)
{
    struct err err;
    const struct endpoint remote = server_endpoint();
    const struct transport_options options = {0};
    CHECK(lab->client_host->ops->dial(lab->client_host, lab->loop, &remote, &options, &raw_http2_handler, raw,
                                      &raw->stream, &err) == E_OK);
    stream_want(raw->stream, LOOP_READ);
    lab_settle(lab);
    CHECK(raw->connected);
}

void lab_connect(struct lab *lab)
{
    lab_dial(lab, &lab->raw);
    raw_preface(&lab->raw);
    lab_settle(lab);
}

void lab_settle(struct lab *lab)
{
    unsigned turns = 0;
    while (loop_turn(lab->loop, 0))
        CHECK(++turns < LAB_TURNS_MAX);
}

void lab_advance(struct lab *lab, int64_t passing_ms)
{
    const struct mono_time end = mono_add_ms(loop_now(lab->loop), passing_ms);
    lab_settle(lab);
    while (mono_before(loop_now(lab->loop), end)) {
        loop_turn(lab->loop, (int)mono_diff_ms(end, loop_now(lab->loop)));
        lab_settle(lab);
    }
}

struct rpc_server_counters lab_counters(const struct lab *lab)
{
    struct rpc_server_counters counters;
    rpc_server_counters(lab->server, &counters);
    return counters;
}
