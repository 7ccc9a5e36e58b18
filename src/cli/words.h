/* The words of a command behind its verb, where keywords may stand in any order: "X as 65001 family ipv4-unicast". */
#pragma once

#include "cli/cli.h"
#include "cli/options.h"

enum keyword_kind {
    KEYWORD_FLAG,   /* stands alone */
    KEYWORD_SINGLE, /* one word follows */
    KEYWORD_LIST,   /* one or more follow */
};

struct keyword {
    const char *name;
    enum keyword_kind kind;
    bool given;
    struct words values;
};

/* Fills `given` and `values`; `leading` gets the words before the first keyword. A wrong number of values is noted as
 * the command's error. A keyword said twice: the last counts. */
int keywords_split(struct cli *cli, const struct words *words, struct keyword *keywords, size_t count,
                   struct words *leading);

static inline const char *keyword_value(const struct keyword *keyword)
{
    return keyword->given && keyword->values.count ? keyword->values.word[0] : NULL;
}

/* A number as Go's ParseUint reads it; what is wrong is noted in its words. */
int number_parse(struct cli *cli, const char *text, uint64_t maximum, uint64_t *number);
