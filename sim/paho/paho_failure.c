#include "paho/paho_failure.h"

#include <MQTTAsync.h>
#include <stdio.h>
#include <string.h>

/* OpenSSL's line: thread:"error":code:library:function:reason:file:line:data. */
#define REASON_FIELD 5

static const char *const connack_names[] = {
    "accepted",
    "unacceptable protocol version",
    "client identifier rejected",
    "server unavailable",
    "bad user name or password",
    "not authorized (is this certificate registered, and does its policy allow the client id?)",
};

static bool has(const char *text)
{
    return text != NULL && text[0] != '\0';
}

void paho_failure_tls_reason(struct slice line, char *ret, size_t size)
{
    size_t field = 0;
    size_t start = 0;

    for (size_t i = 0; i <= line.len; i++) {
        if (i < line.len && line.data[i] != ':')
            continue;
        if (field++ == REASON_FIELD) {
            snprintf(ret, size, "%.*s", (int)(i - start), (const char *)line.data + start);
            return;
        }
        start = i + 1;
    }
    size_t len = line.len;
    while (len > 0 && line.data[len - 1] == '\n')
        len--;
    snprintf(ret, size, "%.*s", (int)len, len != 0 ? (const char *)line.data : "");
}

const char *paho_failure_code(int code)
{
    static const struct {
        int code;
        const char *name;
    } names[] = {
        {MQTTASYNC_DISCONNECTED,          "not connected"                          },
        {MQTTASYNC_MAX_BUFFERED_MESSAGES, "too many publishes are waiting"         },
        {MQTTASYNC_NO_MORE_MSGIDS,        "too many publishes are waiting"         },
        {MQTTASYNC_BAD_UTF8_STRING,       "the topic or client id is not UTF-8"    },
        {MQTTASYNC_BAD_PROTOCOL,          "unknown scheme (use mqtts:// or wss://)"},
        {MQTTASYNC_BAD_MQTT_OPTION,       "options for another MQTT version"       },
        {MQTTASYNC_OPERATION_INCOMPLETE,  "given up before it was done"            },
        {MQTTASYNC_SSL_NOT_SUPPORTED,     "this Paho library was built without TLS"},
        {MQTTASYNC_NULL_PARAMETER,        "an option is missing"                   },
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == code)
            return names[i].name;
    return "Paho refused";
}

/* What the user may look at first, or "". */
static void tls_hint(const struct paho_failure *f, char *ret, size_t size)
{
    if (strstr(f->tls_error, "certificate verify failed") != NULL)
        snprintf(ret, size, " (is %s the CA that signed the server's certificate?)",
                 has(f->ca_file) ? f->ca_file : "one in the system's trust store");
    else if (strstr(f->tls_error, "alert") != NULL)
        snprintf(ret, size, " (does the server trust %s?)",
                 has(f->cert_file) ? f->cert_file : "clients without a certificate");
    else
        ret[0] = '\0';
}

static void connected_text(const struct paho_failure *f, char *ret, size_t size)
{
    if (has(f->disconnect))
        snprintf(ret, size, "%s: the server disconnected us: %s", f->uri, f->disconnect);
    else if (has(f->tls_error))
        snprintf(ret, size, "%s: connection lost: TLS: %s", f->uri, f->tls_error);
    else
        snprintf(ret, size, "%s: connection lost%s%s", f->uri, has(f->message) ? ": " : "",
                 has(f->message) ? f->message : "");
}

/* Paho reports a refused CONNECT as a positive return code, in MQTT 5 sometimes as code only. */
static void refused_text(const struct paho_failure *f, char *ret, size_t size)
{
    unsigned code = (unsigned)(f->reason_code != 0 ? f->reason_code : f->code);
    const char *name = NULL;

    if (code < sizeof connack_names / sizeof connack_names[0])
        name = connack_names[code];
    else if (code >= 0x80)
        name = MQTTReasonCode_toString((enum MQTTReasonCodes)code);
    snprintf(ret, size, "%s: the server refused the connection: 0x%02x %s", f->uri, code,
             name != NULL ? name : "unknown reason");
}

/* Paho says the same of a refused TCP connection, of a certificate for another host, and of a
   server that hangs up on our certificate. */
void paho_failure_text(const struct paho_failure *f, char *ret, size_t size)
{
    char hint[300];

    if (f->was_connected) {
        connected_text(f, ret, size);
    } else if (f->reason_code != 0 || f->code > 0) {
        refused_text(f, ret, size);
    } else if (has(f->tls_error)) {
        tls_hint(f, hint, sizeof hint);
        snprintf(ret, size, "%s: TLS: %s%s", f->uri, f->tls_error, hint);
    } else {
        snprintf(ret, size, "%s: cannot connect%s%s (%s%s%s?)", f->uri, has(f->message) ? ": " : "",
                 has(f->message) ? f->message : "",
                 "is the broker running there, is its certificate for that host name",
                 has(f->cert_file) ? ", and does it trust " : "",
                 has(f->cert_file) ? f->cert_file : "");
    }
}
