#include "tcu/token.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_END = 32 }; /* how much of the thing's name is in its tokens */

static const char *name_end(const char *thing)
{
    size_t len = strlen(thing);

    return thing + (len > NAME_END ? len - NAME_END : 0);
}

void token_make(const char *thing, uint32_t number, char ret[TOKEN_SIZE])
{
    snprintf(ret, TOKEN_SIZE, "%s-%" PRIu32, name_end(thing), number);
}

bool token_is(const char *thing, uint32_t number, const char *token)
{
    char ours[TOKEN_SIZE];

    if (number == 0)
        return false;
    token_make(thing, number, ours);
    return strcmp(ours, token) == 0;
}

bool token_own(const char *thing, const char *token)
{
    const char *name = name_end(thing);
    size_t len = strlen(name);

    if (strncmp(token, name, len) != 0 || token[len] != '-')
        return false;
    const char *digits = token + len + 1;
    return digits[0] != '\0' && digits[strspn(digits, "0123456789")] == '\0';
}
