/* See config_reader.h. The thread has the result to itself from its start until its mail is delivered. */
#include "daemon/config_reader.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "base/check.h"
#include "base/mem.h"

struct config_reader {
    struct loop *loop;
    const char *path;
    enum config_format format;
    config_reader_done done;
    void *context;
    bool busy;
    bool again; /* asked for while busy */
    pthread_t thread;
    struct mail finished;

    struct config *config; /* NULL: err */
    struct err err;
};

static void *read_file(void *context)
{
    struct config_reader *reader = context;
    if (config_read_file(reader->path, reader->format, &reader->config, &reader->err) < 0)
        reader->config = NULL;
    mailbox_post(reader->loop, &reader->finished);
    return NULL;
}

static void begin(struct config_reader *reader)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
    reader->busy = pthread_create(&reader->thread, NULL, read_file, reader) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!reader->busy) { /* then everybody waits */
        reader->busy = true;
        reader->thread = pthread_self();
        read_file(reader);
    }
}

static void join(const struct config_reader *reader)
{
    if (!pthread_equal(reader->thread, pthread_self()))
        pthread_join(reader->thread, NULL);
}

static void finished(struct mail *mail)
{
    struct config_reader *reader = container_of(mail, struct config_reader, finished);
    join(reader);
    reader->busy = false;
    if (reader->again) {
        reader->again = false;
        config_free(reader->config);
        begin(reader);
        return;
    }
    reader->done(reader->context, reader->config, &reader->err);
}

struct config_reader *config_reader_new(struct loop *loop, const char *path, enum config_format format,
                                        config_reader_done done, void *context)
{
    struct config_reader *reader = mem_zalloc(MEM_CONFIG, sizeof(*reader));
    reader->loop = loop;
    reader->path = path;
    reader->format = format;
    reader->done = done;
    reader->context = context;
    reader->finished.deliver = finished;
    return reader;
}

void config_reader_free(struct config_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->busy) {
        join(reader);
        mailbox_withdraw(reader->loop, &reader->finished);
        config_free(reader->config);
    }
    mem_free(MEM_CONFIG, reader);
}

void config_reader_start(struct config_reader *reader)
{
    if (reader->busy)
        reader->again = true;
    else
        begin(reader);
}
