#include "fleet/sms.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "fleet/vehicle_radio.h"
#include "metrics/recorder.h"

struct sms {
    struct sms *next;
    struct vehicle *vehicle;
    struct loop_timer delay;
    bool waits; /* for the car to be on a network */
};

static void unlink_sms(struct simulation *sim, struct sms *sms)
{
    struct sms **p = &sim->sms;

    while (*p != sms)
        p = &(*p)->next;
    *p = sms->next;
}

static void on_delivered(void *arg)
{
    struct sms *sms = arg;
    struct vehicle *v = sms->vehicle;
    bool lost = v->tcu->state == TCU_OFF;

    if (!lost && !vehicle_radio_attached(v)) {
        sms->waits = true;
        timeline_addf(v->timeline, clock_now(), TIMELINE_SMS, "waits: %s is on no network",
                      v->identity.msisdn);
        return;
    }
    unlink_sms(v->sim, sms);
    free(sms);
    timeline_addf(v->timeline, clock_now(), TIMELINE_SMS, "%s at %s",
                  lost ? "lost: no power" : "delivered", v->identity.msisdn);
    if (!lost && tcu_wake(v->tcu))
        recorder_count(v->sim->recorder, "sms.woken", 1);
}

void sms_send(struct simulation *sim, struct vehicle *v, const char *token)
{
    struct sms *sms = xcalloc(1, sizeof *sms);
    usec_t now = clock_now();

    if (token != NULL) {
        vehicle_expect_wake(v, token);
        recorder_journey_mark(sim->recorder, token, JOURNEY_SMS_SENT, now);
    }
    timeline_addf(v->timeline, now, TIMELINE_SMS, "sent to %s", v->identity.msisdn);
    recorder_count(sim->recorder, "sms.sent", 1);
    sms->vehicle = v;
    sms->next = sim->sms;
    sim->sms = sms;
    loop_timer_init(&sms->delay, sim->loop, on_delivered, sms);
    usec_t range = sim->sms_delay_max - sim->sms_delay_min;
    loop_timer_start_scaled(&sms->delay, sim->sms_delay_min + rng_below(&sim->rng, range + 1));
}

void sms_attached(struct simulation *sim, const struct vehicle *v)
{
    for (struct sms *sms = sim->sms; sms != NULL; sms = sms->next) {
        if (sms->vehicle != v || !sms->waits)
            continue;
        sms->waits = false;
        loop_timer_start_scaled(&sms->delay, sim->sms_delay_min);
    }
}

void sms_forget(struct simulation *sim, const struct vehicle *v)
{
    for (struct sms **p = &sim->sms; *p != NULL;) {
        struct sms *sms = *p;
        if (sms->vehicle != v) {
            p = &sms->next;
            continue;
        }
        *p = sms->next;
        loop_timer_stop(&sms->delay);
        free(sms);
    }
}
