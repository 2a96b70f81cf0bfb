#include "oracle/oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "oracle/car.h"

struct oracle *oracle_new(const struct oracle_options *options)
{
    struct oracle *o = xcalloc(1, sizeof *o);

    o->options = *options;
    if (o->options.quiet == 0)
        o->options.quiet = ORACLE_QUIET_DEFAULT;
    o->room.names = names_new();
    o->room.shapes = shapes_new();
    return o;
}

void oracle_free(struct oracle *o)
{
    if (o == NULL)
        return;
    leaf_list_done(&o->room.list);
    leaf_list_done(&o->room.other);
    shapes_free(o->room.shapes);
    names_free(o->room.names);
    free(o);
}

bool oracle_rule_on(const struct oracle *o, enum oracle_rule rule)
{
    return o->options.on[rule];
}

uint64_t oracle_checks(const struct oracle *o, enum oracle_rule rule)
{
    return o->checks[rule];
}

uint64_t oracle_violations(const struct oracle *o, enum oracle_rule rule)
{
    return o->violations[rule];
}

usec_t oracle_quiet(const struct oracle *o)
{
    return o->options.quiet;
}

static size_t leaves_bytes(const struct leaves *l)
{
    size_t path = l->shape != NULL ? 0 : sizeof *l->paths;

    return l->capacity * (path + sizeof *l->values);
}

static size_t replica_bytes(const struct replica *r)
{
    size_t bytes = leaves_bytes(&r->desired) + leaves_bytes(&r->reported) +
                   r->foreign_count * sizeof *r->foreign;

    for (const struct replica_held *h = r->held; h != NULL; h = h->next)
        bytes += sizeof *h + h->len;
    return bytes;
}

size_t oracle_car_bytes(const struct oracle_car *c)
{
    size_t bytes = sizeof *c + requests_bytes(c) + replica_bytes(&c->classic.replica);

    for (size_t i = 1; i < oracle_watch_count(c); i++)
        bytes += sizeof *c->named + replica_bytes(&c->named[i - 1].replica);
    if (c->answered != NULL)
        bytes += sizeof *c->answered + leaves_bytes(c->answered);
    return bytes;
}

void oracle_broken(struct oracle_car *c, enum oracle_rule rule, const char *fmt, ...)
{
    struct oracle *o = c->oracle;
    char text[1024];
    va_list ap;

    o->violations[rule]++;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct oracle_violation violation = {
        .rule = rule, .name = oracle_rule_name(rule), .text = text};
    if (o->options.violated != NULL)
        o->options.violated(o->options.ctx, c->user, &violation);
}

/* ---- the life of a car ---- */

/* As much of a thing's name as fits its client tokens: the last 32 bytes (contract 1.10). */
enum { TOKEN_NAME = 32 };

struct oracle_car *oracle_car_new(struct oracle *o, const char *thing_name, void *car)
{
    struct oracle_car *c = xcalloc(1, sizeof *c);
    size_t len = strlen(thing_name);

    c->oracle = o;
    c->user = car;
    c->thing = thing_name;
    c->thing_len = (uint8_t)(len < UINT8_MAX ? len : UINT8_MAX);
    c->name_start = (uint8_t)(c->thing_len > TOKEN_NAME ? c->thing_len - TOKEN_NAME : 0);
    c->touched = loop_script_now(o->options.loop);
    return c;
}

/* NULL: its signals live in the classic shadow only. */
static struct watch *watches_new(const struct signal_schema *schema)
{
    size_t count = signal_schema_shadow_count(schema);
    struct watch *named = count > 1 ? xcalloc(count - 1, sizeof *named) : NULL;

    for (size_t i = 1; i < count; i++)
        named[i - 1].slot = (uint8_t)i;
    return named;
}

static void watches_done(struct oracle_car *c)
{
    for (size_t i = 0; i < oracle_watch_count(c); i++)
        replica_done(&oracle_watch(c, i)->replica);
    free(c->named);
    c->named = NULL;
}

void oracle_car_adopt(struct oracle_car *c, struct tcu *tcu)
{
    c->tcu = tcu;
    c->state = (uint8_t)tcu->state;
    c->map = signal_map_take(c->oracle, tcu->signals.schema);
    c->named = watches_new(c->map->schema);
}

void oracle_car_free(struct oracle_car *c)
{
    if (c == NULL)
        return;
    watches_done(c);
    if (c->map != NULL)
        signal_map_leave(c->oracle, c->map);
    if (c->answered != NULL)
        leaves_done(c->answered);
    free(c->answered);
    requests_free(c);
    sabotage_free(c);
    free(c);
}

