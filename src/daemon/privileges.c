#include "daemon/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/check.h"
#include "base/log.h"

void privileges_harden(void)
{
    struct rlimit none = {0, 0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        setrlimit(RLIMIT_CORE, &none) != 0)
        log_warn("daemon", NULL, "the process could not be hardened: %s", strerror(errno));
}

int privileges_drop(struct err *err)
{
    static const unsigned kept[] = {CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW};
    bool held[ARRAY_LEN(kept)];
    capng_get_caps_process();
    if (capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE)
        return 0;
    for (unsigned i = 0; i < ARRAY_LEN(kept); i++)
        held[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
    capng_clear(CAPNG_SELECT_CAPS);
    for (unsigned i = 0; i < ARRAY_LEN(kept); i++) {
        if (held[i])
            capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
    }
    if (capng_apply(CAPNG_SELECT_CAPS) != 0)
        return err_set(err, E_IO, "privileges could not be dropped: %s", strerror(errno));
    return 0;
}
