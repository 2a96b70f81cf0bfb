#include "actors/companion_topic.h"

#include "mqtt/topic_set.h"

#define MAX_LEVELS 8

static const char *const verb_names[COMPANION_VERB_COUNT] = {
    /* ORDER COMPANION_VERB */
    "get",
    "update",
    "delete",
};

static const char *const outcome_names[COMPANION_OUTCOME_COUNT] = {
    /* ORDER COMPANION_OUTCOME */
    "accepted",
    "rejected",
    "delta",
    "documents",
};

static const char *const kind_names[COMPANION_TOPIC_KIND_COUNT] = {
    "other",        "shadow",     "response",     "connected",
    "disconnected", "subscribed", "unsubscribed", "execution",
};

const char *companion_verb_name(enum companion_verb verb)
{
    return (unsigned)verb < COMPANION_VERB_COUNT ? verb_names[verb] : "?";
}

const char *companion_outcome_name(enum companion_outcome outcome)
{
    return (unsigned)outcome < COMPANION_OUTCOME_COUNT ? outcome_names[outcome] : "?";
}

const char *companion_topic_kind_name(enum companion_topic_kind kind)
{
    return (unsigned)kind < COMPANION_TOPIC_KIND_COUNT ? kind_names[kind] : "?";
}

/* The number of levels, or 0 if there are too many. */
static size_t split(struct slice topic, struct slice levels[MAX_LEVELS])
{
    size_t count = 0;
    size_t start = 0;

    for (size_t i = 0; i <= topic.len; i++) {
        if (i < topic.len && topic.data[i] != '/')
            continue;
        if (count == MAX_LEVELS)
            return 0;
        levels[count++] = slice_of(topic.data + start, i - start);
        start = i + 1;
    }
    return count;
}

static bool find_name(struct slice s, const char *const *names, unsigned count, unsigned *ret)
{
    for (unsigned i = 0; i < count; i++)
        if (slice_is(s, names[i])) {
            *ret = i;
            return true;
        }
    return false;
}

/* $aws/things/THING/shadow/VERB/OUTCOME or $aws/things/THING/shadow/name/NAME/VERB/OUTCOME */
static bool parse_shadow(const struct slice *level, size_t count, struct companion_topic *t)
{
    unsigned verb = 0;
    unsigned outcome = 0;
    bool named = count == 8 && slice_is(level[4], "name") && level[5].len != 0;

    if ((count != 6 && !named) || !slice_is(level[3], "shadow") || level[2].len == 0 ||
        !find_name(level[count - 2], verb_names, COMPANION_VERB_COUNT, &verb) ||
        !find_name(level[count - 1], outcome_names, COMPANION_OUTCOME_COUNT, &outcome))
        return false;
    if (verb != COMPANION_VERB_UPDATE && outcome > COMPANION_OUTCOME_REJECTED)
        return false;
    t->kind = COMPANION_TOPIC_SHADOW;
    t->subject = level[2];
    t->detail = named ? level[5] : slice_of(NULL, 0);
    t->verb = (enum companion_verb)verb;
    t->outcome = (enum companion_outcome)outcome;
    return true;
}

/* $aws/events/presence/connected/CLIENT, $aws/events/subscriptions/subscribed/CLIENT, … */
static bool parse_event(const struct slice *level, size_t count, struct companion_topic *t)
{
    static const struct {
        const char *family, *what;
        enum companion_topic_kind kind;
    } events[] = {
        {"presence",      "connected",    COMPANION_TOPIC_CONNECTED   },
        {"presence",      "disconnected", COMPANION_TOPIC_DISCONNECTED},
        {"subscriptions", "subscribed",   COMPANION_TOPIC_SUBSCRIBED  },
        {"subscriptions", "unsubscribed", COMPANION_TOPIC_UNSUBSCRIBED},
    };

    if (count != 5 || level[4].len == 0)
        return false;
    if (slice_is(level[2], "commandExecution")) {
        t->kind = COMPANION_TOPIC_EXECUTION;
        t->subject = level[3];
        t->detail = level[4];
        t->outcome = COMPANION_OUTCOME_DOCUMENTS; /* nobody's answer */
        return true;
    }
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (!slice_is(level[2], events[i].family) || !slice_is(level[3], events[i].what))
            continue;
        t->kind = events[i].kind;
        t->subject = level[4];
        return true;
    }
    return false;
}

/* fleetsim/commands/things/THING/executions/EXECUTION/start|get/OUTCOME */
static bool parse_execution(const struct slice *level, size_t count, struct companion_topic *t)
{
    unsigned outcome = 0;

    if (count != 8 || !slice_is(level[2], "things") || !slice_is(level[4], "executions") ||
        (!slice_is(level[6], "start") && !slice_is(level[6], "get")) ||
        !find_name(level[7], outcome_names, COMPANION_OUTCOME_REJECTED + 1, &outcome))
        return false;
    t->kind = COMPANION_TOPIC_EXECUTION;
    t->subject = level[3];
    t->detail = level[5];
    t->outcome = (enum companion_outcome)outcome;
    return true;
}

static bool parse_response(const char *pattern, struct slice topic, struct companion_topic *t)
{
    if (!topic_pattern_match(pattern, topic, &t->subject, &t->detail)) {
        *t = (struct companion_topic){0};
        return false;
    }
    t->kind = COMPANION_TOPIC_RESPONSE;
    return true;
}

bool companion_topic_parse(const char *responses, struct slice topic, struct companion_topic *ret)
{
    static const struct {
        const char *first, *second;
        bool (*parse)(const struct slice *level, size_t count, struct companion_topic *t);
    } families[] = {
        {"$aws",     "things",   parse_shadow   },
        {"$aws",     "events",   parse_event    },
        {"fleetsim", "commands", parse_execution},
    };
    struct slice level[MAX_LEVELS];
    size_t count = topic.len != 0 ? split(topic, level) : 0;

    *ret = (struct companion_topic){0};
    if (parse_response(responses, topic, ret))
        return true;
    if (count < 2)
        return false;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (slice_is(level[0], families[i].first) && slice_is(level[1], families[i].second))
            return families[i].parse(level, count, ret);
    return false;
}
