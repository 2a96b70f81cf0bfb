/* shell_word.h — texts as words of a command line that people copy. */
#ifndef CLI_SHELL_WORD_H
#define CLI_SHELL_WORD_H

#include "base/buf.h"

/* Appends it as one word for the shell, whatever is in it. */
void shell_word(struct buf *out, const char *text);

#endif
