/* See control.h. Here: the speaker as a whole, and applying configurations. */
#include "control/control.h"

#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/internal.h"
#include "speaker/policy_run.h"
#include "speaker/dynamic_peers.h"

enum {
    STOP_POLL_MS = 10,
    STOP_LIMIT_MS = 2000,
};

static void stop_poll(struct loop_timer *timer);

struct control *control_new(struct loop *loop, struct transport *transport)
{
    struct control *control = mem_zalloc(MEM_OTHER, sizeof(*control));
    control->loop = loop;
    control->transport = transport;
    control->speaker = speaker_new(loop, transport);
    list_init(&control->groups);
    list_init(&control->walks);
    list_init(&control->roa_walks);
    loop_timer_init(&control->stopping, loop, stop_poll);
    return control;
}

static void close_speaker(struct control *control)
{
    loop_timer_stop(&control->stopping);
    roa_walks_stop(control);
    rtr_servers_free(control->rpki);
    control->rpki = NULL;
    mrt_dumps_free(control->mrt);
    control->mrt = NULL;
    bmp_stations_free(control->bmp);
    control->bmp = NULL;
    path_walks_stop(control);
    why_answer_free(control->why);
    control->why = NULL;
    policy_tested_free(control->tested);
    control->tested = NULL;
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        prefix_index_free(control->indexes[i]);
        control->indexes[i] = NULL;
    }
    speaker_stop(control->speaker);
    list_foreach_safe (group, &control->groups, struct control_group, link) {
        list_remove(&group->link);
        mem_free(MEM_CONFIG, group);
    }
    config_free(control->applied);
    control->applied = NULL;
}

void control_free(struct control *control)
{
    if (control == NULL)
        return;
    close_speaker(control);
    speaker_free(control->speaker);
    mem_free(MEM_OTHER, control);
}

int control_need_started(const struct control *control, struct err *err)
{
    if (control->speaker->started && !loop_timer_running(&control->stopping))
        return E_OK;
    return err_set(err, E_STATE, "bgp server hasn't started yet");
}

bool control_started(const struct control *control)
{
    return control_need_started(control, NULL) == E_OK;
}

const struct global_config *control_global(const struct control *control)
{
    return control_started(control) ? &control->speaker->global : NULL;
}

void control_set_restarted(struct control *control)
{
    control->speaker->restarted = true;
}

uint32_t control_restart_promise_s(const struct control *control)
{
    return deferral_promise_s(control->speaker);
}

int control_start(struct control *control, const struct global_config *global, struct err *err)
{
    if (control->speaker->started)
        return err_set(err, E_STATE, "bgp server is already running as AS %u", control->speaker->global.as);
    struct global_config *complete = mem_alloc(MEM_CONFIG, sizeof(*complete));
    *complete = *global;
    int result = global_config_complete(complete, err);
    if (result == E_OK)
        result = speaker_start(control->speaker, complete, err);
    mem_free(MEM_CONFIG, complete);
    return result;
}

/* Stopping: say goodbye, give the bytes time to leave, then close. */

static bool anybody_talks(const struct control *control)
{
    list_foreach (peer, &control->speaker->peers, struct peer, link) {
        if (peer_session_state(peer) != SESSION_IDLE)
            return true;
    }
    return false;
}

static void stop_poll(struct loop_timer *timer)
{
    struct control *control = container_of(timer, struct control, stopping);
    if (anybody_talks(control) && mono_before(loop_now(control->loop), control->stop_deadline)) {
        loop_timer_start(timer, STOP_POLL_MS);
        return;
    }
    close_speaker(control);
    if (control->stopped != NULL)
        control->stopped(control->stopped_context);
}

void control_stop(struct control *control, const char *communication, void (*done)(void *context), void *context)
{
    control->stopped = done;
    control->stopped_context = context;
    list_foreach (peer, &control->speaker->peers, struct peer, link) {
        if (communication != NULL && communication[0] != '\0')
            peer_disable(peer, communication);
        else
            peer_deconfigure(peer, NULL);
    }
    control->stop_deadline = mono_add_ms(loop_now(control->loop), STOP_LIMIT_MS);
    loop_timer_start(&control->stopping, STOP_POLL_MS);
}

