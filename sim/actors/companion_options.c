#include "actors/companion_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actors/companion_filters.h"
#include "base/xmem.h"

static bool check_file(const char *what, const char *path, struct error *err)
{
    if (path == NULL || access(path, R_OK) == 0)
        return true;
    return error_set(err, ERROR_USAGE, "%s: cannot read %s (make it with: fleetsim pki)", what,
                     path);
}

bool companion_options_check(const struct companion_options *o, struct error *err)
{
    if (!companion_check_client_id(o->client_id, err))
        return false;
    if (o->uri == NULL && (o->host == NULL || o->host[0] == '\0' || o->port == 0))
        return error_set(err, ERROR_USAGE, "%s: no endpoint (give a host and a port, or a URI)",
                         o->client_id);
    if (o->mqtt_version != 0 && o->mqtt_version != 4 && o->mqtt_version != 5)
        return error_set(err, ERROR_USAGE, "%s: no MQTT version %d (use 4 for 3.1.1, or 5)",
                         o->client_id, o->mqtt_version);
    if (o->alpn != NULL && (o->alpn[0] == '\0' || strlen(o->alpn) > 255))
        return error_set(err, ERROR_USAGE, "%s: no ALPN name: \"%.40s\"", o->client_id, o->alpn);
    return check_file("CA certificate", o->ca_file, err) &&
           check_file("client certificate", o->cert_file, err) &&
           check_file("client key", o->key_file, err);
}

static char *copy(const char *text)
{
    return text != NULL ? xstrdup(text) : NULL;
}

static char *make_uri(const struct companion_options *o)
{
    if (o->uri != NULL)
        return xstrdup(o->uri);
    bool bracket = strchr(o->host, ':') != NULL && o->host[0] != '[';
    return xasprintf("mqtts://%s%s%s:%u", bracket ? "[" : "", o->host, bracket ? "]" : "", o->port);
}

void companion_options_copy(const struct companion_options *o, struct paho_link_options *ret)
{
    usec_t timeout = o->connect_timeout != 0 ? o->connect_timeout : 10 * USEC_PER_SEC;

    *ret = (struct paho_link_options){
        .setup =
            {
                    .uri = make_uri(o),
                    .ca_file = copy(o->ca_file),
                    .cert_file = copy(o->cert_file),
                    .key_file = copy(o->key_file != NULL ? o->key_file : o->cert_file),
                    .max_buffered = PAHO_LINK_MAX_BUFFERED,
                    .insecure = o->insecure,
                    },
        .client_id = xstrdup(o->client_id),
        .version = o->mqtt_version == 4 ? MQTT_3_1_1 : MQTT_5,
        .session_expiry_s = o->session_expiry_s,
        .keep_alive_s = o->keep_alive_s != 0 ? o->keep_alive_s : 30,
        .connect_timeout = timeout > USEC_PER_SEC ? timeout : USEC_PER_SEC,
    };
    if (o->alpn != NULL)
        ret->setup.alpn = xasprintf("%c%s", (int)(unsigned char)strlen(o->alpn), o->alpn);
}

static void release(const char *text)
{
    free((char *)(uintptr_t)text);
}

void companion_options_done(struct paho_link_options *o)
{
    free(o->client_id);
    release(o->setup.uri);
    release(o->setup.ca_file);
    release(o->setup.cert_file);
    release(o->setup.key_file);
    release(o->setup.alpn);
}
