/* Where the API and metrics are served. */
#pragma once

#include "base/err.h"
#include "daemon/options.h"
#include "io/tls.h"
#include "metrics/metrics.h"
#include "rpc/server.h"

/* The addresses of --api-hosts, or 127.0.0.1:50051 and, where its folder may be written, a UNIX socket. An address that
 * is not loopback needs TLS or --insecure: whoever reaches the API rules the routes. */
int listen_all(struct rpc_server *server, const struct daemon_options *options, struct tls_context *tls,
               struct err *err);

/* "ADDRESS:PORT"; `name` says where it was read. */
int listen_metrics_parse(const char *text, const char *name, struct endpoint *endpoint, struct err *err);
/* Under the same rule. */
int listen_metrics(struct page_server **server, struct metrics_source *source, const struct endpoint *endpoint,
                   const struct daemon_options *options, struct tls_context *tls, struct err *err);
