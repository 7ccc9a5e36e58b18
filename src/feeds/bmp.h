/* BMP (RFC 7854, 9069): stations that are told what neighbors say and how their sessions fare. We connect to them.
 *
 * A station that is slow, or away, costs the routing nothing: what waits for it is bounded, and past the bound its
 * connection is dropped. Each connection begins with all there is.
 */
#pragma once

#include "base/err.h"
#include "base/time.h"
#include "config/config.h"
#include "speaker/speaker.h"

struct bmp_stations;

struct bmp_stations *bmp_stations_new(struct speaker *speaker);
void bmp_stations_free(struct bmp_stations *stations); /* says goodbye. Before the speaker stops. NULL is fine */

/* E_EXISTS: the address and port are in use. E_LIMIT: CONFIG_BMP_SERVERS_MAX are there. */
int bmp_stations_add(struct bmp_stations *stations, const struct bmp_server_config *config, struct err *err);
int bmp_stations_remove(struct bmp_stations *stations, const struct endpoint *station, struct err *err);

struct bmp_station_view {
    const struct bmp_server_config *config;
    struct wall_time up_at, down_at; /* the last time; 0 ns: never */
    bool up;
    uint64_t waiting_bytes;
};
void bmp_stations_list(const struct bmp_stations *stations,
                       void (*station)(void *context, const struct bmp_station_view *view), void *context);
