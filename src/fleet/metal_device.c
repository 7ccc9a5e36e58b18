#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "fleet/leg.h"
#include "fleet/objects.h"
#include "net/prefix.h"

enum { DEVICE_ADDRESSES_MAX = 16 };

static void netmask_text(unsigned family, unsigned bits, char text[ADDR_TEXT_MAX])
{
    uint8_t bytes[16] = {0};
    for (unsigned i = 0; i < bits && i < 128; i++)
        bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
    struct addr mask = addr_from_bytes(family == 6 ? ADDR_IPV6 : ADDR_IPV4, bytes);
    addr_format(&mask, text);
}

static void write_address(struct json *json, const struct store_rows *rows)
{
    unsigned family = (unsigned)store_rows_number(rows, 2);
    unsigned bits = (unsigned)store_rows_number(rows, 3);
    char text[ADDR_TEXT_MAX];
    char href[96];
    struct addr addr = {0};
    addr_parse(store_rows_text(rows, 1), &addr);
    struct prefix network = prefix_make(&addr, (uint8_t)bits);
    snprintf(href, sizeof(href), "/metal/v1/ips/%s", store_rows_text(rows, 0));
    json_object(json);
    member_row_text(json, "id", rows, 0);
    member_row_text(json, "address", rows, 1);
    member_number(json, "address_family", family);
    member_number(json, "cidr", bits);
    netmask_text(family, bits, text);
    member_text(json, "netmask", text);
    member_text(json, "network", addr_format(&network.addr, text));
    member_row_text(json, "gateway", rows, 6);
    member_bool(json, "public", store_rows_number(rows, 4) != 0);
    member_bool(json, "management", store_rows_number(rows, 5) != 0);
    member_bool(json, "enabled", true);
    member_text(json, "state", "active");
    member_text(json, "href", href);
    json_object_end(json);
}

static void write_addresses(struct api_call *call, const char *device_id)
{
    struct json *json = &call->json;
    struct store_rows *rows = store_query(call->store,
                                          "SELECT id, address, family, cidr, public, management, gateway"
                                          " FROM device_addresses WHERE device_id = $1 ORDER BY position",
                                          STORE_ARGS(store_text(device_id)));
    json_key(json, "ip_addresses");
    json_array(json);
    while (store_rows_next(rows))
        write_address(json, rows);
    store_rows_end(rows);
    json_array_end(json);
}

/* What every device has: nothing is known of what runs on it, but clients want a word. */
static void write_system(struct json *json)
{
    json_key(json, "operating_system");
    json_object(json);
    member_text(json, "slug", "custom");
    member_text(json, "name", "Custom");
    member_text(json, "distro", "custom");
    member_text(json, "version", "1");
    json_object_end(json);
}

bool write_device(struct api_call *call, const char *id)
{
    struct json *json = &call->json;
    char href[96];
    struct store_rows *rows =
        store_query(call->store,
                    "SELECT d.id, d.hostname, d.project_id, d.created_at, d.updated_at, m.id, m.code, m.name, m.country"
                    " FROM devices d JOIN metros m ON m.id = d.metro_id WHERE d.id = $1",
                    STORE_ARGS(store_text(id)));
    bool found = store_rows_next(rows);
    if (found) {
        snprintf(href, sizeof(href), "/metal/v1/devices/%s", id);
        json_object(json);
        member_row_text(json, "id", rows, 0);
        member_row_text(json, "hostname", rows, 1);
        member_text(json, "state", "active");
        member_row_time(json, "created_at", rows, 3);
        member_row_time(json, "updated_at", rows, 4);
        member_href(json, "project", "projects", store_rows_text(rows, 2));
        json_key(json, "metro");
        json_object(json);
        member_row_text(json, "id", rows, 5);
        member_row_text(json, "code", rows, 6);
        member_row_text(json, "name", rows, 7);
        member_row_text(json, "country", rows, 8);
        json_object_end(json);
        write_system(json);
        write_addresses(call, id);
        member_text(json, "href", href);
        json_object_end(json);
    }
    store_rows_end(rows);
    return found;
}

void metal_devices(struct api_call *call)
{
    struct api_page page = api_page_of(call);
    struct json *json = &call->json;
    char path[96];
    if (!api_find_project(call))
        return;
    const struct store_args project = STORE_ARGS(store_text(call->id));
    store_find_number(call->store, "SELECT count(*) FROM devices WHERE project_id = $1", project, &page.total);
    struct store_rows *rows = store_query(
        call->store, "SELECT id FROM devices WHERE project_id = $1 ORDER BY hostname, id LIMIT $2 OFFSET $3",
        STORE_ARGS(store_text(call->id), store_number(page.size), store_number((page.number - 1) * page.size)));
    json_object(json);
    json_key(json, "devices");
    json_array(json);
    while (store_rows_next(rows))
        write_device(call, store_rows_text(rows, 0));
    store_rows_end(rows);
    json_array_end(json);
    snprintf(path, sizeof(path), "/projects/%s/devices", call->id);
    api_page_meta(call, &page, path);
    json_object_end(json);
    api_reply(call, 200);
}

