/* A configuration file; the first octet picks the syntax. What is accepted, printed in any syntax, is accepted again
 * and the same. */
#include "config/config.h"

#include "base/check.h"
#include "base/log.h"
#include "fuzz.h"

enum { PRINT_BYTES_MAX = 4 << 20 };

static void on_neighbor(void *context, enum config_change change, const struct neighbor_config *before,
                        const struct neighbor_config *after)
{
    CHECK(!"the same neighbours");
}

static void on_group(void *context, enum config_change change, const struct peer_group_config *before,
                     const struct peer_group_config *after)
{
    CHECK(!"the same groups");
}

static void on_dynamic_neighbor(void *context, enum config_change change, const struct dynamic_neighbor_config *before,
                                const struct dynamic_neighbor_config *after)
{
    CHECK(!"the same dynamic neighbours");
}

static void on_mrt_dump(void *context, enum config_change change, const struct mrt_dump_config *before,
                        const struct mrt_dump_config *after)
{
    CHECK(!"the same dumps");
}

static void on_global(void *context, const char *key)
{
    CHECK(!"the same global keys");
}

static void check_printed(const struct config *config, enum config_format format)
{
    static const struct config_diff_ops ops = {.neighbor = on_neighbor,
                                               .peer_group = on_group,
                                               .dynamic_neighbor = on_dynamic_neighbor,
                                               .mrt_dump = on_mrt_dump,
                                               .global = on_global};
    struct config *again;
    struct text text;
    text_init(&text, PRINT_BYTES_MAX);
    if (config_print(config, format, true, &text) == 0) {
        CHECK(config_read_text("printed", text.bytes, text.length, format, &again, NULL) == 0);
        config_diff(config, again, &ops, NULL);
        config_free(again);
    }
    text_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config;
    struct err err = {""};
    if (size == 0)
        return 0;
    log_set_level(LOG_LEVEL_ERROR);
    if (config_read_text("file", (const char *)data + 1, size - 1, (enum config_format)(data[0] % 3), &config, &err) <
        0) {
        CHECK(err.text[0] != '\0');
        return 0;
    }
    for (enum config_format format = CONFIG_TOML; format <= CONFIG_JSON; format++)
        check_printed(config, format);
    config_free(config);
    return 0;
}
