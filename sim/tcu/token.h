/*
 * token.h — the clientTokens of a car's own shadow requests (contract 1.2, 1.10):
 * "<thing>-<number>", of a long name only the end, so that they stay within 64 bytes. Pure.
 */
#ifndef TCU_TOKEN_H
#define TCU_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

enum { TOKEN_SIZE = 65 };

void token_make(const char *thing, uint32_t number, char ret[TOKEN_SIZE]);
/* Is it the token of request `number`? Never for 0, which stands for no request. */
bool token_is(const char *thing, uint32_t number, const char *token);
/* Is it one that this car makes, whatever its number? */
bool token_own(const char *thing, const char *token);

#endif
