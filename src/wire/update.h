/* UPDATE: from bytes to validated values, RFC 4271 4.3 and 6.3 as revised by RFC 7606; multiprotocol (RFC 4760),
 * path identifiers (RFC 7911), old speakers (RFC 6793), IPv6 next hops (RFC 2545, 8950).
 *
 * Pure: everything it needs to know stands in struct update_rules. The result points into the message and into the
 * scratch memory of the caller, and is good until either is reused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr/block.h"
#include "base/buf.h"
#include "net/addr.h"
#include "net/family.h"
#include "wire/notification.h"
#include "wire/verdict.h"

/* How this session's UPDATEs are to be read. */
struct update_rules {
    bool ebgp;          /* an external peer, confederation members not included */
    bool confederation; /* peer in another member AS of our confederation (RFC 5065) */
    bool four_octet_as;
    bool treat_as_withdraw;        /* false: what RFC 7606 would withdraw resets the session instead (RFC 4271) */
    bool enforce_first_as;         /* eBGP: the leftmost AS must be the peer's */
    bool allow_as_set;             /* false: AS_SET and AS_CONFED_SET are treated as withdraw (RFC 9774) */
    bool accept_prefix_sid;        /* false: attribute 40 is discarded from eBGP (RFC 8669) */
    bool accept_aigp;              /* false: attribute 26 is discarded from eBGP (RFC 7311) */
    bool reset_unknown_well_known; /* true: NOTIFICATION 3/2; false: treat as withdraw */
    uint16_t as_path_max;          /* most AS numbers in a path; 0 = no bound */
    uint16_t community_max;        /* most communities of one kind; 0 = no bound */
    uint32_t peer_as;
    family_set families;         /* negotiated */
    family_set add_path_receive; /* path ids precede NLRI of these */
    family_set extended_next_hop;
    struct addr local_address; /* a next hop equal to it is refused */
};

struct nlri_run {
    enum family_id family;
    bool withdraw;
    bool add_path;
    bool multiprotocol;   /* from MP_REACH_NLRI or MP_UNREACH_NLRI */
    const uint8_t *bytes; /* validated: iterating cannot fail */
    uint32_t length;
    uint32_t count; /* prefixes */
};

enum { UPDATE_RUN_MAX = 4, UPDATE_WHY_MAX = 160 };

struct update {
    enum verdict verdict;
    struct notification notification; /* for VERDICT_RESET */
    /* On VERDICT_OK and ATTR_DISCARD with at least one announcing run: the canonical block, in `scratch` or, if it came
     * in canonical form, in the message itself. A message that announces
     * both in its NLRI field and in MP_REACH_NLRI (RFC 7606 5.1 forbids to send one, not to receive it) has two next
     * hops and so two blocks: `attrs` is of the NLRI field, `attrs_mp` of MP_REACH_NLRI. Else `attrs_mp.length` is 0.
     * Ask update_run_attrs. */
    struct attr_block attrs;
    struct attr_block attrs_mp;
    /* In this order: withdrawn, MP_UNREACH, NLRI, MP_REACH; empty ones left out. After treat-as-withdraw the
     * announcing runs have `withdraw` set. A prefix both withdrawn and announced is announced. */
    struct nlri_run runs[UPDATE_RUN_MAX];
    unsigned run_count;
    enum family_id end_of_rib;     /* FAMILY_UNKNOWN unless this is an End-of-RIB marker (RFC 4724 2) */
    enum family_id disable_family; /* for VERDICT_FAMILY_DISABLE */
    uint8_t bad_attribute;         /* type code behind the verdict, 0 = none */
    char why[UPDATE_WHY_MAX];      /* in words, for log and `why`; "" when VERDICT_OK */
};

/* `scratch` receives the canonical block where one must be made; its limit bounds it (ATTR_BLOCK_MAX is enough). Reused
 * between calls. */
enum verdict update_decode(const struct update_rules *rules, const uint8_t *body, size_t length, struct buf *scratch,
                           struct update *update);

/* The block an announcing run goes with. */
static inline const struct attr_block *update_run_attrs(const struct update *update, const struct nlri_run *run)
{
    return run->multiprotocol && update->attrs_mp.length ? &update->attrs_mp : &update->attrs;
}

/* Would an internal peer take each attribute of this canonical block as it is? For routes that come some other way than
 * in an UPDATE. A next hop of zeros is fine. 0 or E_INVALID. */
int update_check_block(const uint8_t *bytes, uint32_t length, struct err *err);

/* Withdraw everything in `runs`' form is packed elsewhere; these are the fixed ones. */
void end_of_rib_encode(struct buf *buf, enum family_id family);

/* AS_PATH for a 2-octet peer (RFC 6793 4.2.2): writes the 2-octet path; true if some number did not fit, so that an
 * AS4_PATH is due. as4_path_of writes the value of that AS4_PATH (confederation segments left out). */
bool as_path_two_octet(const uint8_t *path, uint16_t length, struct buf *out);
void as4_path_of(const uint8_t *path, uint16_t length, struct buf *out);
