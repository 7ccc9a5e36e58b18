/* Tokens: kept as digests, shown once. */
#pragma once

#include "fleet/api.h"

/* Finds out who calls. False: no token, an unknown one, or one that has expired. */
bool auth_check(struct api_call *call);

struct token_wish {
    const char *kind;  /* as principal_kind_name has it */
    const char *scope; /* "read" or "write" */
    const char *description;
    const char *user_id;    /* NULL unless a user's */
    const char *project_id; /* NULL unless a project's */
    int64_t expires_at;     /* 0: never */
};
/* Makes a token, within a transaction; `text` is what its owner sends. */
void token_make(struct store *store, const struct token_wish *wish, char id[ID_TEXT_MAX], char text[SECRET_TEXT_MAX]);
