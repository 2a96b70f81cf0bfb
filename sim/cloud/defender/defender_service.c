#include "cloud/defender/defender_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/json.h"
#include "cloud/defender/defender_core.h"
#include "cloud/defender/defender_report.h"

#define DEPTH   12
#define SLOT_MS (DEFENDER_SLOT_S * INT64_C(1000))
/* One report in 300 s (contract 5), and a network between that is not always as slow. */
#define REPORT_GAP_MS (SLOT_MS - 5000)

void defender_service_init(struct defender_service *s)
{
    *s = (struct defender_service){.slot_end_ms = 0};
    table_init(&s->things);
}

void defender_service_done(struct defender_service *s)
{
    table_done(&s->things, NULL);
    for (struct defender_thing *thing = s->first, *next; thing != NULL; thing = next) {
        next = thing->next;
        defender_alarms_forget(thing, NULL);
        free(thing);
    }
    for (struct defender_profile *profile = s->profiles, *next; profile != NULL; profile = next) {
        next = profile->next;
        defender_profile_free(profile);
    }
    for (size_t i = 0; i < DEFENDER_EVENTS; i++)
        free(s->events[i]);
}

struct defender_thing *defender_thing_of(struct defender_service *s, const char *name)
{
    struct defender_thing *thing = table_get(&s->things, name);
    size_t len = strlen(name);

    if (thing != NULL || len > DEFENDER_NAME_MAX)
        return thing;
    thing = calloc(1, sizeof *thing + len + 1);
    if (thing == NULL || !table_put(&s->things, name, thing)) {
        free(thing);
        return NULL;
    }
    memcpy(thing->name, name, len + 1);
    thing->next = s->first;
    s->first = thing;
    return thing;
}

/* ---- profiles ---- */

static bool wants_counts(const struct defender_profile *profile)
{
    for (size_t i = 0; i < profile->count; i++)
        if (profile->behaviors[i].sum >= DEFENDER_FIRST_OF_CLOUD &&
            profile->behaviors[i].sum < DEFENDER_SUM_COUNT)
            return true;
    return false;
}

static void look_at_profiles(struct defender_service *s)
{
    s->counts = false;
    for (const struct defender_profile *p = s->profiles; p != NULL; p = p->next)
        s->counts |= wants_counts(p);
}

struct defender_profile *defender_profile_find(const struct defender_service *s, const char *name)
{
    struct defender_profile *p = s->profiles;

    while (p != NULL && strcmp(p->name, name) != 0)
        p = p->next;
    return p;
}

bool defender_profile_remove(struct defender_service *s, const char *name)
{
    struct defender_profile **p = &s->profiles;

    while (*p != NULL && strcmp((*p)->name, name) != 0)
        p = &(*p)->next;
    struct defender_profile *old = *p;
    if (old == NULL)
        return false;
    *p = old->next;
    for (struct defender_thing *thing = s->first; thing != NULL; thing = thing->next)
        defender_alarms_forget(thing, old);
    defender_profile_free(old);
    look_at_profiles(s);
    return true;
}

void defender_profile_add(struct defender_service *s, struct defender_profile *profile)
{
    struct defender_profile **end = &s->profiles;

    defender_profile_remove(s, profile->name);
    while (*end != NULL)
        end = &(*end)->next;
    *end = profile;
    look_at_profiles(s);
}

/* ---- reports ---- */

static bool answer(struct defender_turn *turn, const struct defender_address *address,
                   const char *client_id, const char *suffix, struct text *payload)
{
    char topic[DEFENDER_TOPIC_SIZE + 16];

    snprintf(topic, sizeof topic, "%s/%s", address->topic, suffix);
    return cloud_actions_publish(turn->out, client_id, topic, payload);
}

