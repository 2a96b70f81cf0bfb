#include "net/websocket.h"

#include <string.h>

#define FIN         0x80
#define RESERVED    0x70
#define OPCODE      0x0f
#define CONTROL     0x08
#define MASKED      0x80
#define LENGTH      0x7f
#define LENGTH_IS16 126
#define LENGTH_IS64 127

const char *websocket_code_name(uint16_t code)
{
    /* RFC 6455 7.4.1 and the IANA registry */
    static const struct code_name {
        uint16_t code;
        const char *name;
    } names[] = {
        {1000, "normal closure"       },
        {1001, "going away"           },
        {1002, "protocol error"       },
        {1003, "unsupported data"     },
        {1005, "no code"              },
        {1007, "invalid payload"      },
        {1008, "policy violation"     },
        {1009, "message too big"      },
        {1010, "extension missing"    },
        {1011, "internal server error"},
        {1012, "service restart"      },
        {1013, "try again later"      },
        {1014, "bad gateway"          },
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == code)
            return names[i].name;
    return "unknown code";
}

/* --- Out --- */

/* Byte i of the payload is combined with byte i modulo 4 of the key (RFC 6455 5.3). */
static void copy_masked(uint8_t *to, const uint8_t *from, size_t len, const uint8_t key[4])
{
    uint64_t wide, word;
    size_t i = 0;

    memcpy(&wide, key, 4);
    memcpy((uint8_t *)&wide + 4, key, 4);
    for (; i + sizeof word <= len; i += sizeof word) {
        memcpy(&word, from + i, sizeof word);
        word ^= wide;
        memcpy(to + i, &word, sizeof word);
    }
    for (; i < len; i++)
        to[i] = from[i] ^ key[i % 4];
}

static uint8_t *put_big_endian(uint8_t *to, uint64_t value, size_t bytes)
{
    while (bytes-- > 0)
        *to++ = (uint8_t)(value >> (8 * bytes));
    return to;
}

bool websocket_pack(struct buf *out, enum websocket_opcode opcode, struct slice payload,
                    uint32_t mask)
{
    uint8_t *start = buf_reserve(out, WEBSOCKET_HEAD_MAX + payload.len);
    uint8_t *to = start;

    if (start == NULL)
        return false;
    *to++ = (uint8_t)(FIN | opcode);
    if (payload.len < LENGTH_IS16) {
        *to++ = (uint8_t)(MASKED | payload.len);
    } else if (payload.len <= UINT16_MAX) {
        *to++ = MASKED | LENGTH_IS16;
        to = put_big_endian(to, payload.len, 2);
    } else {
        *to++ = MASKED | LENGTH_IS64;
        to = put_big_endian(to, payload.len, 8);
    }
    uint8_t key[4];
    put_big_endian(key, mask, 4);
    memcpy(to, key, 4);
    to += 4;
    if (payload.len > 0)
        copy_masked(to, payload.data, payload.len, key);
    buf_commit(out, (size_t)(to - start) + payload.len);
    return true;
}

bool websocket_pack_close(struct buf *out, uint16_t code, uint32_t mask)
{
    uint8_t payload[2];

    put_big_endian(payload, code, 2);
    return websocket_pack(out, WEBSOCKET_CLOSE, slice_of(payload, sizeof payload), mask);
}

/* --- In --- */

static bool broken(struct websocket *ws, enum websocket_code code, const char *why)
{
    ws->code = (uint16_t)code;
    ws->why = why;
    return false;
}

/* How long the header is, as far as its bytes so far tell. */
static size_t head_size(const struct websocket *ws)
{
    if (ws->head_len < 2)
        return 2;
    uint8_t length = ws->head[1] & LENGTH;
    return length == LENGTH_IS64 ? 10 : length == LENGTH_IS16 ? 4 : 2;
}

static bool check_control(struct websocket *ws)
{
    if ((ws->head[0] & FIN) == 0)
        return broken(ws, WEBSOCKET_PROTOCOL_ERROR, "a control frame in fragments");
    if (ws->left > WEBSOCKET_CONTROL_MAX)
        return broken(ws, WEBSOCKET_PROTOCOL_ERROR, "a control frame of more than 125 bytes");
    if (ws->opcode == WEBSOCKET_CLOSE || ws->opcode == WEBSOCKET_PING ||
        ws->opcode == WEBSOCKET_PONG)
        return true;
    return broken(ws, WEBSOCKET_PROTOCOL_ERROR, "a control frame of an unknown kind");
}

static bool check_data(struct websocket *ws)
{
    if (ws->opcode == WEBSOCKET_TEXT)
        return broken(ws, WEBSOCKET_UNSUPPORTED, "a text frame, but MQTT comes in binary ones");
    if (ws->opcode != WEBSOCKET_BINARY && ws->opcode != WEBSOCKET_CONTINUATION)
        return broken(ws, WEBSOCKET_PROTOCOL_ERROR, "a frame of an unknown kind");
    if ((ws->opcode == WEBSOCKET_CONTINUATION) != ws->in_message)
        return broken(ws, WEBSOCKET_PROTOCOL_ERROR,
                      ws->in_message ? "a new message within the fragments of another"
                                     : "a continuation of no message");
    if (ws->left > WEBSOCKET_FRAME_MAX)
        return broken(ws, WEBSOCKET_TOO_BIG, "a frame of more than 16 MiB");
    ws->in_message = (ws->head[0] & FIN) == 0;
    return true;
}

