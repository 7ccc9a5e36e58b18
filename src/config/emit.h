/* A tree as the text of a file: what the readers read, written. */
#pragma once

#include "base/str.h"
#include "config/config.h"
#include "config/tree.h"

/* `root` is a table. Whether it fit is in `out`. */
void tree_write(const struct node *root, enum config_format format, struct text *out);
