/* What kind of message it is, and what stands at the top of its document. */
#include "base/hash.h"
#include "mqtt/topic_set.h"
#include "oracle/car.h"
#include "tcu/route.h"

#define SHADOW_BEGIN  "$aws/things/"
#define SHADOW_MIDDLE "/shadow/"
#define COMMAND_BEGIN "cmd/fleetsim/"

/* What follows begin, thing and middle; empty if the topic does not begin so. */
static struct slice behind(const struct oracle_car *c, struct slice topic, const char *begin,
                           const char *middle)
{
    size_t first = strlen(begin), last = strlen(middle);
    size_t all = first + c->thing_len + last;

    if (topic.len <= all || memcmp(topic.data, begin, first) != 0 ||
        memcmp(topic.data + first, c->thing, c->thing_len) != 0 ||
        memcmp(topic.data + first + c->thing_len, middle, last) != 0)
        return slice_of(NULL, 0);
    return slice_of(topic.data + all, topic.len - all);
}

struct slice oracle_shadow_topic(const struct oracle_car *c, struct slice topic)
{
    return behind(c, topic, SHADOW_BEGIN, SHADOW_MIDDLE);
}

struct watch *oracle_watch_of(struct oracle_car *c, struct slice *topic)
{
    struct slice name;

    if (!route_take_shadow_name(topic, &name))
        return NULL;
    if (name.data == NULL)
        return &c->classic;
    int slot = c->named != NULL ? signal_schema_find_shadow(c->map->schema, name) : -1;
    return slot > 0 ? oracle_watch(c, (size_t)slot) : NULL;
}

struct watch *oracle_watch_named(struct oracle_car *c, const char *name)
{
    if (name == NULL)
        return &c->classic;
    int slot = c->named != NULL ? signal_schema_find_shadow(c->map->schema, slice_str(name)) : -1;
    return slot > 0 ? oracle_watch(c, (size_t)slot) : NULL;
}

const char *oracle_watch_name(const struct oracle_car *c, const struct watch *s)
{
    return s->slot != 0 ? signal_schema_shadow_name(c->map->schema, s->slot) : "";
}

struct slice oracle_execution_topic(const struct oracle_car *c, struct slice topic)
{
    return behind(c, topic, "$aws/commands/things/", "/executions/");
}

struct slice oracle_command_topic(const struct oracle_car *c, struct slice topic)
{
    const struct topic_set *topics = c->oracle->options.topics;
    struct slice thing, app;

    if (topics == NULL)
        return behind(c, topic, COMMAND_BEGIN, "/");
    if (topic_pattern_match(topics->request, topic, &thing, &app) && slice_is(thing, c->thing))
        return slice_str("request");
    if (topic_pattern_match(topics->response, topic, &thing, &app) && slice_is(thing, c->thing))
        return slice_str("response/app");
    return slice_of(NULL, 0);
}

struct reading {
    const struct oracle_car *car;
    struct envelope *to;
};

/* The end of its name, a hyphen, digits. */
static bool is_own(const struct oracle_car *c, struct slice token)
{
    size_t name = (size_t)(c->thing_len - c->name_start);

    if (token.len < name + 2 || memcmp(token.data, c->thing + c->name_start, name) != 0 ||
        token.data[name] != '-')
        return false;
    for (size_t i = name + 1; i < token.len; i++)
        if (token.data[i] < '0' || token.data[i] > '9')
            return false;
    return true;
}

static uint32_t hash_token(struct slice token)
{
    uint64_t h = hash_bytes(token);
    uint32_t folded = (uint32_t)(h ^ h >> 32);

    return folded != 0 ? folded : 1;
}

static void read_token(const struct reading *r, const struct json_value *member)
{
    char room[1024];
    struct slice token = member->text;

    if (member->type != JSON_STRING)
        return;
    if (member->escaped) {
        if (token.len >= sizeof room)
            return;
        token = slice_of(room, json_decode(token, room));
    }
    r->to->token = hash_token(token);
    r->to->token_len = token.len;
    r->to->own = is_own(r->car, token);
}

static void read_number(const struct json_value *member, double most, uint64_t *ret)
{
    double number = json_number(member);

    if (number >= 1 && number <= most)
        *ret = (uint64_t)number;
}

static void read_member(void *ctx, const struct json_value *member)
{
    const struct reading *r = ctx;
    uint64_t code = 0;

    if (json_key_is(member, "state")) {
        r->to->state = *member;
        r->to->has_state = true;
    } else if (json_key_is(member, "version")) {
        read_number(member, 0x1p53, &r->to->version);
    } else if (json_key_is(member, "clientToken")) {
        read_token(r, member);
    } else if (json_key_is(member, "code")) {
        read_number(member, 9999, &code);
        r->to->code = (int)code;
    }
}

bool oracle_envelope(const struct oracle_car *c, struct slice payload, struct envelope *ret)
{
    struct reading reading = {.car = c, .to = ret};
    struct json_value whole;

    *ret = (struct envelope){.version = 0};
    return json_check_members(payload, REPLICA_DEPTH_MAX, read_member, &reading, &whole) &&
           whole.type == JSON_OBJECT;
}
