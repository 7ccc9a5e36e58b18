/* The functions of the table in api_routes.c, by file. */
#pragma once

#include "fleet/api.h"

/* metal_account.c */
void metal_user(struct api_call *call);
void metal_organizations(struct api_call *call);
void metal_organization(struct api_call *call);
void metal_metros(struct api_call *call);
void metal_nothing(struct api_call *call);

/* metal_project.c */
void metal_projects(struct api_call *call);
void metal_project_create(struct api_call *call);
void metal_project(struct api_call *call);
void metal_project_update(struct api_call *call);
void metal_project_delete(struct api_call *call);

/* metal_device.c */
void metal_devices(struct api_call *call);
void metal_device_create(struct api_call *call);
void metal_device(struct api_call *call);
void metal_device_delete(struct api_call *call);

/* metal_config.c */
void metal_bgp_config(struct api_call *call);
void metal_bgp_config_set(struct api_call *call);
void metal_global_ranges(struct api_call *call);
void fleet_bgp_config_patch(struct api_call *call);

/* metal_session.c */
void metal_project_sessions(struct api_call *call);
void metal_device_sessions(struct api_call *call);
void metal_session_create(struct api_call *call);
void metal_session(struct api_call *call);
void metal_session_update(struct api_call *call);
void metal_session_delete(struct api_call *call);

/* metal_neighbors.c */
void metal_neighbors(struct api_call *call);

/* metal_events.c */
void metal_project_events(struct api_call *call);
void metal_device_events(struct api_call *call);
void metal_events(struct api_call *call);

/* discover.c */
void discover_project(struct api_call *call);
void discover_device(struct api_call *call);
void discover_session(struct api_call *call);

/* view_session.c */
void view_sessions(struct api_call *call);
void view_session(struct api_call *call);
void view_session_legs(struct api_call *call);
void view_session_reset(struct api_call *call);

/* view_history.c */
void view_timeline(struct api_call *call);
void view_audit(struct api_call *call);

/* view_routes.c */
void view_session_routes(struct api_call *call);
void view_lookup(struct api_call *call);

/* view_device.c */
void view_devices(struct api_call *call);
void view_device(struct api_call *call);

/* view_project.c */
void view_project(struct api_call *call);
void view_prefixes(struct api_call *call);
void view_prefixes_set(struct api_call *call);

/* view_router.c */
void view_routers(struct api_call *call);
void view_router(struct api_call *call);
void view_router_create(struct api_call *call);
void view_router_delete(struct api_call *call);

/* view_events.c */
void view_events(struct api_call *call);

/* view_token.c */
void view_whoami(struct api_call *call);
void view_tokens(struct api_call *call);
void view_token_create(struct api_call *call);
void view_token_delete(struct api_call *call);

/* view_provider.c */
void view_organization_create(struct api_call *call);
void view_users(struct api_call *call);
void view_user_create(struct api_call *call);
void view_metro_create(struct api_call *call);

/* view_webhook.c */
void view_webhooks(struct api_call *call);
void view_webhook(struct api_call *call);
void view_webhook_create(struct api_call *call);
void view_webhook_delete(struct api_call *call);

/* view_config.c */
void view_session_config(struct api_call *call);

/* metrics.c */
void metrics_show(struct api_call *call);
void health_show(struct api_call *call);
void openapi_show(struct api_call *call);
