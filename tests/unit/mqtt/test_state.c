/*
 * The state machine of the native engine, whole: every packet a broker can send, in every state.
 * Columns are states, rows are packets; a cell is what the specification wants to happen. Below the
 * tables the same for all the flags a packet may not have, and for all bytes that are no packet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "hex.h"
#include "support/diary.h"

enum column {
    OFF,     /* never connected */
    LINKING, /* TCP or TLS on its way */
    ASKING,  /* CONNECT sent */
    ONLINE,  /* nothing in flight */
    PUB1,    /* PUBLISH of QoS 1 sent, id 1 */
    PUB2,    /* PUBLISH of QoS 2 sent, id 1 */
    REL,     /* PUBREC received, PUBREL sent, id 1 */
    GOT2,    /* PUBLISH of QoS 2 received, PUBREC sent, id 1 */
    SUB,     /* SUBSCRIBE of one filter sent, id 1 */
    UNSUB,   /* UNSUBSCRIBE sent, id 1 */
    LEFT,    /* DISCONNECT sent */
    COLUMN_COUNT
};

static const char *const columns[COLUMN_COUNT] = {
    "off", "linking", "asking", "online", "pub1", "pub2", "rel", "got2", "sub", "unsub", "left"};

/* What a cell means: how the lines of the diary begin, how the connection stands then. */
static const struct outcome {
    char letter;
    const char *lines[3];
    enum mqtt_close why; /* if the first line is "closed" */
    uint8_t code;
} outcomes[] = {
    {'.', {0},                             0,                   0   }, /* nothing at all */
    {'c', {"connected"},                   0,                   0   },
    {'m', {"message"},                     0,                   0   },
    {'1', {"message", "sent PUBACK id=1"}, 0,                   0   },
    {'2', {"message", "sent PUBREC id=1"}, 0,                   0   },
    {'d', {"sent PUBREC id=1"},            0,                   0   }, /* a duplicate: not delivered twice */
    {'l', {"sent PUBREL id=1"},            0,                   0   },
    {'o', {"sent PUBCOMP id=1"},           0,                   0   },
    {'p', {"published id=1"},              0,                   0   },
    {'s', {"subscribed id=1"},             0,                   0   },
    {'u', {"unsubscribed id=1"},           0,                   0   },
    {'P', {"closed"},                      MQTT_CLOSE_PROTOCOL, 0x82}, /* protocol error */
    {'M', {"closed"},                      MQTT_CLOSE_PROTOCOL, 0x81}, /* malformed packet */
    {'A', {"closed"},                      MQTT_CLOSE_PROTOCOL, 0x94}, /* topic alias invalid */
    {'R', {"closed"},                      MQTT_CLOSE_REFUSED,  0   }, /* any code */
    {'D', {"closed"},                      MQTT_CLOSE_SERVER,   0   }, /* any code */
};

struct row {
    const char *packet, *bytes, *cells, *clause;
};

/* clang-format off */

/*   Of MQTT 3.1.1                                     off
                                                       | linking
                                                       | | asking
                                                       | | | online
                                                       | | | | pub1
                                                       | | | | | pub2
                                                       | | | | | | rel
                                                       | | | | | | | got2
                                                       | | | | | | | | sub
                                                       | | | | | | | | | unsub
                                                       | | | | | | | | | | left  */
