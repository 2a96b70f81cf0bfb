#include "support/defender_world.h"

#include <stdio.h>
#include <string.h>

static bool mitigate(void *ctx, const char *thing, enum defender_mitigation mitigation,
                     const struct defender_turn *turn)
{
    struct defender_world *w = ctx;
    size_t len = strlen(w->mitigated);

    snprintf(w->mitigated + len, sizeof w->mitigated - len, "%s %s %s;", thing,
             defender_mitigation_name(mitigation),
             turn->profile->group != NULL ? turn->profile->group : "-");
    return true;
}

int defender_world_setup(void **state)
{
    static struct defender_world w;

    w = (struct defender_world){.now_ms = NOW};
    defender_service_init(&w.service);
    w.service.mitigate = mitigate;
    w.service.ctx = &w;
    cloud_actions_init(&w.out);
    *state = &w;
    return 0;
}

int defender_world_teardown(void **state)
{
    struct defender_world *w = *state;

    cloud_actions_done(&w->out);
    defender_service_done(&w->service);
    return 0;
}

void defender_say_bytes(struct defender_world *w, const char *topic, struct slice payload)
{
    struct defender_address a;

    cloud_actions_cut(&w->out, 0);
    assert_true(defender_address_parse(topic, &a));
    assert_true(defender_service_request(&w->service, &a, "tcu-0001", payload, w->now_ms, &w->out));
}

void defender_say(struct defender_world *w, const char *topic, const char *payload)
{
    defender_say_bytes(w, topic, slice_str(payload));
}

void send_report(struct defender_world *w, const char *metrics)
{
    char text[1000];

    w->now_ms += INTERVAL;
    snprintf(text, sizeof text, "{" HEADER ",%s}", ++w->report, metrics);
    defender_say(w, DEVICE, text);
    assert_says_at(&w->out, 0, DEVICE "/accepted", "\"status\":\"ACCEPTED\"");
}

void send_report_of(struct defender_world *w, int out)
{
    char text[200];

    snprintf(text, sizeof text, "\"metrics\":{\"network_stats\":{\"bytes_out\":%d}}", out);
    send_report(w, text);
}

void put_profile(struct defender_world *w, const char *document)
{
    defender_say(w, PROFILE "put", document);
    assert_says_at(&w->out, 0, PROFILE "put/accepted", "\"securityProfileName\":\"p\"");
}

#define LITTLE                                                                                     \
    "{\"behaviors\":[{\"name\":\"talks little\",\"metric\":\"aws:all-bytes-out\",\"criteria\":"    \
    "{\"comparisonOperator\":\"less-than\",\"value\":{\"count\":1000}%s}}]%s}"

void put_little_profile(struct defender_world *w, const char *criteria, const char *more)
{
    char text[1000];

    snprintf(text, sizeof text, LITTLE, criteria, more);
    put_profile(w, text);
}
