#include "cloud/operator/registry_address.h"

#include <string.h>

/* ORDER REGISTRY_OPERATION */
static const struct {
    const char *family, *call;
    bool named; /* …/<name>/call */
} calls[REGISTRY_OPERATION_COUNT] = {
    {"things",       "list",          false},
    {"things",       "create",        true },
    {"things",       "get",           true },
    {"things",       "update",        true },
    {"things",       "delete",        true },
    {"things",       "attach",        true },
    {"things",       "detach",        true },
    {"certificates", "list",          false},
    {"certificates", "register",      false},
    {"certificates", "get",           true },
    {"certificates", "update",        true },
    {"certificates", "delete",        true },
    {"certificates", "attach-policy", true },
    {"certificates", "detach-policy", true },
    {"authorities",  "list",          false},
    {"authorities",  "register",      false},
    {"authorities",  "get",           true },
    {"authorities",  "update",        true },
    {"authorities",  "delete",        true },
};

/* Moves past one level, of which it returns the length; 0: there is none. */
static size_t take(const char **p)
{
    size_t len = strcspn(*p, "/");

    *p += len + ((*p)[len] == '/');
    return len;
}

static bool is(const char *level, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(level, word, len) == 0;
}

bool registry_address_changes(const struct registry_address *address)
{
    const char *call = calls[address->op].call;

    return strcmp(call, "list") != 0 && strcmp(call, "get") != 0;
}

bool registry_address_parse(const char *topic, struct registry_address *ret)
{
    static const char prefix[] = "fleetsim/";
    const char *p = topic + sizeof prefix - 1;
    size_t len = strlen(topic);

    /* "/accepted" goes behind it. */
    if (strncmp(topic, prefix, sizeof prefix - 1) != 0 || len + 10 > sizeof ret->topic)
        return false;
    const char *family = p;
    size_t family_len = take(&p);
    const char *name = strchr(p, '/') != NULL ? p : NULL;
    size_t name_len = name != NULL ? take(&p) : 0;
    if (name_len > REGISTRY_NAME_MAX)
        return false;
    for (int op = 0; op < REGISTRY_OPERATION_COUNT; op++) {
        if (!is(family, family_len, calls[op].family) || strcmp(p, calls[op].call) != 0 ||
            calls[op].named != (name != NULL))
            continue;
        *ret = (struct registry_address){.op = (enum registry_operation)op};
        if (name != NULL)
            memcpy(ret->name, name, name_len);
        memcpy(ret->topic, topic, len + 1);
        return name == NULL || registry_name_is_valid(ret->name);
    }
    return false;
}
