/* The words of gRPC that server and client share: status codes, limits, messages as bytes.
 *
 * This folder moves requests and answers. What is in them it does not know: a message is bytes, a method is its path
 * ("/package.Service/Method") and its shape.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The status codes of gRPC; the numbers are those on the wire. */
enum rpc_code {
    RPC_OK = 0,
    RPC_CANCELLED = 1,
    RPC_UNKNOWN = 2, /* what GoBGP answers for every error of its own */
    RPC_INVALID_ARGUMENT = 3,
    RPC_DEADLINE_EXCEEDED = 4,
    RPC_NOT_FOUND = 5,
    RPC_ALREADY_EXISTS = 6,
    RPC_PERMISSION_DENIED = 7,
    RPC_RESOURCE_EXHAUSTED = 8,
    RPC_FAILED_PRECONDITION = 9,
    RPC_ABORTED = 10,
    RPC_OUT_OF_RANGE = 11,
    RPC_UNIMPLEMENTED = 12,
    RPC_INTERNAL = 13,
    RPC_UNAVAILABLE = 14,
    RPC_DATA_LOSS = 15,
    RPC_UNAUTHENTICATED = 16,
    RPC_CODE_COUNT,
};

/* "OK", "DeadlineExceeded", ...: as Go's clients print them ("Code(17)" is not a name: NULL). */
const char *rpc_code_name(enum rpc_code code);

enum rpc_kind {
    RPC_UNARY,         /* one message, one answer */
    RPC_SERVER_STREAM, /* one message, any number of answers */
    RPC_CLIENT_STREAM, /* any number of messages, one answer */
};

enum {
    RPC_MESSAGE_MAX_BYTES = 4 << 20, /* what stock clients accept; senders split */
    RPC_STATUS_TEXT_MAX = 2048,
};

/* How a call ended. */
struct rpc_status {
    enum rpc_code code;
    char text[RPC_STATUS_TEXT_MAX];
};
