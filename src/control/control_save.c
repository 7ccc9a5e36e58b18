/* The running configuration as a file.
 *
 * Whatever file, API and commands have made of the speaker is gathered into a struct config, as if it had been read,
 * and printed by the schema. Members of a group then say only what the group does not; dynamic neighbours come by
 * themselves and are left to their ranges. Some of what runs has no key: that is told, never dropped in silence.
 */
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/mem.h"
#include "control/control_policy.h"
#include "control/internal.h"
#include "speaker/dynamic_peers.h"

enum { LINE_BYTES = 256 };

struct save {
    struct control *control;
    struct config config;
    struct policy_definitions policies;
    struct set_spec *sets;
    struct policy_spec *policy_specs;
    size_t capacity; /* of the list being gathered */
    struct arena arena;
    void (*left_out)(void *context, const char *line);
    void *context;
};

__attribute__((format(printf, 2, 3))) static void leave_out(struct save *save, const char *format, ...)
{
    char text[LINE_BYTES];
    struct str line = str_over(text, sizeof(text));
    va_list arguments;
    va_start(arguments, format);
    str_vprintf(&line, format, arguments);
    va_end(arguments);
    if (save->left_out != NULL)
        save->left_out(save->context, text);
}

/* Room for one more element of a list; returns its place. */
static void *grow(void **list, size_t *count, size_t size, size_t *capacity)
{
    if (*count == *capacity) {
        *capacity = *capacity != 0 ? *capacity * 2 : 16;
        *list = mem_realloc(MEM_CONFIG, *list, *capacity * size);
    }
    return (uint8_t *)*list + (*count)++ * size;
}

/* Policies --------------------------------------------------------------------------------------------------------- */

static void *copy_of(struct save *save, const void *from, size_t bytes)
{
    void *copy = arena_alloc(&save->arena, bytes + 1);
    CHECK(copy != NULL); /* it has no ceiling */
    if (bytes > 0)
        memcpy(copy, from, bytes);
    return copy;
}

/* Members are handed out for the moment only. */
static void take_set(void *context, const struct set_spec *set)
{
    struct save *save = context;
    void *list = save->sets;
    struct set_spec *copy = grow(&list, &save->policies.set_count, sizeof(*set), &save->capacity);
    save->sets = list;
    *copy = *set;
    if (set->type == SET_PREFIX) {
        copy->prefixes = copy_of(save, set->prefixes, set->count * sizeof(*set->prefixes));
        return;
    }
    const char **texts = copy_of(save, set->texts, set->count * sizeof(*set->texts));
    for (size_t i = 0; i < set->count; i++)
        texts[i] = copy_of(save, set->texts[i], strlen(set->texts[i]) + 1);
    copy->texts = texts;
}

/* So is the list of a policy's statements; what they say is good until the table changes, which it does not here. */
static void take_policy(void *context, const struct policy_spec *policy)
{
    struct save *save = context;
    void *list = save->policy_specs;
    struct policy_spec *copy = grow(&list, &save->policies.policy_count, sizeof(*policy), &save->capacity);
    save->policy_specs = list;
    *copy = *policy;
    copy->statements = copy_of(save, policy->statements, policy->statement_count * sizeof(*policy->statements));
}

static bool stands_in_a_policy(const struct save *save, const char *statement)
{
    for (size_t i = 0; i < save->policies.policy_count; i++) {
        const struct policy_spec *policy = &save->policy_specs[i];
        for (size_t j = 0; j < policy->statement_count; j++)
            if (strcmp(policy->statements[j].name, statement) == 0)
                return true;
    }
    return false;
}

static void note_statement(void *context, const struct statement_spec *statement)
{
    struct save *save = context;
    if (!stands_in_a_policy(save, statement->name))
        leave_out(save, "statement %s: in no policy", statement->name);
}

static void gather_policies(struct save *save)
{
    for (unsigned type = 0; type < SET_NEXT_HOP; type++)
        control_set_list(save->control, type, NULL, take_set, save);
    save->capacity = 0;
    control_policy_list(save->control, NULL, take_policy, save);
    control_statement_list(save->control, NULL, note_statement, save);
    save->policies.sets = save->sets;
    save->policies.policies = save->policy_specs;
    if (save->policies.set_count + save->policies.policy_count > 0)
        save->config.policies = &save->policies;
}

struct assigned {
    struct save *save;
    char (*names)[CONFIG_NAME_MAX];
    uint8_t *count;
    uint8_t *default_action;
};

static void take_assignment(void *context, const struct assignment_spec *assignment)
{
    struct assigned *assigned = context;
    *assigned->count = 0;
    for (size_t i = 0; i < assignment->policy_count; i++) {
        const char *name = assignment->policies[i];
        if (*assigned->count == CONFIG_POLICIES_MAX || strlen(name) >= CONFIG_NAME_MAX) {
            leave_out(assigned->save, "%s: policy %s is one too many, or its name too long", assignment->target, name);
            continue;
        }
        struct str str = str_over(assigned->names[(*assigned->count)++], CONFIG_NAME_MAX);
        str_add(&str, name);
    }
    *assigned->default_action = (uint8_t)assignment->default_action;
}