/* A report in CBOR is answered in CBOR. */
static bool to_cbor(struct text *t)
{
    cJSON *document = json_parse(slice_of(t->data, t->len), DEPTH);
    size_t len = 0;
    uint8_t *bytes = document != NULL ? cbor_write(document, &len) : NULL;

    cJSON_Delete(document);
    text_cut(t, 0);
    if (bytes != NULL)
        text_bytes(t, (const char *)bytes, len);
    free(bytes);
    return bytes != NULL;
}

/* The texts of contract 5. `error` NULL: it was taken. */
static bool answer_report(struct defender_turn *turn, const struct defender_address *address,
                          const char *client_id, const struct defender_report *report,
                          const char *const error[2])
{
    struct text t;

    text_init(&t);
    text_str(&t, "{\"thingName\":");
    text_quoted(&t, address->name);
    if (report->id != 0) {
        text_key(&t, "reportId");
        text_int(&t, (int64_t)report->id);
    }
    text_key(&t, "status");
    text_quoted(&t, error == NULL ? "ACCEPTED" : "REJECTED");
    if (error != NULL) {
        text_key(&t, "statusDetails");
        text_str(&t, "{\"ErrorCode\":");
        text_quoted(&t, error[0]);
        text_key(&t, "ErrorMessage");
        text_quoted(&t, error[1]);
        text_str(&t, "}");
    }
    text_key(&t, "timestamp");
    text_int(&t, turn->now_ms);
    text_str(&t, "}");
    if (address->op == DEFENDER_REPORT_CBOR && !to_cbor(&t)) {
        text_done(&t);
        return false;
    }
    return answer(turn, address, client_id, error == NULL ? "accepted" : "rejected", &t);
}

/* Why the report is not taken, or NULL; ORDER: code, message. */
static const char *const *refuse(const struct defender_thing *thing,
                                 const struct defender_report *report, int64_t now_ms)
{
    static const char *const early[] = {"Throttled", "the last report was less than 300 s ago"};
    static const char *const stale[] = {"InvalidPayload", "report_id has not increased"};

    if (thing->last_ms != 0 && now_ms - thing->last_ms < REPORT_GAP_MS)
        return early;
    return report->id <= thing->last_id ? stale : NULL;
}

static bool on_report(struct defender_turn *turn, const struct defender_address *address,
                      const char *client_id, const cJSON *document)
{
    struct defender_thing *thing = defender_thing_of(turn->service, address->name);
    struct defender_report report;
    const char *problem = defender_report_read(document, &report);
    const char *const malformed[] = {"InvalidPayload", problem};
    const char *const *error = problem != NULL ? malformed : NULL;

    if (thing != NULL && error == NULL)
        error = refuse(thing, &report, turn->now_ms);
    bool ok = thing != NULL && answer_report(turn, address, client_id, &report, error);
    if (ok && error == NULL) {
        thing->last_id = report.id;
        thing->last_ms = turn->now_ms;
        ok = defender_judge_report(turn, thing, report.values);
    }
    defender_report_done(&report);
    return ok;
}

/* ---- an operator's requests ---- */

struct exchange {
    struct defender_turn *turn;
    const struct defender_address *address;
    const char *client_id;
    const cJSON *document;
};

static void begin(struct text *t, const char *name)
{
    text_init(t);
    text_str(t, "{");
    text_key(t, name);
}

static bool end(const struct exchange *x, const char *suffix, struct text *t)
{
    const char *token = json_str(x->document, "clientToken", NULL);

    if (token != NULL) {
        text_key(t, "clientToken");
        text_quoted(t, token);
    }
    text_str(t, "}");
    return answer(x->turn, x->address, x->client_id, suffix, t);
}

static bool reject(const struct exchange *x, const char *code, const char *message)
{
    struct text t;

    begin(&t, "code");
    text_quoted(&t, code);
    text_key(&t, "message");
    text_quoted(&t, message);
    return end(x, "rejected", &t);
}

static bool accept(const struct exchange *x)
{
    struct text t;

    begin(&t, "securityProfileName");
    text_quoted(&t, x->address->name);
    return end(x, "accepted", &t);
}

