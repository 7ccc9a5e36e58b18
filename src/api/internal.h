/* Shared by the files of api/. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "api/api.h"
#include "base/arena.h"
#include "base/buf.h"
#include "gobgp.pb-c.h"

struct api {
    struct loop *loop;
    struct control *control;
    struct api_hooks hooks;
    struct mono_time started_at;
    struct buf attrs; /* scratch: one path's attributes */
    uint8_t *scratch; /* scratch: one message being encoded */
    size_t scratch_bytes;
};

enum {
    REQUEST_ARENA_BYTES = 64 << 20, /* a request of 4 MiB unpacked; hostile ones unpack to more and are refused */
    SLICE_US = 500,                 /* of a list, until others get their turn */
};

/* A request being answered. What the client sent lives in `arena`, which is bounded; our answer in its own, so that
 * nothing a client sends can leave no room for it. */
struct request {
    struct api *api;
    struct rpc_call *call;
    struct arena arena;
    struct arena answer;
    const void *message;
};

/* Unpacks. False: it was not readable, the call is answered. request_end in any case. */
bool request_begin(struct request *request, struct rpc_call *call, const ProtobufCMessageDescriptor *type,
                   const uint8_t *bytes, size_t length);
void request_end(struct request *request);

/* Answers a unary call. */
void reply_message(struct rpc_call *call, const ProtobufCMessage *message);
/* Empty on success, else the error. */
void reply_result(struct rpc_call *call, int result, const struct err *err);
void reply_error(struct rpc_call *call, const struct err *err);

/* Sends one message of a stream. */
int send_message(struct rpc_call *call, const ProtobufCMessage *message);

struct api *api_of(const struct rpc_call *call);

/* An address, or the name of an interface. False: the text is neither; `name` is then empty. */
bool peer_name_parse(const char *address, const char *interface, struct peer_name *name);

/* The encoding scratch, at least `bytes` long. */
uint8_t *api_scratch(struct api *api, size_t bytes);

enum family_id family_in(const Apipb__Family *family);
const char *family_word(const Apipb__Family *family);

/* Fields of rpc_method. ----------------------------------------------------------------------------------------- */

typedef void method_message(struct rpc_call *call, const uint8_t *bytes, size_t length);
typedef bool method_more(struct rpc_call *call);
typedef void method_call(struct rpc_call *call);

method_message start_bgp, stop_bgp, get_bgp, set_log_level;
method_call stop_bgp_cancelled;
method_message add_peer, delete_peer, update_peer, reset_peer, shutdown_peer, enable_peer, disable_peer, list_peer;
method_more list_peer_more;
method_call list_peer_cancelled;
method_message add_peer_group, delete_peer_group, update_peer_group, list_peer_group;
method_message add_dynamic_neighbor, delete_dynamic_neighbor, list_dynamic_neighbor;
method_more nothing_more; /* of a list that is sent at once */
method_message add_path, delete_path, add_path_stream, get_table, list_path;
method_call add_path_stream_end;
method_more list_path_more;
method_call list_path_cancelled;
method_message enable_mrt, disable_mrt;
method_message add_bmp, delete_bmp, list_bmp;
method_message add_rpki, delete_rpki, enable_rpki, disable_rpki, reset_rpki, list_rpki, list_rpki_table;
method_more list_rpki_table_more;
method_call list_rpki_table_cancelled;
method_message watch_event;
method_more watch_event_more;
method_call watch_event_cancelled;
method_message add_defined_set, delete_defined_set, list_defined_set;
method_message add_statement, delete_statement, list_statement;
method_message add_policy, delete_policy, list_policy, set_policies;
method_message add_policy_assignment, delete_policy_assignment, set_policy_assignment, list_policy_assignment;
method_message why, why_neighbor, test_policy, list_groups, get_counters, reload, save;
method_message graceful_shutdown;
