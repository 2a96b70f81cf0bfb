#include "cli/job_create.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/store.h"
#include "cli/cloud_talk.h"
#include "cli/vehicle_choice.h"
#include "pki/rotation.h"

#define DOCUMENT_FILE_MAX 131072
#define NAME_LINE_MAX     256
#define DEPTH             24

/* ---- targets ---- */

static void add_target(cJSON *list, const char *name)
{
    cJSON_AddItemToArray(list, cJSON_CreateString(name));
}

/* Of a cloud whose cars were not made beforehand: those that it has met. */
static bool add_known(const struct job_create *o, cJSON *list, struct error *err)
{
    cJSON *document = cJSON_CreateObject();
    const cJSON *thing;

    cJSON_AddStringToObject(document, "queryString", "*");
    cJSON *things = cloud_talk_list(o->dir, "fleetsim/index/search", document, "things", err);
    cJSON_Delete(document);
    cJSON_ArrayForEach(thing, things) add_target(list, json_str(thing, "thingName", ""));
    bool ok = things != NULL;
    cJSON_Delete(things);
    if (ok && cJSON_GetArraySize(list) == 0)
        return error_set(err, ERROR_USAGE,
                         "job create: --vehicles all: the cloud has met no car yet (put some on "
                         "it: fleetsim demo --cloud %s)",
                         o->dir);
    return ok;
}

static bool add_vehicles(const struct job_create *o, cJSON *list, struct error *err)
{
    struct vehicle_choice which;
    struct pki_car car;
    struct pki *pki = pki_open(o->dir, err);
    bool ok = pki != NULL && vehicle_choice_parse(pki, o->vehicles, &which, err);
    bool none = ok && which.count == 0;

    for (uint32_t i = 0; ok && i < which.count; i++) {
        ok = pki_car(pki, which.first + i, &car, err);
        if (ok)
            add_target(list, car.identity.thing_name);
    }
    pki_free(pki);
    return none ? add_known(o, list, err) : ok;
}

static bool add_lines(const char *path, cJSON *list, struct error *err)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char line[NAME_LINE_MAX];

    if (f == NULL)
        return error_set(err, ERROR_USAGE, "--targets %s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#')
            add_target(list, line);
    }
    if (f != stdin)
        fclose(f);
    return true;
}

static bool add_targets(const struct job_create *o, cJSON *to, struct error *err)
{
    cJSON *list = cJSON_AddArrayToObject(to, "targets");

    for (int i = 0; i < o->thing_count; i++)
        add_target(list, o->things[i]);
    if ((o->vehicles != NULL && !add_vehicles(o, list, err)) ||
        (o->targets != NULL && !add_lines(o->targets, list, err)))
        return false;
    return cJSON_GetArraySize(list) > 0 ||
           error_set(err, ERROR_USAGE,
                     "job create: no targets (name things, or give --vehicles all or --targets "
                     "FILE)");
}

/* ---- the document ---- */

static bool add_document(const struct job_create *o, cJSON *to, struct error *err)
{
    const char *given = o->document != NULL ? o->document : "";
    struct buf file;

    buf_init(&file, DOCUMENT_FILE_MAX);
    bool ok =
        given[0] != '@' || (store_read(given + 1, &file, err) || error_prefix(err, "--document"));
    struct slice text = given[0] == '@' ? buf_slice(&file) : slice_str(given);
    cJSON *document = ok ? json_parse(text, DEPTH) : NULL;
    if (ok && !cJSON_IsObject(document)) {
        ok = error_set(
            err, ERROR_USAGE,
            "--document: not a JSON object (give one, or @FILE with one: "
            "--document '{\"operation\":\"update\",\"version\":\"2.0\",\"size\":2000000}')");
        cJSON_Delete(document);
    } else if (ok) {
        cJSON_AddItemToObject(to, "document", document);
    }
    buf_done(&file);
    return ok;
}

/* ---- limits ---- */

static void add_number(cJSON *to, const char *config, const char *name, uint64_t value)
{
    if (value != 0)
        cJSON_AddNumberToObject(cJSON_AddObjectToObject(to, config), name, (double)value);
}

/* "FAILED:20%:10", or without the last part. */
static bool read_abort(const char *text, char of[16], double *ret_percent, unsigned long *ret_after)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    char *end;

    if (len == 0 || len > 15 || text[len] != ':')
        return false;
    memcpy(of, text, len);
    of[len] = '\0';
    const char *percent = text + len + 1;
    *ret_percent = strtod(percent, &end);
    if (end == percent || *end != '%')
        return false;
    *ret_after = 1;
    if (*++end == '\0')
        return true;
    const char *after = end + 1;
    if (*end != ':' || *after < '0' || *after > '9')
        return false;
    *ret_after = strtoul(after, &end, 10);
    return *end == '\0';
}

static bool add_abort(cJSON *list, const char *text, struct error *err)
{
    char of[16];
    double percent = 0;
    unsigned long after = 1;
    cJSON *criterion = cJSON_CreateObject();

    cJSON_AddItemToArray(list, criterion);
    if (!read_abort(text, of, &percent, &after))
        return error_set(err, ERROR_USAGE,
                         "--abort %s: expected WHAT:PERCENT%%:AFTER, such as FAILED:20%%:10 (WHAT: "
                         "FAILED, REJECTED, TIMED_OUT or ALL)",
                         text);
    cJSON_AddStringToObject(criterion, "failureType", of);
    cJSON_AddStringToObject(criterion, "action", "CANCEL");
    cJSON_AddNumberToObject(criterion, "thresholdPercentage", percent);
    cJSON_AddNumberToObject(criterion, "minNumberOfExecutedThings", (double)after);
    return true;
}

static bool add_aborts(const struct job_create *o, cJSON *to, struct error *err)
{
    bool ok = true;

    if (o->aborts.count == 0)
        return true;
    cJSON *list =
        cJSON_AddArrayToObject(cJSON_AddObjectToObject(to, "abortConfig"), "criteriaList");
    for (size_t i = 0; ok && i < o->aborts.count; i++)
        ok = add_abort(list, o->aborts.items[i], err);
    return ok;
}

static void add_retries(const struct job_create *o, cJSON *to)
{
    cJSON *criterion = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(cJSON_AddObjectToObject(to, "jobExecutionsRetryConfig"),
                                         "criteriaList");

    cJSON_AddStringToObject(criterion, "failureType", "ALL");
    cJSON_AddNumberToObject(criterion, "numberOfRetries", (double)o->retries);
    cJSON_AddItemToArray(list, criterion);
}

cJSON *job_create_document(const struct job_create *o, struct error *err)
{
    cJSON *to = cJSON_CreateObject();

    if (!add_targets(o, to, err) || !add_document(o, to, err) || !add_aborts(o, to, err)) {
        cJSON_Delete(to);
        return NULL;
    }
    if (o->description != NULL)
        cJSON_AddStringToObject(to, "description", o->description);
    if (o->continuous)
        cJSON_AddStringToObject(to, "targetSelection", "CONTINUOUS");
    add_number(to, "jobExecutionsRolloutConfig", "maximumPerMinute", o->rate);
    add_number(to, "timeoutConfig", "inProgressTimeoutInMinutes", o->timeout);
    if (o->retries != 0)
        add_retries(o, to);
    return to;
}
