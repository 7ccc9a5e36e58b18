/* Peers through the management interface; the texts are GoBGP's where its users look for them. */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "control/control.h"
#include "control/internal.h"
#include "speaker/restart.h"

const char *peer_name_format(const struct peer_name *name, char text[ADDR_TEXT_MAX])
{
    if (name->address.kind != ADDR_NONE)
        return addr_format(&name->address, text);
    struct str out = str_over(text, ADDR_TEXT_MAX);
    str_add_foreign(&out, name->interface, strnlen(name->interface, sizeof(name->interface)));
    return text;
}

struct peer_name peer_name_of(const struct peer *peer)
{
    struct peer_name name = {.address = peer->config.address};
    memcpy(name.interface, peer->config.interface, sizeof(name.interface));
    return name;
}

struct peer *control_need_peer(struct control *control, const struct peer_name *name, struct err *err)
{
    char text[ADDR_TEXT_MAX];
    if (control_need_started(control, err) != E_OK)
        return NULL;
    struct peer *peer = peer_find(control->speaker, &name->address, name->interface);
    if (peer == NULL)
        err_set(err, E_NOT_FOUND, "neighbor that has %s doesn't exist", peer_name_format(name, text));
    return peer;
}

static const struct peer_group_config *group_of(struct control *control, const struct neighbor_config *neighbor,
                                                struct err *err, int *result)
{
    *result = E_OK;
    if (neighbor->peer_group[0] == '\0')
        return NULL;
    const struct peer_group_config *group = control_peer_group_find(control, neighbor->peer_group);
    if (group == NULL)
        *result = err_set(err, E_NOT_FOUND, "no such peer-group: %s", neighbor->peer_group);
    return group;
}

/* A neighbour's configuration as it would run: completed, its group applied. On success the caller frees it. */
static int complete(struct control *control, const struct neighbor_config *neighbor, struct neighbor_config **out,
                    struct err *err)
{
    int result;
    const struct peer_group_config *group = group_of(control, neighbor, err, &result);
    if (result != E_OK)
        return result;
    struct neighbor_config *copy = mem_alloc(MEM_CONFIG, sizeof(*copy));
    *copy = *neighbor;
    result = neighbor_config_complete(copy, &control->speaker->global, group, err);
    if (result != E_OK) {
        mem_free(MEM_CONFIG, copy);
        return result;
    }
    *out = copy;
    return E_OK;
}

static void release(struct neighbor_config *config)
{
    explicit_bzero(config->peer.auth_password, sizeof(config->peer.auth_password));
    mem_free(MEM_CONFIG, config);
}

int control_peer_add(struct control *control, const struct neighbor_config *neighbor, struct err *err)
{
    struct neighbor_config *config;
    struct peer *peer;
    char text[ADDR_TEXT_MAX];
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    if (peer_find(control->speaker, &neighbor->address, neighbor->interface) != NULL) {
        struct peer_name name = {.address = neighbor->address};
        memcpy(name.interface, neighbor->interface, sizeof(name.interface));
        return err_set(err, E_EXISTS, "can't overwrite the existing peer: %s", peer_name_format(&name, text));
    }
    result = complete(control, neighbor, &config, err);
    if (result != E_OK)
        return result;
    result = peer_new(control->speaker, config, &peer, err);
    release(config);
    return result;
}

int control_peer_delete(struct control *control, const struct peer_name *name, const char *communication,
                        struct err *err)
{
    char text[ADDR_TEXT_MAX];
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    struct peer *peer = peer_find(control->speaker, &name->address, name->interface);
    if (peer == NULL)
        return err_set(err, E_NOT_FOUND, "can't delete a peer configuration for %s", peer_name_format(name, text));
    peer_deconfigure(peer, communication);
    peer_free(peer);
    return E_OK;
}

int control_peer_update(struct control *control, const struct neighbor_config *neighbor, bool *needs_soft_reset_in,
                        struct err *err)
{
    struct peer_name name = {.address = neighbor->address};
    struct neighbor_config *config;
    memcpy(name.interface, neighbor->interface, sizeof(name.interface));
    *needs_soft_reset_in = false;
    struct peer *peer = control_need_peer(control, &name, err);
    if (peer == NULL)
        return E_NOT_FOUND;
    int result = complete(control, neighbor, &config, err);
    if (result != E_OK)
        return result;
    if (peer_configure(peer, config, needs_soft_reset_in))
        *needs_soft_reset_in = false; /* everything comes anew */
    release(config);
    return E_OK;
}

