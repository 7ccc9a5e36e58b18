/* Messages, most of them malformed, against the action due. Each line of a table is one: id, name, session, rule, due
 * actions ('|' between alternatives), the prefix to watch, the bytes sent after the session is up (OPEN rows: in place
 * of the OPEN). Runs tests/vectors/ and, where it is at hand, a second table that GODWIT_SHARED points to.
 *
 * The local AS is 65000, the external peer's 65001. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/check.h"
#include "net/nlri.h"
#include "wire/message.h"
#include "wire/open.h"
#include "wire/update.h"

enum {
    LINE_MAX_BYTES = 300000,
    MESSAGES_MAX_BYTES = 200000,
    SKIPPED = 77,
    FIELDS = 7,
    PEER_AS = 65001,
    LOCAL_AS = 65000
};

#define UNICAST4 ((family_set)1 << FAMILY_IPV4_UNICAST)
#define UNICAST6 ((family_set)1 << FAMILY_IPV6_UNICAST)

static const struct session_kind {
    const char *name;
    struct update_rules rules;
    size_t max_bytes;
} session_kinds[] = {
    {"ebgp-as4", {.ebgp = true, .four_octet_as = true, .peer_as = PEER_AS, .families = UNICAST4}, MESSAGE_MAX_BYTES},
    {"ebgp-as4-mp-ipv6",
     {.ebgp = true, .four_octet_as = true, .peer_as = PEER_AS, .families = UNICAST4 | UNICAST6},
     MESSAGE_MAX_BYTES},
    {"ebgp-as4-add-path",
     {.ebgp = true,
      .four_octet_as = true,
      .peer_as = PEER_AS,
      .families = UNICAST4 | UNICAST6,
      .add_path_receive = UNICAST4 | UNICAST6},
     MESSAGE_MAX_BYTES},
    {"ebgp-as4-next-hop",
     {.ebgp = true,
      .four_octet_as = true,
      .peer_as = PEER_AS,
      .families = UNICAST4 | UNICAST6,
      .extended_next_hop = UNICAST4},
     MESSAGE_MAX_BYTES},
    {"ebgp-as4-extended",
     {.ebgp = true, .four_octet_as = true, .peer_as = PEER_AS, .families = UNICAST4 | UNICAST6},
     MESSAGE_EXTENDED_MAX_BYTES},
    {"ebgp-2octet", {.ebgp = true, .peer_as = PEER_AS, .families = UNICAST4}, MESSAGE_MAX_BYTES},
    {"ibgp-as4", {.four_octet_as = true, .peer_as = LOCAL_AS, .families = UNICAST4}, MESSAGE_MAX_BYTES},
    {"confed-as4",
     {.confederation = true, .four_octet_as = true, .peer_as = PEER_AS, .families = UNICAST4},
     MESSAGE_MAX_BYTES},
    {"open", {.ebgp = true, .four_octet_as = true, .peer_as = PEER_AS, .families = UNICAST4}, MESSAGE_MAX_BYTES},
};

static const struct session_kind *session_kind_find(const char *name)
{
    for (unsigned i = 0; i < ARRAY_LEN(session_kinds); i++) {
        if (strcmp(session_kinds[i].name, name) == 0)
            return &session_kinds[i];
    }
    return NULL;
}

static void set_reset(char *outcome, size_t size, const struct notification *notification)
{
    snprintf(outcome, size, "RESET %u/%u", notification->code, notification->subcode);
}

/* Where the watched prefix stands in an update: 'a'nnounced, 'w'ithdrawn, or not at all. */
static char prefix_state(const struct update *update, const struct prefix *watched)
{
    char state = 0;
    for (unsigned i = 0; i < update->run_count; i++) {
        const struct nlri_run *run = &update->runs[i];
        enum addr_kind kind = family_address_bits(run->family) == 32 ? ADDR_IPV4 : ADDR_IPV6;
        struct cursor cursor = cursor_of(run->bytes, run->length);
        struct nlri nlri;
        uint32_t count = 0;
        while (nlri_next(&cursor, kind, run->add_path, &nlri)) {
            count++;
            if (prefix_equal(&nlri.prefix, watched))
                state = run->withdraw ? 'w' : 'a';
        }
        assert_false(cursor.failed);
        assert_int_equal(count, run->count);
    }
    return state;
}

