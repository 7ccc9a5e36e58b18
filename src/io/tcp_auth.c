/* MD5 signatures and TTL security, as Linux offers them.
 *
 * A key belongs to a socket and a peer address. A listener needs the keys of all its peers, because the kernel checks
 * the SYN before anybody can be asked; an accepted socket inherits its peer's. A segment without the expected
 * signature, or with one that was not expected, is dropped without a word: the dialer runs into its time limit.
 *
 * The kernel keeps the keys of a socket in its option memory: about 960 keys fit the default net.core.optmem_max.
 * More peers need prefix keys or a larger limit; the error text says so.
 */
#include "io/tcp_auth.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/check.h"

#ifndef IPV6_MINHOPCOUNT
#define IPV6_MINHOPCOUNT 73
#endif

_Static_assert((int)TCP_MD5_KEY_MAX == TCP_MD5SIG_MAXKEYLEN, "the contract's key is the kernel's");

static int key_refused(const struct addr *remote, unsigned remote_bits, int reason, struct err *err)
{
    char text[ADDR_TEXT_MAX];
    addr_format(remote, text);
    if (reason == ENOPROTOOPT)
        return err_set(err, E_UNSUPPORTED, "this kernel has no TCP MD5 signatures (needed for %s/%u)", text,
                       remote_bits);
    if (reason == ENOMEM)
        return err_set(err, E_IO,
                       "no room for the TCP MD5 key of %s/%u: raise net.core.optmem_max, or use one key for a prefix",
                       text, remote_bits);
    return err_set(err, E_IO, "cannot set the TCP MD5 key of %s/%u: %s", text, remote_bits, strerror(reason));
}

int tcp_auth_set_key(int fd, const struct addr *remote, unsigned remote_bits, const struct transport_options *options,
                     struct err *err)
{
    unsigned full_bits = addr_bits(remote);
    if (full_bits == 0 || remote_bits > full_bits)
        return err_set(err, E_INVALID, "prefix length %u of a TCP MD5 key is not within 0..%u", remote_bits, full_bits);
    if (options->md5_key_length > TCP_MD5_KEY_MAX)
        return err_set(err, E_INVALID, "TCP MD5 key of %u bytes is longer than %d", options->md5_key_length,
                       TCP_MD5_KEY_MAX);
    struct tcp_md5sig request = {.tcpm_keylen = options->md5_key_length};
    struct endpoint endpoint = {.addr = *remote};
    struct sockaddr_storage storage;
    endpoint_to_sockaddr(&endpoint, &storage);
    memcpy(&request.tcpm_addr, &storage, sizeof(request.tcpm_addr));
    memcpy(request.tcpm_key, options->md5_key, options->md5_key_length);
    int option = TCP_MD5SIG;
    if (remote_bits < full_bits) {
        option = TCP_MD5SIG_EXT;
        request.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
        request.tcpm_prefixlen = (uint8_t)remote_bits;
    }
    int result = setsockopt(fd, IPPROTO_TCP, option, &request, sizeof(request));
    int reason = errno;
    explicit_bzero(request.tcpm_key, sizeof(request.tcpm_key));
    if (result == 0 || (options->md5_key_length == 0 && reason == ENOENT))
        return E_OK;
    return key_refused(remote, remote_bits, reason, err);
}

static int set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

int tcp_auth_set_ttl(int fd, enum addr_kind kind, unsigned ttl, struct err *err)
{
    int value = ttl ? (int)ttl : -1;
    int result = kind == ADDR_IPV6 ? set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, value)
                                   : set_int(fd, IPPROTO_IP, IP_TTL, value);
    return result == 0 ? E_OK : err_set(err, E_IO, "cannot set the TTL to %u: %s", ttl, strerror(errno));
}

int tcp_auth_set_ttl_min(int fd, enum addr_kind kind, unsigned ttl_min, struct err *err)
{
    int result = kind == ADDR_IPV6 ? set_int(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, (int)ttl_min)
                                   : set_int(fd, IPPROTO_IP, IP_MINTTL, (int)ttl_min);
    if (result == 0)
        return E_OK;
    int code = errno == ENOPROTOOPT ? E_UNSUPPORTED : E_IO;
    return err_set(err, code, "cannot set the smallest accepted TTL to %u: %s", ttl_min, strerror(errno));
}
