#include "script/violation.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/xmem.h"

void violations_init(struct violations *v)
{
    *v = (struct violations){.first = NULL};
    v->last = &v->first;
}

void violations_done(struct violations *v)
{
    while (v->first != NULL) {
        struct violation *next = v->first->next;
        free(v->first->text);
        free(v->first->thing);
        free(v->first);
        v->first = next;
    }
    violations_init(v);
}

bool violations_add(struct violations *v, const struct oracle_violation *violation,
                    const char *thing, uint32_t vehicle, usec_t at)
{
    bool expected = v->rules[violation->rule].on;

    v->rules[violation->rule].seen++;
    v->unexpected += !expected;
    if (v->kept == VIOLATIONS_KEPT)
        return expected;
    v->kept++;
    struct violation *copy = xcalloc(1, sizeof *copy);
    *copy = (struct violation){.rule = violation->name,
                               .text = xstrdup(violation->text),
                               .thing = xstrdup(thing),
                               .vehicle = vehicle,
                               .at = at,
                               .expected = expected};
    *v->last = copy;
    v->last = &copy->next;
    return expected;
}

void violations_expect(struct violations *v, enum oracle_rule rule, int64_t count)
{
    v->rules[rule].on = true;
    v->rules[rule].count = count;
}

static bool is_met(const struct violations *v, size_t rule)
{
    int64_t count = v->rules[rule].count;

    if (!v->rules[rule].on)
        return true;
    return count < 0 ? v->rules[rule].seen != 0 : v->rules[rule].seen == (uint64_t)count;
}

bool violations_met(const struct violations *v)
{
    for (size_t i = 0; i < ORACLE_RULE_COUNT; i++)
        if (!is_met(v, i))
            return false;
    return true;
}

const struct violation *violations_first(const struct violations *v)
{
    const struct violation *found = v->first;

    while (found != NULL && found->expected)
        found = found->next;
    return found;
}

void violations_write(const struct violations *v, struct buf *out)
{
    if (v->unexpected != 0)
        buf_append_str(out, "  the oracle found (" ORACLE_DOCS " explains each rule):\n");
    for (const struct violation *one = v->first; one != NULL; one = one->next)
        if (!one->expected)
            buf_printf(out, "    +%.3f s  %s: car %" PRIu32 " (%s): %s\n", (double)one->at / 1e6,
                       one->rule, one->vehicle, one->thing, one->text);
}

char *violations_complaint(const struct violations *v)
{
    const struct violation *first = violations_first(v);

    if (first != NULL) {
        char *more = v->unexpected > 1 ? xasprintf(" (and %zu more)", v->unexpected - 1) : NULL;
        char *text = xasprintf("oracle: %s: car %" PRIu32 " (%s): %s%s (%s#%s)", first->rule,
                               first->vehicle, first->thing, first->text, more != NULL ? more : "",
                               ORACLE_DOCS, first->rule);
        free(more);
        return text;
    }
    for (size_t i = 0; i < ORACLE_RULE_COUNT; i++) {
        if (is_met(v, i))
            continue;
        const char *name = oracle_rule_name((enum oracle_rule)i);
        if (v->rules[i].count < 0)
            return xasprintf("expected a violation of %s, saw none", name);
        return xasprintf("expected %" PRId64 " violation%s of %s, saw %" PRIu64, v->rules[i].count,
                         v->rules[i].count == 1 ? "" : "s", name, v->rules[i].seen);
    }
    return NULL;
}
