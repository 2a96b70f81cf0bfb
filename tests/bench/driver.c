#include "tests/bench/bench.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define WARM_UP USEC_PER_SEC

static double rss_kb(void)
{
    unsigned long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f == NULL)
        return 0;
    if (fscanf(f, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static usec_t cpu_now(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (usec_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * USEC_PER_SEC +
           (usec_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

void bench_topic(uint32_t car, char ret[24])
{
    snprintf(ret, 24, "bench/%08u", car);
}

void bench_start(struct bench *b)
{
    b->rss_before = rss_kb();
    b->since = clock_now();
    b->cpu_since = cpu_now();
    uint32_t first = b->vehicles < BENCH_CONNECTING ? b->vehicles : BENCH_CONNECTING;
    b->started = first;
    for (uint32_t i = 0; i < first; i++)
        b->engine->connect(b, i);
}

void bench_on_connected(struct bench *b, uint32_t car)
{
    (void)car;
    pthread_mutex_lock(&b->lock);
    uint32_t next = b->started < b->vehicles ? b->started++ : UINT32_MAX;
    b->connected++;
    if (b->connected == b->vehicles) {
        usec_t took = clock_now() - b->since;
        b->result.connects_per_s = b->vehicles * 1e6 / (double)took;
        b->result.cpu_us_per_connect = (double)(cpu_now() - b->cpu_since) / b->vehicles;
    }
    pthread_mutex_unlock(&b->lock);
    if (next != UINT32_MAX)
        b->engine->connect(b, next);
}

void bench_on_subscribed(struct bench *b, uint32_t car)
{
    (void)car;
    pthread_mutex_lock(&b->lock);
    bool all = ++b->ready == b->vehicles;
    if (all) {
        b->result.kb_per_connection = (rss_kb() - b->rss_before) / b->vehicles;
        b->phase = BENCH_WARM_UP;
        b->until = clock_now() + WARM_UP;
        b->next = BENCH_OUTSTANDING % b->vehicles;
    }
    pthread_mutex_unlock(&b->lock);
    if (all)
        for (uint32_t i = 0; i < BENCH_OUTSTANDING; i++)
            b->engine->publish(b, i % b->vehicles);
}

/* Called with the lock held. */
static void advance(struct bench *b, usec_t now)
{
    if (b->phase == BENCH_WARM_UP) {
        b->phase = BENCH_MEASURE;
        b->round_trips = 0;
        b->since = now;
        b->cpu_since = cpu_now();
        b->until = now + (usec_t)(b->seconds * 1e6);
        return;
    }
    b->phase = BENCH_DONE;
    b->result.round_trips_per_s = (double)b->round_trips * 1e6 / (double)(now - b->since);
    b->result.cpu_us_per_round_trip =
        (double)(cpu_now() - b->cpu_since) / (double)(b->round_trips != 0 ? b->round_trips : 1);
    b->result.kb_after = (rss_kb() - b->rss_before) / b->vehicles;
}

void bench_on_message(struct bench *b)
{
    usec_t now = clock_now();

    pthread_mutex_lock(&b->lock);
    b->round_trips++;
    if (now >= b->until && b->phase != BENCH_DONE)
        advance(b, now);
    bool done = b->phase == BENCH_DONE;
    uint32_t next = b->next;
    b->next = next + 1 < b->vehicles ? next + 1 : 0;
    pthread_mutex_unlock(&b->lock);
    if (done)
        b->engine->stop(b);
    else
        b->engine->publish(b, next);
}

void bench_on_failure(struct bench *b, const char *text)
{
    pthread_mutex_lock(&b->lock);
    bool first = b->failure == NULL && b->phase != BENCH_DONE;
    if (first) {
        b->failure = text;
        b->phase = BENCH_DONE;
    }
    pthread_mutex_unlock(&b->lock);
    if (first) {
        fprintf(stderr, "fleetsim-bench: %s: %s\n", b->engine->name, text);
        b->engine->stop(b);
    }
}