/* Applying a configuration ----------------------------------------------------------------------------------------- */

struct apply {
    struct control *control;
    void (*line)(void *context, const char *text);
    void *context;
};

static void report(struct apply *apply, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void report(struct apply *apply, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    struct str line = str_over(text, sizeof(text));
    str_vprintf(&line, format, arguments);
    va_end(arguments);
    log_info("config", NULL, "%s", text);
    if (apply->line != NULL)
        apply->line(apply->context, text);
}

static void neighbor_text(const struct neighbor_config *neighbor, char text[ADDR_TEXT_MAX])
{
    struct peer_name name = {.address = neighbor->address};
    memcpy(name.interface, neighbor->interface, sizeof(name.interface));
    peer_name_format(&name, text);
}

static void apply_neighbor(void *context, enum config_change change, const struct neighbor_config *before,
                           const struct neighbor_config *after)
{
    struct apply *apply = context;
    struct control *control = apply->control;
    char name[ADDR_TEXT_MAX];
    struct err err = {0};
    const struct neighbor_config *either = after ? after : before;
    struct peer *peer = peer_find(control->speaker, &either->address, either->interface);
    neighbor_text(either, name);
    if (change == CONFIG_REMOVED) {
        if (peer == NULL)
            return;
        peer_deconfigure(peer, NULL);
        peer_free(peer);
        report(apply, "neighbor %s: removed", name);
    } else if (peer != NULL) {
        bool in_matters;
        bool reset = peer_configure(peer, after, &in_matters);
        if (in_matters && !reset)
            peer_soft_reset_in(peer);
        report(apply, "neighbor %s: changed%s", name, reset ? ", session reset" : " in place");
    } else if (peer_new(control->speaker, after, &peer, &err) != E_OK) {
        report(apply, "neighbor %s: not added: %s", name, err.text);
    } else {
        report(apply, "neighbor %s: added", name);
    }
}

static void apply_group(void *context, enum config_change change, const struct peer_group_config *before,
                        const struct peer_group_config *after)
{
    struct apply *apply = context;
    struct control_group *group = control_group_find(apply->control, (after ? after : before)->name);
    if (change == CONFIG_REMOVED) {
        if (group == NULL)
            return;
        dynamic_ranges_remove_group(apply->control->speaker, before->name);
        list_remove(&group->link);
        mem_free(MEM_CONFIG, group);
        report(apply, "peer-group %s: removed", before->name);
        return;
    }
    if (group == NULL) {
        group = mem_zalloc(MEM_CONFIG, sizeof(*group));
        list_append(&apply->control->groups, &group->link);
    }
    bool in_matters = false;
    struct err err = {0};
    group->config = *after;
    if (dynamic_ranges_regroup(apply->control->speaker, after, &in_matters, &err) < 0)
        report(apply, "peer-group %s: not for all dynamic neighbors: %s", after->name, err.text);
    list_foreach (peer, &apply->control->speaker->peers, struct peer, link) {
        if (in_matters && peer->dynamic && strcmp(peer->config.peer_group, after->name) == 0)
            peer_soft_reset_in(peer);
    }
    report(apply, "peer-group %s: %s", after->name, change == CONFIG_ADDED ? "added" : "changed");
}

/* A changed range is one that went to another group. */
static void apply_dynamic_neighbor(void *context, enum config_change change,
                                   const struct dynamic_neighbor_config *before,
                                   const struct dynamic_neighbor_config *after)
{
    struct apply *apply = context;
    char text[PREFIX_TEXT_MAX];
    struct err err = {0};
    prefix_format(&(after ? after : before)->prefix, text);
    if (before != NULL) /* its group may have taken it along */
        control_dynamic_neighbor_delete(apply->control, before, NULL);
    if (change == CONFIG_REMOVED)
        report(apply, "dynamic neighbors %s: removed", text);
    else if (control_dynamic_neighbor_add(apply->control, after, &err) < 0)
        report(apply, "dynamic neighbors %s: not added: %s", text, err.text);
    else
        report(apply, "dynamic neighbors %s: %s", text, change == CONFIG_ADDED ? "added" : "changed");
}

/* A changed dump begins anew. */
static void apply_mrt_dump(void *context, enum config_change change, const struct mrt_dump_config *before,
                           const struct mrt_dump_config *after)
{
    struct apply *apply = context;
    const char *name = (after ? after : before)->file_name;
    struct err err = {0};
    if (before != NULL) /* the API may have ended it */
        control_mrt_disable(apply->control, name, NULL);
    if (change == CONFIG_REMOVED)
        report(apply, "mrt-dump %s: removed", name);
    else if (control_mrt_enable(apply->control, after, &err) < 0)
        report(apply, "mrt-dump %s: not added: %s", name, err.text);
    else
        report(apply, "mrt-dump %s: %s", name, change == CONFIG_ADDED ? "added" : "changed");
}

static void apply_rpki_server(void *context, enum config_change change, const struct rpki_server_config *before,
                              const struct rpki_server_config *after)
{
    struct apply *apply = context;
    const struct rpki_server_config *server = after ? after : before;
    struct err err = {0};
    if (before != NULL) /* the API may have removed it */
        control_rpki_remove(apply->control, before->address, before->port, NULL);
    if (change == CONFIG_REMOVED)
        report(apply, "rpki-servers %s port %u: removed", server->address, server->port);
    else if (control_rpki_add(apply->control, after, &err) < 0)
        report(apply, "rpki-servers %s port %u: not added: %s", server->address, server->port, err.text);
    else
        report(apply, "rpki-servers %s port %u: %s", server->address, server->port,
               change == CONFIG_ADDED ? "added" : "changed");
}

/* A changed station is told everything anew. */
static void apply_bmp_server(void *context, enum config_change change, const struct bmp_server_config *before,
                             const struct bmp_server_config *after)
{
    struct apply *apply = context;
    char name[ENDPOINT_TEXT_MAX];
    const struct bmp_server_config *either = after ? after : before;
    struct endpoint endpoint = {.addr = either->address, .port = either->port};
    struct err err = {0};
    endpoint_format(&endpoint, name);
    if (before != NULL) /* the API may have deleted it */
        control_bmp_delete(apply->control, &before->address, before->port, NULL);
    if (change == CONFIG_REMOVED)
        report(apply, "bmp-server %s: removed", name);
    else if (control_bmp_add(apply->control, after, &err) < 0)
        report(apply, "bmp-server %s: not added: %s", name, err.text);
    else
        report(apply, "bmp-server %s: %s", name, change == CONFIG_ADDED ? "added" : "changed");
}

static void apply_global(void *context, const char *key)
{
    report(context, "%s: changed, but only a restart applies it", key);
}

static void apply_policies(void *context, const struct config *before, const struct config *after)
{
    struct apply *apply = context;
    control_apply_policies(apply->control, before, after);
    report(apply, "policies: %s", before->policies != NULL ? "changed" : "defined");
}

static const struct config_diff_ops apply_ops = {
    .policies = apply_policies,
    .neighbor = apply_neighbor,
    .peer_group = apply_group,
    .dynamic_neighbor = apply_dynamic_neighbor,
    .mrt_dump = apply_mrt_dump,
    .rpki_server = apply_rpki_server,
    .bmp_server = apply_bmp_server,
    .global = apply_global,
};

int control_apply(struct control *control, struct config *config, void (*line)(void *context, const char *text),
                  void *context, struct err *err)
{
    struct apply apply = {.control = control, .line = line, .context = context};
    struct config nothing = {.global = config->global};
    if (!control->speaker->started) {
        int result = control_start(control, &config->global, err);
        if (result != E_OK)
            return result;
    }
    config_diff(control->applied ? control->applied : &nothing, config, &apply_ops, &apply);
    policy_run_changed(control->speaker);
    config_free(control->applied);
    control->applied = config;
    return E_OK;
}

const struct config *control_applied(const struct control *control)
{
    return control->applied;
}
