#include "base/timeunit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

usec_t clock_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

usec_t clock_cpu(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static double unit_usec(const char **p)
{
    static const struct {
        const char *name;
        double usec;
    } units[] = {
        {"us",        1      },
        {"\xc2\xb5s", 1      }, /* µ */
        {"ms",        1e3    },
        {"s",         1e6    },
        {"m",         60e6   },
        {"h",         3600e6 },
        {"d",         86400e6}
    };

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t n = strlen(units[i].name);
        /* "m" must not swallow the m of "ms". */
        if (strncmp(*p, units[i].name, n) == 0 && !(n == 1 && **p == 'm' && (*p)[1] == 's')) {
            *p += n;
            return units[i].usec;
        }
    }
    return 0;
}

bool duration_parse(const char *text, usec_t *ret)
{
    const char *p = text;
    double total = 0;

    if (*p == '\0')
        return false;
    while (*p != '\0') {
        char *end;
        /* strtod() also takes hexadecimal, exponents and names. */
        size_t digits = strspn(p, "0123456789.");
        double number = strtod(p, &end);
        if (digits == 0 || end != p + digits)
            return false;
        bool bare = *end == '\0' && p == text;
        p = end;
        double unit = bare ? 1e6 : unit_usec(&p);
        if (unit <= 0)
            return false;
        total += number * unit;
    }
    if (total > 1e18)
        return false;
    *ret = (usec_t)llround(total);
    return true;
}

void timestamp_iso(int64_t wall_ms, char ret[32])
{
    int64_t ms = (wall_ms % 1000 + 1000) % 1000;
    time_t seconds = (time_t)((wall_ms - ms) / 1000);
    struct tm tm = {0};

    gmtime_r(&seconds, &tm);
    size_t n = strftime(ret, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret + n, 32 - n, ".%03dZ", (int)ms);
}

bool wall_parse(const char *text, int64_t *ret_ms)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S",
                                        "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[i], &tm);
        if (end == NULL || *end != '\0')
            continue;
        int day = tm.tm_mday;
        int64_t seconds = timegm(&tm);
        *ret_ms = seconds * 1000;
        return tm.tm_mday == day; /* the 30th of February has become another day */
    }
    return false;
}

void duration_human(double usec, char *ret, size_t size)
{
    static const struct {
        double factor;
        const char *unit;
    } scales[] = {
        {1,   "µs"},
        {1e3, "ms" },
        {1e6, "s"  }
    };
    /* By what is printed: 999.7 µs is 1.00 ms. */
    size_t i = usec < 999.5 ? 0 : usec < 999.5e3 ? 1 : 2;
    double value = usec / scales[i].factor;
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

    snprintf(ret, size, "%.*f %s", i == 0 ? 0 : decimals, value, scales[i].unit);
}
