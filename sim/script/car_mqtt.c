#include "script/car_mqtt.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "fleet/vehicle_oracle.h"
#include "mqtt/limits.h"
#include "mqtt/reason.h"
#include "script/car.h"
#include "script/message.h"

/* A PUBLISH, SUBSCRIBE or UNSUBSCRIBE whose answer a script waits for. */
struct asked {
    struct asked *next;
    uint16_t packet_id;
    bool done;
    size_t count;
    uint8_t *codes;
    char *remark; /* NULL: none */
};

/* Only cars that use it have one. */
struct car_mqtt {
    struct asked *asked;
    struct inbox inbox;
};

static struct car_mqtt *mqtt_of(struct car *car)
{
    if (car->mqtt == NULL)
        car->mqtt = xcalloc(1, sizeof *car->mqtt);
    return car->mqtt;
}

/* ---- answers ---- */

static struct asked **find(struct car_mqtt *m, uint16_t packet_id)
{
    struct asked **p = &m->asked;

    while (*p != NULL && (*p)->packet_id != packet_id)
        p = &(*p)->next;
    return p;
}

static void remove_asked(struct asked **p)
{
    struct asked *a = *p;

    *p = a->next;
    free(a->codes);
    free(a->remark);
    free(a);
}

static void ask(struct car *car, uint16_t packet_id)
{
    struct car_mqtt *m = mqtt_of(car);
    struct asked **old = find(m, packet_id);
    struct asked *a = xcalloc(1, sizeof *a);

    /* An id comes again when its answer has become impossible. */
    if (*old != NULL)
        remove_asked(old);
    a->packet_id = packet_id;
    a->next = m->asked;
    m->asked = a;
}

void car_mqtt_free(struct car *car)
{
    if (car->mqtt == NULL)
        return;
    while (car->mqtt->asked != NULL)
        remove_asked(&car->mqtt->asked);
    inbox_done(&car->mqtt->inbox);
    free(car->mqtt);
    car->mqtt = NULL;
}

void car_mqtt_on_answered(void *ctx, struct vehicle *v, uint16_t packet_id, const uint8_t *codes,
                          size_t count, const char *remark)
{
    struct car *car = ctx;
    struct asked *a = car->mqtt != NULL ? *find(car->mqtt, packet_id) : NULL;

    (void)v;
    if (a == NULL || a->done)
        return;
    a->done = true;
    a->count = count;
    if (count != 0) {
        a->codes = xmalloc(count);
        memcpy(a->codes, codes, count);
    }
    a->remark = remark != NULL ? xstrdup(remark) : NULL;
    queue_notify(&car->script->scheduler, &car->changed);
}

void car_mqtt_on_message(void *ctx, struct vehicle *v, const struct mqtt_message *m)
{
    struct car *car = ctx;

    (void)v;
    inbox_add(&mqtt_of(car)->inbox, m);
    queue_notify(&car->script->scheduler, &car->changed);
}

