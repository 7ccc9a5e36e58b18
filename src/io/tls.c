/* The TLS stream.
 *
 * OpenSSL reads straight from the raw stream and writes into `out`, which never blocks it: so a write is never half
 * done inside OpenSSL (which would demand the very same bytes again), and what the contract of struct stream calls
 * taken is taken. `out` is written to the raw stream as it allows; while it holds something, writers get E_AGAIN.
 *
 * Readable. Bytes may wait in three places: the raw stream (which tells), OpenSSL's record buffer, and decrypted. The
 * latter two are seen after a read that gave something, and then told by a task until a read finds nothing. An
 * incomplete record counts as nothing: more must come from the raw stream first.
 */
#include "io/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/tls_context.h"

enum {
    RECORD_BYTES = 16 * 1024,
    OUT_KEEP_BYTES = 64 * 1024,   /* a larger buffer is given back once it is empty */
    OUT_LIMIT_BYTES = 512 * 1024, /* a record, and what OpenSSL has to say by itself */
    BIO_TYPE_STREAM = BIO_TYPE_SOURCE_SINK | 0x7e,
    ERROR_TEXT_MAX = 200,
};

enum tls_state {
    TLS_HANDSHAKE,
    TLS_OPEN_UNTOLD,
    TLS_OPEN,
    TLS_FAILED_UNTOLD, /* the handshake */
    TLS_FAILED,
};

struct tls_stream {
    struct stream base;
    struct tls_context *context;
    struct stream *raw;
    SSL *ssl;
    struct buf out; /* encrypted, not yet taken by `raw` */
    struct loop_task tell;
    struct loop_timer limit;
    enum tls_state state;
    unsigned wanted;
    int error;       /* errno; nothing more is read or written */
    int raw_errno;   /* why `raw` failed, if it did */
    bool raw_ended;  /* `raw` gave E_EOF */
    bool ended;      /* TLS's own end */
    bool maybe_more; /* OpenSSL may have something to read that `raw` does not tell of */
    bool telling;    /* the owner is being told something */
    bool doomed;     /* freed meanwhile; the memory waits until he has been told */
    char error_text[ERROR_TEXT_MAX];
};

static const struct stream_ops tls_stream_ops;

static struct tls_stream *tls_stream_of(const struct stream *stream)
{
    CHECK(stream->ops == &tls_stream_ops);
    return container_of((struct stream *)stream, struct tls_stream, base);
}

/* OpenSSL's view of the raw stream --------------------------------------------------------------------------------- */

static int bio_read(BIO *bio, char *bytes, int length)
{
    struct tls_stream *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t got = stream_read(tls->raw, bytes, (size_t)length);
    if (got > 0)
        return (int)got;
    if (got == E_AGAIN)
        BIO_set_retry_read(bio);
    else if (got == E_EOF)
        tls->raw_ended = true;
    else
        tls->raw_errno = errno;
    return got == E_EOF ? 0 : -1;
}

static int bio_write(BIO *bio, const char *bytes, int length)
{
    struct tls_stream *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    buf_put(&tls->out, bytes, (size_t)length);
    return tls->out.failed ? -1 : length;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    const struct tls_stream *tls = BIO_get_data(bio);
    if (command == BIO_CTRL_EOF)
        return tls->raw_ended;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_bio_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_STREAM, "stream");
    CHECK(method && BIO_meth_set_read(method, bio_read) == 1 && BIO_meth_set_write(method, bio_write) == 1 &&
          BIO_meth_set_ctrl(method, bio_control) == 1);
    return method;
}

/* State ----------------------------------------------------------------------------------------------------------- */

static bool tls_has_news(const struct tls_stream *tls)
{
    if (tls->state == TLS_OPEN_UNTOLD || tls->state == TLS_FAILED_UNTOLD)
        return true;
    if (tls->state != TLS_OPEN)
        return false;
    bool readable = tls->error || tls->ended || (tls->maybe_more && SSL_has_pending(tls->ssl));
    bool writable = tls->error || tls->out.length == 0;
    return (tls->wanted & LOOP_READ && readable) || (tls->wanted & LOOP_WRITE && writable);
}

