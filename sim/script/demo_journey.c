/* A command on its way, and when it is to be seen at the car. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "fleet/simulation.h"
#include "script/demo_core.h"

static const enum journey_mark stops[SCENE_STOP_COUNT] = {
    JOURNEY_SENT,    JOURNEY_ACCEPTED, JOURNEY_RECEIVED,
    JOURNEY_STARTED, JOURNEY_REPORTED, JOURNEY_SEEN,
};

static enum scene_outcome outcome_of(const struct journey *j)
{
    switch ((int)j->outcome) {
    case JOURNEY_OPEN:
        return SCENE_OPEN;
    case JOURNEY_SUCCEEDED:
        return SCENE_SUCCEEDED;
    case JOURNEY_REJECTED:
        return SCENE_REFUSED;
    default:
        return SCENE_FAILED;
    }
}

/* Why the page's command was refused: the car's own note of it, behind the status. */
static bool say_noted_reason(const struct vehicle *v, const char *token, char *ret, size_t size)
{
    char noted[160];
    const char *reason = demo_words_of_order(v->timeline, "done", token, noted, sizeof noted)
                             ? strchr(noted, ' ')
                             : NULL;

    if (reason != NULL)
        snprintf(ret, size, "%s", reason + 1);
    return reason != NULL;
}

/* Why it was refused, if the car has said so. */
static bool say_reason(const struct command *c, char *ret, size_t size)
{
    const cJSON *reason = json_get(c->answer, "statusReason");
    const char *code = json_str(reason, "reasonCode", NULL);

    if (code == NULL)
        return false;
    snprintf(ret, size, "%s: %s", code, json_str(reason, "reasonDescription", "no reason given"));
    return true;
}

/* c: NULL if it is the page's, or gone. */
static void comment_on(const struct vehicle *v, const struct command *c, const struct journey *j,
                       char *ret, size_t size)
{
    double acted = 0;

    if (journey_has(j, JOURNEY_ACTED) && journey_has(j, JOURNEY_STARTED))
        acted = (double)(j->at[JOURNEY_ACTED] - j->at[JOURNEY_STARTED]) / 1e3;
    if (j->outcome != JOURNEY_OPEN && j->outcome != JOURNEY_SUCCEEDED) {
        if (!(c != NULL ? say_reason(c, ret, size) : say_noted_reason(v, j->token, ret, size)))
            snprintf(ret, size, "%s", journey_outcome_name(j->outcome));
    } else if (journey_has(j, JOURNEY_WOKEN) && journey_has(j, JOURNEY_SMS_SENT)) {
        snprintf(ret, size, "woken by a text message after %.1f s",
                 (double)(j->at[JOURNEY_WOKEN] - j->at[JOURNEY_SMS_SENT]) / 1e6);
    } else if (acted > 0) {
        snprintf(ret, size, "%.0f ms of it are the actuator's own", acted);
    }
}

static void show_journey(struct demo *demo, const struct command *c, const struct journey *j)
{
    struct scene_journey *s = &demo->scene.journey;

    s->outcome = outcome_of(j);
    for (int i = 0; i < SCENE_STOP_COUNT; i++)
        s->at[i] = journey_has(j, stops[i]) && j->at[stops[i]] >= j->at[JOURNEY_SENT]
                       ? (float)(j->at[stops[i]] - j->at[JOURNEY_SENT]) / 1e3F
                       : -1;
    memset(s->comment, 0, sizeof s->comment);
    comment_on(demo->cars[demo->selected]->vehicle, c, j, s->comment, sizeof s->comment);
    s->sent_at = (int64_t)j->at[JOURNEY_SENT];
    demo->started = journey_has(j, JOURNEY_STARTED) ? j->at[JOURNEY_STARTED] : 0;
    demo->acted = journey_has(j, JOURNEY_ACTED) ? j->at[JOURNEY_ACTED] : 0;
    demo->ended = j->ended;
}

void demo_clear_journey(struct demo *demo)
{
    struct scene_journey *s = &demo->scene.journey;

    memset(s, 0, sizeof *s);
    for (int i = 0; i < SCENE_STOP_COUNT; i++)
        s->at[i] = -1;
}

/* Was this command sent, or over, before the last look at this car? */
static bool comes_late(const struct demo *demo, const struct journey *j)
{
    return demo->anew || j == NULL || (j->ended != 0 && j->ended < demo->looked_at);
}

