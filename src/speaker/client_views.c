/* See client_views.h. One row, whatever the number of members:
 *
 *   choose     walks the row's paths best first: got = remaining members & those who may have it & not its source.
 *              Mostly the first path serves all but its source, and the second serves that one. The first path that is
 *              not for a chosen few becomes the shared one.
 *   tell       compares what each member concerned had with what it has now. The shared path goes into the log, with
 *              the members that must not read it; the rest gets messages of its own.
 *   remember   exceptions and the shared path as they are now.
 *
 * Members concerned are those with an exception before or now and the two sources; for everybody else nothing is done.
 * Sets of members are bits by source number. Who may have a path is found once per attribute set and batch.
 */
#include "speaker/client_views.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/slab.h"
#include "speaker/client_scope.h"
#include "speaker/outbox.h"
#include "speaker/packer.h"

enum {
    BITS = 64,
    MEMBERS_STEP = 64,
    SCOPES = 256, /* remembered; a power of two */
    CHOICES_MIN = 8,
    EXCEPTION_PAGE_UNITS = 4096,
    EXCEPTION_PAGES_MAX = 64 * 1024,
};

struct exception {
    uint32_t next_of_row;
    uint32_t next_of_member, previous_of_member;
    row_id row;
    attr_id attrs; /* 0: is told nothing */
    source_id source;
    source_id member;
};

/* Who may not have paths with these attributes, besides their source. */
struct scope {
    attr_id attrs;
    bool for_few; /* only those who were named may have it */
};

struct member_as {
    uint32_t as;
    source_id member;
};

/* A path and the members that get it; no attrs: they are told nothing, though there are more paths. Holds references.
 */
struct choice {
    struct told_path path;
    attr_id base; /* what it is made of, before the export policy */
};

struct client_views {
    struct update_group *group;
    uint32_t words; /* of a set of members */
    uint64_t *members;
    uint64_t *joiners;
    struct member_as *by_as; /* in order of AS number */
    uint32_t member_count, member_capacity;
    attr_id *base_attrs;            /* by row: of the shared path, before the export policy; a reference each */
    uint32_t *exceptions_of_row;    /* by row: the first */
    uint32_t *exceptions_of_member; /* by source: likewise */
    int64_t *count_difference;      /* by source: told, against the shared paths that are not its own */
    struct slab slab;
    struct scope scopes[SCOPES];
    uint64_t *scope_refused; /* SCOPES sets */
    /* Scratch for one row. */
    uint64_t *remaining, *wanted, *concerned, *skip;
    uint64_t *got; /* a set per choice */
    struct choice *choices;
    uint32_t choice_count, choice_capacity;
    struct rib_path *candidates;
    struct decision_path *weighed;
    uint32_t candidate_capacity;
};

/* Sets ------------------------------------------------------------------------------------------------------------- */

static bool set_has(const uint64_t *set, source_id member)
{
    return set[member / BITS] >> (member % BITS) & 1;
}

static void set_add(uint64_t *set, source_id member)
{
    set[member / BITS] |= 1ull << (member % BITS);
}

static void set_take(uint64_t *set, source_id member)
{
    set[member / BITS] &= ~(1ull << (member % BITS));
}

static bool set_empty(const uint64_t *set, uint32_t words)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < words; i++)
        any |= set[i];
    return any == 0;
}

/* The first member from `from` on; RIB_SOURCE_NONE: none. */
static source_id set_next(const uint64_t *set, uint32_t words, uint32_t from)
{
    for (uint32_t word = from / BITS; word < words; word++) {
        uint64_t bits = set[word];
        if (word == from / BITS)
            bits &= ~0ull << (from % BITS);
        if (bits != 0)
            return (source_id)(word * BITS + (unsigned)__builtin_ctzll(bits));
    }
    return RIB_SOURCE_NONE;
}

static bool is_member(const struct client_views *views, source_id source)
{
    return source < views->words * BITS && set_has(views->members, source);
}

/* Members ---------------------------------------------------------------------------------------------------------- */

