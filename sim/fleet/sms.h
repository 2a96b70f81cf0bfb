/*
 * sms.h — the SMS gateway: mobile-terminated text messages, addressed by telephone number, such as
 * wake a sleeping TCU ("shoulder tap", contract 9.2).
 *
 * A message may be late, lost, or come twice. While the car has neither power nor coverage it waits
 * at the gateway, until its validity ends. What the car does with it is the car's business.
 *
 * All by the simulated clock; each message's fate is drawn from the seed, the car's number and the
 * message's, whatever else happens in the run.
 * Threads   the simulation thread.
 */
#ifndef FLEET_SMS_H
#define FLEET_SMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/timeunit.h"

struct sms;
struct simulation;
struct vehicle;

struct sms_options {
    /* Seconds: uniform from low to high; or, if `median` is above 0, log-normal: half of them take
       longer, and `sigma` says how much longer. */
    double low, high, median, sigma;
    double loss, duplicates; /* probabilities, 0 … 1 */
    double validity;         /* seconds that a message waits for its car */
};
/* 0.2 to 0.8 s, nothing lost, none twice, a day. */
void sms_options_defaults(struct sms_options *options);
/* Says what is out of range. */
bool sms_options_check(const struct sms_options *options, struct error *err);

/* Delivery reports. ORDER SMS_STATUS */
enum sms_status {
    SMS_PENDING,
    SMS_DELIVERED,
    SMS_FAILED,  /* no such number, or the car is gone */
    SMS_EXPIRED, /* not delivered within its validity */
    SMS_STATUS_COUNT
};
const char *sms_status_name(enum sms_status status); /* "pending", … */

struct sms_request {
    const char *text;  /* NULL: empty */
    const char *token; /* the command it is sent for, for the journey; NULL: none */
    /* Called once, after sms_send() has returned; NULL: nobody wants to know. */
    void (*report)(void *ctx, enum sms_status status);
    void *ctx;
};
void sms_send(struct vehicle *v, const struct sms_request *request);
/* The car with that number; NULL: none. Looks at all. */
struct vehicle *sms_addressee(const struct simulation *sim, const char *msisdn);

/* Its power or its coverage is back: what waited is delivered. */
void sms_reachable(struct vehicle *v);
/* The car goes: its messages have failed. */
void sms_forget(struct vehicle *v);

#endif
