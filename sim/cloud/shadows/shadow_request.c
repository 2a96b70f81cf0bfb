#include "cloud/shadows/shadow_request.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define TOKEN_MAX 64
/* Members nest this deep below `desired` or `reported` (contract 1.9). */
#define DEPTH_MAX 8
/* Beyond this a text is not looked at; cJSON's parser recurses. */
#define PARSE_DEPTH_MAX 512
/* The largest version that a double holds exactly. */
#define VERSION_MAX 9007199254740991.0

/* The docs' text still names an older limit than the quota page (contract 1.8). */
static const char too_deep[] = "JSON contains too many levels of nesting; maximum is 6";
static const char null_element[] = "Invalid JSON: array elements must not be null";

const char *shadow_operation_name(enum shadow_operation op)
{
    static const char *const names[SHADOW_OPERATION_COUNT] = {"get", "update", "delete"};

    return op < SHADOW_OPERATION_COUNT ? names[op] : "?";
}

/* Takes a name of the registry's alphabet up to the next slash; NULL if it is none. */
static const char *take_name(const char *p, size_t max, size_t *ret_len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_-";
    size_t len = strspn(p, alphabet);

    if (len == 0 || len > max || p[len] != '/')
        return NULL;
    *ret_len = len;
    return p + len + 1;
}

static const char *skip(const char *p, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(p, prefix, len) == 0 ? p + len : NULL;
}

bool shadow_address_parse(const char *topic, struct shadow_address *ret)
{
    const char *thing = skip(topic, "$aws/things/");
    size_t thing_len = 0;
    size_t name_len = 0;

    if (thing == NULL)
        return false;
    const char *p = take_name(thing, SHADOW_THING_MAX, &thing_len);
    p = p != NULL ? skip(p, "shadow/") : NULL;
    if (p == NULL)
        return false;
    const char *name = skip(p, "name/");
    if (name != NULL)
        p = take_name(name, SHADOW_NAME_MAX, &name_len);
    for (enum shadow_operation op = 0; p != NULL && op < SHADOW_OPERATION_COUNT; op++) {
        if (strcmp(p, shadow_operation_name(op)) != 0)
            continue;
        ret->op = op;
        snprintf(ret->topic, sizeof ret->topic, "%s", topic);
        snprintf(ret->key, sizeof ret->key, "%.*s%s%.*s", (int)thing_len, thing,
                 name_len != 0 ? "~" : "", (int)name_len, name_len != 0 ? name : "");
        snprintf(ret->name, sizeof ret->name, "%.*s", (int)(name_len != 0 ? name_len : thing_len),
                 name_len != 0 ? name : thing);
        return true;
    }
    return false;
}

static bool fail(struct shadow_error *error, int code, const char *text)
{
    *error = (struct shadow_error){.code = code, .text = text};
    return false;
}

/* Any member of any depth: finite numbers, no null in an array, no more keys on the way to it than
   allowed. */
static bool check_value(const cJSON *item, int keys, struct shadow_error *error)
{
    bool object = cJSON_IsObject(item);

    if (cJSON_IsNumber(item) && !isfinite(item->valuedouble))
        return fail(error, 400, "Invalid JSON");
    for (const cJSON *child = item->child; child != NULL; child = child->next) {
        if (object && keys == DEPTH_MAX)
            return fail(error, 400, too_deep);
        if (!object && cJSON_IsNull(child))
            return fail(error, 400, null_element);
        if (!check_value(child, object ? keys + 1 : keys, error))
            return false;
    }
    return true;
}

/* Cuts a name that is too long between two characters. */
static void set_argument(struct shadow_error *error, const char *name)
{
    size_t len = strlen(name);

    if (len >= sizeof error->argument)
        len = sizeof error->argument - 1;
    while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
        len--;
    memcpy(error->argument, name, len);
    error->argument[len] = '\0';
}

static bool check_section(const cJSON *section, struct shadow_error *error)
{
    bool desired = strcmp(section->string, "desired") == 0;

    if (!desired && strcmp(section->string, "reported") != 0) {
        fail(error, 400, "State contains an invalid node: '%s'");
        set_argument(error, section->string);
        return false;
    }
    if (!cJSON_IsObject(section) && !cJSON_IsNull(section))
        return fail(error, 400,
                    desired ? "Desired node must be an object" : "Reported node must be an object");
    return check_value(section, 0, error);
}

static bool check_state(const cJSON *state, struct shadow_error *error)
{
    if (state == NULL)
        return fail(error, 400, "Missing required node: state");
    if (!cJSON_IsObject(state) && !cJSON_IsNull(state))
        return fail(error, 400, "State node must be an object");
    for (const cJSON *section = state->child; section != NULL; section = section->next)
        if (!check_section(section, error))
            return false;
    return true;
}

static bool take_version(struct shadow_request *r, struct shadow_error *error)
{
    const cJSON *version = json_get(r->document, "version");

    if (version == NULL)
        return true;
    double value = cJSON_IsNumber(version) ? version->valuedouble : -1;
    if (!(value >= 0 && value <= VERSION_MAX) || islessgreater(value, trunc(value)))
        return fail(error, 400, "Invalid version");
    r->has_version = true;
    r->version = (int64_t)value;
    return true;
}

static bool take_token(struct shadow_request *r, struct shadow_error *error)
{
    const cJSON *token = json_get(r->document, "clientToken");

    if (token == NULL)
        return true;
    if (!cJSON_IsString(token) || strlen(token->valuestring) > TOKEN_MAX)
        return fail(error, 400, "Invalid clientToken");
    r->token = token->valuestring;
    return true;
}

bool shadow_request_parse(enum shadow_operation op, struct slice payload,
                          struct shadow_request *ret, struct shadow_error *ret_error)
{
    /* Only a delete takes any content (contract 1.1). */
    bool strict = op != SHADOW_DELETE;

    *ret = (struct shadow_request){0};
    if (payload.len == 0 && op != SHADOW_UPDATE)
        return true;
    if (!json_is_utf8(payload))
        return !strict ||
               fail(ret_error, 415, "Unsupported documented encoding; supported encoding is UTF-8");
    ret->document = json_parse(payload, PARSE_DEPTH_MAX);
    if (ret->document == NULL)
        return !strict || fail(ret_error, 400, "Invalid JSON");
    if (!take_token(ret, ret_error))
        return false;
    if (op != SHADOW_UPDATE)
        return true;
    ret->state = json_get(ret->document, "state");
    return check_state(ret->state, ret_error) && take_version(ret, ret_error);
}

void shadow_request_done(struct shadow_request *request)
{
    cJSON_Delete(request->document);
    *request = (struct shadow_request){0};
}
