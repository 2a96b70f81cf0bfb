#include "fleet/vehicle_radio.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "fleet/sms.h"

/* Random streams of modems, apart from those of the cars. */
#define STREAMS (UINT64_C(1) << 41)

struct vehicle_radio {
    struct vehicle *v;
    struct radio radio;
    struct radio_profile profiles[2]; /* that it is on, and the one before */
    bool at;
    struct loop_timer change; /* the modem's own next one */
    bool connects;            /* the car, as soon as there is a network */
    enum radio_state told;    /* the last one that its timeline was told */
};

static usec_t now_of(const struct vehicle *v)
{
    return loop_simulated_now(v->sim->loop);
}

/* ---- what the client asks ---- */

static bool passes(void *ctx)
{
    struct vehicle_radio *r = ctx;

    return radio_update(&r->radio, now_of(r->v)) == RADIO_ATTACHED;
}

static usec_t resume(void *ctx, usec_t held)
{
    struct vehicle_radio *r = ctx;

    return radio_retry_delay(&r->radio, held, now_of(r->v));
}

static usec_t delay(void *ctx, enum shaper_way way, size_t bytes)
{
    static const enum radio_way ways[SHAPER_WAY_COUNT] = {RADIO_UP, RADIO_DOWN};
    struct vehicle_radio *r = ctx;
    usec_t now = now_of(r->v);

    /* Before this packet makes it look alive. */
    radio_has_forgotten(&r->radio, now);
    return radio_delay(&r->radio, ways[way], bytes, now);
}

static void begin(void *ctx)
{
    struct vehicle_radio *r = ctx;

    radio_begin(&r->radio, now_of(r->v));
}

static bool forgotten(void *ctx)
{
    struct vehicle_radio *r = ctx;

    return radio_has_forgotten(&r->radio, now_of(r->v));
}

static bool shape(struct vehicle_radio *r)
{
    static const struct mqtt_shaper_ops ops = {passes, resume, delay, begin, forgotten};

    return tcu_shape(r->v->tcu, &(struct mqtt_shaper){&ops, r});
}

/* ---- changes ---- */

static void say(const struct vehicle *v, const char *from, const char *to)
{
    char change[64];

    snprintf(change, sizeof change, "%s → %s", from, to);
    timeline_add_parts(
        v->timeline, clock_now(), TIMELINE_NOTE,
        &(struct timeline_parts){slice_str("radio"), slice_str(": "), slice_str(change)});
}

/* Something about the modem is different now. */
static void changed(struct vehicle_radio *r)
{
    struct vehicle *v = r->v;
    usec_t now = now_of(v), next = radio_next_change(&r->radio);

    if (r->radio.state != r->told)
        say(v, radio_state_name(r->told), radio_state_name(r->radio.state));
    r->told = r->radio.state;
    if (next != 0)
        loop_timer_start_scaled(&r->change, next > now ? next - now : 0);
    else
        loop_timer_stop(&r->change);
    shape(r);
    if (r->radio.state == RADIO_ATTACHED) {
        sms_reachable(v);
        if (r->connects) {
            r->connects = false;
            vehicle_connect(v);
        }
    }
    v->behaviour->changed(v->ctx, v);
}

static void on_change(void *arg)
{
    struct vehicle_radio *r = arg;

    radio_update(&r->radio, now_of(r->v));
    changed(r);
}

bool vehicle_radio_set(struct vehicle *v, const struct radio_profile *profile, struct error *err)
{
    struct vehicle_radio *r = v->radio;
    bool first = r == NULL;

    if (first && profile == radio_profile_at(0))
        return true;
    if (first) {
        r = xcalloc(1, sizeof *r);
        r->v = v;
        radio_init(&r->radio, profile, v->seed, STREAMS, now_of(v));
        radio_switch(&r->radio, v->tcu->state != TCU_OFF, now_of(v));
        r->told = r->radio.state;
        loop_timer_init(&r->change, v->sim->loop, on_change, r);
        if (!shape(r)) {
            free(r);
            return error_set(err, ERROR_USAGE,
                             "a car on the Paho client has no radio (run the cars with --client "
                             "native)");
        }
        v->radio = r;
    }
    say(v, first ? "perfect" : r->radio.profile->name, profile->name);
    /* The old one counts until now. */
    r->at = !r->at;
    r->profiles[r->at] = *profile;
    radio_set_profile(&r->radio, &r->profiles[r->at], now_of(v));
    changed(r);
    return true;
}

const struct radio *vehicle_radio(struct vehicle *v)
{
    if (v->radio == NULL)
        return NULL;
    radio_update(&v->radio->radio, now_of(v));
    return &v->radio->radio;
}

bool vehicle_radio_receive(struct vehicle *v, size_t bytes, usec_t *ret_delay)
{
    *ret_delay = 0;
    if (v->radio == NULL)
        return true;
    if (!passes(v->radio))
        return false;
    *ret_delay = delay(v->radio, SHAPER_DOWN, bytes);
    return true;
}

bool vehicle_radio_attached(struct vehicle *v)
{
    return v->radio == NULL || passes(v->radio);
}

/* ---- the vehicle ---- */

void vehicle_radio_power(struct vehicle *v, bool on)
{
    if (v->radio == NULL)
        return;
    radio_switch(&v->radio->radio, on, now_of(v));
    changed(v->radio);
}

bool vehicle_radio_ready(struct vehicle *v)
{
    if (vehicle_radio_attached(v))
        return true;
    v->radio->connects = true;
    return false;
}

void vehicle_radio_leave(struct vehicle *v)
{
    if (v->radio != NULL)
        v->radio->connects = false;
}

void vehicle_radio_free(struct vehicle *v)
{
    if (v->radio == NULL)
        return;
    loop_timer_stop(&v->radio->change);
    free(v->radio);
    v->radio = NULL;
}
