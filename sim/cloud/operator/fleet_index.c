#include "cloud/operator/fleet_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define KEY_SIZE 256
#define DEPTH    16

/* One thing, while a query looks at it. */
struct view {
    const struct fleet_index *index;
    const struct registry_thing *thing;
};

/* ---- fields ---- */

static cJSON *text_or_null(const char *s)
{
    return s != NULL ? cJSON_CreateString(s) : NULL;
}

static const struct client *connection_of(const struct view *v)
{
    const struct client *client = presence_find(v->index->presence, v->thing->name);

    return client != NULL && client->is_thing ? client : NULL;
}

static bool is_connected(const struct client *client)
{
    return client != NULL && client->handle != NULL;
}

static cJSON *connectivity(const struct view *v, const char *field)
{
    const struct client *client = connection_of(v);

    if (strcmp(field, "connected") == 0)
        return cJSON_CreateBool(is_connected(client));
    if (client == NULL)
        return NULL;
    if (strcmp(field, "timestamp") == 0)
        return cJSON_CreateNumber(
            (double)(is_connected(client) ? client->connected_ms : client->gone_at));
    return strcmp(field, "disconnectReason") == 0 && !is_connected(client)
               ? cJSON_CreateString(presence_reason_name(client->gone_why))
               : NULL;
}

static void add_group_name(const struct group *group, void *ctx)
{
    cJSON_AddItemToArray(ctx, cJSON_CreateString(group->name));
}

static cJSON *group_names(const struct view *v)
{
    cJSON *names = cJSON_CreateArray();

    if (names != NULL)
        groups_each_of(v->index->groups, v->thing->name, true, add_group_name, names);
    return names;
}

static const char *skip(const char *s, const char *prefix)
{
    size_t len = strlen(prefix);

    return s != NULL && strncmp(s, prefix, len) == 0 ? s + len : NULL;
}

/* What is at that path in a part, or NULL. */
static cJSON *shadow_at(const struct view *v, const char *key, enum shadow_part part,
                        const char *path)
{
    bool finds_it = part == SHADOW_DESIRED || part == SHADOW_REPORTED;
    cJSON *found = NULL;
    struct text t;

    text_init(&t);
    if (shadow_service_look(v->index->shadows, key, part, path, &t) && !t.failed)
        found = json_parse(slice_of(t.data, t.len), DEPTH);
    text_done(&t);
    for (const char *p = path; !finds_it && found != NULL && *p != '\0';) {
        char name[KEY_SIZE];
        size_t len = strcspn(p, ".");
        snprintf(name, sizeof name, "%.*s", (int)len, p);
        cJSON *below = cJSON_DetachItemFromObjectCaseSensitive(found, name);
        cJSON_Delete(found);
        found = below;
        p += p[len] == '.' ? len + 1 : len;
    }
    return found;
}

/* "reported.doors.front_left" */
static cJSON *shadow_field(const struct view *v, const char *key, const char *field)
{
    static const struct {
        const char *prefix;
        enum shadow_part part;
    } parts[] = {
        {"desired.",  SHADOW_DESIRED },
        {"reported.", SHADOW_REPORTED},
        {"delta.",    SHADOW_DELTA   },
        {"metadata.", SHADOW_METADATA},
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *path = skip(field, parts[i].prefix);
        if (path != NULL)
            return shadow_at(v, key, parts[i].part, path);
    }
    if (strcmp(field, "hasDelta") != 0)
        return NULL;
    cJSON *delta = shadow_at(v, key, SHADOW_DELTA, "");
    bool there = delta != NULL;
    cJSON_Delete(delta);
    return cJSON_CreateBool(there);
}

/* Behind "shadow." */
static cJSON *any_shadow_field(const struct view *v, const char *field)
{
    const char *named = skip(field, "name.");
    const char *rest = named != NULL ? strchr(named, '.') : NULL;
    char key[KEY_SIZE];

    if (named == NULL)
        return shadow_field(v, v->thing->name, field);
    if (rest == NULL)
        return NULL;
    snprintf(key, sizeof key, "%s~%.*s", v->thing->name, (int)(rest - named), named);
    return shadow_field(v, key, rest + 1);
}

static void add_field(cJSON *all, cJSON *value)
{
    if (value != NULL && !cJSON_AddItemToArray(all, value))
        cJSON_Delete(value);
}

/* All that a term without a field looks at. */
static cJSON *everything(const struct view *v)
{
    cJSON *all = cJSON_CreateArray();

    if (all == NULL)
        return NULL;
    add_field(all, text_or_null(v->thing->name));
    add_field(all, text_or_null(v->thing->type));
    add_field(all, group_names(v));
    if (v->thing->attributes != NULL)
        add_field(all, cJSON_Duplicate(v->thing->attributes, true));
    add_field(all, shadow_at(v, v->thing->name, SHADOW_DESIRED, ""));
    add_field(all, shadow_at(v, v->thing->name, SHADOW_REPORTED, ""));
    return all;
}

