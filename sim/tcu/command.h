/*
 * command.h — remote commands by request topic (contract 9.1): parse, refuse what is expired,
 * repeated or meaningless, and answer.
 *
 *     request {"requestId","responseTopic","issuedAt"?,"expiresAt"?,"command":{…}}
 *     answer
 * {"requestId","status","statusReason"?:{"reasonCode","reasonDescription"?},"completedAt"}
 *
 * On MQTT 5 Response Topic and Correlation Data count more than the payload's fields; the answer
 * carries the correlation data. A request is expired if its expiresAt (ms since the epoch) has come
 * or its Message Expiry Interval is 0: whichever says so.
 *
 * Owns  the outcomes of the last requests (as in flash memory: they outlive a loss of power), the
 *       answers not yet acknowledged.
 */
#ifndef TCU_COMMAND_H
#define TCU_COMMAND_H

#include "tcu/tcu.h"

enum {
    COMMAND_REMEMBERED = 64, /* outcomes */
    COMMAND_UNSENT = 16      /* answers that wait for a connection; the oldest give way */
};

struct command_outcome;
struct command_answer;
struct progress;

struct command {
    struct command_outcome *outcomes; /* ring, allocated when first needed */
    uint16_t outcome_count, outcome_capacity, outcome_next;
    struct command_answer *answers; /* oldest first */
    struct progress *progress;      /* NULL: it has had no execution */
};

void command_init(struct tcu *t);
void command_done(struct tcu *t);

void command_on_request(struct tcu *t, const struct mqtt_message *m, usec_t at);
/* The request of an execution (AWS IoT Commands, contract 8): what is asked is all of its payload,
   the answer goes to the execution's own topic. */
void command_on_execution(struct tcu *t, const struct mqtt_message *m, usec_t at);
/* Sends the answers that wait. */
void command_flush(struct tcu *t);
/* The broker has forgotten our session, and with it the answers in flight. */
void command_session_lost(struct tcu *t);
/* PUBACK; true if it was for an answer. */
bool command_on_puback(struct tcu *t, uint16_t packet_id, uint8_t reason_code);
/* Answers and remembers; the order stays the caller's. */
void command_order_done(struct tcu *t, const struct tcu_order *order, enum tcu_outcome outcome,
                        const char *reason_code, const char *description);

#endif