static bool no_such_profile(const struct exchange *x)
{
    return reject(x, "ResourceNotFound", "there is no such security profile");
}

static bool no_such_group(const struct exchange *x, const char *group)
{
    char message[DEFENDER_NAME_MAX + 40];

    snprintf(message, sizeof message, "target: there is no group %.128s", group);
    return reject(x, "ResourceNotFound", message);
}

static bool on_put(const struct exchange *x)
{
    const char *problem, *missing;
    struct defender_profile *profile =
        defender_profile_new(x->address->name, x->document, &problem);

    if (profile == NULL)
        return reject(x, "InvalidRequest", problem);
    if (!defender_targets_exist(&profile->targets, x->turn->service->fleet, &missing)) {
        bool ok = no_such_group(x, missing);
        defender_profile_free(profile);
        return ok;
    }
    cJSON_DeleteItemFromObject(profile->source, "clientToken");
    if (!accept(x)) {
        defender_profile_free(profile);
        return false;
    }
    defender_profile_add(x->turn->service, profile);
    return true;
}

static bool on_show(const struct exchange *x)
{
    const struct defender_profile *profile =
        defender_profile_find(x->turn->service, x->address->name);
    struct text t;

    if (profile == NULL)
        return no_such_profile(x);
    begin(&t, "securityProfile");
    text_json(&t, profile->source);
    return end(x, "accepted", &t);
}

static bool on_delete(const struct exchange *x)
{
    if (defender_profile_find(x->turn->service, x->address->name) == NULL)
        return no_such_profile(x);
    if (!accept(x))
        return false;
    defender_profile_remove(x->turn->service, x->address->name);
    return true;
}

static bool retarget(const struct exchange *x, enum defender_retarget retarget)
{
    const struct defender_fleet *fleet = x->turn->service->fleet;
    struct defender_profile *profile = defender_profile_find(x->turn->service, x->address->name);
    const struct defender_target target = defender_target_read(json_str(x->document, "target", ""));

    if (profile == NULL)
        return no_such_profile(x);
    if (target.kind == DEFENDER_NO_TARGET)
        return reject(x, "InvalidRequest",
                      "target: all/things, all/registered-things, all/unregistered-things, "
                      "group/NAME or thing/NAME, or such an ARN");
    if (retarget == DEFENDER_DETACH && !defender_profile_has_target(profile, &target))
        return reject(x, "ResourceNotFound", "target: it is not attached to that");
    if (retarget == DEFENDER_ATTACH && target.kind == DEFENDER_GROUP && fleet != NULL &&
        !fleet->has_group(fleet->ctx, target.name))
        return no_such_group(x, target.name);
    return defender_profile_retarget(profile, retarget, &target) && accept(x);
}

static bool on_attach(const struct exchange *x)
{
    return retarget(x, DEFENDER_ATTACH);
}

static bool on_detach(const struct exchange *x)
{
    return retarget(x, DEFENDER_DETACH);
}

static bool on_list(const struct exchange *x)
{
    struct text t;

    begin(&t, "securityProfileIdentifiers");
    text_str(&t, "[");
    for (const struct defender_profile *p = x->turn->service->profiles; p != NULL; p = p->next) {
        text_str(&t, p == x->turn->service->profiles ? "{\"name\":" : ",{\"name\":");
        text_quoted(&t, p->name);
        text_str(&t, "}");
    }
    text_str(&t, "]");
    return end(x, "accepted", &t);
}

