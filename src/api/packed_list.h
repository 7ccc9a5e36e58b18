/* The answers of a server stream that are packed when asked for and sent as the client takes them: lists that may be
 * long and must be of one moment. */
#pragma once

#include "api/internal.h"

/* A list within the call's state. Ended by packed_list_send or packed_list_cancelled. */
struct packed_list *packed_list_begin(struct rpc_call *call);

/* One more answer. What is too long for one message, or for all, ends the call with an error instead. */
void packed_list_add(struct packed_list *list, const ProtobufCMessage *message);

/* Instead of answers. */
void packed_list_refuse(struct rpc_call *call, const struct err *err);

/* Fields of rpc_method: `more` and `cancelled`. */
method_more packed_list_more;
method_call packed_list_cancelled;
