/* Inside link*.c: the two kinds of link. */
#pragma once

#include "speaker/link.h"

struct link_kind {
    void (*free)(struct link *link);
    void (*start)(struct link *link);
    void (*stop)(struct link *link, const struct notification *notification, enum session_end end);
    void (*reset)(struct link *link, const struct notification *notification, enum session_end end,
                  uint32_t idle_hold_s);
    void (*configure)(struct link *link, const struct session_config *config);
    void (*accept)(struct link *link, struct stream *stream);
    void (*output_ready)(struct link *link);
    void (*limit_unsent)(struct link *link, uint32_t bytes);
    void (*send_refresh)(struct link *link, enum family_id family, enum refresh_kind kind);
    void (*status)(struct link *const *links, size_t count, struct link_snapshot *snapshots);
};

struct link {
    const struct link_kind *kind;
    const struct link_ops *ops;
    void *owner;
};

struct link *direct_link_new(const struct link_place *place, const struct session_config *config,
                             const struct link_ops *ops, void *owner);
struct link *threaded_link_new(const struct link_place *place, const struct session_config *config,
                               const struct link_ops *ops, void *owner);
