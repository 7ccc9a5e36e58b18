/* Ready-made configurations for the server's daemon, filled in from its session: own address as source, every router,
 * the password, what may be announced, and a default route only where the session has one.
 */
#include <stdio.h>
#include <string.h>

#include "fleet/handlers.h"
#include "net/prefix.h"

enum {
    CONFIG_ROUTERS_MAX = 8,
    CONFIG_PREFIXES_MAX = 64,
    CONFIG_MAX_BYTES = 256 << 10,
};

struct config_router {
    char name[64]; /* letters, digits and '_' */
    char address[ADDR_TEXT_MAX];
};

/* What a configuration is made from. */
struct config_facts {
    bool ipv6;
    bool default_route;
    bool multihop;
    unsigned ttl;
    char hostname[128];
    char source[ADDR_TEXT_MAX];
    char router_id[ADDR_TEXT_MAX];
    char md5[96]; /* "": none */
    int64_t customer_as;
    int64_t peer_as;
    struct config_router routers[CONFIG_ROUTERS_MAX];
    unsigned router_count;
    struct prefix prefixes[CONFIG_PREFIXES_MAX];
    unsigned prefix_count;
};

static const char *prefix_of(const struct config_facts *facts, unsigned i, char text[PREFIX_TEXT_MAX])
{
    return prefix_format(&facts->prefixes[i], text);
}

static unsigned longest(const struct config_facts *facts)
{
    return facts->ipv6 ? 128 : 32;
}

static void write_bird(struct text *out, const struct config_facts *facts)
{
    char prefix[PREFIX_TEXT_MAX];
    const char *family = facts->ipv6 ? "ipv6" : "ipv4";
    text_printf(out,
                "# BIRD 2: /etc/bird/bird.conf. Put the addresses to be announced on the interface lo.\n"
                "router id %s;\n\nprotocol device {\n}\n\nprotocol direct {\n    %s;\n    interface \"lo\";\n}\n\n",
                facts->router_id, family);
    text_add(out, "filter to_routers {\n");
    for (unsigned i = 0; i < facts->prefix_count; i++)
        text_printf(out, "    if net ~ [ %s{%u,%u} ] then accept;\n", prefix_of(facts, i, prefix),
                    facts->prefixes[i].length, longest(facts));
    text_add(out, "    reject;\n}\n");
    for (unsigned i = 0; i < facts->router_count; i++) {
        text_printf(out, "\nprotocol bgp %s {\n    local %s as %lld;\n    neighbor %s as %lld;\n",
                    facts->routers[i].name, facts->source, (long long)facts->customer_as, facts->routers[i].address,
                    (long long)facts->peer_as);
        if (facts->multihop)
            text_printf(out, "    multihop %u;\n", facts->ttl);
        if (facts->md5[0])
            text_printf(out, "    password \"%s\";\n", facts->md5);
        text_printf(out, "    %s {\n        import %s;\n        export filter to_routers;\n    };\n}\n", family,
                    !facts->default_route ? "none"
                    : facts->ipv6         ? "where net = ::/0"
                                          : "where net = 0.0.0.0/0");
    }
}

static void write_frr_lists(struct text *out, const struct config_facts *facts)
{
    char prefix[PREFIX_TEXT_MAX];
    const char *ip = facts->ipv6 ? "ipv6" : "ip";
    for (unsigned i = 0; i < facts->prefix_count; i++) {
        text_printf(out, "%s prefix-list TO-ROUTERS seq %u permit %s", ip, (i + 1) * 5, prefix_of(facts, i, prefix));
        text_printf(out, facts->prefixes[i].length < longest(facts) ? " le %u\n" : "\n", longest(facts));
    }
    if (facts->default_route)
        text_printf(out, "%s prefix-list FROM-ROUTERS seq 5 permit %s\n", ip, facts->ipv6 ? "::/0" : "0.0.0.0/0");
    else
        text_printf(out, "%s prefix-list FROM-ROUTERS seq 5 deny any\n", ip);
}

static void write_frr(struct text *out, const struct config_facts *facts)
{
    const char *family = facts->ipv6 ? "ipv6" : "ipv4";
    text_add(out, "! FRR: /etc/frr/frr.conf, with bgpd=yes in /etc/frr/daemons.\n"
                  "! Put the addresses to be announced on the interface lo.\n");
    write_frr_lists(out, facts);
    text_printf(out, "!\nrouter bgp %lld\n bgp router-id %s\n no bgp default ipv4-unicast\n",
                (long long)facts->customer_as, facts->router_id);
    for (unsigned i = 0; i < facts->router_count; i++) {
        const char *address = facts->routers[i].address;
        text_printf(out, " neighbor %s remote-as %lld\n neighbor %s update-source %s\n", address,
                    (long long)facts->peer_as, address, facts->source);
        if (facts->multihop)
            text_printf(out, " neighbor %s ebgp-multihop %u\n", address, facts->ttl);
        if (facts->md5[0])
            text_printf(out, " neighbor %s password %s\n", address, facts->md5);
    }
    text_printf(out, " !\n address-family %s unicast\n  redistribute connected\n", family);
    for (unsigned i = 0; i < facts->router_count; i++) {
        const char *address = facts->routers[i].address;
        text_printf(out,
                    "  neighbor %s activate\n  neighbor %s prefix-list FROM-ROUTERS in\n"
                    "  neighbor %s prefix-list TO-ROUTERS out\n",
                    address, address, address);
    }
    text_add(out, " exit-address-family\n");
}

