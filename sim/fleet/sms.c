#include "fleet/sms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "fleet/vehicle_radio.h"
#include "metrics/recorder.h"

struct sms {
    struct sms *next;
    struct vehicle *vehicle;
    struct loop_timer timer;
    usec_t expires; /* by the simulated clock */
    double again;   /* seconds that its delivery takes once the car can be reached again */
    bool waits;     /* for its car to be reachable */
    bool lost, copy;
    void (*report)(void *ctx, enum sms_status status);
    void *ctx;
    char text[];
};

const char *sms_status_name(enum sms_status status)
{
    /* ORDER SMS_STATUS */
    static const char *const names[SMS_STATUS_COUNT] = {"pending", "delivered", "failed",
                                                        "expired"};
    return (unsigned)status < SMS_STATUS_COUNT ? names[status] : "unknown";
}

void sms_options_defaults(struct sms_options *options)
{
    *options = (struct sms_options){.low = 0.2, .high = 0.8, .validity = 86400};
}

static bool probability(double p)
{
    return p >= 0 && p <= 1;
}

bool sms_options_check(const struct sms_options *o, struct error *err)
{
    const double most = 30 * 86400;

    if (!(o->low >= 0 && o->low <= o->high && o->high <= most))
        return error_set(err, ERROR_USAGE, "delay: from low to high, in seconds, low first");
    if (!(o->median >= 0 && o->median <= most && o->sigma >= 0 && o->sigma <= 10))
        return error_set(err, ERROR_USAGE,
                         "delay: a median in seconds, and a sigma from 0 to 10 (try 0.5)");
    if (!probability(o->loss))
        return error_set(err, ERROR_USAGE, "loss: a probability from 0 to 1");
    if (!probability(o->duplicates))
        return error_set(err, ERROR_USAGE, "duplicates: a probability from 0 to 1");
    if (!(o->validity > 0 && o->validity <= most))
        return error_set(err, ERROR_USAGE, "validity: above 0, up to 30 days of seconds");
    return true;
}

/* ---- one message ---- */

static void remove_sms(struct sms *sms)
{
    struct sms **p = &sms->vehicle->sms;

    while (*p != sms)
        p = &(*p)->next;
    *p = sms->next;
    loop_timer_stop(&sms->timer);
}

static void end(struct sms *sms, enum sms_status status)
{
    void (*report)(void *ctx, enum sms_status status) = sms->report;
    void *ctx = sms->ctx;

    remove_sms(sms);
    free(sms);
    if (report != NULL)
        report(ctx, status);
}

static void note(const struct sms *sms, const char *what)
{
    struct vehicle *v = sms->vehicle;

    timeline_add_parts(v->timeline, clock_now(), TIMELINE_SMS,
                       &(struct timeline_parts){slice_str(what),
                                                slice_str(sms->copy ? " once more at " : " at "),
                                                slice_str(v->identity.msisdn)});
}

static void deliver(struct sms *sms)
{
    struct vehicle *v = sms->vehicle;
    char *text = xstrdup(sms->text);

    note(sms, "delivered");
    recorder_count(v->sim->recorder, "sms.delivered", 1);
    end(sms, SMS_DELIVERED);
    vehicle_tapped(v, text);
    free(text);
}

static void start(struct sms *sms, double seconds)
{
    usec_t now = loop_simulated_now(sms->vehicle->sim->loop);
    usec_t left = sms->expires > now ? sms->expires - now : 0;

    if (seconds * 1e6 < (double)left)
        left = (usec_t)(seconds * 1e6);
    loop_timer_start_scaled(&sms->timer, left);
}

static void on_timer(void *arg)
{
    struct sms *sms = arg;
    struct vehicle *v = sms->vehicle;

    if (loop_simulated_now(v->sim->loop) >= sms->expires) {
        note(sms, "expired");
        recorder_count(v->sim->recorder, "sms.expired", 1);
        end(sms, SMS_EXPIRED);
    } else if (v->tcu->state == TCU_OFF || !vehicle_radio_attached(v)) {
        note(sms, "waits, the car cannot be reached,");
        sms->waits = true;
        start(sms, INFINITY);
    } else {
        deliver(sms);
    }
}

/* ---- the gateway ---- */

static double draw_delay(const struct sms_options *o, struct rng *rng)
{
    double a = rng_unit(rng);
    double b = rng_unit(rng);

    if (o->median <= 0)
        return o->low + a * (o->high - o->low);
    /* Box and Muller; 1 - a is never 0. */
    double normal = sqrt(-2 * log(1 - a)) * cos(2 * acos(-1.0) * b);
    return o->median * exp(o->sigma * normal);
}

static struct sms *add(struct vehicle *v, const char *text, const struct sms_options *o)
{
    size_t size = strlen(text) + 1;
    struct sms *sms = xcalloc(1, sizeof *sms + size);
    struct sms **last = &v->sms;

    memcpy(sms->text, text, size);
    sms->vehicle = v;
    sms->expires = loop_simulated_now(v->sim->loop) + (usec_t)(o->validity * USEC_PER_SEC);
    while (*last != NULL)
        last = &(*last)->next;
    *last = sms;
    loop_timer_init(&sms->timer, v->sim->loop, on_timer, sms);
    return sms;
}

void sms_send(struct vehicle *v, const struct sms_request *request)
{
    const struct sms_options *o = v->sms_options != NULL ? v->sms_options : &v->sim->sms_options;
    const char *text = request->text != NULL ? request->text : "";
    struct rng rng;

    /* Streams of their own: those of cars and scenarios are below. */
    rng_init(&rng, v->seed, UINT64_C(1) << 63 | v->sms_count++);
    double loss = rng_unit(&rng);
    double twice = rng_unit(&rng);
    double delay = draw_delay(o, &rng);
    double copy_delay = draw_delay(o, &rng);
    double again = draw_delay(o, &rng);
    if (request->token != NULL) {
        vehicle_expect_wake(v, request->token);
        recorder_journey_mark(v->sim->recorder, request->token, JOURNEY_SMS_SENT, clock_now());
    }
    struct sms *sms = add(v, text, o);
    sms->report = request->report;
    sms->ctx = request->ctx;
    sms->again = again;
    sms->lost = loss < o->loss;
    note(sms, sms->lost ? "sent, but lost," : "sent");
    recorder_count(v->sim->recorder, "sms.sent", 1);
    if (sms->lost)
        recorder_count(v->sim->recorder, "sms.lost", 1);
    /* The sender of a lost one learns only that its time has run out. */
    start(sms, sms->lost ? (double)INFINITY : delay);
    if (sms->lost || twice >= o->duplicates)
        return;
    sms = add(v, text, o);
    sms->copy = true;
    sms->again = again;
    start(sms, copy_delay);
}

struct vehicle *sms_addressee(const struct simulation *sim, const char *msisdn)
{
    for (size_t i = 0; i < sim->table_size; i++)
        if (sim->table[i] != NULL && strcmp(sim->table[i]->identity.msisdn, msisdn) == 0)
            return sim->table[i];
    return NULL;
}

void sms_reachable(struct vehicle *v)
{
    for (struct sms *sms = v->sms; sms != NULL; sms = sms->next) {
        if (!sms->waits)
            continue;
        sms->waits = false;
        start(sms, sms->again);
    }
}

void sms_forget(struct vehicle *v)
{
    /* end() takes the first one out of the list. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    while (v->sms != NULL)
        end(v->sms, SMS_FAILED); /* NOLINT(clang-analyzer-unix.Malloc) */
}
