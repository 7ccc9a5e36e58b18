#include "cli/route_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/call.h"
#include "cli/neighbor.h"
#include "cli/show.h"
#include "cli/validation_show.h"
#include "net/addr.h"
#include "net/prefix.h"

enum { LIST_LIMIT_BYTES = INT32_MAX };

enum column {
    COLUMN_SYMBOLS,
    COLUMN_ID,
    COLUMN_NETWORK,
    COLUMN_LABELS,
    COLUMN_NEXT_HOP,
    COLUMN_AS_PATH,
    COLUMN_AGE,
    COLUMN_ATTRS,
    COLUMN_COUNT,
};

static const struct {
    const char *title;
    uint8_t width;
    bool grows; /* to its widest cell */
    bool blank_after;
} columns[COLUMN_COUNT] = {
    [COLUMN_SYMBOLS] = {"", 3, false, false},         [COLUMN_ID] = {"ID", 3, false, true},
    [COLUMN_NETWORK] = {"Network", 20, true, true},   [COLUMN_LABELS] = {"Labels", 10, true, true},
    [COLUMN_NEXT_HOP] = {"Next Hop", 20, true, true}, [COLUMN_AS_PATH] = {"AS_PATH", 20, true, true},
    [COLUMN_AGE] = {"Age", 10, false, true},          [COLUMN_ATTRS] = {"Attrs", 0, false, false},
};

/* A destination: where its text is (all cells of all its paths, each terminated; or its JSON), and how it sorts. */
struct destination {
    uint32_t offset;
    uint32_t path_count;
    uint32_t order; /* as it came */
    struct addr addr;
};

struct list;

struct list_ops {
    void (*destination)(struct list *list, const Apipb__Destination *destination);
    void (*print)(struct list *list);
};

struct list {
    struct cli *cli;
    const struct list_ops *ops;
    enum route_table table;
    enum family_id family;
    const char *validated; /* the prefix about which is asked what the RPKI says; NULL: none */
    bool shown[COLUMN_COUNT];
    size_t width[COLUMN_COUNT];
    int64_t now_s;
    struct text cells;
    struct destination *destinations;
    uint32_t count;
    uint32_t capacity;
};

static struct destination *list_grow(struct list *list)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 256;
        list->destinations = mem_realloc(MEM_OTHER, list->destinations, list->capacity * sizeof(*list->destinations));
    }
    struct destination *destination = &list->destinations[list->count];
    *destination = (struct destination){.order = list->count, .offset = (uint32_t)list->cells.length};
    list->count++;
    return destination;
}

/* Text ------------------------------------------------------------------------------------------------------- */

/* Closes the cell that was written behind `start`. */
static void cell_end(struct list *list, enum column column, size_t start)
{
    size_t length = list->cells.length - start;
    if (columns[column].grows && length > list->width[column])
        list->width[column] = length;
    text_add_n(&list->cells, "", 1);
}

static void symbols_text(const struct list *list, const Apipb__Path *path, struct text *out)
{
    static const char validation[] = {0, 'N', 'V', 'I'};
    unsigned state = path->validation ? (unsigned)path->validation->state : 0;
    text_add(out, path->stale ? "S" : "");
    if (state > 0 && state < sizeof(validation))
        text_add_n(out, &validation[state], 1);
    if (list->table == ROUTES_GLOBAL || list->table == ROUTES_LOCAL)
        text_add(out, path->best && !path->is_nexthop_invalid ? "*>" : "* ");
}

static void cell_text(struct list *list, enum column column, const Apipb__Path *path)
{
    struct text *out = &list->cells;
    char age[AGE_TEXT_MAX];
    switch (column) {
    case COLUMN_SYMBOLS:
        symbols_text(list, path, out);
        break;
    case COLUMN_ID:
        text_printf(out, "%" PRIu32, list->table == ROUTES_ADJ_OUT ? path->local_identifier : path->identifier);
        break;
    case COLUMN_NETWORK:
        nlri_text(path->nlri, out);
        break;
    case COLUMN_LABELS:
        nlri_labels_text(path->nlri, out);
        break;
    case COLUMN_NEXT_HOP:
        attrs_next_hop_text(path->n_pattrs, path->pattrs, out);
        break;
    case COLUMN_AS_PATH:
        attrs_as_path_text(path->n_pattrs, path->pattrs, out);
        break;
    case COLUMN_AGE:
        text_add(out, age_format(path->age ? path->age->seconds : 0, list->now_s, age));
        break;
    default:
        attrs_text(path->n_pattrs, path->pattrs, path->nlri, out);
        break;
    }
}

static bool path_wanted(const struct list *list, const Apipb__Path *path)
{
    if (list->table == ROUTES_ACCEPTED)
        return !path->filtered;
    if (list->table == ROUTES_REJECTED)
        return path->filtered;
    return true;
}

