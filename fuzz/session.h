/* One speaker among its neighbours: what the parts of the target `session` share. */
#pragma once

#include "base/cursor.h"
#include "control/control.h"
#include "neighbours.h"

enum {
    NEIGHBOURS_MAX = 16,
    WALKS_MAX = 3,
};

struct scene {
    struct loop *loop;
    struct memory_net *net;
    struct control *control;
    struct neighbour neighbours[NEIGHBOURS_MAX];
    bool configured[NEIGHBOURS_MAX]; /* the speaker knows it */
    struct neighbor_config configs[NEIGHBOURS_MAX];
    struct path_walk *walks[WALKS_MAX]; /* left open between operations */
    struct control_watch *watch;
    uint8_t uuid[UUID_BYTES]; /* of the latest local route */
};

/* Who is there and how the speaker is set up. */
struct scene_options {
    uint16_t neighbours; /* bits */
    uint8_t global;
    uint8_t flags;
};

void scene_start(struct scene *scene, const struct scene_options *options);
void scene_start_speaker(struct scene *scene, uint8_t global);
void scene_configure(struct scene *scene, unsigned neighbour);
void scene_run_ms(struct scene *scene, int64_t ms);

/* Everybody listens again and nothing is cut; then what each was told must be what the speaker says it told. */
void scene_settle(struct scene *scene);
/* Reads all tables in all ways. */
void scene_check_tables(struct scene *scene);
/* All sessions end and all local routes go: nothing may be left. */
void scene_check_end(struct scene *scene);
void scene_release(struct scene *scene);

/* One step of a walk; false at its end. */
bool scene_walk_step(struct scene *scene, struct path_walk *walk);
void scene_check_view(const struct path_view *view);

/* One operation of the input. */
void scene_operate(struct scene *scene, uint8_t operation, unsigned neighbour, struct cursor *arguments);

/* routes.c: prefixes and UPDATEs from a few octets of input. */
void fuzz_prefix(uint8_t choice, bool ipv6, struct prefix *prefix);
void fuzz_announce(struct neighbour *neighbour, struct cursor *arguments);
void fuzz_announce_many(struct neighbour *neighbour, struct cursor *arguments);
void fuzz_withdraw(struct neighbour *neighbour, struct cursor *arguments);
void fuzz_local_attrs(struct cursor *arguments, bool ipv6, struct buf *attrs);
