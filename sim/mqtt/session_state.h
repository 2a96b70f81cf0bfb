/*
 * session_state.h — what the parts of the native engine share: session.c opens and ends connections
 * and keeps them alive, session_bounds.c keeps them within a profile, session_send.c hands over
 * what the owner says, session_receive.c acts on what the broker says. Nobody else includes it.
 */
#ifndef MQTT_SESSION_STATE_H
#define MQTT_SESSION_STATE_H

#include "mqtt/alias.h"
#include "mqtt/codec.h"
#include "mqtt/inflight.h"
#include "mqtt/keepalive.h"
#include "mqtt/limits.h"
#include "mqtt/pace.h"
#include "mqtt/received.h"
#include "mqtt/session.h"
#include "mqtt/subscriptions.h"
#include "net/link.h"

/* The largest packet taken; MQTT 5 announces it. AWS IoT's largest payload is 128 KiB. */
#define SESSION_PACKET_MAX ((size_t)1 << 20)
/* Our Receive Maximum. QoS 1 is acknowledged at once: only QoS 2 can reach it. */
#define SESSION_RECEIVE_MAX 100

enum session_state {
    SESSION_OFF,
    SESSION_LINKING, /* the link is on its way */
    SESSION_ASKING,  /* CONNECT sent, CONNACK awaited */
    SESSION_ONLINE
};

/* What keeping within a profile takes. */
struct session_bounds {
    const struct mqtt_profile *profile;
    struct pace pace;
    ev_timer timer; /* when the next message may go */
    struct subscriptions subscriptions;
};

struct shaped;

struct session {
    struct mqtt_client client; /* first: the session is a client */
    enum session_state state;
    enum mqtt_version version;
    bool expires;  /* CONNECT asked for a Session Expiry Interval */
    uint32_t life; /* counts connects and closes: has a callback ended this connection? */
    struct keepalive keepalive;
    struct mqtt_limits limits; /* the broker's */
    usec_t connack_timeout;
    struct inflight inflight;
    struct received received;
    struct alias_table *aliases_in, *aliases_out; /* of this connection; NULL: none set */
    struct buf in;
    ev_timer timer; /* CONNACK, then keep-alive */
    struct link link;
    struct mqtt_session_config config;
    struct session_bounds *bounds; /* NULL: no profile */
    struct shaped *shaped;         /* NULL: no shaper */
};

static inline struct session *session_of(struct mqtt_client *c)
{
    return (struct session *)c;
}

static inline struct ev_loop *session_ev(const struct session *s)
{
    return s->config.net->loop->ev;
}

/* session.c */

/* A packet has been appended to the link's output, which was `before` bytes long. */
void session_queued(struct session *s, size_t before);
/* The link is closed already, or finished. */
void session_closed(struct session *s, enum mqtt_close why, uint8_t code, const char *text);
/* The broker broke the protocol: MQTT 5 tells it so. Ends the connection. */
void session_refuse(struct session *s, uint8_t reason_code, const char *text);
/* The link is open, all handshakes are done. */
void session_opened(struct session *s);
struct link_options session_link_options(const struct session *s);
/* Its timer: no CONNACK, or time to look at the keep-alive. */
void session_time_out(struct session *s);
void session_stop_timer(struct session *s);
/* Says what is unsaid and closes the link; closes it without a word. No event. */
void session_finish_link(struct session *s);
void session_close_link(struct session *s);
/* In seconds, of the clock of its timer. */
double session_now(const struct session *s);
/* Sends PINGREQ or ends the connection if it is time; sets the timer for the next look. */
void session_watch_keep_alive(struct session *s);

/* session_bounds.c */

struct session_bounds *session_bounds_new(struct session *s);
void session_bounds_free(struct session *s);
static inline const struct mqtt_profile *session_profile(const struct session *s)
{
    return s->bounds != NULL ? s->bounds->profile : NULL;
}
/* A connection begins; one has ended. */
void session_bounds_begin(struct session *s);
void session_bounds_end(struct session *s);
/* May a PUBLISH go now? If not, what waits is sent when it may. */
bool session_may_send(struct session *s);
/* Does anything wait for that? */
static inline bool session_is_waiting(const struct session *s)
{
    return s->bounds != NULL && ev_is_active(&s->bounds->timer);
}
/* A PUBLISH has come: it counts too. */
void session_note_message(struct session *s);

/* session_send.c */

/* What waits for its turn or to be sent again, as far as the broker takes it now. */
void session_send_waiting(struct session *s);
/* PUBACK, PUBREC, PUBREL or PUBCOMP. */
void session_acknowledge(struct session *s, enum mqtt_type type, uint16_t packet_id,
                         uint8_t reason_code);
int32_t session_publish(struct mqtt_client *c, const struct mqtt_message *message);
uint16_t session_subscribe(struct mqtt_client *c, const struct mqtt_filter *filters, size_t count);
uint16_t session_unsubscribe(struct mqtt_client *c, const struct slice *filters, size_t count);
bool session_ping(struct mqtt_client *c);

/* session_receive.c */

/* Bytes from the link. */
void session_receive(void *ctx, struct slice bytes);

#endif