/* GoBGP's file, which is ours too. */
static void write_gobgp_file(struct text *out, const struct config_facts *facts)
{
    text_printf(out, "[global.config]\n  as = %lld\n  router-id = \"%s\"\n  port = -1\n", (long long)facts->customer_as,
                facts->router_id);
    for (unsigned i = 0; i < facts->router_count; i++) {
        text_printf(out, "\n[[neighbors]]\n  [neighbors.config]\n    neighbor-address = \"%s\"\n    peer-as = %lld\n",
                    facts->routers[i].address, (long long)facts->peer_as);
        if (facts->md5[0])
            text_printf(out, "    auth-password = \"%s\"\n", facts->md5);
        text_printf(out, "  [neighbors.transport.config]\n    local-address = \"%s\"\n", facts->source);
        if (facts->multihop)
            text_printf(out, "  [neighbors.ebgp-multihop.config]\n    enabled = true\n    multihop-ttl = %u\n",
                        facts->ttl);
        text_printf(out,
                    "  [[neighbors.afi-safis]]\n    [neighbors.afi-safis.config]\n"
                    "      afi-safi-name = \"%s-unicast\"\n",
                    facts->ipv6 ? "ipv6" : "ipv4");
    }
}

static void write_announcements(struct text *out, const struct config_facts *facts, const char *program)
{
    char prefix[PREFIX_TEXT_MAX];
    text_add(out, "\n# Announce, once it runs:\n");
    for (unsigned i = 0; i < facts->prefix_count; i++)
        text_printf(out, "#   %s global rib add -a %s %s nexthop %s\n", program, facts->ipv6 ? "ipv6" : "ipv4",
                    prefix_of(facts, i, prefix), facts->source);
}

static void write_gobgp(struct text *out, const struct config_facts *facts)
{
    text_add(out, "# GoBGP: gobgpd -f gobgpd.toml\n");
    write_gobgp_file(out, facts);
    write_announcements(out, facts, "gobgp");
}

static void write_godwitd(struct text *out, const struct config_facts *facts)
{
    text_add(out, "# godwitd: godwitd -f godwitd.toml\n");
    write_gobgp_file(out, facts);
    write_announcements(out, facts, "godwit");
}

static void write_openbgpd(struct text *out, const struct config_facts *facts)
{
    char prefix[PREFIX_TEXT_MAX];
    text_printf(out, "# OpenBGPD: /etc/bgpd.conf\nAS %lld\nrouter-id %s\nlisten on 127.0.0.1 port 1179\n\n",
                (long long)facts->customer_as, facts->router_id);
    for (unsigned i = 0; i < facts->prefix_count; i++)
        text_printf(out, "network %s\n", prefix_of(facts, i, prefix));
    for (unsigned i = 0; i < facts->router_count; i++) {
        text_printf(out,
                    "\nneighbor %s {\n\tremote-as %lld\n\tdescr \"%s\"\n\tlocal-address %s\n"
                    "\tannounce IPv4 %s\n\tannounce IPv6 %s\n",
                    facts->routers[i].address, (long long)facts->peer_as, facts->routers[i].name, facts->source,
                    facts->ipv6 ? "none" : "unicast", facts->ipv6 ? "unicast" : "none");
        if (facts->multihop)
            text_printf(out, "\tmultihop %u\n", facts->ttl);
        if (facts->md5[0])
            text_printf(out, "\ttcp md5sig password \"%s\"\n", facts->md5);
        text_add(out, "}\n");
    }
    text_add(out, "\ndeny from any\ndeny to any\n");
    if (facts->default_route)
        text_printf(out, "allow from any prefix %s\n", facts->ipv6 ? "::/0" : "0.0.0.0/0");
    for (unsigned i = 0; i < facts->prefix_count; i++)
        text_printf(out, "allow to any prefix %s or-longer\n", prefix_of(facts, i, prefix));
}

static void write_exabgp(struct text *out, const struct config_facts *facts)
{
    char prefix[PREFIX_TEXT_MAX];
    text_add(out, "# ExaBGP 4: exabgp exabgp.conf\n");
    for (unsigned i = 0; i < facts->router_count; i++) {
        text_printf(out,
                    "neighbor %s {\n    router-id %s;\n    local-address %s;\n    local-as %lld;\n    peer-as %lld;\n",
                    facts->routers[i].address, facts->router_id, facts->source, (long long)facts->customer_as,
                    (long long)facts->peer_as);
        if (facts->multihop)
            text_printf(out, "    outgoing-ttl %u;\n", facts->ttl);
        if (facts->md5[0])
            text_printf(out, "    md5-password '%s';\n", facts->md5);
        text_printf(out, "    family {\n        %s unicast;\n    }\n    static {\n", facts->ipv6 ? "ipv6" : "ipv4");
        for (unsigned j = 0; j < facts->prefix_count; j++)
            text_printf(out, "        route %s next-hop self;\n", prefix_of(facts, j, prefix));
        text_add(out, "    }\n}\n");
    }
}

