/* See vrp_table.h.
 *
 * Records of a prefix are chained, the first one is found by a hash of the prefix; a look-up probes the lengths there
 * are up to its own. Most of these probes would find nothing, and each costs a cache miss: `under` has for the first 16
 * bits of an IPv4 address (the first 32 of an IPv6 one, hashed) which lengths from there on may be found. It is made
 * larger only: a bit too many costs a probe.
 *
 * A record has two bits for each source: `now`, it has the VRP, and `mark`, which its open change
 * uses: of a whole set, it will have the VRP; of differences, it will be the other way round.
 *
 * So a commit has nothing to copy. From then on look-ups of records that are not settled yet read `mark` instead of
 * `now` (or both, of differences), and settling, in slices, makes `now` say the same and tells what became visible or
 * vanished. Look-ups know what is settled by the record's number, or by its mark being gone.
 */
#include "rpki/vrp_table.h"

#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/octets.h"
#include "rpki/internal.h"

enum {
    PAGE_UNITS = 4096,
    TOUCHED_FIRST = 1024,
    UNDER_COUNT = 1 << 16,
    UNDER_LENGTHS = 32, /* bits of one */
    PROBES_AHEAD = 40,  /* lengths whose slots are asked for before the first is looked at */
};

enum change_state {
    CHANGE_NONE = 0,
    CHANGE_DIFFERENCES,
    CHANGE_WHOLE,
    CHANGE_SETTLING,
};

/* A record of a family, as one number. */
struct touched {
    uint32_t *ids; /* top bit: IPv6 */
    uint32_t count, capacity;
};

enum { TOUCHED_IPV6 = 1u << 31 };

struct vrp_source {
    bool taken;
    uint8_t state; /* enum change_state */
    uint32_t announced;
    struct touched touched; /* by differences */
    struct vrp_counts counts;
};

struct settling {
    uint16_t bit; /* of the source; 0: nothing settles */
    bool whole;
    bool abandoned;
    uint8_t source;
    uint32_t next; /* of what was touched; or which family is walked */
};

struct vrp_table {
    struct vrp_family families[2];
    struct settling settling;
    struct vrp_source sources[VRP_SOURCES_MAX];
};

static void family_init(struct vrp_family *family, enum addr_kind kind)
{
    family->kind = kind;
    family->key_bytes = kind == ADDR_IPV4 ? 4 : 16;
    family->record_bytes = (uint32_t)offsetof(struct vrp_record, key) + family->key_bytes;
    family->record_bytes = (family->record_bytes + 3) & ~3u;
    slab_init(&family->records, &(struct slab_layout){
                                    .kind = MEM_RPKI,
                                    .unit_bytes = family->record_bytes,
                                    .page_units = PAGE_UNITS,
                                    .max_pages = VRP_RECORDS_MAX / PAGE_UNITS,
                                    .class_units = (const uint16_t[]){1},
                                    .class_count = 1,
                                });
    id_table_init(&family->ids, MEM_RPKI);
}

struct vrp_table *vrp_table_new(void)
{
    struct vrp_table *table = mem_zalloc(MEM_RPKI, sizeof(*table));
    family_init(&table->families[0], ADDR_IPV4);
    family_init(&table->families[1], ADDR_IPV6);
    return table;
}

void vrp_table_free(struct vrp_table *table)
{
    if (table == NULL)
        return;
    for (unsigned i = 0; i < 2; i++) {
        mem_free(MEM_RPKI, table->families[i].under);
        id_table_release(&table->families[i].ids);
        slab_release(&table->families[i].records);
    }
    for (unsigned i = 0; i < VRP_SOURCES_MAX; i++)
        mem_free(MEM_RPKI, table->sources[i].touched.ids);
    mem_free(MEM_RPKI, table);
}

/* Records ---------------------------------------------------------------------------------------------------------- */

struct vrp_record *vrp_record_at(const struct vrp_family *family, uint32_t id)
{
    return slab_at(&family->records, id);
}

uint32_t vrp_record_next(const struct vrp_family *family, uint32_t id)
{
    while ((id = slab_walk(&family->records, id + 1)) != 0) {
        const struct vrp_record *record = vrp_record_at(family, id);
        if (record->length != RECORD_FREED && (record->now | record->mark) != 0)
            return id;
    }
    return 0;
}

const struct vrp_family *vrp_family_of(const struct vrp_table *table, enum addr_kind kind)
{
    return &table->families[kind == ADDR_IPV6];
}

static struct vrp_family *family_of(struct vrp_table *table, enum addr_kind kind)
{
    return &table->families[kind == ADDR_IPV6];
}

