/* Neighbors: from what a program says to a configuration, and from views to what it is told. */
#include <string.h>

#include "base/check.h"
#include "lib/internal.h"

int library_peer_name(const char *text, struct peer_name *name, struct err *err)
{
    *name = (struct peer_name){0};
    if (addr_parse(text, &name->address) == E_OK)
        return E_OK;
    return err_set(err, E_INVALID, "\"%s\" is not the address of a neighbor", text);
}

static int read_address(const char *member, const char *text, struct addr *address, struct err *err)
{
    if (!text)
        return E_OK;
    if (addr_parse(text, address) == E_OK)
        return E_OK;
    return err_set(err, E_INVALID, "%s: \"%s\" is not an address", member, text);
}

static int read_text(const char *member, const char *text, char *to, size_t room, struct err *err)
{
    struct str str = str_over(to, room);
    str_add(&str, text ? text : "");
    if (!str.truncated)
        return E_OK;
    return err_set(err, E_INVALID, "%s: %zu characters are too many, %zu are allowed", member, strlen(text), room - 1);
}

static const enum family_id families[] = {FAMILY_IPV4_UNICAST, FAMILY_IPV6_UNICAST};

static int read_families(const struct godwit_peer *peer, struct neighbor_config *to, struct err *err)
{
    unsigned wanted = peer->families;
    if (wanted >> ARRAY_LEN(families))
        return err_set(err, E_INVALID, "families: 0x%x: GODWIT_IPV4 and GODWIT_IPV6 are allowed", wanted);
    if (wanted == 0)
        wanted = to->address.kind == ADDR_IPV6 ? GODWIT_IPV6 : GODWIT_IPV4;
    for (unsigned i = 0; i < ARRAY_LEN(families); i++) {
        if (wanted & 1u << i)
            to->peer.families[to->peer.family_count++] = (struct family_config){
                .family = families[i], .enabled = true, .prefix_limit = {.max_prefixes = peer->max_prefixes}};
    }
    return E_OK;
}

static int read_peer(const struct godwit_peer *peer, struct neighbor_config *to, struct err *err)
{
    *to = (struct neighbor_config){0};
    peer_config_init(&to->peer);
    if (!peer->address)
        return err_set(err, E_INVALID, "address: it is missing");
    to->peer.family_count = 0;
    to->peer.peer_as = peer->as;
    to->peer.local_as = peer->local_as;
    to->peer.transport.remote_port = peer->port;
    to->peer.transport.passive_mode = peer->passive;
    to->peer.timers.hold_time_s = peer->hold_time_s;
    to->peer.ebgp_multihop = peer->multihop_ttl > 0;
    to->peer.multihop_ttl = peer->multihop_ttl;
    to->peer.route_reflector_client = peer->route_reflector_client;
    to->peer.route_server_client = peer->route_server_client;
    int result = read_address("address", peer->address, &to->address, err);
    if (result == E_OK)
        result = read_address("local_address", peer->local_address, &to->peer.transport.local_address, err);
    if (result == E_OK)
        result = read_text("password", peer->password, to->peer.auth_password, sizeof(to->peer.auth_password), err);
    if (result == E_OK)
        result = read_text("description", peer->description, to->peer.description, sizeof(to->peer.description), err);
    return result == E_OK ? read_families(peer, to, err) : result;
}

int godwit_peer_add(struct godwit *bgp, const struct godwit_peer *peer, struct godwit_error *error)
{
    struct err err = {0};
    struct neighbor_config neighbor;
    int result = read_peer(peer, &neighbor, &err);
    if (result == E_OK)
        result = control_peer_add(bgp->control, &neighbor, &err);
    return library_result(result, &err, error);
}

int godwit_peer_remove(struct godwit *bgp, const char *address, const char *communication, struct godwit_error *error)
{
    struct err err = {0};
    struct peer_name name;
    int result = library_peer_name(address, &name, &err);
    if (result == E_OK)
        result = control_peer_delete(bgp->control, &name, communication, &err);
    return library_result(result, &err, error);
}

/* What is told of them --------------------------------------------------------------------------------------------- */

enum { WHY_TEXT_MAX = 512 };

/* "resting after an error, next attempt in 4 s: the neighbor closed the connection" */
static const char *say_why(struct godwit *bgp, const struct peer_view *view, char *text)
{
    struct why_session why;
    struct peer_name name = {.address = view->address};
    struct str str = str_over(text, WHY_TEXT_MAX), interface = str_over(name.interface, sizeof(name.interface));
    str_add(&interface, view->config->interface);
    if (control_why_session(bgp->control, &name, &why, NULL) < 0) { /* the last that is heard of it */
        str_add(&str, view->session->down.why);
        return text;
    }
    str_add(&str, why.sentence);
    if (why.state != SESSION_ESTABLISHED && why.reason.text[0])
        str_printf(&str, ": %s", why.reason.text);
    return text;
}

void library_tell_peer(struct godwit *bgp, const struct peer_view *view,
                       void (*peer)(void *context, const struct godwit_peer_state *state), void *context)
{
    char address[ADDR_TEXT_MAX], why[WHY_TEXT_MAX];
    struct godwit_peer_state state = {
        .address = addr_format(&view->address, address),
        .as = view->config->peer.peer_as,
        .description = view->config->peer.description,
        .session = (enum godwit_session)view->session->state,
        .flaps = view->session->flaps,
        .why = say_why(bgp, view, why),
    };
    for (uint32_t i = 0; i < view->family_count; i++) {
        state.received += view->families[i].received;
        state.accepted += view->families[i].accepted;
        state.advertised += view->families[i].advertised;
    }
    peer(context, &state);
}

struct telling {
    struct godwit *bgp;
    void (*peer)(void *context, const struct godwit_peer_state *state);
    void *context;
};

static void tell_one(void *context, const struct peer_view *view)
{
    const struct telling *telling = context;
    library_tell_peer(telling->bgp, view, telling->peer, telling->context);
}

size_t godwit_peers(struct godwit *bgp, const char *address,
                    void (*peer)(void *context, const struct godwit_peer_state *state), void *context)
{
    struct peer_name name;
    struct telling telling = {.bgp = bgp, .peer = peer, .context = context};
    if (address && library_peer_name(address, &name, NULL) < 0)
        return 0;
    return control_peer_list(bgp->control, address ? &name : NULL, tell_one, &telling);
}
