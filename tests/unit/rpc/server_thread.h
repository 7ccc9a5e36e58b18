/* A server on a thread of its own, for clients that wait. Listens on TCP, TLS with client certificates, and a UNIX
 * socket, all over loopback or in a directory of its own.
 */
#pragma once

#include <pthread.h>

#include "echo_service.h"
#include "io/tls.h"
#include "rpc/server.h"

struct server_thread {
    pthread_t thread;
    struct loop *loop;
    struct rpc_server *server;
    struct echo_service service;
    char directory[64]; /* with ca, client and server certificates, and the socket */
    char tcp[64];       /* targets */
    char tls[64];
    char local[160];
    uint16_t tcp_port;
};

void server_thread_start(struct server_thread *thread, const struct rpc_limits *limits);
void server_thread_stop(struct server_thread *thread);

/* Runs `work` on the server's thread and waits for it. */
void server_thread_run(struct server_thread *thread, void (*work)(struct server_thread *thread));

/* A client's context; `name` of the certificate to show (NULL: none), `server_name` to expect. */
struct tls_context *server_thread_tls_client(struct server_thread *thread, const char *name, const char *server_name);
