/* Graceful restart, the side that restarts (RFC 4724 4.1): what it says of itself, and whom it waits for before it says
 * anything else. */
#include "scene.h"

#include "control/internal.h"

enum { DUT_RESTART_TIME_S = 40, DUT_DEFERRAL_TIME_S = 200 };

static void with_times(struct neighbor_config *neighbor)
{
    neighbor->peer.graceful_restart.restart_time_s = DUT_RESTART_TIME_S;
    neighbor->peer.graceful_restart.deferral_time_s = DUT_DEFERRAL_TIME_S;
}

/* Who of the three has been told a prefix: a bit each. */
static unsigned told(const struct scene *scene, unsigned family, unsigned prefix)
{
    unsigned who = 0;
    for (unsigned i = 0; i < PUPPETS; i++)
        who |= (unsigned)at_puppet(scene, i, family, prefix) << i;
    return who;
}

enum { NOBODY = 0, TO_RESTARTER = 1 << RESTARTER, TO_OBSERVER = 1 << OBSERVER, TO_PLAIN = 1 << PLAIN };

/* The speaker has restarted; these puppets are up, and each has announced a prefix of its number, in both families. */
static void begin(struct scene *scene, unsigned who)
{
    scene_begin(scene, NULL);
    restart_dut(scene, with_times);
    for (unsigned i = 0; i < PUPPETS; i++) {
        if (!(who & 1u << i))
            continue;
        run_puppet(scene, i);
        until_up(scene, i);
        announce(scene, i, 0, i, 0);
        announce(scene, i, 1, i, 0);
    }
    settle(scene);
}

static void end_of_ribs(struct scene *scene, unsigned number)
{
    puppet_end_of_rib(&scene->puppets[number], 0);
    puppet_end_of_rib(&scene->puppets[number], 1);
    settle(scene);
}

static void test_nobody_is_told_before_everybody_has_spoken(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, TO_RESTARTER | TO_OBSERVER | TO_PLAIN);
    lab_run_ms(&scene.lab, 30 * 1000);
    assert_int_equal(told(&scene, 0, RESTARTER), NOBODY);
    assert_int_equal(scene.puppets[PLAIN].end_of_ribs[0], 0);
    puppet_end_of_rib(&scene.puppets[RESTARTER], 0);
    puppet_end_of_rib(&scene.puppets[OBSERVER], 1);
    settle(&scene);
    assert_int_equal(told(&scene, 0, RESTARTER), NOBODY);
    /* The one without graceful restart is not waited for, and each family goes by itself. */
    puppet_end_of_rib(&scene.puppets[OBSERVER], 0);
    settle(&scene);
    assert_int_equal(told(&scene, 0, RESTARTER), TO_OBSERVER | TO_PLAIN);
    assert_int_equal(told(&scene, 0, PLAIN), TO_RESTARTER | TO_OBSERVER);
    assert_int_equal(scene.puppets[RESTARTER].end_of_ribs[0], 1);
    assert_int_equal(scene.puppets[RESTARTER].end_of_ribs[1], 0);
    puppet_end_of_rib(&scene.puppets[RESTARTER], 1);
    settle(&scene);
    assert_int_equal(scene.puppets[RESTARTER].end_of_ribs[1], 1);
    scene_end(&scene);
}

static void test_one_that_has_restarted_itself_is_not_waited_for(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, NULL);
    restart_dut(&scene, with_times);
    restart_puppet(&scene, RESTARTER);
    run_puppet(&scene, OBSERVER);
    until_up(&scene, OBSERVER);
    announce(&scene, OBSERVER, 0, 1, 0);
    end_of_ribs(&scene, OBSERVER);
    assert_int_equal(told(&scene, 0, 1), TO_RESTARTER);
    scene_end(&scene);
}

/* One that stays away is waited for as long as it would keep our routes; one that is there and never ends its table,
 * for the deferral time. */
