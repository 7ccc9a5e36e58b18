#include "certificates.h"

#include <stdio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/check.h"

static void add_extension(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    CHECK(extension && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

struct certificate certificate_make(const char *common_name, const struct certificate *issuer, const char *alternative)
{
    static long serial = 1;
    struct certificate certificate = {.key = EVP_EC_gen("P-256"), .x509 = X509_new()};
    X509 *x509 = certificate.x509;
    CHECK(certificate.key && x509);
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, certificate.key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1,
                               -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(issuer ? issuer->x509 : x509));
    add_extension(x509, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (alternative)
        add_extension(x509, NID_subject_alt_name, alternative);
    CHECK(X509_sign(x509, issuer ? issuer->key : certificate.key, EVP_sha256()) > 0);
    return certificate;
}

void certificate_release(struct certificate *certificate)
{
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
    *certificate = (struct certificate){0};
}

int certificate_save(const struct certificate *certificate, const char *directory, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s.pem", directory, name);
    FILE *file = fopen(path, "w");
    if (!file)
        return -1;
    int written = PEM_write_X509(file, certificate->x509);
    if (fclose(file) != 0 || written != 1)
        return -1;
    snprintf(path, sizeof(path), "%s/%s.key", directory, name);
    file = fopen(path, "w");
    if (!file)
        return -1;
    written = PEM_write_PrivateKey(file, certificate->key, NULL, NULL, 0, NULL, NULL);
    return fclose(file) == 0 && written == 1 ? 0 : -1;
}
