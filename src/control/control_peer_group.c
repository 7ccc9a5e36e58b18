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
    result = peer_group_config_complete(&group->config, &control->speaker->global, err);
    if (result == E_OK)
        list_append(&control->groups, &group->link);
    else
        mem_free(MEM_CONFIG, group);
    return result;
}

static int regroup_member(struct peer *peer, const struct peer_group_config *before,
                          const struct peer_group_config *after, bool *in_matters, struct err *err)
{
    struct neighbor_config member = peer->config;
    bool matters = false;
    int result = neighbor_config_regroup(&member, &peer->speaker->global, before, after, err);
    if (result == E_OK && !peer_configure(peer, &member, &matters)) /* after a reset everything comes anew */
        *in_matters |= matters;
    explicit_bzero(&member.peer.auth_password, sizeof(member.peer.auth_password));
    return result;
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

/* Reaches every member: what that says itself stays. A member that cannot take it keeps what it had; the first such
 * error is reported. */
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
    struct peer_group_config before = group->config, after = *config;
    result = peer_group_config_complete(&after, &control->speaker->global, err);
    if (result != E_OK)
        return result;
    group->config = after;
    result = dynamic_ranges_regroup(control->speaker, &after, needs_soft_reset_in, err);
    list_foreach_safe (peer, &control->speaker->peers, struct peer, link) {
        struct err member_err;
        char name[ADDR_TEXT_MAX];
        if (peer->dynamic || strcmp(peer->config.peer_group, after.name) != 0)
            continue;
        int member_result = regroup_member(peer, &before, &after, needs_soft_reset_in, &member_err);
        if (member_result != E_OK && result == E_OK)
            result = err_set(err, member_result, "neighbor %s: %s", peer_name(peer, name), member_err.text);
    }
    explicit_bzero(before.peer.auth_password, sizeof(before.peer.auth_password));
    explicit_bzero(after.peer.auth_password, sizeof(after.peer.auth_password));
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
