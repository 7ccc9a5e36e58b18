/* What a process and its children have used: CPU-seconds and memory. */
#pragma once

#include <sys/types.h>

enum { ACCOUNTS_PROCESSES_MAX = 64 };

struct accounts {
    pid_t root;
    unsigned count;
    pid_t processes[ACCOUNTS_PROCESSES_MAX];
};

struct usage {
    double cpu_s;            /* exact */
    double user_s, system_s; /* as the kernel samples them: of the whole, by share */
    double peak_mb;          /* since accounts_reset_peak */
    double resident_mb;
};

/* Finds the processes anew. */
void accounts_open(struct accounts *accounts, pid_t root);
void accounts_reset_peak(const struct accounts *accounts);
struct usage accounts_usage(const struct accounts *accounts);
double accounts_cpu_s(const struct accounts *accounts);
