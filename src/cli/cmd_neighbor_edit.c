/* godwit neighbor add, del, update. An update sends the whole neighbor as the daemon has it, with what was said
 * changed. */
#include <netdb.h>
#include <string.h>

#include "base/check.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/neighbor.h"
#include "cli/words.h"
#include "net/addr.h"

enum edit_keyword {
    EDIT_INTERFACE,
    EDIT_AS,
    EDIT_LOCAL_AS,
    EDIT_FAMILY,
    EDIT_VRF,
    EDIT_REFLECTOR_CLIENT,
    EDIT_SERVER_CLIENT,
    EDIT_ALLOW_OWN_AS,
    EDIT_REMOVE_PRIVATE_AS,
    EDIT_REPLACE_PEER_AS,
    EDIT_MULTIHOP_TTL,
    EDIT_COUNT,
};

struct edit {
    struct keyword keywords[EDIT_COUNT];
    const char *address;   /* NULL: unnumbered */
    const char *interface; /* NULL: numbered */
};

static const struct edit edit_empty = {
    .keywords =
        {
            [EDIT_INTERFACE] = {"interface", KEYWORD_SINGLE},
            [EDIT_AS] = {"as", KEYWORD_SINGLE},
            [EDIT_LOCAL_AS] = {"local-as", KEYWORD_SINGLE},
            [EDIT_FAMILY] = {"family", KEYWORD_SINGLE},
            [EDIT_VRF] = {"vrf", KEYWORD_SINGLE},
            [EDIT_REFLECTOR_CLIENT] = {"route-reflector-client", KEYWORD_FLAG},
            [EDIT_SERVER_CLIENT] = {"route-server-client", KEYWORD_FLAG},
            [EDIT_ALLOW_OWN_AS] = {"allow-own-as", KEYWORD_SINGLE},
            [EDIT_REMOVE_PRIVATE_AS] = {"remove-private-as", KEYWORD_SINGLE},
            [EDIT_REPLACE_PEER_AS] = {"replace-peer-as", KEYWORD_FLAG},
            [EDIT_MULTIHOP_TTL] = {"ebgp-multihop-ttl", KEYWORD_SINGLE},
        },
};

static int edit_usage(struct cli *cli, const struct command *command)
{
    return cli_fail(cli, "usage: godwit %s %s", command->path, command->words);
}

/* The reflector's client may name a cluster: one word more than a flag takes. */
static void edit_allow_cluster(struct edit *edit, const struct words *words)
{
    for (int i = 0; i + 1 < words->count; i++) {
        struct addr addr;
        if (strcmp(words->word[i], "route-reflector-client") == 0 && addr_parse(words->word[i + 1], &addr) == 0)
            edit->keywords[EDIT_REFLECTOR_CLIENT].kind = KEYWORD_SINGLE;
    }
}

static int check_address(struct cli *cli, const char *name)
{
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    int result = getaddrinfo(name, NULL, &hints, &found);
    if (result != 0)
        return cli_fail(cli, "%s: not an address: %s", name, gai_strerror(result));
    freeaddrinfo(found);
    return 0;
}

static int edit_read(struct cli *cli, const struct command *command, const struct words *words, struct edit *edit)
{
    struct words leading;
    *edit = edit_empty;
    edit_allow_cluster(edit, words);
    size_t known = strcmp(command_verb(command), "del") == 0 ? EDIT_INTERFACE + 1 : EDIT_COUNT;
    if (keywords_split(cli, words, edit->keywords, known, &leading) < 0)
        return edit_usage(cli, command);
    edit->interface = keyword_value(&edit->keywords[EDIT_INTERFACE]);
    if (leading.count != 1 && !edit->interface)
        return edit_usage(cli, command);
    if (edit->interface)
        return 0;
    edit->address = leading.word[0];
    return check_address(cli, edit->address);
}

static void *edit_alloc(struct cli *cli, size_t bytes)
{
    void *memory = arena_alloc(&cli->arena, bytes);
    CHECK(memory != NULL);
    return memory;
}

static int edit_families(struct cli *cli, const char *names, Apipb__Peer *peer)
{
    char *rest = arena_strdup(&cli->arena, names);
    peer->n_afi_safis = 0;
    peer->afi_safis = edit_alloc(cli, FAMILY_COUNT * sizeof(*peer->afi_safis));
    while (rest) {
        char *name = rest;
        rest = strchr(rest, ',');
        if (rest)
            *rest++ = '\0';
        const struct family *family = family_get(family_from_config_name(name));
        if (!family)
            return cli_fail(cli, "%s isn't a valid route family name", name);
        if (peer->n_afi_safis == FAMILY_COUNT)
            return cli_fail(cli, "a family is named twice");
        Apipb__AfiSafi *afi_safi = edit_alloc(cli, sizeof(*afi_safi));
        apipb__afi_safi__init(afi_safi);
        afi_safi->config = edit_alloc(cli, sizeof(*afi_safi->config));
        apipb__afi_safi_config__init(afi_safi->config);
        afi_safi->config->family = edit_alloc(cli, sizeof(*afi_safi->config->family));
        apipb__family__init(afi_safi->config->family);
        afi_safi->config->family->afi = family->afi;
        afi_safi->config->family->safi = family->safi;
        peer->afi_safis[peer->n_afi_safis++] = afi_safi;
    }
    return 0;
}

/* A number, if it was given. */
static int edit_number(struct cli *cli, const struct edit *edit, enum edit_keyword keyword, uint64_t maximum,
                       uint32_t *field)
{
    uint64_t number;
    const char *value = keyword_value(&edit->keywords[keyword]);
    if (!value)
        return 0;
    if (number_parse(cli, value, maximum, &number) < 0)
        return E_INVALID;
    *field = (uint32_t)number;
    return 0;
}

