/* Guessing why a session is down from counters, and advice. */
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

static void advises(const char *reason, bool has_password, const char *expected)
{
    char text[400];
    struct str out = str_over(text, sizeof(text));
    const struct session_terms terms = {.server = "10.0.0.3", .server_asn = 65000, .has_password = has_password};
    str_add(&out, reason);
    reason_advise(&terms, &out);
    assert_string_equal(text, expected);
}

static void reasons_come_with_advice(void **state)
{
    advises("waiting for the neighbor to connect", false,
            "waiting for the neighbor to connect. See that the server's daemon runs and connects from 10.0.0.3");
    advises(
        "the server has not connected", true,
        "the server has not connected. See that the server's daemon runs and connects from 10.0.0.3 with the session's "
        "MD5 password");
    advises("we sent OPEN Message Error / Bad Peer AS", false,
            "we sent OPEN Message Error / Bad Peer AS. The server must use AS 65000");
    advises("peer sent Cease / Administrative Shutdown: \"back at five\"", false,
            "peer sent Cease / Administrative Shutdown: \"back at five\". It was switched off on the server");
}

static void what_is_not_known_stays_as_it_is(void **state)
{
    advises("", false, "");
    advises("the router does not say why", false, "the router does not say why");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(causes_have_their_sentence),
        cmocka_unit_test(the_limit_comes_before_its_notification),
        cmocka_unit_test(reasons_come_with_advice),
        cmocka_unit_test(what_is_not_known_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
