/* A BGP speaker in a program: announces the prefixes it is given to one neighbor, and prints what it hears.
 *
 *     cc embed.c $(pkg-config --cflags --libs godwit) -o embed
 *     ./embed 65000 192.0.2.1 192.0.2.2 65001 203.0.113.0/24
 *
 * Ends with a goodbye to the neighbor when it is interrupted. With EMBED_PORT=1179 it neither listens nor connects at
 * port 179, so that it needs no rights.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "godwit/godwit.h"

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    interrupted = 1;
}

static void heard_of_peer(void *context, const struct godwit_peer_state *state)
{
    printf("%s: %s\n", state->address, state->why);
}

static void heard_of_best(void *context, const struct godwit_route *route)
{
    char prefix[GODWIT_PREFIX_BYTES], next_hop[GODWIT_ADDRESS_BYTES], path[256];
    godwit_route_prefix(route, prefix, sizeof(prefix));
    if (godwit_route_withdrawn(route))
        printf("%s is gone\n", prefix);
    else
        printf("%s via %s, path [%s]\n", prefix, godwit_route_next_hop(route, next_hop, sizeof(next_hop)),
               godwit_route_as_path(route, path, sizeof(path)));
}

static int fail(const char *what, const struct godwit_error *error)
{
    fprintf(stderr, "embed: %s: %s\n", what, error->text);
    return 1;
}

int main(int count, char **words)
{
    struct godwit_error error;
    const char *port = getenv("EMBED_PORT");
    const struct godwit_watcher watcher = {.peer = heard_of_peer, .best = heard_of_best};
    if (count < 5) {
        fprintf(stderr, "usage: embed AS ROUTER-ID NEIGHBOR NEIGHBOR-AS [PREFIX]...\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigaction(SIGINT, &(struct sigaction){.sa_handler = interrupt}, NULL);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = interrupt}, NULL);
    godwit_log(GODWIT_LOG_ERROR, NULL, NULL);

    struct godwit *bgp = godwit_new(&watcher);
    if (!bgp)
        return 1;
    const struct godwit_speaker speaker = {
        .as = (uint32_t)strtoul(words[1], NULL, 10), .router_id = words[2], .silent = port != NULL};
    if (godwit_start(bgp, &speaker, &error) < 0)
        return fail("start", &error);
    const struct godwit_peer peer = {
        .address = words[3], .as = (uint32_t)strtoul(words[4], NULL, 10), .port = (uint16_t)(port ? atoi(port) : 0)};
    if (godwit_peer_add(bgp, &peer, &error) < 0)
        return fail(words[3], &error);
    for (int i = 5; i < count; i++) {
        if (godwit_announce(bgp, &(struct godwit_announcement){.prefix = words[i]}, &error) < 0)
            return fail(words[i], &error);
    }
    while (!interrupted)
        godwit_turn(bgp, 1000);
    godwit_stop(bgp, "embed ends");
    godwit_run(bgp);
    godwit_free(bgp);
    return 0;
}
