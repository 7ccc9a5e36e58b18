/* EnableMrt, DisableMrt. */
#include "api/internal.h"
#include "base/str.h"

static int dump_from_api(const Apipb__EnableMrtRequest *from, struct mrt_dump_config *to, struct err *err)
{
    *to = (struct mrt_dump_config){.type = (uint8_t)from->type};
    struct str name = str_over(to->file_name, sizeof(to->file_name));
    str_add(&name, from->filename);
    if (name.truncated)
        return err_set(err, E_INVALID, "the file name is longer than %d bytes", CONFIG_FILE_NAME_MAX - 1);
    if (from->type != APIPB__ENABLE_MRT_REQUEST__DUMP_TYPE__UPDATES &&
        from->type != APIPB__ENABLE_MRT_REQUEST__DUMP_TYPE__TABLE)
        return err_set(err, E_INVALID, "unknown dump type: %d", (int)from->type);
    if (from->dump_interval > UINT32_MAX || from->rotation_interval > UINT32_MAX)
        return err_set(err, E_INVALID, "the interval is longer than %u s", UINT32_MAX);
    if (from->filename[0] == '\0')
        return err_set(err, E_INVALID, "the file name is missing");
    to->dump_interval_s = (uint32_t)from->dump_interval;
    to->rotation_interval_s = (uint32_t)from->rotation_interval;
    return 0;
}

void enable_mrt(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    struct mrt_dump_config dump;
    if (request_begin(&request, call, &apipb__enable_mrt_request__descriptor, bytes, length)) {
        int result = dump_from_api(request.message, &dump, &err);
        if (result == 0)
            result = control_mrt_enable(request.api->control, &dump, &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

void disable_mrt(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__disable_mrt_request__descriptor, bytes, length)) {
        const Apipb__DisableMrtRequest *message = request.message;
        reply_result(call, control_mrt_disable(request.api->control, message->filename, &err), &err);
    }
    request_end(&request);
}
