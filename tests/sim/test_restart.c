/* Graceful restart, the side that stays (RFC 4724, 8538, 9494): one speaker, a neighbor that restarts as the test wants
 * it to, and two that look on, of whom one knows what LLGR_STALE means. */
#include "scene.h"

/* All up; the restarter has announced prefixes 0 and 1 of both families and its End-of-RIBs. */
static void everybody_up(struct scene *scene)
{
    for (unsigned i = 0; i < PUPPETS; i++)
        run_puppet(scene, i);
    for (unsigned i = 0; i < PUPPETS; i++)
        until_up(scene, i);
    for (unsigned family = 0; family < 2; family++) {
        announce(scene, RESTARTER, family, 0, 0);
        announce(scene, RESTARTER, family, 1, 0);
        puppet_end_of_rib(&scene->puppets[RESTARTER], family);
    }
    settle(scene);
    assert_int_equal(at_dut(scene, 0, 0), FRESH);
    assert_true(at_puppet(scene, PLAIN, 0, 1));
}

static uint64_t heard_by_plain(const struct scene *scene)
{
    return scene->puppets[PLAIN].announced + scene->puppets[PLAIN].withdrawn;
}

/* Tests ------------------------------------------------------------------------------------------------------------ */

static void test_routes_outlive_a_restart(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, NULL);
    everybody_up(&scene);
    uint64_t heard = heard_by_plain(&scene);
    kill_puppet(&scene, RESTARTER);
    lab_run_ms(&scene.lab, (RESTART_TIME_S - 2) * 1000);
    for (unsigned family = 0; family < 2; family++)
        for (unsigned prefix = 0; prefix < 2; prefix++)
            assert_int_equal(at_dut(&scene, family, prefix), STALE);
    restart_puppet(&scene, RESTARTER);
    /* Said again: fresh; not said again: kept until End-of-RIB of that family, and not of another. */
    announce(&scene, RESTARTER, 0, 0, 0);
    settle(&scene);
    assert_int_equal(at_dut(&scene, 0, 0), FRESH);
    assert_int_equal(at_dut(&scene, 0, 1), STALE);
    assert_int_equal(heard_by_plain(&scene), heard);
    puppet_end_of_rib(&scene.puppets[RESTARTER], 0);
    settle(&scene);
    assert_int_equal(at_dut(&scene, 0, 0), FRESH);
    assert_int_equal(at_dut(&scene, 0, 1), GONE);
    assert_int_equal(at_dut(&scene, 1, 0), STALE);
    assert_true(at_puppet(&scene, PLAIN, 0, 0));
    assert_false(at_puppet(&scene, PLAIN, 0, 1));
    assert_int_equal(heard_by_plain(&scene), heard + 1);
    scene_end(&scene);
}

static void test_restart_time_ends(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, NULL);
    everybody_up(&scene);
    kill_puppet(&scene, RESTARTER);
    lab_run_ms(&scene.lab, (RESTART_TIME_S - 1) * 1000);
    assert_int_equal(at_dut(&scene, 0, 0), STALE);
    lab_run_ms(&scene.lab, 1000);
    assert_int_equal(at_dut(&scene, 0, 0), GONE);
    assert_int_equal(at_dut(&scene, 1, 1), GONE);
    assert_false(at_puppet(&scene, PLAIN, 0, 0));
    scene_end(&scene);
}

static void expect_stale_time(struct scene *scene, int stale_time_s)
{
    everybody_up(scene);
    kill_puppet(scene, RESTARTER);
    restart_puppet(scene, RESTARTER);
    lab_run_ms(&scene->lab, (stale_time_s - 2) * 1000);
    assert_int_equal(at_dut(scene, 0, 0), STALE);
    lab_run_ms(&scene->lab, 3000);
    assert_int_equal(at_dut(scene, 0, 0), GONE);
    assert_true(scene->puppets[RESTARTER].established);
    scene_end(scene);
}

static void short_stale_time(struct neighbor_config *neighbor)
{
    neighbor->peer.graceful_restart.stale_routes_time_s = 20;
}

static void test_end_of_rib_is_not_waited_for_forever(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, NULL);
    expect_stale_time(&scene, 360);
    scene_begin(&scene, short_stale_time);
    expect_stale_time(&scene, 20);
}