static void update_outcome(const struct session_kind *kind, const struct message *message, const struct prefix *watched,
                           char *outcome, size_t size)
{
    static struct update update;
    struct update_rules rules = kind->rules;
    rules.treat_as_withdraw = true;
    rules.enforce_first_as = true;
    rules.reset_unknown_well_known = true;
    rules.as_path_max = 500;
    rules.community_max = 500;
    assert_int_equal(addr_parse("10.99.1.2", &rules.local_address), 0);
    struct buf scratch;
    buf_init(&scratch, ATTR_BLOCK_MAX);
    enum verdict verdict = update_decode(&rules, message->body, message->body_length, &scratch, &update);
    assert_int_equal(verdict, update.verdict);
    assert_true((verdict == VERDICT_OK) == (update.why[0] == '\0'));
    char state = prefix_state(&update, watched);
    if (verdict == VERDICT_RESET) {
        set_reset(outcome, size, &update.notification);
    } else if (state == 'w') {
        snprintf(outcome, size, verdict == VERDICT_TREAT_AS_WITHDRAW ? "TAW" : "WITHDRAWN");
    } else if (state == 'a') {
        struct err err;
        struct attr_item item;
        assert_true(verdict <= VERDICT_ATTR_DISCARD);
        assert_int_equal(attr_block_check(update.attrs.bytes, update.attrs.length, &err), 0);
        bool kept = attr_find(update.attrs.bytes, update.attrs.length, update.bad_attribute, &item);
        snprintf(outcome, size, verdict == VERDICT_OK || kept ? "ACCEPT" : "DISCARD");
    } else {
        snprintf(outcome, size, "STALE");
    }
    buf_release(&scratch);
}

static void open_outcome(const struct message *message, char *outcome, size_t size)
{
    static struct open_message open;
    struct notification notification;
    if (open_decode(message, &open, &notification) < 0)
        set_reset(outcome, size, &notification);
    else if (open.as != PEER_AS) /* the session's part */
        snprintf(outcome, size, "RESET %u/%u", NOTIFY_OPEN, NOTIFY_OPEN_BAD_PEER_AS);
    else
        snprintf(outcome, size, "ESTAB");
}

/* One message as the session would take it. */
static void message_outcome(const struct session_kind *kind, const struct message *message,
                            const struct prefix *watched, char *outcome, size_t size)
{
    bool opening = strcmp(kind->name, "open") == 0;
    struct route_refresh refresh;
    struct notification notification;
    if (message->type == MESSAGE_NOTIFICATION) {
        char memory[2000];
        struct str text = str_over(memory, sizeof(memory));
        notification = notification_decode(message->body, message->body_length);
        notification_describe(&notification, &text);
        for (const char *at = memory; *at; at++)
            assert_true((unsigned char)*at >= ' ');
        snprintf(outcome, size, "CLOSE");
    } else if (opening != (message->type == MESSAGE_OPEN)) {
        snprintf(outcome, size, "RESET %u/%u", NOTIFY_FSM, opening ? NOTIFY_FSM_OPEN_SENT : NOTIFY_FSM_ESTABLISHED);
    } else if (message->type == MESSAGE_OPEN) {
        open_outcome(message, outcome, size);
    } else if (message->type == MESSAGE_UPDATE) {
        update_outcome(kind, message, watched, outcome, size);
    } else if (message->type == MESSAGE_ROUTE_REFRESH && route_refresh_decode(message, true, &refresh, &notification)) {
        set_reset(outcome, size, &notification);
    } else {
        snprintf(outcome, size, "STALE");
    }
}

/* All messages in `bytes`; the last one that changes anything decides. */
static void bytes_outcome(const struct session_kind *kind, const uint8_t *bytes, size_t length,
                          const struct prefix *watched, char *outcome, size_t size)
{
    snprintf(outcome, size, "STALE");
    for (;;) {
        struct message message;
        struct notification notification;
        int result = message_frame(bytes, length, kind->max_bytes, &message, &notification);
        if (result < 0)
            set_reset(outcome, size, &notification);
        if (result <= 0)
            return;
        message_outcome(kind, &message, watched, outcome, size);
        if (strncmp(outcome, "RESET", 5) == 0 || strcmp(outcome, "CLOSE") == 0)
            return;
        bytes += message.length;
        length -= message.length;
    }
}

