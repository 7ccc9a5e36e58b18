/* A listening TCP socket. */
#pragma once

#include "base/err.h"
#include "net/addr.h"

/* The descriptor, or E_IO. Port 0 in `local` becomes the real one. */
int http_listen(struct endpoint *local, struct err *err);
