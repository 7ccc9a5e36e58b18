/* What an operator says about policy, between the contract and policy/spec.h. Values made from a request point into it
 * and into its arena; texts of errors are those of GoBGP. `from` may be NULL: an error. */
#pragma once

#include "base/arena.h"
#include "control/control_policy.h"
#include "gobgp.pb-c.h"

int set_from_api(struct arena *arena, const Apipb__DefinedSet *from, struct set_spec *to, struct err *err);
int statement_from_api(const Apipb__Statement *from, struct statement_spec *to, struct err *err);
/* Statements without a name get one: "<policy>_stmt<place>". */
int policy_from_api(struct arena *arena, const Apipb__Policy *from, struct policy_spec *to, struct err *err);
int assignment_from_api(struct arena *arena, const Apipb__PolicyAssignment *from, struct assignment_spec *to,
                        struct err *err);

/* As much of the set from its member `*at` on as one message may hold; `*at` is moved behind it. */
Apipb__DefinedSet *set_to_api(struct arena *arena, const struct set_spec *from, size_t *at);
Apipb__Statement *statement_to_api(struct arena *arena, const struct statement_spec *from);
Apipb__Policy *policy_to_api(struct arena *arena, const struct policy_spec *from);
