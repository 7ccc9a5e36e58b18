/* What the members of an update group of route server clients are told (RFC 7947 2.3.2): each the best path he may
 * have, which need not be the best path there is.
 *
 * A table per client would be the plain way. Here most of it is shared: for every row the group has one shared path,
 * out[] (update_group.h), which goes through the log, and exceptions: members that are told another path, or none. The
 * source of the shared path hears nothing by itself and needs no entry. So what a member holds of a row is its
 * exception, if it has one, else the shared path, if that is not its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "speaker/update_group.h"

struct client_views;

struct client_views *client_views_new(struct update_group *group);
void client_views_free(struct client_views *views); /* every row dropped before */

void client_views_join(struct client_views *views, const struct outbox *outbox);
void client_views_leave(struct client_views *views, const struct outbox *outbox);

void client_views_row(struct client_views *views, row_id row); /* as update_group_row; remembered at once */
void client_views_drop_row(struct client_views *views, row_id row);
void client_views_forget_scopes(struct client_views *views); /* attribute numbers may soon stand for other sets */

/* For a catch-up: whose it is, outboxes linked by catch_up_link (good until the next join or leave); then, row by row,
 * exceptions they need and have not yet. For joiners the row is put into the packer, and what is for single ones into
 * their outboxes; nobody is told anything otherwise. */
void client_views_joiners(struct client_views *views, const struct list *joiners);
void client_views_settle_row(struct client_views *views, row_id row);
void client_views_join_row(struct client_views *views, row_id row);

/* What one member was told of a row; false: nothing. */
bool client_views_told(const struct client_views *views, source_id member, row_id row, struct told_path *told);
uint64_t client_views_told_count(const struct client_views *views, source_id member);
bool client_views_row_told(const struct client_views *views, row_id row); /* anything, to anybody */