static const struct row rows_311[] = {
    {"CONNECT",        "10 ~ 0004'MQTT' 04 02 0000 0001'x'",
                                                      ". . P P P P P P P P .", "2.2.1: only clients send it"},
    {"CONNACK",        "20 02 00 00",                 ". . c P P P P P P P .", "3.2: the first packet, once"},
    {"CONNACK kept",   "20 02 01 00",                 ". . c P P P P P P P .", "3.2.2.2"},
    {"CONNACK no",     "20 02 00 05",                 ". . R P P P P P P P .", "3.2.2.3"},
    {"CONNACK odd",    "20 02 00 06",                 ". . P P P P P P P P .", "3.2.2.3: reserved"},
    {"CONNACK flags",  "20 02 02 00",                 ". . M M M M M M M M .", "3.2.2.1: reserved bits"},
    {"CONNACK short",  "20 01 00",                    ". . M M M M M M M M .", "3.2"},
    {"PUBLISH q0",     "30 ~ 0001't' 'x'",            ". . P m m m m m m m .", "3.2.0-1; 3.3"},
    {"PUBLISH q0 ret", "31 ~ 0001't' 'x'",            ". . P m m m m m m m .", "3.3.1.3"},
    {"PUBLISH q1",     "32 ~ 0001't' 0001 'x'",       ". . P 1 1 1 1 1 1 1 .", "4.3.2"},
    {"PUBLISH q1 ret", "33 ~ 0001't' 0001 'x'",       ". . P 1 1 1 1 1 1 1 .", "4.3.2"},
    {"PUBLISH q1 dup", "3a ~ 0001't' 0001 'x'",       ". . P 1 1 1 1 1 1 1 .", "3.3.1.1: dup or not is the same"},
    {"PUBLISH q1 d r", "3b ~ 0001't' 0001 'x'",       ". . P 1 1 1 1 1 1 1 .", "3.3.1.1"},
    {"PUBLISH q2",     "34 ~ 0001't' 0001 'x'",       ". . P 2 2 2 2 d 2 2 .", "4.3.3: once until PUBREL"},
    {"PUBLISH q2 ret", "35 ~ 0001't' 0001 'x'",       ". . P 2 2 2 2 d 2 2 .", "4.3.3"},
    {"PUBLISH q2 dup", "3c ~ 0001't' 0001 'x'",       ". . P 2 2 2 2 d 2 2 .", "4.3.3"},
    {"PUBLISH q2 d r", "3d ~ 0001't' 0001 'x'",       ". . P 2 2 2 2 d 2 2 .", "4.3.3"},
    {"PUBLISH q3",     "36 ~ 0001't' 0001 'x'",       ". . M M M M M M M M .", "MQTT-3.3.1-4"},
    {"PUBLISH q0 dup", "38 ~ 0001't' 'x'",            ". . M M M M M M M M .", "MQTT-3.3.1-2"},
    {"PUBLISH id 0",   "32 ~ 0001't' 0000 'x'",       ". . P P P P P P P P .", "MQTT-2.3.1-1"},
    {"PUBLISH empty",  "30 02 0000",                  ". . M M M M M M M M .", "MQTT-4.7.3-1"},
    {"PUBLISH wild",   "30 ~ 0003'a/+' 'x'",          ". . M M M M M M M M .", "MQTT-3.3.2-2"},
    {"PUBLISH utf8",   "30 ~ 0002 c0af 'x'",          ". . M M M M M M M M .", "MQTT-1.5.3-1"},
    {"PUBLISH nul",    "30 ~ 0001 00 'x'",            ". . M M M M M M M M .", "MQTT-1.5.3-2"},
    {"PUBLISH short",  "30 02 0005",                  ". . M M M M M M M M .", "3.3.2"},
    {"PUBACK",         "40 02 0001",                  ". . P . p P P . . . .", "4.3.2: of QoS 1 only"},
    {"PUBACK other",   "40 02 0063",                  ". . P . . . . . . . .", "4.3.2: after a repetition"},
    {"PUBACK id 0",    "40 02 0000",                  ". . P P P P P P P P .", "MQTT-2.3.1-1"},
    {"PUBACK long",    "40 03 0001 00",               ". . M M M M M M M M .", "3.4.1: remaining length 2"},
    {"PUBACK short",   "40 01 00",                    ". . M M M M M M M M .", "3.4.1"},
    {"PUBREC",         "50 02 0001",                  ". . P l P l l l l l .", "4.3.3: answered by PUBREL"},
    {"PUBREC id 0",    "50 02 0000",                  ". . P P P P P P P P .", "MQTT-2.3.1-1"},
    {"PUBREL",         "62 02 0001",                  ". . P o o o o o o o .", "MQTT-4.3.3-2"},
    {"PUBREL id 0",    "62 02 0000",                  ". . P P P P P P P P .", "MQTT-2.3.1-1"},
    {"PUBCOMP",        "70 02 0001",                  ". . P . P P p . . . .", "4.3.3: ends QoS 2 after PUBREL"},
    {"PUBCOMP id 0",   "70 02 0000",                  ". . P P P P P P P P .", "MQTT-2.3.1-1"},
    {"SUBSCRIBE",      "82 ~ 0001 0001't' 00",        ". . P P P P P P P P .", "2.2.1: only clients send it"},
    {"SUBACK",         "90 03 0001 01",               ". . P P P P P P s P .", "3.9: of a SUBSCRIBE"},
    {"SUBACK failure", "90 03 0001 80",               ". . P P P P P P s P .", "3.9.3"},
    {"SUBACK two",     "90 04 0001 0101",             ". . P P P P P P P P .", "MQTT-3.8.4-5: one for each filter"},
    {"SUBACK none",    "90 02 0001",                  ". . P P P P P P P P .", "MQTT-3.8.4-5"},
    {"SUBACK odd",     "90 03 0001 03",               ". . P P P P P P P P .", "MQTT-3.9.3-2"},
    {"UNSUBSCRIBE",    "a2 ~ 0001 0001't'",           ". . P P P P P P P P .", "2.2.1: only clients send it"},
    {"UNSUBACK",       "b0 02 0001",                  ". . P P P P P P P u .", "3.11"},
    {"UNSUBACK long",  "b0 03 0001 00",               ". . M M M M M M M M .", "3.11.1"},
    {"PINGREQ",        "c0 00",                       ". . P P P P P P P P .", "2.2.1: only clients send it"},
    {"PINGRESP",       "d0 00",                       ". . P . . . . . . . .", "3.13"},
    {"PINGRESP long",  "d0 01 00",                    ". . M M M M M M M M .", "3.13.1"},
    {"DISCONNECT",     "e0 00",                       ". . P P P P P P P P .", "2.2.1: only clients send it"},
    {"reserved 15",    "f0 00",                       ". . M M M M M M M M .", "2.2.1: forbidden"},
};

