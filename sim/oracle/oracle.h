/*
 * oracle.h — an independent witness of every car: what its shadows must be, which of its commands
 * it may execute, when it may speak. docs/oracle.md explains each rule.
 *
 * It stands between the TCU and its MQTT client (the tap), hears from the companions what the cloud
 * told them, and sees the car's signals and orders. It shares no code with the TCU's shadow, nor
 * with the cloud's.
 *
 *     oracle_new → oracle_car_new → (tap, hooks)* → oracle_car_settle → oracle_car_free
 *
 * Owns      the cars' witnesses, the names and shapes that they share.
 * Borrows   the loop; the cars' TCUs from oracle_car_adopt() on.
 * Threads   the simulation thread.
 * Promises  no false alarm: what MQTT and contract 1.1 allow (repeated, reordered, missed messages,
 *           others that write) is no violation. Takes any bytes. No timer, no I/O.
 */
#ifndef ORACLE_ORACLE_H
#define ORACLE_ORACLE_H

#include "base/timeunit.h"
#include "mqtt/client.h"
#include "oracle/rules.h"
#include "tcu/tcu.h"

#define ORACLE_QUIET_DEFAULT (5 * USEC_PER_SEC)
#define ORACLE_DOCS          "docs/oracle.md"

struct oracle;
struct topic_set;
struct oracle_car;

/* Texts are valid during the call. */
struct oracle_violation {
    enum oracle_rule rule;
    const char *name; /* oracle_rule_name() */
    const char *text; /* one line: what was expected, and what was seen */
};

struct oracle_options {
    struct loop *loop;
    bool on[ORACLE_RULE_COUNT];
    /* How long a car is quiet, by the script clock, before all must agree. 0: the default. */
    usec_t quiet;
    const struct topic_set *topics; /* of commands, borrowed; NULL: fleetsim's own */
    /* `car` is what oracle_car_new() was given. May be called from inside any function here, and
       from events of the tap; must not free the car. */
    void (*violated)(void *ctx, void *car, const struct oracle_violation *violation);
    void *ctx;
};

struct oracle *oracle_new(const struct oracle_options *options);
/* All cars must be freed. NULL is fine. */
void oracle_free(struct oracle *o);
bool oracle_rule_on(const struct oracle *o, enum oracle_rule rule);
/* How often the rule was looked at, and found broken. */
uint64_t oracle_checks(const struct oracle *o, enum oracle_rule rule);
uint64_t oracle_violations(const struct oracle *o, enum oracle_rule rule);
usec_t oracle_quiet(const struct oracle *o);

/* ---- one car ---- */

/* `thing_name` is borrowed. */
struct oracle_car *oracle_car_new(struct oracle *o, const char *thing_name, void *car);
void oracle_car_free(struct oracle_car *c);
/* What it holds, without what malloc adds and what all share; for measuring. */
size_t oracle_car_bytes(const struct oracle_car *c);
/* After tcu_new(). */
void oracle_car_adopt(struct oracle_car *c, struct tcu *tcu);

/* The tap: give oracle_tap_events and the car to the maker of the inner client as its events and
   ctx, then complete it. The result's owner is who called; freeing it frees `inner`. */
extern const struct mqtt_client_events oracle_tap_events;
struct mqtt_client *oracle_tap_wrap(struct oracle_car *c, struct mqtt_client *inner,
                                    const struct mqtt_client_events *events, void *ctx);

/* As in struct tcu_observer. */
void oracle_car_state(struct oracle_car *c, enum tcu_state to);
void oracle_car_signal(struct oracle_car *c, size_t index);
void oracle_car_order(struct oracle_car *c, const struct tcu_order *order);
void oracle_car_order_done(struct oracle_car *c, const struct tcu_order *order);
void oracle_car_order_cancelled(struct oracle_car *c, const struct tcu_order *order);
void oracle_car_note(struct oracle_car *c, enum tcu_note note);
/* tcu_hold_reports(). */
void oracle_car_held(struct oracle_car *c, bool held);
/* What is published in between is a script's own doing, not the TCU's. */
void oracle_car_speaks(struct oracle_car *c, bool script);
/* tcu_change_schema(). */
void oracle_car_changed_schema(struct oracle_car *c);

/* `shadow` names one of the car's; NULL: the classic one. One that no signal of the car lives in is
   not looked at. */

/* What a companion saw of it. */
enum oracle_sight { ORACLE_SAW_ACCEPTED, ORACLE_SAW_DOCUMENT, ORACLE_SAW_DELETED };
void oracle_car_seen(struct oracle_car *c, const char *shadow, enum oracle_sight what,
                     uint64_t version, struct slice payload);
/* A companion's idea of the document. */
struct oracle_idea {
    const char *who;
    uint64_t version;
    struct slice desired, reported; /* JSON objects, empty if it has none */
};
/* Compared with the car's, if both are at the same version. */
void oracle_car_compare(struct oracle_car *c, const char *shadow, const struct oracle_idea *idea);

/* The version of it that is known, by whoever saw it; 0: none. */
uint64_t oracle_car_version(struct oracle_car *c, const char *shadow);
/* Do car and shadow agree? Violations are told if the car has been quiet for long enough. */
enum oracle_calm {
    ORACLE_CALM, /* they agree, or there is nothing to compare (the car is offline, acts, …) */
    ORACLE_RESTLESS, /* they do not, but the car has not been quiet for long enough */
};
enum oracle_calm oracle_car_settle(struct oracle_car *c);

/* ---- wrong on purpose ---- */

/* What a car, or the cloud as one car sees it, does wrong from now on; for scenarios that show that
   the oracle sees it. */
/* ORDER ORACLE_SABOTAGE */
enum oracle_sabotage {
    /* by the car */
    ORACLE_REPEATS_COMMANDS,
    ORACLE_IGNORES_EXPIRY,
    ORACLE_INVENTS_COMMANDS,
    ORACLE_REPORTS_WRONG,
    ORACLE_FORGETS_DESIRED,
    ORACLE_ECHOES,
    ORACLE_TALKS_ASLEEP,
    ORACLE_ANSWERS_TWICE,
    ORACLE_ASKS_TOO_SOON,
    /* by the cloud */
    ORACLE_VERSION_BACK,
    ORACLE_INEXACT_DELTA,
    ORACLE_DROPS_DESIRED,
    ORACLE_STORES_WRONG,
    ORACLE_CHANGES_DOCUMENT,
    ORACLE_OVERSIZE,
    ORACLE_SWALLOWS_PUBACK,
    ORACLE_SABOTAGE_COUNT
};
const char *oracle_sabotage_name(enum oracle_sabotage kind); /* "repeats_commands", … */
void oracle_car_sabotage(struct oracle_car *c, enum oracle_sabotage kind);
bool oracle_car_sabotaged(const struct oracle_car *c, enum oracle_sabotage kind);

#endif
