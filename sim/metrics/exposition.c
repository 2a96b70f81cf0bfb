#include "metrics/exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEAD_MAX  ((size_t)4096)
#define COUNT_MAX 24

/* The bounds of buckets in microseconds: five or six a decade, so that a quantile that is estimated
   from them is off by a fifth at most. */
static const usec_t bounds[] = {
    500,      1000,     1500,     2000,      3000,      5000,     7500,    10000,    15000,
    20000,    30000,    50000,    75000,     100000,    150000,   200000,  300000,   500000,
    750000,   1000000,  1500000,  2000000,   3000000,   5000000,  7500000, 10000000, 15000000,
    20000000, 30000000, 60000000, 120000000, 300000000, 600000000};
#define BOUND_COUNT (sizeof bounds / sizeof *bounds)

static const struct {
    double percent;
    const char *quantile;
} quantiles[] = {
    {50,   "0.5"  },
    {90,   "0.9"  },
    {99,   "0.99" },
    {99.9, "0.999"},
    {100,  "1.0"  },
};

/* ---- names ---- */

static void put_escaped(struct buf *out, const char *text, bool quotes)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            buf_append_str(out, "\\n");
        else if (*text == '\\')
            buf_append_str(out, "\\\\");
        else if (*text == '"' && quotes)
            buf_append_str(out, "\\\"");
        else
            buf_append(out, text, 1);
    }
}

static const char *type_name(const struct exposition *e)
{
    static const char *const names[] = {"counter", "gauge", "histogram", "summary", "info"};

    return e->type == EXPOSITION_INFO && e->form == OPENMETRICS_TEXT_0_4 ? "gauge" : names[e->type];
}

static const char *suffix(const struct exposition *e)
{
    return e->type == EXPOSITION_COUNTER ? "_total" : e->type == EXPOSITION_INFO ? "_info" : "";
}

/* In the older format a family has the name of its samples. */
static const char *family_suffix(const struct exposition *e)
{
    return e->form == OPENMETRICS_TEXT_0_4 ? suffix(e) : "";
}

void exposition_family(struct exposition *e, const char *name, enum exposition_type type,
                       const char *unit, const char *help)
{
    snprintf(e->family, sizeof e->family, "%s", name);
    e->type = type;
    buf_printf(e->out, "# HELP %s%s ", name, family_suffix(e));
    put_escaped(e->out, help, e->form == OPENMETRICS_1_0);
    buf_printf(e->out, "\n# TYPE %s%s %s\n", name, family_suffix(e), type_name(e));
    if (unit != NULL && e->form == OPENMETRICS_1_0)
        buf_printf(e->out, "# UNIT %s %s\n", name, unit);
}

/* ---- samples ---- */

/* The name with its labels, up to where one more may come; false: there are none so far. */
static bool put_labels(struct buf *out, const struct exposition *e, const char *end,
                       const struct exposition_label *labels)
{
    bool any = false;

    buf_append_str(out, e->family);
    buf_append_str(out, end);
    for (; labels != NULL && labels->name != NULL; labels++) {
        if (labels->value == NULL)
            continue;
        buf_append_str(out, any ? "," : "{");
        buf_append_str(out, labels->name);
        buf_append_str(out, "=\"");
        put_escaped(out, labels->value, true);
        buf_append_str(out, "\"");
        any = true;
    }
    return any;
}

static void put_name(struct exposition *e, const char *end, const struct exposition_label *labels)
{
    buf_append_str(e->out, put_labels(e->out, e, end, labels) ? "} " : " ");
}

/* Many samples that differ by their last label: what they have in common is written once. */
struct ladder {
    struct exposition *e;
    struct buf head; /* up to the last label's value */
};

static void ladder_begin(struct ladder *l, struct exposition *e, const char *end,
                         const struct exposition_label *labels, const char *last)
{
    l->e = e;
    buf_init(&l->head, HEAD_MAX);
    buf_append_str(&l->head, put_labels(&l->head, e, end, labels) ? "," : "{");
    buf_append_str(&l->head, last);
    buf_append_str(&l->head, "=\"");
}

static void ladder_step(struct ladder *l, const char *last, const char *value)
{
    struct buf *out = l->e->out;

    buf_append_slice(out, buf_slice(&l->head));
    buf_append_str(out, last);
    buf_append_str(out, "\"} ");
    buf_append_str(out, value);
    buf_append_str(out, "\n");
}

