/* See accounts.h. */
#include "bench/accounts.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct process {
    pid_t pid, parent;
};

static FILE *open_file(pid_t pid, const char *name, const char *mode)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    return fopen(path, mode);
}

static pid_t parent_of(pid_t pid)
{
    char line[1024];
    int parent = 0;
    FILE *file = open_file(pid, "stat", "r");
    if (file != NULL && fgets(line, sizeof(line), file) != NULL && strrchr(line, ')') != NULL)
        sscanf(strrchr(line, ')') + 2, "%*c %d", &parent);
    if (file != NULL)
        fclose(file);
    return parent;
}

static void add_children(struct accounts *accounts, const struct process *all, unsigned count)
{
    for (unsigned i = 0; i < accounts->count; i++) {
        for (unsigned j = 0; j < count && accounts->count < ACCOUNTS_PROCESSES_MAX; j++)
            if (all[j].parent == accounts->processes[i])
                accounts->processes[accounts->count++] = all[j].pid;
    }
}

void accounts_open(struct accounts *accounts, pid_t root)
{
    static struct process all[65536];
    unsigned count = 0;
    *accounts = (struct accounts){.root = root, .count = 1, .processes = {root}};
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL && count < sizeof(all) / sizeof(all[0])) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0)
            all[count++] = (struct process){.pid = pid, .parent = parent_of(pid)};
    }
    if (folder != NULL)
        closedir(folder);
    add_children(accounts, all, count);
}

void accounts_reset_peak(const struct accounts *accounts)
{
    for (unsigned i = 0; i < accounts->count; i++) {
        FILE *file = open_file(accounts->processes[i], "clear_refs", "w");
        if (file != NULL) {
            fputs("5", file);
            fclose(file);
        }
    }
}

double accounts_cpu_s(const struct accounts *accounts)
{
    double cpu_s = 0;
    for (unsigned i = 0; i < accounts->count; i++) {
        clockid_t clock;
        struct timespec used;
        if (clock_getcpuclockid(accounts->processes[i], &clock) == 0 && clock_gettime(clock, &used) == 0)
            cpu_s += (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
    }
    return cpu_s;
}

static void add_memory(pid_t pid, struct usage *usage)
{
    char line[256];
    long kilobytes;
    FILE *file = open_file(pid, "status", "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1)
            usage->peak_mb += (double)kilobytes / 1024;
        else if (sscanf(line, "VmRSS: %ld", &kilobytes) == 1)
            usage->resident_mb += (double)kilobytes / 1024;
    }
    if (file != NULL)
        fclose(file);
}

static void add_ticks(pid_t pid, struct usage *usage)
{
    char line[1024];
    unsigned long user = 0, system = 0;
    FILE *file = open_file(pid, "stat", "r");
    if (file != NULL && fgets(line, sizeof(line), file) != NULL && strrchr(line, ')') != NULL)
        sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    if (file != NULL)
        fclose(file);
    usage->user_s += (double)user / (double)sysconf(_SC_CLK_TCK);
    usage->system_s += (double)system / (double)sysconf(_SC_CLK_TCK);
}

struct usage accounts_usage(const struct accounts *accounts)
{
    struct usage usage = {.cpu_s = accounts_cpu_s(accounts)};
    for (unsigned i = 0; i < accounts->count; i++) {
        add_memory(accounts->processes[i], &usage);
        add_ticks(accounts->processes[i], &usage);
    }
    return usage;
}
