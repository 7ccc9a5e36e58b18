/* A stand-in for an HTTP proxy: whoever asks it to CONNECT anywhere finds himself at our own server. For clients that
 * know one base URL and no other, but do honour HTTPS_PROXY.
 */
#pragma once

#include "http/server.h"

struct connect_front;

/* `server` speaks TLS with a certificate of the name those clients ask for. */
int connect_front_new(struct loop *loop, const struct endpoint *local, struct http_server *server,
                      struct connect_front **front, struct err *err);
void connect_front_free(struct connect_front *front); /* before the server; NULL is fine */
struct endpoint connect_front_local(const struct connect_front *front);
