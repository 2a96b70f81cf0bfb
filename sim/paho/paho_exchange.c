#include "paho/paho_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "mqtt/remark.h"
#include "paho/paho_anchor.h"
#include "paho/paho_props.h"

/* What Paho carries along with a packet that is answered. */
struct ticket {
    struct paho_asker asker;
    enum mqtt_type type; /* of the answer */
    size_t count;        /* of filters; 1 for a PUBLISH */
};

static struct ticket *ticket_new(struct paho_asker asker, enum mqtt_type type, size_t count)
{
    struct ticket *t = xmalloc(sizeof *t);

    *t = (struct ticket){.asker = asker, .type = type, .count = count};
    paho_anchor_hurry();
    return t;
}

static void ticket_free(struct ticket *t)
{
    paho_anchor_relax();
    free(t);
}

/* ---- answers ---- */

static void answer(struct ticket *t, const struct paho_answer *a)
{
    t->asker.answered(t->asker.ctx, a);
    ticket_free(t);
}

/* One code per filter: `codes` of them are known, or `all` counts for each. */
static void answer_codes(struct ticket *t, const uint8_t *codes, uint8_t all,
                         const MQTTProperties *props)
{
    char remark[MQTT_REMARK_SIZE] = "";
    uint8_t *out = xmalloc(t->count);

    for (size_t i = 0; i < t->count; i++)
        out[i] = codes != NULL ? codes[i] : all;
    if (props != NULL)
        paho_props_remark(props, t->type, remark, sizeof remark);
    answer(t, &(struct paho_answer){.codes = out, .count = t->count, .remark = remark});
    free(out);
}

static void on_subscribed(void *context, MQTTAsync_successData *data)
{
    struct ticket *t = context;
    uint8_t *codes = xcalloc(t->count, 1);

    for (size_t i = 0; i < t->count; i++)
        codes[i] = (uint8_t)(t->count == 1 ? data->alt.qos : data->alt.qosList[i]);
    answer_codes(t, codes, 0, NULL);
    free(codes);
}

/* For one filter Paho gives its code apart, for several a list. */
static void answer_list(struct ticket *t, const MQTTAsync_successData5 *data, int given,
                        const enum MQTTReasonCodes *list)
{
    uint8_t *codes = xcalloc(t->count, 1);

    for (size_t i = 0; i < t->count; i++)
        if (t->count == 1 || given == 0)
            codes[i] = (uint8_t)data->reasonCode;
        else
            codes[i] = i < (size_t)given ? (uint8_t)list[i] : PAHO_FAILURE;
    answer_codes(t, codes, 0, &data->properties);
    free(codes);
}

static void on_subscribed5(void *context, MQTTAsync_successData5 *data)
{
    answer_list(context, data, data->alt.sub.reasonCodeCount, data->alt.sub.reasonCodes);
}

static void on_unsubscribed(void *context, MQTTAsync_successData *data)
{
    (void)data;
    answer(context, &(struct paho_answer){.remark = ""});
}

static void on_unsubscribed5(void *context, MQTTAsync_successData5 *data)
{
    answer_list(context, data, data->alt.unsub.reasonCodeCount, data->alt.unsub.reasonCodes);
}

/* The properties that Paho gives here are those of the PUBLISH. */
static void on_acked(void *context, MQTTAsync_successData *data)
{
    (void)data;
    answer_codes(context, NULL, 0, NULL);
}

static void on_acked5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    answer_codes(context, NULL, 0, NULL);
}

/* A code below 0x80 is the end of the connection. */
static void refused(struct ticket *t, int code, const MQTTProperties *props)
{
    if (code < PAHO_FAILURE || code > UINT8_MAX)
        answer(t, &(struct paho_answer){.lost = true, .remark = ""});
    else
        answer_codes(t, NULL, (uint8_t)code, props);
}

static void on_refused(void *context, MQTTAsync_failureData *data)
{
    refused(context, data != NULL ? data->code : 0, NULL);
}

static void on_refused5(void *context, MQTTAsync_failureData5 *data)
{
    if (data == NULL)
        refused(context, 0, NULL);
    else if ((int)data->reasonCode >= PAHO_FAILURE)
        refused(context, (int)data->reasonCode, &data->properties);
    else
        refused(context, data->code, NULL);
}

