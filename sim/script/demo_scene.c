#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "fleet/simulation.h"
#include "script/car_look.h"
#include "script/demo_core.h"

/* ---- what the prelude says of the car ---- */

/* Members of struct scene_status by the names of the prelude. */
#define NUMBER(member)                                                                             \
    {                                                                                              \
#member, offsetof(struct scene_status, member)                                             \
    }
static const struct {
    const char *name;
    size_t at;
} numbers[] = {NUMBER(dbm),    NUMBER(charge),       NUMBER(limit), NUMBER(power),
               NUMBER(fuel),   NUMBER(minutes_left), NUMBER(range), NUMBER(cabin),
               NUMBER(target), NUMBER(outside),      NUMBER(speed), NUMBER(odometer)};

#define TEXT(member)                                                                               \
    {                                                                                              \
#member, offsetof(struct scene_status, member),                                            \
            sizeof(((struct scene_status *)NULL)->member)                                          \
    }
static const struct {
    const char *name;
    size_t at, size;
} texts[] = {TEXT(tcu),   TEXT(technology), TEXT(charging), TEXT(clock),
             TEXT(locks), TEXT(alarm),      TEXT(update)};

static double number_at(lua_State *L, int table, const char *name, double fallback)
{
    double value = fallback;

    if (lua_getfield(L, table, name) == LUA_TNUMBER)
        value = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return value;
}

static void text_at(lua_State *L, int table, const char *name, char *ret, size_t size)
{
    if (lua_getfield(L, table, name) == LUA_TSTRING)
        snprintf(ret, size, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
}

static bool flag_at(lua_State *L, int table, const char *name)
{
    lua_getfield(L, table, name);
    bool on = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return on;
}

static void take_status(lua_State *L, int table, struct scene_status *ret)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        float value = (float)number_at(L, table, numbers[i].name, (double)SCENE_NONE);
        memcpy((char *)ret + numbers[i].at, &value, sizeof value);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        text_at(L, table, texts[i].name, (char *)ret + texts[i].at, texts[i].size);
    ret->climate = flag_at(L, table, "climate");
    ret->plugged = flag_at(L, table, "plugged");
}

/* ---- the trip ---- */

#define METRES_PER_DEGREE 111320.0
#define NEAR              8.0 /* metres between two points of a track */

/* Every second point goes when there is no room: the track keeps its shape. */
static void thin_out(struct scene_map *map)
{
    int kept = 0;

    for (int i = 0; i < map->count; i += 2)
        map->track[kept++] = map->track[i];
    map->count = kept;
}

static void take_place(struct demo *demo, double latitude, double longitude)
{
    struct scene_map *map = &demo->scene.map;

    if (map->count == 0) {
        demo->origin[0] = latitude;
        demo->origin[1] = longitude;
    }
    double north = (latitude - demo->origin[0]) * METRES_PER_DEGREE;
    double east =
        (longitude - demo->origin[1]) * METRES_PER_DEGREE * cos(demo->origin[0] * M_PI / 180);
    if (map->count > 1) {
        double de = east - (double)map->track[map->count - 2].east;
        double dn = north - (double)map->track[map->count - 2].north;
        if (hypot(de, dn) < NEAR)
            map->count--; /* the last point moves on until it is far enough */
    }
    if (map->count == SCENE_TRACK)
        thin_out(map);
    map->track[map->count].east = (float)east;
    map->track[map->count++].north = (float)north;
}

static void take_map(struct demo *demo, lua_State *L, int table)
{
    struct scene_map *map = &demo->scene.map;
    double latitude = number_at(L, table, "latitude", NAN);
    double longitude = number_at(L, table, "longitude", NAN);
    char destination[32] = "";

    map->distance = (float)number_at(L, table, "distance", -1);
    map->heading = (float)number_at(L, table, "heading", 0);
    text_at(L, table, "destination", destination, sizeof destination);
    memset(map->place, 0, sizeof map->place);
    if (destination[0] != '\0')
        snprintf(map->place, sizeof map->place, "To %s", destination);
    if (!isnan(latitude) && !isnan(longitude))
        take_place(demo, latitude, longitude);
}

/* ---- the shadow ---- */

struct app *demo_app(const struct demo *demo)
{
    for (struct app *app = demo->owner.script->apps; app != NULL; app = app->next)
        if (app->owner == &demo->owner && app->companion != NULL)
            return app;
    return NULL;
}

