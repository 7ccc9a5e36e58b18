#include "cli/words.h"

#include <string.h>

#include "base/str.h"

static struct keyword *keyword_find(struct keyword *keywords, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keywords[i].name, word) == 0)
            return &keywords[i];
    }
    return NULL;
}

int keywords_split(struct cli *cli, const struct words *words, struct keyword *keywords, size_t count,
                   struct words *leading)
{
    struct words *into = leading;
    *leading = (struct words){.word = words->word};
    for (int i = 0; i < words->count; i++) {
        struct keyword *keyword = keyword_find(keywords, count, words->word[i]);
        if (keyword) {
            keyword->given = true;
            keyword->values = (struct words){.word = words->word + i + 1};
            into = &keyword->values;
        } else {
            into->count++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct keyword *keyword = &keywords[i];
        if (!keyword->given)
            continue;
        if (keyword->kind == KEYWORD_FLAG && keyword->values.count != 0)
            return cli_fail(cli, "%s should not have arguments", keyword->name);
        if (keyword->kind == KEYWORD_SINGLE && keyword->values.count != 1)
            return cli_fail(cli, "%s should have one argument", keyword->name);
        if (keyword->kind == KEYWORD_LIST && keyword->values.count == 0)
            return cli_fail(cli, "%s should have one or more arguments", keyword->name);
    }
    return 0;
}

int number_parse(struct cli *cli, const char *text, uint64_t maximum, uint64_t *number)
{
    if (str_parse_u64(text, 0, maximum, number) == 0)
        return 0;
    bool digits = *text != '\0' && strspn(text, "0123456789") == strlen(text);
    return cli_fail(cli, "strconv.ParseUint: parsing \"%s\": %s", text,
                    digits ? "value out of range" : "invalid syntax");
}