static int edit_roles(struct cli *cli, const struct edit *edit, Apipb__Peer *peer)
{
    const char *private_as = keyword_value(&edit->keywords[EDIT_REMOVE_PRIVATE_AS]);
    const char *cluster = keyword_value(&edit->keywords[EDIT_REFLECTOR_CLIENT]);
    if (edit->keywords[EDIT_REFLECTOR_CLIENT].given) {
        peer->route_reflector->route_reflector_client = true;
        if (cluster)
            peer->route_reflector->route_reflector_cluster_id = (char *)cluster;
    }
    if (edit->keywords[EDIT_SERVER_CLIENT].given)
        peer->route_server->route_server_client = true;
    if (edit->keywords[EDIT_REPLACE_PEER_AS].given)
        peer->conf->replace_peer_asn = true;
    if (private_as && strcmp(private_as, "all") == 0)
        peer->conf->remove_private = APIPB__REMOVE_PRIVATE__REMOVE_ALL;
    else if (private_as && strcmp(private_as, "replace") == 0)
        peer->conf->remove_private = APIPB__REMOVE_PRIVATE__REPLACE;
    else if (private_as)
        return cli_fail(cli, "invalid remove-private-as value: all or replace");
    return 0;
}

static int edit_apply(struct cli *cli, const struct edit *edit, Apipb__Peer *peer)
{
    const char *families = keyword_value(&edit->keywords[EDIT_FAMILY]);
    const char *vrf = keyword_value(&edit->keywords[EDIT_VRF]);
    if (edit_number(cli, edit, EDIT_AS, UINT32_MAX, &peer->conf->peer_asn) < 0 ||
        edit_number(cli, edit, EDIT_LOCAL_AS, UINT32_MAX, &peer->conf->local_asn) < 0 ||
        edit_number(cli, edit, EDIT_ALLOW_OWN_AS, UINT8_MAX, &peer->conf->allow_own_asn) < 0)
        return E_INVALID;
    if (families && edit_families(cli, families, peer) < 0)
        return E_INVALID;
    if (vrf)
        peer->conf->vrf = (char *)vrf;
    if (edit->keywords[EDIT_MULTIHOP_TTL].given) {
        peer->ebgp_multihop = edit_alloc(cli, sizeof(*peer->ebgp_multihop));
        apipb__ebgp_multihop__init(peer->ebgp_multihop);
        peer->ebgp_multihop->enabled = true;
        if (edit_number(cli, edit, EDIT_MULTIHOP_TTL, UINT8_MAX, &peer->ebgp_multihop->multihop_ttl) < 0)
            return E_INVALID;
    }
    return edit_roles(cli, edit, peer);
}

/* What is not there yet, so that it can be written to. */
static void edit_complete(struct cli *cli, Apipb__Peer *peer)
{
    if (!peer->route_reflector) {
        peer->route_reflector = edit_alloc(cli, sizeof(*peer->route_reflector));
        apipb__route_reflector__init(peer->route_reflector);
    }
    if (!peer->route_server) {
        peer->route_server = edit_alloc(cli, sizeof(*peer->route_server));
        apipb__route_server__init(peer->route_server);
    }
    if (!peer->conf) {
        peer->conf = edit_alloc(cli, sizeof(*peer->conf));
        apipb__peer_conf__init(peer->conf);
    }
    if (!peer->state) {
        peer->state = edit_alloc(cli, sizeof(*peer->state));
        apipb__peer_state__init(peer->state);
    }
}

int cmd_neighbor_add(struct cli *cli, const struct command *command, const struct words *words)
{
    struct edit edit;
    Apipb__Peer peer = APIPB__PEER__INIT;
    Apipb__AddPeerRequest request = APIPB__ADD_PEER_REQUEST__INIT;
    if (edit_read(cli, command, words, &edit) < 0)
        return E_INVALID;
    edit_complete(cli, &peer);
    if (edit.interface)
        peer.conf->neighbor_interface = (char *)edit.interface;
    else
        peer.conf->neighbor_address = peer.state->neighbor_address = (char *)edit.address;
    request.peer = &peer;
    if (edit_apply(cli, &edit, &peer) < 0)
        return E_INVALID;
    return call(cli, "AddPeer", &request.base, NULL, NULL, NULL);
}

int cmd_neighbor_delete(struct cli *cli, const struct command *command, const struct words *words)
{
    struct edit edit;
    Apipb__DeletePeerRequest request = APIPB__DELETE_PEER_REQUEST__INIT;
    if (edit_read(cli, command, words, &edit) < 0)
        return E_INVALID;
    if (edit.interface)
        request.interface = (char *)edit.interface;
    else
        request.address = (char *)edit.address;
    return call(cli, "DeletePeer", &request.base, NULL, NULL, NULL);
}

int cmd_neighbor_update(struct cli *cli, const struct command *command, const struct words *words)
{
    struct edit edit;
    Apipb__UpdatePeerRequest request = APIPB__UPDATE_PEER_REQUEST__INIT;
    if (edit_read(cli, command, words, &edit) < 0)
        return E_INVALID;
    request.peer = neighbor_find(cli, edit.interface ? edit.interface : edit.address, false);
    request.do_soft_reset_in = true;
    if (!request.peer)
        return E_INVALID;
    edit_complete(cli, request.peer);
    if (edit_apply(cli, &edit, request.peer) < 0)
        return E_INVALID;
    return call(cli, "UpdatePeer", &request.base, NULL, NULL, NULL);
}
