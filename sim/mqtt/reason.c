#include "mqtt/reason.h"

#include <stddef.h>
#include <strings.h>

#define IN(type)   (1u << MQTT_TYPE_##type)
#define PUBLISHED  (IN(PUBACK) | IN(PUBREC))
#define RELEASED   (IN(PUBREL) | IN(PUBCOMP))
#define SUBSCRIBED (IN(SUBACK) | IN(UNSUBACK))
#define CLOSING    (IN(CONNACK) | IN(DISCONNECT))

static const struct {
    const char *name;
    unsigned where; /* bits (1 << type) */
} reasons[256] = {
    [0x00] = {"Success",
              IN(CONNACK) | PUBLISHED | RELEASED | SUBSCRIBED | IN(AUTH) | IN(DISCONNECT)},
    [0x01] = {"Granted QoS 1",                          IN(SUBACK)                       },
    [0x02] = {"Granted QoS 2",                          IN(SUBACK)                       },
    [0x04] = {"Disconnect with Will Message",           IN(DISCONNECT)                   },
    [0x10] = {"No matching subscribers",                PUBLISHED                        },
    [0x11] = {"No subscription existed",                IN(UNSUBACK)                     },
    [0x18] = {"Continue authentication",                IN(AUTH)                         },
    [0x19] = {"Re-authenticate",                        IN(AUTH)                         },
    [0x80] = {"Unspecified error",                      CLOSING | PUBLISHED | SUBSCRIBED },
    [0x81] = {"Malformed Packet",                       CLOSING                          },
    [0x82] = {"Protocol Error",                         CLOSING                          },
    [0x83] = {"Implementation specific error",          CLOSING | PUBLISHED | SUBSCRIBED },
    [0x84] = {"Unsupported Protocol Version",           IN(CONNACK)                      },
    [0x85] = {"Client Identifier not valid",            IN(CONNACK)                      },
    [0x86] = {"Bad User Name or Password",              IN(CONNACK)                      },
    [0x87] = {"Not authorized",                         CLOSING | PUBLISHED | SUBSCRIBED },
    [0x88] = {"Server unavailable",                     IN(CONNACK)                      },
    [0x89] = {"Server busy",                            CLOSING                          },
    [0x8a] = {"Banned",                                 IN(CONNACK)                      },
    [0x8b] = {"Server shutting down",                   IN(DISCONNECT)                   },
    [0x8c] = {"Bad authentication method",              CLOSING                          },
    [0x8d] = {"Keep Alive timeout",                     IN(DISCONNECT)                   },
    [0x8e] = {"Session taken over",                     IN(DISCONNECT)                   },
    [0x8f] = {"Topic Filter invalid",                   SUBSCRIBED | IN(DISCONNECT)      },
    [0x90] = {"Topic Name invalid",                     CLOSING | PUBLISHED              },
    [0x91] = {"Packet Identifier in use",               PUBLISHED | SUBSCRIBED           },
    [0x92] = {"Packet Identifier not found",            RELEASED                         },
    [0x93] = {"Receive Maximum exceeded",               IN(DISCONNECT)                   },
    [0x94] = {"Topic Alias invalid",                    IN(DISCONNECT)                   },
    [0x95] = {"Packet too large",                       CLOSING                          },
    [0x96] = {"Message rate too high",                  IN(DISCONNECT)                   },
    [0x97] = {"Quota exceeded",                         CLOSING | PUBLISHED | IN(SUBACK) },
    [0x98] = {"Administrative action",                  IN(DISCONNECT)                   },
    [0x99] = {"Payload format invalid",                 CLOSING | PUBLISHED              },
    [0x9a] = {"Retain not supported",                   CLOSING                          },
    [0x9b] = {"QoS not supported",                      CLOSING                          },
    [0x9c] = {"Use another server",                     CLOSING                          },
    [0x9d] = {"Server moved",                           CLOSING                          },
    [0x9e] = {"Shared Subscriptions not supported",     IN(SUBACK) | IN(DISCONNECT)      },
    [0x9f] = {"Connection rate exceeded",               CLOSING                          },
    [0xa0] = {"Maximum connect time",                   IN(DISCONNECT)                   },
    [0xa1] = {"Subscription Identifiers not supported", IN(SUBACK) | IN(DISCONNECT)      },
    [0xa2] = {"Wildcard Subscriptions not supported",   IN(SUBACK) | IN(DISCONNECT)      },
};

const char *mqtt_reason_name(uint8_t code)
{
    return reasons[code].name != NULL ? reasons[code].name : "unknown";
}

const char *mqtt_reason_name_in(enum mqtt_type type, uint8_t code)
{
    if (code == 0 && type == MQTT_TYPE_DISCONNECT)
        return "Normal disconnection";
    if (code == 0 && type == MQTT_TYPE_SUBACK)
        return "Granted QoS 0";
    return mqtt_reason_name(code);
}

bool mqtt_reason_find(enum mqtt_type type, const char *name, uint8_t *ret)
{
    for (unsigned code = 0; code < 256; code++) {
        if (!mqtt_reason_allowed(type, (uint8_t)code) ||
            strcasecmp(mqtt_reason_name_in(type, (uint8_t)code), name) != 0)
            continue;
        *ret = (uint8_t)code;
        return true;
    }
    return false;
}

bool mqtt_reason_allowed(enum mqtt_type type, uint8_t code)
{
    return (reasons[code].where >> (unsigned)type & 1) != 0;
}

const char *mqtt_return_name(uint8_t code)
{
    static const char *const names[] = {
        "Connection Accepted",
        "Connection Refused, unacceptable protocol version",
        "Connection Refused, identifier rejected",
        "Connection Refused, Server unavailable",
        "Connection Refused, bad user name or password",
        "Connection Refused, not authorized",
    };
    return code < sizeof names / sizeof names[0] ? names[code] : "unknown";
}