/* answer(car, id): nil while there is none; then a list of codes and the broker's remark, once */
static int f_answer(lua_State *L)
{
    struct car *car = car_check(L, 1);
    struct asked **p = find(mqtt_of(car), (uint16_t)luaL_checkinteger(L, 2));

    if (*p == NULL || !(*p)->done) {
        lua_pushnil(L);
        return 1;
    }
    lua_createtable(L, (int)(*p)->count, 0);
    for (size_t i = 0; i < (*p)->count; i++) {
        lua_pushinteger(L, (*p)->codes[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushstring(L, (*p)->remark);
    remove_asked(p);
    return 2;
}

/* ---- asking ---- */

/* Pushes the packet id, or nil and why not. */
static int push_id(lua_State *L, struct car *car, int32_t id, bool wait, const struct error *err)
{
    if (err->code != ERROR_NONE) {
        lua_pushnil(L);
        lua_pushstring(L, err->text);
        return 2;
    }
    if (id > 0 && wait)
        ask(car, (uint16_t)id);
    lua_pushinteger(L, id);
    return 1;
}

/* publish(car, topic, payload, options, wait): the packet id, 0 for QoS 0 */
static int f_publish(lua_State *L)
{
    struct car *car = car_check(L, 1);
    struct error err = {.code = ERROR_NONE};
    struct mqtt_message m;
    struct buf user;

    message_check(L, 2, &m, &user);
    int32_t id = vehicle_publish(car->vehicle, &m, &err);
    buf_done(&user);
    return push_id(L, car, id, lua_toboolean(L, 5) != 0, &err);
}

/* The list at `index` in memory that Lua frees, pushed. */
static void *push_array(lua_State *L, int index, size_t size, size_t *ret_count)
{
    luaL_checktype(L, index, LUA_TTABLE);
    *ret_count = lua_rawlen(L, index);
    luaL_argcheck(L, *ret_count <= UINT16_MAX, index, "too many filters");
    return lua_newuserdatauv(L, (*ret_count + 1) * size, 0);
}

/* subscribe(car, filters, options): the packet id */
static int f_subscribe(lua_State *L)
{
    struct car *car = car_check(L, 1);
    bool is_5 = tcu_version(car->vehicle->tcu) == MQTT_5;
    struct error err = {.code = ERROR_NONE};
    size_t count;
    struct mqtt_filter *filters = push_array(L, 2, sizeof *filters, &count);

    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 2, "filters must be strings");
        lua_pushvalue(L, 3);
        message_check_filter(L, lua_gettop(L) - 1, is_5, &filters[i]);
        lua_pop(L, 2);
    }
    uint16_t id = tcu_subscribe(car->vehicle->tcu, filters, count, &err);
    return push_id(L, car, id, true, &err);
}

/* unsubscribe(car, filters): the packet id */
static int f_unsubscribe(lua_State *L)
{
    struct car *car = car_check(L, 1);
    struct error err = {.code = ERROR_NONE};
    size_t count;
    struct slice *filters = push_array(L, 2, sizeof *filters, &count);

    for (size_t i = 0; i < count; i++) {
        size_t len;
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 2, "filters must be strings");
        const char *text = lua_tolstring(L, -1, &len);
        filters[i] = slice_of(text, len);
        lua_pop(L, 1);
    }
    uint16_t id = tcu_unsubscribe(car->vehicle->tcu, filters, count, &err);
    return push_id(L, car, id, true, &err);
}

/* ---- the inbox ---- */

static struct slice filter_arg(lua_State *L, int index)
{
    size_t len = 0;
    const char *text = luaL_optlstring(L, index, "", &len);

    return slice_of(text, len);
}

/* take(car, [filter]): the oldest message that matches, or nil */
static int f_take(lua_State *L)
{
    struct car *car = car_check(L, 1);
    struct slice filter = filter_arg(L, 2);

    if (car->mqtt == NULL ||
        !inbox_take(L, &car->mqtt->inbox, filter.len != 0 ? filter : slice_str("#")))
        lua_pushnil(L);
    return 1;
}

/* messages(car, [filter]): all that match, as a list; they stay */
static int f_messages(lua_State *L)
{
    struct car *car = car_check(L, 1);

    inbox_list(L, &mqtt_of(car)->inbox, filter_arg(L, 2));
    return 1;
}

/* ---- connecting and disconnecting ---- */

/* options[field], -1 if it is not there. */
static int64_t number_option(lua_State *L, int options, const char *field, lua_Integer max)
{
    int is_integer = 0;
    int type = lua_getfield(L, options, field);
    lua_Integer value = lua_tointegerx(L, -1, &is_integer);

    if (type != LUA_TNIL && (type != LUA_TNUMBER || !is_integer || value < 0 || value > max))
        luaL_error(L, "%s must be a whole number from 0 to %I", field, (LUAI_UACINT)max);
    lua_pop(L, 1);
    return type == LUA_TNIL ? -1 : value;
}

/* The text stays alive in the table. data NULL: not there. */
static struct slice text_option(lua_State *L, int options, const char *field)
{
    struct slice text = slice_of(NULL, 0);
    int type = lua_getfield(L, options, field);

    if (type != LUA_TNIL && type != LUA_TSTRING)
        luaL_error(L, "%s must be a string", field);
    if (type == LUA_TSTRING)
        text = slice_of(lua_tostring(L, -1), lua_rawlen(L, -1));
    lua_pop(L, 1);
    return text;
}

static enum mqtt_version version_option(lua_State *L, int options)
{
    struct slice text = text_option(L, options, "version");