static cJSON *field_value(void *ctx, const char *field)
{
    const struct view *v = ctx;
    const char *rest;

    if (field == NULL)
        return everything(v);
    if (strcmp(field, "thingName") == 0)
        return text_or_null(v->thing->name);
    if (strcmp(field, "thingTypeName") == 0)
        return text_or_null(v->thing->type);
    if (strcmp(field, "thingGroupNames") == 0)
        return group_names(v);
    if ((rest = skip(field, "attributes.")) != NULL)
        return text_or_null(json_str(v->thing->attributes, rest, NULL));
    if ((rest = skip(field, "connectivity.")) != NULL)
        return connectivity(v, rest);
    rest = skip(field, "shadow.");
    return rest != NULL ? any_shadow_field(v, rest) : NULL;
}

static bool view_matches(const struct view *v, const struct query *query)
{
    struct view copy = *v;
    const struct query_source source = {.value = field_value, .ctx = &copy};

    return query_matches(query, &source);
}

bool fleet_index_matches(const struct fleet_index *index, const struct query *query,
                         const char *thing)
{
    const struct view v = {.index = index, .thing = registry_thing(index->registry, thing)};

    return v.thing != NULL && view_matches(&v, query);
}

/* ---- searching ---- */

struct finding {
    const struct fleet_index *index;
    const struct query *query;
    const char *after;
    const char **names; /* NULL: they are only counted */
    size_t count;
};

static void look_at(const char *name, const void *value, void *ctx)
{
    struct finding *f = ctx;
    const struct view v = {.index = f->index, .thing = value};

    if ((f->after != NULL && strcmp(name, f->after) <= 0) || !view_matches(&v, f->query))
        return;
    if (f->names != NULL)
        f->names[f->count] = v.thing->name;
    f->count++;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **fleet_index_search(const struct fleet_index *index, const struct query *query,
                                const char *after, size_t max, size_t *ret_count, bool *ret_more)
{
    const struct table *things = &index->registry->things;
    struct finding f = {.index = index, .query = query, .after = after};

    f.names = calloc(things->count + 1, sizeof *f.names);
    if (f.names == NULL)
        return NULL;
    table_each(things, look_at, &f);
    qsort(f.names, f.count, sizeof *f.names, by_name);
    *ret_more = f.count > max;
    *ret_count = *ret_more ? max : f.count;
    return f.names;
}

size_t fleet_index_count(const struct fleet_index *index, const struct query *query)
{
    struct finding f = {.index = index, .query = query};

    table_each(&index->registry->things, look_at, &f);
    return f.count;
}

/* ---- telling ---- */

static void write_field(struct text *to, const char *name, cJSON *value)
{
    if (value != NULL) {
        text_key(to, name);
        text_json(to, value);
    }
    cJSON_Delete(value);
}

/* AWS has the shadow as a text of JSON. */
static void write_shadow(const struct view *v, struct text *to)
{
    static const char *const names[] = {"desired", "reported", "delta"};
    struct text t;

    text_init(&t);
    text_str(&t, "{");
    for (enum shadow_part part = SHADOW_DESIRED; part <= SHADOW_DELTA; part++) {
        cJSON *value = shadow_at(v, v->thing->name, part, "");
        write_field(&t, names[part], value);
    }
    bool any = t.len > 1;
    text_str(&t, "}");
    if (any && !t.failed) {
        text_key(to, "shadow");
        text_quoted(to, t.data);
    }
    text_done(&t);
}

void fleet_index_write(const struct fleet_index *index, const char *thing, bool with_shadow,
                       struct text *to)
{
    struct view v = {.index = index, .thing = registry_thing(index->registry, thing)};

    text_str(to, "{\"thingName\":");
    text_quoted(to, thing);
    if (v.thing != NULL) {
        write_field(to, "thingTypeName", field_value(&v, "thingTypeName"));
        write_field(to, "thingGroupNames", group_names(&v));
        if (v.thing->attributes != NULL)
            write_field(to, "attributes", cJSON_Duplicate(v.thing->attributes, true));
        if (with_shadow)
            write_shadow(&v, to);
        text_key(to, "connectivity");
        text_str(to, "{");
        write_field(to, "connected", connectivity(&v, "connected"));
        write_field(to, "timestamp", connectivity(&v, "timestamp"));
        write_field(to, "disconnectReason", connectivity(&v, "disconnectReason"));
        text_str(to, "}");
    }
    text_str(to, "}");
}

/* ---- dynamic groups ---- */

struct showing {
    void (*visit)(const char *thing, void *arg);
    void *arg;
};

static void show_thing(const char *name, const void *value, void *ctx)
{
    const struct showing *s = ctx;

    (void)value;
    s->visit(name, s->arg);
}

static bool some_things(void *ctx, struct table_cursor *at, size_t max,
                        void (*visit)(const char *thing, void *arg), void *arg)
{
    const struct fleet_index *index = ctx;
    struct showing s = {.visit = visit, .arg = arg};

    return table_walk(&index->registry->things, at, max, show_thing, &s);
}

static bool matches(void *ctx, const struct query *query, const char *thing)
{
    return fleet_index_matches(ctx, query, thing);
}

struct groups_world fleet_index_world(struct fleet_index *index)
{
    return (struct groups_world){.some_things = some_things, .matches = matches, .ctx = index};
}
