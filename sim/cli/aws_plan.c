#include "cli/aws_plan.h"

#include <math.h>
#include <stdio.h>

#include "cli/pen.h"

/* ---- what a car and a command are to the account ----

   Counted as docs/aws.md has it, QoS 1 both ways. PUBLISH, CONNECT, SUBSCRIBE and a device's PUBACK
   are messages of 5 KB each; what the service acknowledges is not charged. */

/* A connect, with the classic shadow: CONNECT, SUBSCRIBE, the shadow's get and its answer with its
   PUBACK, the first report, its answer with its PUBACK. A named shadow has all of these but the
   CONNECT, and no filters of requests. */
struct connect_cost {
    double messages, filters;
    double in; /* publishes to the account: two requests, and the shadow's two answers */
    double out, shadow;
};

static const struct connect_cost by_classic = {
    .messages = 8, .filters = 8, .in = 4, .out = 2, .shadow = 2};
static const struct connect_cost by_named = {
    .messages = 7, .filters = 6, .in = 4, .out = 2, .shadow = 2};

/* Of a car, in the mean. */
static struct connect_cost connect_cost(const struct aws_plan *plan)
{
    const struct connect_cost *c = &by_classic, *n = &by_named;

    return (struct connect_cost){
        .messages = c->messages + plan->named_shadows * n->messages,
        .filters = c->filters + plan->named_shadows * n->filters,
        .in = c->in + plan->named_shadows * n->in,
        .out = c->out + plan->named_shadows * n->out,
        .shadow = c->shadow + plan->named_shadows * n->shadow,
    };
}

struct command_cost {
    double messages, in, out, shadow, app; /* `app`: publishes of the app's connection */
};

/* Request, response, and the report of what has changed; or the wish, the delta, the report, and
   their answers to car and app. */
static const struct command_cost by_request = {
    .messages = 9, .in = 4, .out = 3, .shadow = 1, .app = 2};
static const struct command_cost by_shadow = {
    .messages = 12, .in = 5, .out = 5, .shadow = 2, .app = 3};

static const struct command_cost *cost_of(const struct aws_plan *plan)
{
    return plan->by_shadow ? &by_shadow : &by_request;
}

/* ---- quotas ---- */

static const struct {
    const char *name, *unit;
    double limit;
} quotas[AWS_QUOTA_COUNT] = {
    {"connections at once",        "",   500000},
    {"connects",                   "/s", 500   },
    {"subscriptions, each filter", "/s", 500   },
    {"publishes to the account",   "/s", 20000 },
    {"publishes to cars and apps", "/s", 20000 },
    {"shadow operations",          "/s", 4000  },
    {"publishes of one app",       "/s", 100   },
};

struct aws_quota_use aws_plan_quota(const struct aws_plan *plan, enum aws_quota quota)
{
    const struct command_cost *c = cost_of(plan);
    const struct connect_cost k = connect_cost(plan);
    double connects = plan->connects_per_s, commands = plan->commands_per_s;
    /* Cars come first, then the load: the two are not added up. */
    const double asked[AWS_QUOTA_COUNT] = {
        [AWS_CONNECTIONS] = (double)(plan->cars + plan->apps),
        [AWS_CONNECTS] = connects,
        [AWS_SUBSCRIPTIONS] = connects * k.filters,
        [AWS_PUBLISHES_IN] = fmax(connects * k.in, commands * c->in + plan->telemetry_per_s),
        [AWS_PUBLISHES_OUT] = fmax(connects * k.out, commands * c->out),
        [AWS_SHADOW_OPERATIONS] = fmax(connects * k.shadow, commands * c->shadow),
        [AWS_APP_PUBLISHES] = plan->apps > 0 ? commands * c->app / (double)plan->apps : 0,
    };

    return (struct aws_quota_use){.asked = asked[quota], .limit = quotas[quota].limit};
}

/* ---- the bill ---- */

/* us-east-1, of 2025: dollars for a million. */
#define PER_MILLION_MINUTES  0.08
#define PER_MILLION_MESSAGES 1.00 /* of the first thousand million of a month */
#define PER_MILLION_SHADOW   1.25 /* of each KB of the shadow */
#define MESSAGE_BYTES        5120
/* A shipped model's classic shadow, and one of its named ones, about. */
#define SHADOW_KB       4
#define NAMED_SHADOW_KB 1
#define MILLION         1e6

/* KB of shadow operations. */
static double shadow_kilobytes(const struct aws_plan *plan, double commands)
{
    double named = plan->named_commands;
    double of_command = (1 - named) * SHADOW_KB + named * NAMED_SHADOW_KB;
    double of_connect =
        by_classic.shadow * SHADOW_KB + plan->named_shadows * by_named.shadow * NAMED_SHADOW_KB;

    return (double)plan->cars * of_connect + commands * cost_of(plan)->shadow * of_command;
}

