#include "cloud/jobs/job_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/table.h"
#include "base/text.h"
#include "cloud/jobs/presign.h"
#include "cloud/registry/registry.h"

#define DOCUMENT_DEPTH  24
#define DESCRIPTION_MAX 2028
#define THING_ARN       ":thing/"
#define GROUP_ARN       ":thinggroup/"
#define GROUP           "group/"

static bool bad(struct job_error *error, const char *text)
{
    return job_error_set(error, "InvalidRequest", text);
}

static bool no_memory(struct job_error *error)
{
    error->code = NULL;
    return false;
}

/* ---- targets ---- */

/* What is behind the kind in "arn:aws:iot:<region>:<account>:<kind>/<name>"; NULL: it is none. */
static const char *behind(const char *s, const char *kind)
{
    const char *name = strncmp(s, "arn:", 4) == 0 ? strstr(s, kind) : NULL;

    return name != NULL ? name + strlen(kind) : NULL;
}

/* The name of a thing or, with *ret_group, of a group; NULL: neither. */
static const char *target_of(const cJSON *item, bool *ret_group)
{
    const char *s = cJSON_IsString(item) ? item->valuestring : "";
    const char *group = behind(s, GROUP_ARN);
    const char *thing = behind(s, THING_ARN);

    if (strncmp(s, GROUP, sizeof GROUP - 1) == 0)
        group = s + sizeof GROUP - 1;
    *ret_group = group != NULL;
    if (group != NULL || thing != NULL)
        s = group != NULL ? group : thing;
    return registry_name_is_valid(s) ? s : NULL;
}

/* `seen` has both kinds, as they were written. */
static bool add_target(struct job_config *c, struct table *seen, const char *name, bool group)
{
    char key[JOB_THING_MAX + sizeof GROUP];

    snprintf(key, sizeof key, "%s%s", group ? GROUP : "", name);
    if (table_get(seen, key) != NULL)
        return true;
    char *copy = strdup(name);
    if (copy == NULL || !table_put(seen, key, copy)) {
        free(copy);
        return false;
    }
    if (group)
        c->groups[c->group_count++] = copy;
    else
        c->targets[c->target_count++] = copy;
    return true;
}

static bool read_targets(const cJSON *source, struct job_config *c, struct job_error *error)
{
    const cJSON *list = json_get(source, "targets");
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    struct table seen;
    bool ok = true, group = false;

    if (count == 0)
        return bad(error, "targets: a list of names of things, or of their ARNs");
    c->targets = calloc((size_t)count, sizeof *c->targets);
    c->groups = calloc((size_t)count, sizeof *c->groups);
    if (c->targets == NULL || c->groups == NULL)
        return no_memory(error);
    table_init(&seen);
    for (const cJSON *item = list->child; item != NULL && ok; item = item->next) {
        const char *name = target_of(item, &group);
        if (name == NULL)
            ok = bad(error, "targets: names of things, group/NAME, or such ARNs");
        else
            ok = add_target(c, &seen, name, group) || no_memory(error);
    }
    table_done(&seen, NULL);
    c->listed_count = c->target_count;
    return ok;
}

static bool read_selection(const cJSON *source, struct job_config *c, struct job_error *error)
{
    const char *selection = json_str(source, "targetSelection", "SNAPSHOT");

    c->continuous = strcmp(selection, "CONTINUOUS") == 0;
    return c->continuous || strcmp(selection, "SNAPSHOT") == 0 ||
           bad(error, "targetSelection: SNAPSHOT or CONTINUOUS");
}

/* ---- the document ---- */

static bool keep_document(const cJSON *object, struct job_config *c, struct job_error *error)
{
    struct text t;
    size_t len;

    text_init(&t);
    text_json(&t, object);
    if (!t.failed && t.len > JOB_DOCUMENT_MAX) {
        text_done(&t);
        return job_error_set(error, "LimitExceeded", "document: more than 32 KB");
    }
    c->document = text_take(&t, &len);
    return c->document != NULL || no_memory(error);
}

static bool read_document(const cJSON *source, struct job_config *c, struct job_error *error)
{
    const cJSON *item = json_get(source, "document");
    cJSON *parsed = NULL;

    if (cJSON_IsString(item))
        item = parsed = json_parse(slice_str(item->valuestring), DOCUMENT_DEPTH);
    bool ok = cJSON_IsObject(item) ? keep_document(item, c, error)
                                   : bad(error, "document: a JSON object, or the text of one");
    cJSON_Delete(parsed);
    return ok;
}

static bool read_description(const cJSON *source, struct job_config *c, struct job_error *error)
{
    const cJSON *item = json_get(source, "description");

    if (item == NULL)
        return true;
    if (!cJSON_IsString(item) || strlen(item->valuestring) > DESCRIPTION_MAX)
        return bad(error, "description: a text of at most 2028 bytes");
    c->description = strdup(item->valuestring);
    return c->description != NULL || no_memory(error);
}

/* ---- roll-out, aborts, retries ---- */

