#include "cli/fleet_session.h"

#include "base/check.h"

static const struct fleet_column session_columns[] = {{"ID", "id"},
                                                      {"HOSTNAME", "device.hostname"},
                                                      {"FAMILY", "address_family"},
                                                      {"STATE", "state", TABLE_STATE},
                                                      {"STATUS", "status"},
                                                      {"SINCE", "since", TABLE_TIME},
                                                      {"ACCEPTED", "prefixes.accepted", TABLE_NUMBER},
                                                      {"REJECTED", "prefixes.rejected", TABLE_NUMBER},
                                                      {"LIMIT", "prefixes.limit", TABLE_NUMBER},
                                                      {"DEFAULT ROUTE", "default_route"},
                                                      {"UPDATED", "updated_at", TABLE_TIME},
                                                      {"REASON", "reason"}};
const struct fleet_list fleet_session_list = {
    .key = "sessions", .pages = PAGES_CURSOR, .columns = FLEET_COLUMNS(session_columns), .nothing = "No sessions"};

int fleet_session_show(struct cli *cli, const struct json_node *session)
{
    static const struct fleet_column columns[] = {{"ROUTER", "router.name"},
                                                  {"PEER", "peer_ip"},
                                                  {"STATE", "state", TABLE_STATE},
                                                  {"FSM", "fsm"},
                                                  {"SINCE", "since", TABLE_TIME},
                                                  {"RECEIVED", "received", TABLE_NUMBER},
                                                  {"ACCEPTED", "accepted", TABLE_NUMBER},
                                                  {"REJECTED", "rejected", TABLE_NUMBER},
                                                  {"REASON", "reason"}};
    static const struct fleet_columns legs = FLEET_COLUMNS(columns);
    if (fleet_one_show(cli, &fleet_session_list.columns, session) < 0)
        return E_INVALID;
    if (!fleet_wants_table(cli))
        return 0;
    const struct fleet_rows rows = fleet_rows_of(cli, json_in_member(session, "legs"));
    output_add(&cli->out, "\n");
    fleet_table_show(cli, &legs, &rows);
    return 0;
}