/* One peer, or all of them when `name` is NULL. */
static int for_peers(struct control *control, const struct peer_name *name, void (*act)(struct peer *peer, void *what),
                     void *what, struct err *err)
{
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    if (name != NULL) {
        struct peer *peer = control_need_peer(control, name, err);
        if (peer == NULL)
            return E_NOT_FOUND;
        act(peer, what);
        return E_OK;
    }
    list_foreach_safe (peer, &control->speaker->peers, struct peer, link) {
        act(peer, what);
    }
    return E_OK;
}

static void act_reset(struct peer *peer, void *communication)
{
    peer_reset(peer, communication);
}

static void act_shutdown(struct peer *peer, void *communication)
{
    peer_shutdown(peer, communication);
}

static void act_disable(struct peer *peer, void *communication)
{
    peer_disable(peer, communication);
}

static void act_enable(struct peer *peer, void *unused)
{
    (void)unused;
    peer_enable(peer);
}

static void act_soft_reset(struct peer *peer, void *what)
{
    enum soft_reset direction = *(const enum soft_reset *)what;
    if (direction != SOFT_RESET_OUT)
        peer_soft_reset_in(peer);
    if (direction != SOFT_RESET_IN)
        peer_soft_reset_out(peer);
}

int control_peer_reset(struct control *control, const struct peer_name *name, const char *communication,
                       struct err *err)
{
    return for_peers(control, name, act_reset, (void *)communication, err);
}

int control_peer_soft_reset(struct control *control, const struct peer_name *name, enum soft_reset direction,
                            struct err *err)
{
    return for_peers(control, name, act_soft_reset, &direction, err);
}

int control_peer_shutdown(struct control *control, const struct peer_name *name, const char *communication,
                          struct err *err)
{
    return for_peers(control, name, act_shutdown, (void *)communication, err);
}

int control_peer_enable(struct control *control, const struct peer_name *name, struct err *err)
{
    return for_peers(control, name, act_enable, NULL, err);
}

int control_peer_disable(struct control *control, const struct peer_name *name, const char *communication,
                         struct err *err)
{
    return for_peers(control, name, act_disable, (void *)communication, err);
}

static void act_graceful_shutdown(struct peer *peer, void *unused)
{
    (void)unused;
    if (peer->established)
        peer_graceful_shutdown_changed(peer);
}

int control_graceful_shutdown(struct control *control, const struct peer_name *name, enum graceful_shutdown_wish wish,
                              bool *is_on, struct err *err)
{
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    struct peer *peer = name != NULL ? control_need_peer(control, name, err) : NULL;
    if (name != NULL && peer == NULL)
        return E_NOT_FOUND;
    struct global_config *global = &control->speaker->global;
    bool *said = peer != NULL ? &peer->config.peer.graceful_shutdown : &global->graceful_shutdown;
    bool before = *said;
    if (wish != GRACEFUL_SHUTDOWN_ASK)
        *said = wish == GRACEFUL_SHUTDOWN_ON;
    *is_on = peer != NULL ? peer_shuts_down_gracefully(peer) : global->graceful_shutdown;
    return *said != before ? for_peers(control, name, act_graceful_shutdown, NULL, err) : E_OK;
}

/* Views ------------------------------------------------------------------------------------------------------------ */

static void view_family(struct peer *peer, enum family_id family, struct peer_family_view *view)
{
    const struct peer_family *state = &peer->families[family];
    const struct speaker_table *table = peer_table(peer, family);
    *view = (struct peer_family_view){.family = family, .negotiated = state->negotiated};
    if (table == NULL || peer->source >= table->rib->source_count)
        return;
    const struct rib_source *source = rib_source(table->rib, peer->source);
    view->long_lived = restart_phase_of(peer, family) == RESTART_LONG_LIVED;
    if (restart_phase_of(peer, family) != RESTART_NONE) {
        view->stale = source->stale;
        view->received = source->received;
        view->accepted = source->accepted;
    } else if (state->negotiated) {
        view->received = source->received - source->stale;
        view->accepted = source->accepted < view->received ? source->accepted : view->received;
    }
    view->end_of_rib_received = state->negotiated && state->end_of_rib_received;
    if (state->outbox != NULL && state->outbox->group != NULL) {
        view->advertised = update_group_told_count(state->outbox->group, state->outbox);
        view->end_of_rib_sent = state->outbox->end_of_rib_sent;
        view->backlog_bytes = outbox_backlog(state->outbox);
        view->behind = state->outbox->behind || state->outbox->catch_up != NULL;
    }
}

