/* What all TLS streams of a context share. Internal to io/tls.c. */
#pragma once

#include <openssl/ssl.h>

#include "io/tls.h"

enum { TLS_ALPN_MAX = 32 };

struct tls_context {
    unsigned refs;
    bool server;
    SSL_CTX *ssl_context;
    BIO_METHOD *bio_method; /* reads from and writes to a struct stream; filled by io/tls.c */
    char *server_name;
    unsigned char alpn[TLS_ALPN_MAX + 1]; /* one entry in wire form: length, name */
    unsigned alpn_length;
};

BIO_METHOD *tls_bio_method_new(void);

/* The oldest reason in OpenSSL's queue, for humans. Empties the queue. */
const char *tls_take_reason(void);
