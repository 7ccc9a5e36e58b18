/* See restart_state.h. The file is text, one word and one value a line, and ends with "end":
 *
 *   godwit-restart 1
 *   boot 5b1a...       a restart of the machine loses the kernel's routes,
 *   netns 4026531840   and so does one of a container
 *   as 65001
 *   router-id 3221225985
 *   promise 120        neighbors keep our routes for so many seconds (RFC 4724, RFC 9494)
 *   alive 8412         the last second of CLOCK_BOOTTIME in which this was so
 *   end
 *
 * It is written in place by one pwrite, which a killed process either did or did not do, and made empty rather than
 * removed: the file is opened before privileges are dropped, and its folder may be out of reach later. A lock tells it
 * from the file of a process that runs. */
#include "daemon/restart_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "control/control.h"

enum {
    FILE_MODE = 0600,
    CONTENT_MAX = 1024,
    BOOT_ID_MAX = 64,
    KEEP_MS = 1000,
    /* The file is a second old at worst, and a start takes time. */
    GRACE_S = 2,
};

static const char file_name[] = "restart.state";

struct restart_facts {
    char boot[BOOT_ID_MAX];
    uint64_t netns;
    uint64_t as;
    uint64_t router_id;
    uint64_t promise_s;
    uint64_t alive_s;
};

struct restart_state {
    int fd;
    bool is_empty;
    bool was_left; /* `found` is what an earlier process left */
    struct restart_facts found;
    struct restart_facts here; /* boot and netns */
    struct control *control;
    struct loop_timer timer;
};

/* Here and now ----------------------------------------------------------------------------------------------------- */

static uint64_t boot_time_s(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_BOOTTIME, &now) == 0 ? (uint64_t)now.tv_sec : 0;
}

static void read_boot_id(char boot[BOOT_ID_MAX])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, boot, BOOT_ID_MAX - 1) : 0;
    boot[length > 0 ? length : 0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
    if (fd >= 0)
        close(fd);
}

static uint64_t network_namespace(void)
{
    struct stat found;
    return stat("/proc/self/ns/net", &found) == 0 ? found.st_ino : 0;
}

/* The file --------------------------------------------------------------------------------------------------------- */

static void write_facts(struct restart_state *state, const struct restart_facts *facts)
{
    char memory[CONTENT_MAX];
    struct str text = str_over(memory, sizeof(memory));
    str_printf(&text, "godwit-restart 1\nboot %s\nnetns %llu\nas %llu\nrouter-id %llu\npromise %llu\nalive %llu\nend\n",
               facts->boot, (unsigned long long)facts->netns, (unsigned long long)facts->as,
               (unsigned long long)facts->router_id, (unsigned long long)facts->promise_s,
               (unsigned long long)facts->alive_s);
    if (pwrite(state->fd, text.text, text.length, 0) != (ssize_t)text.length)
        log_warn("daemon", file_name, "cannot be written: %s", strerror(errno));
    state->is_empty = false;
}

static void make_empty(struct restart_state *state)
{
    if (state->is_empty)
        return;
    if (ftruncate(state->fd, 0) != 0)
        log_warn("daemon", file_name, "cannot be emptied: %s", strerror(errno));
    state->is_empty = true;
}

struct field {
    const char *word;
    size_t offset;
};

static const struct field fields[] = {
    {"netns", offsetof(struct restart_facts, netns)},         {"as", offsetof(struct restart_facts, as)},
    {"router-id", offsetof(struct restart_facts, router_id)}, {"promise", offsetof(struct restart_facts, promise_s)},
    {"alive", offsetof(struct restart_facts, alive_s)},
};

static bool read_line(struct restart_facts *facts, char *line)
{
    char *value = strchr(line, ' ');
    if (value == NULL)
        return false;
    *value++ = '\0';
    if (strcmp(line, "godwit-restart") == 0)
        return strcmp(value, "1") == 0;
    if (strcmp(line, "boot") == 0) {
        struct str boot = str_over(facts->boot, sizeof(facts->boot));
        str_add(&boot, value);
        return !boot.truncated;
    }
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        uint64_t *field = (uint64_t *)(void *)((char *)facts + fields[i].offset);
        if (strcmp(line, fields[i].word) == 0)
            return str_parse_u64(value, 0, UINT64_MAX, field) == 0;
    }
    return false;
}

