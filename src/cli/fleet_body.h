/* The body of a request, member by member, and what is done with it. */
#pragma once

#include "base/json.h"
#include "cli/fleet_call.h"

struct fleet_body {
    struct cli *cli;
    struct text text;
    struct json json;
};

void fleet_body_init(struct fleet_body *body, struct cli *cli);
void fleet_body_release(struct fleet_body *body);
void fleet_body_text(struct fleet_body *body, const char *key, const char *value); /* NULL: the member is left out */
void fleet_body_bool(struct fleet_body *body, const char *key, bool value);
/* `option` for the message if it is none. */
int fleet_body_number(struct fleet_body *body, const char *key, const char *option, const char *value);

/* Sends it, whole now, and releases it. `answer` as fleet_ask's. */
int fleet_body_send(struct fleet_body *body, const char *method, const char *path, const struct json_node **answer);

/* DELETE, once the user has said yes: --force does, else he is asked on his terminal. `what` and `name` are shown. */
int fleet_delete(struct cli *cli, const char *what, const char *name, const char *path);
