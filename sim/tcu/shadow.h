/*
 * shadow.h — the car's side of its shadows (contract 1.10): of the classic one, and of each named
 * one that signals of its model live in. They share nothing but the numbers of client tokens.
 *
 *     get → apply what was desired → report → (delta → apply → report)*
 *
 * Owns      the versions seen, what it remembers of each desired value, the report in flight.
 * Promises  one report in flight at most; a desired value is acted on once, however
 * often deltas repeat it; a refused report is not sent again as it was; what was wished and
 * withdrawn while the car was away is not acted on, although its delta waited in the session; one
 *           that was written again is obeyed again, although a later delta came before.
 */
#ifndef TCU_SHADOW_H
#define TCU_SHADOW_H

#include "tcu/tcu.h"

/* The desired value last acted on, per desired signal. */
struct shadow_handled {
    uint32_t hash : 31;  /* of the value; 0: none */
    uint32_t traced : 1; /* the update that wrote it has been heard of */
    uint32_t timestamp;  /* seconds, from its metadata */
};

struct shadow {
    uint64_t version;        /* highest seen since the last reset */
    uint64_t delta_version;  /* of the last delta or get that was acted on */
    uint64_t heard;          /* bit i: that version minus i has been heard of */
    uint64_t noted_version;  /* whose bad leaves were noted */
    uint64_t asked_version;  /* `version` when the get went out */
    uint64_t held_version;   /* newest delta that came before the get's answer; 0: none */
    char *held_token;        /* its clientToken, if foreign; or of the wish that is asked after */
    struct loop_timer timer; /* end of this turn, time-out of the report in flight, or a pause */
    struct tcu_order *done;  /* orders whose outcome is in no report yet */
    struct tcu_order *told;  /* orders whose outcome is in the report in flight */
    uint32_t get_token, report_token; /* outstanding; 0: none */
    uint16_t report_packet;
    uint8_t slot;     /* of signal_schema_shadow_name() */
    uint8_t refusals; /* "later", in a row */
    bool synced;      /* its get was answered, on this connection */
    bool held;        /* nothing is reported */
    bool asked_again; /* the answer was older than the delta held */
    bool asks_after;  /* whether a wish that was written again still stands */
};

/* What shadows.h does to each. */
void shadow_clear(struct shadow *s);
/* Asks for the document; false if the client cannot take it now. */
bool shadow_get(struct tcu *t, struct shadow *s);
/* Something is dirty: report at the end of this turn, if online and due. */
void shadow_schedule(struct tcu *t, struct shadow *s);
void shadow_on_timer(struct tcu *t, struct shadow *s);
/* The connection is gone: what flew is to be reported again. */
void shadow_offline(struct tcu *t, struct shadow *s);

/* Power was lost while acting: act on these wishes again after the restart. */
void shadow_forget(struct tcu *t, const struct tcu_order *order);
/* An order by shadow has ended; adopts it until its report is accepted. */
void shadow_order_done(struct tcu *t, struct tcu_order *order);

/* PUBACK of its report. */
void shadow_on_puback(struct tcu *t, struct shadow *s, uint8_t reason_code);

/* A message about one of them. */
typedef void shadow_handler(struct tcu *t, struct shadow *s, const struct mqtt_message *m,
                            usec_t at);
shadow_handler shadow_on_get_accepted, shadow_on_get_rejected, shadow_on_update_accepted,
    shadow_on_update_rejected, shadow_on_delta, shadow_on_delete_accepted;

#endif