struct client_views *client_views_new(struct update_group *group)
{
    static const uint16_t one_unit[] = {1};
    const struct slab_layout layout = {.kind = MEM_GROUP,
                                       .unit_bytes = sizeof(struct exception),
                                       .page_units = EXCEPTION_PAGE_UNITS,
                                       .max_pages = EXCEPTION_PAGES_MAX,
                                       .class_count = ARRAY_LEN(one_unit),
                                       .class_units = one_unit};
    struct client_views *views = mem_zalloc(MEM_GROUP, sizeof(*views));
    views->group = group;
    views->base_attrs = mem_reserve(sizeof(attr_id) * RIB_ROWS_MAX);
    views->exceptions_of_row = mem_reserve(sizeof(uint32_t) * RIB_ROWS_MAX);
    slab_init(&views->slab, &layout);
    return views;
}

static uint64_t **sets_of(struct client_views *views, unsigned index)
{
    uint64_t **const sets[] = {
        &views->members, &views->joiners, &views->remaining, &views->wanted, &views->concerned, &views->skip, NULL};
    return sets[index];
}

void client_views_free(struct client_views *views)
{
    for (unsigned i = 0; sets_of(views, i) != NULL; i++)
        mem_free(MEM_GROUP, *sets_of(views, i));
    mem_free(MEM_GROUP, views->scope_refused);
    mem_free(MEM_GROUP, views->by_as);
    mem_free(MEM_GROUP, views->exceptions_of_member);
    mem_free(MEM_GROUP, views->count_difference);
    mem_free(MEM_GROUP, views->got);
    mem_free(MEM_GROUP, views->choices);
    mem_free(MEM_GROUP, views->candidates);
    mem_free(MEM_GROUP, views->weighed);
    mem_unreserve(views->base_attrs, sizeof(attr_id) * RIB_ROWS_MAX);
    mem_unreserve(views->exceptions_of_row, sizeof(uint32_t) * RIB_ROWS_MAX);
    slab_release(&views->slab);
    mem_free(MEM_GROUP, views);
}

/* Room for members up to and including this one. */
static void reach_member(struct client_views *views, source_id member)
{
    uint32_t words = member / BITS + 1u;
    if (words <= views->words)
        return;
    for (unsigned i = 0; sets_of(views, i) != NULL; i++) {
        uint64_t **set = sets_of(views, i);
        *set = mem_realloc(MEM_GROUP, *set, words * sizeof(**set));
        memset(*set + views->words, 0, (words - views->words) * sizeof(**set));
    }
    views->scope_refused = mem_realloc(MEM_GROUP, views->scope_refused, words * SCOPES * sizeof(uint64_t));
    views->got = mem_realloc(MEM_GROUP, views->got, (size_t)words * views->choice_capacity * sizeof(uint64_t));
    views->exceptions_of_member =
        mem_realloc(MEM_GROUP, views->exceptions_of_member, words * BITS * sizeof(*views->exceptions_of_member));
    views->count_difference =
        mem_realloc(MEM_GROUP, views->count_difference, words * BITS * sizeof(*views->count_difference));
    for (uint32_t i = views->words * BITS; i < words * BITS; i++) {
        views->exceptions_of_member[i] = 0;
        views->count_difference[i] = 0;
    }
    views->words = words;
}

void client_views_forget_scopes(struct client_views *views)
{
    for (unsigned i = 0; i < SCOPES; i++)
        views->scopes[i].attrs = 0;
}

