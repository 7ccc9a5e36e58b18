/* The process's log: one JSON object or one text line per event, on standard error.
 * Texts that came from a peer, a file or a client are escaped here, once, for every sink.
 * Never log a secret. A process service (one of the few globals); any thread may log.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

enum log_level {
    LOG_LEVEL_PANIC, /* the numbers are those of SetLogLevel */
    LOG_LEVEL_FATAL,
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_TRACE,
};

enum log_format {
    LOG_FORMAT_JSON,
    LOG_FORMAT_TEXT,
};

void log_set_level(enum log_level level);
enum log_level log_level(void);
void log_set_format(enum log_format format);

/* Takes over each finished line instead of standard error (without its newline; tests, the library). NULL gives
 * standard error back. Calls come one at a time, under the log's lock: a sink must not log. */
void log_set_sink(void (*sink)(void *context, enum log_level level, const char *line), void *context);

bool log_wants(enum log_level level);
int log_level_parse(const char *name, enum log_level *level); /* "panic" ... "trace", "warn" too; 0 or E_INVALID */

/* `topic` is a constant such as "peer" or "config"; `key` names the object (an address, a file) or is NULL. */
void log_write(enum log_level level, const char *topic, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define log_at(level, topic, key, ...)                 \
    do {                                               \
        if (log_wants(level))                          \
            log_write(level, topic, key, __VA_ARGS__); \
    } while (0)

#define log_error(topic, key, ...) log_at(LOG_LEVEL_ERROR, topic, key, __VA_ARGS__)
#define log_warn(topic, key, ...) log_at(LOG_LEVEL_WARN, topic, key, __VA_ARGS__)
#define log_info(topic, key, ...) log_at(LOG_LEVEL_INFO, topic, key, __VA_ARGS__)
#define log_debug(topic, key, ...) log_at(LOG_LEVEL_DEBUG, topic, key, __VA_ARGS__)
