#include "cli/neighbor.h"

#include <inttypes.h>

#include "cli/call.h"

Apipb__Peer *neighbor_find(struct cli *cli, const char *name, bool with_advertised)
{
    Apipb__ListPeerRequest request = APIPB__LIST_PEER_REQUEST__INIT;
    request.address = (char *)name;
    request.enableadvertised = with_advertised;
    Apipb__ListPeerResponse *response =
        call_for(cli, "ListPeer", &request.base, &apipb__list_peer_response__descriptor);
    if (response && response->peer && response->peer->state && response->peer->conf)
        return response->peer;
    if (!cli->call_failed)
        cli_fail(cli, "not found neighbor %s", name);
    return NULL;
}

int neighbor_must_be_established(struct cli *cli, const char *name)
{
    Apipb__Peer *peer = neighbor_find(cli, name, false);
    if (!peer)
        return E_INVALID;
    if (peer->state->session_state != APIPB__PEER_STATE__SESSION_STATE__ESTABLISHED)
        return cli_fail(cli, "neighbor %s's BGP session is not established", name);
    return 0;
}

void peer_counts(const Apipb__Peer *peer, enum family_id family, struct peer_counts *counts)
{
    *counts = (struct peer_counts){0};
    for (size_t i = 0; i < peer->n_afi_safis; i++) {
        const Apipb__AfiSafiState *state = peer->afi_safis[i]->state;
        if (!state || (family != FAMILY_UNKNOWN && family_of(state->family) != family))
            continue;
        counts->received += state->received;
        counts->accepted += state->accepted;
        counts->advertised += state->advertised;
    }
}

const char *peer_asn_text(const Apipb__Peer *peer, char *text)
{
    struct str str = str_over(text, 16);
    if (peer->state->peer_asn)
        str_printf(&str, "%" PRIu32, peer->state->peer_asn);
    else
        str_add(&str, "*");
    return text;
}
