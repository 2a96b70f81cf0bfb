#include "cloud/jobs/presign.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DATE_SIZE 24
#define HEX_SIZE  (2 * PRESIGN_SECRET + 1)

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool presign_read(struct presign *p, const char *text)
{
    size_t len = strcspn(text, ",");
    const char *hex = text + len + (text[len] == ',');

    if (len == 0 || len >= sizeof p->base || strlen(hex) != HEX_SIZE - 1)
        return false;
    for (size_t i = 0; i < PRESIGN_SECRET; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        p->secret[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(p->base, text, len);
    p->base[len] = '\0';
    return true;
}

/* ---- paths ---- */

static bool is_dots(const char *part, size_t len)
{
    return (len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.');
}

bool presign_path_is_good(struct slice path)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    const char *at = (const char *)path.data;
    size_t begin = 1;

    if (path.len < 2 || path.len > PRESIGN_PATH_MAX || at[0] != '/')
        return false;
    for (size_t i = 1; i <= path.len; i++) {
        if (i < path.len && (at[i] == '\0' || strchr(allowed, at[i]) == NULL))
            return false;
        if (i < path.len && at[i] != '/')
            continue;
        if (i == begin || is_dots(at + begin, i - begin))
            return false;
        begin = i + 1;
    }
    return true;
}

/* ---- signing ---- */

static void sign(const struct presign *p, struct slice path, const char *date, const char *expires,
                 char ret_hex[HEX_SIZE])
{
    char what[PRESIGN_PATH_MAX + 80];
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    int n = snprintf(what, sizeof what, "%.*s\n%s\n%s", (int)path.len, (const char *)path.data,
                     date, expires);
    HMAC(EVP_sha256(), p->secret, PRESIGN_SECRET, (const unsigned char *)what, (size_t)n, sum,
         &len);
    for (unsigned i = 0; i < PRESIGN_SECRET; i++)
        snprintf(ret_hex + 2 * (size_t)i, 3, "%02x", i < len ? sum[i] : 0);
}

void presign_url(const struct presign *p, struct slice path, int64_t seconds, int64_t now_ms,
                 struct text *to)
{
    char date[DATE_SIZE] = "", expires[DATE_SIZE], hex[HEX_SIZE];
    time_t now = (time_t)(now_ms / 1000);
    struct tm parts;

    if (gmtime_r(&now, &parts) != NULL)
        strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &parts);
    snprintf(expires, sizeof expires, "%" PRId64, seconds);
    sign(p, path, date, expires, hex);
    text_str(to, p->base);
    text_bytes(to, (const char *)path.data, path.len);
    text_str(to, "?X-Amz-Date=");
    text_str(to, date);
    text_str(to, "&X-Amz-Expires=");
    text_str(to, expires);
    text_str(to, "&X-Amz-Signature=");
    text_str(to, hex);
}

/* ---- placeholders ---- */

/* The path of "https://host/path"; empty: it is no such URL. */
static struct slice path_of(struct slice url)
{
    static const char scheme[] = "https://";
    size_t skip = sizeof scheme - 1;
    const char *at = (const char *)url.data;

    if (url.len <= skip || memcmp(at, scheme, skip) != 0)
        return slice_of(NULL, 0);
    const char *slash = memchr(at + skip, '/', url.len - skip);
    return slash != NULL ? slice_of(slash, url.len - (size_t)(slash - at)) : slice_of(NULL, 0);
}

/* The placeholder that begins at `at`: its URL, and its length; 0: none does. */
static size_t placeholder(const char *at, struct slice *ret_url)
{
    static const char *const names[] = {"${aws:iot:s3-presigned-url:",
                                        "${aws:iot:s3-presigned-url-v2:"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        const char *end = strncmp(at, names[i], len) == 0 ? strchr(at + len, '}') : NULL;
        if (end == NULL)
            continue;
        *ret_url = slice_of(at + len, (size_t)(end - at) - len);
        return (size_t)(end - at) + 1;
    }
    return 0;
}

void presign_document(const struct presign *p, const char *document, int64_t seconds,
                      int64_t now_ms, struct text *to)
{
    const char *next;
    struct slice url;

    while (p->base[0] != '\0' && (next = strstr(document, "${")) != NULL) {
        size_t len = placeholder(next, &url);
        struct slice path = len != 0 ? path_of(url) : slice_of(NULL, 0);
        text_bytes(to, document, (size_t)(next - document));
        if (presign_path_is_good(path))
            presign_url(p, path, seconds, now_ms, to);
        else
            text_bytes(to, next, len = len != 0 ? len : 2);
        document = next + len;
    }
    text_str(to, document);
}

/* ---- checking ---- */

/* Seconds since the Unix epoch; -1: it is no such date. */
static int64_t read_date(const char *date)
{
    struct tm parts = {0};
    const char *end = strptime(date, "%Y%m%dT%H%M%SZ", &parts);

    return end != NULL && *end == '\0' ? (int64_t)timegm(&parts) : -1;
}

enum presign_verdict presign_check(const struct presign *p, const struct presign_claim *claim,
                                   int64_t now_ms)
{
    char hex[HEX_SIZE];
    char *end = NULL;

    if (claim->date == NULL || claim->expires == NULL || claim->signature == NULL ||
        strlen(claim->date) >= DATE_SIZE || strlen(claim->expires) >= DATE_SIZE ||
        strlen(claim->signature) != HEX_SIZE - 1 || !presign_path_is_good(slice_str(claim->path)))
        return PRESIGN_WRONG;
    sign(p, slice_str(claim->path), claim->date, claim->expires, hex);
    int64_t began = read_date(claim->date);
    int64_t seconds = strtoll(claim->expires, &end, 10);
    if (CRYPTO_memcmp(hex, claim->signature, HEX_SIZE - 1) != 0 || began < 0 || *end != '\0')
        return PRESIGN_WRONG;
    return now_ms / 1000 < began + seconds ? PRESIGN_GOOD : PRESIGN_EXPIRED;
}