    if (text.data != NULL && !slice_is(text, "5") && !slice_is(text, "3.1.1"))
        luaL_error(L, "version must be \"5\" or \"3.1.1\"");
    return text.data == NULL ? (enum mqtt_version)0 : slice_is(text, "5") ? MQTT_5 : MQTT_3_1_1;
}

/* configure(car, options, [will topic, will payload, will options]) */
static int f_configure(lua_State *L)
{
    struct car *car = car_check(L, 1);
    struct tcu_connect o = {.client_id = text_option(L, 2, "client_id"),
                            .clean_start = -1,
                            .session_expiry_s = number_option(L, 2, "session_expiry", UINT32_MAX),
                            .keep_alive_s = number_option(L, 2, "keep_alive", UINT16_MAX),
                            .version = version_option(L, 2)};
    struct mqtt_will will = {.delay_s = 0};
    struct error err;
    struct buf user;

    if (lua_getfield(L, 2, "clean_start") != LUA_TNIL)
        o.clean_start = lua_toboolean(L, -1);
    lua_pop(L, 1);
    buf_init(&user, 1);
    if (!lua_isnoneornil(L, 3)) {
        luaL_checktype(L, 5, LUA_TTABLE);
        int64_t delay = number_option(L, 5, "delay", UINT32_MAX);
        will.delay_s = delay > 0 ? (uint32_t)delay : 0;
        message_check(L, 3, &will.message, &user);
        o.will = &will;
    }
    bool ok = tcu_configure(car->vehicle->tcu, &o, &err);
    buf_done(&user);
    return ok ? 0 : luaL_error(L, "mqtt: %s", err.text);
}

static uint8_t reason_option(lua_State *L, int options)
{
    uint8_t code = 0;
    int type = lua_getfield(L, options, "reason");

    if (type == LUA_TSTRING && !mqtt_reason_find(MQTT_TYPE_DISCONNECT, lua_tostring(L, -1), &code))
        luaL_error(L, "reason: DISCONNECT has no '%s'", lua_tostring(L, -1));
    lua_pop(L, 1);
    return type == LUA_TSTRING ? code : (uint8_t)(number_option(L, options, "reason", 255) & 0xff);
}

/* disconnect(car, options) */
static int f_disconnect(lua_State *L)
{
    struct car *car = car_check(L, 1);
    struct mqtt_props props = {.reason_string = text_option(L, 2, "reason_string")};
    int64_t expiry = number_option(L, 2, "session_expiry", UINT32_MAX);
    lua_getfield(L, 2, "reason");
    uint8_t reason = lua_isnil(L, -1) ? 0 : reason_option(L, 2);

    if (!mqtt_reason_allowed(MQTT_TYPE_DISCONNECT, reason))
        luaL_error(L, "reason: DISCONNECT has no code %d", reason);
    if (props.reason_string.data != NULL)
        mqtt_props_set(&props, MQTT_PROP_REASON_STRING);
    if (expiry >= 0) {
        props.session_expiry_interval = (uint32_t)expiry;
        mqtt_props_set(&props, MQTT_PROP_SESSION_EXPIRY_INTERVAL);
    }
    tcu_disconnect(car->vehicle->tcu, reason, &props);
    return 0;
}

/* ---- what the broker said ---- */

static void set_text(lua_State *L, const char *field, struct slice s)
{
    if (s.len == 0)
        return;
    lua_pushlstring(L, (const char *)s.data, s.len);
    lua_setfield(L, -2, field);
}

static void set_number(lua_State *L, const char *field, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, field);
}

static void set_flag(lua_State *L, const char *field, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, field);
}

static bool available(const struct mqtt_props *p, enum mqtt_prop id)
{
    struct mqtt_prop_value value;

    return !mqtt_props_get(p, id, &value) || value.number != 0;
}