/* Each family for itself: back with F, back without F, not back at all, and a neighbor that forgot all about it. */
static void test_what_the_new_open_says(void **state)
{
    (void)state;
    struct scene scene;
    struct capabilities *capabilities = &scene.puppets[RESTARTER].config.capabilities;
    scene_begin(&scene, NULL);
    everybody_up(&scene);
    kill_puppet(&scene, RESTARTER);
    capabilities->restarting = true;
    capabilities->restart_forwarding = 1;
    run_puppet(&scene, RESTARTER);
    until_up(&scene, RESTARTER);
    settle(&scene);
    assert_int_equal(at_dut(&scene, 0, 0), STALE);
    assert_int_equal(at_dut(&scene, 1, 0), GONE);
    kill_puppet(&scene, RESTARTER);
    capabilities->multiprotocol = 2;
    capabilities->restart_families = capabilities->restart_forwarding = 2;
    run_puppet(&scene, RESTARTER);
    until_up(&scene, RESTARTER);
    settle(&scene);
    assert_int_equal(at_dut(&scene, 0, 0), GONE);
    scene_end(&scene);
    scene_begin(&scene, NULL);
    everybody_up(&scene);
    kill_puppet(&scene, RESTARTER);
    capabilities->graceful_restart = capabilities->long_lived = false;
    run_puppet(&scene, RESTARTER);
    until_up(&scene, RESTARTER);
    settle(&scene);
    assert_int_equal(at_dut(&scene, 0, 0), GONE);
    scene_end(&scene);
}

/* RFC 4724 4.2: what was stale already does not outlive a second restart; what was said since does. */
static void test_restarts_in_a_row(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, NULL);
    everybody_up(&scene);
    kill_puppet(&scene, RESTARTER);
    restart_puppet(&scene, RESTARTER);
    announce(&scene, RESTARTER, 0, 0, 0);
    settle(&scene);
    kill_puppet(&scene, RESTARTER);
    assert_int_equal(at_dut(&scene, 0, 0), STALE);
    assert_int_equal(at_dut(&scene, 0, 1), GONE);
    for (unsigned i = 0; i < 20; i++) { /* more often than there are epochs */
        restart_puppet(&scene, RESTARTER);
        announce(&scene, RESTARTER, 0, 0, 0);
        announce(&scene, RESTARTER, 0, 2 + i % 2, 0);
        lab_run_ms(&scene.lab, 301 * 1000); /* or it would be damped */
        kill_puppet(&scene, RESTARTER);
    }
    assert_int_equal(at_dut(&scene, 0, 0), STALE);
    assert_int_equal(at_dut(&scene, 0, 2), GONE);
    assert_int_equal(at_dut(&scene, 0, 3), STALE);
    scene_end(&scene);
}

static void note_rest(void *context, const struct peer_view *view)
{
    *(int64_t *)context = view->session->idle_hold_left_ms;
}

/* A neighbor that comes back at once is not refused; one that does so again and again is, for a short while first. */
static void test_restarts_are_not_damped_at_once(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, NULL);
    everybody_up(&scene);
    for (unsigned i = 0; i < 6; i++) {
        int64_t rest_ms = -1;
        struct peer_name name = name_of(RESTARTER);
        kill_puppet(&scene, RESTARTER);
        control_peer_list(scene.dut->control, &name, note_rest, &rest_ms);
        if (i < 4)
            assert_int_equal(rest_ms, 0);
        else
            assert_in_range(rest_ms, 1000, 5000u << (i - 4));
        restart_puppet(&scene, RESTARTER);
    }
    scene_end(&scene);
}

/* The end of the session ------------------------------------------------------------------------------------------- */

static void with_notifications(struct neighbor_config *neighbor)
{
    neighbor->peer.graceful_restart.notification_enabled = true;
}

static enum presence after_notification(bool both_know, uint8_t subcode)
{
    struct scene scene;
    scene_begin(&scene, both_know ? with_notifications : NULL);
    scene.puppets[RESTARTER].config.capabilities.restart_notification = both_know;
    everybody_up(&scene);
    struct notification notification = notification_make(NOTIFY_CEASE, subcode);
    session_reset(scene.puppets[RESTARTER].session, &notification, SESSION_END_SENT, 30);
    settle(&scene);
    enum presence presence = at_dut(&scene, 0, 0);
    scene_end(&scene);
    return presence;
}

static void test_notifications_received(void **state)
{
    (void)state;
    assert_int_equal(after_notification(false, NOTIFY_CEASE_ADMIN_RESET), GONE);
    assert_int_equal(after_notification(true, NOTIFY_CEASE_ADMIN_RESET), STALE);
    assert_int_equal(after_notification(true, NOTIFY_CEASE_HARD_RESET), GONE);
    /* Sent as a Hard Reset, by the rule of RFC 8538 4. */
    assert_int_equal(after_notification(true, NOTIFY_CEASE_ADMIN_SHUTDOWN), GONE);
}

