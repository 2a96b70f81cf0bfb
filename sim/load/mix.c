#include "load/mix.h"

#include <stdlib.h>
#include <string.h>

/* A plain decimal number of at least 0 at the beginning of the text. */
static bool take_number(const char **p, double *ret)
{
    char *end;
    size_t digits = strspn(*p, "0123456789.");

    *ret = strtod(*p, &end);
    if (digits == 0 || end != *p + digits || !(*ret >= 0 && *ret <= 1e9))
        return false;
    *p = end;
    return true;
}

static bool take_part(struct mix *mix, const char *text, size_t len)
{
    struct mix_part *part = &mix->parts[mix->count];
    const char *sign = memchr(text, '=', len);
    size_t name = sign != NULL ? (size_t)(sign - text) : len;
    const char *p = sign != NULL ? sign + 1 : NULL;

    if (mix->count == MIX_MAX || name == 0 || name >= sizeof part->name)
        return false;
    memcpy(part->name, text, name);
    part->name[name] = '\0';
    part->share = 1;
    if (p != NULL && (!take_number(&p, &part->share) || p != text + len || part->share <= 0))
        return false;
    for (size_t i = 0; i < mix->count; i++)
        if (strcmp(mix->parts[i].name, part->name) == 0)
            return false;
    mix->count++;
    return true;
}

bool mix_parse(const char *text, const char *what, struct mix *ret, struct error *err)
{
    const char *p = text;

    ret->count = 0;
    for (;;) {
        size_t len = strcspn(p, ",");
        if (!take_part(ret, p, len))
            return error_set(err, ERROR_USAGE,
                             "%s %s: not a mix (as a=3,b=1 or a,b: at most %d different names, "
                             "shares above 0)",
                             what, text, MIX_MAX);
        p += len;
        if (*p == '\0')
            return true;
        p++;
    }
}

bool rate_parse(const char *text, double *ret_per_second)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {
        {"",     1   },
        {"/s",   1   },
        {"/min", 60  },
        {"/m",   60  },
        {"/h",   3600},
    };
    double number;

    if (!take_number(&text, &number))
        return false;
    if (*text == 'k') {
        number *= 1000;
        text++;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(text, units[i].name) == 0) {
            *ret_per_second = number / units[i].seconds;
            return true;
        }
    return false;
}

bool share_parse(const char *text, double *ret)
{
    if (!take_number(&text, ret))
        return false;
    if (*text == '%') {
        *ret /= 100;
        text++;
    }
    return *text == '\0' && *ret <= 1;
}