static void show_value(const cJSON *json, char *ret, size_t size)
{
    if (cJSON_IsString(json))
        snprintf(ret, size, "%s", json->valuestring);
    else if (cJSON_IsNumber(json))
        demo_number(json->valuedouble, ret, size);
    else if (cJSON_IsBool(json))
        snprintf(ret, size, "%s", cJSON_IsTrue(json) ? "true" : "false");
    else
        snprintf(ret, size, "…");
}

/* Adds rows for the leaves of `wanted`, each beside what is reported there. */
static void add_rows(struct scene_shadow *s, const cJSON *wanted, const cJSON *reported,
                     const char *prefix, int depth)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, wanted)
    {
        const cJSON *is = json_get(reported, item->string);
        char path[sizeof s->row->path];
        snprintf(path, sizeof path, "%s%s%s", prefix, *prefix != '\0' ? "." : "", item->string);
        if (cJSON_IsObject(item) && depth < 5) {
            add_rows(s, item, is, path, depth + 1);
        } else if (s->count < SCENE_ROWS) {
            struct scene_row *row = &s->row[s->count++];
            snprintf(row->path, sizeof row->path, "%s", path);
            show_value(item, row->desired, sizeof row->desired);
            if (is != NULL)
                show_value(is, row->reported, sizeof row->reported);
            row->differs = is == NULL || !cJSON_Compare(item, is, true);
        }
    }
}

/* Below what is desired, what a person looks at first. */
static void add_reported(struct scene_shadow *s, const cJSON *reported)
{
    static const char *const paths[][2] = {
        {"locks",    "all"            },
        {"doors",    "all_closed"     },
        {"windows",  "all"            },
        {"climate",  "active"         },
        {"climate",  "target"         },
        {"charging", "state"          },
        {"charging", "limit"          },
        {"alarm",    "state"          },
        {"lights",   "low_beam"       },
        {"battery",  "state_of_charge"},
    };

    for (size_t i = 0; i < sizeof paths / sizeof *paths && s->count < SCENE_ROWS; i++) {
        const cJSON *is = json_get(json_get(reported, paths[i][0]), paths[i][1]);
        struct scene_row *row = &s->row[s->count];
        bool there = false;
        snprintf(row->path, sizeof row->path, "%s.%s", paths[i][0], paths[i][1]);
        for (int k = 0; k < s->count; k++)
            there = there || strcmp(s->row[k].path, row->path) == 0;
        if (is == NULL || there) {
            memset(row, 0, sizeof *row);
            continue;
        }
        show_value(is, row->reported, sizeof row->reported);
        s->count++;
    }
}

/* Of a named one whatever it has: few signals live there, and nobody knows which. */
static void add_leaves(struct scene_shadow *s, const cJSON *reported, const char *prefix, int depth)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, reported)
    {
        char path[sizeof s->row->path];
        bool there = false;
        snprintf(path, sizeof path, "%s%s%s", prefix, *prefix != '\0' ? "." : "", item->string);
        for (int k = 0; k < s->count; k++)
            there = there || strcmp(s->row[k].path, path) == 0;
        if (cJSON_IsObject(item) && depth < 5) {
            add_leaves(s, item, path, depth + 1);
        } else if (!there && s->count < SCENE_ROWS) {
            struct scene_row *row = &s->row[s->count++];
            snprintf(row->path, sizeof row->path, "%s", path);
            show_value(item, row->reported, sizeof row->reported);
        }
    }
}

/* `name` NULL: the classic one. */
static void look_at_shadow(struct app *app, const char *thing, const char *name,
                           struct scene_shadow *ret)
{
    struct view *view = app != NULL ? app_find_view(app, thing, name) : NULL;

    snprintf(ret->name, sizeof ret->name, "%s", name != NULL ? name : "");
    if (view == NULL || !view->twin.known)
        return;
    ret->version = (uint32_t)view->twin.version;
    add_rows(ret, view->twin.desired, view->twin.reported, "", 0);
    add_reported(ret, view->twin.reported);
    if (name != NULL)
        add_leaves(ret, view->twin.reported, "", 0);
}

static void look_at_shadows(struct demo *demo, const struct vehicle *v)
{
    const struct signal_schema *schema = v->tcu->signals.schema;
    struct scene_shadows *s = &demo->scene.shadows;
    size_t count = signal_schema_shadow_count(schema);

    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < count && s->count < SCENE_SHADOWS; i++)
        look_at_shadow(demo_app(demo), v->identity.thing_name, signal_schema_shadow_name(schema, i),
                       &s->shadow[s->count++]);
}