static void test_notifications_sent(void **state)
{
    (void)state;
    struct scene scene;
    struct err err;
    struct session_status status;
    struct peer_name name = name_of(RESTARTER);
    scene_begin(&scene, with_notifications);
    scene.puppets[RESTARTER].config.capabilities.restart_notification = true;
    everybody_up(&scene);
    assert_int_equal(control_peer_reset(scene.dut->control, &name, "", &err), E_OK);
    settle(&scene);
    session_status(scene.puppets[RESTARTER].session, &status);
    assert_int_equal(status.last_received.subcode, NOTIFY_CEASE_ADMIN_RESET);
    assert_int_equal(at_dut(&scene, 0, 0), STALE);
    until_up(&scene, RESTARTER);
    announce(&scene, RESTARTER, 0, 0, 0);
    settle(&scene);
    assert_int_equal(control_peer_disable(scene.dut->control, &name, "back at five", &err), E_OK);
    settle(&scene);
    session_status(scene.puppets[RESTARTER].session, &status);
    assert_int_equal(status.last_received.subcode, NOTIFY_CEASE_HARD_RESET);
    struct notification inner;
    assert_true(notification_inner(&status.last_received, &inner));
    assert_int_equal(inner.subcode, NOTIFY_CEASE_ADMIN_SHUTDOWN);
    assert_int_equal(at_dut(&scene, 0, 0), GONE);
    scene_end(&scene);
}

static void test_hold_timer_counts_as_a_broken_connection(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, NULL);
    everybody_up(&scene);
    struct addr addr = puppet_addr(RESTARTER);
    memory_net_cut(scene.lab.net, &scene.dut->addr, &addr);
    lab_until(&scene.lab, 120, is_down, &scene.puppets[RESTARTER]);
    lab_run_ms(&scene.lab, 5000);
    assert_int_equal(at_dut(&scene, 0, 0), STALE);
    lab_run_ms(&scene.lab, RESTART_TIME_S * 1000);
    assert_int_equal(at_dut(&scene, 0, 0), GONE);
    scene_end(&scene);
}

/* The operator ----------------------------------------------------------------------------------------------------- */

enum act { ACT_DISABLE, ACT_RESET, ACT_SHUTDOWN, ACT_DELETE, ACT_CONFIGURE, ACT_STOP, ACT_SOFT_RESET, ACTS };

static void act(struct scene *scene, enum act act)
{
    struct peer_name name = name_of(RESTARTER);
    struct control *control = scene->dut->control;
    struct neighbor_config neighbor;
    struct err err;
    bool unused;
    make_neighbor(RESTARTER, &neighbor);
    neighbor.peer.graceful_restart = (struct graceful_restart_config){0};
    switch (act) {
    case ACT_DISABLE:
        assert_int_equal(control_peer_disable(control, &name, "", &err), E_OK);
        break;
    case ACT_RESET:
        assert_int_equal(control_peer_reset(control, &name, "", &err), E_OK);
        break;
    case ACT_SHUTDOWN:
        assert_int_equal(control_peer_shutdown(control, &name, "", &err), E_OK);
        break;
    case ACT_DELETE:
        assert_int_equal(control_peer_delete(control, &name, "", &err), E_OK);
        break;
    case ACT_CONFIGURE:
        assert_int_equal(control_peer_update(control, &neighbor, &unused, &err), E_OK);
        break;
    case ACT_STOP:
        control_stop(control, "", NULL, NULL);
        break;
    case ACT_SOFT_RESET:
        assert_int_equal(control_peer_soft_reset(control, &name, SOFT_RESET_BOTH, &err), E_OK);
        break;
    case ACTS:
        break;
    }
}

/* While the neighbor is away, and again when it is back and has not said everything. */
static void test_the_operator_decides(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ACTS; i++) {
        for (unsigned back = 0; back < 2; back++) {
            struct scene scene;
            scene_begin(&scene, NULL);
            everybody_up(&scene);
            kill_puppet(&scene, RESTARTER);
            if (back)
                restart_puppet(&scene, RESTARTER);
            act(&scene, i);
            settle(&scene);
            if (i != ACT_STOP) {
                assert_int_equal(at_dut(&scene, 0, 0), i == ACT_SOFT_RESET ? STALE : GONE);
                assert_int_equal(at_puppet(&scene, PLAIN, 0, 0), i == ACT_SOFT_RESET);
            }
            lab_run_ms(&scene.lab, 2000 * 1000); /* no timer is left to trip over */
            scene_end(&scene);
        }
    }
}

/* Long-lived ------------------------------------------------------------------------------------------------------- */

static void offer_long_lived(struct scene *scene, uint16_t restart_time_s)
{
    struct capabilities *capabilities = &scene->puppets[RESTARTER].config.capabilities;
    capabilities->restart_time_s = restart_time_s;
    capabilities->long_lived_families = 3;
    capabilities->long_lived_time_s[0] = LONG_LIVED_TIME_S;
    capabilities->long_lived_time_s[1] = LONG_LIVED_TIME_S / 2;
}

