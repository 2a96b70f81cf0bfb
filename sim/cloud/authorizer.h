/*
 * authorizer.h — who comes without a certificate: the companion page, whose browser has none. What
 * stands here for a custom authorizer of AWS IoT: CONNECT's user name is the user's, behind it
 * "?x-amz-customauthorizer-name=…" says which authorizer is meant, and the password is a token.
 *
 * Pure; safe on any text. Threads   any.
 */
#ifndef CLOUD_AUTHORIZER_H
#define CLOUD_AUTHORIZER_H

#include <stdbool.h>

#define AUTHORIZER_NAME "fleetsim"
/* The one user that it knows; its policy has the same name (policy.h). */
#define AUTHORIZER_USER       "page"
#define AUTHORIZER_TOKEN_SIZE 257 /* with the NUL */

/* `token`: that user's, "": nobody has one. User name and password as in CONNECT, or NULL. Whoever
   names no authorizer means this one. */
bool authorizer_lets_in(const char *token, const char *user_name, const char *password);

#endif
