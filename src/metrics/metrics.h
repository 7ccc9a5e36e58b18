/* What a speaker counts, as a page for Prometheus. Names are GoBGP's where it has the number too, so that its
 * dashboards go on working.
 */
#pragma once

#include "control/control.h"
#include "http/page_server.h"

/* Whose numbers; the context of the pages. */
struct metrics_source {
    struct loop *loop;
    struct control *control;
};

extern const struct page metrics_pages[]; /* for struct page_server_options */
extern const unsigned metrics_page_count;