/*   Of MQTT 5                                         off
                                                       | linking
                                                       | | asking
                                                       | | | online
                                                       | | | | pub1
                                                       | | | | | pub2
                                                       | | | | | | rel
                                                       | | | | | | | got2
                                                       | | | | | | | | sub
                                                       | | | | | | | | | unsub
                                                       | | | | | | | | | | left  */
static const struct row rows_5[] = {
    {"CONNECT",        "10 ~ 0004'MQTT' 05 02 0000 00 0001'x'",
                                                      ". . P P P P P P P P .", "2.1.2: only clients send it"},
    {"CONNACK",        "20 03 00 00 00",              ". . c P P P P P P P .", "MQTT-3.2.0-1, -2"},
    {"CONNACK kept",   "20 03 01 00 00",              ". . c P P P P P P P .", "3.2.2.1.1"},
    {"CONNACK no",     "20 03 00 87 00",              ". . R P P P P P P P .", "3.2.2.2"},
    {"CONNACK no+kept","20 03 01 87 00",              ". . P P P P P P P P .", "MQTT-3.2.2-6"},
    {"CONNACK odd",    "20 03 00 01 00",              ". . P P P P P P P P .", "MQTT-3.2.2-8"},
    {"CONNACK flags",  "20 03 02 00 00",              ". . M M M M M M M M .", "MQTT-3.2.2-1"},
    {"CONNACK 3.1.1",  "20 02 00 00",                 ". . M M M M M M M M .", "3.2.2: properties are needed"},
    {"CONNACK rm 0",   "20 ~ 00 00 03 21 0000",       ". . P P P P P P P P .", "3.2.2.3.3: Receive Maximum 0"},
    {"CONNACK mps 0",  "20 ~ 00 00 05 27 00000000",   ". . P P P P P P P P .", "3.2.2.3.6: Maximum Packet Size 0"},
    {"CONNACK qos 2",  "20 ~ 00 00 02 24 02",         ". . P P P P P P P P .", "3.2.2.3.4: Maximum QoS 0 or 1"},
    {"CONNACK twice",  "20 ~ 00 00 06 21 0001 21 0001", ". . P P P P P P P P .", "3.2.2.3.3: given twice"},
    {"CONNACK will",   "20 ~ 00 00 05 18 00000001",   ". . M M M M M M M M .", "2.2.2.2: not its property"},
    {"CONNACK prop",   "20 ~ 00 00 02 7e 00",         ". . M M M M M M M M .", "2.2.2.2: no property"},
    {"PUBLISH q0",     "30 ~ 0001't' 00 'x'",         ". . P m m m m m m m .", "MQTT-3.2.0-1; 3.3"},
    {"PUBLISH q0 ret", "31 ~ 0001't' 00 'x'",         ". . P m m m m m m m .", "3.3.1.3"},
    {"PUBLISH q1",     "32 ~ 0001't' 0001 00 'x'",    ". . P 1 1 1 1 1 1 1 .", "MQTT-4.3.2-4"},
    {"PUBLISH q1 ret", "33 ~ 0001't' 0001 00 'x'",    ". . P 1 1 1 1 1 1 1 .", "MQTT-4.3.2-4"},
    {"PUBLISH q1 dup", "3a ~ 0001't' 0001 00 'x'",    ". . P 1 1 1 1 1 1 1 .", "3.3.1.1: dup or not is the same"},
    {"PUBLISH q1 d r", "3b ~ 0001't' 0001 00 'x'",    ". . P 1 1 1 1 1 1 1 .", "3.3.1.1"},
    {"PUBLISH q2",     "34 ~ 0001't' 0001 00 'x'",    ". . P 2 2 2 2 d 2 2 .", "MQTT-4.3.3-10: once until PUBREL"},
    {"PUBLISH q2 ret", "35 ~ 0001't' 0001 00 'x'",    ". . P 2 2 2 2 d 2 2 .", "MQTT-4.3.3-10"},
    {"PUBLISH q2 dup", "3c ~ 0001't' 0001 00 'x'",    ". . P 2 2 2 2 d 2 2 .", "MQTT-4.3.3-10"},
    {"PUBLISH q2 d r", "3d ~ 0001't' 0001 00 'x'",    ". . P 2 2 2 2 d 2 2 .", "MQTT-4.3.3-10"},
    {"PUBLISH q3",     "36 ~ 0001't' 0001 00 'x'",    ". . M M M M M M M M .", "MQTT-3.3.1-4"},
    {"PUBLISH q0 dup", "38 ~ 0001't' 00 'x'",         ". . M M M M M M M M .", "MQTT-3.3.1-2"},
    {"PUBLISH id 0",   "32 ~ 0001't' 0000 00 'x'",    ". . P P P P P P P P .", "MQTT-2.2.1-4"},
    {"PUBLISH bare",   "30 ~ 0000 00 'x'",            ". . P P P P P P P P .", "3.3.2.1: neither topic nor alias"},
    {"PUBLISH alias 0","30 ~ 0001't' 03 23 0000",     ". . A A A A A A A A .", "MQTT-3.3.2-8"},
    {"PUBLISH alias 9","30 ~ 0001't' 03 23 0009",     ". . P A A A A A A A .", "MQTT-3.3.2-9: above our maximum"},
    {"PUBLISH unset",  "30 ~ 0000 03 23 0001",        ". . P P P P P P P P .", "3.3.2.3.4: alias never set"},
    {"PUBLISH alias",  "30 ~ 0001't' 03 23 0001",     ". . P m m m m m m m .", "3.3.2.3.4"},
    {"PUBLISH wild",   "30 ~ 0003'a/+' 00 'x'",       ". . M M M M M M M M .", "MQTT-3.3.2-2"},
    {"PUBLISH utf8",   "30 ~ 0002 c0af 00 'x'",       ". . M M M M M M M M .", "MQTT-1.5.4-1"},
    {"PUBLISH nul",    "30 ~ 0001 00 00 'x'",         ". . M M M M M M M M .", "MQTT-1.5.4-2"},
    {"PUBLISH short",  "30 02 0005",                  ". . M M M M M M M M .", "3.3.2"},
    {"PUBLISH props",  "30 ~ 0001't' 05 02 0000",     ". . M M M M M M M M .", "2.2.2.1: length past the end"},
    {"PUBLISH sub id", "30 ~ 0001't' 02 0b 00",       ". . P P P P P P P P .", "3.3.2.3.8: identifier 0"},
    {"PUBACK",         "40 02 0001",                  ". . P . p P P . . . .", "4.3.2: of QoS 1 only"},
    {"PUBACK code",    "40 03 0001 10",               ". . P . p P P . . . .", "3.4.2.1"},
    {"PUBACK no",      "40 04 0001 87 00",            ". . P . p P P . . . .", "3.4.2.1"},
    {"PUBACK odd",     "40 03 0001 01",               ". . P P P P P P P P .", "MQTT-3.4.2-1"},
    {"PUBACK other",   "40 02 0063",                  ". . P . . . . . . . .", "4.3.2: after a repetition"},
    {"PUBACK id 0",    "40 02 0000",                  ". . P P P P P P P P .", "2.2.1"},
    {"PUBACK short",   "40 01 00",                    ". . M M M M M M M M .", "3.4.2"},
    {"PUBREC",         "50 02 0001",                  ". . P l P l l l l l .", "MQTT-4.3.3-4; 3.6.2.1: 0x92"},
    {"PUBREC no",      "50 03 0001 87",               ". . P . P p p . . . .", "MQTT-4.3.3-4: ends the message"},
    {"PUBREC odd",     "50 03 0001 92",               ". . P P P P P P P P .", "MQTT-3.5.2-1"},
    {"PUBREC id 0",    "50 02 0000",                  ". . P P P P P P P P .", "2.2.1"},
    {"PUBREL",         "62 02 0001",                  ". . P o o o o o o o .", "MQTT-4.3.3-11; 3.7.2.1: 0x92"},
    {"PUBREL unknown", "62 03 0001 92",               ". . P o o o o o o o .", "3.6.2.1"},
    {"PUBREL odd",     "62 03 0001 87",               ". . P P P P P P P P .", "MQTT-3.6.2-1"},
    {"PUBREL id 0",    "62 02 0000",                  ". . P P P P P P P P .", "2.2.1"},
    {"PUBCOMP",        "70 02 0001",                  ". . P . P P p . . . .", "4.3.3: ends QoS 2 after PUBREL"},
    {"PUBCOMP lost",   "70 03 0001 92",               ". . P . P P p . . . .", "3.7.2.1"},
    {"PUBCOMP odd",    "70 03 0001 87",               ". . P P P P P P P P .", "MQTT-3.7.2-1"},
    {"PUBCOMP id 0",   "70 02 0000",                  ". . P P P P P P P P .", "2.2.1"},
    {"SUBSCRIBE",      "82 ~ 0001 00 0001't' 00",     ". . P P P P P P P P .", "2.1.2: only clients send it"},
    {"SUBACK",         "90 04 0001 00 01",            ". . P P P P P P s P .", "MQTT-3.8.4-2"},
    {"SUBACK no",      "90 04 0001 00 87",            ". . P P P P P P s P .", "3.9.3"},
    {"SUBACK two",     "90 05 0001 00 0101",          ". . P P P P P P P P .", "MQTT-3.8.4-6: one for each filter"},
    {"SUBACK none",    "90 03 0001 00",               ". . P P P P P P P P .", "MQTT-3.8.4-6"},
    {"SUBACK odd",     "90 04 0001 00 03",            ". . P P P P P P P P .", "MQTT-3.9.3-2"},
    {"UNSUBSCRIBE",    "a2 ~ 0001 00 0001't'",        ". . P P P P P P P P .", "2.1.2: only clients send it"},
    {"UNSUBACK",       "b0 04 0001 00 00",            ". . P P P P P P P u .", "MQTT-3.10.4-4"},
    {"UNSUBACK two",   "b0 05 0001 00 0000",          ". . P P P P P P P P .", "MQTT-3.11.3-1: one for each filter"},
    {"UNSUBACK odd",   "b0 04 0001 00 01",            ". . P P P P P P P P .", "MQTT-3.11.3-2"},
    {"PINGREQ",        "c0 00",                       ". . P P P P P P P P .", "2.1.2: only clients send it"},
    {"PINGRESP",       "d0 00",                       ". . P . . . . . . . .", "3.13"},
    {"PINGRESP long",  "d0 01 00",                    ". . M M M M M M M M .", "3.13.1"},
    {"DISCONNECT",     "e0 00",                       ". . P D D D D D D D .", "MQTT-3.14.0-1: not before CONNACK"},
    {"DISCONNECT no",  "e0 01 8e",                    ". . P D D D D D D D .", "3.14.2.1"},
    {"DISCONNECT odd", "e0 01 01",                    ". . P P P P P P P P .", "MQTT-3.14.2-1"},
    {"DISCONNECT exp", "e0 07 00 05 11 00000001",     ". . P P P P P P P P .", "MQTT-3.14.2-2: not from the server"},
    {"AUTH",           "f0 00",                       ". . P P P P P P P P .", "4.12: nobody asked for it"},
    {"AUTH method",    "f0 ~ 18 04 15 0001'm'",       ". . P P P P P P P P .", "MQTT-4.12.0-6"},
    {"length long",    "d0 80 00",                    ". . M M M M M M M M .", "MQTT-1.5.5-1: shortest form"},
    {"reserved 0",     "00 00",                       ". . M M M M M M M M .", "2.1.2: forbidden"},
    {"length endless", "30 ff ff ff ff",              ". . M M M M M M M M .", "1.5.5: four bytes"},
};
/* clang-format on */

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void say_hex(struct diary *d, const char *text)
{
    struct hex h;

    diary_say(d, hex_bytes(&h, text));
}

