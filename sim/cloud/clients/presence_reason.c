/* Why a connection has ended, in AWS IoT's words and in Mosquitto's. */
#include "cloud/clients/presence.h"

#include <string.h>

/* ORDER PRESENCE_REASON */
static const char *const reason_names[PRESENCE_REASON_COUNT] = {"NONE",
                                                                "AUTH_ERROR",
                                                                "CLIENT_INITIATED_DISCONNECT",
                                                                "CLIENT_ERROR",
                                                                "CONNECTION_LOST",
                                                                "DUPLICATE_CLIENTID",
                                                                "MQTT_KEEP_ALIVE_TIMEOUT",
                                                                "SERVER_ERROR",
                                                                "SERVER_INITIATED_DISCONNECT",
                                                                "API_INITIATED_DISCONNECT"};

const char *presence_reason_name(enum presence_reason reason)
{
    return reason < PRESENCE_REASON_COUNT ? reason_names[reason] : "UNKNOWN";
}

/* What Mosquitto 2.0 writes after "Client <id>" or "on client <id>"; the longer of two that begin
   alike comes first. */
static const struct {
    const char *text;
    enum presence_reason reason;
} log_words[] = {
    {" disconnected due to out of memory",          PRESENCE_SERVER_ERROR       },
    {" disconnected due to ",                       PRESENCE_CLIENT_ERROR       },
    {" disconnected, not authorised",               PRESENCE_AUTH_ERROR         },
    {" disconnected: ",                             PRESENCE_CONNECTION_LOST    },
    {" disconnected.",                              PRESENCE_CLIENT_INITIATED   },
    {" closed its connection",                      PRESENCE_CONNECTION_LOST    },
    {" has exceeded timeout",                       PRESENCE_KEEP_ALIVE_TIMEOUT },
    {" already connected, closing old connection",  PRESENCE_DUPLICATE_CLIENT_ID},
    {" been disconnected by administrative action", PRESENCE_API_INITIATED      },
    {": Unknown error",                             PRESENCE_CLIENT_ERROR       },
    {": Invalid function arguments",                PRESENCE_CLIENT_ERROR       },
    {": Requested QoS not supported",               PRESENCE_CLIENT_ERROR       },
    {": Malformed UTF-8",                           PRESENCE_CLIENT_ERROR       },
    {": ",                                          PRESENCE_CONNECTION_LOST    },
};

static enum presence_reason reason_of_line(struct slice line, const char *client_id)
{
    size_t id_len = strlen(client_id);
    const uint8_t *p = line.len != 0 ? memmem(line.data, line.len, "lient ", 6) : NULL;

    if (p == NULL)
        return PRESENCE_NONE;
    p += 6;
    size_t left = line.len - (size_t)(p - line.data);
    if (left < id_len || memcmp(p, client_id, id_len) != 0)
        return PRESENCE_NONE;
    p += id_len;
    left -= id_len;
    for (size_t i = 0; i < sizeof log_words / sizeof *log_words; i++) {
        size_t len = strlen(log_words[i].text);
        if (left >= len && memcmp(p, log_words[i].text, len) == 0)
            return log_words[i].reason;
    }
    return PRESENCE_NONE;
}

enum presence_reason presence_reason_from_log(struct slice tail, const char *client_id)
{
    enum presence_reason found = PRESENCE_NONE;

    while (tail.len != 0) {
        const uint8_t *end = memchr(tail.data, '\n', tail.len);
        size_t len = end != NULL ? (size_t)(end - tail.data) : tail.len;
        enum presence_reason reason = reason_of_line(slice_of(tail.data, len), client_id);
        if (reason != PRESENCE_NONE)
            found = reason;
        size_t used = end != NULL ? len + 1 : len;
        tail = slice_of(tail.data + used, tail.len - used);
    }
    return found;
}
