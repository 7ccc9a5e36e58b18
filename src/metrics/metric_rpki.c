/* What RPKI caches say, and whether they still do. There are few: they are asked for each metric anew. */
#include <stdio.h>

#include "metrics/scrape.h"

struct showing {
    const struct metric *metric;
    struct text *out;
};

static struct exposition begin_server(const struct showing *showing, const struct rtr_server_view *view)
{
    char name[CONFIG_HOST_MAX + 16];
    struct exposition sample = exposition_begin(showing->out, showing->metric->name, "");
    snprintf(name, sizeof(name), "%s:%u", view->config->address, view->config->port);
    exposition_label(&sample, "server", name);
    return sample;
}

static void show_server_up(void *context, const struct rtr_server_view *view)
{
    struct exposition sample = begin_server(context, view);
    exposition_end(&sample, view->up);
}

static void show_server_serial(void *context, const struct rtr_server_view *view)
{
    struct exposition sample = begin_server(context, view);
    exposition_end(&sample, view->serial);
}

static void show_server_answer(void *context, const struct rtr_server_view *view)
{
    if (view->answered_at.ns == 0)
        return;
    struct exposition sample = begin_server(context, view);
    exposition_end(&sample, (uint64_t)view->answered_at.ns / 1000000000);
}

static void show_server_vrps(void *context, const struct rtr_server_view *view)
{
    static const char *const families[] = {"ipv4", "ipv6"};
    for (unsigned i = 0; i < 2; i++) {
        struct exposition sample = begin_server(context, view);
        exposition_label(&sample, "family", families[i]);
        exposition_end(&sample, view->counts.records[i]);
    }
}

static void show_each(const struct metric *metric, const struct metrics_source *source, struct text *out,
                      void (*show)(void *context, const struct rtr_server_view *view))
{
    struct showing showing = {.metric = metric, .out = out};
    control_rpki_list(source->control, show, &showing);
}

void metric_rpki_up(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                    size_t index, struct text *out)
{
    show_each(metric, source, out, show_server_up);
}

void metric_rpki_serial(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                        size_t index, struct text *out)
{
    show_each(metric, source, out, show_server_serial);
}

void metric_rpki_answer(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                        size_t index, struct text *out)
{
    show_each(metric, source, out, show_server_answer);
}

void metric_rpki_vrps(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                      size_t index, struct text *out)
{
    show_each(metric, source, out, show_server_vrps);
}
