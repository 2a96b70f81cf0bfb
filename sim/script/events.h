/*
 * events.h — streams of events: what cars and apps tell to scripts that wait for it, as tables.
 *
 * A listener listens to some kinds of events of any number of sources (a car, an app) and keeps
 * what came until its script takes it. A source that nobody listens to costs one test of a bit.
 *
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_EVENTS_H
#define SCRIPT_EVENTS_H

#include "fleet/vehicle_event.h"
#include "script/runtime.h"

/* ORDER EVENT_KIND: first those of cars. */
enum event_kind {
    EVENT_ACCEPTED = VEHICLE_EVENT_KIND_COUNT, /* by the shadow service */
    EVENT_REJECTED,
    EVENT_DELTA,
    EVENT_DOCUMENTS,
    EVENT_RESPONSE, /* a car answers a request */
    EVENT_PRESENCE,
    EVENT_MESSAGE, /* for a subscription of the app's own */
    EVENT_KIND_COUNT
};

/* Embedded by value; zeroed: nobody listens. */
struct event_source {
    struct event_link *first;
    uint32_t kinds; /* that somebody listens to, as bits */
};

/* Adds its functions to the core table on top of the stack, and makes the type of listeners. */
void events_open(lua_State *L);

static inline bool event_wanted(const struct event_source *source, unsigned kind)
{
    return (source->kinds >> kind & 1) != 0;
}
/* Pops a table from the script's main state, adds "kind" and "at" (in seconds, as timelines tell
   it), and hands it to all who listen. `size`: about what it takes, in bytes. */
void event_tell(struct script *script, struct event_source *source, unsigned kind, usec_t at,
                size_t size);
/* The source goes away: those who wait go on. */
void event_source_done(struct script *script, struct event_source *source);

/* The table on top of the stack gets a field. */
void event_text(lua_State *L, const char *field, const char *text);
void event_slice(lua_State *L, const char *field, struct slice text);
void event_integer(lua_State *L, const char *field, lua_Integer value);
void event_boolean(lua_State *L, const char *field, bool value);
/* "json": what the text says, if it is a JSON object. */
void event_json(lua_State *L, struct slice text);

#endif
