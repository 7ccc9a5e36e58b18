/* The texts in gRPC's headers: percent-encoded messages, timeouts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RPC_TIMEOUT_TEXT_MAX = 16,
    RPC_ENCODED_TEXT_MAX = 6144, /* RPC_STATUS_TEXT_MAX, every byte as %XX */
};

/* `text` for grpc-message into `encoded` (RPC_ENCODED_TEXT_MAX), terminated, cut where it would not fit. Its length. */
size_t rpc_text_encode(const char *text, char *encoded);

/* The reverse, as lenient as the specification asks: what is not %XX stays as it is. Terminated, cut to `capacity`. */
void rpc_text_decode(const uint8_t *encoded, size_t length, char *text, size_t capacity);

/* grpc-timeout ("100m", "5S") in milliseconds, rounded up; false if it is none. */
bool rpc_timeout_parse(const uint8_t *text, size_t length, int64_t *timeout_ms);

/* `text` has room for RPC_TIMEOUT_TEXT_MAX. */
void rpc_timeout_format(uint32_t timeout_ms, char *text);
