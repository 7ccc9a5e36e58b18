/* Documents that were received, for people and programs: indented JSON, and YAML 1.1. */
#pragma once

#include "base/str.h"
#include "http/json_in.h"

/* Both end without a newline; `indent` is how many blanks stand before the lines after the first. */
void json_show(struct text *out, const struct json_node *node, unsigned indent);
void yaml_show(struct text *out, const struct json_node *node, unsigned indent);

void json_show_line(struct text *out, const struct json_node *node); /* JSON in one line */
