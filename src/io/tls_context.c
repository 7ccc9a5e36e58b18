/* Certificates and rules of TLS: what to present, whom to believe, which versions and protocols.
 *
 * No sessions are resumed: control connections are few and long, and resumption would carry an authentication over
 * a change of the authorities.
 */
#include "io/tls_context.h"

#include <errno.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "base/mem.h"

const char *tls_take_reason(void)
{
    unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0)
        return "unknown reason";
    if (ERR_SYSTEM_ERROR(code))
        return strerror(ERR_GET_REASON(code));
    const char *reason = ERR_reason_error_string(code);
    return reason ? reason : "unknown reason";
}

/* An encrypted key would make OpenSSL ask on the terminal. */
static int no_password(char *buffer, int size, int writing, void *context)
{
    return -1;
}

static int load_certificate(SSL_CTX *ssl_context, const struct tls_settings *settings, struct err *err)
{
    const char *certificate = settings->certificate_file, *key = settings->key_file;
    if (!certificate != !key)
        return err_set(err, E_INVALID, "a TLS certificate and its key belong together, one of the files is not given");
    if (!certificate)
        return E_OK;
    if (SSL_CTX_use_certificate_chain_file(ssl_context, certificate) != 1)
        return err_set(err, E_INVALID, "cannot use the certificate in %s: %s", certificate, tls_take_reason());
    if (SSL_CTX_use_PrivateKey_file(ssl_context, key, SSL_FILETYPE_PEM) != 1)
        return err_set(err, E_INVALID, "cannot use the private key in %s: %s", key, tls_take_reason());
    if (SSL_CTX_check_private_key(ssl_context) != 1)
        return err_set(err, E_INVALID, "the private key in %s does not belong to the certificate in %s", key,
                       certificate);
    return E_OK;
}

static int load_authorities(SSL_CTX *ssl_context, const char *ca_file, struct err *err)
{
    if (SSL_CTX_load_verify_locations(ssl_context, ca_file, NULL) == 1)
        return E_OK;
    return err_set(err, E_INVALID, "cannot use the certificate authorities in %s: %s", ca_file, tls_take_reason());
}

static int choose_alpn(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_length,
                       const unsigned char *offered, unsigned offered_length, void *argument)
{
    const struct tls_context *context = argument;
    unsigned char *found = NULL;
    int result =
        SSL_select_next_proto(&found, chosen_length, context->alpn, context->alpn_length, offered, offered_length);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int set_alpn(struct tls_context *context, const char *alpn, struct err *err)
{
    if (!alpn)
        return E_OK;
    size_t length = strlen(alpn);
    if (length == 0 || length > TLS_ALPN_MAX)
        return err_set(err, E_INVALID, "the ALPN protocol name has %zu bytes, allowed are 1 to %d", length,
                       TLS_ALPN_MAX);
    context->alpn[0] = (unsigned char)length;
    memcpy(context->alpn + 1, alpn, length);
    context->alpn_length = (unsigned)length + 1;
    if (context->server)
        SSL_CTX_set_alpn_select_cb(context->ssl_context, choose_alpn, context);
    else
        CHECK(SSL_CTX_set_alpn_protos(context->ssl_context, context->alpn, context->alpn_length) == 0);
    return E_OK;
}

static struct tls_context *context_alloc(bool server)
{
    struct tls_context *context = mem_zalloc(MEM_OTHER, sizeof(*context));
    context->refs = 1;
    context->server = server;
    context->bio_method = tls_bio_method_new();
    context->ssl_context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    SSL_CTX *ssl_context = context->ssl_context;
    CHECK(ssl_context);
    CHECK(SSL_CTX_set_min_proto_version(ssl_context, TLS1_2_VERSION) == 1);
    SSL_CTX_set_options(ssl_context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ssl_context, 0);
    SSL_CTX_set_session_cache_mode(ssl_context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ssl_context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ssl_context, 1);
    SSL_CTX_set_default_passwd_cb(ssl_context, no_password);
    return context;
}

static int set_up_server(struct tls_context *context, const struct tls_settings *settings, struct err *err)
{
    if (!settings->certificate_file)
        return err_set(err, E_INVALID, "a TLS server needs a certificate and its key");
    int status = load_certificate(context->ssl_context, settings, err);
    if (status != E_OK || !settings->ca_file)
        return status;
    status = load_authorities(context->ssl_context, settings->ca_file, err);
    if (status != E_OK)
        return status;
    /* Names of the authorities, so that a client with several certificates can choose. */
    SSL_CTX_set_client_CA_list(context->ssl_context, SSL_load_client_CA_file(settings->ca_file));
    SSL_CTX_set_verify(context->ssl_context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return E_OK;
}

static int set_up_client(struct tls_context *context, const struct tls_settings *settings, struct err *err)
{
    if (!settings->server_name || !*settings->server_name)
        return err_set(err, E_INVALID, "a TLS client must know the name of its server");
    context->server_name = mem_strdup(MEM_OTHER, settings->server_name);
    SSL_CTX_set_verify(context->ssl_context, SSL_VERIFY_PEER, NULL);
    int status = load_certificate(context->ssl_context, settings, err);
    if (status == E_OK && settings->ca_file)
        status = load_authorities(context->ssl_context, settings->ca_file, err);
    else if (status == E_OK && SSL_CTX_set_default_verify_paths(context->ssl_context) != 1)
        status = err_set(err, E_IO, "cannot use the system's certificate authorities: %s", tls_take_reason());
    return status;
}

static struct tls_context *context_new(bool server, const struct tls_settings *settings, struct err *err)
{
    ERR_clear_error();
    struct tls_context *context = context_alloc(server);
    int status = server ? set_up_server(context, settings, err) : set_up_client(context, settings, err);
    if (status == E_OK)
        status = set_alpn(context, settings->alpn, err);
    if (status == E_OK)
        return context;
    tls_context_unref(context);
    return NULL;
}

struct tls_context *tls_context_new_server(const struct tls_settings *settings, struct err *err)
{
    return context_new(true, settings, err);
}

struct tls_context *tls_context_new_client(const struct tls_settings *settings, struct err *err)
{
    return context_new(false, settings, err);
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    context->refs++;
    return context;
}

void tls_context_unref(struct tls_context *context)
{
    if (!context || --context->refs > 0)
        return;
    SSL_CTX_free(context->ssl_context);
    BIO_meth_free(context->bio_method);
    mem_free(MEM_OTHER, context->server_name);
    mem_free(MEM_OTHER, context);
}
