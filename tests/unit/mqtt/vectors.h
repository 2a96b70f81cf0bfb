/*
 * vectors.h — packets in their shortest form, laid out by hand after the figures of the two
 * specifications: each must decode, and encode to the same bytes. See hex.h for the notation.
 */
#ifndef TEST_MQTT_VECTORS_H
#define TEST_MQTT_VECTORS_H

#include "mqtt/client.h"

struct vector {
    enum mqtt_version version;
    const char *bytes;
    const char *line; /* as mqtt_describe() puts it */
};

static const struct vector vectors[] = {
  /* MQTT 3.1.1, chapter 3 */
    {MQTT_3_1_1, "10 0c 0004 'MQTT' 04 02 003c 0000",
     "CONNECT v3.1.1 client= clean=1 keep-alive=60"                                                                                                                   },
    {MQTT_3_1_1, "10 ~ 0004 'MQTT' 04 00 0000 0003 'car'",
     "CONNECT v3.1.1 client=car clean=0 keep-alive=0"                                                                                                                 },
    {MQTT_3_1_1,
     "10 ~ 0004 'MQTT' 04 ee 000a 0003 'car' 0004 'dead' 0003 'off' 0004 'anna' 0006 'secret'", "CONNECT v3.1.1 client=car clean=1 keep-alive=10 user=anna password=(hidden) will=q1 retain "
     "dead off"                                                        },
    {MQTT_3_1_1, "10 ~ 0004 'MQTT' 04 82 000a 0003 'car' 000b 'anna?tok=xy'",
     "CONNECT v3.1.1 client=car clean=1 keep-alive=10 user=anna?…"                                                                                                  },
    {MQTT_3_1_1, "20 02 01 00",                                                                 "CONNACK session-present=1 code=0x00 Connection Accepted"             },
    {MQTT_3_1_1, "20 02 00 05",
     "CONNACK session-present=0 code=0x05 Connection Refused, not authorized"                                                                                         },
    {MQTT_3_1_1, "30 ~ 0003 'a/b'",                                                             "PUBLISH q0 a/b (0 B)"                                                },
    {MQTT_3_1_1, "31 ~ 0003 'a/b' 'hello'",                                                     "PUBLISH q0 retain a/b hello (5 B)"                                   },
    {MQTT_3_1_1, "3a ~ 0003 'a/b' 0007 7b 22 61 22 3a 31 7d",
     "PUBLISH q1 id=7 dup a/b {\"a\":1} (7 B)"                                                                                                                        },
    {MQTT_3_1_1, "34 ~ 0003 'a/b' ffff 00 ff",                                                  "PUBLISH q2 id=65535 a/b 0x00ff (2 B)"                                },
    {MQTT_3_1_1, "40 02 0007",                                                                  "PUBACK id=7"                                                         },
    {MQTT_3_1_1, "50 02 0007",                                                                  "PUBREC id=7"                                                         },
    {MQTT_3_1_1, "62 02 0007",                                                                  "PUBREL id=7"                                                         },
    {MQTT_3_1_1, "70 02 0007",                                                                  "PUBCOMP id=7"                                                        },
    {MQTT_3_1_1, "82 ~ 000a 0003 'a/b' 01 0003 'c/d' 02",                                       "SUBSCRIBE id=10 a/b q1, c/d q2"                                      },
    {MQTT_3_1_1, "90 ~ 000a 00 01 02 80",
     "SUBACK id=10 0x00 Granted QoS 0, 0x01 Granted QoS 1, 0x02 Granted QoS 2, 0x80 Failure"                                                                          },
    {MQTT_3_1_1, "a2 ~ 000a 0003 'a/b' 0003 'c/d'",                                             "UNSUBSCRIBE id=10 a/b, c/d"                                          },
    {MQTT_3_1_1, "b0 02 000a",                                                                  "UNSUBACK id=10"                                                      },
    {MQTT_3_1_1, "c0 00",                                                                       "PINGREQ"                                                             },
    {MQTT_3_1_1, "d0 00",                                                                       "PINGRESP"                                                            },
    {MQTT_3_1_1, "e0 00",                                                                       "DISCONNECT"                                                          },

 /* MQTT 5, chapter 3 */
    {MQTT_5,     "10 0d 0004 'MQTT' 05 02 003c 00 0000",                                        "CONNECT v5 client= clean=1 keep-alive=60"                            },
    {MQTT_5,
     "10 ~ 0004 'MQTT' 05 ce 003c 05 11 0000000a 0003 'car' 0e 02 00000009 03 0001 'x' "
     "18 00000005 0001 'w' 0001 'p' 0001 'u' 0002 'pw'",                                        "CONNECT v5 client=car clean=1 keep-alive=60 user=u password=(hidden) "
     "[Session Expiry Interval=10] will=q1 w [Message Expiry Interval=9, Content Type=x, "
     "Will Delay Interval=5] p"                                                                               },
    {MQTT_5,
     "10 ~ 0004 'MQTT' 05 02 0000 1a 15 0003 'abc' 16 0002 'pw' 17 01 19 00 21 000a 22 0003 "
     "27 00001000 0003 'car'",                                                                  "CONNECT v5 client=car clean=1 keep-alive=0 [Authentication Method=abc, "
     "Authentication Data=(2 B), Request Problem Information=1, Request Response Information=0, "
     "Receive Maximum=10, Topic Alias Maximum=3, Maximum Packet Size=4096]"                                                             },
    {MQTT_5,     "10 ~ 0004 'MQTT' 05 42 0000 00 0003 'car' 0002 'pw'",
     "CONNECT v5 client=car clean=1 keep-alive=0 password=(hidden)"                                                                                                   },
    {MQTT_5,     "20 03 00 00 00",                                                              "CONNACK session-present=0 code=0x00 Success"                         },
    {MQTT_5,     "20 03 00 87 00",                                                              "CONNACK session-present=0 code=0x87 Not authorized"                  },
    {MQTT_5,
     "20 ~ 01 00 37 11 00000e10 12 0002 'id' 13 0078 15 0001 'm' 16 0001 'd' 1a 0001 'r' "
     "1c 0001 's' 1f 0002 'ok' 21 0064 22 0008 24 01 25 01 27 00020000 28 01 29 00 2a 01",      "CONNACK session-present=1 code=0x00 Success [Session Expiry Interval=3600, "
     "Assigned Client Identifier=id, Server Keep Alive=120, Authentication Method=m, "
     "Authentication Data=(1 B), Response Information=r, Server Reference=s, Reason String=ok, "
     "Receive Maximum=100, Topic Alias Maximum=8, Maximum QoS=1, Retain Available=1, "
     "Maximum Packet Size=131072, Wildcard Subscription Available=1, "
     "Subscription Identifier Available=0, Shared Subscription Available=1]"},
    {MQTT_5,     "30 ~ 0003 'a/b' 00 'x'",                                                      "PUBLISH q0 a/b x (1 B)"                                              },
    {MQTT_5,
     "32 ~ 0003 'a/b' 0001 25 01 01 02 0000003c 08 0001 'r' 09 0002 0102 0b 01 0b 8002 "
     "23 0005 26 0001 'k' 0001 'v' 26 0001 'k' 0000",                                           "PUBLISH q1 id=1 a/b [Payload Format Indicator=1, Message Expiry Interval=60, "
     "Response Topic=r, Correlation Data=0x0102, Subscription Identifier=256, Topic Alias=5, k: v, "
     "k: ] (0 B)"                                                                                                },
    {MQTT_5,     "30 ~ 0000 03 23 0001 'x'",                                                    "PUBLISH q0  [Topic Alias=1] x (1 B)"                                 },
    {MQTT_5,     "40 02 0007",                                                                  "PUBACK id=7"                                                         },
    {MQTT_5,     "40 03 0007 10",                                                               "PUBACK id=7 code=0x10 No matching subscribers"                       },
    {MQTT_5,     "40 ~ 0007 87 05 1f 0002 'no'",
     "PUBACK id=7 code=0x87 Not authorized [Reason String=no]"                                                                                                        },
    {MQTT_5,     "40 ~ 0007 00 05 1f 0002 'ok'",                                                "PUBACK id=7 [Reason String=ok]"                                      },
    {MQTT_5,     "50 03 0007 97",                                                               "PUBREC id=7 code=0x97 Quota exceeded"                                },
    {MQTT_5,     "62 03 0007 92",                                                               "PUBREL id=7 code=0x92 Packet Identifier not found"                   },
    {MQTT_5,     "70 ~ 0007 92 07 26 0001 'a' 0001 'b'",
     "PUBCOMP id=7 code=0x92 Packet Identifier not found [a: b]"                                                                                                      },
    {MQTT_5,     "82 ~ 000a 00 0003 'a/b' 01",                                                  "SUBSCRIBE id=10 a/b q1"                                              },
    {MQTT_5,     "82 ~ 000a 03 0b 8001 0003 'a/+' 2d 0001 '#' 18 000a '$share/g/x' 02",
     "SUBSCRIBE id=10 [Subscription Identifier=128] a/+ q1 no-local retain-as-published "
     "retain-handling=2, # q0 retain-as-published retain-handling=1, $share/g/x q2"                                                                                   },
    {MQTT_5,     "90 ~ 000a 00 01 87",                                                          "SUBACK id=10 0x01 Granted QoS 1, 0x87 Not authorized"                },
    {MQTT_5,     "a2 ~ 000a 07 26 0001 'a' 0001 'b' 0003 'a/b'",                                "UNSUBSCRIBE id=10 [a: b] a/b"                                        },
    {MQTT_5,     "b0 ~ 000a 00 00 11",                                                          "UNSUBACK id=10 0x00 Success, 0x11 No subscription existed"           },
    {MQTT_5,     "c0 00",                                                                       "PINGREQ"                                                             },
    {MQTT_5,     "d0 00",                                                                       "PINGRESP"                                                            },
    {MQTT_5,     "e0 00",                                                                       "DISCONNECT code=0x00 Normal disconnection"                           },
    {MQTT_5,     "e0 01 8e",                                                                    "DISCONNECT code=0x8e Session taken over"                             },
    {MQTT_5,     "e0 ~ 00 05 11 00000000",
     "DISCONNECT code=0x00 Normal disconnection [Session Expiry Interval=0]"                                                                                          },
    {MQTT_5,     "e0 ~ 9c 04 1c 0001 's'",
     "DISCONNECT code=0x9c Use another server [Server Reference=s]"                                                                                                   },
    {MQTT_5,     "f0 00",                                                                       "AUTH code=0x00 Success"                                              },
    {MQTT_5,     "f0 ~ 18 0a 15 0003 'abc' 16 0001 'd'",
     "AUTH code=0x18 Continue authentication [Authentication Method=abc, Authentication Data=(1 "
     "B)]"                                                                                                                                                            },
};

#define VECTOR_COUNT (sizeof vectors / sizeof vectors[0])

#endif
