#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "io/loop.h"

enum { SENDERS = 3, MAILS_EACH = 5000 };

struct inbox {
    struct loop *loop;
    int next_from[SENDERS];
    int received;
    bool in_order;
};

struct letter {
    struct mail mail;
    struct inbox *inbox;
    int sender;
    int number;
};

struct sender {
    pthread_t thread;
    struct inbox *inbox;
    int index;
};

static void letter_deliver(struct mail *mail)
{
    struct letter *letter = container_of(mail, struct letter, mail);
    struct inbox *inbox = letter->inbox;
    if (inbox->next_from[letter->sender]++ != letter->number)
        inbox->in_order = false;
    if (++inbox->received == SENDERS * MAILS_EACH)
        loop_stop(inbox->loop);
    free(letter);
}

static void *send_letters(void *argument)
{
    struct sender *sender = argument;
    for (int number = 0; number < MAILS_EACH; number++) {
        struct letter *letter = calloc(1, sizeof(*letter));
        letter->mail.deliver = letter_deliver;
        letter->inbox = sender->inbox;
        letter->sender = sender->index;
        letter->number = number;
        mailbox_post(sender->inbox->loop, &letter->mail);
    }
    return NULL;
}

static void test_mail_arrives_whole_and_in_order(void **state)
{
    struct inbox inbox = {.loop = loop_new(), .in_order = true};
    struct sender senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.inbox = &inbox, .index = i};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_letters, &senders[i]), 0);
    }
    loop_run(inbox.loop);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    assert_int_equal(inbox.received, SENDERS * MAILS_EACH);
    assert_true(inbox.in_order);
    assert_false(loop_turn(inbox.loop, 0));
    loop_free(inbox.loop);
}

static void test_mail_in_a_simulated_loop(void **state)
{
    struct inbox inbox = {.loop = loop_new_simulated(), .in_order = true};
    struct sender sender = {.inbox = &inbox};
    send_letters(&sender);
    assert_int_equal(loop_next_timeout_ms(inbox.loop), 0);
    assert_true(loop_turn(inbox.loop, -1));
    assert_int_equal(inbox.received, MAILS_EACH);
    assert_true(inbox.in_order);
    assert_false(loop_turn(inbox.loop, -1));
    loop_free(inbox.loop);
}

/* One mail to and fro between two loops: while one has it the other sleeps, and must be woken each time. */
enum { ROUNDS = 5000 };

struct ball {
    struct mail mail;
    struct loop *loops[2];
    int hits;
};

static void ball_hit(struct mail *mail)
{
    struct ball *ball = container_of(mail, struct ball, mail);
    int side = ball->hits++ % 2;
    if (ball->hits >= ROUNDS)
        loop_stop(ball->loops[side]);
    if (ball->hits <= ROUNDS)
        mailbox_post(ball->loops[!side], mail);
}

static void *play(void *argument)
{
    loop_run(argument);
    return NULL;
}

static void test_sleeping_loop_is_woken_by_mail(void **state)
{
    struct ball ball = {.mail.deliver = ball_hit, .loops = {loop_new(), loop_new()}};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, play, ball.loops[1]), 0);
    mailbox_post(ball.loops[0], &ball.mail);
    loop_run(ball.loops[0]);
    pthread_join(thread, NULL);
    assert_int_equal(ball.hits, ROUNDS + 1);
    loop_free(ball.loops[0]);
    loop_free(ball.loops[1]);
}

/* Rings from another thread, each after writing: the loop must end up having seen the last value. */
struct shared {
    struct loop *loop;
    struct doorbell *doorbell;
    atomic_int written;
    int seen;
    int answers;
};

static void bell_answered(void *context)
{
    struct shared *shared = context;
    shared->answers++;
    shared->seen = atomic_load_explicit(&shared->written, memory_order_relaxed);
    if (shared->seen == MAILS_EACH)
        loop_stop(shared->loop);
}

static void *ring_often(void *argument)
{
    struct shared *shared = argument;
    for (int i = 1; i <= MAILS_EACH; i++) {
        atomic_store_explicit(&shared->written, i, memory_order_relaxed);
        doorbell_ring(shared->doorbell);
    }
    return NULL;
}

static void test_no_ring_is_lost(void **state)
{
    struct shared shared = {.loop = loop_new()};
    shared.doorbell = doorbell_new(shared.loop, bell_answered, &shared);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ring_often, &shared), 0);
    loop_run(shared.loop);
    pthread_join(thread, NULL);
    assert_int_equal(shared.seen, MAILS_EACH);
    assert_true(shared.answers <= MAILS_EACH);
    loop_turn(shared.loop, 0);
    doorbell_free(shared.doorbell);
    loop_free(shared.loop);
}

static void test_bell_freed_while_rung_is_not_answered(void **state)
{
    struct shared shared = {.loop = loop_new_simulated()};
    shared.doorbell = doorbell_new(shared.loop, bell_answered, &shared);
    doorbell_ring(shared.doorbell);
    doorbell_ring(shared.doorbell);
    loop_turn(shared.loop, 0);
    assert_int_equal(shared.answers, 1);
    doorbell_ring(shared.doorbell); /* answered, so it can be rung again */
    loop_turn(shared.loop, 0);
    assert_int_equal(shared.answers, 2);
    doorbell_ring(shared.doorbell);
    doorbell_free(shared.doorbell);
    loop_turn(shared.loop, 0);
    assert_int_equal(shared.answers, 2);
    shared.doorbell = doorbell_new(shared.loop, bell_answered, &shared);
    doorbell_ring(shared.doorbell);
    doorbell_free(shared.doorbell); /* nothing is left of it though the loop does not turn again */
    loop_free(shared.loop);
}

struct noted_mail {
    struct mail mail;
    struct loop *loop;
    struct noted_mail *takes_back; /* when delivered */
    char name;
    char *log;
};

static void note_mail(struct mail *mail)
{
    struct noted_mail *noted = container_of(mail, struct noted_mail, mail);
    noted->log[strlen(noted->log)] = noted->name;
    if (noted->takes_back)
        assert_true(mailbox_withdraw(noted->loop, &noted->takes_back->mail));
}

static void test_mail_taken_back_is_not_delivered_and_the_rest_is_in_order(void **state)
{
    struct loop *loop = loop_new();
    struct noted_mail mails[6];
    char log[16] = "";
    for (int i = 0; i < 6; i++)
        mails[i] = (struct noted_mail){.mail.deliver = note_mail, .loop = loop, .name = (char)('a' + i), .log = log};
    for (int i = 0; i < 3; i++)
        mailbox_post(loop, &mails[i].mail);
    assert_true(mailbox_withdraw(loop, &mails[1].mail));
    assert_false(mailbox_withdraw(loop, &mails[1].mail));
    for (int i = 3; i < 6; i++)
        mailbox_post(loop, &mails[i].mail);
    mails[2].takes_back = &mails[4];
    assert_int_equal(loop_next_timeout_ms(loop), 0);
    loop_turn(loop, -1);
    assert_string_equal(log, "acdf");
    assert_false(mailbox_withdraw(loop, &mails[0].mail));
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mail_arrives_whole_and_in_order),
        cmocka_unit_test(test_mail_in_a_simulated_loop),
        cmocka_unit_test(test_sleeping_loop_is_woken_by_mail),
        cmocka_unit_test(test_no_ring_is_lost),
        cmocka_unit_test(test_bell_freed_while_rung_is_not_answered),
        cmocka_unit_test(test_mail_taken_back_is_not_delivered_and_the_rest_is_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