/* "RESET" allows any reset, and the closing of a connection whose peer sent a NOTIFICATION. */
static bool is_due(const char *due, const char *outcome)
{
    for (const char *at = due;; at++) {
        size_t length = strcspn(at, "|");
        if (strlen(outcome) == length && strncmp(at, outcome, length) == 0)
            return true;
        if (length == 5 && strncmp(at, "RESET", 5) == 0 &&
            (strncmp(outcome, "RESET", 5) == 0 || strcmp(outcome, "CLOSE") == 0))
            return true;
        at += length;
        if (!*at)
            return false;
    }
}

static unsigned hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c);
    assert_true(c && at);
    return (unsigned)(at - digits);
}

/* Hex, where "(hex*times)" stands for a repetition, to bytes. */
static size_t read_bytes(const char *text, uint8_t *bytes)
{
    size_t length = 0, unit_at = 0;
    while (*text) {
        if (*text == '(') {
            unit_at = length;
            text++;
        } else if (*text == '*') {
            char *end;
            size_t unit = length - unit_at;
            unsigned long times = strtoul(text + 1, &end, 10);
            assert_true(*end == ')' && times > 0 && length + unit * times < MESSAGES_MAX_BYTES);
            for (; times > 1; times--, length += unit)
                memcpy(bytes + length, bytes + unit_at, unit);
            text = end + 1;
        } else {
            assert_true(length < MESSAGES_MAX_BYTES);
            bytes[length++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
            text += 2;
        }
    }
    return length;
}

/* 0 if the line holds, 1 if not. Each message lives in memory of exactly its size, for the address sanitizer. */
static unsigned run_line(char *line, unsigned number)
{
    char *fields[FIELDS] = {line};
    for (unsigned i = 1; i < FIELDS; i++) {
        char *tab = strchr(fields[i - 1], '\t');
        if (!tab)
            fail_msg("line %u has %u fields", number, i);
        *tab = '\0';
        fields[i] = tab + 1;
    }
    static uint8_t room[MESSAGES_MAX_BYTES];
    fields[6][strcspn(fields[6], "\r\n")] = '\0';
    size_t length = read_bytes(fields[6], room);
    const struct session_kind *kind = session_kind_find(fields[2]);
    struct prefix watched;
    if (!kind || prefix_parse(fields[5], true, &watched) < 0)
        fail_msg("line %u: unknown session or bad prefix", number);
    uint8_t *bytes = test_malloc(length + !length);
    memcpy(bytes, room, length);
    char outcome[64];
    bytes_outcome(kind, bytes, length, &watched, outcome, sizeof(outcome));
    test_free(bytes);
    if (is_due(fields[4], outcome))
        return 0;
    print_error("%s %s (%s, RFC %s): %s, due %s\n", fields[0], fields[1], fields[2], fields[3], outcome, fields[4]);
    return 1;
}

static void run_table(FILE *file)
{
    static char line[LINE_MAX_BYTES];
    unsigned number = 0, lines = 0, wrong = 0;
    while (fgets(line, sizeof(line), file)) {
        number++;
        if (number == 1 || line[0] == '#' || line[0] == '\n')
            continue;
        assert_non_null(strchr(line, '\n'));
        lines++;
        wrong += run_line(line, number);
    }
    print_message("%u vectors, %u wrong\n", lines, wrong);
    assert_true(lines > 100);
    assert_int_equal(wrong, 0);
}

/* The path of the table comes from the environment, so that one program serves all tables. */
static void test_table(void **state)
{
    FILE *file = *state;
    run_table(file);
}

static void test_due_actions(void **state)
{
    assert_true(is_due("TAW|DISCARD", "DISCARD"));
    assert_true(is_due("RESET", "RESET 3/1"));
    assert_true(is_due("STALE|RESET", "CLOSE"));
    assert_false(is_due("RESET 3/1", "RESET 3/10"));
    assert_false(is_due("TAW", "STALE"));
    assert_false(is_due("ACCEPT|TAW", ""));
}

int main(int argc, char **argv)
{
    const char *shared = getenv("GODWIT_SHARED");
    char path[4096];
    if (argc > 2)
        snprintf(path, sizeof(path), "%s/%s", shared && *shared ? shared : argv[1], argv[2]);
    else if (argc == 2)
        snprintf(path, sizeof(path), "%s", argv[1]);
    else
        return 2;
    FILE *file = fopen(path, "r");
    if (!file) {
        printf("%s is not here\n", path);
        return argc > 2 ? SKIPPED : 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due_actions),
        cmocka_unit_test_prestate(test_table, file),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fclose(file);
    return failed;
}