static bool read_facts(int fd, struct restart_facts *facts)
{
    char content[CONTENT_MAX];
    ssize_t length = pread(fd, content, sizeof(content) - 1, 0);
    *facts = (struct restart_facts){0};
    content[length > 0 ? length : 0] = '\0';
    for (char *line = content, *next; (next = strchr(line, '\n')) != NULL; line = next + 1) {
        *next = '\0';
        if (strcmp(line, "end") == 0)
            return true;
        if (!read_line(facts, line))
            return false;
    }
    return false;
}

struct restart_state *restart_state_open(const char *folder, struct err *err)
{
    char path[4096];
    struct str text = str_over(path, sizeof(path));
    str_printf(&text, "%s/%s", folder, file_name);
    int fd = text.truncated ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0) {
        err_set(err, E_IO, "%s: %s", path, text.truncated ? "too long" : strerror(errno));
        return NULL;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err_set(err, E_EXISTS, "%s: %s", path, errno == EWOULDBLOCK ? "another process uses it" : strerror(errno));
        close(fd);
        return NULL;
    }
    struct restart_state *state = mem_zalloc(MEM_OTHER, sizeof(*state));
    state->fd = fd;
    state->was_left = read_facts(fd, &state->found);
    read_boot_id(state->here.boot);
    state->here.netns = network_namespace();
    return state;
}

/* Saying so -------------------------------------------------------------------------------------------------------- */

/* Why a file that was left does not count; NULL: it does. */
static const char *refusal(const struct restart_state *state, const struct global_config *global)
{
    const struct restart_facts *found = &state->found, *here = &state->here;
    uint64_t now_s = boot_time_s();
    if (strcmp(found->boot, here->boot) != 0)
        return "the machine was restarted since";
    if (found->netns != here->netns)
        return "it was in another network namespace";
    if (global != NULL && (found->as != global->as || found->router_id != global->router_id))
        return "it had another AS number or router id";
    if (now_s < found->alive_s || now_s - found->alive_s > found->promise_s + GRACE_S)
        return "neighbors have given its routes up by now";
    return NULL;
}

bool restart_state_says_restarted(const struct restart_state *state, const struct global_config *global)
{
    if (!state->was_left)
        return false;
    const char *why_not = refusal(state, global);
    if (why_not != NULL)
        log_info("daemon", NULL, "the process before ended without a goodbye; not restarting gracefully: %s", why_not);
    else
        log_info("daemon", NULL, "the process before ended without a goodbye: restarting gracefully");
    return why_not == NULL;
}

static void look(struct loop_timer *timer)
{
    struct restart_state *state = container_of(timer, struct restart_state, timer);
    const struct global_config *global = control_global(state->control);
    struct restart_facts facts = state->here;
    loop_timer_start(timer, KEEP_MS);
    if (global == NULL && state->was_left)
        return; /* a client has still to start the speaker */
    state->was_left = false;
    facts.promise_s = global != NULL ? control_restart_promise_s(state->control) : 0;
    if (facts.promise_s == 0) {
        make_empty(state);
        return;
    }
    facts.as = global->as;
    facts.router_id = global->router_id;
    facts.alive_s = boot_time_s();
    write_facts(state, &facts);
}

void restart_state_keep(struct restart_state *state, struct loop *loop, struct control *control)
{
    state->control = control;
    loop_timer_init(&state->timer, loop, look);
    look(&state->timer);
}

void restart_state_clear(struct restart_state *state)
{
    if (state == NULL)
        return;
    if (state->control != NULL)
        loop_timer_stop(&state->timer);
    make_empty(state);
}

void restart_state_free(struct restart_state *state)
{
    if (state == NULL)
        return;
    if (state->control != NULL)
        loop_timer_stop(&state->timer);
    close(state->fd);
    mem_free(MEM_OTHER, state);
}
