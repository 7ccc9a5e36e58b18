/* OPEN and capabilities (RFC 4271 4.2, 5492, 9072 and one RFC per capability). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/bgp.h"
#include "net/family.h"
#include "wire/message.h"
#include "wire/notification.h"

/* BGP roles (RFC 9234 4.1). */
enum role {
    ROLE_PROVIDER = 0,
    ROLE_ROUTE_SERVER = 1,
    ROLE_ROUTE_SERVER_CLIENT = 2,
    ROLE_CUSTOMER = 3,
    ROLE_PEER = 4,
    ROLE_NONE = 255,
};

enum {
    CAPABILITY_TEXT_MAX = 64,    /* software version, host name, domain name: escaped, cut, terminated */
    CAPABILITIES_RAW_MAX = 4096, /* octets of the received capability TLVs that are kept */
};

/* What one side offers. Bits are family ids. */
struct capabilities {
    family_set multiprotocol;
    bool has_multiprotocol; /* false: the capability is absent, IPv4 unicast is meant (RFC 4760 8) */
    bool route_refresh;
    bool route_refresh_cisco;
    bool enhanced_refresh;
    bool extended_message;
    bool four_octet_as;
    uint32_t as4;
    family_set extended_next_hop; /* families whose next hop may be IPv6 (RFC 8950) */
    family_set add_path_receive;
    family_set add_path_send;
    bool graceful_restart;
    bool restarting;           /* R flag */
    bool restart_notification; /* N flag, RFC 8538 */
    uint16_t restart_time_s;
    family_set restart_families;
    family_set restart_forwarding; /* F flag per family */
    bool long_lived;
    family_set long_lived_families;
    family_set long_lived_forwarding;
    uint32_t long_lived_time_s[FAMILY_COUNT];
    uint8_t role; /* enum role */
    bool fqdn;
    char host_name[CAPABILITY_TEXT_MAX + 1];
    char domain_name[CAPABILITY_TEXT_MAX + 1];
    char software_version[CAPABILITY_TEXT_MAX + 1]; /* "": absent */
};

struct open_message {
    uint8_t version;
    uint32_t as;    /* the 4-octet one if announced, else My Autonomous System */
    uint16_t my_as; /* as on the wire */
    uint16_t hold_time_s;
    uint32_t router_id; /* host order */
    struct capabilities capabilities;
    /* The capability TLVs as received (code, length, value ...), for showing what we do not know. */
    uint16_t raw_length;
    uint8_t raw[CAPABILITIES_RAW_MAX];
};

/* For keeping: a copy that takes no more memory than what was received (`raw` ends at raw_length). It is copied with
 * open_copy alone, never by assignment; mem_free. */
struct open_message *open_keep(enum mem_kind kind, const struct open_message *open);
void open_copy(struct open_message *to, const struct open_message *from);

/* Uses the extended optional parameters format (RFC 9072) only when the classic one cannot hold them. */
void open_encode(const struct open_message *open, struct buf *buf);
/* One that was received, for passing it on: its capabilities as they came, in one parameter. */
void open_encode_received(const struct open_message *open, struct buf *buf);

/* 0, or E_INVALID with the NOTIFICATION due. Checks syntax, version, hold time 1 and 2, BGP identifier 0; what
 * depends on the configured peer (AS, own identifier, role) is the session's. Unknown capabilities are skipped. */
int open_decode(const struct message *message, struct open_message *open, struct notification *notification);

/* The capability TLVs an OPEN carries for `capabilities`, in sending order. */
void capabilities_encode(const struct capabilities *capabilities, struct buf *buf);

/* "multiprotocol", "graceful-restart"; NULL if the code is not known. */
const char *capability_name(uint8_t code);

/* Graceful restart as agreed on (RFC 4724, 8538, 9494): what the peer asks of us while it is away. All zero unless both
 * announced it, but for `long_lived_understood`. */
struct negotiated_restart {
    bool enabled;
    bool notification;          /* both set the N bit: sessions end gracefully with a NOTIFICATION too */
    bool peer_restarting;       /* R bit */
    bool long_lived_understood; /* the peer knows what LLGR_STALE means, whatever we announced */
    uint16_t time_s;            /* how long the peer may take to come back */
    family_set families;        /* whose routes are to be kept */
    family_set forwarding;      /* F bit: forwarding went on while it was away */
    family_set long_lived_families;
    family_set long_lived_forwarding;
    uint32_t long_lived_time_s[FAMILY_COUNT];
};

/* What both sides agreed on. */
struct negotiated {
    uint32_t peer_as;
    uint32_t peer_id;     /* host order */
    uint16_t hold_time_s; /* 0: no keepalives, no hold timer */
    uint16_t keepalive_s;
    bool four_octet_as;
    bool extended_message;
    bool route_refresh;
    bool enhanced_refresh;
    family_set families;
    family_set add_path_receive; /* the peer sends path ids to us */
    family_set add_path_send;    /* we send path ids to the peer */
    family_set extended_next_hop;
    uint8_t peer_role;
    struct negotiated_restart restart;
};

void capabilities_negotiate(const struct open_message *local, const struct open_message *remote,
                            struct negotiated *negotiated);
