/* Paths through the management interface: adding and deleting local ones, and the two kinds of view. */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "control/control.h"
#include "control/internal.h"
#include "speaker/originate.h"

enum { NS_PER_S = 1000000000 };

static int check_local(const struct local_path *path, struct err *err)
{
    struct attr_item item;
    int result = attr_block_check(path->attrs, path->attrs_length, err);
    if (result != E_OK)
        return result;
    if (!attr_find(path->attrs, path->attrs_length, ATTR_ORIGIN, &item))
        return err_set(err, E_INVALID, "an ORIGIN attribute is required");
    if (!attr_find(path->attrs, path->attrs_length, ATTR_NEXT_HOP, &item))
        return err_set(err, E_INVALID, "nexthop not found");
    return E_OK;
}

int control_path_add(struct control *control, const struct local_path *path, uint8_t uuid[UUID_BYTES], struct err *err)
{
    struct originated route = {.family = path->family, .prefix = path->prefix, .identifier = path->identifier};
    int result = control_need_started(control, err);
    if (result == E_OK)
        result = check_local(path, err);
    if (result == E_OK)
        result = originate_add(control->speaker->originate, &route, path->attrs, path->attrs_length, uuid, err);
    return result;
}

int control_path_delete(struct control *control, enum family_id family, const struct prefix *prefix,
                        uint32_t identifier)
{
    struct originated route = {.family = family, .prefix = *prefix, .identifier = identifier};
    if (control_started(control))
        originate_delete(control->speaker->originate, &route);
    return E_OK;
}

int control_path_delete_uuid(struct control *control, const uint8_t uuid[UUID_BYTES], struct err *err)
{
    int result = control_need_started(control, err);
    return result != E_OK ? result : originate_delete_uuid(control->speaker->originate, uuid, err);
}

void control_path_delete_all(struct control *control, enum family_id family)
{
    if (control_started(control))
        originate_delete_all(control->speaker->originate, family);
}

/* Views ------------------------------------------------------------------------------------------------------------ */

static void view_source(const struct control *control, struct rib *rib, source_id source, struct path_view *view)
{
    const struct rib_source *row = rib_source(rib, source);
    view->local = row->kind == SOURCE_LOCAL;
    view->from_external = row->kind == SOURCE_EXTERNAL;
    view->source_as = view->local ? control->speaker->global.as : row->as;
    view->source_id = row->router_id;
    view->neighbor = row->address;
}

static struct wall_time row_changed(const struct rib *rib, const struct prefix *prefix)
{
    row_id row = rib_find(rib, prefix);
    return (struct wall_time){.ns = row ? (int64_t)rib_row_changed_s(rib, row) * NS_PER_S : 0};
}

void control_view_path(const struct control *control, struct rib *rib, const struct prefix *prefix,
                       const struct rib_path *path, attr_id attrs, struct path_view *view)
{
    *view = (struct path_view){
        .family = rib->family,
        .prefix = *prefix,
        .path_id = path->path_id,
        .local_path_id = path->local_id,
        .received_at = row_changed(rib, prefix),
        .filtered = (path->flags & PATH_REJECT_MASK) != 0,
        .stale = rib_path_stale(rib, path),
        .next_hop_invalid = (path->flags & PATH_NEXT_HOP_DOWN) != 0,
    };
    view_source(control, rib, path->source, view);
    if (attrs == 0)
        return;
    const struct attr_set *set = attr_get(rib->view, attrs);
    view->attrs = attr_bytes(rib->view, set);
    view->attrs_length = set->wire_length;
}

void control_view_told(const struct control *control, const struct update_group *group, const struct prefix *prefix,
                       const struct told_path *told, struct buf *bytes, struct path_view *view)
{
    struct rib *rib = group->rib;
    struct export_rules rules = group->rules;
    struct export_path path;
    struct buf work, section;
    uint8_t next_hop[32];
    struct attr_edit edit;
    export_path_of(rib, told->attrs, told->source, &path);
    rules.four_octet_as = true; /* what is meant, not how an old speaker is told */
    buf_init(&work, 5 * ATTR_BLOCK_MAX);
    buf_init(&section, 2 * ATTR_BLOCK_MAX);
    unsigned next_hop_length = export_attributes(&rules, &path, &work, &section, next_hop);
    attr_edit_init(&edit, section.bytes, (uint32_t)section.length);
    attr_edit_set(&edit, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop, (uint16_t)next_hop_length);
    size_t from = bytes->length;
    attr_edit_finish(&edit, bytes);
    buf_release(&work);
    buf_release(&section);
    *view = (struct path_view){
        .family = rib->family,
        .prefix = *prefix,
        .local_path_id = told->path_id,
        .attrs = bytes->bytes + from,
        .attrs_length = (uint32_t)(bytes->length - from),
        .received_at = row_changed(rib, prefix),
    };
    view_source(control, rib, told->source, view);
}

/* The best first, then the others as the decision process would take them if the better ones went away. */
void control_sort_paths(const struct rib *rib, struct rib_path *paths, size_t count)
{
    struct decision_path *weighed = mem_alloc(MEM_OTHER, (count + 1) * sizeof(*weighed));
    for (size_t i = 0; i < count; i++)
        rib_decision_path(rib, &paths[i], (uint32_t)i, &weighed[i]);
    for (size_t first = 0; first + 1 < count; first++) {
        size_t best = first + decision_select(&rib->options.decision, weighed + first, count - first);
        struct decision_path weight = weighed[first];
        struct rib_path path = paths[first];
        weighed[first] = weighed[best];
        paths[first] = paths[best];
        weighed[best] = weight;
        paths[best] = path;
    }
    mem_free(MEM_OTHER, weighed);
}
