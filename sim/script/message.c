#include "script/message.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "mqtt/topic.h"

#define MESSAGES_MAX   10000
#define BYTES_MAX      ((size_t)64 << 20)
#define TEXT_MAX       65535 /* of a property */
#define USER_MAX       (1 << 20)
#define IDENTIFIER_MAX 268435455

/* ---- to Lua ---- */

static void set_slice(lua_State *L, const char *field, struct slice s)
{
    lua_pushlstring(L, s.len != 0 ? (const char *)s.data : "", s.len);
    lua_setfield(L, -2, field);
}

static void set_integer(lua_State *L, const char *field, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, field);
}

static void set_boolean(lua_State *L, const char *field, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, field);
}

/* Adds to the table on top; a name that comes again makes a list. */
static void add_user(lua_State *L, struct slice name, struct slice value)
{
    lua_pushlstring(L, name.len != 0 ? (const char *)name.data : "", name.len);
    lua_pushvalue(L, -1);
    int type = lua_rawget(L, -3);
    if (type == LUA_TSTRING) {
        lua_createtable(L, 2, 0);
        lua_insert(L, -2);
        lua_rawseti(L, -2, 1);
    }
    lua_pushlstring(L, value.len != 0 ? (const char *)value.data : "", value.len);
    if (type == LUA_TNIL)
        lua_remove(L, -2);
    else
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_rawset(L, -3);
}

static void push_props(lua_State *L, const struct mqtt_props *p)
{
    static const struct {
        enum mqtt_prop id;
        const char *field;
    } fields[] = {
        {MQTT_PROP_CONTENT_TYPE,            "content_type"           },
        {MQTT_PROP_RESPONSE_TOPIC,          "response_topic"         },
        {MQTT_PROP_CORRELATION_DATA,        "correlation"            },
        {MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, "expiry"                 },
        {MQTT_PROP_SUBSCRIPTION_IDENTIFIER, "subscription_identifier"},
    };
    struct mqtt_prop_value value;
    struct slice rest = p->user;
    struct slice name;
    struct slice text;

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!mqtt_props_get(p, fields[i].id, &value))
            continue;
        if (value.kind == MQTT_PROP_NUMBER)
            set_integer(L, fields[i].field, value.number);
        else
            set_slice(L, fields[i].field, value.text);
    }
    lua_newtable(L);
    while (mqtt_props_user_next(&rest, &name, &text))
        add_user(L, name, text);
    lua_setfield(L, -2, "user");
}

void message_push(lua_State *L, const struct mqtt_message *m)
{
    luaL_checkstack(L, 8, NULL);
    lua_createtable(L, 0, 8);
    set_slice(L, "topic", m->topic);
    set_slice(L, "payload", m->payload);
    set_integer(L, "qos", m->qos);
    set_boolean(L, "retain", m->retain);
    set_boolean(L, "dup", m->dup);
    push_props(L, &m->props);
}

/* ---- from Lua ---- */

static struct slice check_text(lua_State *L, int index)
{
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);

    return slice_of(text, len);
}

/* options[field] as a whole number in a range, or `absent`. */
static lua_Integer integer_option(lua_State *L, int options, const char *field, lua_Integer min,
                                  lua_Integer max, lua_Integer absent)
{
    int is_integer = 0;
    int type = lua_getfield(L, options, field);
    lua_Integer value = type == LUA_TNIL ? absent : lua_tointegerx(L, -1, &is_integer);

    if (type != LUA_TNIL && (type != LUA_TNUMBER || !is_integer || value < min || value > max))
        luaL_error(L, "%s must be a whole number from %I to %I", field, (LUAI_UACINT)min,
                   (LUAI_UACINT)max);
    lua_pop(L, 1);
    return value;
}

static bool flag_option(lua_State *L, int options, const char *field)
{
    lua_getfield(L, options, field);
    bool flag = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return flag;
}

/* The text stays alive in the options table. */
static void text_option(lua_State *L, int options, const char *field, enum mqtt_prop id,
                        struct mqtt_props *props, struct slice *ret)
{
    int type = lua_getfield(L, options, field);

