/* User names of strangers: nobody gets in without the token. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/authorizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (authorizer_lets_in("nobody-shows-this", text, "that"))
        abort();
    if (authorizer_lets_in("nobody-shows-this", text, "nobody-shows-this") &&
        strncmp(text, AUTHORIZER_USER, strlen(AUTHORIZER_USER)) != 0)
        abort();
    free(text);
    return 0;
}