void car_mqtt_push_connection(lua_State *L, const struct vehicle *v)
{
    struct tcu_connection c;

    if (!tcu_connection(v->tcu, &c)) {
        lua_pushboolean(L, 0);
        return;
    }
    const struct mqtt_props *p = &c.props;
    struct mqtt_limits limits = mqtt_limits_of(p);
    lua_newtable(L);
    set_flag(L, "session_present", c.session_present);
    set_flag(L, "assigned", mqtt_props_has(p, MQTT_PROP_ASSIGNED_CLIENT_IDENTIFIER));
    set_text(L, "client_id", c.client_id);
    set_text(L, "version", slice_str(c.version == MQTT_5 ? "5" : "3.1.1"));
    set_number(L, "keep_alive", c.keep_alive_s);
    set_number(L, "receive_maximum", limits.receive_max);
    set_number(L, "topic_alias_maximum", limits.topic_alias_max);
    set_number(L, "maximum_qos", limits.max_qos);
    set_flag(L, "retain_available", limits.retain_available);
    set_flag(L, "subscription_identifiers", limits.subscription_identifiers);
    set_flag(L, "wildcard_subscriptions", available(p, MQTT_PROP_WILDCARD_SUBSCRIPTION_AVAILABLE));
    set_flag(L, "shared_subscriptions", available(p, MQTT_PROP_SHARED_SUBSCRIPTION_AVAILABLE));
    if (mqtt_props_has(p, MQTT_PROP_MAXIMUM_PACKET_SIZE))
        set_number(L, "maximum_packet_size", p->maximum_packet_size);
    if (mqtt_props_has(p, MQTT_PROP_SESSION_EXPIRY_INTERVAL))
        set_number(L, "session_expiry", p->session_expiry_interval);
    set_text(L, "reason_string", p->reason_string);
    set_text(L, "server_reference", p->server_reference);
    set_text(L, "response_information", p->response_information);
    set_flag(L, "server_keep_alive", mqtt_props_has(p, MQTT_PROP_SERVER_KEEP_ALIVE));
}

void car_mqtt_push_last_close(lua_State *L, const struct vehicle *v)
{
    struct mqtt_closed closed;

    if (!tcu_last_close(v->tcu, &closed)) {
        lua_pushboolean(L, 0);
        return;
    }
    bool has_code = closed.why == MQTT_CLOSE_REFUSED || closed.why == MQTT_CLOSE_SERVER ||
                    closed.reason_code != 0;
    const char *reason = closed.why == MQTT_CLOSE_REFUSED && tcu_version(v->tcu) != MQTT_5
                             ? mqtt_return_name(closed.reason_code)
                             : mqtt_reason_name_in(MQTT_TYPE_DISCONNECT, closed.reason_code);
    lua_newtable(L);
    set_text(L, "why", slice_str(mqtt_close_name(closed.why)));
    set_text(L, "text", slice_str(closed.text));
    if (!has_code)
        return;
    set_number(L, "reason_code", closed.reason_code);
    set_text(L, "reason", slice_str(reason));
}

/* traffic(car): what went over its connections */
static int f_traffic(lua_State *L)
{
    const struct vehicle_traffic *t = &car_check(L, 1)->vehicle->traffic;

    lua_createtable(L, 0, 4);
    set_number(L, "bytes_in", (lua_Integer)t->bytes_in);
    set_number(L, "bytes_out", (lua_Integer)t->bytes_out);
    set_number(L, "packets_in", (lua_Integer)t->packets_in);
    set_number(L, "packets_out", (lua_Integer)t->packets_out);
    return 1;
}

/* reason_name(kind, code): "suback", "unsuback" or "puback" */
static int f_reason_name(lua_State *L)
{
    static const char *const kinds[] = {"puback", "suback", "unsuback", NULL};
    static const enum mqtt_type types[] = {MQTT_TYPE_PUBACK, MQTT_TYPE_SUBACK, MQTT_TYPE_UNSUBACK};
    int kind = luaL_checkoption(L, 1, NULL, kinds);

    lua_pushstring(L, mqtt_reason_name_in(types[kind], (uint8_t)luaL_checkinteger(L, 2)));
    return 1;
}

static const luaL_Reg functions[] = {
    {"car_answer",      f_answer     },
    {"car_publish",     f_publish    },
    {"car_subscribe",   f_subscribe  },
    {"car_unsubscribe", f_unsubscribe},
    {"car_take",        f_take       },
    {"car_messages",    f_messages   },
    {"car_configure",   f_configure  },
    {"car_disconnect",  f_disconnect },
    {"car_traffic",     f_traffic    },
    {"reason_name",     f_reason_name},
    {NULL,              NULL         },
};

void car_mqtt_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
