/*
 * http_form.h — application/x-www-form-urlencoded (WHATWG URL, 5.1): the fields of a body.
 *
 * Owns      the decoded text. Pure; safe on any text. Threads   any.
 */
#ifndef HTTP_HTTP_FORM_H
#define HTTP_HTTP_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

#define HTTP_FORM_FIELDS 64

struct http_form {
    char *text; /* of all names and values, each with its NUL */
    size_t count;
    struct {
        const char *name, *value;
    } field[HTTP_FORM_FIELDS];
};

/* False: more than HTTP_FORM_FIELDS fields, or a %00. What is no escape stands for itself. */
bool http_form_read(struct slice body, struct http_form *ret);
void http_form_done(struct http_form *form);
/* The first of that name; NULL: none. */
const char *http_form_get(const struct http_form *form, const char *name);

#endif
