/* The schema, as steps that are never changed once released: a store remembers how many it has been through.
 *
 * "{identity}" stands for a column that numbers its rows. Events get their number from `counters` instead, inside the
 * transaction that writes them: so numbers become visible in their order, and a reader that goes by "greater than" can
 * miss none, whoever writes.
 *
 * Tenants' data hang off projects; a leg is a session on one router. `up_at` and `up_flaps` are what the router itself
 * said of when the leg came up (0: not known) and how often it has gone down (-1: not known); see observe.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "store/backend.h"

enum { SCHEMA_TEXT_BYTES = 4096 };

struct step {
    unsigned version;
    const char *sql;
};

static const struct step steps[] = {
    {1, "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL)"},
    {1, "INSERT INTO counters (name, value) VALUES ('event', 0)"},
    {1, "CREATE TABLE metros (id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
        " country TEXT NOT NULL)"},
    {1, "CREATE TABLE organizations (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at BIGINT NOT NULL)"},
    {1, "CREATE TABLE users (id TEXT PRIMARY KEY, full_name TEXT NOT NULL, email TEXT NOT NULL UNIQUE,"
        " created_at BIGINT NOT NULL)"},
    {1, "CREATE TABLE members (organization_id TEXT NOT NULL REFERENCES organizations(id) ON DELETE CASCADE,"
        " user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE, PRIMARY KEY (user_id, organization_id))"},
    {1, "CREATE TABLE projects (id TEXT PRIMARY KEY,"
        " organization_id TEXT NOT NULL REFERENCES organizations(id), name TEXT NOT NULL,"
        " created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL)"},
    {1, "CREATE TABLE bgp_configs (project_id TEXT PRIMARY KEY REFERENCES projects(id) ON DELETE CASCADE,"
        " id TEXT NOT NULL, status TEXT NOT NULL, deployment_type TEXT NOT NULL, asn BIGINT NOT NULL, md5 TEXT,"
        " use_case TEXT, route_object TEXT, max_prefix BIGINT NOT NULL, created_at BIGINT NOT NULL,"
        " requested_at BIGINT NOT NULL)"},
    {1, "CREATE TABLE project_prefixes (project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,"
        " prefix TEXT NOT NULL, family BIGINT NOT NULL, PRIMARY KEY (project_id, prefix))"},
    {1, "CREATE TABLE routers (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
        " metro_id TEXT NOT NULL REFERENCES metros(id), target TEXT NOT NULL, asn BIGINT NOT NULL,"
        " peer_ipv4 TEXT, peer_ipv6 TEXT, multihop BIGINT NOT NULL, tls_ca TEXT, tls_certificate TEXT, tls_key TEXT,"
        " tls_name TEXT, state TEXT NOT NULL, reason TEXT, since BIGINT NOT NULL, heard_at BIGINT, policy TEXT,"
        " created_at BIGINT NOT NULL)"},
    {1, "CREATE TABLE leases (router_id TEXT PRIMARY KEY REFERENCES routers(id) ON DELETE CASCADE,"
        " holder TEXT NOT NULL, until BIGINT NOT NULL)"},
    {1, "CREATE TABLE devices (id TEXT PRIMARY KEY, project_id TEXT NOT NULL REFERENCES projects(id),"
        " metro_id TEXT NOT NULL REFERENCES metros(id), hostname TEXT NOT NULL, created_at BIGINT NOT NULL,"
        " updated_at BIGINT NOT NULL)"},
    {1, "CREATE INDEX devices_project ON devices (project_id, hostname)"},
    {1, "CREATE TABLE device_addresses (device_id TEXT NOT NULL REFERENCES devices(id) ON DELETE CASCADE,"
        " position BIGINT NOT NULL, id TEXT NOT NULL, address TEXT NOT NULL UNIQUE, family BIGINT NOT NULL,"
        " cidr BIGINT NOT NULL, public BIGINT NOT NULL, management BIGINT NOT NULL, gateway TEXT,"
        " PRIMARY KEY (device_id, position))"},
    {1, "CREATE TABLE sessions (id TEXT PRIMARY KEY, device_id TEXT NOT NULL REFERENCES devices(id) ON DELETE CASCADE,"
        " project_id TEXT NOT NULL REFERENCES projects(id), family BIGINT NOT NULL, customer_ip TEXT NOT NULL,"
        " default_route BIGINT NOT NULL, state TEXT NOT NULL, since BIGINT NOT NULL, created_at BIGINT NOT NULL,"
        " updated_at BIGINT NOT NULL, UNIQUE (device_id, family))"},
    {1, "CREATE INDEX sessions_project ON sessions (project_id)"},
    {1, "CREATE TABLE legs (id TEXT PRIMARY KEY, session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,"
        " router_id TEXT NOT NULL REFERENCES routers(id) ON DELETE CASCADE, state TEXT NOT NULL, fsm TEXT NOT NULL,"
        " since BIGINT NOT NULL, reason TEXT, limit_hit BIGINT NOT NULL, received BIGINT NOT NULL,"
        " accepted BIGINT NOT NULL, updated_at BIGINT NOT NULL, UNIQUE (session_id, router_id))"},
    {1, "CREATE INDEX legs_router ON legs (router_id)"},
    {1, "CREATE TABLE routes (leg_id TEXT NOT NULL REFERENCES legs(id) ON DELETE CASCADE, prefix TEXT NOT NULL,"
        " path_id BIGINT NOT NULL, accepted BIGINT NOT NULL, reason TEXT, next_hop TEXT NOT NULL,"
        " as_path TEXT NOT NULL, origin TEXT NOT NULL, med BIGINT, communities TEXT NOT NULL,"
        " received_at BIGINT NOT NULL, PRIMARY KEY (leg_id, prefix, path_id))"},
    {1, "CREATE INDEX routes_prefix ON routes (prefix)"},
    {1, "CREATE TABLE transitions (id {identity}, session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,"
        " leg_id TEXT NOT NULL, router_id TEXT NOT NULL, at BIGINT NOT NULL, was TEXT NOT NULL, became TEXT NOT NULL,"
        " session_state TEXT NOT NULL, reason TEXT)"},
    {1, "CREATE INDEX transitions_session ON transitions (session_id, id)"},
    {1, "CREATE TABLE events (id BIGINT PRIMARY KEY, at BIGINT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,"
        " project_id TEXT, device_id TEXT, session_id TEXT, router_id TEXT, state TEXT, reason TEXT)"},
    {1, "CREATE INDEX events_project ON events (project_id, id)"},
    {1, "CREATE INDEX events_device ON events (device_id, id)"},
    {1, "CREATE TABLE tokens (id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, scope TEXT NOT NULL,"
        " description TEXT NOT NULL, user_id TEXT REFERENCES users(id) ON DELETE CASCADE,"
        " project_id TEXT REFERENCES projects(id) ON DELETE CASCADE, created_at BIGINT NOT NULL, expires_at BIGINT,"
        " last_used_at BIGINT)"},
    {1, "CREATE TABLE audit (id {identity}, at BIGINT NOT NULL, token_id TEXT NOT NULL, who TEXT NOT NULL,"
        " action TEXT NOT NULL, object TEXT NOT NULL, project_id TEXT, detail TEXT NOT NULL)"},
    {1, "CREATE INDEX audit_project ON audit (project_id, id)"},
    {1, "CREATE TABLE webhooks (id TEXT PRIMARY KEY,"
        " project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE, url TEXT NOT NULL, secret TEXT NOT NULL,"
        " hold_off_s BIGINT NOT NULL, created_at BIGINT NOT NULL, delivered BIGINT NOT NULL, failures BIGINT NOT NULL,"
        " last_status TEXT)"},
    {2, "ALTER TABLE routers ADD COLUMN gateway_ipv4 TEXT"},
    {2, "ALTER TABLE routers ADD COLUMN gateway_ipv6 TEXT"},
    {3, "DROP TABLE leases"},
    {3, "CREATE TABLE locks (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL)"},
    {3, "INSERT INTO counters (name, value) VALUES ('intent', 0)"},
    {4, "ALTER TABLE legs ADD COLUMN up_at BIGINT NOT NULL DEFAULT 0"},
    {4, "ALTER TABLE legs ADD COLUMN up_flaps BIGINT NOT NULL DEFAULT -1"},
    {4, "ALTER TABLE legs ADD COLUMN flaps BIGINT NOT NULL DEFAULT 0"},
    {4, "UPDATE legs SET flaps = (SELECT count(*) FROM transitions t WHERE t.session_id = legs.session_id"
        " AND t.leg_id = legs.id AND t.was = 'up' AND t.became = 'down')"},
    {4, "CREATE INDEX events_session ON events (session_id, id)"},
    {4, "ALTER TABLE routers ADD COLUMN refresh_asked BIGINT NOT NULL DEFAULT 0"},
    {4, "ALTER TABLE routers ADD COLUMN refresh_done BIGINT NOT NULL DEFAULT 0"},
    {4, "CREATE TABLE intents (number BIGINT PRIMARY KEY, project_id TEXT)"},
    {4, "INSERT INTO counters (name, value) VALUES ('trimmed', 0), ('refresh', 0), ('handover', 0)"},
    {5, "DROP INDEX devices_project"},
    {5, "CREATE INDEX devices_project ON devices (project_id, hostname, id)"},
    {5, "CREATE INDEX devices_hostname ON devices (hostname, id)"},
    {5, "DROP INDEX sessions_project"},
    {5, "CREATE INDEX sessions_project ON sessions (project_id, state)"},
};

/* `sql` with the store's own words. */
static const char *own_words(const struct store *store, const char *sql, char *memory, size_t capacity)
{
    static const char placeholder[] = "{identity}";
    struct str out = str_over(memory, capacity);
    const char *at = strstr(sql, placeholder);
    if (!at)
        return sql;
    str_add_n(&out, sql, (size_t)(at - sql));
    str_add(&out, store->ops->identity);
    str_add(&out, at + strlen(placeholder));
    CHECK(!out.truncated);
    return memory;
}

int store_migrate(struct store *store, struct err *err)
{
    char memory[SCHEMA_TEXT_BYTES];
    int64_t version = 0;
    unsigned last = steps[ARRAY_LEN(steps) - 1].version;
    int result = store_run(store, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)", STORE_NO_ARGS);
    if (result == E_OK)
        store_find_number(store, "SELECT max(version) FROM schema_version", STORE_NO_ARGS, &version);
    if (version > last)
        return err_set(err, E_UNSUPPORTED, "the store has schema %lld, this program knows up to %u", (long long)version,
                       last);
    for (unsigned next = (unsigned)version + 1; result == E_OK && next <= last; next++) {
        store_begin(store);
        for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
            if (steps[i].version == next)
                store_run(store, own_words(store, steps[i].sql, memory, sizeof(memory)), STORE_NO_ARGS);
        }
        store_run(store, "INSERT INTO schema_version (version) VALUES ($1)", STORE_ARGS(store_number(next)));
        result = store_commit(store);
    }
    return result < 0 ? err_set(err, result, "the schema could not be made") : E_OK;
}
