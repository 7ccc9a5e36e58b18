/* See peer.h. The time a prefix costs here is the generator's ceiling, so an UPDATE is gone through once: attributes
 * for the mark, then the prefixes.
 */
#include "bench/peer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/check.h"

enum {
    HEADER_BYTES = 19,
    MESSAGE_OPEN = 1,
    MESSAGE_UPDATE = 2,
    MESSAGE_NOTIFICATION = 3,
    MESSAGE_KEEPALIVE = 4,
};

static const uint32_t first_as[] = {
    [PEER_SENDER] = BENCH_SENDER_AS, [PEER_RECEIVER] = BENCH_RECEIVER_AS, [PEER_CLIENT] = BENCH_CLIENT_AS};

/* 198.18.16.x, 198.18.32.x, 198.18.64.x; fd18::1:x, 2:x, 3:x. */
static const uint32_t first_address[] = {
    [PEER_SENDER] = 0xC6121001, [PEER_RECEIVER] = 0xC6122001, [PEER_CLIENT] = 0xC6124001};

void peer_init(struct peer *peer, struct bench *bench, enum peer_role role, uint32_t number)
{
    *peer = (struct peer){.bench = bench, .role = role, .fd = -1};
    peer->voice = (struct voice){.number = number, .internal = bench->internal};
    peer->voice.as = bench->internal ? BENCH_TARGET_AS : first_as[role] + number;
    if (bench->ipv6) {
        uint8_t *octets = peer->voice.next_hop;
        octets[0] = 0xFD;
        octets[1] = 0x18;
        octets[13] = (uint8_t)(role + 1);
        octets[14] = (uint8_t)((number + 1) >> 8);
        octets[15] = (uint8_t)(number + 1);
        struct sockaddr_in6 *local = (struct sockaddr_in6 *)&peer->local;
        local->sin6_family = AF_INET6;
        memcpy(&local->sin6_addr, octets, 16);
    } else {
        uint32_t address = htonl(first_address[role] + number);
        memcpy(peer->voice.next_hop, &address, 4);
        struct sockaddr_in *local = (struct sockaddr_in *)&peer->local;
        local->sin_family = AF_INET;
        local->sin_addr.s_addr = address;
    }
}

void peer_watch(struct peer *peer, enum peer_marks marks)
{
    const struct table *table = &peer->bench->table;
    peer->have = calloc(table->count / 64 + 1, sizeof(*peer->have));
    peer->wanted_count = table->count;
    peer->mark_kind = marks;
    if (marks != MARKS_NONE)
        peer->marks = calloc(table->count, sizeof(*peer->marks));
    CHECK(peer->have != NULL && (marks == MARKS_NONE || peer->marks != NULL));
}

void peer_want(struct peer *peer, uint64_t *wanted)
{
    const struct table *table = &peer->bench->table;
    peer->wanted = wanted;
    peer->have_count = peer->surplus_count = peer->wanted_count = 0;
    for (uint32_t i = 0; i < table->count / 64 + 1; i++) {
        peer->wanted_count += (uint32_t)__builtin_popcountll(wanted[i]);
        peer->have_count += (uint32_t)__builtin_popcountll(wanted[i] & peer->have[i]);
        peer->surplus_count += (uint32_t)__builtin_popcountll(~wanted[i] & peer->have[i]);
    }
}

/* Output ----------------------------------------------------------------------------------------------------------- */

