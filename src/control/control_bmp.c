/* BMP stations: adding, deleting, showing. The work is the feed's (feeds/bmp.h). */
#include "control/control.h"
#include "control/internal.h"

int control_bmp_add(struct control *control, const struct bmp_server_config *server, struct err *err)
{
    int result = control_need_started(control, err);
    if (result == E_OK)
        result = bmp_server_config_check(server, err);
    if (result != E_OK)
        return result;
    if (control->bmp == NULL)
        control->bmp = bmp_stations_new(control->speaker);
    return bmp_stations_add(control->bmp, server, err);
}

int control_bmp_delete(struct control *control, const struct addr *address, uint16_t port, struct err *err)
{
    char text[ENDPOINT_TEXT_MAX];
    struct endpoint station = {.addr = *address, .port = port};
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    if (control->bmp == NULL)
        return err_set(err, E_NOT_FOUND, "bmp client %s isn't found", endpoint_format(&station, text));
    return bmp_stations_remove(control->bmp, &station, err);
}

struct station_list {
    void (*show)(void *context, const struct station_view *view);
    void *context;
    size_t count;
};

static void show_station(void *context, const struct bmp_station_view *station)
{
    struct station_list *list = context;
    struct station_view view = {.config = station->config,
                                .up_at = station->up_at,
                                .down_at = station->down_at,
                                .up = station->up,
                                .waiting_bytes = station->waiting_bytes};
    list->show(list->context, &view);
    list->count++;
}

size_t control_bmp_list(struct control *control, void (*show)(void *context, const struct station_view *view),
                        void *context)
{
    struct station_list list = {.show = show, .context = context};
    if (control->bmp != NULL)
        bmp_stations_list(control->bmp, show_station, &list);
    return list.count;
}
