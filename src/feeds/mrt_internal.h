/* Inside of the MRT feed: what mrt_dump.c, mrt_table.c and mrt_updates.c share. */
#pragma once

#include "feeds/file_sink.h"
#include "feeds/mrt_dump.h"

struct mrt_dumps {
    struct speaker *speaker;
    struct list list;    /* of struct mrt_dump */
    struct list outputs; /* of struct mrt_output, also those of dumps that are gone */
    unsigned count;
};

struct mrt_table_walk;
struct mrt_updates;

struct mrt_dump {
    struct list link;
    struct mrt_dumps *dumps;
    struct mrt_dump_config config;
    uint32_t interval_s;
    struct loop_timer timer;
    struct mono_time due;
    struct mrt_output *output;   /* being written; NULL: none */
    struct mrt_table_walk *walk; /* of a table, while it is walked */
    struct mrt_updates *updates; /* of updates, always */
};

/* A file sink, and whose it is. */
struct mrt_output {
    struct list link;
    struct mrt_dump *dump; /* NULL: it is gone */
    char *name;            /* as it was opened */
    bool replace;
    struct file_sink *sink;
    struct mono_time opened;
    uint64_t records;
};

/* The name of the file that begins now: CONFIG_FILE_NAME_MAX and what its patterns grow to. */
enum { MRT_NAME_MAX = 2 * CONFIG_FILE_NAME_MAX };
int mrt_dump_file_name(const struct mrt_dump *dump, char name[MRT_NAME_MAX], struct err *err);
const char *mrt_dump_key(const struct mrt_dump *dump); /* for the log */
uint32_t mrt_dump_now_s(const struct mrt_dump *dump);

/* Opens dump->output. */
struct mrt_output *mrt_output_open(struct mrt_dump *dump, bool replace);
void mrt_output_finish(struct mrt_output *output, bool keep);

/* mrt_table.c */
void mrt_table_begin(struct mrt_dump *dump);
void mrt_table_room(struct mrt_dump *dump); /* the file takes more, or has failed */
void mrt_table_stop(struct mrt_dump *dump);

/* mrt_updates.c */
void mrt_updates_begin(struct mrt_dump *dump);
void mrt_updates_rotate(struct mrt_dump *dump);
void mrt_updates_stop(struct mrt_dump *dump);
