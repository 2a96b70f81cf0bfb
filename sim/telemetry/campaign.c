#include "telemetry/campaign.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

#define EVERY_MIN 0.01 /* s */
#define SPAN_MAX  1e8  /* s: three years */
#define WALL_MAX  4e12 /* ms: the year 2096 */

enum { WHEN_MAX = 1024 };

struct campaign *campaign_keep(struct campaign *c)
{
    c->references++;
    return c;
}

void campaign_drop(struct campaign *c)
{
    if (c == NULL || --c->references > 0)
        return;
    condition_free(c->when);
    free(c->signals);
    free(c);
}

int campaign_position(const struct campaign *c, size_t index)
{
    for (size_t i = 0; i < c->signal_count; i++)
        if (c->signals[i] == index)
            return (int)i;
    return -1;
}

size_t campaign_history(const struct campaign *c)
{
    return c->before != 0 && c->every != 0 ? (size_t)(c->before / c->every + 1) * c->signal_count
                                           : 0;
}

bool campaign_read_number(const struct json_value *doc, const char *name, double min, double max,
                          double *ret, struct error *err)
{
    struct json_value value;

    if (!json_find(doc, name, &value))
        return true;
    double number = json_number(&value);
    if (value.type != JSON_NUMBER || number < min || number > max)
        return error_set(err, ERROR_FAILED, "%s: a number from %g to %g expected", name, min, max);
    *ret = number;
    return true;
}

static bool read_signal(const struct json_value *item, const struct signal_schema *schema,
                        uint32_t *ret, struct error *err)
{
    char name[256];

    if (!json_text(item, name, sizeof name))
        return error_set(err, ERROR_FAILED, "signals: names expected");
    int index = condition_signal(schema, slice_str(name));
    if (index < 0)
        return error_set(err, ERROR_FAILED, "no signal '%s' in model %s", name,
                         signal_schema_model(schema));
    *ret = (uint32_t)index;
    return true;
}

static bool listed(const uint32_t *signals, size_t count, uint32_t index)
{
    for (size_t i = 0; i < count; i++)
        if (signals[i] == index)
            return true;
    return false;
}

bool campaign_read_signals(const struct json_value *list, const struct signal_schema *schema,
                           uint32_t **ret, size_t *ret_count, struct error *err)
{
    uint32_t signals[CAMPAIGN_SIGNALS_MAX];
    size_t count = 0;
    struct json_value item;

    if (list->type != JSON_ARRAY)
        return error_set(err, ERROR_FAILED, "signals: a list expected");
    for (struct json_cursor c = json_enter(list); json_next(&c, &item);) {
        uint32_t index = 0;
        if (!read_signal(&item, schema, &index, err))
            return false;
        if (listed(signals, count, index))
            continue;
        if (count == CAMPAIGN_SIGNALS_MAX)
            return error_set(err, ERROR_FAILED, "signals: more than %d", CAMPAIGN_SIGNALS_MAX);
        signals[count++] = index;
    }
    if (count == 0)
        return error_set(err, ERROR_FAILED, "signals: none");
    *ret = xmalloc(count * sizeof **ret);
    memcpy(*ret, signals, count * sizeof **ret);
    *ret_count = count;
    return true;
}

static bool read_id(const struct json_value *doc, bool need_id, struct campaign *c,
                    struct error *err)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    struct json_value value;
    bool there = json_find(doc, "id", &value);

    if (!there && !need_id)
        return true;
    if (!there || !json_text(&value, c->id, sizeof c->id) || c->id[0] == '\0' ||
        c->id[strspn(c->id, allowed)] != '\0') {
        c->id[0] = '\0';
        return error_set(err, ERROR_FAILED,
                         "id: 1 to %d letters, digits, '.', '_' and '-' expected",
                         BATCH_CAMPAIGN_MAX - 1);
    }
    return true;
}

static bool read_change(const struct json_value *doc, struct campaign *c, struct error *err)
{
    struct json_value value;

    if (!json_find(doc, "onChange", &value) || value.type == JSON_FALSE)
        return true;
    c->on_change = true;
    return value.type == JSON_TRUE ||
           campaign_read_number(doc, "onChange", 0, 1e300, &c->least_change, err);
}

