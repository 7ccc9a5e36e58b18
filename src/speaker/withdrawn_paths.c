/* See withdrawn_paths.h. */
#include "speaker/withdrawn_paths.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"

enum { CAPACITY_MIN = 256 };

void withdrawn_paths_init(struct withdrawn_paths *paths)
{
    *paths = (struct withdrawn_paths){0};
    id_table_init(&paths->index, MEM_GROUP);
}

void withdrawn_paths_release(struct withdrawn_paths *paths)
{
    id_table_release(&paths->index);
    mem_free(MEM_GROUP, paths->entries);
}

static uint32_t path_hash(row_id row, uint32_t path_id)
{
    const uint32_t key[2] = {row, path_id};
    return (uint32_t)hash_bytes(key, sizeof(key));
}

static uint32_t find(const struct withdrawn_paths *paths, uint32_t hash, row_id row, uint32_t path_id)
{
    struct id_probe probe;
    uint32_t id = id_probe_first(&paths->index, hash, &probe);
    while (id != 0 && (paths->entries[id - 1].row != row || paths->entries[id - 1].path_id != path_id))
        id = id_probe_next(&probe);
    return id;
}

void withdrawn_paths_note(struct withdrawn_paths *paths, row_id row, uint32_t path_id, uint32_t version)
{
    uint32_t hash = path_hash(row, path_id);
    uint32_t id = find(paths, hash, row, path_id);
    if (id != 0) {
        paths->entries[id - 1].version = version;
        return;
    }
    if (paths->count == paths->capacity) {
        paths->capacity = paths->capacity ? paths->capacity * 2 : CAPACITY_MIN;
        paths->entries = mem_realloc(MEM_GROUP, paths->entries, paths->capacity * sizeof(*paths->entries));
    }
    paths->entries[paths->count++] = (struct withdrawn_path){.row = row, .path_id = path_id, .version = version};
    CHECK(id_table_put(&paths->index, hash, paths->count));
}

static void forget(struct withdrawn_paths *paths, uint32_t at)
{
    const struct withdrawn_path *gone = &paths->entries[at];
    const struct withdrawn_path *last = &paths->entries[paths->count - 1];
    uint32_t last_hash = path_hash(last->row, last->path_id);
    id_table_remove(&paths->index, path_hash(gone->row, gone->path_id), at + 1);
    if (gone != last) {
        id_table_remove(&paths->index, last_hash, paths->count);
        paths->entries[at] = *last;
        CHECK(id_table_put(&paths->index, last_hash, at + 1));
    }
    paths->count--;
}

void withdrawn_paths_trim(struct withdrawn_paths *paths, uint32_t needed, bool nobody_needs, uint32_t budget)
{
    if (nobody_needs) {
        if (paths->count > 0) {
            withdrawn_paths_release(paths);
            withdrawn_paths_init(paths);
        }
        return;
    }
    while (paths->count > 0 && budget-- > 0) {
        if (paths->trim_at == 0)
            paths->trim_at = paths->count;
        if (paths->trim_at > paths->count)
            paths->trim_at = paths->count;
        paths->trim_at--;
        if (!rib_version_reached(paths->entries[paths->trim_at].version, needed))
            forget(paths, paths->trim_at);
        if (paths->trim_at == 0)
            return;
    }
}
