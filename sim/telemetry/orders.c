#include "telemetry/orders.h"

#include <stdio.h>

#include "tcu/json_out.h"

enum { DEPTH = 6, TOKEN_MAX = 65 };

void orders_done(struct orders *o)
{
    for (size_t i = 0; i < o->count; i++)
        campaign_drop(o->campaigns[i]);
    o->count = 0;
}

static void put_member(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, ",\"%s\":", name);
    json_out_string(out, slice_str(value));
}

static void put_status(struct buf *out, const char *id, const char *status, const char *reason)
{
    buf_append_str(out, "{\"id\":");
    json_out_string(out, slice_str(id));
    put_member(out, "status", status);
    if (reason != NULL)
        put_member(out, "reason", reason);
    buf_append_str(out, "}");
}

static bool named(const struct orders *o, const char *id)
{
    for (size_t i = 0; i < o->count; i++)
        if (strcmp(o->campaigns[i]->id, id) == 0)
            return true;
    return false;
}

/* NULL: why not is in err, and the id as far as there is one in `id`. */
static struct campaign *read_one(const struct json_value *doc, const struct signal_schema *schema,
                                 const struct orders *o, char id[BATCH_CAMPAIGN_MAX],
                                 struct error *err)
{
    struct json_value value;

    id[0] = '\0';
    if (json_find(doc, "id", &value) && !json_text(&value, id, BATCH_CAMPAIGN_MAX))
        id[0] = '\0';
    struct campaign *c = campaign_parse(doc, schema, true, err);
    if (c == NULL)
        return NULL;
    if (!named(o, c->id) && o->count < CAMPAIGNS_MAX)
        return c;
    if (o->count == CAMPAIGNS_MAX)
        error_set(err, ERROR_FAILED, "more than %d campaigns", CAMPAIGNS_MAX);
    else
        error_set(err, ERROR_FAILED, "another campaign has this id");
    campaign_drop(c);
    return NULL;
}

static void read_campaigns(const struct json_value *list, const struct signal_schema *schema,
                           int64_t wall_ms, struct orders *ret, struct buf *answer)
{
    struct json_value doc;
    bool first = true;

    for (struct json_cursor c = json_enter(list); json_next(&c, &doc); first = false) {
        char id[BATCH_CAMPAIGN_MAX];
        struct error err;
        struct campaign *campaign = read_one(&doc, schema, ret, id, &err);
        buf_append_str(answer, first ? "" : ",");
        if (campaign == NULL) {
            put_status(answer, id, "REJECTED", err.text);
        } else if (campaign->until_ms != 0 && campaign->until_ms <= wall_ms) {
            put_status(answer, id, "ENDED", NULL);
            campaign_drop(campaign);
        } else {
            put_status(answer, id, "ACTIVE", NULL);
            ret->campaigns[ret->count++] = campaign;
        }
    }
}

static bool refuse(struct buf *answer, const char *token, const char *why)
{
    buf_append_str(answer, "{\"status\":\"REJECTED\"");
    if (token[0] != '\0')
        put_member(answer, "token", token);
    put_member(answer, "reason", why);
    buf_append_str(answer, "}");
    return false;
}

bool orders_read(struct slice payload, const struct signal_schema *schema, int64_t wall_ms,
                 struct orders *ret, struct buf *answer)
{
    struct json_value doc;
    struct json_value value;
    char token[TOKEN_MAX] = "";

    ret->count = 0;
    if (payload.len == 0)
        return buf_append_str(answer, "{\"status\":\"ACCEPTED\",\"campaigns\":[]}");
    if (!json_check(payload, DEPTH, &doc) || doc.type != JSON_OBJECT)
        return refuse(answer, token, "not a JSON object");
    if (json_find(&doc, "token", &value) && !json_text(&value, token, sizeof token))
        return refuse(answer, "", "token: a text of at most 64 bytes expected");
    if (!json_find(&doc, "campaigns", &value) || value.type != JSON_ARRAY)
        return refuse(answer, token, "campaigns: a list expected");
    buf_append_str(answer, "{\"status\":\"ACCEPTED\"");
    if (token[0] != '\0')
        put_member(answer, "token", token);
    buf_append_str(answer, ",\"campaigns\":[");
    read_campaigns(&value, schema, wall_ms, ret, answer);
    buf_append_str(answer, "]}");
    return true;
}

void orders_ended(const struct campaign *campaign, struct buf *answer)
{
    buf_append_str(answer, "{\"status\":\"ACCEPTED\",\"campaigns\":[");
    put_status(answer, campaign->id, "ENDED", NULL);
    buf_append_str(answer, "]}");
}
