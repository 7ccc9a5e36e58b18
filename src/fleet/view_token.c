#include <string.h>

#include "fleet/auth.h"
#include "fleet/handlers.h"

enum { DESCRIPTION_MAX = 79, TOKENS_OF_ONE_MAX = 200 };

void view_whoami(struct api_call *call)
{
    struct json *json = &call->json;
    json_object(json);
    member_text(json, "kind", principal_kind_name(call->who.kind));
    member_text(json, "scope", call->who.may_write ? "write" : "read");
    member_text(json, "token_id", call->who.token_id);
    member_text(json, "name", call->who.name);
    member_text(json, "user_id", call->who.user_id[0] ? call->who.user_id : NULL);
    member_text(json, "project_id", call->who.project_id[0] ? call->who.project_id : NULL);
    member_text(json, "version", GODWIT_VERSION);
    json_object_end(json);
    api_reply(call, 200);
}

/* The tokens one may see: the provider all, a user his own and those of his projects, a project its own. */
#define TOKEN_VISIBLE                                                                                               \
    "($1 = 'provider' OR (t.kind = 'project' AND (t.project_id = $2 OR EXISTS (SELECT 1 FROM projects vp"           \
    " JOIN members vm ON vm.organization_id = vp.organization_id WHERE vp.id = t.project_id AND vm.user_id = $3)))" \
    " OR (t.kind = 'user' AND t.user_id = $3))"
#define TOKEN_COLUMNS                                                                                   \
    "SELECT t.id, t.kind, t.scope, t.description, t.user_id, t.project_id, t.created_at, t.expires_at," \
    " t.last_used_at FROM tokens t WHERE " TOKEN_VISIBLE

static void write_members(struct json *json, const struct store_rows *rows)
{
    member_row_text(json, "id", rows, 0);
    member_row_text(json, "kind", rows, 1);
    member_row_text(json, "scope", rows, 2);
    member_row_text(json, "description", rows, 3);
    member_row_text(json, "user_id", rows, 4);
    member_row_text(json, "project_id", rows, 5);
    member_row_time(json, "created_at", rows, 6);
    member_row_time(json, "expires_at", rows, 7);
    member_row_time(json, "last_used_at", rows, 8);
}

void view_tokens(struct api_call *call)
{
    struct store_rows *rows =
        store_query(call->store, TOKEN_COLUMNS " ORDER BY t.created_at, t.id", STORE_ARGS(VISIBLE_ARGS(call)));
    api_reply_rows(call, "tokens", rows, write_members);
}

/* Nobody grants more than he has: a user his own or a project of his, a project itself. */
static bool wish_is_allowed(struct api_call *call, struct token_wish *wish)
{
    bool provider = call->who.kind == PRINCIPAL_PROVIDER;
    int64_t found = 0;
    if (strcmp(wish->kind, "project") == 0) {
        wish->user_id = NULL;
        if (!wish->project_id && call->who.kind == PRINCIPAL_PROJECT)
            wish->project_id = call->who.project_id;
        if (wish->project_id && api_project_visible(call, wish->project_id))
            return true;
        api_invalid(call, "project_id: no such project");
    } else if (strcmp(wish->kind, "user") == 0) {
        wish->project_id = NULL;
        if (!wish->user_id && call->who.kind == PRINCIPAL_USER)
            wish->user_id = call->who.user_id;
        bool may = provider || (wish->user_id && call->who.user_id[0] && strcmp(wish->user_id, call->who.user_id) == 0);
        if (may && wish->user_id &&
            store_find_number(call->store, "SELECT 1 FROM users WHERE id = $1", STORE_ARGS(store_text(wish->user_id)),
                              &found))
            return true;
        api_invalid(call, "user_id: no such user");
    } else if (strcmp(wish->kind, "provider") == 0 && provider) {
        wish->user_id = NULL;
        wish->project_id = NULL;
        return true;
    } else {
        api_invalid(call, "kind: must be user or project%s", provider ? ", or provider" : "");
    }
    return false;
}

static bool read_wish(struct api_call *call, struct token_wish *wish)
{
    const char *expires = api_body_text(call, "expires_at");
    const char *scope = api_body_text(call, "scope");
    const char *kind = api_body_text(call, "kind");
    const char *description = api_body_text(call, "description");
    *wish = (struct token_wish){
        .kind = kind ? kind : "project",
        .scope = scope ? scope : "write",
        .description = description ? description : "",
        .user_id = api_body_text(call, "user_id"),
        .project_id = api_body_text(call, "project_id"),
    };
    if (strcmp(wish->scope, "read") != 0 && strcmp(wish->scope, "write") != 0)
        api_invalid(call, "scope: must be read or write");
    else if (strlen(wish->description) > DESCRIPTION_MAX)
        api_invalid(call, "description: at most %d bytes", DESCRIPTION_MAX);
    else if (expires && (!time_parse(expires, &wish->expires_at) || wish->expires_at <= time_now_ms()))
        api_invalid(call, "expires_at: must be a time to come");
    else
        return wish_is_allowed(call, wish);
    return false;
}

static bool has_room(struct api_call *call, const struct token_wish *wish)
{
    int64_t count = 0;
    if (strcmp(wish->kind, "provider") != 0)
        store_find_number(call->store, "SELECT count(*) FROM tokens WHERE project_id = $1 OR user_id = $2",
                          STORE_ARGS(store_text(wish->project_id), store_text(wish->user_id)), &count);
    if (count >= TOKENS_OF_ONE_MAX)
        api_invalid(call, "There are %d tokens of this kind already, which is the most; delete some",
                    TOKENS_OF_ONE_MAX);
    return count < TOKENS_OF_ONE_MAX;
}

void view_token_create(struct api_call *call)
{
    struct token_wish wish;
    char id[ID_TEXT_MAX];
    char text[SECRET_TEXT_MAX];
    if (!api_body(call) || !read_wish(call, &wish) || !has_room(call, &wish))
        return;
    fleet_begin(call->fleet);
    token_make(call->store, &wish, id, text);
    api_audit(call, "token.create", id, wish.project_id, wish.kind);
    if (!api_committed(call))
        return;
    struct store_rows *rows =
        store_query(call->store, TOKEN_COLUMNS " AND t.id = $4", STORE_ARGS(VISIBLE_ARGS(call), store_text(id)));
    json_object(&call->json);
    if (store_rows_next(rows))
        write_members(&call->json, rows);
    store_rows_end(rows);
    member_text(&call->json, "token", text);
    json_object_end(&call->json);
    api_reply(call, 201);
}

void view_token_delete(struct api_call *call)
{
    char project[ID_TEXT_MAX] = "";
    struct store_rows *rows =
        store_query(call->store, TOKEN_COLUMNS " AND t.id = $4", STORE_ARGS(VISIBLE_ARGS(call), store_text(call->id)));
    bool found = store_rows_next(rows);
    if (found && !store_rows_null(rows, 5))
        memcpy(project, store_rows_text(rows, 5), strnlen(store_rows_text(rows, 5), sizeof(project) - 1));
    store_rows_end(rows);
    if (!found) {
        api_not_found(call);
        return;
    }
    fleet_begin(call->fleet);
    store_run(call->store, "DELETE FROM tokens WHERE id = $1", STORE_ARGS(store_text(call->id)));
    api_audit(call, "token.delete", call->id, project[0] ? project : NULL, "");
    if (api_committed(call))
        api_reply_empty(call, 204);
}
