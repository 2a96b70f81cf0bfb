#include "cloud/clients/quota.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_SIZE 256

struct counter {
    int64_t began; /* ms; or the pass, of what is in flight */
    unsigned count;
};

/* ORDER QUOTA */
static const struct {
    const char *name;
    unsigned most;
} quotas[QUOTA_COUNT] = {
    {"connects",       1  },
    {"connectsOfAll",  500},
    {"messages",       100},
    {"shadowRequests", 20 },
    {"shadowInFlight", 10 },
};

const char *quota_name(enum quota_kind kind)
{
    return kind < QUOTA_COUNT ? quotas[kind].name : "?";
}

void quota_init(struct quota *q)
{
    *q = (struct quota){.on = false};
    table_init(&q->counters);
}

void quota_done(struct quota *q)
{
    table_done(&q->counters, free);
}

static struct counter *counter_of(struct quota *q, enum quota_kind kind, const char *name)
{
    char key[NAME_SIZE];

    snprintf(key, sizeof key, "%d/%s", (int)kind, name);
    struct counter *c = table_get(&q->counters, key);
    if (c != NULL)
        return c;
    c = calloc(1, sizeof *c);
    if (c != NULL && table_put(&q->counters, key, c))
        return c;
    free(c);
    return NULL;
}

static bool is_over(const struct counter *c, int64_t now_ms)
{
    return now_ms - c->began >= 1000 || now_ms < c->began;
}

bool quota_take(struct quota *q, enum quota_kind kind, const char *name, int64_t now_ms)
{
    struct counter *c = q->on ? counter_of(q, kind, name) : NULL;

    if (c == NULL)
        return true;
    bool flight = kind == QUOTA_SHADOW_FLIGHT;
    if (c->count == 0 || (flight ? c->began != (int64_t)q->pass : is_over(c, now_ms)))
        *c = (struct counter){.began = flight ? (int64_t)q->pass : now_ms};
    if (c->count < quotas[kind].most) {
        c->count++;
        return true;
    }
    q->broken[kind]++;
    return false;
}

void quota_landed(struct quota *q)
{
    q->pass++;
}

static bool is_old(void *value, void *ctx)
{
    const int64_t *now_ms = ctx;

    if (!is_over(value, *now_ms))
        return false;
    free(value);
    return true;
}

void quota_sweep(struct quota *q, int64_t now_ms)
{
    table_sweep(&q->counters, is_old, &now_ms);
}
