#include "script/car_events.h"

#include <lauxlib.h>

#include "fleet/simulation.h"
#include "script/car.h"
#include "script/message.h"
#include "script/model.h"

/* ---- packets ---- */

static void add_reason(lua_State *L, enum mqtt_type type, uint8_t code,
                       const struct mqtt_props *props)
{
    struct mqtt_prop_value v;

    event_integer(L, "reason_code", code);
    event_text(L, "reason", mqtt_reason_name_in(type, code));
    if (mqtt_props_get(props, MQTT_PROP_REASON_STRING, &v))
        event_slice(L, "reason_string", v.text);
}

static void add_connect(lua_State *L, const struct mqtt_packet_connect *c)
{
    event_slice(L, "client_id", c->client_id);
    event_integer(L, "keep_alive", c->keep_alive_s);
    event_boolean(L, "clean_start", c->clean_start);
    if (c->has_will)
        event_slice(L, "will_topic", c->will.message.topic);
}

/* A list of filters, and whether there is "topic" to look for: the first of them. */
static void add_filters(lua_State *L, enum mqtt_type type, const struct mqtt_packet_subscribe *s)
{
    struct slice rest = s->entries;
    struct mqtt_subscription one;

    event_integer(L, "packet_id", s->packet_id);
    lua_newtable(L);
    for (lua_Integer i = 1; mqtt_subscription_next(&rest, type, &one); i++) {
        lua_pushlstring(L, one.filter.len != 0 ? (const char *)one.filter.data : "",
                        one.filter.len);
        lua_rawseti(L, -2, i);
    }
    lua_setfield(L, -2, "filters");
}

static void add_codes(lua_State *L, const struct mqtt_packet_suback *s)
{
    event_integer(L, "packet_id", s->packet_id);
    lua_newtable(L);
    for (size_t i = 0; i < s->codes.len; i++) {
        lua_pushinteger(L, s->codes.data[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "reason_codes");
}

static void add_fields(lua_State *L, const struct mqtt_packet *p)
{
    switch (p->type) {
    case MQTT_TYPE_CONNECT:
        add_connect(L, &p->connect);
        break;
    case MQTT_TYPE_CONNACK:
        event_boolean(L, "session_present", p->connack.session_present);
        add_reason(L, p->type, p->connack.reason_code, &p->connack.props);
        break;
    case MQTT_TYPE_PUBACK:
    case MQTT_TYPE_PUBREC:
    case MQTT_TYPE_PUBREL:
    case MQTT_TYPE_PUBCOMP:
        event_integer(L, "packet_id", p->ack.packet_id);
        add_reason(L, p->type, p->ack.reason_code, &p->ack.props);
        break;
    case MQTT_TYPE_SUBSCRIBE:
    case MQTT_TYPE_UNSUBSCRIBE:
        add_filters(L, p->type, &p->subscribe);
        break;
    case MQTT_TYPE_SUBACK:
    case MQTT_TYPE_UNSUBACK:
        add_codes(L, &p->suback);
        break;
    case MQTT_TYPE_DISCONNECT:
    case MQTT_TYPE_AUTH:
        add_reason(L, p->type, p->reason.reason_code, &p->reason.props);
        break;
    case MQTT_TYPE_PUBLISH:
    case MQTT_TYPE_PINGREQ:
    case MQTT_TYPE_PINGRESP:
    case MQTT_TYPE_COUNT:
        break;
    }
}

/* Pushes a table. */
static void push_packet(lua_State *L, const struct mqtt_packet *p)
{
    if (p == NULL) {
        lua_newtable(L);
        event_text(L, "type", "malformed");
        return;
    }
    if (p->type == MQTT_TYPE_PUBLISH) {
        message_push(L, &p->publish.message);
        event_integer(L, "packet_id", p->publish.packet_id);
        event_json(L, p->publish.message.payload);
    } else {
        lua_newtable(L);
        add_fields(L, p);
    }
    event_text(L, "type", mqtt_type_name(p->type));
}

/* ---- the others ---- */

static void add_signal(lua_State *L, const struct vehicle *v, size_t index)
{
    const struct signal_def *def = signal_schema_def(v->tcu->signals.schema, index);

    event_text(L, "path", def->path);
    signal_push(L, def, signal_get(&v->tcu->signals, index));
    lua_setfield(L, -2, "value");
}

static void add_wishes(lua_State *L, const struct vehicle *v, const struct tcu_order *order)
{
    event_text(L, "by", order->kind == TCU_ORDER_REQUEST ? "request" : "desired");
    lua_newtable(L);
    for (size_t i = 0; i < order->change_count; i++) {
        const struct signal_def *def =
            signal_schema_def(v->tcu->signals.schema, order->changes[i].index);
        signal_push(L, def, order->changes[i].value);
        lua_setfield(L, -2, def->path);
    }
    lua_setfield(L, -2, "wishes");
}

static void add_command(lua_State *L, const struct vehicle *v, const struct vehicle_event *e)
{
    event_text(L, "stage", e->command.stage);
    event_text(L, "token", e->command.token);
    if (e->command.order == NULL)
        return;
    add_wishes(L, v, e->command.order);
    if (e->command.outcome == TCU_OUTCOME_COUNT)
        return;
    event_text(L, "status", tcu_outcome_name(e->command.outcome));
    if (e->command.reason != NULL)
        event_text(L, "reason", e->command.reason);
    if (e->command.description != NULL)
        event_text(L, "description", e->command.description);
}

static void push_event(lua_State *L, const struct vehicle *v, const struct vehicle_event *e)
{
    bool packet = e->kind == VEHICLE_EVENT_IN || e->kind == VEHICLE_EVENT_OUT;

    luaL_checkstack(L, 10, NULL);
    if (packet) {
        push_packet(L, e->packet.decoded);
        event_integer(L, "size", (lua_Integer)e->packet.size);
        return;
    }
    lua_newtable(L);
    if (e->kind == VEHICLE_EVENT_STATE) {
        event_text(L, "from", tcu_state_name(e->state.from));
        event_text(L, "to", tcu_state_name(e->state.to));
    } else if (e->kind == VEHICLE_EVENT_SIGNAL) {
        add_signal(L, v, e->signal);
    } else if (e->kind == VEHICLE_EVENT_COMMAND) {
        add_command(L, v, e);
    } else if (e->kind == VEHICLE_EVENT_NOTE) {
        event_text(L, "note", e->note.name);
        event_text(L, "detail", e->note.detail);
    } else {
        event_text(L, "text", e->text);
    }
}

void car_events_tell(void *ctx, struct vehicle *v, const struct vehicle_event *e)
{
    struct car *car = ctx;
    lua_State *L = car->script->L;
    bool packet = e->kind == VEHICLE_EVENT_IN || e->kind == VEHICLE_EVENT_OUT;

    car->script->uncapped++;
    push_event(L, v, e);
    lua_rawgeti(L, LUA_REGISTRYINDEX, car->ref);
    lua_setfield(L, -2, "car");
    event_tell(car->script, &car->events, (unsigned)e->kind, e->at,
               packet ? 2 * e->packet.size : 0);
    car->script->uncapped--;
}
