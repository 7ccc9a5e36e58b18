/* Inside metrics/: the numbers of one moment, gathered first, then shown metric by metric: the format wants all samples
 * of a metric together. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/exposition.h"
#include "metrics/metrics.h"

enum { PEER_LABEL_MAX = ADDR_TEXT_MAX + CONFIG_INTERFACE_MAX };

struct peer_sample {
    struct peer_name name;
    char label[PEER_LABEL_MAX];
    uint8_t state;       /* enum session_state */
    uint8_t admin_state; /* enum peer_admin_state */
    uint8_t type;        /* enum peer_type */
    uint32_t as, local_as;
    uint32_t flaps;
    uint32_t losses[SESSION_END_COUNT];
    int64_t established_ns; /* 0: it is not up */
    struct session_counters received, sent;
};

struct peer_family_sample {
    uint32_t peer; /* index */
    struct peer_family_view view;
};

struct samples {
    struct peer_sample *peers;
    size_t peer_count, peer_capacity;
    struct peer_family_sample *families;
    size_t family_count, family_capacity;
    struct group_size *groups;
    size_t group_count, group_capacity;
    struct table_view tables[2 * FAMILY_COUNT];
    size_t table_count;
};

/* What there is one sample (or line of samples) of. */
enum metric_scope {
    METRIC_PROCESS, /* one call shows all */
    METRIC_TABLE,
    METRIC_GROUP,
    METRIC_PEER,
    METRIC_PEER_FAMILY,
};

struct metric {
    const char *name;
    const char *type;
    const char *help;
    enum metric_scope scope;
    /* Item `index` of its scope. NULL: the number at `offset` of the item, `size` octets. */
    void (*show)(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                 size_t index, struct text *out);
    uint16_t offset;
    uint16_t size;
};

/* Members `show` of metric_rpki.c. */
#define METRIC_SHOW(name)                                                                                      \
    void name(const struct metric *metric, const struct samples *samples, const struct metrics_source *source, \
              size_t index, struct text *out)
METRIC_SHOW(metric_rpki_up);
METRIC_SHOW(metric_rpki_serial);
METRIC_SHOW(metric_rpki_answer);
METRIC_SHOW(metric_rpki_vrps);

extern const struct metric metric_table[];
extern const unsigned metric_count;

size_t metric_items(const struct metric *metric, const struct samples *samples);
void metric_show(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                 size_t index, struct text *out);