/* ---- what the car does ---- */

void oracle_touch(struct oracle_car *c, size_t changed)
{
    usec_t now = loop_script_now(c->oracle->options.loop);
    usec_t quiet = c->oracle->options.quiet;
    bool due = now - c->touched >= quiet;

    for (size_t i = 0; i < oracle_watch_count(c); i++) {
        usec_t wished = oracle_watch(c, i)->wished_at;
        due |= wished != 0 && now + 1 - wished >= quiet;
    }
    if (due)
        oracle_judge(c, changed);
    c->touched = now;
}

/* What is outstanding. */
static void wishes_count_from_now(struct oracle_car *c)
{
    for (size_t i = 0; i < oracle_watch_count(c); i++)
        if (oracle_watch(c, i)->outstanding != 0)
            oracle_watch(c, i)->wished_at = oracle_moment(c);
}

void oracle_car_state(struct oracle_car *c, enum tcu_state to)
{
    oracle_touch(c, NO_SIGNAL);
    if (c->state == TCU_ONLINE)
        c->left_s = (uint32_t)(loop_wall_ms(c->oracle->options.loop) / 1000);
    c->state = (uint8_t)to;
    oracle_caused(c);
    if (to == TCU_ONLINE)
        wishes_count_from_now(c);
    if (to == TCU_CONNECTING)
        c->refused = false;
    for (size_t i = 0; to != TCU_ONLINE && to != TCU_SYNCING && i < oracle_watch_count(c); i++)
        oracle_watch(c, i)->get.token = oracle_watch(c, i)->update.token = 0;
    if (c->sabotage != NULL)
        sabotage_state(c);
}

void oracle_car_signal(struct oracle_car *c, size_t index)
{
    oracle_touch(c, index);
    oracle_caused(c);
}

void oracle_car_order(struct oracle_car *c, const struct tcu_order *order)
{
    oracle_caused(c);
    if (order->kind == TCU_ORDER_REQUEST) {
        requests_executed(c, order->token);
        return;
    }
    if (c->answered == NULL)
        c->answered = xcalloc(1, sizeof *c->answered);
    for (size_t i = 0; i < order->change_count; i++) {
        const struct signal_change *change = &order->changes[i];
        leaves_set(c->answered, c->map->paths[change->index],
                   signal_leaf(c, change->index, change->value));
    }
}

void oracle_car_order_done(struct oracle_car *c, const struct tcu_order *order)
{
    oracle_touch(c, NO_SIGNAL);
    oracle_caused(c);
    if (order->kind == TCU_ORDER_REQUEST)
        requests_done(c, order->token, order->answer_twice);
}

/* Its wishes are to be acted on again. */
void oracle_car_order_cancelled(struct oracle_car *c, const struct tcu_order *order)
{
    if (order->kind == TCU_ORDER_REQUEST) {
        requests_done(c, order->token, false);
        return;
    }
    for (size_t i = 0; c->answered != NULL && i < order->change_count; i++)
        leaves_remove(c->answered, c->map->paths[order->changes[i].index]);
    wishes_count_from_now(c);
}

void oracle_car_note(struct oracle_car *c, enum tcu_note note)
{
    /* What it has to report, it may not. */
    if (note == TCU_NOTE_REPORT_REJECTED || note == TCU_NOTE_REFUSED)
        c->refused = true;
}

void oracle_car_held(struct oracle_car *c, bool held)
{
    oracle_touch(c, NO_SIGNAL);
    c->held = held;
    oracle_caused(c);
}

void oracle_car_speaks(struct oracle_car *c, bool script)
{
    c->script_speaks = script;
}

void oracle_car_changed_schema(struct oracle_car *c)
{
    struct signal_map *old = c->map;
    const struct signal_schema *schema = c->tcu->signals.schema;
    struct watch *named = watches_new(schema);

    for (size_t i = 1; i < signal_schema_shadow_count(schema); i++) {
        struct watch *was = oracle_watch_named(c, signal_schema_shadow_name(schema, i));
        if (was == NULL)
            continue;
        named[i - 1] = *was;
        named[i - 1].slot = (uint8_t)i;
        was->replica = (struct replica){.version = 0};
    }
    struct replica classic = c->classic.replica;
    c->classic.replica = (struct replica){.version = 0};
    watches_done(c);
    c->classic.replica = classic;
    c->named = named;
    c->map = signal_map_take(c->oracle, schema);
    signal_map_leave(c->oracle, old);
    c->touched = loop_script_now(c->oracle->options.loop);
    oracle_caused(c);
}
