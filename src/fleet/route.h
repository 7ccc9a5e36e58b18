/* Routes that routers hold from servers: out of the router's events into the store, judged by the project's prefixes.
 */
#pragma once

#include "fleet/leg.h"
#include "gobgp.pb-c.h"

struct route_change;

/* A path of a router's event; paths of nobody we know are passed over. */
void route_observe(struct router *router, const Apipb__Path *path);
void routes_forget(struct leg *leg);  /* what it has is no more */
void routes_expect(struct leg *leg);  /* all it has will be told anew: what is stored is for the time until then */
void routes_write(struct leg *leg);   /* what is queued, within a transaction; nothing while the router replays */
void routes_written(struct leg *leg); /* it was committed: forgets the queue */
void routes_drop(struct leg *leg);    /* forgets the queue unwritten */

/* Judges every stored route of a project again: its prefixes have changed. Within a transaction. */
void routes_judge_again(struct fleet *fleet, const char *project_id);
