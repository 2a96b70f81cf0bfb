/*
 * companion_letter.h — what a Paho thread has to tell a companion on the loop's thread.
 *
 * companion_letter_read() is the part of the work that is done on Paho's thread: it recognises the
 * topic, picks token and version out of the payload, and copies. Pure.
 */
#ifndef ACTORS_COMPANION_LETTER_H
#define ACTORS_COMPANION_LETTER_H

#include "actors/companion.h"

struct companion_letter {
    struct companion *companion;
    void (*deliver)(struct companion *c, const struct companion_letter *letter);
    usec_t at;
    /* connack, down, answers */
    uint64_t link;
    uint64_t cookie;
    unsigned refused;
    struct companion_acked acked;
    /* messages; owned strings, NULL if absent */
    enum companion_topic_kind kind;
    enum companion_verb verb;
    enum companion_outcome outcome;
    char *subject;        /* thing or client id */
    char *detail;         /* shadow name */
    char *token;          /* client token, request id or session id */
    char *text;           /* disconnect reason; why it is down; why it was not acked */
    struct slice payload; /* owned, NUL-terminated; so are: */
    struct slice topic;   /* of a message as it came */
    struct slice props;   /* of such, and of a connack: as on the wire */
    uint8_t qos;
    bool retain, dup;
    int64_t version;
    int64_t timestamp_ms;
    int code;
    bool flag; /* response: correlated; presence: client-initiated */
};

struct companion_letter *companion_letter_new(usec_t at);
void companion_letter_free(struct companion_letter *letter);
/* A copy for a letter's own, with a NUL behind it. */
struct slice companion_letter_copy(struct slice s);

/* NULL: none of the topics a companion knows. props: as on the wire. */
struct companion_letter *companion_letter_read(const char *responses, struct slice topic,
                                               struct slice payload, struct slice props, usec_t at);

#endif
