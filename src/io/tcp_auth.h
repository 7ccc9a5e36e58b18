/* Per-peer protection of a TCP socket: MD5 signatures (RFC 2385) and TTL security (RFC 5082). Internal to io/.
 * All return E_OK, E_INVALID, E_UNSUPPORTED (not in this kernel) or E_IO, with a text.
 */
#pragma once

#include "base/err.h"
#include "io/stream.h"

/* The key for `remote`/`remote_bits`, from options->md5_key; length 0 removes it (and is fine if there is none). */
int tcp_auth_set_key(int fd, const struct addr *remote, unsigned remote_bits, const struct transport_options *options,
                     struct err *err);

int tcp_auth_set_ttl(int fd, enum addr_kind kind, unsigned ttl, struct err *err);         /* 0: system default */
int tcp_auth_set_ttl_min(int fd, enum addr_kind kind, unsigned ttl_min, struct err *err); /* 0: any */