/* After anything that may have changed them: what to be told of the raw stream, and what to tell the owner. */
static void tls_update(struct tls_stream *tls)
{
    unsigned raw_wanted = 0;
    if (!tls->error && !tls->raw_ended && (tls->state == TLS_HANDSHAKE || tls->wanted & LOOP_READ))
        raw_wanted |= LOOP_READ;
    if (!tls->raw_errno && tls->out.length > 0)
        raw_wanted |= LOOP_WRITE;
    stream_want(tls->raw, raw_wanted);
    if (tls_has_news(tls))
        loop_task_schedule(&tls->tell);
}

static void tls_flush(struct tls_stream *tls)
{
    while (tls->out.length > 0) {
        ssize_t taken = stream_write(tls->raw, tls->out.bytes, tls->out.length);
        if (taken == E_IO) {
            tls->raw_errno = errno;
            buf_clear(&tls->out);
        }
        if (taken <= 0)
            return;
        buf_consume(&tls->out, (size_t)taken);
    }
    if (tls->out.capacity > OUT_KEEP_BYTES)
        buf_release(&tls->out);
}

/* Nothing more goes in or out, except an alert for the peer that may be in `out`. */
static void tls_break(struct tls_stream *tls, int error, const char *text)
{
    tls->error = error;
    struct str str = str_over(tls->error_text, sizeof(tls->error_text));
    str_add(&str, text);
    loop_timer_stop(&tls->limit);
    if (tls->state == TLS_HANDSHAKE)
        tls->state = TLS_FAILED_UNTOLD;
}

/* An OpenSSL call failed for good: finds out why. */
static void tls_broken(struct tls_stream *tls)
{
    tls_flush(tls);
    long verdict = SSL_get_verify_result(tls->ssl);
    if (tls->raw_errno) {
        tls_break(tls, tls->raw_errno, strerror(tls->raw_errno));
    } else if (tls->raw_ended) {
        tls_break(tls, ECONNRESET, "the connection ended in the middle of TLS");
    } else if (verdict != X509_V_OK && tls->state == TLS_HANDSHAKE) {
        tls_break(tls, EPROTO, X509_verify_cert_error_string(verdict));
    } else {
        tls_break(tls, EPROTO, tls_take_reason());
    }
    ERR_clear_error();
}

