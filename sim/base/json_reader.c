#include "base/json_reader.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

const char *json_type_text(enum json_type type)
{
    static const char *const texts[JSON_TYPE_COUNT] = {
        "null", "a boolean", "a boolean", "a number", "a string", "an array", "an object"};
    return (unsigned)type < JSON_TYPE_COUNT ? texts[type] : "unknown";
}

/* ── Checking ───────────────────────────────────────────────────────────────────────────────── */

struct check {
    const uint8_t *at, *end;
    int depth_left;
    int members_at; /* the depth_left inside the outermost container */
    json_member_fn *fn;
    void *ctx;
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* To the first byte that is not plain text (a quote, a backslash, a control character, beyond
   ASCII), or to the last seven of all. Most of a message is strings: eight bytes at a time. A
   borrow in the differences comes from a byte that is marked itself, so the first mark is right. */
static const uint8_t *skip_plain(const uint8_t *at, const uint8_t *end)
{
    const uint64_t each = UINT64_C(0x0101010101010101);

    for (uint64_t word; end - at >= 8; at += 8) {
        memcpy(&word, at, 8);
        word = le64toh(word);
        uint64_t marks = word | (word - each * 0x20);
        marks |= ((word ^ each * '"') - each) | ((word ^ each * '\\') - each);
        marks &= each * 0x80;
        if (marks != 0)
            return at + __builtin_ctzll(marks) / 8;
    }
    return at;
}

static void skip_space(struct check *c)
{
    while (c->at < c->end && is_space(*c->at))
        c->at++;
}

static bool take(struct check *c, uint8_t byte)
{
    if (c->at == c->end || *c->at != byte)
        return false;
    c->at++;
    return true;
}

static int hex(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of \uXXXX; -1 if they are not. */
static int32_t hex4(const uint8_t *at, const uint8_t *end)
{
    int32_t n = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex(at[i]);
        if (digit < 0)
            return -1;
        n = n * 16 + digit;
    }
    return n;
}

/* Behind \u; a high surrogate needs its low one. */
static bool check_unicode(struct check *c)
{
    int32_t n = hex4(c->at, c->end);

    if (n < 0)
        return false;
    c->at += 4;
    if (n < 0xd800 || n > 0xdfff)
        return true;
    if (n > 0xdbff || c->end - c->at < 6 || c->at[0] != '\\' || c->at[1] != 'u')
        return false;
    int32_t low = hex4(c->at + 2, c->end);
    c->at += 6;
    return low >= 0xdc00 && low <= 0xdfff;
}

static bool check_escape(struct check *c)
{
    if (c->at == c->end)
        return false;
    uint8_t byte = *c->at++;
    return byte == 'u' ? check_unicode(c) : byte != '\0' && strchr("\"\\/bfnrt", byte) != NULL;
}

/* From the opening quote; `ret` is what is inside. */
static bool check_string(struct check *c, struct slice *ret, bool *ret_escaped)
{
    bool ascii = true;

    if (!take(c, '"'))
        return false;
    const uint8_t *start = c->at;
    *ret_escaped = false;
    for (;;) {
        c->at = skip_plain(c->at, c->end);
        if (c->at == c->end || *c->at < 0x20)
            return false;
        uint8_t byte = *c->at++;
        if (byte == '"')
            break;
        if (byte >= 0x80)
            ascii = false;
        if (byte != '\\')
            continue;
        *ret_escaped = true;
        if (!check_escape(c))
            return false;
    }
    *ret = slice_of(start, (size_t)(c->at - start) - 1);
    return ascii || json_is_utf8(*ret);
}

static bool digits(struct check *c)
{
    const uint8_t *start = c->at;

    while (c->at < c->end && is_digit(*c->at))
        c->at++;
    return c->at > start;
}

static bool check_number(struct check *c)
{
    const uint8_t *start = c->at;

    take(c, '-');
    if (!take(c, '0') && !digits(c))
        return false;
    if (take(c, '.') && !digits(c))
        return false;
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+'))
            take(c, '-');
        if (!digits(c))
            return false;
    }
    return c->at - start <= JSON_NUMBER_MAX;
}

static bool check_word(struct check *c, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(c->end - c->at) < len || memcmp(c->at, word, len) != 0)
        return false;
    c->at += len;
    return true;
}

static bool check_value(struct check *c, struct json_value *ret);

