/* Regular expressions of the RE2 dialect, as Go and so GoBGP's configuration has them. Bytes in, yes or no out.
 *
 * Matching takes time linear in the text, whatever the pattern: there are no back-references and no backtracking.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct regex;

/* NULL, with Go's words for what is wrong, if the pattern is no such expression or too large. */
struct regex *regex_new(const char *pattern, struct err *err);
void regex_free(struct regex *regex);

/* Does the expression match anywhere in the text? Not const: it keeps its working memory. */
bool regex_match(struct regex *regex, const char *text, size_t length);