struct aws_bill aws_plan_bill(const struct aws_plan *plan)
{
    const struct command_cost *c = cost_of(plan);
    double cars = (double)plan->cars;
    double commands = plan->commands_per_s * plan->loaded_seconds;
    double telemetry = plan->telemetry_per_s * plan->loaded_seconds;
    double pieces = ceil(fmax((double)plan->telemetry_size, 1) / MESSAGE_BYTES);
    /* Begun minutes count. */
    struct aws_bill bill = {
        .minutes = (cars + (double)plan->apps) * ceil(plan->seconds / 60),
        .messages =
            cars * connect_cost(plan).messages + commands * c->messages + telemetry * pieces,
        .shadow_operations = shadow_kilobytes(plan, commands),
    };

    bill.connectivity = bill.minutes / MILLION * PER_MILLION_MINUTES;
    bill.messaging = bill.messages / MILLION * PER_MILLION_MESSAGES;
    bill.shadow = bill.shadow_operations / MILLION * PER_MILLION_SHADOW;
    return bill;
}

/* ---- in words ---- */

/* `each`: how much of the quota a connect is. */
static void tell_ramp(const struct aws_plan *plan, double each, enum aws_quota quota,
                      struct buf *out)
{
    buf_printf(out, "--ramp %.0fs, --connect-rate %.0f",
               ceil((double)plan->cars * each / quotas[quota].limit), quotas[quota].limit / each);
}

static void tell_rate(const struct aws_plan *plan, double each, enum aws_quota quota,
                      struct buf *out)
{
    double telemetry = quota == AWS_PUBLISHES_IN ? plan->telemetry_per_s : 0;
    double left = quotas[quota].limit - telemetry;

    if (left > 0)
        buf_printf(out, "--commands %.0f/s", floor(left / each));
    else
        buf_printf(out, "--telemetry %.0f/s", quotas[quota].limit / 2);
}

/* Of connects, or of what comes after them. */
static void tell_either(const struct aws_plan *plan, double connect, double command,
                        enum aws_quota quota, struct buf *out)
{
    if (plan->connects_per_s * connect > quotas[quota].limit)
        tell_ramp(plan, connect, quota, out);
    else
        tell_rate(plan, command, quota, out);
}

/* What mends it. */
static void tell_remedy(const struct aws_plan *plan, enum aws_quota quota, struct buf *out)
{
    const struct command_cost *c = cost_of(plan);
    const struct connect_cost k = connect_cost(plan);

    switch (quota) {
    case AWS_CONNECTIONS:
        buf_printf(out, "--vehicles %.0f", quotas[quota].limit - (double)plan->apps);
        break;
    case AWS_CONNECTS:
        tell_ramp(plan, 1, quota, out);
        break;
    case AWS_SUBSCRIPTIONS:
        tell_ramp(plan, k.filters, quota, out);
        break;
    case AWS_PUBLISHES_IN:
        tell_either(plan, k.in, c->in, quota, out);
        break;
    case AWS_PUBLISHES_OUT:
        tell_either(plan, k.out, c->out, quota, out);
        break;
    case AWS_SHADOW_OPERATIONS:
        tell_either(plan, k.shadow, c->shadow, quota, out);
        break;
    case AWS_APP_PUBLISHES:
        buf_printf(out, "--apps %.0f", ceil(plan->commands_per_s * c->app / quotas[quota].limit));
        break;
    case AWS_QUOTA_COUNT:
        break;
    }
}

static bool tell_quota(const struct aws_plan *plan, enum aws_quota quota, struct buf *out)
{
    struct aws_quota_use use = aws_plan_quota(plan, quota);
    bool passed = use.asked > use.limit;

    if (use.asked * 2 < use.limit)
        return false;
    buf_printf(out, "  %-28s %8.0f%s of %.0f%s", quotas[quota].name, use.asked, quotas[quota].unit,
               use.limit, quotas[quota].unit);
    if (passed) {
        buf_append_str(out, "  TOO MANY (");
        tell_remedy(plan, quota, out);
        buf_append_str(out, ")");
    }
    buf_append_str(out, "\n");
    return passed;
}

static void tell_item(const char *name, double count, double dollars, struct buf *out)
{
    char number[32];

    pen_number((uint64_t)(count + 0.5), number, sizeof number);
    buf_printf(out, "  %-28s %17s   $%.2f\n", name, number, dollars);
}

unsigned aws_plan_tell(const struct aws_plan *plan, struct buf *out)
{
    struct aws_bill bill = aws_plan_bill(plan);
    unsigned passed = 0;

    buf_append_str(out,
                   "On AWS IoT Core this load meets, of an account's default quotas (yours may "
                   "be others):\n");
    size_t before = buf_len(out);
    for (int q = 0; q < AWS_QUOTA_COUNT; q++)
        passed += tell_quota(plan, (enum aws_quota)q, out);
    if (buf_len(out) == before)
        buf_append_str(out, "  none by half\n");
    buf_printf(out,
               "and costs about $%.2f by the prices of %s in %s, without tax and free tier (check "
               "yours):\n",
               bill.connectivity + bill.messaging + bill.shadow, AWS_PLAN_REGION, AWS_PLAN_PRICES);
    tell_item("connection minutes", bill.minutes, bill.connectivity, out);
    tell_item("messages of 5 KB", bill.messages, bill.messaging, out);
    tell_item("KB of shadow operations", bill.shadow_operations, bill.shadow, out);
    return passed;
}