static void test_long_lived(void **state)
{
    (void)state;
    for (uint16_t restart_time_s = 0; restart_time_s <= 30; restart_time_s += 30) {
        struct scene scene;
        scene_begin(&scene, NULL);
        offer_long_lived(&scene, restart_time_s);
        everybody_up(&scene);
        announce(&scene, RESTARTER, 0, 2, (uint32_t)COMMUNITY_NO_LLGR);
        announce(&scene, RESTARTER, 0, 3, 0);
        announce(&scene, PLAIN, 0, 3, 65000u << 16 | 7);
        settle(&scene);
        assert_true(at_puppet(&scene, PLAIN, 0, 3)); /* its own is the younger one */
        kill_puppet(&scene, RESTARTER);
        if (restart_time_s > 0) {
            assert_int_equal(at_dut(&scene, 0, 2), STALE);
            assert_false(heard_llgr_stale(&scene, OBSERVER, 0, 0));
            lab_run_ms(&scene.lab, restart_time_s * 1000);
        }
        settle(&scene);
        /* As a last resort, and only told to who knows what that is. */
        assert_int_equal(at_dut(&scene, 0, 0), STALE);
        assert_true(heard_llgr_stale(&scene, OBSERVER, 0, 0));
        assert_false(at_puppet(&scene, PLAIN, 0, 0));
        assert_int_equal(at_dut(&scene, 0, 2), GONE);
        assert_int_equal(at_dut(&scene, 0, 3), FRESH);
        assert_false(heard_llgr_stale(&scene, OBSERVER, 0, 3));
        /* Judging the routes again does not make them better. */
        act(&scene, ACT_SOFT_RESET);
        settle(&scene);
        assert_int_equal(at_dut(&scene, 0, 0), STALE);
        assert_true(heard_llgr_stale(&scene, OBSERVER, 0, 0));
        assert_false(at_puppet(&scene, PLAIN, 0, 0));
        /* Each family has its time. */
        lab_run_ms(&scene.lab, (LONG_LIVED_TIME_S / 2 - 1) * 1000);
        assert_int_equal(at_dut(&scene, 1, 0), STALE);
        lab_run_ms(&scene.lab, 2000);
        assert_int_equal(at_dut(&scene, 1, 0), GONE);
        assert_int_equal(at_dut(&scene, 0, 0), STALE);
        lab_run_ms(&scene.lab, (LONG_LIVED_TIME_S / 2) * 1000);
        assert_int_equal(at_dut(&scene, 0, 0), GONE);
        assert_false(at_puppet(&scene, OBSERVER, 0, 0));
        scene_end(&scene);
    }
}

static void test_long_lived_and_back(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, NULL);
    offer_long_lived(&scene, 10);
    everybody_up(&scene);
    kill_puppet(&scene, RESTARTER);
    lab_run_ms(&scene.lab, 20 * 1000);
    offer_long_lived(&scene, 10);
    restart_puppet(&scene, RESTARTER);
    assert_int_equal(at_dut(&scene, 0, 0), STALE);
    announce(&scene, RESTARTER, 0, 0, 0);
    settle(&scene);
    assert_int_equal(at_dut(&scene, 0, 0), FRESH);
    assert_false(heard_llgr_stale(&scene, OBSERVER, 0, 0));
    assert_true(at_puppet(&scene, PLAIN, 0, 0));
    assert_true(heard_llgr_stale(&scene, OBSERVER, 0, 1));
    puppet_end_of_rib(&scene.puppets[RESTARTER], 0);
    settle(&scene);
    assert_int_equal(at_dut(&scene, 0, 1), GONE);
    /* Back without the F bit of the capability that holds now. */
    kill_puppet(&scene, RESTARTER);
    lab_run_ms(&scene.lab, 20 * 1000);
    assert_int_equal(at_dut(&scene, 0, 0), STALE);
    offer_long_lived(&scene, 10);
    scene.puppets[RESTARTER].config.capabilities.restart_forwarding = 3;
    run_puppet(&scene, RESTARTER);
    until_up(&scene, RESTARTER);
    settle(&scene);
    assert_int_equal(at_dut(&scene, 0, 0), GONE);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes_outlive_a_restart),
        cmocka_unit_test(test_restart_time_ends),
        cmocka_unit_test(test_end_of_rib_is_not_waited_for_forever),
        cmocka_unit_test(test_what_the_new_open_says),
        cmocka_unit_test(test_restarts_in_a_row),
        cmocka_unit_test(test_restarts_are_not_damped_at_once),
        cmocka_unit_test(test_notifications_received),
        cmocka_unit_test(test_notifications_sent),
        cmocka_unit_test(test_hold_timer_counts_as_a_broken_connection),
        cmocka_unit_test(test_the_operator_decides),
        cmocka_unit_test(test_long_lived),
        cmocka_unit_test(test_long_lived_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
