#include "http/http_accept.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define WHOLE 1000

/* How closely a range is about the type: 0 not at all, then any, any of its kind, this one. */
static int closeness(const char *range, size_t len, const char *type)
{
    size_t kind = strcspn(type, "/") + 1; /* with the slash */

    if (len == strlen(type) && strncasecmp(range, type, len) == 0)
        return 3;
    if (len == kind + 1 && range[kind] == '*' && strncasecmp(range, type, kind) == 0)
        return 2;
    return len == 3 && strncmp(range, "*/*", 3) == 0 ? 1 : 0;
}

/* "0.75" as 750; what is none is 0. */
static int weight_of(const char *text, size_t len)
{
    int weight = 0, place = WHOLE;

    for (size_t i = 0; i < len && place > 0; i++) {
        if (text[i] == '.' && i == 1)
            continue;
        if (text[i] < '0' || text[i] > '9')
            return 0;
        weight += (text[i] - '0') * place;
        place /= 10;
    }
    return weight < WHOLE ? weight : WHOLE;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

static size_t trimmed(const char *at, const char *end)
{
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (size_t)(end - at);
}

/* The q among a range's parameters. */
static int parameter_weight(const char *at, const char *end)
{
    while (at < end) {
        const char *stop = memchr(at, ';', (size_t)(end - at));
        stop = stop != NULL ? stop : end;
        at = skip_blanks(at, stop);
        if (stop - at >= 2 && (*at == 'q' || *at == 'Q') && at[1] == '=')
            return weight_of(at + 2, trimmed(at + 2, stop));
        at = stop < end ? stop + 1 : end;
    }
    return WHOLE;
}

int http_accept_weight(const char *header, const char *type)
{
    int weight = 0, closest = 0;

    if (header == NULL || *header == '\0')
        return WHOLE;
    for (const char *at = header; *at != '\0';) {
        const char *end = at + strcspn(at, ",");
        at = skip_blanks(at, end);
        const char *semicolon = memchr(at, ';', (size_t)(end - at));
        const char *stop = semicolon != NULL ? semicolon : end;
        int close = closeness(at, trimmed(at, stop), type);
        if (close > 0 && close >= closest) {
            int its = parameter_weight(semicolon != NULL ? semicolon + 1 : end, end);
            /* Of versions of the same type, the one that they would rather have. */
            weight = close > closest || its > weight ? its : weight;
            closest = close;
        }
        at = *end != '\0' ? end + 1 : end;
    }
    return weight;
}
