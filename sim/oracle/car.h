/*
 * car.h — what the files of this room share about one car. Nobody else includes it.
 *
 *     tap.c       between TCU and client          said.c   what the car says
 *     sabotage.c  what goes wrong on purpose      heard.c  what it hears
 *     requests.c  the requests it has had         settle.c what must hold when all is quiet
 */
#ifndef ORACLE_CAR_H
#define ORACLE_CAR_H

#include "loop/loop.h"
#include "oracle/oracle.h"
#include "oracle/replica.h"

struct oracle {
    struct oracle_options options;
    struct replica_room room;
    struct signal_map *maps;
    uint64_t checks[ORACLE_RULE_COUNT], violations[ORACLE_RULE_COUNT];
};

/* The signals of one schema by their paths; shared by its cars. */
struct signal_map {
    struct signal_map *next;
    const struct signal_schema *schema;
    uint32_t users;
    path_id *paths;    /* by index */
    uint16_t *by_path; /* index + 1; 0: no signal */
    size_t by_path_count;
};

/* A question of the TCU that waits for its answer. */
struct question {
    uint32_t token; /* of envelope; 0: none */
    uint32_t floor; /* the highest version that had been seen */
};

struct requests;
struct sabotage;

/* One of a car's shadows. */
struct watch {
    struct replica replica;
    usec_t wished_at; /* oracle_moment() when what is outstanding last changed; 0: all is judged */
    struct question get, update;
    uint32_t seen;        /* the highest version that its own session has brought */
    uint32_t outstanding; /* of replica_outstanding() at wished_at */
    uint16_t subscribe_id;
    uint8_t slot;    /* of signal_schema_shadow_name() */
    uint8_t reports; /* accepted since the last cause */
    bool subscribed;
    bool update_answered; /* update.token is no question any more */
    bool token_again;     /* nor was it new when update was asked */
};

/* Ten thousand of them: small, and what most cars do not need behind a pointer. */
struct oracle_car {
    struct mqtt_client client; /* first: the tap */
    struct mqtt_client *inner;
    struct oracle *oracle;
    void *user;
    struct tcu *tcu;
    const char *thing;
    struct signal_map *map;
    struct watch classic;
    struct watch *named;       /* the others, by slot - 1; NULL: the model has none */
    struct leaves *answered;   /* by path: the desired value last acted on; NULL: none */
    struct requests *requests; /* NULL: it has had none */
    struct sabotage *sabotage; /* NULL: nothing */
    usec_t touched;            /* when anything last happened, by the script clock */
    uint32_t published_s; /* when the last publish of QoS 1 or 2 went out, by the script clock */
    uint32_t left_s;      /* time of day when it was last online; 0: never */
    uint16_t unacked;     /* publishes */
    uint16_t keep_alive_s;
    uint8_t state;                 /* enum tcu_state */
    uint8_t thing_len, name_start; /* of the thing's name, and of the part that is in its tokens */
    bool held : 1, script_speaks : 1, refused : 1;
};

static inline size_t oracle_watch_count(const struct oracle_car *c)
{
    return c->named != NULL ? signal_schema_shadow_count(c->map->schema) : 1;
}

/* By its slot. */
static inline struct watch *oracle_watch(struct oracle_car *c, size_t slot)
{
    return slot == 0 ? &c->classic : &c->named[slot - 1];
}

/* What reports may come of. */
static inline void oracle_caused(struct oracle_car *c)
{
    for (size_t i = 0; i < oracle_watch_count(c); i++)
        oracle_watch(c, i)->reports = 0;
}

/* Was it broken? Then it is told, with the text. Counts a check. */
#define ORACLE_CHECK(c, rule, holds, ...)                                                          \
    do {                                                                                           \
        if ((c)->oracle->options.on[rule]) {                                                       \
            (c)->oracle->checks[rule]++;                                                           \
            if (!(holds))                                                                          \
                oracle_broken(c, rule, __VA_ARGS__);                                               \
        }                                                                                          \
    } while (0)
