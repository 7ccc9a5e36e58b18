/* TCP where addresses must be made up first: in a network namespace of its own. Needs the right to make one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/interfaces.h"
#include "io/stream.h"
#include "stream_probe.h"

static bool loopback_up(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    bool up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    close(fd);
    return up;
}

/* Adds an IPv6 address to the loopback interface, usable at once. */
static bool add_address(const char *text, unsigned bits)
{
    struct {
        struct nlmsghdr header;
        struct ifaddrmsg message;
        struct rtattr attribute;
        uint8_t address[16];
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = RTM_NEWADDR,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE},
        .message = {.ifa_family = AF_INET6,
                    .ifa_prefixlen = (uint8_t)bits,
                    .ifa_flags = IFA_F_NODAD,
                    .ifa_index = if_nametoindex("lo")},
        .attribute = {.rta_len = RTA_LENGTH(16), .rta_type = IFA_LOCAL},
    };
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char rest[256];
    } answer = {0};
    if (inet_pton(AF_INET6, text, request.address) != 1)
        return false;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    bool added = fd >= 0 && send(fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request) &&
                 recv(fd, &answer, sizeof(answer), 0) > 0 && answer.header.nlmsg_type == NLMSG_ERROR &&
                 answer.error.error == 0;
    close(fd);
    return added;
}

/* The kernel begins to deliver to a new address a moment after it was added, from a work queue. */
static bool reachable_soon(const char *text)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_scope_id = if_nametoindex("lo")};
    if (inet_pton(AF_INET6, text, &address.sin6_addr) != 1)
        return false;
    struct mono_time start = mono_now();
    bool reachable = false;
    while (!reachable && mono_diff_ms(mono_now(), start) < 5000) {
        struct pollfd socket_fd = {.fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), .events = POLLIN};
        char byte = 'x';
        reachable = bind(socket_fd.fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                    sendto(socket_fd.fd, &byte, 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1 &&
                    poll(&socket_fd, 1, 10) == 1 && recv(socket_fd.fd, &byte, 1, MSG_DONTWAIT) == 1;
        close(socket_fd.fd);
    }
    return reachable;
}

static int make_namespace(void **state)
{
    bool *made = calloc(1, sizeof(*made));
    static const char *const addresses[] = {"fe80::1", "fe80::2", "2001:db8::1", "2001:db8::2"};
    *made = unshare(CLONE_NEWNET) == 0 && loopback_up();
    for (int i = 0; i < 4 && *made; i++)
        *made = add_address(addresses[i], 64) && reachable_soon(addresses[i]);
    if (!*made)
        print_message("no network namespace here: %s\n", strerror(errno));
    *state = made;
    return 0;
}

static int free_state(void **state)
{
    free(*state);
    return 0;
}

struct lab {
    struct loop *loop;
    struct transport *tcp;
    struct listener *listener;
    struct stream_probe dialer, acceptor;
    struct transport_options options;
};

static struct endpoint endpoint_of(const char *text, uint32_t scope_id)
{
    struct endpoint endpoint = {.scope_id = scope_id};
    assert_int_equal(addr_parse(text, &endpoint.addr), 0);
    return endpoint;
}

static void lab_open(struct lab *lab, const struct endpoint *local)
{
    struct err err = {0};
    *lab = (struct lab){.loop = loop_new(), .tcp = transport_tcp()};
    if (lab->tcp->ops->listen(lab->tcp, lab->loop, local, "lo", stream_probe_accept, &lab->acceptor, &lab->listener,
                              &err) != E_OK)
        fail_msg("%s", err.text);
}

static void lab_close(struct lab *lab)
{
    stream_probe_release(&lab->dialer);
    stream_probe_release(&lab->acceptor);
    listener_free(lab->listener);
    loop_free(lab->loop);
}

static void lab_connect(struct lab *lab)
{
    struct endpoint remote = listener_local(lab->listener);
    struct err err = {0};
    if (lab->tcp->ops->dial(lab->tcp, lab->loop, &remote, &lab->options, &stream_probe_handler, &lab->dialer,
                            &lab->dialer.stream, &err) != E_OK)
        fail_msg("%s", err.text);
    assert_true(turn_until(lab->loop, &lab->dialer.connected));
    assert_true(turn_until(lab->loop, &lab->acceptor.connected));
}

static void test_link_local_addresses_keep_their_scope(void **state)
{
    if (!*(bool *)*state)
        skip();
    uint32_t scope = if_nametoindex("lo");
    struct endpoint local = endpoint_of("fe80::1", scope);
    struct lab lab;
    lab_open(&lab, &local);
    assert_int_equal(listener_local(lab.listener).scope_id, scope);
    lab.options.local = endpoint_of("fe80::2", 0); /* its link is the remote's */
    lab_connect(&lab);
    struct endpoint seen = stream_remote(lab.acceptor.stream);
    assert_true(addr_equal(&seen.addr, &lab.options.local.addr));
    assert_int_equal(seen.scope_id, scope);
    assert_int_equal(stream_remote(lab.dialer.stream).scope_id, scope);
    lab_close(&lab);
}

static void test_md5_and_ttl_security_over_ipv6(void **state)
{
    if (!*(bool *)*state)
        skip();
    struct endpoint local = endpoint_of("2001:db8::1", 0);
    struct lab lab;
    lab_open(&lab, &local);
    memcpy(lab.options.md5_key, "secret", 6);
    lab.options.md5_key_length = 6;
    lab.options.ttl = 255;
    lab.options.ttl_min = 255;
    lab.options.local = endpoint_of("2001:db8::2", 0);
    struct addr network = endpoint_of("2001:db8::", 0).addr;
    struct err err = {0};
    int status = lab.tcp->ops->listener_set_key(lab.listener, &network, 64, &lab.options, &err);
    if (status == E_UNSUPPORTED) {
        lab_close(&lab);
        print_message("%s\n", err.text);
        skip();
    }
    assert_int_equal(status, E_OK);
    lab_connect(&lab);
    assert_int_equal(lab.tcp->ops->apply(lab.acceptor.stream, &lab.options, NULL), E_OK);
    stream_want(lab.dialer.stream, LOOP_READ);
    assert_int_equal(stream_write(lab.acceptor.stream, "x", 1), 1);
    assert_true(turn_until_count(lab.loop, &lab.dialer.length, 1));
    lab_close(&lab);
}

static void test_companions_of_an_address(void **state)
{
    if (!*(bool *)*state)
        skip();
    struct addr local = endpoint_of("2001:db8::2", 0).addr;
    struct interface_addresses companions;
    interface_addresses_of(&local, &companions);
    assert_int_equal(addr_ipv4_value(&companions.ipv4), INADDR_LOOPBACK);
    assert_int_equal(companions.ipv6.kind, ADDR_IPV6);
    assert_false(addr_is_loopback(&companions.ipv6) || addr_is_link_local(&companions.ipv6));
    assert_true(addr_is_link_local(&companions.link_local));
    struct addr foreign = endpoint_of("2001:db8::77", 0).addr;
    interface_addresses_of(&foreign, &companions);
    assert_int_equal(companions.ipv4.kind, ADDR_NONE);
    assert_int_equal(companions.ipv6.kind, ADDR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link_local_addresses_keep_their_scope),
        cmocka_unit_test(test_md5_and_ttl_security_over_ipv6),
        cmocka_unit_test(test_companions_of_an_address),
    };
    return cmocka_run_group_tests(tests, make_namespace, free_state);
}
