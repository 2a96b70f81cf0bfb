/*
 * text_message.h — the SMS gateway as scripts see it: a message with its delivery report, and the
 * gateway's ways, which are the scenario's own.
 */
#ifndef SCRIPT_TEXT_MESSAGE_H
#define SCRIPT_TEXT_MESSAGE_H

#include <lua.h>

struct vehicle;

void text_message_open(lua_State *L);
/* A text message has come to the car `ctx`: runs the prelude's sms(). */
void text_message_on_sms(void *ctx, struct vehicle *v, const char *text);

#endif
