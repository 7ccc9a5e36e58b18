#include "fleet/handlers.h"
#include "openapi.gen.h"

void openapi_show(struct api_call *call)
{
    api_reply_text(call, "application/yaml; charset=utf-8", (const char *)fleet_openapi, fleet_openapi_length);
}
