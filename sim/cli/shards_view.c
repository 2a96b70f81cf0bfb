#include "cli/shards_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/xmem.h"
#include "metrics/hlog.h"
#include "metrics/recorder.h"
#include "report/fleet_log.h"

#define PIECE_MAX   ((size_t)4 << 20)
#define SUMMARY_MAX ((size_t)16 << 20)
#define LINE_BYTES  4096
#define COLUMNS_MAX 64
#define JSON_DEPTH  16
#define MIB         1048576.0

struct shards_view {
    char *parts;
    uint32_t count;
    long *read;              /* of each shard's log, bytes */
    struct recorder *stages; /* of all their intervals so far, warm-up left out */
    struct recorder *now;    /* what was told last */
    usec_t looked_at, cpu, broker_cpu;
};

/* Of all shards together, at their last lines. */
struct sums {
    double states[TCU_STATE_COUNT], cpu_percent, memory_mib;
    double broker_percent, broker_mib; /* the same for all */
};

struct shards_view *shards_view_new(const char *parts, uint32_t count)
{
    struct shards_view *v = xcalloc(1, sizeof *v);

    v->parts = xstrdup(parts);
    v->count = count;
    v->read = xcalloc(count, sizeof *v->read);
    v->stages = recorder_new();
    v->looked_at = clock_now();
    return v;
}

void shards_view_free(struct shards_view *v)
{
    if (v == NULL)
        return;
    recorder_free(v->stages);
    recorder_free(v->now);
    free(v->read);
    free(v->parts);
    free(v);
}

static FILE *open_file(const struct shards_view *v, uint32_t shard, const char *name)
{
    char *path = xasprintf("%s/shard-%04" PRIu32 "/%s", v->parts, shard, name);
    FILE *file = fopen(path, "re");

    free(path);
    return file;
}

/* Up to so many bytes from there on. */
static void read_piece(FILE *file, long from, size_t max, struct buf *out)
{
    uint8_t *room = NULL;

    buf_init(out, max);
    if (fseek(file, 0, SEEK_END) != 0)
        return;
    long end = ftell(file);
    size_t want = end > from ? (size_t)(end - from) : 0;
    want = want < max ? want : max;
    if (want > 0 && fseek(file, from, SEEK_SET) == 0)
        room = buf_reserve(out, want);
    if (room != NULL)
        buf_commit(out, fread(room, 1, want, file));
}

/* ---- histograms ---- */

static bool on_entry(void *arg, const struct hlog_entry *entry)
{
    if (strncmp(entry->tag, RECORDER_WARM_UP, strlen(RECORDER_WARM_UP)) != 0)
        recorder_merge(arg, entry->tag, entry->histogram);
    return true;
}

static void read_log(struct shards_view *v, uint32_t shard)
{
    FILE *file = open_file(v, shard, "latency.hlog");
    struct error ignored;
    struct buf piece;

    if (file == NULL)
        return;
    read_piece(file, v->read[shard], PIECE_MAX, &piece);
    fclose(file);
    size_t whole = buf_len(&piece);
    while (whole > 0 && buf_data(&piece)[whole - 1] != '\n')
        whole--;
    if (whole > 0) {
        hlog_read(slice_of(buf_data(&piece), whole), on_entry, v->stages, NULL, &ignored);
        v->read[shard] += (long)whole;
    }
    buf_done(&piece);
}

/* ---- counters ---- */

static void read_counters(const struct shards_view *v, uint32_t shard)
{
    FILE *file = open_file(v, shard, "summary.json");
    struct buf text;
    const cJSON *counter;

    if (file == NULL)
        return;
    read_piece(file, 0, SUMMARY_MAX, &text);
    fclose(file);
    cJSON *summary = json_parse(buf_slice(&text), JSON_DEPTH);
    cJSON_ArrayForEach(counter, json_get(summary, "counters"))
    {
        double value = cJSON_GetNumberValue(counter);
        if (value > 0)
            recorder_count(v->now, counter->string, (uint64_t)value);
    }
    cJSON_Delete(summary);
    buf_done(&text);
}

