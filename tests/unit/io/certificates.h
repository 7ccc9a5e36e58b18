/* Keys and certificates made on the spot. */
#pragma once

#include <openssl/x509.h>

struct certificate {
    EVP_PKEY *key;
    X509 *x509;
};

/* `issuer` NULL: an authority that signs itself. `alternative`: a subjectAltName such as "DNS:router,IP:127.0.0.1". */
struct certificate certificate_make(const char *common_name, const struct certificate *issuer, const char *alternative);
void certificate_release(struct certificate *certificate);

/* Writes `directory`/`name`.pem and `directory`/`name`.key; 0 or -1. */
int certificate_save(const struct certificate *certificate, const char *directory, const char *name);
