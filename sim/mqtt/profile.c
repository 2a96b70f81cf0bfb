#include "mqtt/profile.h"

#include <string.h>
#include <strings.h>

#define RULES    "$aws/rules/"
#define COMMANDS "$aws/commands/"
#define SHARE    "$share/"
#define AWS      "$aws/"

/* Contract 6.2 to 6.9. */
static const struct mqtt_profile aws = {
    .name = "aws",
    .service = "AWS IoT",
    .max_qos = 1,
    .payload_max = 128 * 1024,
    .topic_max = 256,
    .slashes_max = 7,
    .client_id_max = 128,
    .share_name_max = 128,
    .filters_max = 8,
    .subscriptions_max = 50,
    .publishes_per_s = 100,
    .keep_alive_min = 30,
    .keep_alive_max = 1200,
    .reserved_topics = true,
    .no_subscription_identifiers = true,
};

bool mqtt_profile_find(const char *name, const struct mqtt_profile **ret)
{
    bool is_aws = strcmp(name, aws.name) == 0;

    if (!is_aws && strcmp(name, "generic") != 0)
        return false;
    *ret = is_aws ? &aws : NULL;
    return true;
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len > end_len && strcasecmp(text + len - end_len, end) == 0;
}

const struct mqtt_profile *mqtt_profile_of_host(const char *host)
{
    return ends_in(host, ".amazonaws.com") || ends_in(host, ".amazonaws.com.cn") ? &aws : NULL;
}

const char *mqtt_profile_name(const struct mqtt_profile *p)
{
    return p != NULL ? p->name : "generic";
}

uint16_t mqtt_profile_keep_alive(const struct mqtt_profile *p, uint16_t seconds)
{
    if (p == NULL)
        return seconds;
    if (p->keep_alive_max != 0 && (seconds == 0 || seconds > p->keep_alive_max))
        return p->keep_alive_max;
    return seconds < p->keep_alive_min ? p->keep_alive_min : seconds;
}

/* ---- topics and filters ---- */

static bool starts(struct slice s, const char *text)
{
    size_t len = strlen(text);

    return s.len >= len && memcmp(s.data, text, len) == 0;
}

/* What is left behind the prefix and one more level, neither of which counts (contract 6.8). */
static struct slice beyond(struct slice topic, const char *prefix)
{
    size_t at = strlen(prefix);

    while (at < topic.len && topic.data[at] != '/')
        at++;
    at += at < topic.len;
    return slice_of(topic.data + at, topic.len - at);
}

static size_t count_slashes(struct slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += s.data[i] == '/';
    return n;
}

/* The whole is named in the text, cut so that the rest of the sentence is still told. */
#define SHOWN(s) (int)((s).len < 60 ? (s).len : 60), (const char *)(s).data

static bool check_topic(const struct mqtt_profile *p, const char *what, struct slice topic,
                        struct error *err)
{
    struct slice counted = starts(topic, RULES) ? beyond(topic, RULES) : topic;
    /* AWS's own …/executions/+/response/accepted/json has one too many. */
    size_t slashes = count_slashes(counted) - (starts(topic, COMMANDS) ? 2 : 0);

    if (p->topic_max != 0 && counted.len > p->topic_max)
        return error_set(err, ERROR_USAGE,
                         "profile %s: a %s of %zu bytes: %.*s… (%s takes %u, contract 6.8)",
                         p->name, what, counted.len, SHOWN(topic), p->service, p->topic_max);
    if (p->slashes_max != 0 && slashes > p->slashes_max)
        return error_set(err, ERROR_USAGE,
                         "profile %s: a %s with %zu slashes: %.*s (%s takes %u, contract 6.8)",
                         p->name, what, slashes, SHOWN(topic), p->service, p->slashes_max);
    return true;
}

static bool check_filter(const struct mqtt_profile *p, const struct mqtt_filter *f,
                         struct error *err)
{
    struct slice rest = f->filter;

