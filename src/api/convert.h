/* Configuration and state between control/'s types and the contract's. What is made for a client lives in the arena of
 * its request; every sub-message that clients look into is present. */
#pragma once

#include "base/arena.h"
#include "control/control.h"
#include "gobgp.pb-c.h"

int global_from_api(const Apipb__Global *from, struct global_config *to, struct err *err);
/* `from` NULL (not started): all zero. */
Apipb__Global *global_to_api(struct arena *arena, const struct global_config *from);

int neighbor_from_api(const Apipb__Peer *from, struct neighbor_config *to, struct err *err);
int peer_group_from_api(const Apipb__PeerGroup *from, struct peer_group_config *to, struct err *err);

Apipb__Peer *peer_to_api(struct arena *arena, const struct peer_view *view);
/* Only what WatchEvent's clients get: conf, state, transport, timers when established. */
Apipb__Peer *peer_event_to_api(struct arena *arena, const struct peer_view *view);
Apipb__PeerGroup *peer_group_to_api(struct arena *arena, const struct peer_group_config *from);

/* Capabilities as Any values: what we offer, and those of an OPEN that came, with what we do not know (NULL: none). */
void capabilities_to_api(struct arena *arena, const struct capabilities *from, size_t *count,
                         Google__Protobuf__Any ***list);
void open_capabilities_to_api(struct arena *arena, const struct open_message *open, size_t *count,
                              Google__Protobuf__Any ***list);

/* Internal ------------------------------------------------------------------------------------------------------ */

/* A zeroed object of the arena, initialised as an empty message. */
void *message_new(struct arena *arena, size_t bytes, void (*init)(void *message));
#define MESSAGE_NEW(arena, type, init) ((type *)message_new(arena, sizeof(type), (void (*)(void *))(init)))

char *text_of_addr(struct arena *arena, const struct addr *addr); /* ADDR_NONE: "" */
char *text_of_ipv4(struct arena *arena, uint32_t host_order);
Google__Protobuf__Timestamp *timestamp_of(struct arena *arena, struct wall_time time); /* 0: NULL */
Apipb__Family *family_to_api(struct arena *arena, enum family_id family);

Apipb__ApplyPolicy *apply_policy_to_api(struct arena *arena, const struct apply_policy_config *from);
int apply_policy_from_api(const Apipb__ApplyPolicy *from, struct apply_policy_config *to, struct err *err);
int families_from_api(size_t count, Apipb__AfiSafi **from, struct peer_config *to, struct err *err);
void families_to_api(struct arena *arena, const struct peer_config *config, const struct peer_view *view, size_t *count,
                     Apipb__AfiSafi ***list);

/* Text into a fixed array; E_LIMIT if it does not fit, E_INVALID if it is not UTF-8. */
int copy_text(const char *from, char *to, size_t size, const char *what, struct err *err);