/* ---- requests ---- */

static void expect(const struct paho_conn *conn, MQTTAsync_responseOptions *response,
                   struct ticket *t)
{
    static const struct {
        enum mqtt_type type;
        MQTTAsync_onSuccess *success;
        MQTTAsync_onSuccess5 *success5;
    } kinds[] = {
        {MQTT_TYPE_SUBACK,   on_subscribed,   on_subscribed5  },
        {MQTT_TYPE_UNSUBACK, on_unsubscribed, on_unsubscribed5},
        {MQTT_TYPE_PUBACK,   on_acked,        on_acked5       },
    };
    size_t kind = 0;

    while (kinds[kind].type != t->type)
        kind++;
    response->context = t;
    if (paho_conn_is_5(conn)) {
        response->onSuccess5 = kinds[kind].success5;
        response->onFailure5 = on_refused5;
    } else {
        response->onSuccess = kinds[kind].success;
        response->onFailure = on_refused;
    }
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

bool paho_subscribe(struct paho_conn *conn, const struct mqtt_filter *filters, size_t count,
                    struct paho_asker asker)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    MQTTSubscribe_options plain = MQTTSubscribe_options_initializer;
    MQTTSubscribe_options *options = xcalloc(count, sizeof *options);
    char **names = xcalloc(count, sizeof *names);
    int *qoss = xcalloc(count, sizeof *qoss);
    struct ticket *t = ticket_new(asker, MQTT_TYPE_SUBACK, count);

    for (size_t i = 0; i < count; i++) {
        names[i] = xstrndup((const char *)filters[i].filter.data, filters[i].filter.len);
        qoss[i] = filters[i].qos;
        options[i] = plain;
        options[i].noLocal = filters[i].no_local;
        options[i].retainAsPublished = filters[i].retain_as_published;
        options[i].retainHandling = filters[i].retain_handling;
    }
    expect(conn, &response, t);
    if (paho_conn_is_5(conn)) {
        response.subscribeOptions = options[0];
        response.subscribeOptionsCount = (int)count;
        response.subscribeOptionsList = options;
        if (filters[0].identifier != 0)
            paho_props_add_number(&response.properties, MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER,
                                  filters[0].identifier);
    }
    int rc = MQTTAsync_subscribeMany(paho_conn_handle(conn), (int)count, names, qoss, &response);
    MQTTProperties_free(&response.properties);
    free_names(names, count);
    free(options);
    free(qoss);
    if (rc != MQTTASYNC_SUCCESS)
        ticket_free(t);
    return rc == MQTTASYNC_SUCCESS;
}

bool paho_unsubscribe(struct paho_conn *conn, const struct slice *filters, size_t count,
                      struct paho_asker asker)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    char **names = xcalloc(count, sizeof *names);
    struct ticket *t = ticket_new(asker, MQTT_TYPE_UNSUBACK, count);

    for (size_t i = 0; i < count; i++)
        names[i] = xstrndup((const char *)filters[i].data, filters[i].len);
    expect(conn, &response, t);
    int rc = MQTTAsync_unsubscribeMany(paho_conn_handle(conn), (int)count, names, &response);
    free_names(names, count);
    if (rc != MQTTASYNC_SUCCESS)
        ticket_free(t);
    return rc == MQTTASYNC_SUCCESS;
}

int paho_publish(struct paho_conn *conn, const struct paho_parcel *p, struct paho_asker asker)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    struct ticket *t = asker.answered != NULL ? ticket_new(asker, MQTT_TYPE_PUBACK, 1) : NULL;

    if (t != NULL)
        expect(conn, &response, t);
    if (paho_conn_is_5(conn))
        response.properties = p->props;
    int rc = MQTTAsync_send(paho_conn_handle(conn), p->topic, (int)p->payload.len,
                            p->payload.len != 0 ? (const void *)p->payload.data : "", p->qos,
                            p->retain ? 1 : 0, &response);
    if (rc != MQTTASYNC_SUCCESS && t != NULL)
        ticket_free(t);
    return rc;
}
