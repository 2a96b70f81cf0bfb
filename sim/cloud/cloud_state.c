/* What has to outlive the broker, as lines of JSON. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cloud/cloud_core.h"

#define RECORD_DEPTH 70

bool cloud_save(const struct cloud *cloud, int64_t now_ms, struct text *to)
{
    shadow_service_save(&cloud->shadows, to);
    presence_save(&cloud->presence, now_ms, to);
    registry_save(&cloud->registry, to);
    provision_service_save(&cloud->provisioning, to);
    policy_store_save(&cloud->access.policies, to);
    groups_save(&cloud->access.groups, to);
    job_service_save(&cloud->jobs, to);
    rules_save(&cloud->rules, to);
    stream_service_save(&cloud->streams, to);
    defender_service_save(&cloud->defender, to);
    campaign_service_save(&cloud->campaigns, to);
    return !to->failed;
}

uint64_t cloud_changes(const struct cloud *cloud)
{
    return cloud->changes;
}

/* "1,234,567" */
static void add_number(size_t n, struct text *to)
{
    char part[8];

    if (n >= 1000)
        add_number(n / 1000, to);
    snprintf(part, sizeof part, n >= 1000 ? ",%03zu" : "%zu", n % 1000);
    text_str(to, part);
}

static void add_count(size_t n, const char *one, const char *many, bool *ret_any, struct text *to)
{
    if (n == 0)
        return;
    if (*ret_any)
        text_str(to, ", ");
    add_number(n, to);
    text_str(to, " ");
    text_str(to, n == 1 ? one : many);
    *ret_any = true;
}

/* What a person would count. ORDER counted */
enum { THINGS, CERTIFICATES, AUTHORITIES, POLICIES, GROUPS, JOBS, SHADOWS, COUNTED };

static const struct {
    const char *one, *many, *line; /* what its line begins with */
} counted[COUNTED] = {
    {"thing",       "things",       "{\"thingName\":"      },
    {"certificate", "certificates", "{\"certificateId\":"  },
    {"authority",   "authorities",  "{\"caCertificateId\":"},
    {"policy",      "policies",     "{\"policy\":"         },
    {"group",       "groups",       "{\"group\":"          },
    {"job",         "jobs",         "{\"job\":"            },
    {"shadow",      "shadows",      "{\"shadow\":"         },
};

static void describe(const size_t counts[COUNTED], struct text *to)
{
    bool any = false;

    for (int i = 0; i < COUNTED; i++)
        add_count(counts[i], counted[i].one, counted[i].many, &any, to);
    if (!any)
        text_str(to, "nothing");
}

void cloud_describe(const struct cloud *cloud, struct text *to)
{
    const size_t counts[COUNTED] = {
        [THINGS] = cloud->registry.things.count,
        [CERTIFICATES] = cloud->registry.certificates.count,
        [AUTHORITIES] = cloud->registry.authorities.count,
        [POLICIES] = policy_store_count(&cloud->access.policies),
        [GROUPS] = cloud->access.groups.by_name.count,
        [JOBS] = job_service_count(&cloud->jobs),
        [SHADOWS] = shadow_service_count(&cloud->shadows),
    };

    describe(counts, to);
}

static int kind_of(struct slice line)
{
    int kind = 0;

    while (kind < COUNTED &&
           (line.len < strlen(counted[kind].line) ||
            memcmp(line.data, counted[kind].line, strlen(counted[kind].line)) != 0))
        kind++;
    return kind;
}

/* Of one that was deleted, only that is kept. */
static bool is_deleted_shadow(struct slice line)
{
    static const char document[] = "\",\"document\":";

    return memmem(line.data, line.len, document, sizeof document - 1) == NULL;
}

void cloud_describe_lines(struct slice text, struct text *to)
{
    size_t counts[COUNTED + 1] = {0};

    while (text.len != 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.data) + 1 : text.len;
        struct slice line = slice_of(text.data, len);
        int kind = kind_of(line);
        if (kind != SHADOWS || !is_deleted_shadow(line))
            counts[kind]++;
        text = slice_of(text.data + len, text.len - len);
    }
    describe(counts, to);
}

/* Shows each line; it returns how many were not taken. */
static size_t each_line(struct slice text, bool (*take)(void *ctx, const cJSON *record), void *ctx)
{
    size_t bad = 0;

    while (text.len != 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.data) : text.len;
        cJSON *record = json_parse(slice_of(text.data, len), RECORD_DEPTH);
        bad += take(ctx, record) ? 0 : 1;
        cJSON_Delete(record);
        size_t used = end != NULL ? len + 1 : len;
        text = slice_of(text.data + used, text.len - used);
    }
    return bad;
}

struct loading {
    struct cloud *cloud;
    int64_t now_ms;
};

static bool load_line(void *ctx, const cJSON *record)
{
    const struct loading *x = ctx;
    struct cloud *cloud = x->cloud;

    return shadow_service_load(&cloud->shadows, record) ||
           presence_load(&cloud->presence, record, x->now_ms) ||
           registry_load(&cloud->registry, record) ||
           provision_service_load(&cloud->provisioning, record) ||
           policy_store_load(&cloud->access.policies, record) ||
           groups_load(&cloud->access.groups, record) || job_service_load(&cloud->jobs, record) ||
           rules_load(&cloud->rules, record) || stream_service_load(&cloud->streams, record) ||
           defender_service_load(&cloud->defender, record) ||
           campaign_service_load(&cloud->campaigns, record);
}

size_t cloud_load(struct cloud *cloud, struct slice text, int64_t now_ms)
{
    struct loading x = {.cloud = cloud, .now_ms = now_ms};

    return each_line(text, load_line, &x);
}

/* ---- between two savings ---- */

void cloud_begin_journal(struct cloud *cloud)
{
    cloud->registry.journals = cloud->access.policies.journals = true;
}

bool cloud_journal(struct cloud *cloud, struct text *to)
{
    /* What is attached comes before what it is attached to. */
    policy_store_journal(&cloud->access.policies, to);
    registry_journal(&cloud->registry, to);
    return !to->failed;
}

static bool replay_line(void *ctx, const cJSON *record)
{
    struct cloud *cloud = ctx;

    return registry_replay(&cloud->registry, record) ||
           policy_store_load(&cloud->access.policies, record);
}

size_t cloud_replay(struct cloud *cloud, struct slice text)
{
    return each_line(text, replay_line, cloud);
}

uint64_t cloud_batch(const struct cloud *cloud)
{
    return cloud->batch;
}

void cloud_set_batch(struct cloud *cloud, uint64_t number)
{
    cloud->batch = number;
}
