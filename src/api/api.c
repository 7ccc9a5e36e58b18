/* The services: one const table of methods. What is in the contract but not offered says so by name. */
#include "api/api.h"

#include "api/internal.h"
#include "api/packed_list.h"
#include "base/check.h"
#include "base/mem.h"

static void not_offered(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    char text[128];
    const char *path = rpc_call_method(call)->path;
    const char *slash = strrchr(path, '/');
    struct str str = str_over(text, sizeof(text));
    str_printf(&str, "%s is not offered yet", slash ? slash + 1 : path);
    rpc_call_finish(call, RPC_UNIMPLEMENTED, text);
}

#define GOBGP(name) "/apipb.GobgpApi/" name
#define GODWIT(name) "/godwit.v1.Godwit/" name
#define NOT_OFFERED(name)                                            \
    {                                                                \
        GOBGP(name), RPC_UNARY, false, not_offered, NULL, NULL, NULL \
    }

static const struct rpc_method methods[] = {
    {GOBGP("StartBgp"), RPC_UNARY, false, start_bgp, NULL, NULL, NULL},
    {GOBGP("StopBgp"), RPC_UNARY, false, stop_bgp, NULL, NULL, stop_bgp_cancelled},
    {GOBGP("GetBgp"), RPC_UNARY, true, get_bgp, NULL, NULL, NULL},
    {GOBGP("SetLogLevel"), RPC_UNARY, false, set_log_level, NULL, NULL, NULL},
    {GOBGP("WatchEvent"), RPC_SERVER_STREAM, true, watch_event, NULL, watch_event_more, watch_event_cancelled},
    {GOBGP("AddPeer"), RPC_UNARY, false, add_peer, NULL, NULL, NULL},
    {GOBGP("DeletePeer"), RPC_UNARY, false, delete_peer, NULL, NULL, NULL},
    {GOBGP("ListPeer"), RPC_SERVER_STREAM, true, list_peer, NULL, list_peer_more, list_peer_cancelled},
    {GOBGP("UpdatePeer"), RPC_UNARY, false, update_peer, NULL, NULL, NULL},
    {GOBGP("ResetPeer"), RPC_UNARY, false, reset_peer, NULL, NULL, NULL},
    {GOBGP("ShutdownPeer"), RPC_UNARY, false, shutdown_peer, NULL, NULL, NULL},
    {GOBGP("EnablePeer"), RPC_UNARY, false, enable_peer, NULL, NULL, NULL},
    {GOBGP("DisablePeer"), RPC_UNARY, false, disable_peer, NULL, NULL, NULL},
    {GOBGP("AddPeerGroup"), RPC_UNARY, false, add_peer_group, NULL, NULL, NULL},
    {GOBGP("DeletePeerGroup"), RPC_UNARY, false, delete_peer_group, NULL, NULL, NULL},
    {GOBGP("ListPeerGroup"), RPC_SERVER_STREAM, true, list_peer_group, NULL, nothing_more, NULL},
    {GOBGP("UpdatePeerGroup"), RPC_UNARY, false, update_peer_group, NULL, NULL, NULL},
    {GOBGP("AddDynamicNeighbor"), RPC_UNARY, false, add_dynamic_neighbor, NULL, NULL, NULL},
    {GOBGP("ListDynamicNeighbor"), RPC_SERVER_STREAM, true, list_dynamic_neighbor, NULL, nothing_more, NULL},
    {GOBGP("DeleteDynamicNeighbor"), RPC_UNARY, false, delete_dynamic_neighbor, NULL, NULL, NULL},
    {GOBGP("AddPath"), RPC_UNARY, false, add_path, NULL, NULL, NULL},
    {GOBGP("DeletePath"), RPC_UNARY, false, delete_path, NULL, NULL, NULL},
    {GOBGP("ListPath"), RPC_SERVER_STREAM, true, list_path, NULL, list_path_more, list_path_cancelled},
    {GOBGP("AddPathStream"), RPC_CLIENT_STREAM, false, add_path_stream, add_path_stream_end, NULL, NULL},
    {GOBGP("GetTable"), RPC_UNARY, true, get_table, NULL, NULL, NULL},
    {GOBGP("AddDefinedSet"), RPC_UNARY, false, add_defined_set, NULL, NULL, NULL},
    {GOBGP("DeleteDefinedSet"), RPC_UNARY, false, delete_defined_set, NULL, NULL, NULL},
    {GOBGP("ListDefinedSet"), RPC_SERVER_STREAM, true, list_defined_set, NULL, packed_list_more, packed_list_cancelled},
    {GOBGP("AddStatement"), RPC_UNARY, false, add_statement, NULL, NULL, NULL},
    {GOBGP("DeleteStatement"), RPC_UNARY, false, delete_statement, NULL, NULL, NULL},
    {GOBGP("ListStatement"), RPC_SERVER_STREAM, true, list_statement, NULL, packed_list_more, packed_list_cancelled},
    {GOBGP("AddPolicy"), RPC_UNARY, false, add_policy, NULL, NULL, NULL},
    {GOBGP("DeletePolicy"), RPC_UNARY, false, delete_policy, NULL, NULL, NULL},
    {GOBGP("ListPolicy"), RPC_SERVER_STREAM, true, list_policy, NULL, packed_list_more, packed_list_cancelled},
    {GOBGP("SetPolicies"), RPC_UNARY, false, set_policies, NULL, NULL, NULL},
    {GOBGP("AddPolicyAssignment"), RPC_UNARY, false, add_policy_assignment, NULL, NULL, NULL},
    {GOBGP("DeletePolicyAssignment"), RPC_UNARY, false, delete_policy_assignment, NULL, NULL, NULL},
    {GOBGP("SetPolicyAssignment"), RPC_UNARY, false, set_policy_assignment, NULL, NULL, NULL},
    {GOBGP("ListPolicyAssignment"), RPC_SERVER_STREAM, true, list_policy_assignment, NULL, packed_list_more,
     packed_list_cancelled},
    {GOBGP("EnableMrt"), RPC_UNARY, false, enable_mrt, NULL, NULL, NULL},
    {GOBGP("DisableMrt"), RPC_UNARY, false, disable_mrt, NULL, NULL, NULL},
    {GOBGP("AddBmp"), RPC_UNARY, false, add_bmp, NULL, NULL, NULL},
    {GOBGP("DeleteBmp"), RPC_UNARY, false, delete_bmp, NULL, NULL, NULL},
    {GOBGP("ListBmp"), RPC_SERVER_STREAM, true, list_bmp, NULL, packed_list_more, packed_list_cancelled},
    {GOBGP("AddRpki"), RPC_UNARY, false, add_rpki, NULL, NULL, NULL},
    {GOBGP("DeleteRpki"), RPC_UNARY, false, delete_rpki, NULL, NULL, NULL},
    {GOBGP("ListRpki"), RPC_SERVER_STREAM, true, list_rpki, NULL, packed_list_more, packed_list_cancelled},
    {GOBGP("EnableRpki"), RPC_UNARY, false, enable_rpki, NULL, NULL, NULL},
    {GOBGP("DisableRpki"), RPC_UNARY, false, disable_rpki, NULL, NULL, NULL},
    {GOBGP("ResetRpki"), RPC_UNARY, false, reset_rpki, NULL, NULL, NULL},
    {GOBGP("ListRpkiTable"), RPC_SERVER_STREAM, true, list_rpki_table, NULL, list_rpki_table_more,
     list_rpki_table_cancelled},
    {GODWIT("Why"), RPC_UNARY, true, why, NULL, NULL, NULL},
    {GODWIT("WhyNeighbor"), RPC_UNARY, true, why_neighbor, NULL, NULL, NULL},
    {GODWIT("TestPolicy"), RPC_UNARY, true, test_policy, NULL, NULL, NULL},
    {GODWIT("ListGroups"), RPC_SERVER_STREAM, true, list_groups, NULL, packed_list_more, packed_list_cancelled},
    {GODWIT("GracefulShutdown"), RPC_UNARY, false, graceful_shutdown, NULL, NULL, NULL},
    {GODWIT("GetCounters"), RPC_UNARY, true, get_counters, NULL, NULL, NULL},
    {GODWIT("Save"), RPC_SERVER_STREAM, false, save, NULL, packed_list_more, packed_list_cancelled},
    {GODWIT("Reload"), RPC_UNARY, false, reload, NULL, NULL, NULL},
    NOT_OFFERED("AddVrf"),
    NOT_OFFERED("DeleteVrf"),
    NOT_OFFERED("ListVrf"),
    NOT_OFFERED("EnableZebra"),
};

struct api *api_new(struct loop *loop, struct control *control, struct rpc_server *server,
                    const struct api_hooks *hooks)
{
    struct api *api = mem_zalloc(MEM_RPC, sizeof(*api));
    api->loop = loop;
    api->control = control;
    if (hooks)
        api->hooks = *hooks;
    api->started_at = mono_now();
    buf_init(&api->attrs, ATTR_BLOCK_MAX);
    rpc_server_register(server, methods, ARRAY_LEN(methods), api);
    return api;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    buf_release(&api->attrs);
    mem_free(MEM_RPC, api->scratch);
    mem_free(MEM_RPC, api);
}

struct api *api_of(const struct rpc_call *call)
{
    return rpc_call_context(call);
}

uint8_t *api_scratch(struct api *api, size_t bytes)
{
    if (api->scratch_bytes < bytes) {
        api->scratch = mem_realloc(MEM_RPC, api->scratch, bytes);
        api->scratch_bytes = bytes;
    }
    return api->scratch;
}