static const struct {
    const char *name;
    void (*write)(struct text *out, const struct config_facts *facts);
} makers[] = {
    {"bird", write_bird},         {"frr", write_frr},       {"gobgp", write_gobgp},
    {"openbgpd", write_openbgpd}, {"exabgp", write_exabgp}, {"godwitd", write_godwitd},
};

/* Gathering -------------------------------------------------------------------------------------------------------- */

static void gather_routers(struct api_call *call, struct config_facts *facts)
{
    struct store_rows *rows =
        store_query(call->store,
                    "SELECT r.name, r.peer_ipv4, r.peer_ipv6, r.asn, r.multihop FROM legs l"
                    " JOIN routers r ON r.id = l.router_id WHERE l.session_id = $1 ORDER BY r.name",
                    STORE_ARGS(store_text(call->id)));
    while (facts->router_count < CONFIG_ROUTERS_MAX && store_rows_next(rows)) {
        struct config_router *router = &facts->routers[facts->router_count++];
        snprintf(router->name, sizeof(router->name), "router_%s", store_rows_text(rows, 0));
        for (char *at = router->name; *at; at++) {
            if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *at))
                *at = '_';
        }
        snprintf(router->address, sizeof(router->address), "%s", store_rows_text(rows, facts->ipv6 ? 2 : 1));
        facts->peer_as = store_rows_number(rows, 3);
        facts->multihop = store_rows_number(rows, 4) != 0;
    }
    store_rows_end(rows);
}

static void gather_prefixes(struct api_call *call, struct config_facts *facts, const char *project_id)
{
    struct store_rows *rows = store_query(
        call->store, "SELECT prefix FROM project_prefixes WHERE project_id = $1 AND family = $2 ORDER BY prefix",
        STORE_ARGS(store_text(project_id), store_number(facts->ipv6 ? 6 : 4)));
    while (facts->prefix_count < CONFIG_PREFIXES_MAX && store_rows_next(rows)) {
        if (prefix_parse(store_rows_text(rows, 0), true, &facts->prefixes[facts->prefix_count]) == 0)
            facts->prefix_count++;
    }
    store_rows_end(rows);
}

static void gather(struct api_call *call, struct config_facts *facts, const char *project_id)
{
    struct store_rows *rows =
        store_query(call->store,
                    "SELECT s.family, s.customer_ip, s.default_route, c.asn, c.md5, d.hostname,"
                    " (SELECT a.address FROM device_addresses a WHERE a.device_id = s.device_id AND a.family = 4"
                    " ORDER BY a.public, a.position LIMIT 1) FROM sessions s JOIN devices d ON d.id = s.device_id"
                    " LEFT JOIN bgp_configs c ON c.project_id = s.project_id WHERE s.id = $1",
                    STORE_ARGS(store_text(call->id)));
    if (store_rows_next(rows)) {
        facts->ipv6 = store_rows_number(rows, 0) == 6;
        snprintf(facts->source, sizeof(facts->source), "%s", store_rows_text(rows, 1));
        facts->default_route = store_rows_number(rows, 2) != 0;
        facts->customer_as = store_rows_number(rows, 3);
        snprintf(facts->md5, sizeof(facts->md5), "%s", store_rows_text(rows, 4));
        snprintf(facts->hostname, sizeof(facts->hostname), "%s", store_rows_text(rows, 5));
        /* A router id is 32 bits; a server with IPv6 alone gets one that names nobody else of its kind. */
        snprintf(facts->router_id, sizeof(facts->router_id), "%s",
                 store_rows_null(rows, 6) ? "192.0.2.1" : store_rows_text(rows, 6));
    }
    store_rows_end(rows);
    facts->ttl = call->fleet->settings.multihop_ttl;
    gather_routers(call, facts);
    gather_prefixes(call, facts, project_id);
}

void view_session_config(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    struct config_facts facts = {0};
    struct text out;
    const char *name = api_query(call, "for");
    size_t maker = 0;
    if (!api_find_session(call, project))
        return;
    while (maker < ARRAY_LEN(makers) && strcmp(makers[maker].name, name) != 0)
        maker++;
    if (maker == ARRAY_LEN(makers)) {
        api_invalid(call, "for: must be bird, frr, gobgp, openbgpd, exabgp or godwitd");
        return;
    }
    gather(call, &facts, project);
    text_init(&out, CONFIG_MAX_BYTES);
    makers[maker].write(&out, &facts);
    api_reply_text(call, "text/plain; charset=utf-8", out.bytes, out.length);
    text_release(&out);
}
