/* What the rows of the command tables run. One file per noun: cmd_<noun>.c. */
#pragma once

#include "cli/command.h"

typedef int command_function(struct cli *cli, const struct command *command, const struct words *words);

command_function cmd_global, cmd_global_delete_all;
command_function cmd_rib, cmd_rib_add, cmd_rib_delete, cmd_rib_delete_all, cmd_rib_summary;
command_function cmd_neighbor, cmd_neighbor_add, cmd_neighbor_delete, cmd_neighbor_update;
command_function cmd_neighbor_rib, cmd_neighbor_rib_summary, cmd_neighbor_reset, cmd_neighbor_state;
command_function cmd_neighbor_groups, cmd_neighbor_why;
command_function cmd_policy, cmd_policy_add, cmd_policy_delete, cmd_policy_test;
command_function cmd_neighbor_graceful_shutdown, cmd_global_graceful_shutdown;
command_function cmd_policy_set, cmd_policy_set_add, cmd_policy_set_delete;
command_function cmd_policy_statement, cmd_policy_statement_add, cmd_policy_statement_delete;
command_function cmd_statement_condition, cmd_statement_action;
command_function cmd_global_policy, cmd_global_policy_direction, cmd_global_policy_change;
command_function cmd_neighbor_policy, cmd_neighbor_policy_direction, cmd_neighbor_policy_change;
command_function cmd_monitor_rib, cmd_monitor_neighbor, cmd_monitor_adj_in;
command_function cmd_mrt_inject;
command_function cmd_rpki_server, cmd_rpki_table;
command_function cmd_bmp, cmd_bmp_add, cmd_bmp_delete;
command_function cmd_log_level, cmd_completion;
command_function cmd_why, cmd_groups, cmd_counters, cmd_reload, cmd_save;
command_function cmd_not_offered;
command_function cmd_project_list, cmd_project_create, cmd_project_update, cmd_project_delete;
command_function cmd_project_bgp_config, cmd_project_bgp_sessions, cmd_project_bgp_enable, cmd_project_bgp_limit;
command_function cmd_project_prefixes;
command_function cmd_device_list, cmd_device_get, cmd_device_create, cmd_device_delete, cmd_device_neighbors;
command_function cmd_device_sessions;
command_function cmd_session_list, cmd_session_get, cmd_session_enable, cmd_session_disable, cmd_session_reset;
command_function cmd_session_default_route, cmd_session_update_now, cmd_session_timeline, cmd_session_routes;
command_function cmd_session_config, cmd_lookup;
command_function cmd_router_list, cmd_router_get, cmd_router_create, cmd_router_delete;
command_function cmd_event_list, cmd_audit_list;
command_function cmd_token_list, cmd_token_create, cmd_token_delete, cmd_token_whoami;
command_function cmd_webhook_list, cmd_webhook_create, cmd_webhook_delete;
command_function cmd_organization_list, cmd_organization_create;
command_function cmd_user_get, cmd_user_list, cmd_user_create, cmd_metro_list, cmd_metro_create;
