#include "fleet/auth.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN_USED_MS = 60000 }; /* how fine "last used" is */

static const char *const kind_names[] = {"nobody", "provider", "user", "project"};

const char *principal_kind_name(enum principal_kind kind)
{
    return kind_names[kind];
}

static enum principal_kind kind_of(const char *name)
{
    for (unsigned i = 0; i < ARRAY_LEN(kind_names); i++) {
        if (strcmp(kind_names[i], name) == 0)
            return i;
    }
    return PRINCIPAL_NOBODY;
}

static const char *token_of(const struct api_call *call)
{
    const char *token = http_request_header(call->http, "X-Auth-Token");
    const char *bearer = http_request_header(call->http, "Authorization");
    if (token && *token)
        return token;
    return bearer && str_starts_with(bearer, "Bearer ") ? bearer + strlen("Bearer ") : NULL;
}

static void note_use(struct api_call *call, int64_t used_at)
{
    int64_t now = time_now_ms();
    if (now - used_at >= TOKEN_USED_MS)
        store_run(call->store, "UPDATE tokens SET last_used_at = $1 WHERE id = $2",
                  STORE_ARGS(store_number(now), store_text(call->who.token_id)));
}

bool auth_check(struct api_call *call)
{
    char digest[DIGEST_TEXT_MAX];
    const char *token = token_of(call);
    struct principal *who = &call->who;
    int64_t used_at = 0;
    if (!token)
        return false;
    digest_text(token, strlen(token), digest);
    struct store_rows *rows = store_query(call->store,
                                          "SELECT id, kind, scope, user_id, project_id, description, last_used_at"
                                          " FROM tokens WHERE hash = $1 AND (expires_at IS NULL OR expires_at > $2)",
                                          STORE_ARGS(store_text(digest), store_number(time_now_ms())));
    if (store_rows_next(rows)) {
        snprintf(who->token_id, sizeof(who->token_id), "%s", store_rows_text(rows, 0));
        who->kind = kind_of(store_rows_text(rows, 1));
        who->may_write = strcmp(store_rows_text(rows, 2), "write") == 0;
        snprintf(who->user_id, sizeof(who->user_id), "%s", store_rows_text(rows, 3));
        snprintf(who->project_id, sizeof(who->project_id), "%s", store_rows_text(rows, 4));
        snprintf(who->name, sizeof(who->name), "%s", store_rows_text(rows, 5));
        used_at = store_rows_number(rows, 6);
    }
    store_rows_end(rows);
    if (who->kind == PRINCIPAL_NOBODY)
        return false;
    note_use(call, used_at);
    return true;
}

void token_make(struct store *store, const struct token_wish *wish, char id[ID_TEXT_MAX], char text[SECRET_TEXT_MAX])
{
    char digest[DIGEST_TEXT_MAX];
    id_make(id);
    secret_make("gwt_", text);
    digest_text(text, strlen(text), digest);
    store_run(store,
              "INSERT INTO tokens (id, hash, kind, scope, description, user_id, project_id, created_at, expires_at)"
              " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
              STORE_ARGS(store_text(id), store_text(digest), store_text(wish->kind), store_text(wish->scope),
                         store_text(wish->description), store_text(wish->user_id), store_text(wish->project_id),
                         store_number(time_now_ms()),
                         wish->expires_at ? store_number(wish->expires_at) : store_null()));
}