/* Where members with this AS number begin, or would. */
static uint32_t find_as(const struct client_views *views, uint32_t as)
{
    uint32_t low = 0, high = views->member_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (views->by_as[middle].as < as)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void client_views_join(struct client_views *views, const struct outbox *outbox)
{
    source_id self = outbox->self;
    uint32_t as = rib_source(views->group->rib, self)->as;
    reach_member(views, self);
    client_views_forget_scopes(views);
    set_add(views->members, self);
    if (views->member_count == views->member_capacity) {
        views->member_capacity += MEMBERS_STEP;
        views->by_as = mem_realloc(MEM_GROUP, views->by_as, views->member_capacity * sizeof(*views->by_as));
    }
    uint32_t at = find_as(views, as);
    memmove(views->by_as + at + 1, views->by_as + at, (views->member_count - at) * sizeof(*views->by_as));
    views->by_as[at] = (struct member_as){.as = as, .member = self};
    views->member_count++;
}

/* Exceptions ------------------------------------------------------------------------------------------------------- */

static struct exception *exception_at(const struct client_views *views, uint32_t place)
{
    return slab_at(&views->slab, place);
}

static const struct exception *find_exception(const struct client_views *views, row_id row, source_id member)
{
    for (uint32_t at = views->exceptions_of_row[row]; at != 0; at = exception_at(views, at)->next_of_row)
        if (exception_at(views, at)->member == member)
            return exception_at(views, at);
    return NULL;
}

/* By how much an exception moves its member's count, with the shared path the row has now. */
static int count_weight(const struct client_views *views, const struct exception *exception)
{
    const struct update_group *group = views->group;
    bool shared = group->out_attrs[exception->row] != 0 && group->out_sources[exception->row] != exception->member;
    return (exception->attrs != 0) - shared;
}

static void unlink_from_member(struct client_views *views, const struct exception *exception)
{
    if (exception->previous_of_member != 0)
        exception_at(views, exception->previous_of_member)->next_of_member = exception->next_of_member;
    else
        views->exceptions_of_member[exception->member] = exception->next_of_member;
    if (exception->next_of_member != 0)
        exception_at(views, exception->next_of_member)->previous_of_member = exception->previous_of_member;
}

/* Already out of its row's list. */
static void forget_exception(struct client_views *views, uint32_t place)
{
    struct exception *exception = exception_at(views, place);
    views->count_difference[exception->member] -= count_weight(views, exception);
    unlink_from_member(views, exception);
    if (exception->attrs != 0)
        attr_store_unref(views->group->rib->attrs, exception->attrs, 1);
    slab_free(&views->slab, place, 0);
}

static void forget_exceptions_of(struct client_views *views, row_id row)
{
    for (uint32_t at = views->exceptions_of_row[row], next; at != 0; at = next) {
        next = exception_at(views, at)->next_of_row;
        forget_exception(views, at);
    }
    views->exceptions_of_row[row] = 0;
}

/* `path` NULL: is told nothing. Without room nobody is told wrong things for long: a member without its exception takes
 * the shared path to be its own, as the places of 256 million exceptions are in use. */
static void add_exception(struct client_views *views, row_id row, source_id member, const struct told_path *path)
{
    uint32_t place = slab_alloc(&views->slab, 0);
    if (place == 0)
        return;
    struct exception *exception = exception_at(views, place);
    *exception = (struct exception){.row = row,
                                    .member = member,
                                    .attrs = path != NULL ? path->attrs : 0,
                                    .source = path != NULL ? path->source : 0,
                                    .next_of_row = views->exceptions_of_row[row],
                                    .next_of_member = views->exceptions_of_member[member]};
    if (exception->attrs != 0)
        attr_store_ref(views->group->rib->attrs, exception->attrs, 1);
    if (exception->next_of_member != 0)
        exception_at(views, exception->next_of_member)->previous_of_member = place;
    views->exceptions_of_row[row] = views->exceptions_of_member[member] = place;
    views->count_difference[member] += count_weight(views, exception);
}

static void take_out_of_row(struct client_views *views, uint32_t place)
{
    const struct exception *exception = exception_at(views, place);
    uint32_t *link = &views->exceptions_of_row[exception->row];
    while (*link != place)
        link = &exception_at(views, *link)->next_of_row;
    *link = exception->next_of_row;
}

void client_views_leave(struct client_views *views, const struct outbox *outbox)
{
    source_id self = outbox->self;
    uint32_t at = 0;
    while (views->exceptions_of_member[self] != 0) {
        uint32_t place = views->exceptions_of_member[self];
        take_out_of_row(views, place);
        forget_exception(views, place);
    }
    CHECK(views->count_difference[self] == 0);
    client_views_forget_scopes(views);
    set_take(views->members, self);
    while (views->by_as[at].member != self)
        at++;
    views->member_count--;
    memmove(views->by_as + at, views->by_as + at + 1, (views->member_count - at) * sizeof(*views->by_as));
}

static void set_base(struct client_views *views, row_id row, attr_id base)
{
    struct attr_store *attrs = views->group->rib->attrs;
    if (base != 0)
        attr_store_ref(attrs, base, 1);
    if (views->base_attrs[row] != 0)
        attr_store_unref(attrs, views->base_attrs[row], 1);
    views->base_attrs[row] = base;
}

void client_views_drop_row(struct client_views *views, row_id row)
{
    forget_exceptions_of(views, row);
    set_base(views, row, 0);
}

bool client_views_told(const struct client_views *views, source_id member, row_id row, struct told_path *told)
{
    const struct update_group *group = views->group;
    const struct exception *exception = find_exception(views, row, member);
    if (exception != NULL)
        *told = (struct told_path){.attrs = exception->attrs, .source = exception->source};
    else if (group->out_sources[row] != member)
        *told = (struct told_path){.attrs = group->out_attrs[row], .source = group->out_sources[row]};
    else
        *told = (struct told_path){0};
    return told->attrs != 0;
}

uint64_t client_views_told_count(const struct client_views *views, source_id member)
{
    const struct update_group *group = views->group;
    uint32_t own = member < group->source_capacity ? group->advertised_by_source[member] : 0;
    return group->advertised - own + (uint64_t)views->count_difference[member];
}

bool client_views_row_told(const struct client_views *views, row_id row)
{
    return views->group->out_attrs[row] != 0 || views->exceptions_of_row[row] != 0;
}

/* Scopes ----------------------------------------------------------------------------------------------------------- */

struct scope_reading {
    struct client_views *views;
    uint64_t *refused, *wanted;
};

static void put_members_of(struct client_views *views, uint32_t as, uint64_t *set)
{
    for (uint32_t at = find_as(views, as); at < views->member_count && views->by_as[at].as == as; at++)
        set_add(set, views->by_as[at].member);
}

static void note_refused(void *context, uint32_t as)
{
    struct scope_reading *reading = context;
    put_members_of(reading->views, as, reading->refused);
}

static void note_wanted(void *context, uint32_t as)
{
    struct scope_reading *reading = context;
    put_members_of(reading->views, as, reading->wanted);
}

/* Who may not have it, the source aside: a set of members. */
static const uint64_t *refused_by(struct client_views *views, attr_id attrs, const struct scope **found)
{
    static const struct client_scope_ops ops = {.refused = note_refused, .wanted = note_wanted};
    const struct rib *rib = views->group->rib;
    uint32_t words = views->words, slot = attrs % SCOPES;
    struct scope *scope = &views->scopes[slot];
    uint64_t *refused = views->scope_refused + (size_t)slot * words;
    *found = scope;
    if (scope->attrs == attrs)
        return refused;
    const struct attr_set *set = attr_get(rib->view, attrs);
    struct scope_reading reading = {.views = views, .refused = refused, .wanted = views->wanted};
    memset(refused, 0, words * sizeof(*refused));
    memset(views->wanted, 0, words * sizeof(*views->wanted));
    scope->attrs = attrs;
    scope->for_few =
        client_scope_read(views->group->rules.server_as, attr_bytes(rib->view, set), set->wire_length, &ops, &reading);
    for (uint32_t i = 0; i < words && scope->for_few; i++)
        refused[i] |= views->members[i] & ~views->wanted[i];
    return refused;
}

/* Choosing --------------------------------------------------------------------------------------------------------- */

static uint32_t gather(struct client_views *views, row_id row)
{
    struct rib *rib = views->group->rib;
    uint32_t count = 0, all = rib_row_path_count(rib, row);
    if (all > views->candidate_capacity) {
        views->candidate_capacity = all < CHOICES_MIN ? CHOICES_MIN : 2 * all;
        views->candidates =
            mem_realloc(MEM_GROUP, views->candidates, views->candidate_capacity * sizeof(*views->candidates));
        views->weighed = mem_realloc(MEM_GROUP, views->weighed, views->candidate_capacity * sizeof(*views->weighed));
    }
    for (uint32_t i = 0; i < all && !rib->options.no_best; i++) {
        rib_row_path(rib, row, i, &views->candidates[count]);
        if (!rib_path_eligible(&views->candidates[count]))
            continue;
        rib_decision_path(rib, &views->candidates[count], i, &views->weighed[count]);
        count++;
    }
    return count;
}

/* The best of the first `count` candidates, put behind them. */
static const struct rib_path *take_best(struct client_views *views, uint32_t count)
{
    size_t best = count > 1 ? decision_select(&views->group->rib->options.decision, views->weighed, count) : 0;
    struct rib_path path = views->candidates[best];
    views->candidates[best] = views->candidates[count - 1];
    views->weighed[best] = views->weighed[count - 1];
    views->candidates[count - 1] = path;
    return &views->candidates[count - 1];
}

static uint64_t *got_by(const struct client_views *views, uint32_t choice)
{
    return views->got + (size_t)choice * views->words;
}

static void add_choice(struct client_views *views, const struct rib_path *path, const struct told_path *told,
                       const uint64_t *refused)
{
    if (views->choice_count == views->choice_capacity) {
        views->choice_capacity = views->choice_capacity ? 2 * views->choice_capacity : CHOICES_MIN;
        views->choices = mem_realloc(MEM_GROUP, views->choices, views->choice_capacity * sizeof(*views->choices));
        views->got =
            mem_realloc(MEM_GROUP, views->got, (size_t)views->words * views->choice_capacity * sizeof(uint64_t));
    }
    uint32_t index = views->choice_count++;
    uint64_t *got = got_by(views, index);
    views->choices[index] = (struct choice){.path = *told, .base = path->attrs};
    if (told->attrs != 0)
        attr_store_ref(views->group->rib->attrs, told->attrs, 1);
    for (uint32_t i = 0; i < views->words; i++)
        got[i] = views->remaining[i] & ~refused[i];
    if (path->source < views->words * BITS)
        set_take(got, path->source);
    for (uint32_t i = 0; i < views->words; i++)
        views->remaining[i] &= ~got[i];
}

/* Done with views->choices. */
static void forget_choices(struct client_views *views)
{
    while (views->choice_count > 0) {
        attr_id attrs = views->choices[--views->choice_count].path.attrs;
        if (attrs != 0)
            attr_store_unref(views->group->rib->attrs, attrs, 1);
    }
}

/* Fills views->choices for the members in `whom`; returns the index of the one to be shared, or choice_count. */
static uint32_t choose(struct client_views *views, row_id row, const uint64_t *whom)
{
    struct update_group *group = views->group;
    uint32_t left = gather(views, row), shared = UINT32_MAX;
    memcpy(views->remaining, whom, views->words * sizeof(*whom));
    while (left > 0 && (shared == UINT32_MAX || !set_empty(views->remaining, views->words))) {
        const struct rib_path *path = take_best(views, left--);
        struct told_path told;
        if (!update_group_choose(group, row, path, &told)) {
            /* What the operator's policy rejects hides what is behind it, as with GoBGP, unless told otherwise. */
            bool by_policy = group->checked_reason == EXPORT_TOLD || group->checked_reason == EXPORT_POLICY;
            if (!by_policy || group->rules.secondary_route)
                continue;
            told = (struct told_path){0};
        }
        const struct scope *scope;
        const uint64_t *refused = refused_by(views, path->attrs, &scope);
        add_choice(views, path, &told, refused);
        if (shared == UINT32_MAX && !scope->for_few)
            shared = views->choice_count - 1;
    }
    return shared < views->choice_count && views->choices[shared].path.attrs != 0 ? shared : views->choice_count;
}

/* Telling ---------------------------------------------------------------------------------------------------------- */

/* One row on its way from what was told to what is due. */
struct turn {
    row_id row;
    struct told_path before, now; /* shared; attrs 0: none */
    bool announced;               /* the log gets `now` */
    bool withdrawn;               /* the log gets a withdraw of `before` */
};

static bool same_bytes(const struct client_views *views, const struct told_path *a, const struct told_path *b)
{
    return a->attrs != 0 && b->attrs != 0 && update_group_same_bytes(views->group, a, b);
}

/* The choice a member is in; NULL: none is for him. */
static const struct choice *choice_of(const struct client_views *views, source_id member)
{
    for (uint32_t i = 0; i < views->choice_count; i++)
        if (set_has(got_by(views, i), member))
            return &views->choices[i];
    return NULL;
}

/* Everybody whose part is not simply the shared path's: an exception before or now, or the source of either. */
static void find_concerned(struct client_views *views, const struct turn *turn, uint32_t shared)
{
    uint64_t *concerned = views->concerned;
    const uint64_t *got = shared < views->choice_count ? got_by(views, shared) : NULL;
    for (uint32_t i = 0; i < views->words; i++)
        concerned[i] = turn->now.attrs != 0 ? views->members[i] & ~got[i] : 0;
    /* Without a shared path only those who are told something else, or were. */
    for (uint32_t choice = 0; choice < views->choice_count && got == NULL; choice++)
        for (uint32_t i = 0; i < views->words; i++)
            concerned[i] |= views->choices[choice].path.attrs != 0 ? got_by(views, choice)[i] : 0;
    for (uint32_t at = views->exceptions_of_row[turn->row]; at != 0; at = exception_at(views, at)->next_of_row)
        set_add(concerned, exception_at(views, at)->member);
    if (turn->before.attrs != 0 && is_member(views, turn->before.source))
        set_add(concerned, turn->before.source);
}

static void announce_to(struct client_views *views, struct outbox *outbox, row_id row, const struct told_path *path)
{
    outbox_collect_announce(outbox, row, path->attrs, path->source);
    views->group->private_waiting = views->group->log_is_partial = true;
}

static void withdraw_from(struct client_views *views, struct outbox *outbox, row_id row)
{
    outbox_collect_withdraw(outbox, row, 0);
    views->group->private_waiting = views->group->log_is_partial = true;
}

/* Tells one member what only he must be told; true if he must not read what the log gets. */
static bool tell_member(struct client_views *views, const struct turn *turn, source_id member,
                        const struct told_path *now)
{
    struct outbox *outbox = update_group_member(views->group, member);
    bool by_log = now->attrs != 0 && now->attrs == turn->now.attrs && now->source == turn->now.source;
    /* What he was told cannot be relied on while he catches up. */
    bool live = outbox->catch_up == NULL && !outbox->behind;
    struct told_path before;
    client_views_told(views, member, turn->row, &before);
    bool had_shared = before.attrs != 0 && find_exception(views, turn->row, member) == NULL;
    bool has_it = live && same_bytes(views, &before, now);
    if (now->attrs == 0) {
        if (before.attrs != 0 && !(turn->withdrawn && had_shared))
            withdraw_from(views, outbox, turn->row);
        return turn->announced || !had_shared;
    }
    if (by_log && turn->announced)
        return has_it;
    if (!has_it)
        announce_to(views, outbox, turn->row, now);
    return true;
}

static void tell(struct client_views *views, const struct turn *turn, uint32_t shared)
{
    struct packer *packer = views->group->packer;
    bool any = false;
    memset(views->skip, 0, views->words * sizeof(*views->skip));
    find_concerned(views, turn, shared);
    for (uint32_t from = 0;;) {
        source_id member = set_next(views->concerned, views->words, from);
        if (member == RIB_SOURCE_NONE)
            break;
        const struct choice *choice = choice_of(views, member);
        struct told_path now = choice != NULL ? choice->path : (struct told_path){0};
        if (tell_member(views, turn, member, &now)) {
            set_add(views->skip, member);
            any = true;
        }
        from = member + 1u;
    }
    if (turn->announced)
        packer_announce(packer, turn->row, 0, turn->now.attrs, turn->now.source);
    else if (turn->withdrawn)
        packer_withdraw(packer, turn->row, 0, turn->before.source);
    if (any && (turn->announced || turn->withdrawn))
        packer_skip(packer, views->skip, views->words);
}

/* Remembering ------------------------------------------------------------------------------------------------------ */

/* Members in `whom` that get something other than the shared path. */
static void add_exceptions(struct client_views *views, row_id row, const uint64_t *whom)
{
    const struct update_group *group = views->group;
    attr_id attrs = group->out_attrs[row];
    source_id source = group->out_sources[row];
    for (uint32_t from = 0;;) {
        source_id member = set_next(whom, views->words, from);
        if (member == RIB_SOURCE_NONE)
            return;
        from = member + 1u;
        const struct choice *choice = choice_of(views, member);
        const struct told_path *path = choice != NULL && choice->path.attrs != 0 ? &choice->path : NULL;
        bool is_shared = path != NULL && path->attrs == attrs && path->source == source;
        bool has_nothing_anyway = path == NULL && (attrs == 0 || source == member);
        if (!is_shared && !has_nothing_anyway)
            add_exception(views, row, member, path);
    }
}

void client_views_row(struct client_views *views, row_id row)
{
    struct update_group *group = views->group;
    if (views->words == 0)
        return; /* nobody was ever here */
    struct turn turn = {.row = row, .before = {.attrs = group->out_attrs[row], .source = group->out_sources[row]}};
    uint32_t shared = choose(views, row, views->members);
    if (shared < views->choice_count)
        turn.now = views->choices[shared].path;
    turn.announced = turn.now.attrs != 0 && !same_bytes(views, &turn.before, &turn.now);
    turn.withdrawn = turn.now.attrs == 0 && turn.before.attrs != 0;
    tell(views, &turn, shared);
    if (turn.now.attrs != 0)
        attr_store_ref(group->rib->attrs, turn.now.attrs, 1);
    forget_exceptions_of(views, row);
    update_group_set_out(group, row, turn.now.attrs, turn.now.source);
    set_base(views, row, turn.now.attrs != 0 ? views->choices[shared].base : 0);
    add_exceptions(views, row, views->concerned);
    forget_choices(views);
}

/* Joining ---------------------------------------------------------------------------------------------------------- */

void client_views_joiners(struct client_views *views, const struct list *joiners)
{
    memset(views->joiners, 0, views->words * sizeof(*views->joiners));
    list_foreach (outbox, joiners, struct outbox, catch_up_link) {
        set_add(views->joiners, outbox->self);
    }
}

/* Before a row is looked at anew: who may not have the shared path is told nothing yet. */
static void hold_back(struct client_views *views, row_id row)
{
    const struct scope *scope;
    if (views->base_attrs[row] == 0)
        return;
    const uint64_t *refused = refused_by(views, views->base_attrs[row], &scope);
    for (uint32_t i = 0; i < views->words; i++)
        views->concerned[i] = views->joiners[i] & refused[i];
}

/* The group is about to look at it, for the first time or again. */
static bool is_due(const struct client_views *views, row_id row)
{
    return !views->group->filled && row > views->group->fill_row;
}

/* Joiners that need an exception and have none yet get it. */
static void settle(struct client_views *views, row_id row)
{
    const struct update_group *group = views->group;
    memset(views->concerned, 0, views->words * sizeof(*views->concerned));
    if (rib_row_dirty(group->rib, row) || is_due(views, row)) {
        hold_back(views, row);
    } else {
        uint32_t shared = choose(views, row, views->joiners);
        bool as_told = shared < views->choice_count && views->choices[shared].path.attrs == group->out_attrs[row] &&
                       views->choices[shared].path.source == group->out_sources[row];
        for (uint32_t i = 0; i < views->words; i++)
            views->concerned[i] = views->joiners[i] & (as_told ? ~got_by(views, shared)[i] : ~0ull);
    }
    for (uint32_t at = views->exceptions_of_row[row]; at != 0; at = exception_at(views, at)->next_of_row)
        set_take(views->concerned, exception_at(views, at)->member);
    add_exceptions(views, row, views->concerned);
    forget_choices(views);
}

/* The group has never looked at this row; when it does, whoever joined is a member like others. */
static bool comes_by_itself(const struct client_views *views, row_id row)
{
    return is_due(views, row) && !client_views_row_told(views, row);
}

void client_views_settle_row(struct client_views *views, row_id row)
{
    if (!comes_by_itself(views, row))
        settle(views, row);
}

void client_views_join_row(struct client_views *views, row_id row)
{
    struct update_group *group = views->group;
    if (comes_by_itself(views, row))
        return;
    settle(views, row);
    memset(views->skip, 0, views->words * sizeof(*views->skip));
    for (uint32_t at = views->exceptions_of_row[row]; at != 0; at = exception_at(views, at)->next_of_row) {
        const struct exception *exception = exception_at(views, at);
        struct told_path path = {.attrs = exception->attrs, .source = exception->source};
        set_add(views->skip, exception->member);
        if (!set_has(views->joiners, exception->member) || path.attrs == 0)
            continue;
        struct outbox *outbox = update_group_member(group, exception->member);
        announce_to(views, outbox, row, &path);
        outbox->old_rows_position = group_log_end(&group->log);
    }
    if (group->out_attrs[row] == 0)
        return;
    packer_announce(group->packer, row, 0, group->out_attrs[row], group->out_sources[row]);
    if (!set_empty(views->skip, views->words))
        packer_skip(group->packer, views->skip, views->words);
}
