#include "http/http_form.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (uint8_t)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes a name or a value and ends it with a NUL; returns what is behind that. NULL: there would
   be another one inside. */
static char *decode(struct slice *rest, bool name, char *to)
{
    const uint8_t *at = rest->data, *end = rest->data + rest->len;

    while (at < end && *at != '&' && !(name && *at == '=')) {
        uint8_t c = *at++;
        if (c == '+') {
            c = ' ';
        } else if (c == '%' && end - at >= 2 && digit(at[0]) >= 0 && digit(at[1]) >= 0) {
            c = (uint8_t)(digit(at[0]) << 4 | digit(at[1]));
            at += 2;
        }
        if (c == '\0')
            return NULL;
        *to++ = (char)c;
    }
    *to++ = '\0';
    *rest = slice_of(at, (size_t)(end - at));
    return to;
}

/* The delimiter in front, if there is one. */
static bool take(struct slice *rest, char c)
{
    if (rest->len == 0 || *rest->data != (uint8_t)c)
        return false;
    *rest = slice_of(rest->data + 1, rest->len - 1);
    return true;
}

static bool read_field(struct slice *rest, struct http_form *form, char **to)
{
    if (form->count == HTTP_FORM_FIELDS)
        return false;
    form->field[form->count].name = *to;
    *to = decode(rest, true, *to);
    if (*to == NULL)
        return false;
    form->field[form->count].value = *to;
    if (take(rest, '='))
        *to = decode(rest, false, *to);
    else
        *(*to)++ = '\0';
    form->count++;
    return *to != NULL;
}

bool http_form_read(struct slice body, struct http_form *ret)
{
    /* A field without '=' has one NUL more than it has delimiters. */
    char *to = xmalloc(2 * body.len + 2);

    *ret = (struct http_form){.text = to};
    while (body.len != 0) {
        if (take(&body, '&'))
            continue;
        if (!read_field(&body, ret, &to)) {
            http_form_done(ret);
            return false;
        }
    }
    return true;
}

void http_form_done(struct http_form *form)
{
    free(form->text);
    *form = (struct http_form){.text = NULL};
}

const char *http_form_get(const struct http_form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->field[i].name, name) == 0)
            return form->field[i].value;
    return NULL;
}
