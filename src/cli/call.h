/* Calls to the daemon, one after another on one connection, waiting for each. Whatever goes wrong is noted as the
 * command's error, in the words of GoBGP's client ("rpc error: code = Unknown desc = ..."). */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "cli/cli.h"

/* Each answer, good during the call. False: enough, the rest is not wanted. */
typedef bool (*call_each)(struct cli *cli, void *context, const ProtobufCMessage *answer);

/* `method` is the name within GoBGP's service, or a whole path ("/godwit.v1.Godwit/Why"). `answer` may be NULL when
 * nothing in it matters. 0, or E_* with the error noted. */
int call(struct cli *cli, const char *method, const ProtobufCMessage *request, const ProtobufCMessageDescriptor *answer,
         call_each each, void *context);

/* The first answer, in the command's arena. NULL: failed, or there was none: the error is noted. */
void *call_for(struct cli *cli, const char *method, const ProtobufCMessage *request,
               const ProtobufCMessageDescriptor *answer);

/* Every answer, in the command's arena. 0, or E_* with the error noted. */
struct call_answers {
    ProtobufCMessage **messages;
    size_t count;
};
int call_all(struct cli *cli, const char *method, const ProtobufCMessage *request,
             const ProtobufCMessageDescriptor *answer, struct call_answers *answers);

/* Client streams. A false from call_send means that call_finish will tell the reason. */
int call_begin(struct cli *cli, const char *method);
bool call_send(struct cli *cli, const ProtobufCMessage *message);
int call_finish(struct cli *cli);

void call_channel_free(struct call_channel *channel);
