#include "fleet/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "console.gen.h"
#include "fleet/auth.h"
#include "fleet/replica.h"
#include "fleet/words.h"
#include "http/files.h"

enum {
    API_PATH_MAX = 512,
    API_OUT_MAX_BYTES = 64 << 20,
    API_ERROR_MAX = 1024,
    PAGE_SIZE = 10,
    PAGE_SIZE_MAX = 1000,
    PAGE_NUMBER_MAX = 100000,
    LIMIT = 100,
    LIMIT_MAX = 1000,
};

static const char json_type[] = "application/json; charset=utf-8";

/* Answering -------------------------------------------------------------------------------------------------------- */

static void answer(struct api_call *call, unsigned status, const char *type, const char *body, size_t length)
{
    CHECK(!call->answered);
    call->answered = true;
    http_reply_header(call->http, "Cache-Control", "no-store");
    http_reply(call->http, status, type, body, length);
}

void api_reply(struct api_call *call, unsigned status)
{
    if (call->out.failed) {
        static const char text[] = "{\"errors\":[\"the answer is too long; ask for less\"]}";
        answer(call, 422, json_type, text, sizeof(text) - 1);
        return;
    }
    answer(call, status, json_type, call->out.bytes, call->out.length);
}

void api_reply_rows(struct api_call *call, const char *key, struct store_rows *rows,
                    void (*write)(struct json *json, const struct store_rows *row))
{
    json_object(&call->json);
    json_key(&call->json, key);
    json_array(&call->json);
    while (store_rows_next(rows)) {
        json_object(&call->json);
        write(&call->json, rows);
        json_object_end(&call->json);
    }
    store_rows_end(rows);
    json_array_end(&call->json);
    json_object_end(&call->json);
    api_reply(call, 200);
}

void api_reply_empty(struct api_call *call, unsigned status)
{
    answer(call, status, NULL, NULL, 0);
}

void api_reply_text(struct api_call *call, const char *type, const char *text, size_t length)
{
    answer(call, 200, type, text, length);
}

static void error_text(struct api_call *call, unsigned status, const char *text)
{
    text_clear(&call->out);
    call->json = json_over(&call->out);
    json_object(&call->json);
    if (status == 401) { /* some clients read only this key, and of this code alone */
        member_text(&call->json, "error", text);
    } else {
        json_key(&call->json, "errors");
        json_array(&call->json);
        json_string(&call->json, text);
        json_array_end(&call->json);
    }
    json_object_end(&call->json);
    api_reply(call, status);
}

