/* Inside of the BMP feed: what bmp_station.c, bmp_report.c and bmp_dump.c share. */
#pragma once

#include "base/buf.h"
#include "feeds/bmp.h"
#include "feeds/bmp_queue.h"
#include "speaker/events.h"
#include "speaker/peer.h"
#include "wire/bmp.h"
#include "wire/message.h"
#include "wire/update_write.h"

enum bmp_policy { /* the numbers are those of the API */
                  BMP_PRE_POLICY = 0,
                  BMP_POST_POLICY = 1,
                  BMP_BOTH = 2,
                  BMP_LOCAL_RIB = 3,
                  BMP_ALL = 4,
};

/* Whose routes are told. */
enum bmp_view {
    BMP_VIEW_PRE,
    BMP_VIEW_POST,
    BMP_VIEW_LOC_RIB,
};

enum dump_state {
    DUMP_NONE,    /* what is there was told, or comes by itself */
    DUMP_WAITING, /* for the next walk */
    DUMP_RUNNING,
};

/* A neighbor as the station knows it. */
struct told_peer {
    bool up;
    uint8_t dump; /* enum dump_state */
    struct addr address;
    uint32_t as, id;
    family_set families;
};

struct bmp_walk;

struct bmp_station {
    struct list link;
    struct bmp_stations *stations;
    struct bmp_server_config config;
    char name[ENDPOINT_TEXT_MAX]; /* for logs */
    bool pre, post, loc_rib;
    struct subscriber subscriber;
    struct subscriber_ops ops;

    struct stream *stream; /* NULL: not connected, nor trying to */
    bool connected;
    bool blocked;
    bool overflowed;             /* what is to be told does not fit the queue: the connection is about to end */
    bool refused;                /* the last attempt failed: said in the log */
    struct loop_timer reconnect; /* or the limit of this attempt */
    struct loop_timer stalled;   /* it takes nothing */
    struct loop_task flush;
    uint32_t backoff_ms;
    struct wall_time up_at, down_at;
    struct mono_time connected_at;
    struct bmp_queue queue;
    uint64_t lost; /* messages that would have been too long, of this connection */

    uint32_t told_count;
    struct told_peer *told; /* by source_id */
    uint8_t loc_rib_dump;   /* enum dump_state */
    struct bmp_walk *walk;  /* NULL: nothing is being dumped */

    struct buf live; /* NLRI of the run of live post-policy changes that is being gathered */
    struct bmp_live {
        source_id source; /* RIB_SOURCE_NONE: no run */
        enum family_id family;
        bool withdraw;
        struct buf bytes; /* of the attributes */
    } run;

    struct loop_timer statistics_due;
    struct loop_task statistics;
    source_id statistics_next;
};

struct bmp_stations {
    struct speaker *speaker;
    struct list list;
    unsigned count;
    struct buf message; /* being written, of whichever station */
};

/* Is there room for one more prefix in a message every receiver takes (RFC 4271 4.1), whatever has to go with it? */
enum { BMP_NLRI_MAX_BYTES = 4 + 17, BMP_UPDATE_FIXED_BYTES = MESSAGE_HEADER_BYTES + 4 + 9 + 32 };
static inline bool bmp_fits(size_t attrs_length, size_t nlri_length)
{
    return BMP_UPDATE_FIXED_BYTES + attrs_length + nlri_length + BMP_NLRI_MAX_BYTES <= MESSAGE_MAX_BYTES;
}

/* bmp_station.c: `stations->message` is whole messages; goes to the station's queue. What does not fit there ends the
 * connection, soon. */
void bmp_send(struct bmp_station *station);
bool bmp_has_room(const struct bmp_station *station); /* for a piece more of a dump */
struct buf *bmp_message(struct bmp_station *station); /* cleared */

/* bmp_report.c */
void bmp_report_init(struct bmp_station *station);
void bmp_report_begin(struct bmp_station *station); /* connected: all peers that are up, and a dump of what they said */
void bmp_report_end(struct bmp_station *station);
void bmp_report_flush(struct bmp_station *station); /* what was gathered */
/* One Route Monitoring message; `when_s` 0: now. */
void bmp_report_route(struct bmp_station *station, enum bmp_view view, source_id source, uint32_t when_s,
                      const struct update_parts *parts);
void bmp_report_end_of_rib(struct bmp_station *station, enum bmp_view view, source_id source, enum family_id family);
family_set bmp_loc_rib_families(const struct bmp_station *station);

/* bmp_dump.c: tells what peers whose dump waits have said, and of the Loc-RIB likewise; then End-of-RIB. */
void bmp_dump_start(struct bmp_station *station);
void bmp_dump_go_on(struct bmp_station *station); /* there is room */
void bmp_dump_stop(struct bmp_station *station);
