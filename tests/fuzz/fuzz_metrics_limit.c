/*
 * Limits come from command lines, and from the summary.json of other runs. Properties: any text is
 * read or refused without harm, with a reason; what was read is the same when it is read again from
 * its own expression, and can be judged and told.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/limits.h"

static void read_again(const struct limit *limit)
{
    struct limit again;
    struct error err;

    if (!limit_parse(limit->expression, &again, &err))
        abort();
    if (strcmp(limit->expression, again.expression) != 0 ||
        strcmp(limit->metric, again.metric) != 0 || limit->statistic != again.statistic ||
        limit->relation != again.relation ||
        memcmp(&limit->bound, &again.bound, sizeof(double)) != 0)
        abort();
}

static void tell(const char *expression, struct recorder *rec)
{
    struct error err;
    struct limits *l = limits_new(&expression, 1, &err);
    struct buf out;

    if (l == NULL)
        abort();
    limits_judge(l, rec);
    buf_init(&out, 1 << 16);
    if (!limits_table(l, true, &out))
        abort();
    buf_done(&out);
    cJSON_Delete(limits_json(l));
    limits_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct error err = {0};
    struct limit limit;

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (limit_parse(text, &limit, &err)) {
        struct recorder *rec = recorder_new();
        read_again(&limit);
        tell(limit.expression, rec);
        recorder_value(rec, limit.metric, 1000);
        recorder_count(rec, limit.metric, 3);
        recorder_count(rec, "commands.sent", 9);
        tell(limit.expression, rec);
        recorder_free(rec);
    } else if (err.code != ERROR_USAGE || err.text[0] == '\0') {
        abort();
    }
    free(text);
    return 0;
}