static void view_peer(struct peer *peer, struct session_status *status,
                      void (*show)(void *context, const struct peer_view *view), void *context)
{
    struct peer_family_view families[FAMILY_COUNT];
    uint32_t count = 0;
    status->received.withdraw_update = peer->withdraw_updates;
    status->received.withdraw_prefix = peer->withdraw_prefixes;
    for (unsigned i = 0; i < FAMILY_COUNT; i++)
        if (peer->families[i].configured || peer->families[i].negotiated)
            view_family(peer, i, &families[count++]);
    struct peer_view view = {
        .config = &peer->config,
        .address = peer->at.addr,
        .dynamic = peer->dynamic,
        .local_as = peer->local_as,
        .type = peer->ibgp ? PEER_TYPE_INTERNAL : PEER_TYPE_EXTERNAL,
        .admin_state = (enum peer_admin_state)peer->admin,
        .peer_restarting = peer->graceful != NULL,
        .local_restarting = peer->speaker->deferral.active && peer->config.peer.graceful_restart.enabled,
        .session = status,
        .family_count = count,
        .families = families,
    };
    show(context, &view);
}

void control_view_peer(struct peer *peer, void (*show)(void *context, const struct peer_view *view), void *context)
{
    struct link_snapshot snapshot;
    link_status(peer->session, &snapshot);
    view_peer(peer, &snapshot.status, show, context);
}

/* Peers to be shown, in batches: a session's status may have to be waited for, so it is asked for many at a time. */
enum { VIEW_BATCH = CONTROL_PEERS_AT_ONCE };

struct view_batch {
    struct peer *peers[VIEW_BATCH];
    struct link *links[VIEW_BATCH];
    struct link_snapshot snapshots[VIEW_BATCH];
    size_t count;
    void (*show)(void *context, const struct peer_view *view);
    void *context;
};

static struct view_batch *view_batch_new(void (*show)(void *context, const struct peer_view *view), void *context)
{
    struct view_batch *batch = mem_alloc(MEM_OTHER, sizeof(*batch)); /* the snapshots are written when needed */
    batch->count = 0;
    batch->show = show;
    batch->context = context;
    return batch;
}

static void view_batch_show(struct view_batch *batch)
{
    link_status_many(batch->links, batch->count, batch->snapshots);
    for (size_t i = 0; i < batch->count; i++)
        view_peer(batch->peers[i], &batch->snapshots[i].status, batch->show, batch->context);
    batch->count = 0;
}

static void view_batch_add(struct view_batch *batch, struct peer *peer)
{
    batch->peers[batch->count] = peer;
    batch->links[batch->count++] = peer->session;
    if (batch->count == VIEW_BATCH)
        view_batch_show(batch);
}

size_t control_peer_list(struct control *control, const struct peer_name *name,
                         void (*show)(void *context, const struct peer_view *view), void *context)
{
    if (name != NULL)
        return control_peer_list_named(control, name, 1, show, context);
    if (!control->speaker->started)
        return 0;
    size_t count = 0;
    struct view_batch *batch = view_batch_new(show, context);
    list_foreach (peer, &control->speaker->peers, struct peer, link) {
        view_batch_add(batch, peer);
        count++;
    }
    view_batch_show(batch);
    mem_free(MEM_OTHER, batch);
    return count;
}

size_t control_peer_list_named(struct control *control, const struct peer_name *names, size_t name_count,
                               void (*show)(void *context, const struct peer_view *view), void *context)
{
    if (!control->speaker->started)
        return 0;
    size_t count = 0;
    struct view_batch *batch = view_batch_new(show, context);
    for (size_t i = 0; i < name_count; i++) {
        struct peer *peer = peer_find(control->speaker, &names[i].address, names[i].interface);
        if (peer == NULL)
            continue;
        view_batch_add(batch, peer);
        count++;
    }
    view_batch_show(batch);
    mem_free(MEM_OTHER, batch);
    return count;
}

/* Is the peer behind this name in the order of the list? */
static bool is_behind(const struct peer *peer, const struct peer_name *name)
{
    int order = addr_compare(&peer->config.address, &name->address);
    return order > 0 || (order == 0 && strcmp(peer->config.interface, name->interface) > 0);
}

size_t control_peer_list_after(struct control *control, const struct peer_name *after, size_t limit,
                               void (*show)(void *context, const struct peer_view *view), void *context)
{
    if (!control->speaker->started)
        return 0;
    size_t count = 0;
    struct view_batch *batch = view_batch_new(show, context);
    CHECK(limit <= CONTROL_PEERS_AT_ONCE);
    list_foreach (peer, &control->speaker->peers, struct peer, link) {
        if (count == limit)
            break;
        if (after != NULL && !is_behind(peer, after))
            continue;
        view_batch_add(batch, peer);
        count++;
    }
    view_batch_show(batch);
    mem_free(MEM_OTHER, batch);
    return count;
}

void control_peer_names(struct control *control, void (*note)(void *context, const struct peer_name *name),
                        void *context)
{
    list_foreach (peer, &control->speaker->peers, struct peer, link) {
        struct peer_name name = peer_name_of(peer);
        note(context, &name);
    }
}
