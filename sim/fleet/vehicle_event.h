/*
 * vehicle_event.h — something that happened to a car, told while it happens to whoever waits for
 * it. What nobody waits for costs one test of a bit.
 */
#ifndef FLEET_VEHICLE_EVENT_H
#define FLEET_VEHICLE_EVENT_H

#include "mqtt/codec.h"
#include "tcu/tcu.h"

/* ORDER VEHICLE_EVENT_KIND */
enum vehicle_event_kind {
    VEHICLE_EVENT_IN,      /* packet from the cloud */
    VEHICLE_EVENT_OUT,     /* packet to the cloud */
    VEHICLE_EVENT_STATE,   /* life cycle */
    VEHICLE_EVENT_SIGNAL,  /* a signal changed */
    VEHICLE_EVENT_COMMAND, /* a stage of a command, as the car sees it */
    VEHICLE_EVENT_NOTE,    /* something dropped, refused or lost */
    VEHICLE_EVENT_SMS,     /* a text message came */
    VEHICLE_EVENT_KIND_COUNT
};

/* The member named by `kind` counts. Borrowed during the call. */
struct vehicle_event {
    enum vehicle_event_kind kind;
    usec_t at; /* clock_now() */
    union {
        struct {
            const struct mqtt_packet *decoded; /* NULL: it cannot be */
            size_t size;                       /* bytes on the wire */
        } packet;
        struct {
            enum tcu_state from, to;
        } state;
        size_t signal; /* its index */
        struct {
            const char *stage; /* "received", "started", "acted", "reported", "report_accepted",
                                  "done", "cancelled" */
            const char *token;
            const struct tcu_order *order;    /* received and done; else NULL */
            enum tcu_outcome outcome;         /* done */
            const char *reason, *description; /* done; may be NULL */
        } command;
        struct {
            const char *name, *detail; /* detail: "" if there is none */
        } note;
        const char *text; /* of the SMS */
    };
};

#endif