    if (f->qos > p->max_qos)
        return error_set(err, ERROR_USAGE,
                         "profile %s: a subscription of QoS %u (%s takes %u at most, contract 6.2)",
                         p->name, f->qos, p->service, p->max_qos);
    if (f->identifier != 0 && p->no_subscription_identifiers)
        return error_set(err, ERROR_USAGE,
                         "profile %s: a subscription identifier (%s takes none, contract 6.9)",
                         p->name, p->service);
    if (starts(rest, SHARE)) {
        rest = beyond(rest, SHARE);
        size_t name = f->filter.len - rest.len - sizeof SHARE;
        if (p->share_name_max != 0 && rest.len != 0 && name > p->share_name_max)
            return error_set(err, ERROR_USAGE,
                             "profile %s: a share name of %zu bytes (%s takes %u, contract 6.8)",
                             p->name, name, p->service, p->share_name_max);
    }
    return check_topic(p, "filter", rest, err);
}

/* ---- packets ---- */

static bool check_message(const struct mqtt_profile *p, const char *what,
                          const struct mqtt_message *m, struct error *err)
{
    if (m->qos > p->max_qos)
        return error_set(err, ERROR_USAGE,
                         "profile %s: a %s of QoS %u (%s takes %u at most, contract 6.2)", p->name,
                         what, m->qos, p->service, p->max_qos);
    if (p->payload_max != 0 && m->payload.len > p->payload_max)
        return error_set(err, ERROR_USAGE,
                         "profile %s: a %s of %zu bytes (%s takes %u, contract 6.8)", p->name, what,
                         m->payload.len, p->service, (unsigned)p->payload_max);
    if (p->reserved_topics && m->retain && starts(m->topic, AWS))
        return error_set(err, ERROR_USAGE,
                         "profile %s: a retained %s on %.*s (%s takes none on reserved topics, "
                         "contract 6.6)",
                         p->name, what, SHOWN(m->topic), p->service);
    return check_topic(p, "topic", m->topic, err);
}

bool mqtt_profile_check_connect(const struct mqtt_profile *p, const struct mqtt_connect *c,
                                struct error *err)
{
    if (p == NULL)
        return true;
    if (p->client_id_max != 0 && c->client_id.len > p->client_id_max)
        return error_set(err, ERROR_USAGE,
                         "profile %s: a client id of %zu bytes (%s takes %u, contract 6.3)",
                         p->name, c->client_id.len, p->service, p->client_id_max);
    if (p->reserved_topics && starts(c->client_id, "$"))
        return error_set(err, ERROR_USAGE,
                         "profile %s: a client id that starts with '$' (%s takes none, contract "
                         "6.3)",
                         p->name, p->service);
    return c->will == NULL || check_message(p, "will", &c->will->message, err);
}

bool mqtt_profile_check_publish(const struct mqtt_profile *p, const struct mqtt_message *m,
                                struct error *err)
{
    return p == NULL || check_message(p, "message", m, err);
}

bool mqtt_profile_check_subscribe(const struct mqtt_profile *p, const struct mqtt_filter *filters,
                                  size_t count, size_t fresh, size_t held, struct error *err)
{
    if (p == NULL)
        return true;
    if (p->filters_max != 0 && count > p->filters_max)
        return error_set(err, ERROR_USAGE,
                         "profile %s: %zu filters in one SUBSCRIBE (%s takes %u, contract 6.8)",
                         p->name, count, p->service, p->filters_max);
    for (size_t i = 0; i < count; i++)
        if (!check_filter(p, &filters[i], err))
            return false;
    if (p->subscriptions_max != 0 && fresh + held > p->subscriptions_max)
        return error_set(err, ERROR_USAGE,
                         "profile %s: %zu more subscriptions beside %zu (%s takes %u of a "
                         "connection, contract 6.8)",
                         p->name, fresh, held, p->service, p->subscriptions_max);
    return true;
}
