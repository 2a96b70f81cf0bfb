/*
 * text.h — a growing JSON text that survives a lack of memory: from the first failed allocation on
 * every append is a no-op and `failed` is set, so that a whole document is checked once, at its
 * end.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *data; /* NUL-terminated unless NULL */
    size_t len, cap;
    bool failed;
};

/* Allocates nothing until the first append. */
void text_init(struct text *t);
void text_done(struct text *t);
/* Cuts back to `len` bytes, which must not be more than there are. */
void text_cut(struct text *t, size_t len);
/* Hands over the bytes (free() them) and forgets them; NULL if empty or failed. */
char *text_take(struct text *t, size_t *ret_len);

void text_bytes(struct text *t, const char *data, size_t len);
void text_str(struct text *t, const char *s);
void text_int(struct text *t, int64_t value);
/* The shortest decimal that reads back as the same number; value must be finite. */
void text_number(struct text *t, double value);
/* With padding. */
void text_base64(struct text *t, const uint8_t *bytes, size_t len);
/* A JSON string with its quotes and escapes. */
void text_quoted(struct text *t, const char *s);
/* `,"name":`, or without the comma right after an opening brace. */
void text_key(struct text *t, const char *name);
/* The member with its value, unless that says nothing: NULL or "", and 0. */
void text_member(struct text *t, const char *name, const char *value);
void text_member_int(struct text *t, const char *name, int64_t value);
/* A parsed document without white space. */
void text_json(struct text *t, const cJSON *item);

#endif
