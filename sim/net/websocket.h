/*
 * websocket.h — WebSocket frames (RFC 6455 section 5) as a client sees them: masks and packs what
 * goes out, takes apart what comes in. No sockets.
 *
 * Owns      the beginning of a frame's header, and of a control frame, that has not wholly arrived.
 * Promises  whatever arrives never crashes it and never makes it hold more than one control frame:
 *           payload is passed on as it comes. One thread.
 */
#ifndef NET_WEBSOCKET_H
#define NET_WEBSOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* Of an incoming frame; what is longer ends the connection with 1009. */
#define WEBSOCKET_FRAME_MAX ((uint64_t)16 << 20)
/* What a frame of ours has besides its payload, at most. */
#define WEBSOCKET_HEAD_MAX ((size_t)14)
/* RFC 6455 5.5 */
#define WEBSOCKET_CONTROL_MAX 125

/* RFC 6455 11.8 */
enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0,
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10
};

/* RFC 6455 7.4.1; those we send. */
enum websocket_code {
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_PROTOCOL_ERROR = 1002,
    WEBSOCKET_UNSUPPORTED = 1003,
    WEBSOCKET_NO_CODE = 1005, /* never on the wire: the close frame had none */
    WEBSOCKET_TOO_BIG = 1009
};

enum websocket_event {
    WEBSOCKET_MORE,   /* the input is used up */
    WEBSOCKET_DATA,   /* a piece of a message */
    WEBSOCKET_PINGED, /* the piece wants to go back in a PONG */
    WEBSOCKET_CLOSED, /* the peer says goodbye: code, and a piece of text that may be anything */
    WEBSOCKET_BROKEN  /* the peer broke the protocol: code to close with, and why */
};

/* Zero-initialised for a new connection. */
struct websocket {
    uint16_t code;
    const char *why; /* of WEBSOCKET_BROKEN; a sentence of static storage */
    /* Private part */
    uint64_t left; /* payload to come of the frame in hand */
    uint8_t head[10], head_len;
    uint8_t control[WEBSOCKET_CONTROL_MAX], control_len;
    uint8_t opcode;
    bool in_payload;
    bool in_message; /* fragments of a message are to come */
    bool ended;      /* after a close frame nothing counts */
};

/* The next thing in the input, which is advanced past it. The piece is borrowed from the input, or
   from ws until the next call. */
enum websocket_event websocket_next(struct websocket *ws, struct slice *input,
                                    struct slice *ret_piece);

/* Appends one whole frame; mask: 32 bits that the peer cannot foresee (RFC 6455 10.3). False past
   the buffer's ceiling. */
bool websocket_pack(struct buf *out, enum websocket_opcode opcode, struct slice payload,
                    uint32_t mask);
bool websocket_pack_close(struct buf *out, uint16_t code, uint32_t mask);

/* "going away" for 1001; "unknown code" for those without a name. */
const char *websocket_code_name(uint16_t code);

#endif