    if (type != LUA_TNIL && (type != LUA_TSTRING || lua_rawlen(L, -1) > TEXT_MAX))
        luaL_error(L, "%s must be a string of at most %d bytes", field, TEXT_MAX);
    if (type == LUA_TSTRING) {
        *ret = check_text(L, -1);
        mqtt_props_set(props, id);
    }
    lua_pop(L, 1);
}

/* One value of options.user, at the top: raises unless it can be sent. */
static void check_user_value(lua_State *L)
{
    if (lua_type(L, -1) != LUA_TSTRING || lua_rawlen(L, -1) > TEXT_MAX)
        luaL_error(L, "user: values must be strings, or lists of strings, of at most %d bytes",
                   TEXT_MAX);
}

static void check_user(lua_State *L, int user)
{
    size_t size = 0;

    for (lua_pushnil(L); lua_next(L, user) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_rawlen(L, -2) > TEXT_MAX)
            luaL_error(L, "user: names must be strings of at most %d bytes", TEXT_MAX);
        size_t name = lua_rawlen(L, -2);
        if (!lua_istable(L, -1)) {
            check_user_value(L);
            size += name + lua_rawlen(L, -1) + 5;
            continue;
        }
        for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
            check_user_value(L);
            size += name + lua_rawlen(L, -1) + 5;
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    if (size > USER_MAX)
        luaL_error(L, "user: more than %d bytes", USER_MAX);
}