static void reach(struct diary *d, enum mqtt_version version, enum column column)
{
    bool v5 = version == MQTT_5;

    diary_init(d, version);
    if (column == OFF)
        return;
    if (column == LINKING) {
        assert_true(mqtt_client_connect(d->client, &d->connect, NULL));
        return;
    }
    diary_ask(d);
    if (column == ASKING)
        return;
    diary_say_connack(d);
    if (column == PUB1)
        assert_int_equal(diary_publish(d, "t", 1), 1);
    if (column == PUB2 || column == REL)
        assert_int_equal(diary_publish(d, "t", 2), 1);
    if (column == REL)
        say_hex(d, "50 02 0001");
    if (column == GOT2)
        say_hex(d, v5 ? "34 ~ 0001't' 0001 00 'x'" : "34 ~ 0001't' 0001 'x'");
    if (column == SUB)
        assert_int_equal(diary_subscribe(d), 1);
    if (column == UNSUB)
        assert_int_equal(diary_unsubscribe(d), 1);
    if (column == LEFT)
        mqtt_client_disconnect(d->client, 0);
    assert_int_equal(d->closes, 0);
}

static const struct outcome *outcome_of(char letter)
{
    for (size_t i = 0; i < COUNT(outcomes); i++)
        if (outcomes[i].letter == letter)
            return &outcomes[i];
    fail_msg("no outcome '%c'", letter);
    return NULL;
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static const char *next_line(const char *text)
{
    return strchr(text, '\n') + 1;
}

/* An MQTT 5 server is told why it loses us, once it has let us in (4.13). */
static bool is_farewell(const struct outcome *want, const char *line, enum mqtt_version version,
                        enum column column)
{
    char text[64];

    snprintf(text, sizeof text, "sent DISCONNECT code=0x%02x", want->code);
    return version == MQTT_5 && column >= ONLINE && starts(line, text);
}

static bool as_wanted(const struct diary *d, const struct outcome *want, const char *line,
                      enum mqtt_version version, enum column column)
{
    bool ends = want->lines[0] != NULL && strcmp(want->lines[0], "closed") == 0;

    if (ends && want->why == MQTT_CLOSE_PROTOCOL && version == MQTT_5 && column >= ONLINE) {
        if (!is_farewell(want, line, version, column))
            return false;
        line = next_line(line);
    }
    for (size_t i = 0; i < 3 && want->lines[i] != NULL; i++) {
        if (!starts(line, want->lines[i]))
            return false;
        line = next_line(line);
    }
    if (*line != '\0' || (d->closes != 0) != ends)
        return false;
    if (!ends)
        return column <= LINKING || column == LEFT || d->link->state == LINK_OPEN;
    return d->link->state == LINK_CLOSED && d->closed.why == want->why &&
           (want->code == 0 || d->closed.reason_code == want->code);
}

/* With both ends of the state machine: whatever happened, a new connection works. */
static void check_alive(struct diary *d)
{
    mqtt_client_abort(d->client);
    buf_clear(&d->text);
    diary_ask(d);
    diary_say_connack(d);
    buf_append(&d->text, "", 1);
    assert_non_null(strstr((const char *)buf_data(&d->text), "connected session-present=0"));
}

static unsigned wrong_cells;

static void check_cell(enum mqtt_version version, enum column column, const struct row *row,
                       struct slice bytes, char letter)
{
    struct diary d;

    reach(&d, version, column);
    buf_clear(&d.text);
    fake_link_receive(d.link, bytes);
    buf_append(&d.text, "", 1);
    const char *heard = (const char *)buf_data(&d.text);
    if (!as_wanted(&d, outcome_of(letter), heard, version, column))
        print_error("MQTT %s, %s, %s: '%c' wanted (%s), but:\n%s%u\n",
                    version == MQTT_5 ? "5" : "3.1.1", columns[column], row->packet, letter,
                    row->clause, heard, ++wrong_cells);
    check_alive(&d);
    diary_done(&d);
}

static void check_row(enum mqtt_version version, const struct row *row)
{
    struct hex h;
    struct slice bytes = hex_bytes(&h, row->bytes);

    assert_int_equal(strlen(row->cells), 2 * COLUMN_COUNT - 1);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        check_cell(version, (enum column)i, row, bytes, row->cells[2 * i]);
}

static void test_mqtt_3_1_1(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows_311); i++)
        check_row(MQTT_3_1_1, &rows_311[i]);
    assert_int_equal(wrong_cells, 0);
}