/* ---- timelines ---- */

static bool is_named(const char *name, const char *text, size_t len)
{
    return strlen(name) == len && strncmp(name, text, len) == 0;
}

static void add_column(const char *name, size_t len, double value, struct sums *sums)
{
    const struct {
        const char *name;
        double *sum;
    } columns[] = {
        {"off",          &sums->states[TCU_OFF]         },
        {"asleep",       &sums->states[TCU_ASLEEP]      },
        {"connecting",   &sums->states[TCU_CONNECTING]  },
        {"syncing",      &sums->states[TCU_SYNCING]     },
        {"online",       &sums->states[TCU_ONLINE]      },
        {"backing_off",  &sums->states[TCU_BACKING_OFF] },
        {"provisioning", &sums->states[TCU_PROVISIONING]},
        {"cpu_percent",  &sums->cpu_percent             },
        {"memory_mib",   &sums->memory_mib              },
    };

    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (is_named(columns[i].name, name, len))
            *columns[i].sum += value;
    if (is_named("broker_cpu_percent", name, len) && value > sums->broker_percent)
        sums->broker_percent = value;
    if (is_named("broker_memory_mib", name, len) && value > sums->broker_mib)
        sums->broker_mib = value;
}

/* The last whole line of a file, in `tail`; NULL: there is none. */
static char *last_line(FILE *file, char tail[LINE_BYTES + 1])
{
    if (fseek(file, -LINE_BYTES, SEEK_END) != 0)
        rewind(file);
    size_t n = fread(tail, 1, LINE_BYTES, file);
    while (n > 0 && tail[n - 1] != '\n')
        n--;
    if (n == 0)
        return NULL;
    tail[n - 1] = '\0';
    char *before = strrchr(tail, '\n');
    return before != NULL ? before + 1 : NULL;
}

static void add_line(const char *names, const char *cells, struct sums *sums)
{
    for (size_t column = 0; column < COLUMNS_MAX; column++) {
        size_t len = strcspn(names, ",\n");
        add_column(names, len, strtod(cells, NULL), sums);
        cells += strcspn(cells, ",");
        if (names[len] != ',' || *cells != ',')
            return;
        names += len + 1;
        cells++;
    }
}

static void read_timeline(const struct shards_view *v, uint32_t shard, struct sums *sums)
{
    FILE *file = open_file(v, shard, FLEET_LOG_FILE);
    char names[LINE_BYTES], tail[LINE_BYTES + 1];

    if (file == NULL)
        return;
    const char *cells = fgets(names, sizeof names, file) != NULL ? last_line(file, tail) : NULL;
    if (cells != NULL)
        add_line(names, cells, sums);
    fclose(file);
}

/* ---- all of it ---- */

static void put_together(struct shards_view *v, struct sums *sums)
{
    recorder_free(v->now);
    v->now = recorder_new();
    for (uint32_t i = 0; i < v->count; i++) {
        read_log(v, i);
        read_counters(v, i);
        read_timeline(v, i, sums);
    }
    for (size_t i = 0; i < recorder_stage_count(v->stages); i++) {
        const struct recorder_stage *stage = recorder_stage_at(v->stages, i);
        recorder_merge(v->now, stage->name, &stage->total);
    }
}

void shards_view_look(struct shards_view *v, struct live_moment *ret)
{
    struct sums sums = {0};
    usec_t now = clock_now();

    put_together(v, &sums);
    v->cpu += (usec_t)(sums.cpu_percent / 100 * (double)(now - v->looked_at));
    v->broker_cpu += (usec_t)(sums.broker_percent / 100 * (double)(now - v->looked_at));
    v->looked_at = now;
    for (int i = 0; i < TCU_STATE_COUNT; i++)
        ret->states[i] = (size_t)sums.states[i];
    ret->usage =
        (struct process_usage){.cpu = v->cpu, .resident = (uint64_t)(sums.memory_mib * MIB)};
    ret->broker =
        (struct process_usage){.cpu = v->broker_cpu, .resident = (uint64_t)(sums.broker_mib * MIB)};
    ret->recorder = v->now;
}