static bool tls_would_block(struct tls_stream *tls, int result)
{
    int error = SSL_get_error(tls->ssl, result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static void tls_handshake(struct tls_stream *tls)
{
    if (tls->state != TLS_HANDSHAKE)
        return;
    ERR_clear_error();
    int result = SSL_do_handshake(tls->ssl);
    tls_flush(tls);
    if (result != 1) {
        if (tls->raw_errno || !tls_would_block(tls, result))
            tls_broken(tls);
        return;
    }
    loop_timer_stop(&tls->limit);
    tls->state = TLS_OPEN_UNTOLD;
    tls->maybe_more = true;
    tls->base.local = stream_local(tls->raw);
    tls->base.remote = stream_remote(tls->raw);
}

/* Telling the owner ------------------------------------------------------------------------------------------------ */

static void tls_tell_all(struct tls_stream *tls, bool raw_readable)
{
    if (tls->state == TLS_FAILED_UNTOLD) {
        tls->state = TLS_FAILED;
        stream_tell_failed(&tls->base, tls->error);
        return;
    }
    if (tls->state == TLS_OPEN_UNTOLD) {
        tls->state = TLS_OPEN;
        stream_tell_connected(&tls->base);
    }
    if (tls->doomed || tls->state != TLS_OPEN)
        return;
    bool readable = raw_readable || tls->error || tls->ended || (tls->maybe_more && SSL_has_pending(tls->ssl));
    if (tls->wanted & LOOP_READ && readable)
        stream_tell_readable(&tls->base);
    if (!tls->doomed && tls->wanted & LOOP_WRITE && (tls->error || tls->out.length == 0))
        stream_tell_writable(&tls->base);
}

static void tls_tell(struct tls_stream *tls, bool raw_readable)
{
    tls->telling = true;
    tls_tell_all(tls, raw_readable);
    tls->telling = false;
    if (tls->doomed)
        mem_free(MEM_OTHER, tls);
    else
        tls_update(tls);
}

static bool tls_tell_task(struct loop_task *task)
{
    struct tls_stream *tls = container_of(task, struct tls_stream, tell);
    tls_handshake(tls); /* the first step, which must not happen inside tls_wrap */
    tls_tell(tls, false);
    return false; /* scheduled again by tls_update if there is more */
}

static void tls_limit_reached(struct loop_timer *timer)
{
    struct tls_stream *tls = container_of(timer, struct tls_stream, limit);
    tls_break(tls, ETIMEDOUT, "the TLS handshake took too long");
    tls_tell(tls, false);
}

static void raw_connected(struct stream *raw, void *owner)
{
    struct tls_stream *tls = owner;
    loop_timer_start(&tls->limit, TLS_HANDSHAKE_LIMIT_MS);
    tls_handshake(tls);
    tls_tell(tls, false);
}

static void raw_failed(struct stream *raw, void *owner, int system_errno)
{
    struct tls_stream *tls = owner;
    tls->raw_errno = system_errno;
    tls_break(tls, system_errno, strerror(system_errno));
    tls_tell(tls, false);
}

static void raw_readable(struct stream *raw, void *owner)
{
    struct tls_stream *tls = owner;
    bool was_open = tls->state == TLS_OPEN;
    tls_handshake(tls);
    tls_tell(tls, was_open);
}

static void raw_writable(struct stream *raw, void *owner)
{
    struct tls_stream *tls = owner;
    tls_flush(tls);
    tls_tell(tls, false);
}

static const struct stream_handler raw_handler = {
    .connected = raw_connected,
    .failed = raw_failed,
    .readable = raw_readable,
    .writable = raw_writable,
};

/* The owner's calls ------------------------------------------------------------------------------------------------ */

static ssize_t tls_read(struct stream *stream, void *bytes, size_t length)
{
    struct tls_stream *tls = tls_stream_of(stream);
    if (tls->ended)
        return E_EOF;
    if (tls->error) {
        errno = tls->error;
        return E_IO;
    }
    if (tls->state != TLS_OPEN || length == 0)
        return E_AGAIN;
    ERR_clear_error();
    int got = SSL_read(tls->ssl, bytes, length < INT_MAX ? (int)length : INT_MAX);
    ssize_t result = got;
    tls->maybe_more = got > 0;
    if (got <= 0) {
        result = E_AGAIN;
        if (SSL_get_error(tls->ssl, got) == SSL_ERROR_ZERO_RETURN) {
            tls->ended = true;
            result = E_EOF;
        } else if (!tls_would_block(tls, got)) {
            tls_broken(tls);
            errno = tls->error;
            result = E_IO;
        }
    }
    tls_flush(tls); /* reading may have made OpenSSL answer */
    if (!tls->telling)
        tls_update(tls);
    if (result == E_IO)
        errno = tls->error;
    return result;
}

/* Copies up to a record's worth from `pieces`, starting `offset` bytes in. */
static size_t pieces_gather(uint8_t *record, const struct iovec *pieces, int count, size_t offset)
{
    size_t gathered = 0;
    for (int i = 0; i < count && gathered < RECORD_BYTES; i++) {
        if (offset >= pieces[i].iov_len) {
            offset -= pieces[i].iov_len;
            continue;
        }
        size_t piece = pieces[i].iov_len - offset;
        if (piece > RECORD_BYTES - gathered)
            piece = RECORD_BYTES - gathered;
        memcpy(record + gathered, (const uint8_t *)pieces[i].iov_base + offset, piece);
        gathered += piece;
        offset = 0;
    }
    return gathered;
}

static ssize_t tls_writev(struct stream *stream, const struct iovec *pieces, int count)
{
    struct tls_stream *tls = tls_stream_of(stream);
    uint8_t record[RECORD_BYTES];
    size_t taken = 0;
    if (!tls->error && tls->raw_errno)
        tls_break(tls, tls->raw_errno, strerror(tls->raw_errno));
    if (!tls->error && tls->state == TLS_OPEN)
        tls_flush(tls);
    while (!tls->error && tls->state == TLS_OPEN && tls->out.length == 0) {
        size_t length = pieces_gather(record, pieces, count, taken);
        if (length == 0)
            break;
        ERR_clear_error();
        int written = SSL_write(tls->ssl, record, (int)length);
        if (written > 0)
            taken += (size_t)written;
        else if (tls_would_block(tls, written))
            break;
        else
            tls_broken(tls);
        tls_flush(tls);
        if (tls->raw_errno)
            break;
    }
    if (!tls->telling)
        tls_update(tls);
    if (taken > 0)
        return (ssize_t)taken;
    if (!tls->error)
        return E_AGAIN;
    errno = tls->error;
    return E_IO;
}

static void tls_want(struct stream *stream, unsigned loop_events)
{
    struct tls_stream *tls = tls_stream_of(stream);
    tls->wanted = loop_events;
    if (!tls->telling)
        tls_update(tls);
}

static void tls_free(struct stream *stream)
{
    struct tls_stream *tls = tls_stream_of(stream);
    loop_timer_stop(&tls->limit);
    loop_task_cancel(&tls->tell);
    if (!tls->error && (tls->state == TLS_OPEN || tls->state == TLS_OPEN_UNTOLD)) {
        ERR_clear_error();
        SSL_shutdown(tls->ssl);
        ERR_clear_error();
        tls_flush(tls);
    }
    SSL_free(tls->ssl);
    stream_free(tls->raw);
    buf_release(&tls->out);
    tls_context_unref(tls->context);
    tls->ssl = NULL;
    if (tls->telling)
        tls->doomed = true;
    else
        mem_free(MEM_OTHER, tls);
}

static const struct stream_ops tls_stream_ops = {
    .read = tls_read,
    .writev = tls_writev,
    .want = tls_want,
    .free = tls_free,
};

/* Whose certificate a client insists on. */
static void set_server_name(SSL *ssl, const char *name)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1) {
        CHECK(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1);
        return;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    CHECK(SSL_set1_host(ssl, name) == 1);
    SSL_set_tlsext_host_name(ssl, name);
}

struct stream *tls_wrap(struct tls_context *context, struct loop *loop, struct stream *raw,
                        const struct stream_handler *handler, void *owner)
{
    struct tls_stream *tls = mem_zalloc(MEM_OTHER, sizeof(*tls));
    tls->base.ops = &tls_stream_ops;
    tls->base.handler = handler;
    tls->base.owner = owner;
    tls->base.local = stream_local(raw);
    tls->base.remote = stream_remote(raw);
    tls->context = tls_context_ref(context);
    tls->raw = raw;
    tls->ssl = SSL_new(context->ssl_context);
    BIO *bio = BIO_new(context->bio_method);
    CHECK(tls->ssl && bio);
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    if (context->server) {
        SSL_set_accept_state(tls->ssl);
    } else {
        SSL_set_connect_state(tls->ssl);
        set_server_name(tls->ssl, context->server_name);
    }
    buf_init(&tls->out, OUT_LIMIT_BYTES);
    loop_task_init(&tls->tell, loop, tls_tell_task);
    loop_timer_init(&tls->limit, loop, tls_limit_reached);
    loop_timer_start(&tls->limit, TLS_HANDSHAKE_LIMIT_MS);
    loop_task_schedule(&tls->tell);
    stream_set_owner(raw, &raw_handler, tls);
    return &tls->base;
}

/* Questions -------------------------------------------------------------------------------------------------------- */

const char *tls_error(const struct stream *stream)
{
    return stream->ops == &tls_stream_ops ? tls_stream_of(stream)->error_text : "";
}

bool tls_alpn_agreed(const struct stream *stream)
{
    const struct tls_stream *tls = tls_stream_of(stream);
    const unsigned char *name;
    unsigned length;
    SSL_get0_alpn_selected(tls->ssl, &name, &length);
    return length > 0 && length + 1 == tls->context->alpn_length && memcmp(name, tls->context->alpn + 1, length) == 0;
}

int tls_peer_name(const struct stream *stream, char *text, size_t capacity)
{
    const struct tls_stream *tls = tls_stream_of(stream);
    const X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    if (!certificate || SSL_get_verify_result(tls->ssl) != X509_V_OK)
        return E_NOT_FOUND;
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0)
        return E_NOT_FOUND;
    const ASN1_STRING *name = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
    unsigned char *utf8 = NULL;
    int length = ASN1_STRING_to_UTF8(&utf8, name);
    if (length < 0)
        return E_NOT_FOUND;
    int status = E_LIMIT;
    if ((size_t)length < capacity && !memchr(utf8, '\0', (size_t)length)) {
        memcpy(text, utf8, (size_t)length);
        text[length] = '\0';
        status = E_OK;
    }
    OPENSSL_free(utf8);
    return status;
}