static void text_destination(struct list *list, const Apipb__Destination *from)
{
    struct destination *destination = list_grow(list);
    struct prefix prefix;
    if (prefix_parse(from->prefix, true, &prefix) == 0)
        destination->addr = prefix.addr;
    for (size_t i = 0; i < from->n_paths; i++) {
        if (!path_wanted(list, from->paths[i]))
            continue;
        destination->path_count++;
        for (int column = 0; column < COLUMN_COUNT; column++) {
            size_t start = list->cells.length;
            if (!list->shown[column])
                continue;
            cell_text(list, column, from->paths[i]);
            cell_end(list, column, start);
        }
    }
}

static int compare_destinations(const void *a, const void *b)
{
    const struct destination *left = a, *right = b;
    int order = memcmp(left->addr.bytes, right->addr.bytes, sizeof(left->addr.bytes));
    return order ? order : left->order < right->order ? -1 : left->order > right->order;
}

static const char *print_cell(struct list *list, enum column column, const char *cell)
{
    size_t length = strlen(cell);
    struct output *out = &list->cli->out;
    output_add_n(out, cell, length);
    for (; length < list->width[column]; length++)
        output_add_n(out, " ", 1);
    if (columns[column].blank_after)
        output_add_n(out, " ", 1);
    return cell + strlen(cell) + 1;
}

static void text_print(struct list *list)
{
    struct output *out = &list->cli->out;
    if (list->count == 0) {
        output_add(out, "Network not in table\n");
        return;
    }
    if (list->family == FAMILY_IPV4_UNICAST || list->family == FAMILY_IPV6_UNICAST)
        qsort(list->destinations, list->count, sizeof(*list->destinations), compare_destinations);
    for (int column = 0; column < COLUMN_COUNT; column++) {
        if (list->shown[column])
            print_cell(list, column, columns[column].title);
    }
    output_add(out, "\n");
    for (uint32_t i = 0; i < list->count; i++) {
        const char *cell = list->cells.bytes + list->destinations[i].offset;
        for (uint32_t path = 0; path < list->destinations[i].path_count; path++) {
            for (int column = 0; column < COLUMN_COUNT; column++) {
                if (list->shown[column])
                    cell = print_cell(list, column, cell);
            }
            output_add(out, "\n");
        }
    }
}

static const struct list_ops text_ops = {text_destination, text_print};

/* JSON ------------------------------------------------------------------------------------------------------- */

void path_json(const Apipb__Path *path, struct json *json)
{
    struct addr addr;
    json_object(json);
    json_key(json, "nlri");
    if (path->nlri)
        nlri_json(path->nlri, json);
    else
        json_null(json);
    json_key(json, "age");
    json_i64(json, path->age ? path->age->seconds : 0);
    json_key(json, "best");
    json_bool(json, path->best);
    json_key(json, "attrs");
    json_array(json);
    for (size_t i = 0; i < path->n_pattrs; i++)
        attr_json(path->pattrs[i], json);
    json_array_end(json);
    json_key(json, "stale");
    json_bool(json, path->stale);
    if (path->is_withdraw) {
        json_key(json, "withdrawal");
        json_bool(json, true);
    }
    if (addr_parse(path->source_id, &addr) == 0) {
        json_key(json, "source-id");
        json_string(json, path->source_id);
    }
    if (addr_parse(path->neighbor_ip, &addr) == 0) {
        json_key(json, "neighbor-ip");
        json_string(json, path->neighbor_ip);
    }
    json_object_end(json);
}

/* Kept as its key, terminated, and its paths. */
static void json_destination(struct list *list, const Apipb__Destination *from)
{
    list_grow(list);
    text_add_n(&list->cells, from->prefix, strlen(from->prefix) + 1);
    struct json json = json_over(&list->cells);
    json_array(&json);
    for (size_t i = 0; i < from->n_paths; i++)
        path_json(from->paths[i], &json);
    json_array_end(&json);
    text_add_n(&list->cells, "", 1);
}

static int compare_keys(const void *a, const void *b, void *context)
{
    const struct destination *left = a, *right = b;
    const char *cells = context;
    int order = strcmp(cells + left->offset, cells + right->offset);
    return order ? order : left->order < right->order ? -1 : left->order > right->order;
}

/* Sorted by key, as Go prints maps; of two destinations with one key the later counts. */
static void json_print(struct list *list)
{
    struct output *out = &list->cli->out;
    const char *cells = list->cells.bytes;
    if (list->count)
        qsort_r(list->destinations, list->count, sizeof(*list->destinations), compare_keys, list->cells.bytes);
    const char *between = "";
    output_add(out, "{");
    for (uint32_t i = 0; i < list->count; i++) {
        const char *key = cells + list->destinations[i].offset;
        if (i + 1 < list->count && strcmp(key, cells + list->destinations[i + 1].offset) == 0)
            continue;
        output_add(out, between);
        struct json json = json_over(&out->pending);
        json_string(&json, key);
        output_add(out, ":");
        output_add(out, key + strlen(key) + 1);
        between = ",";
    }
    output_add(out, "}\n");
}

static const struct list_ops json_ops = {json_destination, json_print};

/* Asking ----------------------------------------------------------------------------------------------------- */

