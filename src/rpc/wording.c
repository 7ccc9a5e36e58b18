#include "rpc/wording.h"

#include <stdio.h>

#include "base/check.h"
#include "rpc/rpc.h"

const char *rpc_code_name(enum rpc_code code)
{
    static const char *const names[RPC_CODE_COUNT] = {
        [RPC_OK] = "OK",
        [RPC_CANCELLED] = "Canceled",
        [RPC_UNKNOWN] = "Unknown",
        [RPC_INVALID_ARGUMENT] = "InvalidArgument",
        [RPC_DEADLINE_EXCEEDED] = "DeadlineExceeded",
        [RPC_NOT_FOUND] = "NotFound",
        [RPC_ALREADY_EXISTS] = "AlreadyExists",
        [RPC_PERMISSION_DENIED] = "PermissionDenied",
        [RPC_RESOURCE_EXHAUSTED] = "ResourceExhausted",
        [RPC_FAILED_PRECONDITION] = "FailedPrecondition",
        [RPC_ABORTED] = "Aborted",
        [RPC_OUT_OF_RANGE] = "OutOfRange",
        [RPC_UNIMPLEMENTED] = "Unimplemented",
        [RPC_INTERNAL] = "Internal",
        [RPC_UNAVAILABLE] = "Unavailable",
        [RPC_DATA_LOSS] = "DataLoss",
        [RPC_UNAUTHENTICATED] = "Unauthenticated",
    };
    return (unsigned)code < RPC_CODE_COUNT ? names[code] : NULL;
}

size_t rpc_text_encode(const char *text, char *encoded)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t at = 0;
    for (const char *c = text; *c && at + 4 <= RPC_ENCODED_TEXT_MAX; c++) {
        unsigned char byte = (unsigned char)*c;
        /* A header's value may not begin or end with a blank. */
        bool edge = c == text || !c[1];
        if (byte > 0x20 && byte <= 0x7e && byte != '%') {
            encoded[at++] = (char)byte;
        } else if (byte == ' ' && !edge) {
            encoded[at++] = ' ';
        } else {
            encoded[at++] = '%';
            encoded[at++] = digits[byte >> 4];
            encoded[at++] = digits[byte & 15];
        }
    }
    encoded[at] = '\0';
    return at;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

void rpc_text_decode(const uint8_t *encoded, size_t length, char *text, size_t capacity)
{
    size_t at = 0;
    for (size_t i = 0; i < length && at + 1 < capacity; i++) {
        int high = i + 2 < length && encoded[i] == '%' ? hex_value(encoded[i + 1]) : -1;
        int low = high >= 0 ? hex_value(encoded[i + 2]) : -1;
        if (low >= 0) {
            text[at++] = (char)(high << 4 | low);
            i += 2;
        } else {
            text[at++] = (char)encoded[i];
        }
    }
    text[at] = '\0';
}

bool rpc_timeout_parse(const uint8_t *text, size_t length, int64_t *timeout_ms)
{
    if (length < 2 || length > 9)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    switch (text[length - 1]) {
    case 'H':
        *timeout_ms = value * 3600000;
        return true;
    case 'M':
        *timeout_ms = value * 60000;
        return true;
    case 'S':
        *timeout_ms = value * 1000;
        return true;
    case 'm':
        *timeout_ms = value;
        return true;
    case 'u':
        *timeout_ms = (value + 999) / 1000;
        return true;
    case 'n':
        *timeout_ms = (value + 999999) / 1000000;
        return true;
    default:
        return false;
    }
}

void rpc_timeout_format(uint32_t timeout_ms, char *text)
{
    /* At most eight digits are allowed. */
    if (timeout_ms <= 99999999)
        snprintf(text, RPC_TIMEOUT_TEXT_MAX, "%um", timeout_ms);
    else
        snprintf(text, RPC_TIMEOUT_TEXT_MAX, "%uS", timeout_ms / 1000);
}
