/* One speaker under test and three puppets, for restarts: RESTARTER comes and goes as the test wants it to, OBSERVER
 * and PLAIN look on. */
#pragma once

#include "lab.h"
#include "puppet.h"

enum {
    DUT_AS = 65000,
    RESTART_TIME_S = 60, /* the restarter's */
    LONG_LIVED_TIME_S = 600,
    RESTARTER = 0,
    OBSERVER, /* with the capability of long-lived graceful restart, and no families in it */
    PLAIN,    /* without graceful restart */
    PUPPETS,
};

struct scene {
    struct lab lab;
    struct lab_node *dut;
    struct puppet puppets[PUPPETS];
};

/* Both families are configured with each puppet; `adjust` (may be NULL) sees the restarter's. No puppet runs yet. */
void scene_begin(struct scene *scene, void (*adjust)(struct neighbor_config *neighbor));
void scene_end(struct scene *scene);

/* The speaker itself is killed, and started again as one that has restarted, with the same neighbors. */
void restart_dut(struct scene *scene, void (*adjust)(struct neighbor_config *neighbor));

struct addr puppet_addr(unsigned number);
struct peer_name name_of(unsigned number);
void make_neighbor(unsigned number, struct neighbor_config *neighbor); /* as the speaker has it */
void configure_puppet(struct scene *scene, unsigned number);
void run_puppet(struct scene *scene, unsigned number);
void kill_puppet(struct scene *scene, unsigned number);    /* without a word */
void restart_puppet(struct scene *scene, unsigned number); /* with the R and F bits */

bool is_up(void *puppet);
bool is_down(void *puppet);
void until_up(struct scene *scene, unsigned number);
void settle(struct scene *scene); /* everything that takes no time, and the answers to it */

/* One route, with a path of the puppet's own AS alone; `community` 0: none. */
void announce(struct scene *scene, unsigned number, unsigned family, unsigned prefix, uint32_t community);

enum presence { GONE, FRESH, STALE };
enum presence at_dut(struct scene *scene, unsigned family, unsigned prefix);
bool at_puppet(const struct scene *scene, unsigned number, unsigned family, unsigned prefix);
bool heard_llgr_stale(const struct scene *scene, unsigned number, unsigned family, unsigned prefix);
