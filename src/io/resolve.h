/* Names into addresses, by the system's resolver. It waits; so there is a way to have a thread wait instead. */
#pragma once

#include "base/err.h"
#include "io/loop.h"
#include "net/addr.h"

enum { RESOLVE_ADDRESSES_MAX = 8, RESOLVE_HOST_MAX = 256 };

/* The addresses of a host, numbers without asking anybody. How many, or E_NOT_FOUND. */
int resolve_now(const char *host, uint16_t port, struct endpoint addresses[RESOLVE_ADDRESSES_MAX], struct err *err);

struct resolution;

/* `count` is as above; `reason` why there is none. */
typedef void (*resolution_done)(void *context, const struct endpoint *addresses, int count, const char *reason);

/* Never answers from inside this call. NULL: no thread can be had. */
struct resolution *resolve_start(struct loop *loop, const char *host, uint16_t port, resolution_done done,
                                 void *context);
void resolve_forget(struct resolution *resolution); /* it will not answer; before it has */