/* Between the brackets and over the closing one. */
static bool check_members(struct check *c, uint8_t close)
{
    struct json_value member;

    skip_space(c);
    if (take(c, close))
        return true;
    do {
        skip_space(c);
        if (close == '}') {
            if (!check_string(c, &member.key, &member.key_escaped))
                return false;
            skip_space(c);
            if (!take(c, ':'))
                return false;
            skip_space(c);
        }
        if (!check_value(c, &member))
            return false;
        if (c->depth_left == c->members_at && close == '}')
            c->fn(c->ctx, &member);
        skip_space(c);
    } while (take(c, ','));
    return take(c, close);
}

static bool check_container(struct check *c, uint8_t close)
{
    c->at++;
    if (c->depth_left-- == 0)
        return false;
    bool ok = check_members(c, close);
    c->depth_left++;
    return ok;
}

/* By its first byte. */
static enum json_type type_of(uint8_t c)
{
    switch (c) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

static bool check_type(struct check *c, struct json_value *ret)
{
    switch (ret->type) {
    case JSON_OBJECT:
        return check_container(c, '}');
    case JSON_ARRAY:
        return check_container(c, ']');
    case JSON_TRUE:
        return check_word(c, "true");
    case JSON_FALSE:
        return check_word(c, "false");
    case JSON_NULL:
        return check_word(c, "null");
    case JSON_NUMBER:
        return check_number(c);
    case JSON_STRING:
    case JSON_TYPE_COUNT:
        break;
    }
    return check_string(c, &ret->text, &ret->escaped);
}

/* Recursion is bounded by the depth. */
static bool check_value(struct check *c, struct json_value *ret)
{
    const uint8_t *start = c->at;

    if (c->at == c->end)
        return false;
    ret->type = type_of(*c->at);
    ret->escaped = false;
    if (!check_type(c, ret))
        return false;
    if (ret->type != JSON_STRING)
        ret->text = slice_of(start, (size_t)(c->at - start));
    return true;
}

static void ignore_member(void *ctx, const struct json_value *member)
{
    (void)ctx;
    (void)member;
}

bool json_check(struct slice text, int max_depth, struct json_value *ret)
{
    return json_check_members(text, max_depth, ignore_member, NULL, ret);
}

bool json_check_members(struct slice text, int max_depth, json_member_fn *fn, void *ctx,
                        struct json_value *ret)
{
    struct check c = {.at = text.data,
                      .depth_left = max_depth,
                      .members_at = max_depth - 1,
                      .fn = fn,
                      .ctx = ctx};
    struct json_value value = {.type = JSON_NULL};

    if (text.len == 0)
        return false;
    c.end = text.data + text.len;
    skip_space(&c);
    if (!check_value(&c, &value))
        return false;
    skip_space(&c);
    *ret = value;
    return c.at == c.end;
}

/* ── Walking what was checked ───────────────────────────────────────────────────────────────── */

struct json_cursor json_enter(const struct json_value *container)
{
    bool object = container->type == JSON_OBJECT;

    if (!object && container->type != JSON_ARRAY)
        return (struct json_cursor){.at = NULL};
    /* The closing bracket is left out. */
    return (struct json_cursor){.at = container->text.data + 1,
                                .end = container->text.data + container->text.len - 1,
                                .object = object};
}

/* To the closing quote of the string that begins here; returns what is inside. */
static struct slice walk_string(struct json_cursor *c, bool *ret_escaped)
{
    const uint8_t *start = ++c->at;

