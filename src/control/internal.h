/* Inside control/: what its files share. */
#pragma once

#include "control/control.h"
#include "feeds/bmp.h"
#include "feeds/mrt_dump.h"
#include "feeds/rtr_servers.h"
#include "rib/prefix_index.h"
#include "speaker/events.h"
#include "speaker/peer.h"
#include "speaker/speaker.h"
#include "speaker/update_group.h"

struct control {
    struct loop *loop;
    struct transport *transport;
    struct speaker *speaker;
    struct config *applied;   /* the last file, for the next one's differences; NULL: none */
    struct list groups;       /* of struct control_group */
    struct list walks;        /* of struct path_walk */
    struct list roa_walks;    /* of struct roa_walk */
    struct mrt_dumps *mrt;    /* NULL until one is wanted */
    struct rtr_servers *rpki; /* likewise */
    struct bmp_stations *bmp; /* likewise */
    struct prefix_index *indexes[TABLE_COUNT];
    struct loop_timer stopping;
    struct mono_time stop_deadline;
    void (*stopped)(void *context);
    void *stopped_context;
    struct why_answer *why;       /* the last answer */
    struct policy_tested *tested; /* likewise */
};

struct control_group {
    struct list link;
    struct peer_group_config config;
};

/* E_OK, or E_STATE with "bgp server hasn't started yet". */
int control_need_started(const struct control *control, struct err *err);
/* The peer, or NULL with "neighbor that has X doesn't exist". */
struct peer *control_need_peer(struct control *control, const struct peer_name *name, struct err *err);
const char *peer_name_format(const struct peer_name *name, char text[ADDR_TEXT_MAX]);

struct peer_name peer_name_of(const struct peer *peer);
void control_view_peer(struct peer *peer, void (*show)(void *context, const struct peer_view *view), void *context);

/* A path of the RIB as a view; `attrs` 0 leaves the attributes out. */
void control_view_path(const struct control *control, struct rib *rib, const struct prefix *prefix,
                       const struct rib_path *path, attr_id attrs, struct path_view *view);
/* What a peer was told, as a view: attributes rewritten as on the wire (with 4-octet AS numbers), into `bytes`. */
void control_view_told(const struct control *control, const struct update_group *group, const struct prefix *prefix,
                       const struct told_path *told, struct buf *bytes, struct path_view *view);

/* Eligible paths of one row: the best first, then the others as the decision process would take them if the better
 * ones went away. */
void control_sort_paths(const struct rib *rib, struct rib_path *paths, size_t count);

/* Definitions of a file, as far as they differ from the one before, and what it applies globally. */
void control_apply_policies(struct control *control, const struct config *before, const struct config *after);

struct control_group *control_group_find(struct control *control, const char *name);

/* In the place of the general sentence, if policy rejected the path: which policy, which statement. */
void control_why_import_policy(struct control *control, struct rib *rib, const struct rib_path *path,
                               struct why_path *why);
/* False: it was not the policy. */
bool control_why_export_policy(const struct speaker *speaker, struct update_group *group, row_id row,
                               const struct rib_path *path, struct str *out);

/* The neighbor that is the target of an assignment; NULL: none is. */
struct peer *control_policy_target(struct control *control, const char *target);
void policy_tested_free(struct policy_tested *tested);

void path_walks_stop(struct control *control); /* tables are about to go */
void roa_walks_stop(struct control *control);
void why_answer_free(struct why_answer *answer);
