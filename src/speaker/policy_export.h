/* Export policies, per update group.
 *
 * A view is a chain as seen by neighbors that it treats alike: those for whom its neighbor sets, and what else of it
 * depends on who is told, come to the same. It is part of a group's rules, so such neighbors share a group.
 *
 * What the policy makes of a route is a set of its own, complete but for what the session's encoding asks for (AS
 * numbers of two octets, MP_REACH_NLRI). Groups with a view carry such sets in out[], and export_attributes() only
 * encodes them.
 */
#pragma once

#include "policy/evaluate.h"
#include "speaker/export.h"
#include "speaker/peer.h"
#include "speaker/speaker.h"

struct update_group;

struct policy_views {
    struct list list; /* of struct policy_view */
};

struct policy_view {
    struct list link;
    struct speaker *speaker;
    struct policy_chain chain;
    struct buf viewpoint;
    struct addr neighbor; /* one of those who share it */
    uint32_t refs;        /* groups */
};

void policy_views_init(struct policy_views *views);
void policy_views_release(struct policy_views *views);
void policy_views_purge(struct policy_views *views); /* forgets those no group has: nobody may be holding rules */

void policy_views_forget(struct speaker *speaker, const struct peer *gone); /* before its assignments go */

/* The export policies of this neighbor as part of its rules: a view, or the default and whether RFC 8212 asks for a
 * policy. */
void policy_export_rules(const struct peer *peer, struct export_rules *rules);

/* A group's policy; NULL if its rules have none. */
struct policy_export;
struct policy_export *policy_export_new(struct update_group *group);
void policy_export_free(struct policy_export *export);

/* May the group be told this path, which its rules allow, and as what set? That belongs to the memo until the next call
 * here. */
enum export_reason policy_export_path(struct policy_export *export, row_id row, const struct rib_path *path,
                                      attr_id *attrs);

/* The same without remembering, for people: which statement decided. */
void policy_export_explain(struct policy_export *export, row_id row, const struct rib_path *path,
                           struct policy_result *result);

/* What policies are given of a path that is to be told under these rules, as a canonical block. What else than policies
 * forbids it is returned; nothing is written then. */
enum export_reason policy_export_given(const struct rib *rib, const struct export_rules *rules,
                                       const struct rib_path *path, struct buf *given);
/* What they may ask about it, but for who is told. `rules` NULL: nobody in particular. */
void policy_export_facts(const struct rib *rib, const struct export_rules *rules, const struct rib_path *path,
                         struct policy_facts *facts);

/* Does the group's chain have this assignment in it? */
bool policy_export_passes(const struct update_group *group, const struct policy_assignment *assignment);
bool policy_export_asks_validity(const struct update_group *group);
