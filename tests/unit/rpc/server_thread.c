#include "server_thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../io/certificates.h"
#include "base/check.h"

static const char *const certificate_names[] = {"ca", "server", "client", "other"};

static void path_in(const struct server_thread *thread, const char *name, const char *ending, char path[128])
{
    snprintf(path, 128, "%s/%s%s", thread->directory, name, ending);
}

static void certificates_make(const struct server_thread *thread)
{
    struct certificate made[ARRAY_LEN(certificate_names)];
    made[0] = certificate_make("Authority", NULL, NULL);
    made[1] = certificate_make("router", &made[0], "DNS:router.example,IP:127.0.0.1");
    made[2] = certificate_make("operator", &made[0], NULL);
    made[3] = certificate_make("Other Authority", NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(made); i++) {
        CHECK(certificate_save(&made[i], thread->directory, certificate_names[i]) == 0);
        certificate_release(&made[i]);
    }
}

static void certificates_remove(const struct server_thread *thread)
{
    for (size_t i = 0; i < ARRAY_LEN(certificate_names); i++) {
        char path[128];
        path_in(thread, certificate_names[i], ".pem", path);
        unlink(path);
        path_in(thread, certificate_names[i], ".key", path);
        unlink(path);
    }
}

static struct tls_context *tls_server(const struct server_thread *thread)
{
    char certificate[128], key[128], ca[128];
    struct err err;
    path_in(thread, "server", ".pem", certificate);
    path_in(thread, "server", ".key", key);
    path_in(thread, "ca", ".pem", ca);
    const struct tls_settings settings = {
        .certificate_file = certificate, .key_file = key, .ca_file = ca, .alpn = "h2"};
    struct tls_context *context = tls_context_new_server(&settings, &err);
    CHECK(context);
    return context;
}

struct tls_context *server_thread_tls_client(struct server_thread *thread, const char *name, const char *server_name)
{
    char certificate[128], key[128], ca[128];
    struct err err;
    path_in(thread, name ? name : "", ".pem", certificate);
    path_in(thread, name ? name : "", ".key", key);
    path_in(thread, "ca", ".pem", ca);
    const struct tls_settings settings = {
        .certificate_file = name ? certificate : NULL,
        .key_file = name ? key : NULL,
        .ca_file = ca,
        .server_name = server_name,
        .alpn = "h2",
    };
    struct tls_context *context = tls_context_new_client(&settings, &err);
    CHECK(context);
    return context;
}

static void listen_everywhere(struct server_thread *thread)
{
    struct err err;
    struct endpoint bound;
    const struct endpoint loopback = {.addr = addr_ipv4(0x7f000001)};
    struct rpc_listen_options options = {0};
    CHECK(rpc_server_listen(thread->server, transport_tcp(), &loopback, &options, &bound, &err) == E_OK);
    thread->tcp_port = bound.port;
    snprintf(thread->tcp, sizeof(thread->tcp), "127.0.0.1:%u", bound.port);

    options.tls = tls_server(thread);
    CHECK(rpc_server_listen(thread->server, transport_tcp(), &loopback, &options, &bound, &err) == E_OK);
    snprintf(thread->tls, sizeof(thread->tls), "127.0.0.1:%u", bound.port);
    tls_context_unref(options.tls);
    options.tls = NULL;

    char path[128];
    path_in(thread, "socket", "", path);
    snprintf(thread->local, sizeof(thread->local), "unix://%s", path);
    CHECK(rpc_server_listen_unix(thread->server, path, 0600, &options, &err) == E_OK);
}

static void *thread_main(void *argument)
{
    struct server_thread *thread = argument;
    loop_run(thread->loop);
    return NULL;
}

void server_thread_start(struct server_thread *thread, const struct rpc_limits *limits)
{
    *thread = (struct server_thread){0};
    snprintf(thread->directory, sizeof(thread->directory), "/tmp/godwit-rpc-XXXXXX");
    CHECK(mkdtemp(thread->directory));
    certificates_make(thread);
    thread->loop = loop_new();
    thread->server = rpc_server_new(thread->loop, limits);
    echo_service_register(&thread->service, thread->server);
    listen_everywhere(thread);
    CHECK(pthread_create(&thread->thread, NULL, thread_main, thread) == 0);
}

struct errand {
    struct mail mail;
    struct server_thread *thread;
    void (*work)(struct server_thread *thread);
    pthread_mutex_t mutex;
    pthread_cond_t done_signal;
    bool done;
};

static void errand_deliver(struct mail *mail)
{
    struct errand *errand = container_of(mail, struct errand, mail);
    errand->work(errand->thread);
    pthread_mutex_lock(&errand->mutex);
    errand->done = true;
    pthread_cond_signal(&errand->done_signal);
    pthread_mutex_unlock(&errand->mutex);
}

void server_thread_run(struct server_thread *thread, void (*work)(struct server_thread *thread))
{
    struct errand errand = {.mail.deliver = errand_deliver, .thread = thread, .work = work};
    pthread_mutex_init(&errand.mutex, NULL);
    pthread_cond_init(&errand.done_signal, NULL);
    mailbox_post(thread->loop, &errand.mail);
    pthread_mutex_lock(&errand.mutex);
    while (!errand.done)
        pthread_cond_wait(&errand.done_signal, &errand.mutex);
    pthread_mutex_unlock(&errand.mutex);
    pthread_cond_destroy(&errand.done_signal);
    pthread_mutex_destroy(&errand.mutex);
}

static void stop_work(struct server_thread *thread)
{
    rpc_server_free(thread->server);
    loop_stop(thread->loop);
}

void server_thread_stop(struct server_thread *thread)
{
    server_thread_run(thread, stop_work);
    pthread_join(thread->thread, NULL);
    loop_free(thread->loop);
    certificates_remove(thread);
    rmdir(thread->directory);
}