static bool on_violations(const struct exchange *x)
{
    const struct defender_service *s = x->turn->service;
    const char *thing = json_str(x->document, "thingName", NULL);
    uint64_t first = s->event_count > DEFENDER_EVENTS ? s->event_count - DEFENDER_EVENTS : 0;
    const char *comma = "";
    struct text t;

    begin(&t, "violationEvents");
    text_str(&t, "[");
    for (uint64_t i = first; i < s->event_count; i++) {
        const char *event = s->events[i % DEFENDER_EVENTS];
        cJSON *read = event != NULL ? json_parse(slice_str(event), DEPTH) : NULL;
        if (read != NULL &&
            (thing == NULL || strcmp(json_str(read, "thingName", ""), thing) == 0)) {
            text_str(&t, comma);
            text_str(&t, event);
            comma = ",";
        }
        cJSON_Delete(read);
    }
    text_str(&t, "]");
    return end(x, "accepted", &t);
}

static bool on_operator(const struct exchange *x)
{
    /* ORDER DEFENDER_OPERATION */
    static bool (*const calls[])(const struct exchange *x) = {
        on_put, on_show, on_delete, on_attach, on_detach, on_list, on_violations};

    return cJSON_IsObject(x->document) ? calls[x->address->op - DEFENDER_PUT_PROFILE](x)
                                       : reject(x, "InvalidJson", "the request is no JSON object");
}

static cJSON *read_payload(const struct defender_address *address, struct slice payload)
{
    if (address->op == DEFENDER_REPORT_CBOR)
        return cbor_parse(payload, DEPTH);
    if (payload.len == 0 && !defender_address_is_device(address))
        return cJSON_CreateObject();
    return json_is_utf8(payload) ? json_parse(payload, DEPTH) : NULL;
}

bool defender_service_request(struct defender_service *s, const struct defender_address *address,
                              const char *client_id, struct slice payload, int64_t now_ms,
                              struct cloud_actions *out)
{
    struct defender_turn turn = {.service = s, .now_ms = now_ms, .out = out};

    if (address->op == DEFENDER_NO_CALL)
        return true;
    cJSON *document = read_payload(address, payload);
    const struct exchange x = {
        .turn = &turn, .address = address, .client_id = client_id, .document = document};
    bool ok = defender_address_is_device(address) ? on_report(&turn, address, client_id, document)
                                                  : on_operator(&x);
    cJSON_Delete(document);
    return ok;
}

/* ---- counting ---- */

void defender_service_count(struct defender_service *s, const char *thing, enum defender_sum what,
                            double amount)
{
    struct defender_thing *t = s->counts ? defender_thing_of(s, thing) : NULL;

    if (t == NULL)
        return;
    double *slot = &t->slots[what][t->at[1]];
    if (what != DEFENDER_MESSAGE_SIZE)
        *slot += amount;
    else if (amount > *slot)
        *slot = amount;
}

bool defender_service_tick(struct defender_service *s, int64_t now_ms, struct cloud_actions *out)
{
    struct defender_turn turn = {.service = s, .now_ms = now_ms, .out = out};
    bool ok = true;

    if (!s->counts || (now_ms < s->slot_end_ms && s->slot_end_ms - now_ms <= SLOT_MS))
        return true;
    for (struct defender_thing *thing = s->first; thing != NULL && s->slot_end_ms != 0;
         thing = thing->next)
        ok &= defender_judge_counts(&turn, thing);
    s->slot_end_ms = now_ms + SLOT_MS;
    return ok;
}

/* ---- what outlives the broker ---- */

void defender_service_save(const struct defender_service *s, struct text *to)
{
    for (const struct defender_profile *p = s->profiles; p != NULL; p = p->next) {
        text_str(to, "{\"securityProfile\":");
        text_quoted(to, p->name);
        text_key(to, "source");
        text_json(to, p->source);
        text_str(to, "}\n");
    }
}

bool defender_service_load(struct defender_service *s, const cJSON *record)
{
    const char *name = json_str(record, "securityProfile", NULL);
    const char *problem;

    if (name == NULL)
        return false;
    struct defender_profile *profile =
        defender_profile_new(name, json_get(record, "source"), &problem);
    if (profile == NULL)
        return false;
    defender_profile_add(s, profile);
    return true;
}
