/* See mrt_dump.h. Here: which dumps there are, when they are due, and their files.
 *
 * Intervals count from when a dump was added, as GoBGP's do, and its default and its rules hold: a table is dumped
 * every dump-interval into one file, or every rotation-interval into one of its own; updates go to another file every
 * rotation-interval; whatever is not said is 60 s. Unlike GoBGP a shorter interval is taken as it is, a file that holds
 * a table holds one whole table, and it is named after the time of that table, not of the one before.
 */
#include "feeds/mrt_dump.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "feeds/mrt_internal.h"
#include "base/time_name.h"

enum {
    INTERVAL_DEFAULT_S = 60,
    WAITING_MAX_BYTES = 16 << 20, /* of one file, for its disk */
    NS_PER_S = 1000000000,
    MS_PER_S = 1000,
    CLOSE_WAIT_MS = 2000, /* of all disks together, when the process ends */
};

const char *mrt_dump_key(const struct mrt_dump *dump)
{
    return dump->config.file_name;
}

uint32_t mrt_dump_now_s(const struct mrt_dump *dump)
{
    return (uint32_t)(loop_wall_now(dump->dumps->speaker->loop).ns / NS_PER_S);
}

/* Updates always rotate, so their names are always layouts. */
static bool name_is_layout(const struct mrt_dump_config *config)
{
    return config->type == MRT_DUMP_UPDATES || config->rotation_interval_s != 0;
}

int mrt_dump_file_name(const struct mrt_dump *dump, char name[MRT_NAME_MAX], struct err *err)
{
    return time_name_format(dump->config.file_name, name_is_layout(&dump->config),
                            loop_wall_now(dump->dumps->speaker->loop), name, MRT_NAME_MAX, err);
}

/* Files ------------------------------------------------------------------------------------------------------------ */

static void output_room(void *context)
{
    struct mrt_output *output = context;
    if (output->dump != NULL && output->dump->config.type == MRT_DUMP_TABLE)
        mrt_table_room(output->dump);
}

static void output_free(struct mrt_output *output)
{
    list_remove(&output->link);
    mem_free(MEM_OTHER, output->name);
    mem_free(MEM_OTHER, output);
}

static void output_ended(void *context, const struct file_sink_report *report)
{
    struct mrt_output *output = context;
    struct mrt_dump *dump = output->dump;
    if (dump != NULL) {
        dump->output = NULL;
        if (report->complete)
            log_debug("mrt", mrt_dump_key(dump), "%llu records, %llu bytes, complete after %lld ms",
                      (unsigned long long)output->records, (unsigned long long)report->bytes,
                      (long long)mono_diff_ms(loop_now(dump->dumps->speaker->loop), output->opened));
    }
    output_free(output);
}

static const struct file_sink_ops output_ops = {.room = output_room, .ended = output_ended};

static bool is_being_replaced(const struct mrt_dumps *dumps, const char *name)
{
    list_foreach (output, &dumps->outputs, struct mrt_output, link) {
        if (output->replace && strcmp(output->name, name) == 0)
            return true;
    }
    return false;
}

struct mrt_output *mrt_output_open(struct mrt_dump *dump, bool replace)
{
    char name[MRT_NAME_MAX];
    struct err err;
    struct loop *loop = dump->dumps->speaker->loop;
    if (mrt_dump_file_name(dump, name, &err) < 0) {
        log_warn("mrt", mrt_dump_key(dump), "not dumped: %s", err.text);
        return NULL;
    }
    if (replace && is_being_replaced(dump->dumps, name)) {
        log_warn("mrt", mrt_dump_key(dump), "left out: %s is still being written", name);
        return NULL;
    }
    struct file_sink_options options = {.path = name, .replace = replace, .limit_bytes = WAITING_MAX_BYTES};
    struct mrt_output *output = mem_zalloc(MEM_OTHER, sizeof(*output));
    output->dump = dump;
    output->replace = replace;
    output->name = mem_strdup(MEM_OTHER, name);
    output->opened = loop_now(loop);
    output->sink = file_sink_new(loop, &options, &output_ops, output);
    list_append(&dump->dumps->outputs, &output->link);
    dump->output = output;
    return output;
}

void mrt_output_finish(struct mrt_output *output, bool keep)
{
    file_sink_finish(output->sink, keep);
}

/* Dumps ------------------------------------------------------------------------------------------------------------ */