void oracle_broken(struct oracle_car *c, enum oracle_rule rule, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same of a shadow: a named one has its name in front. */
#define WATCH_CHECK(c, s, rule, holds, fmt, ...)                                                   \
    ORACLE_CHECK(c, rule, holds, "%s%s" fmt, oracle_watch_name(c, s), (s)->slot != 0 ? ": " : "",  \
                 __VA_ARGS__)
const char *oracle_watch_name(const struct oracle_car *c, const struct watch *s); /* "": classic */

/* Something happens now: what was quiet until then is judged first. `changed`: index of a signal
   that has changed just now, or NO_SIGNAL. */
#define NO_SIGNAL SIZE_MAX
void oracle_touch(struct oracle_car *c, size_t changed);
/* When it was last touched, plus one: never 0. */
static inline usec_t oracle_moment(const struct oracle_car *c)
{
    return c->touched + 1;
}
enum oracle_calm oracle_judge(struct oracle_car *c, size_t changed);

/* ---- messages ---- */

/* What follows "$aws/things/<thing>/shadow/" in the topic; empty if it does not begin so. */
struct slice oracle_shadow_topic(const struct oracle_car *c, struct slice topic);
/* Which shadow that is about, of those that signals of the car live in, or NULL; its name is taken
   off. */
struct watch *oracle_watch_of(struct oracle_car *c, struct slice *topic);
/* By its name, NULL: the classic one. */
struct watch *oracle_watch_named(struct oracle_car *c, const char *name);
/* What follows "$aws/commands/things/<thing>/executions/". */
struct slice oracle_execution_topic(const struct oracle_car *c, struct slice topic);
/* What follows "cmd/fleetsim/<thing>/". */
struct slice oracle_command_topic(const struct oracle_car *c, struct slice topic);

struct envelope {
    uint64_t version; /* 0: none */
    struct json_value state;
    bool has_state;
    uint32_t token; /* hash; 0: none */
    size_t token_len;
    bool own; /* the token is one of the car's */
    int code;
};
/* False if it is no JSON object. */
bool oracle_envelope(const struct oracle_car *c, struct slice payload, struct envelope *ret);

void oracle_heard(struct oracle_car *c, const struct mqtt_message *m);
void oracle_said(struct oracle_car *c, const struct mqtt_message *m, bool taken);

/* ---- requests ---- */

/* Any message: one that brings a request counts. */
void requests_heard(struct oracle_car *c, const struct mqtt_message *m);
void requests_executed(struct oracle_car *c, const char *token);
void requests_done(struct oracle_car *c, const char *token, bool twice);
/* Any message: one that answers a request counts. */
void requests_said(struct oracle_car *c, const struct mqtt_message *m);
/* Its session is gone: answers that are not acknowledged are sent again. */
void requests_session_lost(struct oracle_car *c);
/* Those that still have no answer, when all is quiet. */
void requests_settle(struct oracle_car *c);
void requests_free(struct oracle_car *c);
size_t requests_bytes(const struct oracle_car *c);

/* ---- signals ---- */

struct signal_map *signal_map_take(struct oracle *o, const struct signal_schema *schema);
void signal_map_leave(struct oracle *o, struct signal_map *map);
/* SIZE_MAX if the path is no signal. */
size_t signal_map_index(const struct signal_map *map, path_id path);
/* Is this the signal's present value, as a report writes it? */
bool signal_shows(const struct oracle_car *c, size_t index, leaf_value value);
leaf_value signal_leaf(const struct oracle_car *c, size_t index, union signal_value value);
/* Is the value one that may be asked for? */
bool signal_takes(const struct oracle_car *c, size_t index, leaf_value value);

/* ---- sabotage: none of these without c->sabotage ---- */

/* Each may change the message, whose bytes then lie in the sabotage's room; false: it is lost. */
bool sabotage_cloud_says(struct oracle_car *c, struct mqtt_message *m);
bool sabotage_car_hears(struct oracle_car *c, struct mqtt_message *m);
void sabotage_car_says(struct oracle_car *c, struct mqtt_message *m);
void sabotage_cloud_hears(struct oracle_car *c, struct mqtt_message *m);
void sabotage_car_said(struct oracle_car *c, const struct mqtt_message *m);
void sabotage_after(struct oracle_car *c, const struct mqtt_message *heard);
void sabotage_connected(struct oracle_car *c);
/* True: the DISCONNECT waits for sabotage_state(). */
bool sabotage_leaving(struct oracle_car *c, uint8_t reason_code);
void sabotage_state(struct oracle_car *c);
void sabotage_free(struct oracle_car *c);

/* The tap's own publish, as if the TCU had. */
int32_t oracle_tap_publish(struct oracle_car *c, const struct mqtt_message *m);

#endif