void api_error(struct api_call *call, unsigned status, const char *format, ...)
{
    char text[API_ERROR_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    error_text(call, status, text);
}

void api_invalid(struct api_call *call, const char *format, ...)
{
    char text[API_ERROR_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    error_text(call, 422, text);
}

void api_not_found(struct api_call *call)
{
    error_text(call, 404, "Not found");
}

bool api_committed(struct api_call *call)
{
    replica_intent(call->service->replica, call->touched);
    int result = fleet_commit(call->fleet);
    if (result < 0)
        api_error(call, 503, "the store cannot be written now: %s", err_code_text(result));
    return result == E_OK;
}

void api_defer(struct api_call *call)
{
    call->deferred = true;
}

void api_finish(struct api_call *call)
{
    json_in_free(call->body);
    text_release(&call->out);
    mem_free(MEM_OTHER, call);
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

const char *api_query(const struct api_call *call, const char *name)
{
    const char *value = http_request_query(call->http, name);
    return value ? value : "";
}

bool api_includes(const struct api_call *call, const char *name)
{
    const char *at = api_query(call, "include");
    size_t length = strlen(name);
    while (*at) {
        size_t word = strcspn(at, ",");
        if (word >= length && strncmp(at, name, length) == 0 && (word == length || at[length] == '.'))
            return true;
        at += word + (at[word] == ',');
    }
    return false;
}

bool api_body(struct api_call *call)
{
    struct err err = {.text = ""};
    size_t length = 0;
    const char *bytes = http_request_body(call->http, &length);
    if (length == 0 || call->body)
        return true;
    call->body = json_in_parse(bytes, length, &err);
    if (!call->body)
        api_invalid(call, "%s", err.text);
    return call->body != NULL;
}

const struct json_node *api_body_member(const struct api_call *call, const char *key)
{
    return json_in_kind(call->body) == JSON_KIND_OBJECT ? json_in_member(call->body, key) : NULL;
}

const char *api_body_text(const struct api_call *call, const char *key)
{
    return json_in_text(api_body_member(call, key));
}

bool api_project_visible(struct api_call *call, const char *project_id)
{
    int64_t found = 0;
    return store_find_number(call->store, "SELECT 1 FROM projects p WHERE " VISIBLE("p.id") " AND p.id = $4",
                             STORE_ARGS(VISIBLE_ARGS(call), store_text(project_id)), &found);
}

bool api_find_project(struct api_call *call)
{
    bool found = api_project_visible(call, call->id);
    if (!found)
        api_not_found(call);
    return found;
}

bool api_find_device(struct api_call *call, char project_id[ID_TEXT_MAX])
{
    bool found = store_find_text(call->store,
                                 "SELECT d.project_id FROM devices d WHERE " VISIBLE("d.project_id") " AND d.id = $4",
                                 STORE_ARGS(VISIBLE_ARGS(call), store_text(call->id)), project_id, ID_TEXT_MAX);
    if (!found)
        api_not_found(call);
    return found;
}

bool api_find_session(struct api_call *call, char project_id[ID_TEXT_MAX])
{
    bool found = store_find_text(call->store,
                                 "SELECT s.project_id FROM sessions s WHERE " VISIBLE("s.project_id") " AND s.id = $4",
                                 STORE_ARGS(VISIBLE_ARGS(call), store_text(call->id)), project_id, ID_TEXT_MAX);
    if (!found)
        api_not_found(call);
    return found;
}

/* Pages ------------------------------------------------------------------------------------------------------------ */

static int64_t number_in(const struct api_call *call, const char *name, int64_t maximum, int64_t otherwise)
{
    uint64_t number = 0;
    const char *text = api_query(call, name);
    if (str_parse_u64(text, 0, INT64_MAX, &number) < 0 || number == 0)
        return otherwise;
    return (int64_t)number > maximum ? maximum : (int64_t)number;
}

struct api_page api_page_of(const struct api_call *call)
{
    return (struct api_page){
        .number = number_in(call, "page", PAGE_NUMBER_MAX, 1),
        .size = number_in(call, "per_page", PAGE_SIZE_MAX, PAGE_SIZE),
    };
}

/* Without the prefix: clients put their own base in front. */
static void page_href(struct json *json, const char *key, const char *path, const struct api_page *page, int64_t number,
                      int64_t last)
{
    char href[API_PATH_MAX];
    json_key(json, key);
    if (number < 1 || number > last) {
        json_null(json);
        return;
    }
    snprintf(href, sizeof(href), "%s?page=%lld&per_page=%lld", path, (long long)number, (long long)page->size);
    json_object(json);
    member_text(json, "href", href);
    json_object_end(json);
}

void api_page_meta(struct api_call *call, const struct api_page *page, const char *path)
{
    struct json *json = &call->json;
    int64_t last = page->total > 0 ? (page->total + page->size - 1) / page->size : 1;
    json_key(json, "meta");
    json_object(json);
    page_href(json, "self", path, page, page->number, PAGE_NUMBER_MAX);
    page_href(json, "first", path, page, 1, last);
    page_href(json, "last", path, page, last, last);
    page_href(json, "previous", path, page, page->number - 1, last);
    page_href(json, "next", path, page, page->number + 1, last);
    member_number(json, "total", page->total);
    member_number(json, "current_page", page->number);
    member_number(json, "last_page", last);
    json_object_end(json);
}

int64_t api_limit(const struct api_call *call)
{
    return number_in(call, "limit", LIMIT_MAX, LIMIT);
}

int64_t api_cursor(const struct api_call *call, int64_t otherwise)
{
    return number_in(call, "cursor", INT64_MAX, otherwise);
}

void api_next(struct api_call *call, bool more, int64_t cursor)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)cursor);
    member_text(&call->json, "next", more ? text : NULL);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

void api_audit(struct api_call *call, const char *action, const char *object, const char *project_id,
               const char *detail)
{
    snprintf(call->touched, sizeof(call->touched), "%s", project_id ? project_id : "");
    store_run(call->store,
              "INSERT INTO audit (at, token_id, who, action, object, project_id, detail)"
              " VALUES ($1, $2, $3, $4, $5, $6, $7)",
              STORE_ARGS(store_number(time_now_ms()), store_text(call->who.token_id), store_text(call->who.name),
                         store_text(action), store_text(object), store_text(project_id), store_text(detail)));
}

/* Finding the function --------------------------------------------------------------------------------------------- */

/* Doubled slashes become one, "/metal/v1" in front goes, as often as it is there, and a slash at the end. */
static bool normalize(const char *path, char out[API_PATH_MAX])
{
    size_t length = 0;
    for (const char *at = path; *at; at++) {
        if (*at == '/' && length > 0 && out[length - 1] == '/')
            continue;
        if (length + 1 >= API_PATH_MAX)
            return false;
        out[length++] = *at;
    }
    if (length > 1 && out[length - 1] == '/')
        length--;
    out[length] = '\0';
    while (str_starts_with(out, "/metal/v1/"))
        memmove(out, out + strlen("/metal/v1"), strlen(out + strlen("/metal/v1")) + 1);
    return true;
}

/* Does the path have this form? Takes what stands for ":id"; what is no identifier names nothing. */
static bool matches(const char *form, const char *path, char id[ID_TEXT_MAX])
{
    while (*form && *path) {
        if (*form != ':') {
            if (*form++ != *path++)
                return false;
            continue;
        }
        size_t length = strcspn(path, "/");
        snprintf(id, ID_TEXT_MAX, "%.*s", length < ID_TEXT_MAX ? (int)length : 0, path);
        form += strcspn(form, "/");
        path += length;
    }
    return *form == *path;
}

static const struct api_route *find_route(struct api_call *call, const char *path, bool *known)
{
    const char *method = http_request_method(call->http);
    bool head = strcmp(method, "HEAD") == 0;
    *known = false;
    for (unsigned i = 0; i < api_route_count; i++) {
        if (!matches(api_routes[i].path, path, call->id))
            continue;
        *known = true;
        if (strcmp(api_routes[i].method, head ? "GET" : method) == 0)
            return &api_routes[i];
    }
    return NULL;
}

static bool allowed(struct api_call *call, enum api_need need)
{
    if (need == API_OPEN)
        return true;
    if (!auth_check(call)) {
        api_error(call, 401, "Invalid authentication token");
        return false;
    }
    if ((need == API_WRITE || need == API_PROVIDER_WRITE) && !call->who.may_write) {
        api_error(call, 403, "This token may only read");
        return false;
    }
    if ((need == API_PROVIDER_READ || need == API_PROVIDER_WRITE) && call->who.kind != PRINCIPAL_PROVIDER) {
        api_error(call, 403, "Only the provider may do this");
        return false;
    }
    return true;
}

/* True: the request was for the console and is answered. */
static bool console(struct service *service, struct http_request *request, const char *path)
{
    const char *method = http_request_method(request);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return false;
    if (strcmp(path, "/") == 0 || strcmp(path, "/console") == 0) {
        http_reply_header(request, "Location", "/console/");
        http_reply(request, 302, NULL, NULL, 0);
        return true;
    }
    if (!str_starts_with(path, "/console/"))
        return false;
    path += strlen("/console/");
    if (service->console_folder)
        http_reply_file(request, service->console_folder, path);
    else
        http_reply_embedded(request, fleet_console, fleet_console_count, path);
    return true;
}

static void dispatch(struct api_call *call, const char *path)
{
    bool known = false;
    const struct api_route *route = find_route(call, path, &known);
    if (!route) {
        if (known)
            api_error(call, 405, "%s is not offered here", http_request_method(call->http));
        else
            api_not_found(call);
    } else if (allowed(call, route->need)) {
        route->handle(call);
    }
}

void api_handle(void *context, struct http_request *request)
{
    struct service *service = context;
    char path[API_PATH_MAX] = "";
    bool fits = normalize(http_request_path(request), path);
    service->requests++;
    if (strcmp(http_request_path(request), "/console/") == 0)
        snprintf(path, sizeof(path), "/console/");
    if (fits && console(service, request, path))
        return;
    struct api_call *call = mem_zalloc(MEM_OTHER, sizeof(*call));
    call->service = service;
    call->fleet = &service->fleet;
    call->store = service->fleet.store;
    call->http = request;
    call->native = str_starts_with(path, "/v1/");
    text_init(&call->out, API_OUT_MAX_BYTES);
    call->json = json_over(&call->out);
    dispatch(call, fits ? path : "");
    CHECK(call->answered || call->deferred);
    if (!call->deferred)
        api_finish(call);
}