static void test_nobody_is_waited_for_forever(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, TO_OBSERVER | TO_PLAIN);
    end_of_ribs(&scene, OBSERVER);
    lab_run_ms(&scene.lab, (DUT_RESTART_TIME_S - 4) * 1000);
    assert_int_equal(told(&scene, 0, OBSERVER), NOBODY);
    lab_run_ms(&scene.lab, 5 * 1000);
    assert_int_equal(told(&scene, 0, OBSERVER), TO_PLAIN);
    scene_end(&scene);

    begin(&scene, TO_RESTARTER | TO_OBSERVER | TO_PLAIN);
    end_of_ribs(&scene, OBSERVER);
    lab_run_ms(&scene.lab, (DUT_DEFERRAL_TIME_S - 4) * 1000);
    assert_int_equal(told(&scene, 0, OBSERVER), NOBODY);
    lab_run_ms(&scene.lab, 5 * 1000);
    assert_int_equal(told(&scene, 0, OBSERVER), TO_RESTARTER | TO_PLAIN);
    scene_end(&scene);
}

/* Disabled, or gone from the configuration: nobody to wait for. */
static void test_the_operator_need_not_wait(void **state)
{
    (void)state;
    for (unsigned delete = 0; delete < 2; delete ++) {
        struct scene scene;
        struct peer_name name = name_of(RESTARTER);
        struct err err;
        begin(&scene, TO_OBSERVER | TO_PLAIN);
        end_of_ribs(&scene, OBSERVER);
        assert_int_equal(delete ? control_peer_delete(scene.dut->control, &name, "", &err)
                                : control_peer_disable(scene.dut->control, &name, "", &err),
                         E_OK);
        lab_run_ms(&scene.lab, 2000);
        assert_int_equal(told(&scene, 0, OBSERVER), TO_PLAIN);
        scene_end(&scene);
    }
}

/* A client adds neighbors one by one, some time after it has started the speaker; or never. */
static void test_neighbors_that_come_late(void **state)
{
    (void)state;
    struct scene scene;
    struct neighbor_config neighbor;
    struct err err;
    scene_begin(&scene, NULL);
    lab_kill(scene.dut);
    scene.dut->control = control_new(scene.lab.loop, scene.dut->transport);
    control_set_restarted(scene.dut->control);
    lab_start(&scene.lab, scene.dut, NULL);
    lab_run_ms(&scene.lab, 3000);
    make_neighbor(OBSERVER, &neighbor);
    assert_int_equal(control_peer_add(scene.dut->control, &neighbor, &err), E_OK);
    run_puppet(&scene, OBSERVER);
    until_up(&scene, OBSERVER);
    struct session_status status;
    session_status(scene.puppets[OBSERVER].session, &status);
    assert_true(status.remote_open->capabilities.restarting);
    lab_announce(scene.dut, "192.0.1.0/24", 0, 0);
    settle(&scene);
    assert_int_equal(told(&scene, 0, 1), NOBODY);
    end_of_ribs(&scene, OBSERVER);
    assert_int_equal(told(&scene, 0, 1), TO_OBSERVER);
    scene_end(&scene);
}

/* What OPENs say --------------------------------------------------------------------------------------------------- */

static void expect_open(struct scene *scene, unsigned number, bool restarting, family_set forwarding)
{
    struct session_status status;
    session_status(scene->puppets[number].session, &status);
    const struct capabilities *capabilities = &status.remote_open->capabilities;
    assert_true(capabilities->graceful_restart);
    assert_int_equal(capabilities->restarting, restarting);
    assert_int_equal(capabilities->restart_forwarding, forwarding);
    assert_int_equal(capabilities->restart_families, 3);
}

static bool established_again(void *context)
{
    return is_up(context);
}

static void test_what_opens_say(void **state)
{
    (void)state;
    struct scene scene;
    struct addr addr = puppet_addr(RESTARTER);
    begin(&scene, TO_RESTARTER);
    expect_open(&scene, RESTARTER, true, 3);
    /* The same process, another connection: nothing has restarted, and forwarding has gone on. */
    assert_int_equal(memory_net_reset(scene.lab.net, &scene.dut->addr, &addr), 1);
    settle(&scene);
    lab_until(&scene.lab, 60, established_again, &scene.puppets[RESTARTER]);
    expect_open(&scene, RESTARTER, false, 3);
    /* Once it is over, it is over for everybody. */
    end_of_ribs(&scene, RESTARTER);
    lab_run_ms(&scene.lab, (DUT_DEFERRAL_TIME_S + 200) * 1000);
    run_puppet(&scene, OBSERVER);
    until_up(&scene, OBSERVER);
    expect_open(&scene, OBSERVER, false, 3);
    scene_end(&scene);
    /* An ordinary start knows nothing of forwarding before it. */
    scene_begin(&scene, NULL);
    run_puppet(&scene, RESTARTER);
    until_up(&scene, RESTARTER);
    expect_open(&scene, RESTARTER, false, 0);
    scene_end(&scene);
}