/* Another command: what it asks for is in the car's note of it, or the newest line of the app's. */
static void begin_journey(struct demo *demo, const char *token, const struct journey *j)
{
    const struct timeline *timeline = demo->cars[demo->selected]->vehicle->timeline;
    struct scene_journey *s = &demo->scene.journey;

    demo_clear_journey(demo);
    s->number = ++demo->journeys;
    demo->at_first = demo->scene.picture;
    demo->unmeasured = comes_late(demo, j);
    demo->started = demo->acted = demo->ended = 0;
    snprintf(demo->token, sizeof demo->token, "%s", token);
    if (!demo_words_of_order(timeline, "request", token, s->what, sizeof s->what) &&
        !demo_words_of_command(timeline, s->what, sizeof s->what))
        snprintf(s->what, sizeof s->what, "a command");
}

/* The newest of the app's commands to that car, with its journey; NULL: none has one. */
static const struct command *find_command(const struct demo *demo, const struct vehicle *v,
                                          const struct journey **ret_journey)
{
    struct app *app = demo_app(demo);
    struct view *view = app != NULL ? app_find_view(app, v->identity.thing_name, NULL) : NULL;
    const struct command *c = view != NULL ? view->commands : NULL;

    *ret_journey = c != NULL ? recorder_journey(app_recorder(app), c->token) : NULL;
    if (c != NULL && *ret_journey == NULL)
        *ret_journey = c->journey;
    return c;
}

/* The page's newest command, if it is newer than that journey of the app's and what is shown. */
static const struct journey *find_guest(const struct demo *demo, const struct vehicle *v,
                                        const struct journey *than)
{
    const struct journey *guest = &demo->guest;
    bool there = guest->token[0] != '\0' && guest->vehicle_index == v->identity.index &&
                 (int64_t)guest->at[JOURNEY_SENT] >= demo->scene.journey.sent_at;

    return there && (than == NULL || guest->at[JOURNEY_SENT] > than->at[JOURNEY_SENT]) ? guest
                                                                                       : NULL;
}

/* The app has gone away with its command, or a script has let go of it: how that ended. */
static bool end_journey(struct demo *demo)
{
    struct recorder *rec = demo->owner.script->sim->recorder;
    bool open = demo->scene.journey.number != 0 && demo->scene.journey.outcome == SCENE_OPEN;
    const struct journey *left = open ? recorder_journey(rec, demo->token) : NULL;

    if (left == NULL || left->outcome == JOURNEY_OPEN)
        return false;
    show_journey(demo, NULL, left);
    return true;
}

bool demo_look_at_journey(struct demo *demo)
{
    const struct vehicle *v = demo->cars[demo->selected]->vehicle;
    const struct journey *live;
    const struct command *c = find_command(demo, v, &live);
    const struct journey *guest = find_guest(demo, v, live);
    struct scene_journey before = demo->scene.journey;

    if (guest != NULL)
        c = NULL;
    if (c == NULL && guest == NULL)
        return end_journey(demo);
    const char *token = guest != NULL ? guest->token : c->token;
    live = guest != NULL ? guest : live;
    if (strcmp(demo->token, token) != 0)
        begin_journey(demo, token, live);
    if (live != NULL)
        show_journey(demo, c, live);
    return !scene_same(&before, &demo->scene.journey, sizeof before);
}

/* ---- what is to be seen of it ---- */

/* What changes by itself says nothing of a command. */
static bool drifts(const struct picture_field *f)
{
    static const char *const names[] = {"speed",  "steer",     "road",  "night",
                                        "driver", "passenger", "asleep"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(f->name, names[i]) == 0)
            return true;
    return false;
}

/* Air gets warmer and colder bit by bit; a step is not a drift. */
#define STEP 0.02F
#define AIR  0.3F

static bool looks_different(const struct car_picture *a, const struct car_picture *b)
{
    for (size_t i = 0; i < picture_field_count(); i++) {
        const struct picture_field *f = &picture_fields[i];
        bool air = strcmp(f->name, "warm") == 0 || strcmp(f->name, "cold") == 0;
        if (!drifts(f) && fabsf(picture_get(a, f) - picture_get(b, f)) > (air ? AIR : STEP))
            return true;
    }
    return false;
}

#define SEEN_WITHIN (USEC_PER_SEC / 2) /* of its end; later, somebody else has changed it */

void demo_see_change(struct demo *demo)
{
    struct scene_journey *s = &demo->scene.journey;
    usec_t now = clock_now();

    /* What a refused one finds changed, others have done. */
    if (s->number == 0 || s->changed || demo->unmeasured || s->at[SCENE_ACTUATOR] < 0 ||
        (demo->ended != 0 && now > demo->ended + SEEN_WITHIN) ||
        !looks_different(&demo->at_first, &demo->scene.picture))
        return;
    usec_t until = demo->acted != 0 && demo->acted < now ? demo->acted : now;
    s->changed = true;
    s->actuator =
        demo->started != 0 && until > demo->started ? (float)(until - demo->started) / 1e3F : 0;
}