void metal_device(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (!api_find_device(call, project))
        return;
    write_device(call, call->id);
    api_reply(call, 200);
}

/* One element of ip_addresses; false: it is wrong, and that was answered. */
static bool put_address(struct api_call *call, const char *device_id, const struct json_node *node, unsigned position)
{
    const char *text = json_in_text(json_in_member(node, "address"));
    const struct json_node *bits = json_in_member(node, "cidr");
    const char *gateway = json_in_text(json_in_member(node, "gateway"));
    struct addr addr;
    struct addr via;
    char canonical[ADDR_TEXT_MAX];
    char id[ID_TEXT_MAX];
    if (!text || addr_parse(text, &addr) < 0 || addr_is_any(&addr) || addr_is_multicast(&addr)) {
        api_invalid(call, "ip_addresses[%u].address: no address of a server", position);
        return false;
    }
    int64_t length = bits ? json_in_number(bits) : addr_bits(&addr);
    if (length < 1 || length > addr_bits(&addr)) {
        api_invalid(call, "ip_addresses[%u].cidr: must be 1 to %u", position, addr_bits(&addr));
        return false;
    }
    if (gateway && addr_parse(gateway, &via) < 0) {
        api_invalid(call, "ip_addresses[%u].gateway: no address", position);
        return false;
    }
    id_make(id);
    int result = store_run(
        call->store,
        "INSERT INTO device_addresses (device_id, position, id, address, family, cidr, public, management, gateway)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        STORE_ARGS(store_text(device_id), store_number(position), store_text(id),
                   store_text(addr_format(&addr, canonical)), store_number(addr.kind), store_number(length),
                   store_number(json_in_bool(json_in_member(node, "public"))),
                   store_number(json_in_bool(json_in_member(node, "management"))), store_text(gateway)));
    if (result == E_EXISTS)
        api_invalid(call, "ip_addresses[%u].address: %s belongs to another device", position, canonical);
    return result != E_EXISTS;
}

static bool put_addresses(struct api_call *call, const char *device_id)
{
    const struct json_node *list = api_body_member(call, "ip_addresses");
    size_t count = json_in_count(list);
    if (count > DEVICE_ADDRESSES_MAX) {
        api_invalid(call, "ip_addresses: at most %d", DEVICE_ADDRESSES_MAX);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!put_address(call, device_id, json_in_at(list, i), (unsigned)i))
            return false;
    }
    return true;
}

static bool hostname_is_good(const char *name)
{
    size_t length = name ? strlen(name) : 0;
    if (length == 0 || length >= HOSTNAME_TEXT_MAX)
        return false;
    for (const char *at = name; *at; at++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", *at))
            return false;
    }
    return true;
}

void metal_device_create(struct api_call *call)
{
    char id[ID_TEXT_MAX];
    char metro[ID_TEXT_MAX];
    int64_t now = time_now_ms();
    if (!api_body(call) || !api_find_project(call))
        return;
    const char *hostname = api_body_text(call, "hostname");
    const char *wish = api_body_text(call, "metro");
    if (!hostname_is_good(hostname)) {
        api_invalid(call, "hostname: letters, digits, '.', '-' and '_'");
        return;
    }
    if (!wish || !store_find_text(call->store, "SELECT id FROM metros WHERE id = $1 OR code = $1",
                                  STORE_ARGS(store_text(wish)), metro, sizeof(metro))) {
        api_invalid(call, "metro: no such metro");
        return;
    }
    id_make(id);
    fleet_begin(call->fleet);
    store_run(call->store,
              "INSERT INTO devices (id, project_id, metro_id, hostname, created_at, updated_at)"
              " VALUES ($1, $2, $3, $4, $5, $6)",
              STORE_ARGS(store_text(id), store_text(call->id), store_text(metro), store_text(hostname),
                         store_number(now), store_number(now)));
    if (!put_addresses(call, id)) {
        store_rollback(call->store);
        fleet_commit(call->fleet);
        return;
    }
    api_audit(call, "device.create", id, call->id, hostname);
    event_put(call->fleet, &(struct event){.type = "device.created",
                                           .body = "The device was registered.",
                                           .project_id = call->id,
                                           .device_id = id});
    if (!api_committed(call))
        return;
    write_device(call, id);
    api_reply(call, 201);
}

void metal_device_delete(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (!api_find_device(call, project))
        return;
    fleet_begin(call->fleet);
    store_run(call->store, "DELETE FROM devices WHERE id = $1", STORE_ARGS(store_text(call->id)));
    api_audit(call, "device.delete", call->id, project, "");
    event_put(call->fleet, &(struct event){.type = "device.deleted",
                                           .body = "The device was deleted with its sessions.",
                                           .project_id = project,
                                           .device_id = call->id});
    if (!api_committed(call))
        return;
    legs_load(call->fleet, "s.device_id", call->id);
    api_reply_empty(call, 204);
}
