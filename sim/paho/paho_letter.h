/*
 * paho_letter.h — what Paho's threads tell a client, on its way to the loop.
 *
 * A mailbox lives as long as its client or a letter to it. On the loop's thread a letter reaches
 * the client, if that is still there.
 */
#ifndef PAHO_PAHO_LETTER_H
#define PAHO_PAHO_LETTER_H

#include <stdatomic.h>

#include "loop/loop.h"
#include "mqtt/client.h"

struct paho_letter;

struct paho_mailbox {
    atomic_uint refs;
    struct loop *loop;
    /* The loop's thread only. */
    void (*receive)(void *owner, const struct paho_letter *letter);
    void *owner; /* NULL: gone */
};

/* Holds one reference, the owner's. */
struct paho_mailbox *
paho_mailbox_new(struct loop *loop, void (*receive)(void *owner, const struct paho_letter *letter),
                 void *owner);
/* The owner goes. The loop's thread. */
void paho_mailbox_close(struct paho_mailbox *box);

enum paho_letter_kind {
    PAHO_LETTER_CONNECTED,
    PAHO_LETTER_DOWN,         /* the attempt failed, or the connection is lost */
    PAHO_LETTER_DISCONNECTED, /* our DISCONNECT is out */
    PAHO_LETTER_SUBSCRIBED,
    PAHO_LETTER_UNSUBSCRIBED,
    PAHO_LETTER_ACKED,
    PAHO_LETTER_MESSAGE,
    PAHO_LETTER_COUNT
};

struct paho_letter {
    enum paho_letter_kind kind;
    struct paho_mailbox *box;
    uint32_t attempt; /* of which connection */
    usec_t at;
    uint16_t packet_id;
    uint8_t reason_code;
    enum mqtt_close why;  /* DOWN */
    bool session_present; /* CONNECTED */
    uint8_t qos;          /* MESSAGE */
    bool retain, dup;     /* MESSAGE */
    struct slice topic;   /* MESSAGE; answers: a remark with a NUL; these point behind the struct */
    struct slice body;    /* MESSAGE: payload; answers: codes; DOWN: a sentence with a NUL */
    struct slice props;   /* MESSAGE, CONNECTED: as on the wire */
};

/* Copies the slices, takes a reference on the box and posts. Any thread. */
void paho_letter_post(const struct paho_letter *letter);

#endif
