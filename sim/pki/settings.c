#include "pki/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/store.h"
#include "base/xmem.h"

#define FORMAT_VERSION 1
#define FILE_MAX       65536
#define ALGORITHM      "ECDSA P-256 with SHA-256, RFC 6979"

void settings_done(struct settings *s)
{
    free(s->seed);
    free(s->responder);
    for (size_t i = 0; i < s->server_name_count; i++)
        free(s->server_names[i]);
    memset(s, 0, sizeof *s);
}

bool settings_add_name(struct settings *s, const char *name, bool *ret_new)
{
    for (size_t i = 0; i < s->server_name_count; i++)
        if (strcmp(s->server_names[i], name) == 0)
            return true;
    if (s->server_name_count == SETTINGS_NAMES_MAX)
        return false;
    s->server_names[s->server_name_count++] = xstrdup(name);
    *ret_new = true;
    return true;
}

void settings_format_time(int64_t when, char ret[32])
{
    time_t seconds = (time_t)when;
    struct tm tm;

    ret[0] = '\0';
    if (gmtime_r(&seconds, &tm) != NULL)
        strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

bool settings_parse_time(const char *text, int64_t *ret)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

    if (end == NULL || *end != '\0')
        return false;
    *ret = timegm(&tm);
    return true;
}

static bool read_names(const cJSON *names, struct settings *ret)
{
    const cJSON *item;
    bool is_new;

    if (!cJSON_IsArray(names))
        return false;
    cJSON_ArrayForEach(item, names)
    {
        if (!cJSON_IsString(item) || !settings_add_name(ret, item->valuestring, &is_new))
            return false;
    }
    return true;
}

static bool from_json(const cJSON *json, struct settings *ret)
{
    const char *seed = json_str(json, "seed", "");
    const char *responder = json_str(json, "responder", NULL);
    size_t len = strlen(seed);

    ret->seed = xstrdup(seed);
    ret->responder = responder != NULL ? xstrdup(responder) : NULL;
    return len != 0 && len <= SETTINGS_SEED_MAX &&
           settings_parse_time(json_str(json, "not_before", ""), &ret->not_before) &&
           settings_parse_time(json_str(json, "not_after", ""), &ret->not_after) &&
           read_names(json_get(json, "server_names"), ret);
}

bool settings_read(const char *path, struct settings *ret, struct error *err)
{
    struct settings s = {0};
    struct buf text;
    bool ok = false;

    buf_init(&text, FILE_MAX);
    if (!store_read(path, &text, err)) {
        buf_done(&text);
        return false;
    }
    cJSON *json = json_parse(buf_slice(&text), 8);
    int version = (int)json_num(json, "version", -1);
    if (json == NULL || version < 0)
        error_set(err, ERROR_USAGE, "%.300s: not a PKI's settings (restore it from a copy)", path);
    else if (version != FORMAT_VERSION)
        error_set(err, ERROR_USAGE,
                  "%.300s: made by another release, version %d instead of %d (use that release, or "
                  "a new directory)",
                  path, version, FORMAT_VERSION);
    else if (!from_json(json, &s))
        error_set(err, ERROR_USAGE, "%.300s: a member is missing or wrong (restore it from a copy)",
                  path);
    else
        ok = true;
    cJSON_Delete(json);
    buf_done(&text);
    if (ok)
        *ret = s;
    else
        settings_done(&s);
    return ok;
}

bool settings_write(const char *path, const struct settings *s, struct error *err)
{
    char from[32], to[32];
    struct store_writer w;
    cJSON *json = cJSON_CreateObject();
    cJSON *names = cJSON_CreateArray();

    settings_format_time(s->not_before, from);
    settings_format_time(s->not_after, to);
    cJSON_AddNumberToObject(json, "version", FORMAT_VERSION);
    cJSON_AddStringToObject(json, "seed", s->seed);
    cJSON_AddStringToObject(json, "algorithm", ALGORITHM);
    cJSON_AddStringToObject(json, "not_before", from);
    cJSON_AddStringToObject(json, "not_after", to);
    for (size_t i = 0; i < s->server_name_count; i++)
        cJSON_AddItemToArray(names, cJSON_CreateString(s->server_names[i]));
    cJSON_AddItemToObject(json, "server_names", names);
    if (s->responder != NULL)
        cJSON_AddStringToObject(json, "responder", s->responder);
    char *text = cJSON_Print(json);
    cJSON_Delete(json);

    bool ok = store_begin(&w, path, STORE_SECRET, err);
    if (ok && store_append(&w, slice_str(text), err) && store_append(&w, slice_str("\n"), err)) {
        ok = store_commit(&w, true, err);
    } else if (ok) {
        store_abandon(&w);
        ok = false;
    }
    cJSON_free(text);
    return ok;
}