uint32_t vrp_record_sources(const struct vrp_table *table, const struct vrp_family *family, uint32_t id)
{
    const struct vrp_record *record = vrp_record_at(family, id);
    const struct settling *settling = &table->settling;
    if (likely(settling->bit == 0) || settling->abandoned)
        return record->now;
    if (!settling->whole)
        return record->now ^ (record->mark & settling->bit);
    if (id <= family->settled)
        return record->now;
    return (record->now & ~(uint32_t)settling->bit) | (record->mark & settling->bit);
}

void vrp_record_show(const struct vrp_family *family, const struct vrp_record *record, struct vrp *vrp)
{
    *vrp = (struct vrp){.prefix = {.addr = {.kind = family->kind}, .length = record->length},
                        .max_length = record->max_length,
                        .asn = record->asn};
    memcpy(vrp->prefix.addr.bytes, record->key, family->key_bytes);
}

static uint32_t hash_of(const uint8_t key[16], uint8_t length)
{
    uint8_t bytes[17];
    memcpy(bytes, key, 16);
    bytes[16] = length;
    return (uint32_t)(hash_bytes(bytes, sizeof(bytes)) >> 32);
}

/* The first record of a prefix. */
static uint32_t find_first(const struct vrp_family *family, uint32_t hash, const uint8_t key[16], uint8_t length)
{
    struct id_probe probe;
    uint32_t id = id_probe_first(&family->ids, hash, &probe);
    for (; id != 0; id = id_probe_next(&probe)) {
        const struct vrp_record *record = vrp_record_at(family, id);
        if (record->length == length && memcmp(record->key, key, family->key_bytes) == 0)
            return id;
    }
    return 0;
}

/* The first length `under` knows about. */
static unsigned under_first(const struct vrp_family *family)
{
    return family->kind == ADDR_IPV4 ? 16 : 32;
}

static uint32_t *under_of(const struct vrp_family *family, const uint8_t *key)
{
    uint32_t first = load_u32(key);
    return &family->under[family->kind == ADDR_IPV4 ? first >> 16 : (first * 0x9E3779B1u) >> 16];
}

static void note_under(struct vrp_family *family, const uint8_t *key, unsigned length)
{
    unsigned first = under_first(family);
    if (length < first || length - first >= UNDER_LENGTHS)
        return;
    if (family->under == NULL)
        family->under = mem_zalloc(MEM_RPKI, UNDER_COUNT * sizeof(*family->under));
    *under_of(family, key) |= 1u << (length - first);
}

static void count_length(struct vrp_family *family, uint8_t length, int change)
{
    uint64_t bit = 1ull << (length & 63);
    family->length_counts[length] += (uint32_t)change;
    if (family->length_counts[length] > 0)
        family->lengths[length >> 6] |= bit;
    else
        family->lengths[length >> 6] &= ~bit;
}

static int record_order(const struct vrp_record *record, const struct vrp *vrp)
{
    if (record->max_length != vrp->max_length)
        return record->max_length < vrp->max_length ? -1 : 1;
    return record->asn < vrp->asn ? -1 : record->asn > vrp->asn;
}

/* The record of a VRP, made if `make`; 0: there is none, or no room. */
static uint32_t find_record(struct vrp_family *family, const struct vrp *vrp, bool make)
{
    const uint8_t *key = vrp->prefix.addr.bytes;
    uint32_t hash = hash_of(key, vrp->prefix.length);
    uint32_t first = find_first(family, hash, key, vrp->prefix.length);
    uint32_t before = 0, at = first, length = 0;
    int order = 1;
    for (; at != 0; at = vrp_record_at(family, at)->next) {
        order = record_order(vrp_record_at(family, at), vrp);
        if (order >= 0)
            break;
        before = at;
        length++;
    }
    if (at != 0 && order == 0)
        return at;
    for (uint32_t rest = at; rest != 0; rest = vrp_record_at(family, rest)->next)
        length++;
    uint32_t id = make && length < VRP_PER_PREFIX_MAX ? slab_alloc(&family->records, 0) : 0;
    if (id == 0)
        return 0;
    struct vrp_record *record = vrp_record_at(family, id);
    memset(record, 0, family->record_bytes);
    *record =
        (struct vrp_record){.next = at, .asn = vrp->asn, .length = vrp->prefix.length, .max_length = vrp->max_length};
    memcpy(record->key, key, family->key_bytes);
    if (before != 0) {
        vrp_record_at(family, before)->next = id;
    } else if (!id_table_put(&family->ids, hash, id)) {
        record->length = RECORD_FREED;
        slab_free(&family->records, id, 0);
        return 0;
    } else if (first != 0) {
        id_table_remove(&family->ids, hash, first);
    }
    if (first == 0) {
        count_length(family, vrp->prefix.length, 1);
        note_under(family, key, vrp->prefix.length);
    }
    family->count++;
    return id;
}