/* The end
 * -------------------------------------------------------------------------------------------------------------- */

/* A receiver drops what it has kept when End-of-RIB comes: the queue has to be empty by then, however slow the readers.
 */
static void test_end_of_rib_comes_last(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, TO_RESTARTER | TO_OBSERVER);
    scene.dut->control->speaker->tuning.backlog_bytes = 1;
    scene.dut->control->speaker->tuning.batch_rows = 1;
    puppet_read(&scene.puppets[OBSERVER], false);
    for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++)
        announce(&scene, RESTARTER, 0, prefix, 65000u << 16 | prefix);
    end_of_ribs(&scene, RESTARTER);
    end_of_ribs(&scene, OBSERVER);
    settle(&scene);
    puppet_read(&scene.puppets[OBSERVER], true);
    settle(&scene);
    assert_int_equal(scene.puppets[OBSERVER].end_of_ribs[0], 1);
    assert_int_equal(scene.puppets[OBSERVER].announced_before_end[0], MODEL_PREFIXES - 1); /* but its own */
    scene_end(&scene);
}

/* Nor does anything else say that this is all, before it is. */
static void test_a_refresh_in_between(void **state)
{
    (void)state;
    struct scene scene;
    struct session_status status;
    begin(&scene, TO_RESTARTER | TO_OBSERVER);
    puppet_refresh(&scene.puppets[OBSERVER], 0, REFRESH_REQUEST);
    settle(&scene);
    end_of_ribs(&scene, RESTARTER);
    session_status(scene.puppets[OBSERVER].session, &status);
    assert_int_equal(status.received.refresh, 0);
    end_of_ribs(&scene, OBSERVER);
    assert_int_equal(told(&scene, 0, RESTARTER), TO_OBSERVER);
    puppet_refresh(&scene.puppets[OBSERVER], 0, REFRESH_REQUEST);
    settle(&scene);
    session_status(scene.puppets[OBSERVER].session, &status);
    assert_int_equal(status.received.refresh, 2);
    assert_int_equal(told(&scene, 0, RESTARTER), TO_OBSERVER);
    scene_end(&scene);
}

/* How long neighbors would keep our routes ------------------------------------------------------------------------- */

static void test_promise(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, NULL);
    assert_int_equal(control_restart_promise_s(scene.dut->control), 0);
    run_puppet(&scene, PLAIN);
    until_up(&scene, PLAIN);
    assert_int_equal(control_restart_promise_s(scene.dut->control), 0);
    run_puppet(&scene, RESTARTER);
    until_up(&scene, RESTARTER);
    assert_int_equal(control_restart_promise_s(scene.dut->control), 90 + LONG_LIVED_TIME_S);
    kill_puppet(&scene, RESTARTER);
    assert_int_equal(control_restart_promise_s(scene.dut->control), 0);
    /* After a restart, those who are still to come back have promised it to the process before. */
    restart_dut(&scene, with_times);
    settle(&scene);
    assert_true(control_restart_promise_s(scene.dut->control) >= DUT_RESTART_TIME_S);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_is_told_before_everybody_has_spoken),
        cmocka_unit_test(test_one_that_has_restarted_itself_is_not_waited_for),
        cmocka_unit_test(test_nobody_is_waited_for_forever),
        cmocka_unit_test(test_the_operator_need_not_wait),
        cmocka_unit_test(test_neighbors_that_come_late),
        cmocka_unit_test(test_what_opens_say),
        cmocka_unit_test(test_end_of_rib_comes_last),
        cmocka_unit_test(test_a_refresh_in_between),
        cmocka_unit_test(test_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