static bool read_until(const struct json_value *doc, struct campaign *c, struct error *err)
{
    struct json_value value;
    char text[64];

    if (!json_find(doc, "until", &value))
        return true;
    double seconds = json_number(&value);
    if (value.type == JSON_NUMBER && seconds > 0 && seconds * 1000 < WALL_MAX)
        c->until_ms = (int64_t)(seconds * 1000);
    else if (!json_text(&value, text, sizeof text) || !wall_parse(text, &c->until_ms))
        return error_set(err, ERROR_FAILED,
                         "until: a time like 2026-02-01T00:00:00Z or seconds since 1970 expected");
    return true;
}

static bool read_when(const struct json_value *doc, const struct signal_schema *schema,
                      struct campaign *c, struct error *err)
{
    struct json_value value;
    char text[WHEN_MAX];

    if (!json_find(doc, "when", &value))
        return true;
    if (!json_text(&value, text, sizeof text))
        return error_set(err, ERROR_FAILED, "when: a condition of at most %d bytes expected",
                         WHEN_MAX - 1);
    c->when = condition_parse(slice_str(text), schema, err);
    return c->when != NULL || error_prefix(err, "when");
}

static usec_t span(double seconds)
{
    return (usec_t)llround(seconds * 1e6);
}

static bool read_times(const struct json_value *doc, struct campaign *c, struct error *err)
{
    double every = c->when != NULL ? 1 : 0;
    double before = 0;
    double after = 0;

    if (!campaign_read_number(doc, "every", EVERY_MIN, SPAN_MAX, &every, err) ||
        !campaign_read_number(doc, "before", 0, SPAN_MAX, &before, err) ||
        !campaign_read_number(doc, "after", 0, SPAN_MAX, &after, err))
        return false;
    c->every = span(every);
    c->before = span(before);
    c->after = span(after);
    if (c->when == NULL && (before > 0 || after > 0))
        return error_set(err, ERROR_FAILED, "before and after need a condition (when)");
    if (c->when != NULL && c->on_change)
        return error_set(err, ERROR_FAILED, "onChange and when exclude each other");
    if (c->every == 0 && !c->on_change)
        return error_set(err, ERROR_FAILED, "when to collect? (every, onChange or when)");
    if (c->before / (c->every != 0 ? c->every : 1) > CAMPAIGN_HISTORY_MAX ||
        campaign_history(c) > CAMPAIGN_HISTORY_MAX)
        return error_set(err, ERROR_FAILED, "before: more than %d samples to remember",
                         CAMPAIGN_HISTORY_MAX);
    return true;
}

static bool check_members(const struct json_value *doc, struct error *err)
{
    static const char *const names[] = {"id",   "signals", "every", "onChange",
                                        "when", "before",  "after", "until"};
    struct json_value member;

    for (struct json_cursor c = json_enter(doc); json_next(&c, &member);) {
        size_t i = 0;
        while (i < sizeof names / sizeof *names && !json_key_is(&member, names[i]))
            i++;
        if (i == sizeof names / sizeof *names)
            return error_set(err, ERROR_FAILED, "%.*s: not a member of a campaign",
                             (int)(member.key.len < 64 ? member.key.len : 64),
                             (const char *)member.key.data);
    }
    return true;
}

static bool read_all(const struct json_value *doc, const struct signal_schema *schema, bool need_id,
                     struct campaign *c, struct error *err)
{
    struct json_value signals;

    if (doc->type != JSON_OBJECT)
        return error_set(err, ERROR_FAILED, "a campaign is an object");
    if (!read_id(doc, need_id, c, err) || !check_members(doc, err))
        return false;
    if (!json_find(doc, "signals", &signals))
        return error_set(err, ERROR_FAILED, "signals: none");
    return campaign_read_signals(&signals, schema, &c->signals, &c->signal_count, err) &&
           read_change(doc, c, err) && read_when(doc, schema, c, err) && read_times(doc, c, err) &&
           read_until(doc, c, err);
}

struct campaign *campaign_parse(const struct json_value *doc, const struct signal_schema *schema,
                                bool need_id, struct error *err)
{
    struct campaign *c = xcalloc(1, sizeof *c);

    c->references = 1;
    if (read_all(doc, schema, need_id, c, err))
        return c;
    campaign_drop(c);
    return NULL;
}
