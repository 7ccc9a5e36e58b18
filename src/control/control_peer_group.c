/* Peer groups, and who may come without being configured, through the management interface; the texts are GoBGP's where
 * its users look for them. */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "control/control.h"
#include "control/internal.h"
#include "speaker/dynamic_peers.h"

struct control_group *control_group_find(struct control *control, const char *name)
{
    list_foreach (group, &control->groups, struct control_group, link) {
        if (strcmp(group->config.name, name) == 0)
            return group;
    }
    return NULL;
}

const struct peer_group_config *control_peer_group_find(struct control *control, const char *name)
{
    const struct control_group *group = control_group_find(control, name);
    return group != NULL ? &group->config : NULL;
}

int control_peer_group_add(struct control *control, const struct peer_group_config *config, struct err *err)
{
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    if (config->name[0] == '\0')
        return err_set(err, E_INVALID, "peer-group-name: a peer group needs a name");
    if (control_group_find(control, config->name) != NULL)
        return err_set(err, E_EXISTS, "can't overwrite the existing peer-group: %s", config->name);
    struct control_group *group = mem_zalloc(MEM_CONFIG, sizeof(*group));
    group->config = *config;
    list_append(&control->groups, &group->link);
    return E_OK;
}

int control_peer_group_delete(struct control *control, const char *name, struct err *err)
{
    char text[ADDR_TEXT_MAX];
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    struct control_group *group = control_group_find(control, name);
    if (group == NULL)
        return err_set(err, E_NOT_FOUND, "can't delete a peer-group %s which does not exist", name);
    list_foreach (peer, &control->speaker->peers, struct peer, link) {
        if (strcmp(peer->config.peer_group, name) == 0)
            return err_set(err, E_STATE, "failed to delete peer-group %s: neighbor %s is in use", name,
                           peer_name(peer, text));
    }
    dynamic_ranges_remove_group(control->speaker, name);
    list_remove(&group->link);
    explicit_bzero(group, sizeof(*group));
    mem_free(MEM_CONFIG, group);
    return E_OK;
}

/* Re-applied to every member. A member that cannot take it keeps what it had; the first such error is reported. */
int control_peer_group_update(struct control *control, const struct peer_group_config *config,
                              bool *needs_soft_reset_in, struct err *err)
{
    *needs_soft_reset_in = false;
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    struct control_group *group = control_group_find(control, config->name);
    if (group == NULL)
        return err_set(err, E_NOT_FOUND, "peer-group %s doesn't exist", config->name);
    group->config = *config;
    result = dynamic_ranges_regroup(control->speaker, config, needs_soft_reset_in, err);
    list_foreach_safe (peer, &control->speaker->peers, struct peer, link) {
        if (peer->dynamic || strcmp(peer->config.peer_group, config->name) != 0)
            continue;
        bool in_matters;
        struct err member_err;
        struct neighbor_config member = peer->config;
        int member_result = control_peer_update(control, &member, &in_matters, &member_err);
        *needs_soft_reset_in |= in_matters;
        if (member_result != E_OK && result == E_OK)
            result = err_set(err, member_result, "%s", member_err.text);
    }
    return result;
}

size_t control_peer_group_list(struct control *control, const char *name,
                               void (*show)(void *context, const struct peer_group_config *group), void *context)
{
    size_t count = 0;
    list_foreach_safe (group, &control->groups, struct control_group, link) {
        if (name != NULL && name[0] != '\0' && strcmp(group->config.name, name) != 0)
            continue;
        show(context, &group->config);
        count++;
    }
    return count;
}

/* Dynamic neighbours ----------------------------------------------------------------------------------------------- */

int control_dynamic_neighbor_add(struct control *control, const struct dynamic_neighbor_config *dynamic,
                                 struct err *err)
{
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    const struct control_group *group = control_group_find(control, dynamic->peer_group);
    if (group == NULL)
        return err_set(err, E_NOT_FOUND, "no such peer-group: %s", dynamic->peer_group);
    return dynamic_range_add(control->speaker, &dynamic->prefix, &group->config, err);
}

int control_dynamic_neighbor_delete(struct control *control, const struct dynamic_neighbor_config *dynamic,
                                    struct err *err)
{
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    return dynamic_range_remove(control->speaker, &dynamic->prefix, dynamic->peer_group, err);
}

size_t control_dynamic_neighbor_list(struct control *control, const char *group,
                                     void (*show)(void *context, const struct dynamic_neighbor_config *dynamic),
                                     void *context)
{
    if (!control->speaker->started)
        return 0;
    return dynamic_range_list(control->speaker, group, show, context);
}