/* ---- the fleet ---- */

/* Thousands of cars are looked at four times a second: names are not looked up each time. */
static const struct cell_signals *cell_signals(struct demo *demo,
                                               const struct signal_schema *schema)
{
    struct cell_signals *at = demo->cell_signals;

    while (at < &demo->cell_signals[DEMO_SCHEMAS_MAX - 1] && at->schema != schema &&
           at->schema != NULL)
        at++;
    if (at->schema != schema)
        *at = (struct cell_signals){
            .schema = schema,
            .alarm = signal_schema_find(schema, slice_str("alarm.state")),
            .ignition = signal_schema_find(schema, slice_str("driving.ignition")),
            .charging = signal_schema_find(schema, slice_str("charging.active"))};
    return at;
}

/* Is this signal of the car on, above 0, or triggered? */
static bool is_set(const struct vehicle *v, int index)
{
    const struct signal_table *t = &v->tcu->signals;

    if (index < 0)
        return false;
    const struct signal_def *def = signal_schema_def(t->schema, (size_t)index);
    union signal_value value = signal_get(t, (size_t)index);
    if (def->type == SIGNAL_ENUM)
        return strcmp(def->values[value.e], "on") == 0 ||
               strcmp(def->values[value.e], "triggered") == 0;
    return def->type == SIGNAL_BOOL ? value.b : def->type == SIGNAL_FLOAT && value.f > 0;
}

static uint8_t cell_of(struct demo *demo, const struct vehicle *v)
{
    uint8_t state = (uint8_t)v->tcu->state;

    if (v->tcu->state != TCU_ONLINE)
        return state;
    const struct cell_signals *at = cell_signals(demo, v->tcu->signals.schema);
    if (is_set(v, at->alarm))
        return SCENE_CELL_ALARM;
    if (is_set(v, at->ignition))
        return SCENE_CELL_DRIVING;
    return is_set(v, at->charging) ? SCENE_CELL_CHARGING : state;
}

void demo_look_at_fleet(struct demo *demo)
{
    struct scene_fleet *f = &demo->scene.fleet;
    bool changed = f->count != demo->car_count || f->selected != demo->selected;

    f->count = demo->car_count;
    f->selected = demo->selected;
    f->charging = f->driving = 0;
    memset(f->by_link, 0, sizeof f->by_link);
    for (uint32_t i = 0; i < demo->car_count; i++) {
        const struct vehicle *v = demo->cars[i]->vehicle;
        uint8_t cell = cell_of(demo, v);
        changed = changed || demo->cells[i] != cell;
        demo->cells[i] = cell;
        f->by_link[v->tcu->state]++;
        f->charging += cell == SCENE_CELL_CHARGING;
        f->driving += cell == SCENE_CELL_DRIVING;
    }
    if (changed)
        f->change++;
    demo->scene.cells = demo->cells;
}

/* ---- the whole ---- */

_Static_assert((int)TCU_STATE_COUNT == (int)SCENE_LINK_COUNT &&
                   (int)TCU_ONLINE == (int)SCENE_ONLINE,
               "a link is a state of the TCU");

void demo_look(struct demo *demo)
{
    struct car *car = demo->cars[demo->selected];
    const struct vehicle *v = car->vehicle;
    lua_State *L = demo->owner.script->L;
    int top = lua_gettop(L);

    memset(&demo->scene.status, 0, sizeof demo->scene.status);
    if (car_look_push(car)) {
        struct scene_status *status = &demo->scene.status;
        car_look_fields(L, top + 1, &demo->scene.picture);
        take_status(L, top + 2, status);
        picture_body_find(lua_tostring(L, top + 3), &demo->scene.body);
        snprintf(status->title, sizeof status->title, "%s", lua_tostring(L, top + 4));
        take_map(demo, L, top + 2);
    } else {
        const char *why = lua_tostring(L, -1);
        demo_notice(demo, why != NULL ? why : "the picture cannot be made");
    }
    lua_settop(L, top);
    demo->scene.status.link = (enum scene_link)v->tcu->state;
    snprintf(demo->scene.status.name, sizeof demo->scene.status.name, "%.39s",
             v->identity.thing_name);
    look_at_shadows(demo, v);
    demo_words(v->timeline, &demo->told_lines, &demo->scene.messages);
}