/* What is assigned now, in place of what was configured. */
static void gather_assignments(struct save *save, const char *target, struct apply_policy_config *apply)
{
    struct assigned import = {save, apply->import_policies, &apply->import_count, &apply->default_import};
    struct assigned export = {save, apply->export_policies, &apply->export_count, &apply->default_export};
    control_assignment_show(save->control, target, POLICY_IMPORT, take_assignment, &import, NULL);
    control_assignment_show(save->control, target, POLICY_EXPORT, take_assignment, &export, NULL);
}

/* Neighbours, groups, ranges --------------------------------------------------------------------------------------- */

static void gather_neighbors(struct save *save)
{
    size_t capacity = 0;
    void *list = NULL;
    char name[ADDR_TEXT_MAX];
    list_foreach (peer, &save->control->speaker->peers, struct peer, link) {
        if (peer->dynamic)
            continue;
        struct neighbor_config *neighbor = grow(&list, &save->config.neighbor_count, sizeof(*neighbor), &capacity);
        *neighbor = peer->config;
        gather_assignments(save, peer_name(peer, name), &neighbor->peer.apply_policy);
    }
    save->config.neighbors = list;
}

static void gather_groups(struct save *save)
{
    size_t capacity = 0;
    void *list = NULL;
    list_foreach (group, &save->control->groups, struct control_group, link) {
        *(struct peer_group_config *)grow(&list, &save->config.peer_group_count, sizeof(group->config), &capacity) =
            group->config;
    }
    save->config.peer_groups = list;
}

static void take_range(void *context, const struct dynamic_neighbor_config *range)
{
    struct save *save = context;
    void *list = save->config.dynamic_neighbors;
    *(struct dynamic_neighbor_config *)grow(&list, &save->config.dynamic_neighbor_count, sizeof(*range),
                                            &save->capacity) = *range;
    save->config.dynamic_neighbors = list;
}

static void take_dump(void *context, const struct mrt_dump_config *dump)
{
    struct save *save = context;
    void *list = save->config.mrt_dumps;
    *(struct mrt_dump_config *)grow(&list, &save->config.mrt_dump_count, sizeof(*dump), &save->capacity) = *dump;
    save->config.mrt_dumps = list;
}

static void take_rpki_server(void *context, const struct rtr_server_view *server)
{
    struct save *save = context;
    void *list = save->config.rpki_servers;
    *(struct rpki_server_config *)grow(&list, &save->config.rpki_server_count, sizeof(*server->config),
                                       &save->capacity) = *server->config;
    save->config.rpki_servers = list;
}

static void take_station(void *context, const struct station_view *station)
{
    struct save *save = context;
    void *list = save->config.bmp_servers;
    *(struct bmp_server_config *)grow(&list, &save->config.bmp_server_count, sizeof(*station->config),
                                      &save->capacity) = *station->config;
    save->config.bmp_servers = list;
}

static void note_routes(struct save *save)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        struct speaker_table *table = speaker_table(save->control->speaker, family);
        uint64_t count = table != NULL ? rib_source(table->rib, RIB_SOURCE_LOCAL)->received : 0;
        if (count > 0)
            leave_out(save, "%s: %llu %s added through the API: a configuration has no place for routes",
                      family_get(family)->config_name, (unsigned long long)count, count == 1 ? "route" : "routes");
    }
}

static void release(struct save *save)
{
    for (size_t i = 0; i < save->config.neighbor_count; i++)
        explicit_bzero(save->config.neighbors[i].peer.auth_password,
                       sizeof(save->config.neighbors[i].peer.auth_password));
    for (size_t i = 0; i < save->config.peer_group_count; i++)
        explicit_bzero(save->config.peer_groups[i].peer.auth_password,
                       sizeof(save->config.peer_groups[i].peer.auth_password));
    mem_free(MEM_CONFIG, save->config.neighbors);
    mem_free(MEM_CONFIG, save->config.peer_groups);
    mem_free(MEM_CONFIG, save->config.dynamic_neighbors);
    mem_free(MEM_CONFIG, save->config.mrt_dumps);
    mem_free(MEM_CONFIG, save->config.rpki_servers);
    mem_free(MEM_CONFIG, save->config.bmp_servers);
    mem_free(MEM_CONFIG, save->sets);
    mem_free(MEM_CONFIG, save->policy_specs);
    arena_release(&save->arena);
}

int control_save(struct control *control, const struct save_options *options, struct text *out,
                 void (*left_out)(void *context, const char *line), void *context, struct err *err)
{
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    struct save save = {.control = control, .left_out = left_out, .context = context};
    arena_init(&save.arena, 0);
    save.config.global = control->speaker->global;
    gather_assignments(&save, POLICY_TARGET_GLOBAL, &save.config.global.apply_policy);
    gather_neighbors(&save);
    gather_groups(&save);
    dynamic_range_list(control->speaker, NULL, take_range, &save);
    save.capacity = 0;
    if (control->mrt != NULL)
        mrt_dumps_list(control->mrt, take_dump, &save);
    save.capacity = 0;
    rtr_servers_list(control->rpki, take_rpki_server, &save);
    save.capacity = 0;
    control_bmp_list(control, take_station, &save);
    save.capacity = 0;
    gather_policies(&save);
    note_routes(&save);
    result = config_print(&save.config, options->format, !options->without_secrets, out);
    release(&save);
    return result < 0 ? err_set(err, result, "the configuration is too long") : result;
}
