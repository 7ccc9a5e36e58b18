#include "fleet/words.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/time.h"
#include "base/utf8.h"

enum { SECRET_BYTES = 32, DIGEST_BYTES = 32 };

void id_make(char id[ID_TEXT_MAX])
{
    uint8_t b[16];
    CHECK(RAND_bytes(b, sizeof(b)) == 1);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(id, ID_TEXT_MAX, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
             b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

bool id_is_valid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        if (form[i] == '-' ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
            return false;
    }
    return true;
}

int64_t time_now_ms(void)
{
    return wall_now().ns / 1000000;
}

const char *time_format(int64_t time_ms, char text[TIME_TEXT_MAX])
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    char date[24];
    gmtime_r(&seconds, &parts);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, TIME_TEXT_MAX, "%s.%03dZ", date, (int)(time_ms % 1000));
    return text;
}

bool time_parse(const char *text, int64_t *time_ms)
{
    struct tm parts = {0};
    const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    int offset_hours = 0;
    int offset_minutes = 0;
    char sign = '+';
    if (!at)
        return false;
    if (*at == '.')
        at += 1 + strspn(at + 1, "0123456789");
    if (strcmp(at, "Z") != 0 && sscanf(at, "%c%2d:%2d", &sign, &offset_hours, &offset_minutes) != 3)
        return false;
    if (sign != '+' && sign != '-')
        return false;
    int64_t offset_s = (offset_hours * 60 + offset_minutes) * 60;
    *time_ms = ((int64_t)timegm(&parts) - (sign == '-' ? -offset_s : offset_s)) * 1000;
    return true;
}

void words_mend(char *text)
{
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        uint32_t rune;
        unsigned octets = utf8_decode(text + at, length - at, &rune);
        if (octets == 0 || (octets == 1 && (uint8_t)text[at] < ' '))
            text[at] = '?';
        at += octets ? octets : 1;
    }
}

static void hex(const uint8_t *bytes, char digest[DIGEST_TEXT_MAX])
{
    for (unsigned i = 0; i < DIGEST_BYTES; i++)
        snprintf(digest + (size_t)i * 2, 3, "%02x", bytes[i]);
}

void secret_make(const char *prefix, char text[SECRET_TEXT_MAX])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t bytes[SECRET_BYTES];
    char body[SECRET_BYTES + 1];
    /* 6 of each byte's bits: 192 bits are plenty, and no letter is likelier than another. */
    CHECK(RAND_bytes(bytes, sizeof(bytes)) == 1);
    for (unsigned i = 0; i < SECRET_BYTES; i++)
        body[i] = letters[bytes[i] & 63];
    body[SECRET_BYTES] = '\0';
    snprintf(text, SECRET_TEXT_MAX, "%.4s%s", prefix, body);
}

void digest_text(const void *bytes, uint64_t length, char digest[DIGEST_TEXT_MAX])
{
    uint8_t out[EVP_MAX_MD_SIZE];
    CHECK(EVP_Digest(bytes, (size_t)length, out, NULL, EVP_sha256(), NULL) == 1);
    hex(out, digest);
}

void digest_keyed(const char *key, const void *bytes, uint64_t length, char digest[DIGEST_TEXT_MAX])
{
    uint8_t out[EVP_MAX_MD_SIZE];
    CHECK(HMAC(EVP_sha256(), key, (int)strlen(key), bytes, (size_t)length, out, NULL) != NULL);
    hex(out, digest);
}