/* If nobody has it and no change is about it. */
static void drop_unused(struct vrp_family *family, uint32_t id)
{
    struct vrp_record *record = vrp_record_at(family, id);
    uint8_t key[16] = {0};
    if ((record->now | record->mark) != 0)
        return;
    memcpy(key, record->key, family->key_bytes);
    uint32_t hash = hash_of(key, record->length);
    uint32_t first = find_first(family, hash, key, record->length);
    if (first == id) {
        /* There is room for four times as many ids as there can be records. */
        CHECK(record->next == 0 || id_table_put(&family->ids, hash, record->next));
        id_table_remove(&family->ids, hash, id);
        if (record->next == 0)
            count_length(family, record->length, -1);
    } else {
        struct vrp_record *before = vrp_record_at(family, first);
        while (before->next != id)
            before = vrp_record_at(family, before->next);
        before->next = record->next;
    }
    family->count--;
    record->length = RECORD_FREED;
    slab_free(&family->records, id, 0);
}

/* Sources ---------------------------------------------------------------------------------------------------------- */

int vrp_source_take(struct vrp_table *table)
{
    for (unsigned i = 0; i < VRP_SOURCES_MAX; i++) {
        if (table->sources[i].taken)
            continue;
        table->sources[i] = (struct vrp_source){.taken = true};
        return (int)i;
    }
    return E_LIMIT;
}

void vrp_source_give(struct vrp_table *table, unsigned source)
{
    struct vrp_source *from = &table->sources[source];
    CHECK(from->taken && from->state == CHANGE_NONE && vrp_source_is_empty(table, source));
    mem_free(MEM_RPKI, from->touched.ids);
    *from = (struct vrp_source){0};
}

struct vrp_counts vrp_source_counts(const struct vrp_table *table, unsigned source)
{
    return table->sources[source].counts;
}

bool vrp_source_is_empty(const struct vrp_table *table, unsigned source)
{
    const struct vrp_counts *counts = &table->sources[source].counts;
    return counts->records[0] == 0 && counts->records[1] == 0;
}

/* Changes ---------------------------------------------------------------------------------------------------------- */

void vrp_change_begin(struct vrp_table *table, unsigned source, bool whole)
{
    struct vrp_source *from = &table->sources[source];
    CHECK(from->taken && from->state == CHANGE_NONE);
    from->state = whole ? CHANGE_WHOLE : CHANGE_DIFFERENCES;
    from->announced = 0;
    from->touched.count = 0;
}

bool vrp_change_is_open(const struct vrp_table *table, unsigned source)
{
    uint8_t state = table->sources[source].state;
    return state == CHANGE_WHOLE || state == CHANGE_DIFFERENCES;
}

static int check_vrp(const struct vrp *vrp)
{
    struct prefix masked = prefix_make(&vrp->prefix.addr, vrp->prefix.length);
    unsigned bits = addr_bits(&vrp->prefix.addr);
    if (bits == 0 || vrp->prefix.length > bits || vrp->max_length > bits || vrp->max_length < vrp->prefix.length)
        return E_INVALID;
    return prefix_equal(&masked, &vrp->prefix) ? 0 : E_INVALID;
}

static bool touch(struct vrp_source *source, uint32_t id)
{
    struct touched *touched = &source->touched;
    if (touched->count >= VRP_SOURCE_RECORDS_MAX)
        return false;
    if (touched->count == touched->capacity) {
        touched->capacity = touched->capacity > 0 ? touched->capacity * 2 : TOUCHED_FIRST;
        touched->ids = mem_realloc(MEM_RPKI, touched->ids, touched->capacity * sizeof(*touched->ids));
    }
    touched->ids[touched->count++] = id;
    return true;
}

/* Does the source have it once this change is in force? */
static bool will_have(const struct vrp_source *source, const struct vrp_record *record, uint16_t bit)
{
    return ((source->state == CHANGE_WHOLE ? record->mark : record->now ^ record->mark) & bit) != 0;
}