static void ladder_end(struct ladder *l)
{
    buf_done(&l->head);
}

/* Seconds of microseconds, exactly, in the one form that both formats write floats: "0.5", "1.0".
 */
static void write_seconds(char *ret, size_t size, usec_t value)
{
    int n =
        snprintf(ret, size, "%" PRIu64 ".%06" PRIu64, value / USEC_PER_SEC, value % USEC_PER_SEC);

    while (n > 2 && ret[n - 1] == '0' && ret[n - 2] != '.')
        ret[--n] = '\0';
}

void exposition_count(struct exposition *e, const struct exposition_label *labels, uint64_t value)
{
    put_name(e, suffix(e), labels);
    buf_printf(e->out, "%" PRIu64 "\n", value);
}

static void put_seconds(struct exposition *e, usec_t value)
{
    char text[32];

    write_seconds(text, sizeof text, value);
    buf_printf(e->out, "%s\n", text);
}

void exposition_seconds(struct exposition *e, const struct exposition_label *labels, usec_t value)
{
    put_name(e, suffix(e), labels);
    put_seconds(e, value);
}

/* ---- histograms ---- */

struct sums {
    uint64_t up_to[BOUND_COUNT]; /* how many values are in bucket i, not below it */
    double total;                /* of the values, in µs */
};

/* A slot that a bound lies in counts as below it: it is at most a thousandth wide. */
static void sum_up(const struct histogram *h, struct sums *ret)
{
    size_t bucket = 0;

    *ret = (struct sums){0};
    for (size_t run = 0; run < HISTOGRAM_RUNS; run++) {
        for (size_t i = 0; h->runs[run] != NULL && i < HISTOGRAM_RUN; i++) {
            uint64_t count = h->runs[run][i];
            size_t slot = run * HISTOGRAM_RUN + i;
            if (count == 0)
                continue;
            usec_t low = histogram_slot_low(slot);
            while (bucket < BOUND_COUNT && low > bounds[bucket])
                bucket++;
            if (bucket < BOUND_COUNT)
                ret->up_to[bucket] += count;
            ret->total += (double)count * (double)(low + histogram_slot_high(slot)) / 2;
        }
    }
}

static void put_totals(struct exposition *e, const struct exposition_label *labels,
                       const struct histogram *h, double sum)
{
    put_name(e, "_sum", labels);
    put_seconds(e, (usec_t)sum);
    put_name(e, "_count", labels);
    buf_printf(e->out, "%" PRIu64 "\n", histogram_total(h));
}

/* As snprintf() would, but there are thousands of them. */
static const char *write_count(uint64_t value, char ret[static COUNT_MAX])
{
    size_t at = COUNT_MAX - 1;

    ret[at] = '\0';
    do
        ret[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    return &ret[at];
}

void exposition_histogram(struct exposition *e, const struct exposition_label *labels,
                          const struct histogram *h)
{
    struct ladder buckets;
    struct sums sums;
    uint64_t below = 0;
    char bound[32], count[COUNT_MAX] = "";

    sum_up(h, &sums);
    ladder_begin(&buckets, e, "_bucket", labels, "le");
    for (size_t i = 0; i < BOUND_COUNT; i++) {
        below += sums.up_to[i];
        write_seconds(bound, sizeof bound, bounds[i]);
        ladder_step(&buckets, bound, write_count(below, count));
    }
    ladder_step(&buckets, "+Inf", write_count(histogram_total(h), count));
    ladder_end(&buckets);
    put_totals(e, labels, h, sums.total);
}

void exposition_summary(struct exposition *e, const struct exposition_label *labels,
                        const struct histogram *h)
{
    struct ladder steps;
    struct sums sums;
    char value[32];

    sum_up(h, &sums);
    ladder_begin(&steps, e, "", labels, "quantile");
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        write_seconds(value, sizeof value, histogram_percentile(h, quantiles[i].percent));
        ladder_step(&steps, quantiles[i].quantile, value);
    }
    ladder_end(&steps);
    put_totals(e, labels, h, sums.total);
}

void exposition_end(struct exposition *e)
{
    if (e->form == OPENMETRICS_1_0)
        buf_append_str(e->out, "# EOF\n");
}