static bool check_head(struct websocket *ws)
{
    uint8_t length = ws->head[1] & LENGTH;
    size_t end = head_size(ws);

    ws->opcode = ws->head[0] & OPCODE;
    ws->left = 0;
    for (size_t i = 2; i < end; i++)
        ws->left = ws->left << 8 | ws->head[i];
    if (end == 2)
        ws->left = length;
    if ((ws->head[0] & RESERVED) != 0)
        return broken(ws, WEBSOCKET_PROTOCOL_ERROR, "a frame with reserved bits set");
    if ((ws->head[1] & MASKED) != 0)
        return broken(ws, WEBSOCKET_PROTOCOL_ERROR, "a masked frame, which only clients send");
    if ((end == 4 && ws->left < LENGTH_IS16) || (end == 10 && ws->left <= UINT16_MAX))
        return broken(ws, WEBSOCKET_PROTOCOL_ERROR, "a length in more bytes than it needs");
    return (ws->opcode & CONTROL) != 0 ? check_control(ws) : check_data(ws);
}

/* True: the header is complete and good. */
static bool take_head(struct websocket *ws, struct slice *input)
{
    while (ws->head_len < head_size(ws)) {
        if (input->len == 0)
            return false;
        ws->head[ws->head_len++] = input->data[0];
        *input = slice_of(input->data + 1, input->len - 1);
    }
    if (!check_head(ws))
        return false;
    ws->in_payload = true;
    ws->control_len = 0;
    return true;
}

static struct slice take(struct websocket *ws, struct slice *input)
{
    struct slice piece = {input->data, input->len < ws->left ? input->len : (size_t)ws->left};

    *input = slice_of(input->data + piece.len, input->len - piece.len);
    ws->left -= piece.len;
    return piece;
}

static void end_frame(struct websocket *ws)
{
    ws->in_payload = false;
    ws->head_len = 0;
}

/* Those that may be on the wire (RFC 6455 7.4.2). */
static bool code_is_valid(uint16_t code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

static enum websocket_event on_close(struct websocket *ws, struct slice *ret_piece)
{
    const uint8_t *c = ws->control;

    ws->code = WEBSOCKET_NO_CODE;
    if (ws->control_len >= 2)
        ws->code = (uint16_t)(c[0] << 8 | c[1]);
    if (ws->control_len == 1 || (ws->control_len >= 2 && !code_is_valid(ws->code))) {
        broken(ws, WEBSOCKET_PROTOCOL_ERROR, "a close frame without a valid code");
        return WEBSOCKET_BROKEN;
    }
    ws->ended = true;
    *ret_piece = ws->control_len > 2 ? slice_of(c + 2, (size_t)ws->control_len - 2)
                                     : (struct slice){NULL, 0};
    return WEBSOCKET_CLOSED;
}

/* WEBSOCKET_MORE: nothing for the caller. */
static enum websocket_event take_control(struct websocket *ws, struct slice *input,
                                         struct slice *ret_piece)
{
    struct slice part = take(ws, input);

    if (part.len > 0)
        memcpy(ws->control + ws->control_len, part.data, part.len);
    ws->control_len = (uint8_t)(ws->control_len + part.len);
    if (ws->left > 0)
        return WEBSOCKET_MORE;
    end_frame(ws);
    if (ws->opcode == WEBSOCKET_CLOSE)
        return on_close(ws, ret_piece);
    *ret_piece = slice_of(ws->control, ws->control_len);
    return ws->opcode == WEBSOCKET_PING ? WEBSOCKET_PINGED : WEBSOCKET_MORE;
}

/* WEBSOCKET_MORE: nothing for the caller. */
static enum websocket_event take_payload(struct websocket *ws, struct slice *input,
                                         struct slice *ret_piece)
{
    if ((ws->opcode & CONTROL) != 0)
        return take_control(ws, input, ret_piece);
    *ret_piece = take(ws, input);
    if (ws->left == 0)
        end_frame(ws);
    return ret_piece->len > 0 ? WEBSOCKET_DATA : WEBSOCKET_MORE;
}

enum websocket_event websocket_next(struct websocket *ws, struct slice *input,
                                    struct slice *ret_piece)
{
    if (ws->why != NULL)
        return WEBSOCKET_BROKEN;
    if (ws->ended)
        input->len = 0;
    if (input->len == 0)
        return WEBSOCKET_MORE;
    for (;;) {
        if (!ws->in_payload && !take_head(ws, input))
            return ws->why != NULL ? WEBSOCKET_BROKEN : WEBSOCKET_MORE;
        enum websocket_event event = take_payload(ws, input, ret_piece);
        if (event != WEBSOCKET_MORE)
            return event;
        if (ws->in_payload && input->len == 0)
            return WEBSOCKET_MORE;
    }
}
