/* link_inside.h — what the files that make a link (net/link.h) know of each other; no others. */
#ifndef NET_LINK_INSIDE_H
#define NET_LINK_INSIDE_H

#include "net/link.h"
#include "net/websocket.h"
#include "net/websocket_upgrade.h"

struct link_websocket {
    struct websocket frames;
    struct websocket_upgrade upgrade;
    struct buf out;    /* the request, then frames */
    size_t pong_bytes; /* among them */
};

/* link.c */

/* Arms the watcher for what the link waits for now. */
void link_watch(struct link *l);
/* 0: none. */
void link_set_deadline(struct link *l, usec_t delay);
void link_close_socket(struct link *l);
/* These close it, with the event. */
void link_fail(struct link *l, enum link_failure why, const char *text);
void link_fail_tcp(struct link *l, int errnum);
/* status: one of tls.h that is none of the WANTs. */
void link_fail_status(struct link *l, ptrdiff_t status, int errnum);
/* Bytes read into the net's scratch, or a status of tls.h. */
ptrdiff_t link_read(struct link *l);
/* Writes until all is gone, the socket takes no more or the connection is broken: the last status,
   0 if all is gone. */
ptrdiff_t link_drain(struct link *l);
/* The TCP connection is there. */
void link_connect_up(struct link *l);
/* All handshakes are done; `early` came with the last one. */
void link_open_up(struct link *l, struct slice early);
/* What a user can do about it: " (…)" or "". */
const char *link_remedy(int errnum);

/* link_dial.c */

/* Begins with an address that it has not tried; false: no socket. */
bool link_dial(struct link *l, struct error *err);
/* The address in hand was not reached: goes on to another; false: there is none. */
bool link_dial_next(struct link *l);
void link_finish_connect(struct link *l, int events);

/* link_websocket.c */

void link_upgrade_start(struct link *l);
void link_upgrade(struct link *l, int events);
/* Packs what waits, if nothing packed waits: the bytes that go to the socket. */
struct buf *link_websocket_output(struct link *l);
void link_websocket_receive(struct link *l, struct slice bytes);
/* Puts the closing frame behind what waits. */
void link_websocket_goodbye(struct link *l);
void link_websocket_free(struct link *l);

#endif
