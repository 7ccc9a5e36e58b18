/* AddBmp, DeleteBmp, ListBmp. */
#include "api/convert.h"
#include "api/internal.h"
#include "api/packed_list.h"

enum { PORT_DEFAULT = 11019, STATISTICS_MIN_S = 15 };

static int station_of(const char *address, uint32_t port, struct addr *addr, uint16_t *number, struct err *err)
{
    if (addr_parse(address, addr) < 0)
        return err_set(err, E_INVALID, "invalid address: %s", address);
    if (port > UINT16_MAX)
        return err_set(err, E_INVALID, "invalid port: %u", port);
    *number = port != 0 ? (uint16_t)port : PORT_DEFAULT;
    return 0;
}

static int server_from_api(const Apipb__AddBmpRequest *from, struct bmp_server_config *to, struct err *err)
{
    *to = (struct bmp_server_config){0};
    int result = station_of(from->address, from->port, &to->address, &to->port, err);
    if (result < 0)
        return result;
    if ((int)from->policy < 0 || from->policy > APIPB__ADD_BMP_REQUEST__MONITORING_POLICY__ALL)
        return err_set(err, E_INVALID, "invalid bmp route monitoring policy: %d", (int)from->policy);
    if (from->statisticstimeout < 0 || from->statisticstimeout > UINT16_MAX)
        return err_set(err, E_INVALID, "invalid statistics timeout: %d", (int)from->statisticstimeout);
    to->policy = (uint8_t)from->policy;
    /* A file may not ask for more often. */
    to->statistics_timeout_s = (uint16_t)from->statisticstimeout;
    if (from->statisticstimeout > 0 && from->statisticstimeout < STATISTICS_MIN_S)
        to->statistics_timeout_s = STATISTICS_MIN_S;
    result = copy_text(from->sysname, to->sys_name, sizeof(to->sys_name), "the name", err);
    return result < 0 ? result
                      : copy_text(from->sysdescr, to->sys_descr, sizeof(to->sys_descr), "the description", err);
}

void add_bmp(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    struct bmp_server_config server;
    if (request_begin(&request, call, &apipb__add_bmp_request__descriptor, bytes, length)) {
        int result = server_from_api(request.message, &server, &err);
        if (result == 0)
            result = control_bmp_add(request.api->control, &server, &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

void delete_bmp(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__delete_bmp_request__descriptor, bytes, length)) {
        const Apipb__DeleteBmpRequest *message = request.message;
        struct addr address;
        uint16_t port;
        int result = station_of(message->address, message->port, &address, &port, &err);
        if (result == 0)
            result = control_bmp_delete(request.api->control, &address, port, &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

struct station_list {
    struct packed_list *packed;
    struct arena *arena;
};

static void note_station(void *context, const struct station_view *view)
{
    struct station_list *list = context;
    Apipb__ListBmpResponse response = APIPB__LIST_BMP_RESPONSE__INIT;
    Apipb__ListBmpResponse__BmpStation station = APIPB__LIST_BMP_RESPONSE__BMP_STATION__INIT;
    Apipb__ListBmpResponse__BmpStation__Conf conf = APIPB__LIST_BMP_RESPONSE__BMP_STATION__CONF__INIT;
    Apipb__ListBmpResponse__BmpStation__State state = APIPB__LIST_BMP_RESPONSE__BMP_STATION__STATE__INIT;
    conf.address = text_of_addr(list->arena, &view->config->address);
    conf.port = view->config->port;
    state.uptime = timestamp_of(list->arena, view->up_at);
    state.downtime = timestamp_of(list->arena, view->down_at);
    station.conf = &conf;
    station.state = &state; /* GoBGP's client looks into both without asking */
    response.station = &station;
    packed_list_add(list->packed, &response.base);
}

void list_bmp(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__list_bmp_request__descriptor, bytes, length)) {
        struct station_list list = {.packed = packed_list_begin(call), .arena = &request.answer};
        control_bmp_list(request.api->control, note_station, &list);
    }
    request_end(&request);
}
