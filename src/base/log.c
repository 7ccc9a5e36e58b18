/* The log. A line is put together without a lock and leaves in one write(2) under one, so lines of several threads
 * never mix and a sink is not called again once it was replaced. Field names and level words are those of GoBGP, whose
 * log collectors go on working: {"Key","Topic","level","msg","time"} in this order.
 */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "base/time.h"

enum {
    LOG_MESSAGE_MAX = 2048,
    LOG_KEY_MAX = 256,
    LOG_LINE_LIMIT_BYTES = 64 * 1024, /* more than the worst escaping of the two above */
};

static const char *const log_level_names[] = {
    [LOG_LEVEL_PANIC] = "panic", [LOG_LEVEL_FATAL] = "fatal", [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARN] = "warning",
    [LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug", [LOG_LEVEL_TRACE] = "trace",
};

static atomic_int log_level_now = LOG_LEVEL_INFO;
static atomic_int log_format_now = LOG_FORMAT_JSON;
static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static void (*log_sink)(void *context, enum log_level level, const char *line);
static void *log_sink_context;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&log_level_now, (int)level, memory_order_relaxed);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load_explicit(&log_level_now, memory_order_relaxed);
}

bool log_wants(enum log_level level)
{
    return level <= log_level();
}

void log_set_format(enum log_format format)
{
    atomic_store_explicit(&log_format_now, (int)format, memory_order_relaxed);
}

void log_set_sink(void (*sink)(void *context, enum log_level level, const char *line), void *context)
{
    pthread_mutex_lock(&log_mutex);
    log_sink = sink;
    log_sink_context = context;
    pthread_mutex_unlock(&log_mutex);
}

int log_level_parse(const char *name, enum log_level *level)
{
    if (str_equal_nocase(name, "warn"))
        name = "warning";
    for (unsigned i = 0; i < ARRAY_LEN(log_level_names); i++) {
        if (str_equal_nocase(name, log_level_names[i])) {
            *level = (enum log_level)i;
            return E_OK;
        }
    }
    return E_INVALID;
}

static void log_line_json(struct text *line, enum log_level level, const char *topic, const char *key,
                          const char *message, const char *time)
{
    struct json json = json_over(line);
    json_object(&json);
    if (key) {
        json_key(&json, "Key");
        json_string(&json, key);
    }
    if (topic) {
        json_key(&json, "Topic");
        json_string(&json, topic);
    }
    json_key(&json, "level");
    json_string(&json, log_level_names[level]);
    json_key(&json, "msg");
    json_string(&json, message);
    json_key(&json, "time");
    json_string(&json, time);
    json_object_end(&json);
}

/* Bare if it is one word of harmless characters, quoted otherwise. */
static void log_text_value(struct text *line, const char *value)
{
    static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+";
    if (*value && value[strspn(value, bare)] == '\0') {
        text_add(line, value);
        return;
    }
    text_add_n(line, "\"", 1);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            text_add_n(line, "\\", 1);
        text_add_n(line, value, 1);
    }
    text_add_n(line, "\"", 1);
}

static void log_line_text(struct text *line, enum log_level level, const char *topic, const char *key,
                          const char *message, const char *time)
{
    text_printf(line, "time=\"%s\" level=%s msg=", time, log_level_names[level]);
    log_text_value(line, message);
    if (key) {
        text_add(line, " Key=");
        log_text_value(line, key);
    }
    if (topic) {
        text_add(line, " Topic=");
        log_text_value(line, topic);
    }
}

/* A standard error that is full or gone must not stop a router: what it does not take is lost. */
static void log_write_all(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        bytes += written;
        length -= (size_t)written;
    }
}

static void log_emit(enum log_level level, struct text *line)
{
    pthread_mutex_lock(&log_mutex);
    if (log_sink) {
        log_sink(log_sink_context, level, line->bytes);
    } else {
        text_add_n(line, "\n", 1);
        log_write_all(line->bytes, line->length);
    }
    pthread_mutex_unlock(&log_mutex);
}

void log_write(enum log_level level, const char *topic, const char *key, const char *format, ...)
{
    int saved_errno = errno;
    char raw[LOG_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(raw, sizeof(raw), format, arguments);
    va_end(arguments);
    if (length < 0)
        length = 0;
    bool cut = (size_t)length >= sizeof(raw);

    char message[LOG_MESSAGE_MAX * 2];
    struct str escaped = str_over(message, sizeof(message) - 3);
    str_add_foreign(&escaped, raw, cut ? sizeof(raw) - 1 : (size_t)length);
    if (cut || escaped.truncated)
        memcpy(message + escaped.length, "...", 4);

    char key_text[LOG_KEY_MAX];
    if (key) {
        struct str escaped_key = str_over(key_text, sizeof(key_text));
        str_add_foreign(&escaped_key, key, strlen(key));
    }

    char time_text[32];
    time_t now_s = (time_t)(wall_now().ns / 1000000000);
    struct tm utc;
    gmtime_r(&now_s, &utc);
    strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", &utc);

    struct text line;
    text_init(&line, LOG_LINE_LIMIT_BYTES);
    if (atomic_load_explicit(&log_format_now, memory_order_relaxed) == LOG_FORMAT_JSON)
        log_line_json(&line, level, topic, key ? key_text : NULL, message, time_text);
    else
        log_line_text(&line, level, topic, key ? key_text : NULL, message, time_text);
    log_emit(level, &line);
    text_release(&line);
    errno = saved_errno;
}