static void test_mqtt_5(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows_5); i++)
        check_row(MQTT_5, &rows_5[i]);
    assert_int_equal(wrong_cells, 0);
}

/* The first row of each type once more with all the flags that it may not have (MQTT 5, 2.1.3;
   MQTT-2.2.2-2). Those of PUBLISH have rows of their own. */
static void test_reserved_flags(void **state)
{
    static const char malformed[] = "..MMMMMMMM.";

    (void)state;
    for (int v5 = 0; v5 < 2; v5++) {
        enum mqtt_version version = v5 ? MQTT_5 : MQTT_3_1_1;
        const struct row *rows = v5 ? rows_5 : rows_311;
        for (size_t i = 0; i < (v5 ? COUNT(rows_5) : COUNT(rows_311)); i++) {
            struct hex h;
            struct slice bytes = hex_bytes(&h, rows[i].bytes);
            uint8_t right = h.data[0];
            bool had = i > 0 && strncmp(rows[i].bytes, rows[i - 1].bytes, 2) == 0;
            for (unsigned flags = 0; flags < 16 && right >> 4 != 3 && !had; flags++) {
                h.data[0] = (uint8_t)((right & 0xf0) | flags);
                for (size_t k = 0; k < COLUMN_COUNT && h.data[0] != right; k++)
                    check_cell(version, (enum column)k, &rows[i], bytes, malformed[k]);
            }
        }
    }
}

