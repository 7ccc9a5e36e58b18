/* MRT dumps: enabling, disabling. The work is the feed's (feeds/mrt_dump.h). */
#include "control/control.h"
#include "control/internal.h"

int control_mrt_enable(struct control *control, const struct mrt_dump_config *dump, struct err *err)
{
    int result = control_need_started(control, err);
    if (result == E_OK)
        result = mrt_dump_config_check(dump, err);
    if (result != E_OK)
        return result;
    if (control->mrt == NULL)
        control->mrt = mrt_dumps_new(control->speaker);
    return mrt_dumps_add(control->mrt, dump, err);
}

int control_mrt_disable(struct control *control, const char *file_name, struct err *err)
{
    if (control->mrt == NULL)
        return err_set(err, E_NOT_FOUND, "%s doesn't exists", file_name);
    return mrt_dumps_remove(control->mrt, file_name, err);
}