static bool send_all(struct peer *peer, const void *bytes, size_t length)
{
    return send(peer->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

/* Capabilities: multiprotocol, four-octet AS numbers, route refresh. */
bool peer_send_open(struct peer *peer)
{
    uint8_t open[45];
    uint32_t as = peer->voice.as, hold_time_s = peer->bench->hold_time_s;
    uint32_t identifier = htonl(first_address[peer->role] + peer->voice.number);
    memset(open, 0xFF, 16);
    const uint8_t rest[] = {0,
                            sizeof(open),
                            MESSAGE_OPEN,
                            4,
                            (uint8_t)(as >> 8),
                            (uint8_t)as,
                            (uint8_t)(hold_time_s >> 8),
                            (uint8_t)hold_time_s,
                            0,
                            0,
                            0,
                            0,
                            16,
                            2,
                            14,
                            1,
                            4,
                            0,
                            peer->bench->ipv6 ? 2 : 1,
                            0,
                            1,
                            65,
                            4,
                            0,
                            0,
                            (uint8_t)(as >> 8),
                            (uint8_t)as,
                            2,
                            0};
    memcpy(open + 16, rest, sizeof(rest));
    memcpy(open + 24, &identifier, 4);
    return send_all(peer, open, sizeof(open));
}

bool peer_send_keepalive(struct peer *peer)
{
    uint8_t keepalive[HEADER_BYTES];
    memset(keepalive, 0xFF, 16);
    memcpy(keepalive + 16, (uint8_t[]){0, HEADER_BYTES, MESSAGE_KEEPALIVE}, 3);
    peer->keepalive_ns = peer->bench->now_ns;
    return send_all(peer, keepalive, sizeof(keepalive));
}

/* UPDATEs ---------------------------------------------------------------------------------------------------------- */

/* What the attributes of one UPDATE say to us. */
struct gist {
    uint32_t speaker; /* number of the sender or client whose AS number is in the path, + 1 */
    uint32_t tick;
    const uint8_t *announced, *withdrawn; /* in MP_REACH_NLRI and MP_UNREACH_NLRI */
    size_t announced_length, withdrawn_length;
};

static uint32_t get_u16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get_u32(const uint8_t *at)
{
    return get_u16(at) << 16 | get_u16(at + 2);
}

static void take_path(const struct peer *peer, const uint8_t *at, size_t length, struct gist *gist)
{
    for (size_t i = 2; i + 4 <= length && i <= 6; i += 4) {
        uint32_t as = get_u32(at + i);
        if (as - BENCH_SENDER_AS < BENCH_RECEIVER_AS - BENCH_SENDER_AS)
            gist->speaker = as - BENCH_SENDER_AS + 1;
        else if (peer->role == PEER_CLIENT && as - BENCH_CLIENT_AS < BENCH_RECEIVER_AS)
            gist->speaker = as - BENCH_CLIENT_AS + 1;
    }
}

static void take_communities(const uint8_t *at, size_t length, struct gist *gist)
{
    for (; length >= 4; at += 4, length -= 4)
        if (get_u16(at) == BENCH_TICK_MARK)
            gist->tick = get_u16(at + 2);
}

static bool take_attribute(const struct peer *peer, uint8_t type, const uint8_t *at, size_t length, struct gist *gist)
{
    switch (type) {
    case 2:
        take_path(peer, at, length, gist);
        return true;
    case 8:
        take_communities(at, length, gist);
        return true;
    case 14:
        if (length < 5 || length < 5u + at[3])
            return false;
        gist->announced = at + 5 + at[3];
        gist->announced_length = length - 5 - at[3];
        return true;
    case 15:
        if (length < 3)
            return false;
        gist->withdrawn = at + 3;
        gist->withdrawn_length = length - 3;
        return true;
    default:
        return true;
    }
}

static bool take_attributes(const struct peer *peer, const uint8_t *at, const uint8_t *end, struct gist *gist)
{
    while (end - at >= 3) {
        bool extended = at[0] & 0x10;
        size_t length = extended ? get_u16(at + 2) : at[2];
        uint8_t type = at[1];
        at += extended ? 4 : 3;
        if ((size_t)(end - at) < length || !take_attribute(peer, type, at, length, gist))
            return false;
        at += length;
    }
    return at == end;
}

static void note(struct peer *peer, uint32_t prefix, bool there, uint32_t mark)
{
    uint64_t bit = 1ull << (prefix & 63);
    uint64_t *have = &peer->have[prefix >> 6];
    int change = (int)there - (int)((*have & bit) != 0);
    bool wanted = peer->wanted == NULL || peer->wanted[prefix >> 6] & bit;
    *have = there ? *have | bit : *have & ~bit;
    if (wanted)
        peer->have_count += (uint32_t)change;
    else
        peer->surplus_count += (uint32_t)change;
    if (peer->marks != NULL && there) {
        peer->fresh += peer->marks[prefix] != mark;
        peer->marks[prefix] = mark;
    } else if (peer->marks != NULL) {
        peer->marks[prefix] = 0;
    }
}

/* The number of prefixes, or -1. Those of a set have consecutive numbers and mostly come together, so that only the
 * first of a message has to be looked up. */
static int64_t take_prefixes(struct peer *peer, const uint8_t *at, size_t length, bool there, uint32_t mark)
{
    const struct table *table = &peer->bench->table;
    const uint8_t *end = at + length;
    uint32_t prefix = UINT32_MAX - 1;
    int64_t count = 0;
    for (; at < end; count++) {
        uint8_t bits = *at++;
        unsigned octets = (bits + 7u) / 8;
        uint64_t high = 0;
        if (bits > TABLE_LENGTH_MAX || (size_t)(end - at) < octets)
            return -1;
        for (unsigned i = 0; i < octets; i++)
            high |= (uint64_t)*at++ << (56 - 8 * i);
        if (peer->have == NULL)
            continue;
        prefix++;
        if (prefix >= table->count || table->prefixes[prefix].high != high || table->prefixes[prefix].length != bits)
            prefix = table_find(table, table_key(high, bits));
        if (prefix == UINT32_MAX)
            return -1;
        note(peer, prefix, there, mark);
    }
    return count;
}

static void note_delay(struct peer *peer, uint32_t tick, uint64_t prefixes)
{
    struct bench *bench = peer->bench;
    spans_add(&bench->times.delays,
              &(struct span){.begin_ns = bench->tick_ns[tick], .end_ns = bench->now_ns, .weight = prefixes});
}

/* Gaps ------------------------------------------------------------------------------------------------------------- */

/* Nothing came since `*seen_ns`, and nothing had to for `allowed_ns`. */
static void note_gap(const struct peer *peer, uint64_t *seen_ns, uint64_t allowed_ns, struct spans *gaps)
{
    uint64_t now = peer->bench->now_ns, due = *seen_ns + allowed_ns;
    if (!peer->bench->times.gaps_measured || peer->role == PEER_SENDER || peer->deaf)
        return;
    if (*seen_ns != 0 && now > due)
        spans_add(gaps, &(struct span){.begin_ns = due, .end_ns = now, .weight = 1});
    *seen_ns = now;
}

static void note_update_gap(struct peer *peer)
{
    note_gap(peer, &peer->update_seen_ns, 0, &peer->bench->times.silences);
}

static void note_keepalive_gap(struct peer *peer)
{
    uint64_t interval_ns = peer->bench->hold_time_s / 3 * 1000000000ull;
    note_gap(peer, &peer->keepalive_seen_ns, interval_ns, &peer->bench->times.keepalives);
}

void peer_measure_gaps(struct peer *peer, bool on)
{
    if (on) {
        peer->update_seen_ns = peer->keepalive_seen_ns = 0;
    } else {
        note_update_gap(peer);
        note_keepalive_gap(peer);
    }
}

static bool take_update(struct peer *peer, const uint8_t *at, const uint8_t *end)
{
    struct gist gist = {0};
    if (end - at < 4)
        return false;
    size_t withdrawn_length = get_u16(at);
    const uint8_t *withdrawn = at + 2;
    if ((size_t)(end - withdrawn) < withdrawn_length + 2)
        return false;
    at = withdrawn + withdrawn_length;
    size_t attributes_length = get_u16(at);
    at += 2;
    if ((size_t)(end - at) < attributes_length || !take_attributes(peer, at, at + attributes_length, &gist))
        return false;
    at += attributes_length;
    uint32_t mark = peer->mark_kind == MARKS_TICK ? gist.tick : gist.speaker;
    int64_t gone = take_prefixes(peer, withdrawn, withdrawn_length, false, 0);
    int64_t gone_too = take_prefixes(peer, gist.withdrawn, gist.withdrawn_length, false, 0);
    peer->fresh = 0;
    int64_t come = take_prefixes(peer, at, (size_t)(end - at), true, mark);
    int64_t come_too = take_prefixes(peer, gist.announced, gist.announced_length, true, mark);
    if (gone < 0 || gone_too < 0 || come < 0 || come_too < 0)
        return false;
    uint64_t announced = (uint64_t)(come + come_too);
    peer->counts.updates++;
    note_update_gap(peer);
    peer->counts.withdrawn += (uint64_t)(gone + gone_too);
    peer->counts.announced += announced;
    if (gist.speaker == peer->voice.number + 1 && peer->role != PEER_RECEIVER)
        peer->counts.own += announced;
    /* A change told again, after a policy changed, is no news: who keeps marks can tell. */
    uint64_t news = peer->marks != NULL ? peer->fresh : announced;
    if (gist.tick && !peer->is_late && news > 0)
        note_delay(peer, gist.tick, news);
    if (peer->have != NULL)
        peer->bench->last_news_ns = peer->bench->now_ns;
    return true;
}

/* --------------------------------------------------------------------------------------------------------------------
 */

static bool take_message(struct peer *peer, const uint8_t *message, size_t length)
{
    switch (message[18]) {
    case MESSAGE_OPEN:
        return peer_send_keepalive(peer);
    case MESSAGE_KEEPALIVE:
        peer->state = PEER_UP;
        note_keepalive_gap(peer);
        return true;
    case MESSAGE_UPDATE:
        return take_update(peer, message + HEADER_BYTES, message + length);
    case MESSAGE_NOTIFICATION:
        if (length >= HEADER_BYTES + 2)
            memcpy(peer->reason, message + HEADER_BYTES, 2);
        return false;
    default:
        return true;
    }
}

ssize_t peer_digest(struct peer *peer, const uint8_t *bytes, size_t length)
{
    size_t done = 0;
    peer->counts.bytes += length;
    while (length - done >= HEADER_BYTES) {
        size_t message = get_u16(bytes + done + 16);
        if (message < HEADER_BYTES)
            return -1;
        if (length - done < message)
            break;
        if (!take_message(peer, bytes + done, message))
            return -1;
        done += message;
    }
    return (ssize_t)done;
}
