/* See link.h. Here: the calls, and the link without a thread in between. */
#include "speaker/link.h"

#include "base/check.h"
#include "base/mem.h"
#include "speaker/link_kind.h"

struct link *link_new(const struct link_place *place, const struct session_config *config, const struct link_ops *ops,
                      void *owner)
{
    return place->thread != NULL ? threaded_link_new(place, config, ops, owner)
                                 : direct_link_new(place, config, ops, owner);
}

void link_free(struct link *link)
{
    link->kind->free(link);
}

void link_start(struct link *link)
{
    link->kind->start(link);
}

void link_stop(struct link *link, const struct notification *notification, enum session_end end)
{
    link->kind->stop(link, notification, end);
}

void link_reset(struct link *link, const struct notification *notification, enum session_end end, uint32_t idle_hold_s)
{
    link->kind->reset(link, notification, end, idle_hold_s);
}

void link_configure(struct link *link, const struct session_config *config)
{
    link->kind->configure(link, config);
}

void link_accept(struct link *link, struct stream *stream)
{
    link->kind->accept(link, stream);
}

void link_output_ready(struct link *link)
{
    link->kind->output_ready(link);
}

void link_limit_unsent(struct link *link, uint32_t bytes)
{
    link->kind->limit_unsent(link, bytes);
}

void link_send_refresh(struct link *link, enum family_id family, enum refresh_kind kind)
{
    link->kind->send_refresh(link, family, kind);
}

void link_status(struct link *link, struct link_snapshot *snapshot)
{
    link->kind->status(&link, 1, snapshot);
}

void link_status_many(struct link *const *links, size_t count, struct link_snapshot *snapshots)
{
    if (count > 0)
        links[0]->kind->status(links, count, snapshots);
}

/* The direct kind -------------------------------------------------------------------------------------------------- */

struct direct_link {
    struct link base;
    struct session *session;
};

static struct direct_link *direct_of(struct link *link)
{
    return container_of(link, struct direct_link, base);
}

static void on_state_changed(struct session *session, enum session_state from, enum session_state to)
{
    struct link *link = session_owner(session);
    (void)from;
    link->ops->state_changed(link->owner, to);
}

static void on_established(struct session *session, const struct negotiated *negotiated)
{
    struct link *link = session_owner(session);
    struct session_status status;
    session_status(session, &status);
    link->ops->established(link->owner, negotiated, &status.local);
}

static void on_lost(struct session *session, const struct session_down *down)
{
    struct link *link = session_owner(session);
    link->ops->lost(link->owner, down->graceful);
}

static void on_update_ahead(struct session *session, const uint8_t *body, size_t length)
{
    struct link *link = session_owner(session);
    link->ops->update_ahead(link->owner, body, length);
}

static void on_update(struct session *session, const struct update *update)
{
    struct link *link = session_owner(session);
    link->ops->update(link->owner, update);
}

static void on_refresh(struct session *session, enum family_id family, enum refresh_kind kind)
{
    struct link *link = session_owner(session);
    link->ops->refresh(link->owner, family, kind);
}

static int on_output(struct session *session, struct iovec *pieces, int max_pieces)
{
    struct link *link = session_owner(session);
    return link->ops->output(link->owner, pieces, max_pieces);
}

static void on_output_written(struct session *session, size_t bytes)
{
    struct link *link = session_owner(session);
    link->ops->output_taken(link->owner, bytes);
}

static const struct session_ops direct_session_ops = {
    .state_changed = on_state_changed,
    .established = on_established,
    .lost = on_lost,
    .update_ahead = on_update_ahead,
    .update = on_update,
    .refresh = on_refresh,
    .output = on_output,
    .output_written = on_output_written,
};

static void direct_free(struct link *link)
{
    session_free(direct_of(link)->session);
    mem_free(MEM_PEER, direct_of(link));
}

static void direct_start(struct link *link)
{
    session_start(direct_of(link)->session);
}

static void direct_stop(struct link *link, const struct notification *notification, enum session_end end)
{
    session_stop(direct_of(link)->session, notification, end);
}

static void direct_reset(struct link *link, const struct notification *notification, enum session_end end,
                         uint32_t idle_hold_s)
{
    session_reset(direct_of(link)->session, notification, end, idle_hold_s);
}

static void direct_configure(struct link *link, const struct session_config *config)
{
    session_configure(direct_of(link)->session, config);
}

static void direct_accept(struct link *link, struct stream *stream)
{
    session_accept(direct_of(link)->session, stream);
}

static void direct_output_ready(struct link *link)
{
    session_output_ready(direct_of(link)->session);
}

static void direct_limit_unsent(struct link *link, uint32_t bytes)
{
    session_limit_unsent(direct_of(link)->session, bytes);
}

static void direct_send_refresh(struct link *link, enum family_id family, enum refresh_kind kind)
{
    session_send_refresh(direct_of(link)->session, family, kind);
}

static void direct_status(struct link *const *links, size_t count, struct link_snapshot *snapshots)
{
    for (size_t i = 0; i < count; i++)
        session_status(direct_of(links[i])->session, &snapshots[i].status);
}

static const struct link_kind direct_kind = {
    .free = direct_free,
    .start = direct_start,
    .stop = direct_stop,
    .reset = direct_reset,
    .configure = direct_configure,
    .accept = direct_accept,
    .output_ready = direct_output_ready,
    .limit_unsent = direct_limit_unsent,
    .send_refresh = direct_send_refresh,
    .status = direct_status,
};

struct link *direct_link_new(const struct link_place *place, const struct session_config *config,
                             const struct link_ops *ops, void *owner)
{
    struct direct_link *link = mem_zalloc(MEM_PEER, sizeof(*link));
    link->base = (struct link){.kind = &direct_kind, .ops = ops, .owner = owner};
    link->session = session_new(place->loop, place->transport, config, &direct_session_ops, link);
    return &link->base;
}
