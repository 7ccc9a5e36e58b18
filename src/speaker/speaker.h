/* The speaker: where tables, sessions and rules meet.
 *
 *   session -> import (peer by peer) -> rib: decide -> pipeline: dirty rows -> update groups -> outboxes -> session
 *
 * Everything of one speaker hangs off this struct; nothing is global, so a process may hold several. All of it belongs
 * to one loop.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "config/config.h"
#include "io/loop.h"
#include "io/stream.h"
#include "rib/rib.h"
#include "speaker/deferral.h"
#include "speaker/next_hop_tracking.h"
#include "speaker/tuning.h"

/* The tables of route server clients stand behind the others. */
enum { TABLE_COUNT = 2 * FAMILY_COUNT };

/* The clusters we reflect for (RFC 4456 7): our router id, and what neighbours are configured with. */
struct cluster_ids {
    uint32_t *ids;
    uint32_t count;
};

struct peer;
struct link_place;
struct session_thread;
struct acceptor;
struct originate;
struct policy_memo;
struct policy_run;
struct monitor;
struct vrp_table;
struct packer;
struct catch_up_set;

/* One routed family. Route server clients have tables of their own (RFC 7947): what they announce competes with, and is
 * told to, other clients only. */
struct speaker_table {
    enum family_id family;
    bool of_clients; /* of route server clients */
    struct rib *rib;
    struct packer *packer;
    struct catch_up_set *catch_ups;
    struct monitor *monitor;         /* NULL unless somebody watches best paths */
    struct list groups;              /* of struct update_group */
    struct list dissolving;          /* groups that lost their last member */
    struct list sweeps;              /* sweep.h */
    struct list policy_walks;        /* policy_run.h */
    struct policy_memo *import_memo; /* what import policies made of routes; NULL: nothing yet */
    bool deferred;                   /* nothing of it is told yet (deferral.h) */
};

/* Who may come without being configured: dynamic_peers.h. */
struct dynamic_peers {
    struct list ranges; /* of struct dynamic_range, by prefix */
    unsigned range_count;
    unsigned peer_count;
    unsigned limit;
    struct mono_time refused_at;
    struct loop_task reaper;
    struct loop_timer late;
};

struct speaker {
    struct loop *loop;
    struct transport *transport;
    struct global_config global;
    bool started;
    struct speaker_tuning tuning;             /* may be changed before speaker_start */
    struct speaker_table tables[TABLE_COUNT]; /* by family, then those of route server clients; rib NULL: not there */
    struct cluster_ids cluster_ids;
    struct list peers;            /* of struct peer, by address */
    struct peer **peer_by_source; /* index: source_id; [0] is always NULL */
    uint32_t source_capacity;
    struct acceptor *acceptor;
    struct originate *originate;
    struct policy_run *policy; /* while started */
    struct vrp_table *vrps;    /* NULL until somebody fills it: validation.h */
    struct dynamic_peers dynamic;
    struct next_hop_tracking *next_hops;    /* NULL: off */
    struct next_hop_source next_hop_source; /* tests set it before speaker_start; the kernel otherwise */
    struct unnumbered *unnumbered;          /* NULL until a neighbour named by interface is there */
    struct session_thread **threads;        /* none: sessions run on `loop` */
    unsigned thread_count;
    struct mono_time encoded_at; /* rows that changed were encoded last: pipeline.c */
    struct list subscribers;     /* events.h */
    uint32_t next_group_id;
    struct loop_task work;     /* pipeline.h */
    struct loop_timer stalled; /* likewise */
    bool unsent_is_limited;    /* likewise */
    struct mono_time turn;     /* of the loop, when import read the wall clock */
    uint32_t turn_wall_s;
    struct rib_run ahead; /* of the UPDATE that is being decoded: import.h */
    bool restarted;       /* set before speaker_start: neighbors keep our routes from a former life */
    struct deferral deferral;
};

struct speaker *speaker_new(struct loop *loop, struct transport *transport);
void speaker_free(struct speaker *speaker);

int speaker_start(struct speaker *speaker, const struct global_config *global, struct err *err);
/* Without ceremony: sessions are to be stopped before (peer_stop). */
void speaker_stop(struct speaker *speaker);

struct speaker_table *speaker_table(struct speaker *speaker, enum family_id family); /* NULL: not routed */
/* The table of route server clients; NULL: not routed, or there was never a client with the family. */
struct speaker_table *speaker_client_table(struct speaker *speaker, enum family_id family);
/* The same, made if it is missing. */
struct speaker_table *speaker_need_client_table(struct speaker *speaker, enum family_id family);

struct speaker_table *speaker_table_of(struct speaker *speaker, const struct rib *rib); /* one of the speaker's */

/* A number for a new neighbour; RIB_SOURCE_NONE when all are taken. */
source_id speaker_take_source(struct speaker *speaker, struct peer *peer);
void speaker_give_source(struct speaker *speaker, source_id source);
/* Where the session of this neighbour runs. */
void speaker_link_place(const struct speaker *speaker, source_id source, struct link_place *place);
struct peer *speaker_peer_of(const struct speaker *speaker, source_id source);

bool speaker_is_own_cluster(const struct speaker *speaker, uint32_t cluster_id);
void speaker_gather_clusters(struct speaker *speaker); /* neighbours came, went or changed */