/* Checked before: nothing raises here. */
static void encode_user(lua_State *L, int user, struct buf *to)
{
    for (lua_pushnil(L); lua_next(L, user) != 0; lua_pop(L, 1)) {
        struct slice name = check_text(L, -2);
        if (!lua_istable(L, -1)) {
            mqtt_props_add_user(to, name, check_text(L, -1));
            continue;
        }
        for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
            mqtt_props_add_user(to, name, check_text(L, -1));
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
}

void message_check(lua_State *L, int index, struct mqtt_message *ret, struct buf *user)
{
    int options = index + 2;
    struct mqtt_props *p = &ret->props;
    const char *why = NULL;

    *ret =
        (struct mqtt_message){.topic = check_text(L, index), .payload = check_text(L, index + 1)};
    luaL_checktype(L, options, LUA_TTABLE);
    if (!mqtt_topic_name_valid(ret->topic))
        luaL_error(L, "cannot publish to topic \"%s\"", lua_tostring(L, index));
    ret->qos = (uint8_t)integer_option(L, options, "qos", 0, 2, 1);
    ret->retain = flag_option(L, options, "retain");
    p->message_expiry_interval = (uint32_t)integer_option(L, options, "expiry", 1, UINT32_MAX, 0);
    if (p->message_expiry_interval != 0)
        mqtt_props_set(p, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL);
    text_option(L, options, "content_type", MQTT_PROP_CONTENT_TYPE, p, &p->content_type);
    text_option(L, options, "response_topic", MQTT_PROP_RESPONSE_TOPIC, p, &p->response_topic);
    text_option(L, options, "correlation", MQTT_PROP_CORRELATION_DATA, p, &p->correlation_data);
    if (mqtt_props_check(p, MQTT_TYPE_PUBLISH, &why) != 0)
        luaL_error(L, "%s", why);
    int type = lua_getfield(L, options, "user");
    if (type != LUA_TNIL && type != LUA_TTABLE)
        luaL_error(L, "user must be a table of strings");
    if (type == LUA_TTABLE)
        check_user(L, lua_gettop(L));
    buf_init(user, USER_MAX);
    if (type == LUA_TTABLE)
        encode_user(L, lua_gettop(L), user);
    p->user = buf_slice(user);
    if (p->user.len != 0)
        mqtt_props_set(p, MQTT_PROP_USER_PROPERTY);
    lua_pop(L, 1);
}

void message_check_filter(lua_State *L, int index, bool is_5, struct mqtt_filter *ret)
{
    int options = index + 1;

    *ret = (struct mqtt_filter){.filter = check_text(L, index)};
    luaL_checktype(L, options, LUA_TTABLE);
    if (!mqtt_topic_filter_valid(ret->filter))
        luaL_error(L, "not a topic filter: \"%s\"", lua_tostring(L, index));
    ret->qos = (uint8_t)integer_option(L, options, "qos", 0, 2, 1);
    ret->no_local = flag_option(L, options, "no_local");
    ret->retain_as_published = flag_option(L, options, "retain_as_published");
    ret->retain_handling = (uint8_t)integer_option(L, options, "retain_handling", 0, 2, 0);
    ret->identifier = (uint32_t)integer_option(L, options, "identifier", 1, IDENTIFIER_MAX, 0);
    if (!is_5 && (ret->no_local || ret->retain_as_published || ret->retain_handling != 0 ||
                  ret->identifier != 0))
        luaL_error(L, "no_local, retain_as_published, retain_handling and identifier need MQTT 5 "
                      "(this run is --mqtt 3.1.1)");
}

/* ---- the inbox ---- */

struct inbox_entry {
    struct inbox_entry *next;
    struct mqtt_message message; /* its slices are behind the struct */
    size_t size;
};

static struct slice put(uint8_t **at, struct slice s)
{
    uint8_t *start = *at;

    if (s.len != 0)
        memcpy(start, s.data, s.len);
    *at += s.len;
    return slice_of(start, s.len);
}

static struct inbox_entry *entry_new(const struct mqtt_message *m)
{
    size_t props = mqtt_props_size(&m->props);
    size_t size = sizeof(struct inbox_entry) + m->topic.len + m->payload.len + props;
    struct inbox_entry *e = xmalloc(size);
    uint8_t *at = (uint8_t *)(e + 1);
    const char *why = NULL;

    *e = (struct inbox_entry){.message = *m, .size = size};
    e->message.topic = put(&at, m->topic);
    e->message.payload = put(&at, m->payload);
    mqtt_props_write(&m->props, at);
    if (mqtt_props_read(slice_of(at, props), MQTT_TYPE_PUBLISH, &e->message.props, &why) != 0)
        e->message.props = (struct mqtt_props){0};
    return e;
}

static void remove_entry(struct inbox *inbox, struct inbox_entry *before, struct inbox_entry *e)
{
    if (before != NULL)
        before->next = e->next;
    else
        inbox->first = e->next;
    if (inbox->last == e)
        inbox->last = before;
    inbox->count--;
    inbox->bytes -= e->size;
    free(e);
}

void inbox_add(struct inbox *inbox, const struct mqtt_message *m)
{
    struct inbox_entry *e = entry_new(m);

    if (inbox->last != NULL)
        inbox->last->next = e;
    else
        inbox->first = e;
    inbox->last = e;
    inbox->count++;
    inbox->bytes += e->size;
    while (inbox->count > MESSAGES_MAX || (inbox->bytes > BYTES_MAX && inbox->count > 1))
        remove_entry(inbox, NULL, inbox->first);
}

bool inbox_take(lua_State *L, struct inbox *inbox, struct slice filter)
{
    struct inbox_entry *before = NULL;

    for (struct inbox_entry *e = inbox->first; e != NULL; before = e, e = e->next)
        if (mqtt_topic_matches(filter, e->message.topic)) {
            message_push(L, &e->message);
            remove_entry(inbox, before, e);
            return true;
        }
    return false;
}

void inbox_list(lua_State *L, const struct inbox *inbox, struct slice filter)
{
    lua_Integer n = 0;

    lua_newtable(L);
    for (const struct inbox_entry *e = inbox->first; e != NULL; e = e->next)
        if (filter.len == 0 || mqtt_topic_matches(filter, e->message.topic)) {
            message_push(L, &e->message);
            lua_rawseti(L, -2, ++n);
        }
}

void inbox_done(struct inbox *inbox)
{
    while (inbox->first != NULL)
        remove_entry(inbox, NULL, inbox->first);
}
