/* Next-hop tracking: who asks whom.
 *
 * The RIBs know their next hops and which rows those are in (rib/next_hops.h); the kernel knows the way to each
 * (io/kernel_routes.h). Changes come one by one and in bursts, so they are gathered for a moment before the RIBs ask
 * again; deciding anew runs as a task of its own, in slices, and the pipeline tells what came of it.
 *
 * Off, as in GoBGP without zebra, every next hop counts as reachable, and the IGP metric decides nothing.
 */
#include "speaker/next_hop_tracking.h"

#include "base/check.h"
#include "base/mem.h"
#include "io/kernel_routes.h"
#include "speaker/pipeline.h"
#include "speaker/speaker.h"

enum {
    GATHER_MS = 20,
    CHANGES_MAX = 64, /* more at once: everything is asked again */
};

struct next_hop_tracking {
    struct speaker *speaker;
    struct kernel_routes *kernel; /* NULL: a test answers */
    struct next_hop_source source;
    struct prefix changes[CHANGES_MAX];
    unsigned change_count;
    bool all_changed;
    struct loop_timer gather;
    struct loop_task work;
};

static bool is_usable(const struct speaker *speaker, enum kernel_route_kind kind)
{
    return kind == KERNEL_ROUTE_USABLE || (kind == KERNEL_ROUTE_DEFAULT && speaker->global.next_hop_via_default);
}

static void look_in_kernel(void *context, const struct addr *next_hop, struct next_hop_state *state)
{
    const struct next_hop_tracking *tracking = context;
    struct kernel_route route = kernel_route_to(tracking->kernel, next_hop);
    state->down = !is_usable(tracking->speaker, route.kind);
    bool counts = !tracking->speaker->global.route_selection.ignore_next_hop_igp_metric;
    state->metric = state->down || !counts ? 0 : route.metric;
}

static void look(void *context, const struct addr *next_hop, struct next_hop_state *state)
{
    const struct next_hop_tracking *tracking = context;
    tracking->source.look(tracking->source.context, next_hop, state);
}

static void wake(void *context)
{
    struct next_hop_tracking *tracking = context;
    loop_task_schedule(&tracking->work);
}

static bool run(struct loop_task *task)
{
    struct next_hop_tracking *tracking = container_of(task, struct next_hop_tracking, work);
    struct speaker *speaker = tracking->speaker;
    bool more = false;
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        if (speaker->tables[i].rib != NULL)
            more |= next_hops_run(speaker->tables[i].rib, speaker->tuning.walk_rows);
    pipeline_wake(speaker);
    return more;
}

static void tell_ribs(struct next_hop_tracking *tracking, const struct prefix *prefix)
{
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        if (tracking->speaker->tables[i].rib != NULL)
            next_hops_routes_changed(tracking->speaker->tables[i].rib->next_hops, prefix);
}

static void gathered(struct loop_timer *timer)
{
    struct next_hop_tracking *tracking = container_of(timer, struct next_hop_tracking, gather);
    if (tracking->all_changed)
        tell_ribs(tracking, NULL);
    for (unsigned i = 0; i < tracking->change_count && !tracking->all_changed; i++)
        tell_ribs(tracking, &tracking->changes[i]);
    tracking->change_count = 0;
    tracking->all_changed = false;
}

static void changed(void *context, const struct prefix *prefix)
{
    struct next_hop_tracking *tracking = context;
    if (prefix == NULL || tracking->change_count == CHANGES_MAX)
        tracking->all_changed = true;
    else
        tracking->changes[tracking->change_count++] = *prefix;
    if (!loop_timer_running(&tracking->gather))
        loop_timer_start(&tracking->gather, GATHER_MS);
}

void next_hop_tracking_changed(struct speaker *speaker, const struct prefix *prefix)
{
    if (speaker->next_hops != NULL)
        changed(speaker->next_hops, prefix);
}

int next_hop_tracking_start(struct speaker *speaker, struct err *err)
{
    bool by_test = speaker->next_hop_source.look != NULL;
    if (!by_test && (!speaker->global.next_hop_tracking || loop_is_simulated(speaker->loop)))
        return E_OK;
    struct next_hop_tracking *tracking = mem_zalloc(MEM_OTHER, sizeof(*tracking));
    tracking->speaker = speaker;
    tracking->source = speaker->next_hop_source;
    if (!by_test) {
        tracking->source = (struct next_hop_source){look_in_kernel, tracking};
        tracking->kernel = kernel_routes_new(speaker->loop, changed, tracking, err);
    }
    if (!by_test && tracking->kernel == NULL) {
        mem_free(MEM_OTHER, tracking);
        return err_prefix(err, E_IO, "godwit.next-hop-tracking");
    }
    loop_timer_init(&tracking->gather, speaker->loop, gathered);
    loop_task_init(&tracking->work, speaker->loop, run);
    speaker->next_hops = tracking;
    return E_OK;
}

void next_hop_tracking_stop(struct speaker *speaker)
{
    struct next_hop_tracking *tracking = speaker->next_hops;
    if (tracking == NULL)
        return;
    kernel_routes_free(tracking->kernel);
    loop_timer_stop(&tracking->gather);
    loop_task_cancel(&tracking->work);
    mem_free(MEM_OTHER, tracking);
    speaker->next_hops = NULL;
}

void next_hop_tracking_open(struct speaker *speaker, struct rib *rib)
{
    static const struct next_hop_ops ops = {.look = look, .wake = wake};
    if (speaker->next_hops != NULL)
        rib->next_hops = next_hops_new(&ops, speaker->next_hops);
}

const char *next_hop_tracking_why(struct speaker *speaker, const struct addr *next_hop)
{
    static const char *const texts[] = {
        [KERNEL_ROUTE_NONE] = "there is no route to it",
        [KERNEL_ROUTE_FORBIDDEN] = "the route to it says that it is not reachable",
        [KERNEL_ROUTE_DOWN] = "the interface that leads to it is down",
        [KERNEL_ROUTE_OWN] = "it is an address of our own",
        [KERNEL_ROUTE_DEFAULT] = "only the default route leads to it (godwit.next-hop-via-default)",
        [KERNEL_ROUTE_USABLE] = "there is a route to it just now",
    };
    const struct next_hop_tracking *tracking = speaker->next_hops;
    if (tracking == NULL || tracking->kernel == NULL)
        return texts[KERNEL_ROUTE_NONE];
    return texts[kernel_route_to(tracking->kernel, next_hop).kind];
}
