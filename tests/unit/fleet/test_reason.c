/* Guessing why a session is down from counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fleet/reason.h"

static const struct peer_facts nothing = {.max_prefix = 10};

static void expect(const struct peer_facts *now, bool was_up, const char *part)
{
    char text[400];
    struct str out = str_over(text, sizeof(text));
    reason_guess(&nothing, now, was_up, &out);
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void causes_have_their_sentence(void **state)
{
    expect(&(struct peer_facts){.limit_hit = true, .max_prefix = 10}, true, "more than 10 prefixes");
    expect(&(struct peer_facts){.admin_down = true}, true, "administratively down");
    expect(&(struct peer_facts){.notifications_received = 1}, true, "the server ended the session");
    expect(&(struct peer_facts){.notifications_sent = 1}, true, "the router ended the session");
    expect(&(struct peer_facts){.notifications_sent = 1}, false, "refuses the server's OPEN");
    expect(&nothing, true, "closed or lost");
    expect(&nothing, false, "has not connected");
    expect(&(struct peer_facts){.opens_received = 1}, false, "was up before");
}

static void the_limit_comes_before_its_notification(void **state)
{
    expect(&(struct peer_facts){.limit_hit = true, .notifications_sent = 1, .max_prefix = 3}, true, "more than 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(causes_have_their_sentence),
        cmocka_unit_test(the_limit_comes_before_its_notification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
