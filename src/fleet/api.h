/* The REST API: a table of routes, and what their functions are given.
 *
 * A function answers exactly once (api_reply, api_error, ...), at once or, after api_defer, later. What a principal may
 * see is decided in SQL, by VISIBLE(): every query about something that belongs to a project has it, so there is no
 * second place to forget it. What is not visible is not there: api_not_found has one text for both.
 */
#pragma once

#include "base/json.h"
#include "base/str.h"
#include "fleet/member.h"
#include "fleet/service.h"
#include "fleet/words.h"
#include "http/json_in.h"
#include "http/server.h"

enum principal_kind {
    PRINCIPAL_NOBODY,
    PRINCIPAL_PROVIDER, /* runs the fleet; sees all */
    PRINCIPAL_USER,     /* sees the projects of his organizations */
    PRINCIPAL_PROJECT,  /* sees one project */
};

struct principal {
    enum principal_kind kind;
    bool may_write;
    char token_id[ID_TEXT_MAX];
    char user_id[ID_TEXT_MAX];    /* "" unless a user */
    char project_id[ID_TEXT_MAX]; /* "" unless a project */
    char name[80];                /* for the audit log */
};

const char *principal_kind_name(enum principal_kind kind);

struct api_call {
    struct service *service;
    struct fleet *fleet;
    struct store *store;
    struct http_request *http;
    struct principal who;
    char id[ID_TEXT_MAX];      /* of the path, if it has one */
    bool native;               /* under /v1 */
    char touched[ID_TEXT_MAX]; /* the project that was changed, as the audit log has it; "": none in particular */
    struct json_node *body;
    struct text out;
    struct json json; /* writes into `out` */
    bool deferred;
    bool answered;
};

enum api_need {
    API_READ,
    API_WRITE,
    API_PROVIDER_READ,
    API_PROVIDER_WRITE,
    API_OPEN, /* no token */
};

struct api_route {
    const char *method;
    const char *path; /* from the root, ":id" stands for an identifier */
    enum api_need need;
    void (*handle)(struct api_call *call);
};

extern const struct api_route api_routes[];
extern const unsigned api_route_count;

/* The entry: what the HTTP server hands over. `context` is the service. */
void api_handle(void *context, struct http_request *request);

/* Answering -------------------------------------------------------------------------------------------------------- */

void api_reply(struct api_call *call, unsigned status); /* with what was written to call->json */
/* {"key": [row, ...]}, and the rows are at their end. */
void api_reply_rows(struct api_call *call, const char *key, struct store_rows *rows,
                    void (*write)(struct json *json, const struct store_rows *row));
void api_reply_empty(struct api_call *call, unsigned status);
void api_reply_text(struct api_call *call, const char *type, const char *text, size_t length);
void api_error(struct api_call *call, unsigned status, const char *format, ...) __attribute__((format(printf, 3, 4)));
void api_not_found(struct api_call *call);
void api_invalid(struct api_call *call, const char *format, ...) __attribute__((format(printf, 2, 3))); /* 422 */
bool api_committed(struct api_call *call); /* ends the transaction; false: it could not, and that was answered */
/* It will be answered later; then api_finish frees the call. */
void api_defer(struct api_call *call);
void api_finish(struct api_call *call);

/* Reading ---------------------------------------------------------------------------------------------------------- */

/* Is `project` (an SQL expression) visible? Takes the first three parameters of the statement: VISIBLE_ARGS. */
#define VISIBLE(project)                                                                        \
    "($1 = 'provider' OR " project " = $2 OR EXISTS (SELECT 1 FROM projects vp JOIN members vm" \
    " ON vm.organization_id = vp.organization_id WHERE vp.id = " project " AND vm.user_id = $3))"
#define VISIBLE_ARGS(call)                                                                 \
    store_text(principal_kind_name((call)->who.kind)), store_text((call)->who.project_id), \
        store_text((call)->who.user_id)

const char *api_query(const struct api_call *call, const char *name); /* "" if not there */
bool api_includes(const struct api_call *call, const char *name);     /* in the comma list `include` */
bool api_body(struct api_call *call); /* false: it is wrong, and that was answered. No body is none: NULL */
const char *api_body_text(const struct api_call *call, const char *key); /* NULL: absent, or no text */
struct json_node;
const struct json_node *api_body_member(const struct api_call *call, const char *key);

bool api_project_visible(struct api_call *call, const char *project_id);
/* The project of what the path names, which must be visible; otherwise false, and that was answered. */
bool api_find_project(struct api_call *call);
bool api_find_device(struct api_call *call, char project_id[ID_TEXT_MAX]);
bool api_find_session(struct api_call *call, char project_id[ID_TEXT_MAX]);

/* Pages ------------------------------------------------------------------------------------------------------------ */

struct api_page {
    int64_t number; /* from 1 */
    int64_t size;
    int64_t total;
};
struct api_page api_page_of(const struct api_call *call); /* of Metal's lists: page, per_page */
void api_page_meta(struct api_call *call, const struct api_page *page, const char *path); /* member "meta" */
int64_t api_limit(const struct api_call *call);                                           /* of ours: limit */
int64_t api_cursor(const struct api_call *call, int64_t otherwise);
/* Member "next": null, or where the next page begins. */
void api_next(struct api_call *call, bool more, int64_t cursor);

/* Writing ---------------------------------------------------------------------------------------------------------- */

/* Who did what, within the transaction that did it. `detail` never holds a secret. */
void api_audit(struct api_call *call, const char *action, const char *object, const char *project_id,
               const char *detail);