static int change(struct vrp_table *table, unsigned source, const struct vrp *vrp, bool announce)
{
    struct vrp_source *from = &table->sources[source];
    struct vrp_family *family = family_of(table, vrp->prefix.addr.kind);
    uint16_t bit = (uint16_t)(1u << source);
    CHECK(vrp_change_is_open(table, source));
    int result = check_vrp(vrp);
    if (result < 0)
        return result;
    uint32_t id = find_record(family, vrp, announce);
    if (id == 0)
        return announce ? E_LIMIT : E_NOT_FOUND;
    struct vrp_record *record = vrp_record_at(family, id);
    if (will_have(from, record, bit) == announce)
        return announce ? E_EXISTS : E_NOT_FOUND;
    uint32_t had = from->state == CHANGE_WHOLE ? 0 : from->counts.records[0] + from->counts.records[1];
    if (announce && had + from->announced >= VRP_SOURCE_RECORDS_MAX)
        result = E_LIMIT;
    else if (from->state == CHANGE_DIFFERENCES &&
             !touch(from, id | (vrp->prefix.addr.kind == ADDR_IPV6 ? TOUCHED_IPV6 : 0)))
        result = E_LIMIT;
    if (result == 0) {
        record->mark ^= bit;
        from->announced += announce ? 1 : 0;
    }
    drop_unused(family, id);
    return result;
}

int vrp_change_announce(struct vrp_table *table, unsigned source, const struct vrp *vrp)
{
    return change(table, source, vrp, true);
}

int vrp_change_withdraw(struct vrp_table *table, unsigned source, const struct vrp *vrp)
{
    return change(table, source, vrp, false);
}

static void settle_begin(struct vrp_table *table, unsigned source, bool abandoned)
{
    struct vrp_source *from = &table->sources[source];
    CHECK(vrp_change_is_open(table, source) && table->settling.bit == 0);
    table->settling = (struct settling){.bit = (uint16_t)(1u << source),
                                        .whole = from->state == CHANGE_WHOLE,
                                        .abandoned = abandoned,
                                        .source = (uint8_t)source};
    table->families[0].settled = table->families[1].settled = 0;
    from->state = CHANGE_SETTLING;
}

void vrp_change_commit(struct vrp_table *table, unsigned source)
{
    settle_begin(table, source, false);
}

void vrp_change_abandon(struct vrp_table *table, unsigned source)
{
    settle_begin(table, source, true);
}

/* Settling --------------------------------------------------------------------------------------------------------- */

bool vrp_table_is_settling(const struct vrp_table *table)
{
    return table->settling.bit != 0;
}

/* Does the source have another VRP of the same prefix? */
static bool has_sibling(const struct vrp_family *family, uint32_t id, uint16_t bit)
{
    const struct vrp_record *record = vrp_record_at(family, id);
    uint8_t key[16] = {0};
    memcpy(key, record->key, family->key_bytes);
    uint32_t at = find_first(family, hash_of(key, record->length), key, record->length);
    for (; at != 0; at = vrp_record_at(family, at)->next)
        if (at != id && (vrp_record_at(family, at)->now & bit) != 0)
            return true;
    return false;
}

static void settle_record(struct vrp_table *table, struct vrp_family *family, uint32_t id,
                          void (*changed)(void *context, const struct prefix *prefix), void *context)
{
    const struct settling *settling = &table->settling;
    struct vrp_counts *counts = &table->sources[settling->source].counts;
    struct vrp_record *record = vrp_record_at(family, id);
    unsigned which = family->kind == ADDR_IPV6;
    bool had = (record->now & settling->bit) != 0, marked = (record->mark & settling->bit) != 0;
    bool has = settling->abandoned ? had : settling->whole ? marked : had != marked;
    record->mark &= (uint16_t)~settling->bit;
    if (has != had) {
        int step = has ? 1 : -1;
        record->now ^= settling->bit;
        counts->records[which] += (uint32_t)step;
        counts->prefixes[which] += has_sibling(family, id, settling->bit) ? 0 : (uint32_t)step;
        if ((record->now & ~settling->bit) == 0) {
            struct vrp vrp;
            vrp_record_show(family, record, &vrp);
            changed(context, &vrp.prefix);
        }
    }
    drop_unused(family, id);
}