    *ret_escaped = false;
    while (*(c->at = skip_plain(c->at, c->end)) != '"') {
        if (*c->at == '\\') {
            *ret_escaped = true;
            c->at++;
        }
        c->at++;
    }
    c->at++;
    return slice_of(start, (size_t)(c->at - start) - 1);
}

static void walk_container(struct json_cursor *c)
{
    size_t depth = 0;
    bool escaped;

    do {
        uint8_t byte = *c->at;
        if (byte == '"') {
            walk_string(c, &escaped);
            continue;
        }
        depth += byte == '{' || byte == '[' ? 1 : 0;
        depth -= byte == '}' || byte == ']' ? 1 : 0;
        c->at++;
    } while (depth != 0);
}

static bool ends_scalar(uint8_t c)
{
    return c == ',' || is_space(c);
}

static void walk_separators(struct json_cursor *c)
{
    while (c->at < c->end && (is_space(*c->at) || *c->at == ',' || *c->at == ':'))
        c->at++;
}

bool json_next(struct json_cursor *c, struct json_value *ret)
{
    walk_separators(c);
    if (c->at == c->end)
        return false;
    *ret = (struct json_value){.type = JSON_NULL};
    if (c->object) {
        ret->key = walk_string(c, &ret->key_escaped);
        walk_separators(c);
    }
    const uint8_t *start = c->at;
    ret->type = type_of(*start);
    if (ret->type == JSON_STRING) {
        ret->text = walk_string(c, &ret->escaped);
        return true;
    }
    if (ret->type == JSON_OBJECT || ret->type == JSON_ARRAY)
        walk_container(c);
    else
        while (c->at < c->end && !ends_scalar(*c->at))
            c->at++;
    ret->text = slice_of(start, (size_t)(c->at - start));
    return true;
}

/* ── Values ─────────────────────────────────────────────────────────────────────────────────── */

static size_t put_utf8(uint32_t n, char *to)
{
    uint8_t *out = (uint8_t *)to;

    if (n < 0x80) {
        out[0] = (uint8_t)n;
        return 1;
    }
    if (n < 0x800) {
        out[0] = (uint8_t)(0xc0 | n >> 6);
        out[1] = (uint8_t)(0x80 | (n & 0x3f));
        return 2;
    }
    if (n < 0x10000) {
        out[0] = (uint8_t)(0xe0 | n >> 12);
        out[1] = (uint8_t)(0x80 | (n >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (n & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | n >> 18);
    out[1] = (uint8_t)(0x80 | (n >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (n >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (n & 0x3f));
    return 4;
}

/* Behind \u. */
static size_t decode_unicode(const uint8_t **at, const uint8_t *end, char *to)
{
    uint32_t n = (uint32_t)hex4(*at, end);

    *at += 4;
    if (n >= 0xd800 && n <= 0xdbff) {
        uint32_t low = (uint32_t)hex4(*at + 2, end);
        *at += 6;
        n = 0x10000 + ((n - 0xd800) << 10 | (low - 0xdc00));
    }
    return put_utf8(n, to);
}

static char plain_escape(uint8_t c)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *at = strchr(from, c);

    if (at != NULL)
        return to[at - from];
    return (char)c;
}

size_t json_decode(struct slice text, char *room)
{
    const uint8_t *at = text.data;
    const uint8_t *end = at + text.len;
    size_t len = 0;

    while (at < end) {
        if (*at != '\\') {
            room[len++] = (char)*at++;
        } else if (at[1] == 'u') {
            at += 2;
            len += decode_unicode(&at, end, room + len);
        } else {
            room[len++] = plain_escape(at[1]);
            at += 2;
        }
    }
    room[len] = '\0';
    return len;
}

bool json_text(const struct json_value *value, char *room, size_t size)
{
    /* An escape is at most six bytes for one: longer texts cannot fit. */
    if (value->type != JSON_STRING || value->text.len / 6 >= size)
        return false;
    if (value->text.len < size) {
        size_t len = json_decode(value->text, room);
        return memchr(room, '\0', len) == NULL;
    }
    if (!value->escaped)
        return false;
    char *whole = malloc(value->text.len + 1);
    if (whole == NULL)
        return false;
    size_t len = json_decode(value->text, whole);
    bool ok = len < size && memchr(whole, '\0', len) == NULL;
    if (ok)
        memcpy(room, whole, len + 1);
    free(whole);
    return ok;
}

bool json_key_is(const struct json_value *member, const char *name)
{
    struct json_value key = {
        .type = JSON_STRING, .escaped = member->key_escaped, .text = member->key};
    size_t len = strlen(name);
    char room[128];

    if (!member->key_escaped)
        return member->key.len == len && memcmp(member->key.data, name, len) == 0;
    return json_text(&key, room, sizeof room) && strcmp(room, name) == 0;
}

bool json_find(const struct json_value *object, const char *name, struct json_value *ret)
{
    struct json_value member;

    if (object->type != JSON_OBJECT)
        return false;
    for (struct json_cursor c = json_enter(object); json_next(&c, &member);) {
        if (json_key_is(&member, name)) {
            *ret = member;
            return true;
        }
    }
    return false;
}

double json_number(const struct json_value *value)
{
    char room[JSON_NUMBER_MAX + 1];
    const uint8_t *text = value->text.data;
    int64_t whole = 0;
    size_t i = 0;

    if (value->type != JSON_NUMBER || value->text.len > JSON_NUMBER_MAX)
        return 0;
    /* Versions and times, which are most numbers: exact up to 2^53. */
    while (i < value->text.len && i < 15 && is_digit(text[i]))
        whole = whole * 10 + (text[i++] - '0');
    if (i == value->text.len)
        return (double)whole;
    memcpy(room, text, value->text.len);
    room[value->text.len] = '\0';
    return strtod(room, NULL);
}
