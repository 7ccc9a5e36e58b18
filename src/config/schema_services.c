/* What stands beside the speaker: caches, monitors, dumps, VRFs, the kernel. */
#include "base/check.h"
#include "config/schema.h"

static const struct word monitoring_words[] = {
    {"pre-policy", 0}, {"post-policy", 1}, {"both", 2}, {"local-rib", 3}, {"all", 4}, {"", 0}, {NULL, 0},
};

static const struct word dump_words[] = {{"updates", MRT_DUMP_UPDATES}, {"table", MRT_DUMP_TABLE}, {NULL, 0}};

static const struct key dynamic_neighbor_keys[] = {
    {"config.prefix", KEY_PREFIX, HONOURED, ALWAYS, IN(dynamic_neighbor_config, prefix)},
    {"config.peer-group", KEY_TEXT, HONOURED, ALWAYS, IN(dynamic_neighbor_config, peer_group)},
};
const struct section schema_dynamic_neighbor =
    SECTION("dynamic-neighbors", dynamic_neighbor_keys, sizeof(struct dynamic_neighbor_config));

static const struct key rpki_server_keys[] = {
    {"config.address", KEY_TEXT, HONOURED, ALWAYS, IN(rpki_server_config, address)},
    {"config.port", KEY_NUMBER, HONOURED, ZERO, IN(rpki_server_config, port), RANGE(1, 65535), .fallback = 323},
    {"config.refresh-time", KEY_NUMBER, IGNORED, RANGE(0, INT64_MAX)},
    {"config.hold-time", KEY_NUMBER, IGNORED, RANGE(0, INT64_MAX)},
    {"config.record-lifetime", KEY_NUMBER, HONOURED, ZERO, IN(rpki_server_config, record_lifetime_s),
     RANGE(1, UINT32_MAX), .fallback = 3600},
    {"config.preference", KEY_NUMBER, IGNORED, RANGE(0, UINT8_MAX)},
};
const struct section schema_rpki_server = SECTION("rpki-servers", rpki_server_keys, sizeof(struct rpki_server_config));

static const struct key bmp_server_keys[] = {
    {"config.address", KEY_ADDR, HONOURED, ALWAYS, IN(bmp_server_config, address)},
    {"config.port", KEY_NUMBER, HONOURED, IN(bmp_server_config, port), RANGE(1, 65535), .fallback = 11019},
    {"config.route-monitoring-policy", KEY_WORD, HONOURED, IN(bmp_server_config, policy), .words = monitoring_words},
    {"config.statistics-timeout", KEY_NUMBER, HONOURED, ZERO, IN(bmp_server_config, statistics_timeout_s),
     RANGE(15, 65535)},
    {"config.route-mirroring-enabled", KEY_BOOL, IGNORED},
    {"config.sys-name", KEY_TEXT, HONOURED, IN(bmp_server_config, sys_name)},
    {"config.sys-descr", KEY_TEXT, HONOURED, IN(bmp_server_config, sys_descr)},
};
const struct section schema_bmp_server = SECTION("bmp-servers", bmp_server_keys, sizeof(struct bmp_server_config));

static const struct key vrf_keys[] = {
    {"config.name", KEY_TEXT, HONOURED},
    {"config.id", KEY_NUMBER, HONOURED, RANGE(0, UINT32_MAX)},
    {"config.rd", KEY_TEXT, HONOURED},
    {"config.import-rt-list", KEY_TEXTS, HONOURED},
    {"config.export-rt-list", KEY_TEXTS, HONOURED},
    {"config.both-rt-list", KEY_TEXTS, HONOURED},
};
const struct section schema_vrf = SECTION("vrfs", vrf_keys, 0);

static const struct key mrt_dump_keys[] = {
    {"config.dump-type", KEY_WORD, HONOURED, ALWAYS, IN(mrt_dump_config, type), .words = dump_words},
    {"config.file-name", KEY_TEXT, HONOURED, ALWAYS, IN(mrt_dump_config, file_name)},
    {"config.table-name", KEY_ADDR, HONOURED, IN(mrt_dump_config, table), .remark = "a route server client"},
    {"config.dump-interval", KEY_NUMBER, HONOURED, ZERO, IN(mrt_dump_config, dump_interval_s), RANGE(1, UINT32_MAX)},
    {"config.rotation-interval", KEY_NUMBER, HONOURED, ZERO, IN(mrt_dump_config, rotation_interval_s),
     RANGE(1, UINT32_MAX)},
};
const struct section schema_mrt_dump = SECTION("mrt-dump", mrt_dump_keys, sizeof(struct mrt_dump_config));

static const struct key zebra_keys[] = {
    {"config.enabled", KEY_BOOL, NOT_YET, .remark = "zebra"},
    {"config.url", KEY_TEXT, HONOURED},
    {"config.redistribute-route-type-list", KEY_TEXTS, HONOURED},
    {"config.version", KEY_NUMBER, HONOURED, RANGE(0, UINT8_MAX), .fallback = 2},
    {"config.nexthop-trigger-enable", KEY_BOOL, HONOURED},
    {"config.nexthop-trigger-delay", KEY_NUMBER, HONOURED, RANGE(0, UINT8_MAX), .fallback = 5},
    {"config.mpls-label-range-size", KEY_NUMBER, HONOURED, RANGE(0, UINT32_MAX)},
    {"config.software-name", KEY_TEXT, HONOURED},
};
const struct section schema_zebra = SECTION("zebra", zebra_keys, 0);

static const struct key collector_keys[] = {
    {"config.url", KEY_TEXT, NOT_YET, .remark = "collector feature"},
    {"config.db-name", KEY_TEXT, IGNORED},
    {"config.table-dump-interval", KEY_NUMBER, IGNORED, RANGE(0, INT64_MAX)},
};
const struct section schema_collector = SECTION("collector", collector_keys, 0);
