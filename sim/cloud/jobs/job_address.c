#include "cloud/jobs/job_address.h"

#include <string.h>

#include "cloud/registry/registry.h"

#define DEVICE_PREFIX   "$aws/things/"
#define OPERATOR_PREFIX "fleetsim/jobs/"
#define ID_BYTES        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

bool job_id_is_valid(const char *id)
{
    size_t len = strlen(id);

    return len > 0 && len <= JOB_ID_MAX && strspn(id, ID_BYTES) == len;
}

static const char *skip(const char *p, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(p, prefix, len) == 0 ? p + len : NULL;
}

/* Takes a level of at most `max` bytes; what follows its slash, or NULL. */
static const char *take_level(const char *p, size_t max, char *ret)
{
    size_t len = strcspn(p, "/");

    if (len == 0 || len > max || p[len] != '/')
        return NULL;
    memcpy(ret, p, len);
    ret[len] = '\0';
    return p + len + 1;
}

/* What follows "<job>/": one of its calls. */
static enum job_operation device_call(const char *job, const char *rest)
{
    bool next = strcmp(job, "$next") == 0;

    if (strcmp(rest, "get") == 0 && (next || job_id_is_valid(job)))
        return JOB_DESCRIBE;
    return strcmp(rest, "update") == 0 && job_id_is_valid(job) ? JOB_UPDATE : JOB_NO_CALL;
}

static bool parse_device(const char *p, struct job_address *ret)
{
    const char *rest;

    p = take_level(p, JOB_THING_MAX, ret->thing);
    p = p != NULL && registry_name_is_valid(ret->thing) ? skip(p, "jobs/") : NULL;
    if (p == NULL)
        return false;
    if (strcmp(p, "get") == 0) {
        ret->op = JOB_GET;
    } else if (strcmp(p, "start-next") == 0) {
        ret->op = JOB_START_NEXT;
    } else {
        rest = take_level(p, JOB_ID_MAX, ret->job);
        ret->op = rest != NULL ? device_call(ret->job, rest) : JOB_NO_CALL;
    }
    return true;
}

/* "<thing>/get|cancel|remove" */
static bool parse_execution(const char *p, struct job_address *ret)
{
    p = take_level(p, JOB_THING_MAX, ret->thing);
    if (p == NULL || !registry_name_is_valid(ret->thing))
        return false;
    if (strcmp(p, "get") == 0)
        ret->op = JOB_EXECUTION_SHOW;
    else if (strcmp(p, "cancel") == 0)
        ret->op = JOB_EXECUTION_CANCEL;
    else
        ret->op = JOB_EXECUTION_REMOVE;
    return ret->op != JOB_EXECUTION_REMOVE || strcmp(p, "remove") == 0;
}

static bool parse_operator(const char *p, struct job_address *ret)
{
    static const struct {
        const char *name;
        enum job_operation op;
    } calls[] = {
        {"create",     JOB_CREATE    },
        {"cancel",     JOB_CANCEL    },
        {"delete",     JOB_DELETE    },
        {"get",        JOB_SHOW      },
        {"executions", JOB_EXECUTIONS},
    };

    if (strcmp(p, "list") == 0 || strcmp(p, "events") == 0) {
        ret->op = *p == 'l' ? JOB_LIST : JOB_EVENTS;
        return true;
    }
    p = take_level(p, JOB_ID_MAX, ret->job);
    if (p == NULL || !job_id_is_valid(ret->job))
        return false;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(p, calls[i].name) == 0) {
            ret->op = calls[i].op;
            return true;
        }
    p = skip(p, "executions/");
    return p != NULL && parse_execution(p, ret);
}

bool job_address_parse(const char *topic, struct job_address *ret)
{
    const char *device = skip(topic, DEVICE_PREFIX);
    const char *local = device == NULL ? skip(topic, OPERATOR_PREFIX) : NULL;
    size_t len = strlen(topic);

    /* "/accepted" goes behind it. */
    if ((device == NULL && local == NULL) || len + 10 > sizeof ret->topic)
        return false;
    *ret = (struct job_address){.op = JOB_NO_CALL};
    memcpy(ret->topic, topic, len + 1);
    return device != NULL ? parse_device(device, ret) : parse_operator(local, ret);
}