static bool read_rollout(const cJSON *source, struct job_config *c, struct job_error *error)
{
    static const int64_t range[2] = {1, JOB_RATE_MAX};
    const cJSON *rollout = json_get(source, "jobExecutionsRolloutConfig");

    if (json_get(rollout, "exponentialRate") != NULL)
        return bad(error, "exponentialRate: not known here (use maximumPerMinute)");
    return job_request_number(rollout, "maximumPerMinute", range, &c->per_minute, error);
}

/* The statuses that a failureType means; 0: it is none. */
static unsigned failure_of(const cJSON *criterion, bool with_rejected)
{
    const char *name = json_str(criterion, "failureType", "");
    enum job_status status = job_status_find(name);
    unsigned all = 1u << JOB_FAILED | 1u << JOB_TIMED_OUT;

    if (with_rejected)
        all |= 1u << JOB_REJECTED;
    if (strcmp(name, "ALL") == 0)
        return all;
    return status < JOB_STATUS_COUNT ? all & 1u << status : 0;
}

static bool read_abort(const cJSON *criterion, struct job_config *c, struct job_error *error)
{
    static const int64_t range[2] = {1, INT32_MAX};
    struct job_abort a = {.of = failure_of(criterion, true),
                          .percentage = json_num(criterion, "thresholdPercentage", -1)};

    if (a.of == 0)
        return bad(error, "abortConfig: failureType: FAILED, REJECTED, TIMED_OUT or ALL");
    if (strcmp(json_str(criterion, "action", ""), "CANCEL") != 0)
        return bad(error, "abortConfig: action: CANCEL");
    if (!(a.percentage > 0 && a.percentage <= 100))
        return bad(error, "abortConfig: thresholdPercentage: above 0, at most 100");
    if (!job_request_number(criterion, "minNumberOfExecutedThings", range, &a.min_executed, error))
        return false;
    if (a.min_executed == 0)
        return bad(error, "abortConfig: minNumberOfExecutedThings: missing");
    if (c->abort_count == JOB_CRITERIA_MAX)
        return bad(error, "abortConfig: at most 4 criteria");
    c->aborts[c->abort_count++] = a;
    return true;
}

static bool read_retry(const cJSON *criterion, struct job_config *c, struct job_error *error)
{
    static const int64_t range[2] = {0, JOB_RETRIES_MAX};
    unsigned of = failure_of(criterion, false);
    int64_t retries = 0;

    if (of == 0)
        return bad(error, "jobExecutionsRetryConfig: failureType: FAILED, TIMED_OUT or ALL");
    if (!job_request_number(criterion, "numberOfRetries", range, &retries, error))
        return false;
    for (enum job_status s = 0; s < JOB_STATUS_COUNT; s++)
        if ((of & 1u << s) != 0)
            c->retries[s] = retries;
    return true;
}

static bool read_criteria(const cJSON *config, struct job_config *c, struct job_error *error,
                          bool (*read)(const cJSON *criterion, struct job_config *c,
                                       struct job_error *error))
{
    const cJSON *list = json_get(config, "criteriaList");
    bool ok = config == NULL || cJSON_IsArray(list) || bad(error, "criteriaList: a list");

    for (const cJSON *item = cJSON_IsArray(list) ? list->child : NULL; item != NULL && ok;
         item = item->next)
        ok = read(item, c, error);
    return ok;
}

static bool read_timeout(const cJSON *source, struct job_config *c, struct job_error *error)
{
    static const int64_t range[2] = {1, JOB_TIMEOUT_MAX_MINUTES};

    return job_request_number(json_get(source, "timeoutConfig"), "inProgressTimeoutInMinutes",
                              range, &c->timeout_minutes, error);
}

static bool read_presigned(const cJSON *source, struct job_config *c, struct job_error *error)
{
    static const int64_t range[2] = {PRESIGN_SECONDS_MIN, PRESIGN_SECONDS_MAX};

    c->presigned_s = PRESIGN_SECONDS_MAX;
    return job_request_number(json_get(source, "presignedUrlConfig"), "expiresInSec", range,
                              &c->presigned_s, error);
}

bool job_config_read(const cJSON *source, struct job_config *ret, struct job_error *ret_error)
{
    *ret = (struct job_config){0};
    return read_selection(source, ret, ret_error) && read_targets(source, ret, ret_error) &&
           read_document(source, ret, ret_error) && read_description(source, ret, ret_error) &&
           read_rollout(source, ret, ret_error) && read_timeout(source, ret, ret_error) &&
           read_presigned(source, ret, ret_error) &&
           read_criteria(json_get(source, "abortConfig"), ret, ret_error, read_abort) &&
           read_criteria(json_get(source, "jobExecutionsRetryConfig"), ret, ret_error, read_retry);
}

void job_config_done(struct job_config *config)
{
    for (size_t i = 0; i < config->target_count; i++)
        free(config->targets[i]);
    for (size_t i = 0; i < config->group_count; i++)
        free(config->groups[i]);
    free(config->targets);
    free(config->groups);
    free(config->document);
    free(config->description);
    *config = (struct job_config){0};
}
