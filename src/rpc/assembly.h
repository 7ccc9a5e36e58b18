/* Messages out of a stream's bytes: each is a flag, a length of four octets and that many bytes.
 * A message that arrives in one piece is handed on where it lies, without a copy.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"

enum { RPC_PREFIX_BYTES = 5 };

struct rpc_assembly {
    struct buf partial; /* the start of a message whose end has not arrived, prefix included */
    uint32_t limit_bytes;
    bool given; /* `partial` is the message handed out last */
};

enum rpc_assembly_result {
    RPC_ASSEMBLY_MESSAGE, /* `*message` is the next one, until the next call */
    RPC_ASSEMBLY_NEEDS_MORE,
    RPC_ASSEMBLY_TOO_LONG,
    RPC_ASSEMBLY_COMPRESSED, /* the flag says so, and nothing was agreed */
};

void rpc_assembly_init(struct rpc_assembly *assembly, uint32_t limit_bytes);
void rpc_assembly_release(struct rpc_assembly *assembly);

/* The next message from what is kept and from `input`, which is advanced. After NEEDS_MORE the input is used up; the
 * other two results are final. */
enum rpc_assembly_result rpc_assembly_next(struct rpc_assembly *assembly, struct cursor *input, struct cursor *message);

/* Bytes kept between two calls. */
size_t rpc_assembly_kept_bytes(const struct rpc_assembly *assembly);