bool vrp_table_settle(struct vrp_table *table, uint32_t records,
                      void (*changed)(void *context, const struct prefix *prefix), void *context)
{
    struct settling *settling = &table->settling;
    if (settling->bit == 0)
        return false;
    struct vrp_source *source = &table->sources[settling->source];
    for (uint32_t i = 0; i < records; i++) {
        if (!settling->whole && settling->next < source->touched.count) {
            uint32_t touched = source->touched.ids[settling->next++];
            struct vrp_family *family = &table->families[touched >> 31];
            uint32_t id = touched & ~(uint32_t)TOUCHED_IPV6;
            /* One that was announced and taken back is gone; its number may be another's now. */
            if ((vrp_record_at(family, id)->mark & settling->bit) != 0)
                settle_record(table, family, id, changed, context);
            continue;
        }
        if (settling->whole && settling->next < 2) {
            struct vrp_family *family = &table->families[settling->next];
            uint32_t id = vrp_record_next(family, family->settled);
            family->settled = id != 0 ? id : UINT32_MAX;
            if (id != 0)
                settle_record(table, family, id, changed, context);
            else
                settling->next++;
            continue;
        }
        mem_free(MEM_RPKI, source->touched.ids);
        source->touched = (struct touched){0};
        source->state = CHANGE_NONE;
        *settling = (struct settling){0};
        return false;
    }
    return true;
}

/* Look-ups --------------------------------------------------------------------------------------------------------- */

/* The lengths there are up to the prefix's own, each with the first record of that prefix; at most 129. */
struct covering {
    uint32_t count;
    uint8_t lengths[129];
    uint32_t hashes[129];
};

static void covering_begin(const struct vrp_family *family, const struct prefix *prefix, struct covering *covering)
{
    unsigned first = under_first(family);
    uint32_t under = family->under != NULL ? *under_of(family, prefix->addr.bytes) : 0;
    covering->count = 0;
    for (unsigned word = 0; word <= prefix->length >> 6u; word++) {
        for (uint64_t left = family->lengths[word]; left != 0; left &= left - 1) {
            unsigned length = word * 64 + (unsigned)__builtin_ctzll(left);
            if (length > prefix->length)
                return;
            if (length >= first && length - first < UNDER_LENGTHS && (under >> (length - first) & 1) == 0)
                continue;
            struct prefix shorter = prefix_make(&prefix->addr, (uint8_t)length);
            uint32_t hash = hash_of(shorter.addr.bytes, (uint8_t)length);
            covering->lengths[covering->count] = (uint8_t)length;
            covering->hashes[covering->count++] = hash;
            if (covering->count < PROBES_AHEAD)
                id_table_prefetch(&family->ids, hash);
        }
    }
}

static uint32_t covering_first(const struct vrp_family *family, const struct prefix *prefix,
                               const struct covering *covering, uint32_t at)
{
    struct prefix shorter = prefix_make(&prefix->addr, covering->lengths[at]);
    return find_first(family, covering->hashes[at], shorter.addr.bytes, covering->lengths[at]);
}

enum validity vrp_validate(const struct vrp_table *table, const struct prefix *prefix, uint32_t origin_as)
{
    const struct vrp_family *family = vrp_family_of(table, prefix->addr.kind);
    enum validity validity = VALIDITY_NOT_FOUND;
    struct covering covering;
    if (family->count == 0)
        return validity;
    covering_begin(family, prefix, &covering);
    for (uint32_t i = 0; i < covering.count; i++) {
        uint32_t id = covering_first(family, prefix, &covering, i);
        for (; id != 0; id = vrp_record_at(family, id)->next) {
            const struct vrp_record *record = vrp_record_at(family, id);
            if (vrp_record_sources(table, family, id) == 0)
                continue;
            validity = VALIDITY_INVALID;
            if (record->asn == origin_as && origin_as != 0 && prefix->length <= record->max_length)
                return VALIDITY_VALID;
        }
    }
    return validity;
}

void vrp_foreach_covering(const struct vrp_table *table, const struct prefix *prefix,
                          void (*found)(void *context, const struct vrp *vrp, uint32_t sources), void *context)
{
    const struct vrp_family *family = vrp_family_of(table, prefix->addr.kind);
    struct covering covering;
    covering_begin(family, prefix, &covering);
    for (uint32_t i = 0; i < covering.count; i++) {
        uint32_t id = covering_first(family, prefix, &covering, i);
        for (; id != 0; id = vrp_record_at(family, id)->next) {
            struct vrp vrp;
            uint32_t sources = vrp_record_sources(table, family, id);
            vrp_record_show(family, vrp_record_at(family, id), &vrp);
            if (sources != 0)
                found(context, &vrp, sources);
        }
    }
}

uint32_t vrp_table_count(const struct vrp_table *table, enum addr_kind kind)
{
    return vrp_family_of(table, kind)->count;
}

uint64_t vrp_table_bytes(const struct vrp_table *table)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < 2; i++)
        bytes += table->families[i].records.touched_bytes + id_table_bytes(&table->families[i].ids) +
                 (table->families[i].under != NULL ? UNDER_COUNT * sizeof(uint32_t) : 0);
    return bytes;
}
