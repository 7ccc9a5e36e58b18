/* One reading of the metrics: numbers are gathered slice by slice, then shown slice by slice, so that a thousand
 * neighbors hold up nobody. A reader's memory is one record for each peer, family of a peer and update group.
 */
#include "metrics/scrape.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    SLICE_NS = 400000,
    ITEMS_PER_LOOK = 16, /* at the clock */
    PIECE_BYTES = 64 << 10,
    GROUP_MEMBERS_PER_SLICE = 4096,
};

enum phase {
    PHASE_PEERS,
    PHASE_GROUPS,
    PHASE_SHOW,
};

struct scrape {
    const struct metrics_source *source;
    enum phase phase;
    uint64_t next_group;
    struct samples samples;
    unsigned metric; /* shown next */
    size_t item;
};

/* One more element behind `count`. */
static void *grow(void *list, size_t *count, size_t *capacity, size_t size)
{
    void **at = list;
    if (*count == *capacity) {
        *capacity = *capacity > 0 ? 2 * *capacity : CONTROL_PEERS_AT_ONCE;
        *at = mem_realloc(MEM_RPC, *at, *capacity * size);
    }
    return (char *)*at + (*count)++ * size;
}

/* Gathering ------------------------------------------------------------------------------------------------------- */

/* Unlike its address, this names one peer: two links may have the same link-local one. */
static void label_of(const struct peer_view *view, char label[PEER_LABEL_MAX])
{
    const struct neighbor_config *config = view->config;
    char text[ADDR_TEXT_MAX];
    struct str str = str_over(label, PEER_LABEL_MAX);
    bool named = config->address.kind != ADDR_NONE;
    if (named)
        str_add(&str, addr_format(&config->address, text));
    if (!named || (addr_is_link_local(&config->address) && config->interface[0]))
        str_printf(&str, "%s%s", named ? "%" : "", config->interface);
}

static void note_peer(void *context, const struct peer_view *view)
{
    struct samples *samples = context;
    const struct session_status *session = view->session;
    struct peer_sample *peer = grow(&samples->peers, &samples->peer_count, &samples->peer_capacity, sizeof(*peer));
    uint32_t index = (uint32_t)(samples->peer_count - 1);
    bool up = session->state == SESSION_ESTABLISHED;
    *peer = (struct peer_sample){
        .name.address = view->config->address,
        .state = (uint8_t)session->state,
        .admin_state = (uint8_t)view->admin_state,
        .type = (uint8_t)view->type,
        .as = up && session->negotiated ? session->negotiated->peer_as : view->config->peer.peer_as,
        .local_as = view->local_as,
        .flaps = session->flaps,
        .established_ns = up ? session->established_at.ns : 0,
        .received = session->received,
        .sent = session->sent,
    };
    memcpy(peer->name.interface, view->config->interface, sizeof(peer->name.interface));
    memcpy(peer->losses, session->losses, sizeof(peer->losses));
    label_of(view, peer->label);
    for (uint32_t i = 0; i < view->family_count; i++) {
        struct peer_family_sample *family =
            grow(&samples->families, &samples->family_count, &samples->family_capacity, sizeof(*family));
        *family = (struct peer_family_sample){.peer = index, .view = view->families[i]};
    }
}

static void note_group(void *context, const struct group_size *size)
{
    struct samples *samples = context;
    struct group_size *group = grow(&samples->groups, &samples->group_count, &samples->group_capacity, sizeof(*group));
    *group = *size;
}

static void note_table(void *context, const struct table_view *view)
{
    struct samples *samples = context;
    CHECK(samples->table_count < ARRAY_LEN(samples->tables));
    samples->tables[samples->table_count++] = *view;
}

static void gather_peers(struct scrape *scrape)
{
    struct samples *samples = &scrape->samples;
    size_t before = samples->peer_count;
    struct peer_name last;
    if (before > 0)
        last = samples->peers[before - 1].name;
    control_peer_list_after(scrape->source->control, before > 0 ? &last : NULL, CONTROL_PEERS_AT_ONCE, note_peer,
                            samples);
    if (samples->peer_count - before < CONTROL_PEERS_AT_ONCE)
        scrape->phase = PHASE_GROUPS;
}

static void gather_groups(struct scrape *scrape)
{
    struct control *control = scrape->source->control;
    scrape->next_group =
        control_group_sizes(control, scrape->next_group, GROUP_MEMBERS_PER_SLICE, note_group, &scrape->samples);
    if (scrape->next_group != 0)
        return;
    control_table_list(control, note_table, &scrape->samples);
    scrape->phase = PHASE_SHOW;
}

/* Showing --------------------------------------------------------------------------------------------------------- */

/* False: nothing is left. */
static bool show_next(struct scrape *scrape, struct text *out)
{
    const struct metric *metric = &metric_table[scrape->metric];
    if (scrape->item >= metric_items(metric, &scrape->samples)) {
        scrape->metric++;
        scrape->item = 0;
        return scrape->metric < metric_count;
    }
    if (scrape->item == 0)
        exposition_head(out, metric->name, metric->type, metric->help);
    metric_show(metric, &scrape->samples, scrape->source, scrape->item++, out);
    return true;
}

static bool scrape_more(void *reading, struct text *out)
{
    struct scrape *scrape = reading;
    struct mono_time begin = mono_now();
    if (scrape->phase == PHASE_PEERS) {
        gather_peers(scrape);
        return true;
    }
    if (scrape->phase == PHASE_GROUPS) {
        gather_groups(scrape);
        return true;
    }
    while (out->length < PIECE_BYTES && mono_now().ns - begin.ns < SLICE_NS) {
        for (unsigned i = 0; i < ITEMS_PER_LOOK; i++) {
            if (!show_next(scrape, out))
                return false;
        }
    }
    return true;
}

static void *scrape_open(void *context)
{
    struct scrape *scrape = mem_zalloc(MEM_RPC, sizeof(*scrape));
    scrape->source = context;
    return scrape;
}

static void scrape_close(void *reading)
{
    struct scrape *scrape = reading;
    mem_free(MEM_RPC, scrape->samples.peers);
    mem_free(MEM_RPC, scrape->samples.families);
    mem_free(MEM_RPC, scrape->samples.groups);
    mem_free(MEM_RPC, scrape);
}

const struct page metrics_pages[] = {
    {.path = "/metrics", .type = EXPOSITION_TYPE, .open = scrape_open, .more = scrape_more, .close = scrape_close},
};
const unsigned metrics_page_count = ARRAY_LEN(metrics_pages);
