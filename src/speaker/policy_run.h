/* Policies at work: where the speaker passes routes through them.
 *
 *   import   received attributes -> [loops, roles] -> chain of the neighbor -> the path's attributes, or rejected
 *   export   what a session of that kind would be told -> chain of the neighbor told -> what it is told, or nothing
 *   change   a set, policy or assignment changes -> exactly the rows and groups it reaches are looked at again, in
 * slices
 *
 * A chain is the global assignment and then the neighbor's own; a route server client has only its own. Import is asked
 * once per UPDATE, or, where prefixes matter, once per run of prefixes that are treated alike; export (policy_export.h)
 * once per set of attributes and group: both remember what they found (policy/memo.h).
 */
#pragma once

#include "policy/evaluate.h"
#include "base/time.h"
#include "policy/memo.h"
#include "rib/rib.h"
#include "speaker/peer.h"
#include "speaker/speaker.h"

/* One per speaker. */
struct policy_run;

struct policy_run *policy_run_new(void);
void policy_run_free(struct policy_run *run);

struct policy_views;
struct policy_table *policy_run_table(struct policy_run *run);
struct policy_scratch *policy_run_scratch(struct policy_run *run);
struct policy_trace *policy_run_trace(struct policy_run *run);
struct policy_views *policy_run_views(struct policy_run *run);

/* What a neighbor's routes pass. NULL: the routes we originate ourselves (import only). */
void policy_chain_of(struct speaker *speaker, const struct peer *peer, enum policy_direction direction,
                     struct policy_chain *chain);

/* Assignments follow the configuration: a neighbor's own, and the global ones of `speaker->global`. An error names a
 * policy that does not exist; what is right is assigned nevertheless. */
int policy_run_configure(struct peer *peer, struct err *err);
int policy_run_configure_global(struct speaker *speaker, struct err *err);
void policy_run_forget(struct peer *peer);
const char *policy_run_target(const struct peer *peer); /* what the neighbor is called as a target */

/* Something was changed in the table: the routes it touches are looked at again. */
void policy_run_changed(struct speaker *speaker);
/* The validity of routes within these ranges may have become another one (validation.h). */
void policy_run_validity_changed(struct speaker *speaker, const struct policy_change *change);

/* Import ----------------------------------------------------------------------------------------------------------- */

/* Where no policy is: what the defaults, and RFC 8212, make of a neighbor's routes. */
enum path_reject policy_import_default(const struct peer *peer);
bool policy_import_has_policies(const struct peer *peer);

/* What policies may ask about who sent a route; NULL: it is our own. */
void policy_import_facts(const struct peer *peer, struct policy_facts *facts);

/* Takes a run into the RIB, prefix by prefix as far as policy asks for it. `change->attrs` is what import made of the
 * route so far. */
void policy_import_apply(struct peer *peer, struct speaker_table *table, struct rib_update *change);

/* A route of our own, or one that is put in as if a neighbor had sent it: the set it goes into the RIB with, with a
 * reference. */
attr_id policy_import_local(struct speaker *speaker, struct speaker_table *table, const struct prefix *prefix,
                            attr_id attrs, enum path_reject *reject);

/* What import makes of a path today, from the set before policy: of all of a row, or only those of one source (else
 * RIB_SOURCE_NONE). */
void policy_import_row(struct speaker *speaker, struct speaker_table *table, row_id row, source_id source);

/* What the chain says about a path that is there, for people. */
void policy_import_explain(struct speaker *speaker, struct speaker_table *table, const struct prefix *prefix,
                           const struct rib_path *path, struct policy_result *result);

/* Looking again ---------------------------------------------------------------------------------------------------- */

/* Walks over a table for what has changed, until the time is reached, as far as nobody would wait for it: with
 * `rows_wait` no more rows become dirty, and what is told goes no further ahead of its readers than
 * tuning.walk_ahead_bytes. True while it can go on at once. */
bool policy_walk_run(struct speaker *speaker, struct speaker_table *table, bool rows_wait, struct mono_time until);
void policy_walk_drop_all(struct speaker_table *table);
