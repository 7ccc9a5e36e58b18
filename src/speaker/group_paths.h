/* The Adj-RIB-Out of an update group that is told several paths per prefix (add-path, RFC 7911): per row the set of
 * paths told, each with the identifier it was told with. Identifiers belong to paths (rib_path.local_id), so a path
 * that changes its attributes replaces itself, and nobody needs a withdraw of his own. A new path may have got the
 * identifier of one that just went: then the old one is withdrawn first.
 *
 * The paths are the best of the prefix, whoever they came from; a member is told those of them that are not its own.
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
/* For a member that lost its place: withdraws what it may still hold and is not told (any more), of up to `budget`
 * entries before *at, which goes down from group_paths_withdrawn_count to 0. */
uint32_t group_paths_withdrawn_count(const struct group_paths *paths);
void group_paths_rewithdraw(struct group_paths *paths, source_id self, uint32_t since, uint32_t *at, uint32_t budget);
void group_paths_trim(struct group_paths *paths, uint32_t needed, bool nobody_needs);
void group_paths_drop_row(struct group_paths *paths, row_id row);
size_t group_paths_told(const struct group_paths *paths, source_id self, row_id row, struct told_path *told,
                        size_t max);
bool group_paths_row_told(const struct group_paths *paths, row_id row);
