/* How bad an UPDATE is, ordered by severity; the worst one holds (RFC 7606 section 3 h). */
#pragma once

enum verdict {
    VERDICT_OK,
    VERDICT_ATTR_DISCARD,      /* the attribute is dropped, the routes stay */
    VERDICT_TREAT_AS_WITHDRAW, /* the routes of this UPDATE are withdrawn */
    VERDICT_FAMILY_DISABLE,    /* the family is ignored until the session restarts */
    VERDICT_RESET,             /* NOTIFICATION and close */
};

static inline enum verdict verdict_worse(enum verdict a, enum verdict b)
{
    return a > b ? a : b;
}
