/*
 * app_core.h — what the files of the script's companion share: app.c (its life, what Lua asks of
 * it), app_events.c (what the cloud tells it), app_command.c (what it asks of cars), app_message.c
 * (subscriptions and messages of its own).
 */
#ifndef SCRIPT_APP_CORE_H
#define SCRIPT_APP_CORE_H

#include <cjson/cJSON.h>
#include <lauxlib.h>

#include "actors/companion.h"
#include "fleet/wire.h"
#include "script/app.h"
#include "script/events.h"
#include "script/message.h"
#include "script/twin.h"

/* JSON from the cloud, parsed on the loop's thread. */
#define APP_DEPTH_MAX 16

struct command;

/* A car, by one of its shadows, as this app sees it. */
struct view {
    struct view *next;
    char *thing;
    char *name; /* of the shadow; NULL: the classic one, which stands for the car */
    struct twin twin;
    int64_t newest;       /* version that was heard of; 0: none since the shadow was last read */
    bool watching, asked; /* SUBACKs came; a get is under way */
    int presence;         /* -1 unknown, 0 disconnected, 1 connected */
    int64_t presence_version;
    struct wait_queue changed;
    struct command *commands; /* open, or done and still held by a script */
};

struct app {
    struct script *script;
    struct script_owner *owner;
    struct companion *companion; /* NULL: gone */
    char *client_id;
    struct app *next; /* of all */
    int ref;
    bool watch_all, watching_all;
    bool watch_named, watching_named; /* of all cars */
    bool watch_executions, watching_executions;
    struct wire_party party; /* in virtual time */
    char trouble[256];       /* why the last attempt to connect failed */
    struct wait_queue changed;
    struct event_source events; /* for scripts that listen */
    struct view **views;        /* hash by thing */
    size_t view_buckets;
    struct asked *asked; /* what waits for an answer, or for a script to look at it */
    struct inbox inbox;
    unsigned losses; /* of connections */
    int lost_code;   /* why the last one ended */
    char lost_text[512];
};

/* ORDER COMMAND_KIND */
enum command_kind {
    COMMAND_DESIRE,    /* ends when the car reports the wish */
    COMMAND_REQUEST,   /* ends with the car's response */
    COMMAND_UPDATE,    /* a raw update: ends with the cloud's answer */
    COMMAND_EXECUTION, /* of AWS IoT Commands: ends with its final status, or its time-out */
};

/* One command; the userdata that scripts hold. Listed in its view from the moment it is sent until
   it is collected; anchored while it is open. */
struct command {
    struct app *app;   /* NULL: not sent, or gone */
    struct view *view; /* likewise */
    struct command *next;
    enum command_kind kind;
    int ref;
    bool done;
    char token[65];
    cJSON *wish;   /* COMMAND_DESIRE */
    cJSON *answer; /* what await() returns */
    int answers;   /* responses seen, repeats included */
    struct wait_queue changed;
    struct journey *journey;      /* its stages as it ended; NULL: none are known */
    unsigned awaiting;            /* so many tasks wait for its stages */
    struct script *awaited_by;    /* NULL: none does */
    struct command *next_awaited; /* of all of these */
};

/* ---- app.c ---- */

struct app *app_check(lua_State *L, int index);
struct scheduler *app_scheduler(struct app *app);
struct recorder *app_recorder(struct app *app);
/* Adds a line to the car's own timeline, so that a failure shows both sides. */
void app_note(struct app *app, const char *thing, const char *what, struct slice payload,
              usec_t at);
struct view *app_find_view(struct app *app, const char *thing, const char *name);
/* The first of those that may be of this thing, and of others. */
struct view *app_first_view(const struct app *app, const char *thing);
/* The view of the car at `index`, made if it is new; raises if that is no car. */
struct view *app_view(lua_State *L, struct app *app, int index);
/* Likewise of the shadow named at `name`, which may be nil. */
struct view *app_named_view(lua_State *L, struct app *app, int index, int name);
/* For companion.h. */
struct companion_twin app_twin(const struct view *view);
/* Sends a get, unless one is under way. */
void app_ask(struct app *app, struct view *view);

/* ---- app_events.c ---- */

extern const struct companion_events app_events;

/* ---- app_stage.c ---- */

extern const luaL_Reg command_stage_methods[];
/* Pushes a list of the names of all stages, in their order. */
int command_stage_names(lua_State *L);
/* It ends: what is known of its stages is kept with it. */
void command_keep_stages(struct command *c);
/* It goes away. */
void command_forget_stages(struct command *c);

/* ---- app_tell.c: to scripts that listen ---- */

void app_tell_shadow(struct app *app, const struct companion_shadow *e);
void app_tell_response(struct app *app, const struct companion_response *e);
void app_tell_presence(struct app *app, const struct companion_presence *e);
void app_tell_message(struct app *app, const struct mqtt_message *m, usec_t received_at);

/* ---- app_message.c ---- */

extern const luaL_Reg app_message_functions[];
void app_on_subscribed(void *ctx, const struct companion_subscribed *e);
void app_on_acked(void *ctx, const struct companion_acked *e);
void app_on_message(void *ctx, const struct mqtt_message *m, usec_t received_at);
/* What waits for an answer has failed. */
void app_messages_lost(struct app *app, const struct companion_lost *e);
void app_messages_done(struct app *app);

/* ---- app_command.c ---- */

extern const luaL_Reg app_command_functions[]; /* desire, request, execute, expect */
/* Makes the userdata's type. */
void command_open(lua_State *L);
struct command *command_check(lua_State *L, int index);
/* Ends it with this answer, which it takes; an answer to one that is done replaces the first. */
void command_finish(struct command *c, cJSON *answer);
cJSON *command_status(const char *status);
/* Nobody waits for the answers any more: the journeys of those that are open are lost. */
void command_lose_all(struct view *view);
/* The view goes away: its commands stay as they are. */
void command_forget_all(struct view *view);

#endif
