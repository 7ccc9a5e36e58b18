/* The Adj-RIB-Out of an update group that is told several paths per prefix (add-path, RFC 7911): per row the set of
 * paths told, each with the identifier it was told with. Identifiers belong to paths (rib_path.local_id), so a path
 * that changes its attributes replaces itself, and nobody needs a withdraw of his own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rib/rib.h"
#include "speaker/packer.h"
#include "speaker/update_group.h"

struct group_paths;

struct group_paths *group_paths_new(struct update_group *group);
void group_paths_free(struct group_paths *paths); /* every row dropped before */

void group_paths_row(struct group_paths *paths, row_id row); /* as update_group_row; told at once */
void group_paths_retell(struct group_paths *paths, row_id row, source_id self);
void group_paths_drop_row(struct group_paths *paths, row_id row);
size_t group_paths_told(const struct group_paths *paths, source_id self, row_id row, struct told_path *told,
                        size_t max);
bool group_paths_row_told(const struct group_paths *paths, row_id row);