static bool take_destination(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    struct list *list = context;
    const Apipb__ListPathResponse *response = (const Apipb__ListPathResponse *)answer;
    if (response->destination && list->validated && !cli->options.json) {
        if (strcmp(response->destination->prefix, list->validated) != 0)
            return true;
        list->count++;
        return validation_show(cli, response->destination) == 0;
    }
    if (response->destination)
        list->ops->destination(list, response->destination);
    if (list->cells.failed)
        cli_fail(cli, "the table is too big to show; ask for a part of it");
    return !list->cells.failed;
}

static int lookup_of(struct list *list, int count, char **words, Apipb__TableLookupPrefix *lookup)
{
    struct cli *cli = list->cli;
    struct prefix prefix;
    enum family_id family = list->family;
    bool named = family == FAMILY_EVPN || family == FAMILY_IPV4_MUP || family == FAMILY_IPV6_MUP;
    if (!named && prefix_parse(words[0], true, &prefix) < 0)
        return cli_fail(cli, "invalid CIDR/IP");
    lookup->prefix = words[0];
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "longer-prefixes") == 0)
            lookup->type = APIPB__TABLE_LOOKUP_PREFIX__TYPE__LONGER;
        else if (strcmp(words[i], "shorter-prefixes") == 0)
            lookup->type = APIPB__TABLE_LOOKUP_PREFIX__TYPE__SHORTER;
        else if (strcmp(words[i], "validation") == 0 && list->table != ROUTES_ADJ_IN)
            return cli_fail(cli, "RPKI information is supported for only adj-in");
        else if (strcmp(words[i], "validation") == 0)
            list->validated = words[0];
        else
            return cli_fail(cli, "invalid format for route filtering");
    }
    return 0;
}

static Apipb__TableType table_type(enum route_table table)
{
    switch (table) {
    case ROUTES_GLOBAL:
        return APIPB__TABLE_TYPE__GLOBAL;
    case ROUTES_LOCAL:
        return APIPB__TABLE_TYPE__LOCAL;
    case ROUTES_ADJ_OUT:
        return APIPB__TABLE_TYPE__ADJ_OUT;
    default:
        return APIPB__TABLE_TYPE__ADJ_IN;
    }
}

static void list_columns(struct list *list)
{
    for (int column = 0; column < COLUMN_COUNT; column++) {
        list->shown[column] = true;
        list->width[column] = columns[column].width;
    }
    list->shown[COLUMN_ID] = list->table != ROUTES_GLOBAL && list->table != ROUTES_LOCAL;
    list->shown[COLUMN_AGE] = list->table != ROUTES_ADJ_OUT;
    list->shown[COLUMN_LABELS] = false;
    switch (list->family) {
    case FAMILY_IPV4_LABELLED:
    case FAMILY_IPV6_LABELLED:
    case FAMILY_VPN_IPV4:
    case FAMILY_VPN_IPV6:
    case FAMILY_EVPN:
        list->shown[COLUMN_LABELS] = true;
        break;
    default:
        break;
    }
}

static int list_fetch(struct list *list, const char *name, int word_count, char **words)
{
    struct cli *cli = list->cli;
    const struct family *family = family_get(list->family);
    Apipb__ListPathRequest request = APIPB__LIST_PATH_REQUEST__INIT;
    Apipb__Family asked = APIPB__FAMILY__INIT;
    Apipb__TableLookupPrefix lookup = APIPB__TABLE_LOOKUP_PREFIX__INIT;
    Apipb__TableLookupPrefix *lookups[] = {&lookup};
    asked.afi = family->afi;
    asked.safi = family->safi;
    request.table_type = table_type(list->table);
    request.name = (char *)name;
    request.family = &asked;
    request.sort_type = APIPB__LIST_PATH_REQUEST__SORT_TYPE__PREFIX;
    request.enable_filtered = list->table == ROUTES_REJECTED;
    if (word_count > 0) {
        if (lookup_of(list, word_count, words, &lookup) < 0)
            return E_INVALID;
        request.prefixes = lookups;
        request.n_prefixes = 1;
    }
    return call(cli, "ListPath", &request.base, &apipb__list_path_response__descriptor, take_destination, list);
}

int route_list(struct cli *cli, enum route_table table, const char *name, enum family_id preset, int word_count,
               char **words)
{
    struct list list = {.cli = cli, .table = table, .ops = cli->options.json ? &json_ops : &text_ops};
    if (cli_family(cli, preset, &list.family) < 0)
        return E_INVALID;
    list.now_s = now_s();
    list_columns(&list);
    text_init(&list.cells, LIST_LIMIT_BYTES);
    int result = list_fetch(&list, name, word_count, words);
    if (result == 0 && list.count == 0 && table != ROUTES_GLOBAL)
        result = neighbor_must_be_established(cli, name);
    if (result == 0 && (!list.validated || cli->options.json))
        list.ops->print(&list);
    else if (result == 0 && list.count == 0)
        output_add(&cli->out, "Network not in table\n");
    text_release(&list.cells);
    mem_free(MEM_OTHER, list.destinations);
    return result;
}