static uint32_t interval_of(const struct mrt_dump_config *config)
{
    uint32_t said = config->rotation_interval_s;
    if (config->type == MRT_DUMP_TABLE && said == 0)
        said = config->dump_interval_s;
    return said != 0 ? said : INTERVAL_DEFAULT_S;
}

/* The next full interval from when it began, whatever the work took. */
static void start_timer(struct mrt_dump *dump)
{
    int64_t interval_ms = (int64_t)dump->interval_s * MS_PER_S;
    int64_t late_ms = mono_diff_ms(loop_now(dump->dumps->speaker->loop), dump->due);
    int64_t missed = late_ms > 0 ? late_ms / interval_ms : 0;
    dump->due = mono_add_ms(dump->due, (missed + 1) * interval_ms);
    loop_timer_start(&dump->timer, (missed + 1) * interval_ms - late_ms);
}

static void interval_over(struct loop_timer *timer)
{
    struct mrt_dump *dump = container_of(timer, struct mrt_dump, timer);
    start_timer(dump);
    if (dump->config.type == MRT_DUMP_UPDATES)
        mrt_updates_rotate(dump);
    else if (dump->output != NULL)
        log_warn("mrt", mrt_dump_key(dump), "left out: the table before is still being written");
    else
        mrt_table_begin(dump);
}

static struct mrt_dump *find(const struct mrt_dumps *dumps, const char *file_name)
{
    list_foreach (dump, &dumps->list, struct mrt_dump, link) {
        if (strcmp(dump->config.file_name, file_name) == 0)
            return dump;
    }
    return NULL;
}

struct mrt_dumps *mrt_dumps_new(struct speaker *speaker)
{
    struct mrt_dumps *dumps = mem_zalloc(MEM_OTHER, sizeof(*dumps));
    dumps->speaker = speaker;
    list_init(&dumps->list);
    list_init(&dumps->outputs);
    return dumps;
}

int mrt_dumps_add(struct mrt_dumps *dumps, const struct mrt_dump_config *config, struct err *err)
{
    char name[MRT_NAME_MAX];
    if (find(dumps, config->file_name) != NULL)
        return err_set(err, E_EXISTS, "%s already exists", config->file_name);
    if (dumps->count >= CONFIG_DUMPS_MAX)
        return err_set(err, E_LIMIT, "there are %d dumps already", CONFIG_DUMPS_MAX);
    struct mrt_dump *dump = mem_zalloc(MEM_OTHER, sizeof(*dump));
    dump->dumps = dumps;
    dump->config = *config;
    dump->interval_s = interval_of(config);
    int result = mrt_dump_file_name(dump, name, err);
    if (result < 0) {
        mem_free(MEM_OTHER, dump);
        return result;
    }
    list_append(&dumps->list, &dump->link);
    dumps->count++;
    loop_timer_init(&dump->timer, dumps->speaker->loop, interval_over);
    dump->due = loop_now(dumps->speaker->loop);
    start_timer(dump);
    if (config->type == MRT_DUMP_UPDATES)
        mrt_updates_begin(dump);
    return 0;
}

/* Its file goes on to its end by itself. */
static void dump_free(struct mrt_dump *dump)
{
    loop_timer_stop(&dump->timer);
    if (dump->config.type == MRT_DUMP_UPDATES)
        mrt_updates_stop(dump);
    else
        mrt_table_stop(dump);
    if (dump->output != NULL)
        dump->output->dump = NULL;
    list_remove(&dump->link);
    dump->dumps->count--;
    mem_free(MEM_OTHER, dump);
}

int mrt_dumps_remove(struct mrt_dumps *dumps, const char *file_name, struct err *err)
{
    struct mrt_dump *dump = find(dumps, file_name);
    if (dump == NULL)
        return err_set(err, E_NOT_FOUND, "%s doesn't exists", file_name);
    dump_free(dump);
    return 0;
}

void mrt_dumps_list(const struct mrt_dumps *dumps, void (*dump)(void *context, const struct mrt_dump_config *config),
                    void *context)
{
    list_foreach (one, &dumps->list, struct mrt_dump, link)
        dump(context, &one->config);
}

void mrt_dumps_free(struct mrt_dumps *dumps)
{
    if (dumps == NULL)
        return;
    list_foreach_safe (dump, &dumps->list, struct mrt_dump, link)
        dump_free(dump);
    struct mono_time limit = mono_add_ms(mono_now(), CLOSE_WAIT_MS);
    list_foreach_safe (output, &dumps->outputs, struct mrt_output, link) {
        file_sink_close(output->sink, true, limit);
        output_free(output);
    }
    mem_free(MEM_OTHER, dumps);
}
