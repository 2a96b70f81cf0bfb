#include "cloud/jobs/job_request.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/registry/registry.h"

#define DEPTH           16
#define TOKEN_MAX       64
#define DETAIL_NAME_MAX 128
#define DETAIL_MAX      1024

bool job_error_set(struct job_error *error, const char *code, const char *text)
{
    error->code = code;
    snprintf(error->text, sizeof error->text, "%s", text);
    return false;
}

/* Characters, not bytes; control characters are none that a value may have (contract 3.5). */
static bool value_is_good(const char *s)
{
    size_t count = 0;

    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 0x20 || c == 0x7f)
            return false;
        count += (c & 0xc0) != 0x80;
    }
    return count <= DETAIL_MAX;
}

static bool name_is_good(const char *s)
{
    size_t len = strlen(s);

    return len <= DETAIL_NAME_MAX && registry_name_is_valid(s);
}

bool job_details_are_good(const cJSON *details)
{
    if (!cJSON_IsObject(details))
        return false;
    for (const cJSON *d = details->child; d != NULL; d = d->next)
        if (!cJSON_IsString(d) || !name_is_good(d->string) || !value_is_good(d->valuestring))
            return false;
    return true;
}

bool job_request_number(const cJSON *document, const char *name, const int64_t range[2],
                        int64_t *ret, struct job_error *ret_error)
{
    const cJSON *item = json_get(document, name);
    /* No range begins below 0. */
    double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
    char text[120];
    char *end = NULL;

    if (item == NULL)
        return true;
    /* The documentation prints some of them in quotes (contract 3.2). */
    if (cJSON_IsString(item)) {
        value = strtod(item->valuestring, &end);
        if (end == item->valuestring || *end != '\0')
            value = -1;
    }
    if (value >= (double)range[0] && value <= (double)range[1] && value == floor(value)) {
        *ret = (int64_t)value;
        return true;
    }
    snprintf(text, sizeof text, "%s: a whole number from %lld to %lld", name, (long long)range[0],
             (long long)range[1]);
    return job_error_set(ret_error, "InvalidRequest", text);
}

static bool read_flag(const cJSON *document, const char *name, bool *ret, struct job_error *error)
{
    const cJSON *item = json_get(document, name);
    char text[120];

    if (item == NULL)
        return true;
    *ret = cJSON_IsTrue(item);
    snprintf(text, sizeof text, "%s: true or false", name);
    return cJSON_IsBool(item) || job_error_set(error, "InvalidRequest", text);
}

static bool read_details(struct job_request *r, struct job_error *error)
{
    r->details = json_get(r->document, "statusDetails");
    return r->details == NULL || job_details_are_good(r->details) ||
           job_error_set(error, "InvalidRequest",
                         "statusDetails: texts of at most 1024 characters, none of them a control "
                         "character, by names of A-Z a-z 0-9 : _ -");
}

static bool read_step_timeout(struct job_request *r, struct job_error *error)
{
    static const int64_t range[2] = {1, JOB_TIMEOUT_MAX_MINUTES};

    return job_request_number(r->document, "stepTimeoutInMinutes", range, &r->step_timeout_minutes,
                              error);
}

static bool read_execution_number(struct job_request *r, struct job_error *error)
{
    static const int64_t range[2] = {1, INT32_MAX};

    return job_request_number(r->document, "executionNumber", range, &r->execution_number, error);
}

static bool read_update(struct job_request *r, struct job_error *error)
{
    static const int64_t versions[2] = {0, INT32_MAX};

    r->status = job_status_find(json_str(r->document, "status", ""));
    if (!job_status_is_device(r->status))
        return job_error_set(error, "InvalidRequest",
                             "status: IN_PROGRESS, SUCCEEDED, FAILED or REJECTED");
    r->has_expected_version = json_get(r->document, "expectedVersion") != NULL;
    r->include_state = r->include_document = false;
    return job_request_number(r->document, "expectedVersion", versions, &r->expected_version,
                              error) &&
           read_flag(r->document, "includeJobExecutionState", &r->include_state, error) &&
           read_flag(r->document, "includeJobDocument", &r->include_document, error) &&
           read_details(r, error) && read_step_timeout(r, error) && read_execution_number(r, error);
}

static bool read_token(struct job_request *r, struct job_error *error)
{
    const cJSON *token = json_get(r->document, "clientToken");

    if (token == NULL)
        return true;
    if (!cJSON_IsString(token) || strlen(token->valuestring) > TOKEN_MAX)
        return job_error_set(error, "InvalidRequest", "clientToken: a text of at most 64 bytes");
    r->token = token->valuestring;
    return true;
}

bool job_request_parse(enum job_operation op, struct slice payload, struct job_request *ret,
                       struct job_error *ret_error)
{
    *ret = (struct job_request){.include_document = true};
    ret->document = json_is_utf8(payload) ? json_parse(payload, DEPTH) : NULL;
    if (!cJSON_IsObject(ret->document))
        return job_error_set(ret_error, "InvalidJson", "the payload is not a JSON object");
    if (!read_token(ret, ret_error))
        return false;
    switch (op) {
    case JOB_START_NEXT:
        return read_details(ret, ret_error) && read_step_timeout(ret, ret_error);
    case JOB_DESCRIBE:
        return read_execution_number(ret, ret_error) &&
               read_flag(ret->document, "includeJobDocument", &ret->include_document, ret_error);
    case JOB_UPDATE:
        return read_update(ret, ret_error);
    case JOB_GET:
    case JOB_NO_CALL:
    case JOB_CREATE:
    case JOB_CANCEL:
    case JOB_DELETE:
    case JOB_SHOW:
    case JOB_EXECUTIONS:
    case JOB_LIST:
    case JOB_EVENTS:
    case JOB_EXECUTION_SHOW:
    case JOB_EXECUTION_CANCEL:
    case JOB_EXECUTION_REMOVE:
    case JOB_OPERATION_COUNT:
        break;
    }
    return true;
}

void job_request_done(struct job_request *request)
{
    cJSON_Delete(request->document);
    *request = (struct job_request){0};
}
