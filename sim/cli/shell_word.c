#include "cli/shell_word.h"

#include <string.h>

/* What no shell takes for anything else. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=+,@%"

void shell_word(struct buf *out, const char *text)
{
    if (*text != '\0' && text[strspn(text, PLAIN)] == '\0') {
        buf_append_str(out, text);
        return;
    }
    buf_append_str(out, "'");
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_append_str(out, "'\\'");
        buf_append(out, text, 1);
    }
    buf_append_str(out, "'");
}
