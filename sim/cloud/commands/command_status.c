#include "cloud/commands/command_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define CODE_MAX        64
#define DESCRIPTION_MAX 1024

const char *command_status_name(enum command_status status)
{
    /* ORDER COMMAND_STATUS */
    static const char *const names[COMMAND_STATUS_COUNT] = {"CREATED", "IN_PROGRESS", "SUCCEEDED",
                                                            "FAILED",  "REJECTED",    "TIMED_OUT"};

    return status < COMMAND_STATUS_COUNT ? names[status] : "?";
}

static bool fail(struct command_error *error, const char *name, const char *text)
{
    error->name = name;
    snprintf(error->text, sizeof error->text, "%s", text);
    return false;
}

static bool read_status(const cJSON *document, enum command_status *ret)
{
    const char *name = json_str(document, "status", "");

    for (enum command_status s = COMMAND_IN_PROGRESS; s < COMMAND_STATUS_COUNT; s++)
        if (strcmp(command_status_name(s), name) == 0) {
            *ret = s;
            return true;
        }
    return false;
}

static bool reason_is_good(const cJSON *reason)
{
    const char *code = json_str(reason, "reasonCode", "");
    const cJSON *description = json_get(reason, "reasonDescription");
    size_t len = strlen(code);

    return cJSON_IsObject(reason) && len > 0 && len <= CODE_MAX &&
           strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len &&
           (description == NULL ||
            (cJSON_IsString(description) && strlen(description->valuestring) <= DESCRIPTION_MAX));
}

/* {"s":"text"}, {"b":true} or {"bin":"<base64>"} */
static bool entry_is_good(const cJSON *entry)
{
    const cJSON *value = cJSON_IsObject(entry) ? entry->child : NULL;

    if (value == NULL || value->next != NULL)
        return false;
    if (strcmp(value->string, "b") == 0)
        return cJSON_IsBool(value);
    return (strcmp(value->string, "s") == 0 || strcmp(value->string, "bin") == 0) &&
           cJSON_IsString(value);
}

static bool result_is_good(const cJSON *result)
{
    bool good = cJSON_IsObject(result) && result->child != NULL;

    for (const cJSON *entry = good ? result->child : NULL; entry != NULL; entry = entry->next)
        good = good && entry_is_good(entry);
    return good;
}

/* NULL for none; false: no memory. */
static bool take_text(const cJSON *item, char **ret)
{
    struct text t;
    size_t len;

    if (item == NULL)
        return true;
    text_init(&t);
    text_json(&t, item);
    *ret = text_take(&t, &len);
    return *ret != NULL;
}

bool command_report_read(const cJSON *document, struct command_report *ret,
                         struct command_error *ret_error)
{
    const cJSON *reason = json_get(document, "statusReason");
    const cJSON *result = json_get(document, "result");

    *ret = (struct command_report){.status = COMMAND_CREATED};
    if (!read_status(document, &ret->status))
        return fail(ret_error, "InvalidRequest",
                    "status: none that a device reports (IN_PROGRESS, SUCCEEDED, FAILED, REJECTED "
                    "or TIMED_OUT)");
    if (reason != NULL && !reason_is_good(reason))
        return fail(ret_error, "InvalidRequest",
                    "statusReason: needs a reasonCode of A-Z 0-9 _ -, and a text of at most 1024 "
                    "bytes");
    if (result != NULL && !result_is_good(result))
        return fail(ret_error, "InvalidRequest",
                    "result: needs entries with one of s, b and bin each");
    if (take_text(reason, &ret->reason) && take_text(result, &ret->result))
        return true;
    ret_error->name = NULL;
    return false;
}

bool command_report_no_response(struct command_report *ret)
{
    *ret = (struct command_report){
        .status = COMMAND_TIMED_OUT,
        .reason = strdup("{\"reasonCode\":\"$NO_RESPONSE_FROM_DEVICE\"}"),
    };
    return ret->reason != NULL;
}

void command_report_done(struct command_report *report)
{
    free(report->reason);
    free(report->result);
    report->reason = report->result = NULL;
}

void command_report_write(const struct command_report *report, struct text *to)
{
    text_key(to, "status");
    text_quoted(to, command_status_name(report->status));
    if (report->reason != NULL) {
        text_key(to, "statusReason");
        text_str(to, report->reason);
    }
    if (report->result != NULL) {
        text_key(to, "result");
        text_str(to, report->result);
    }
}

bool command_status_may_follow(enum command_status from, bool by_service, enum command_status to,
                               struct command_error *ret_error)
{
    bool open = from == COMMAND_CREATED || from == COMMAND_IN_PROGRESS;

    if (open || (from == COMMAND_TIMED_OUT && by_service && to != COMMAND_IN_PROGRESS))
        return true;
    ret_error->name = by_service ? "InvalidStateTransition" : "TerminalStateReached";
    snprintf(ret_error->text, sizeof ret_error->text,
             "the status cannot be changed to %s: the execution has already ended as %s",
             command_status_name(to), command_status_name(from));
    return false;
}
