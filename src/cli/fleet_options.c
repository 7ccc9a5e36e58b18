#include "cli/fleet_options.h"

#include <stddef.h>

#include "base/check.h"

#define AT(field) offsetof(struct cli_options, fleet.field)

static const struct option fleet_options[] = {
    {"fleet", 0, OPTION_TEXT, OPTION_ANY, AT(url), "URL",
     "the fleet service (GODWIT_FLEET_URL; http://127.0.0.1:8080)"},
    {"token-file", 0, OPTION_TEXT, OPTION_ANY, AT(token_file), "FILE",
     "whose first line is the token (GODWIT_FLEET_TOKEN, METAL_AUTH_TOKEN)"},
    {"token", 0, OPTION_SECRET, OPTION_ANY, 0, "TOKEN",
     "everyone on this machine could read it; use --token-file, or set GODWIT_FLEET_TOKEN"},
    {"ca-file", 0, OPTION_TEXT, OPTION_ANY, AT(ca_file), "FILE", "authorities to trust in place of the system's"},
    {"insecure", 0, OPTION_FLAG, OPTION_ANY, AT(insecure), NULL, "send the token in the clear to other machines too"},
    {"config", 0, OPTION_TEXT, OPTION_ANY, AT(config_file), "FILE",
     "settings (GODWIT_FLEET_CONFIG; ~/.config/godwit/fleet.yaml)"},
    {"output", 'o', OPTION_TEXT, OPTION_ANY, AT(output), "FORMAT", "table, json or yaml"},
    {"project-id", 'p', OPTION_TEXT, FLEET_PROJECT, AT(project), "ID", "the project, or its name (METAL_PROJECT_ID)"},
    {"id", 'i', OPTION_TEXT, FLEET_ID, AT(id), "ID", "which one, or its name"},
    {"name", 'n', OPTION_TEXT, FLEET_NAME, AT(name), "NAME", "its name"},
    {"device-id", 'd', OPTION_TEXT, FLEET_DEVICE, AT(device), "ID", "the device, or its host name"},
    {"session-id", 's', OPTION_TEXT, FLEET_SESSION, AT(session), "ID", "the session"},
    {"router-id", 'r', OPTION_TEXT, FLEET_ROUTER, AT(router), "ID", "the router, or its name"},
    {"organization-id", 'O', OPTION_TEXT, FLEET_ORGANIZATION, AT(organization), "ID",
     "the organization, or its name (METAL_ORGANIZATION_ID)"},
    {"user-id", 0, OPTION_TEXT, FLEET_USER, AT(user), "ID", "the user"},
    {"metro", 'm', OPTION_TEXT, FLEET_METRO, AT(metro), "CODE", "the metro"},
    {"deployment-type", 0, OPTION_TEXT, FLEET_BGP, AT(deployment_type), "TYPE", "local or global"},
    {"md5", 0, OPTION_TEXT, FLEET_BGP, AT(md5), "PASSWORD",
     "of the sessions; everyone on this machine can read it, so prefer --md5-file"},
    {"md5-file", 0, OPTION_TEXT, FLEET_BGP, AT(md5_file), "FILE", "whose first line is the password"},
    {"use-case", 0, OPTION_TEXT, FLEET_BGP, AT(use_case), "TEXT", "for those who approve it"},
    {"status", 0, OPTION_TEXT, FLEET_LIMIT, AT(status), "STATUS", "enabled or disabled"},
    {"max-prefix", 0, OPTION_TEXT, FLEET_LIMIT, AT(max_prefix), "NUMBER", "routes a session may send"},
    {"asn", 0, OPTION_TEXT, FLEET_ASN, AT(asn), "NUMBER", "AS number (servers: 65000, routers: 65530)"},
    {"hostname", 'H', OPTION_TEXT, FLEET_HOST, AT(hostname), "NAME", "the server's"},
    {"address", 0, OPTION_TEXTS, FLEET_HOST, AT(addresses), "ADDRESS/LENGTH", "its own; may be given again"},
    {"address-family", 'a', OPTION_TEXT, FLEET_FAMILY, AT(family), "FAMILY", "ipv4 or ipv6"},
    {"default-route", 0, OPTION_FLAG, FLEET_DEFAULT_ROUTE, AT(default_route), NULL, "have it told a default route"},
    {"target", 0, OPTION_TEXT, FLEET_TARGET, AT(target), "TARGET", "its gRPC interface: host:port, or unix:///path"},
    {"peer-address", 0, OPTION_TEXTS, FLEET_TARGET, AT(peer_addresses), "ADDRESS",
     "what servers talk to; one of each family at most"},
    {"gateway", 0, OPTION_TEXTS, FLEET_TARGET, AT(gateways), "ADDRESS",
     "next hop of the default route; one of each family at most"},
    {"no-multihop", 0, OPTION_FLAG, FLEET_TARGET, AT(no_multihop), NULL, "servers are on the same link"},
    {"kind", 0, OPTION_TEXT, FLEET_TOKEN, AT(kind), "KIND", "provider, user or project"},
    {"scope", 0, OPTION_TEXT, FLEET_TOKEN, AT(scope), "SCOPE", "read or write"},
    {"expires", 0, OPTION_TEXT, FLEET_TOKEN, AT(expires), "TIME", "2027-01-31T00:00:00Z; without it, never"},
    {"description", 0, OPTION_TEXT, FLEET_TEXT, AT(text), "TEXT", "what it is for"},
    {"hold-off", 0, OPTION_TEXT, FLEET_HOLD_OFF, AT(hold_off), "SECONDS", "how long a state must last to be told (5)"},
    {"state", 0, OPTION_TEXT, FLEET_STATE, AT(state), "STATE", "only these"},
    {"after", 0, OPTION_TEXT, FLEET_AFTER, AT(after), "ID", "only what came after this event"},
    {"watch", 'w', OPTION_FLAG, FLEET_WATCH, AT(watch), NULL, "go on: show changes as they happen"},
    {"force", 'f', OPTION_FLAG, FLEET_FORCE, AT(force), NULL, "do not ask"},
};

const struct option_table fleet_option_table = {fleet_options, ARRAY_LEN(fleet_options)};
