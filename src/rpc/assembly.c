#include "rpc/assembly.h"

#include "base/check.h"

void rpc_assembly_init(struct rpc_assembly *assembly, uint32_t limit_bytes)
{
    buf_init(&assembly->partial, (size_t)limit_bytes + RPC_PREFIX_BYTES);
    assembly->limit_bytes = limit_bytes;
    assembly->given = false;
}

void rpc_assembly_release(struct rpc_assembly *assembly)
{
    buf_release(&assembly->partial);
    assembly->given = false;
}

/* Moves bytes from the input until `wanted` are kept. */
static bool gather(struct rpc_assembly *assembly, struct cursor *input, size_t wanted)
{
    struct buf *partial = &assembly->partial;
    size_t missing = wanted > partial->length ? wanted - partial->length : 0;
    size_t length = missing < cursor_left(input) ? missing : cursor_left(input);
    if (length > 0)
        buf_put(partial, cursor_take(input, length), length);
    CHECK(!partial->failed);
    return partial->length >= wanted;
}

/* The prefix at `cursor`: MESSAGE if it can be accepted. */
static enum rpc_assembly_result prefix_read(const struct rpc_assembly *assembly, struct cursor cursor, uint32_t *length)
{
    uint8_t flag = cursor_u8(&cursor);
    *length = cursor_u32(&cursor);
    if (flag != 0)
        return RPC_ASSEMBLY_COMPRESSED;
    return *length > assembly->limit_bytes ? RPC_ASSEMBLY_TOO_LONG : RPC_ASSEMBLY_MESSAGE;
}

enum rpc_assembly_result rpc_assembly_next(struct rpc_assembly *assembly, struct cursor *input, struct cursor *message)
{
    struct buf *partial = &assembly->partial;
    uint32_t length = 0;

    if (assembly->given) {
        buf_release(partial);
        assembly->given = false;
    }
    if (partial->length == 0) {
        if (cursor_left(input) == 0)
            return RPC_ASSEMBLY_NEEDS_MORE;
        if (cursor_left(input) >= RPC_PREFIX_BYTES) {
            enum rpc_assembly_result result = prefix_read(assembly, *input, &length);
            if (result != RPC_ASSEMBLY_MESSAGE)
                return result;
            if (cursor_left(input) >= RPC_PREFIX_BYTES + (size_t)length) {
                (void)cursor_take(input, RPC_PREFIX_BYTES);
                *message = cursor_sub(input, length);
                return RPC_ASSEMBLY_MESSAGE;
            }
        }
    }
    if (!gather(assembly, input, RPC_PREFIX_BYTES))
        return RPC_ASSEMBLY_NEEDS_MORE;
    enum rpc_assembly_result result = prefix_read(assembly, cursor_of(partial->bytes, partial->length), &length);
    if (result != RPC_ASSEMBLY_MESSAGE)
        return result;
    if (!gather(assembly, input, RPC_PREFIX_BYTES + (size_t)length))
        return RPC_ASSEMBLY_NEEDS_MORE;
    assembly->given = true;
    *message = cursor_of(partial->bytes + RPC_PREFIX_BYTES, length);
    return RPC_ASSEMBLY_MESSAGE;
}

size_t rpc_assembly_kept_bytes(const struct rpc_assembly *assembly)
{
    return assembly->partial.length;
}
