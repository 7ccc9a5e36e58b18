/* Objects of the API, written from the store. Each writes one JSON value; false: there is none, and nothing was
 * written. Whether it may be seen has been decided before. */
#pragma once

#include "fleet/api.h"

bool write_project(struct api_call *call, const char *id);
bool write_device(struct api_call *call, const char *id);
bool write_organization(struct api_call *call, const char *id);
bool write_metal_session(struct api_call *call, const char *id);
bool write_session(struct api_call *call, const char *id); /* with legs */
void write_legs(struct api_call *call, const char *session_id);
void write_bgp_config(struct api_call *call, const char *project_id); /* {} and what belongs to it if there is none */
void write_router(struct api_call *call, const struct store_rows *rows);

/* The accepted prefixes of a session, as an array. */
void write_learned(struct api_call *call, const char *session_id);

/* The words of the legs, "up,down"; the reason why it is not up, "" while it is. */
void session_words(struct store *store, const char *session_id, struct str *status, struct str *reason);
