/*
 * session_shaped.h — a session behind a shaper (mqtt/shaper.h): where its packets wait, what its
 * handshakes take, and what becomes of its connection when nothing passes. Private to the session.
 *
 * The link's output holds only what has left the shaper. Its protocol timers run by the script
 * clock, so that in virtual time, too, they notice that nothing passes.
 */
#ifndef MQTT_SESSION_SHAPED_H
#define MQTT_SESSION_SHAPED_H

#include "mqtt/session_state.h"
#include "mqtt/shaper.h"

/* Sets the shaper, or says that it has changed its mind. */
bool session_shape(struct mqtt_client *c, const struct mqtt_shaper *shaper);
/* Frees it; NULL is fine. */
void shaped_free(struct shaped *sh);

/* In place of link_open(). */
bool shaped_connect(struct shaped *sh, const struct link_options *options, struct error *err);
/* The session is on its way: tells so, and sets the time of what comes next. */
void shaped_arrange(struct shaped *sh);
/* The link's output from `before` on is one new packet: takes it away from there. */
void shaped_send(struct shaped *sh, size_t before);
/* Sends a PINGREQ past the shaper. A fence: its answer is told as `pong`; what has reached the
   broker, and all it said to that, was there before. */
bool shaped_ping(struct shaped *sh, bool fence);
/* In place of link_finish() and link_close(). */
void shaped_finish(struct shaped *sh);
void shaped_close(struct shaped *sh);
/* The connection is over: nothing is on its way any more. */
void shaped_over(struct shaped *sh);
void shaped_start_timer(struct shaped *sh, double delay_s);
void shaped_stop_timer(struct shaped *sh);
/* In seconds, of the clock of its protocol timers. */
double shaped_now(const struct shaped *sh);

/* Events of its link. */
void shaped_opened(struct shaped *sh);
void shaped_received(struct shaped *sh, struct slice bytes);
void shaped_link_closed(struct shaped *sh, enum mqtt_close why, const char *text);

#endif
