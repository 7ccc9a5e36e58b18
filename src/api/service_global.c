/* StartBgp, StopBgp, GetBgp, SetLogLevel. */
#include "api/convert.h"
#include "api/internal.h"
#include "base/log.h"
#include "base/mem.h"

void start_bgp(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__start_bgp_request__descriptor, bytes, length)) {
        const Apipb__StartBgpRequest *message = request.message;
        struct global_config *global = mem_zalloc(MEM_CONFIG, sizeof(*global));
        int result =
            message->global ? global_from_api(message->global, global, &err) : err_set(&err, E_INVALID, "nil request");
        if (result == 0)
            result = control_start(request.api->control, global, &err);
        mem_free(MEM_CONFIG, global);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

/* The answer waits until the sessions were told goodbye; its caller may not wait that long. */
struct stop_wait {
    struct rpc_call *call; /* NULL: gone */
};

static void stopped(void *context)
{
    struct stop_wait *wait = context;
    if (wait->call)
        rpc_call_reply(wait->call, "", 0);
    mem_free(MEM_RPC, wait);
}

void stop_bgp(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct api *api = api_of(call);
    if (!control_started(api->control)) {
        rpc_call_reply(call, "", 0);
        return;
    }
    struct stop_wait *wait = mem_zalloc(MEM_RPC, sizeof(*wait));
    wait->call = call;
    rpc_call_set_state(call, wait);
    control_stop(api->control, NULL, stopped, wait);
}

void stop_bgp_cancelled(struct rpc_call *call)
{
    struct stop_wait *wait = rpc_call_state(call);
    if (wait)
        wait->call = NULL;
}

void get_bgp(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__get_bgp_request__descriptor, bytes, length)) {
        Apipb__GetBgpResponse response = APIPB__GET_BGP_RESPONSE__INIT;
        response.global = global_to_api(&request.answer, control_global(request.api->control));
        reply_message(call, &response.base);
    }
    request_end(&request);
}

void set_log_level(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__set_log_level_request__descriptor, bytes, length)) {
        const Apipb__SetLogLevelRequest *message = request.message;
        struct err err = {0};
        int result = 0;
        if ((unsigned)message->level > LOG_LEVEL_TRACE)
            result = err_set(&err, E_INVALID, "invalid log level: %d", (int)message->level);
        else
            log_set_level((enum log_level)message->level); /* the same numbers */
        reply_result(call, result, &err);
    }
    request_end(&request);
}
