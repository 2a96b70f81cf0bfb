/* story_words.h — messages and values in a few words. Private to this room. */
#ifndef REPORT_STORY_WORDS_H
#define REPORT_STORY_WORDS_H

#include <stddef.h>

#include "report/story_moments.h"

/* Each writes at most `size` bytes, UTF-8, and says how much the message matters. */
enum moment_tone words_publish(const char *topic, const char *payload, char *out, size_t size);
/* What an app did or was told: "desires", "sees update/accepted", "receives response". */
enum moment_tone words_app(const char *what, const char *payload, char *out, size_t size);
/* "locks.all = unlocked" of "locks.all=\"unlocked\"", as an order has it. */
void words_changes(const char *changes, char *out, size_t size);
/* "locks.all = unlocked" of a value that is JSON. */
void words_signal(const char *path, const char *value, char *out, size_t size);

#endif