/* Two bytes, all of them, in every state: nothing breaks, and what is no packet ends in words. */
static void test_any_two_bytes(void **state)
{
    (void)state;
    for (int v5 = 0; v5 < 2; v5++) {
        for (size_t k = ASKING; k < LEFT; k++) {
            struct diary d;
            diary_init(&d, v5 ? MQTT_5 : MQTT_3_1_1);
            diary_done(&d);
            reach(&d, v5 ? MQTT_5 : MQTT_3_1_1, (enum column)k);
            for (unsigned i = 0; i < 65536; i += 1 + i % 7) {
                uint8_t bytes[2] = {(uint8_t)(i >> 8), (uint8_t)i};
                unsigned before = d.closes;
                if (d.link->state == LINK_CLOSED) {
                    diary_ask(&d);
                    if (k > ASKING)
                        diary_say_connack(&d);
                }
                buf_clear(&d.text);
                diary_say(&d, slice_of(bytes, 2));
                assert_int_equal(d.link->state == LINK_CLOSED, d.closes > before);
                mqtt_client_abort(d.client);
            }
            diary_done(&d);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mqtt_3_1_1),
        cmocka_unit_test(test_mqtt_5),
        cmocka_unit_test(test_reserved_flags),
        cmocka_unit_test(test_any_two_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
