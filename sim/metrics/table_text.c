#include "metrics/table_text.h"

size_t table_columns(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void put_spaces(struct buf *out, size_t n)
{
    buf_printf(out, "%*s", (int)n, "");
}

void table_right(struct buf *out, const char *text)
{
    size_t n = table_columns(text);

    put_spaces(out, n < TABLE_CELL ? TABLE_CELL - n : 1);
    buf_append_str(out, text);
}

/* Names come from scripts: nothing in them may steer the terminal. */
void table_name(struct buf *out, const char *name, size_t width)
{
    size_t n = table_columns(name);

    put_spaces(out, 2);
    for (const char *p = name; *p != '\0'; p++) {
        bool c1 = (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0; /* U+0080…U+009F */
        buf_append(out, (unsigned char)*p < ' ' || *p == 0x7f || c1 ? "?" : p, 1);
        p += c1 && p[1] != '\0';
    }
    put_spaces(out, n < width ? width - n : 0);
}

void table_heading(struct buf *out, const char *first, const char *const *rest, size_t width,
                   bool colour)
{
    buf_append_str(out, colour ? TABLE_BOLD : "");
    table_name(out, first, width);
    for (; *rest != NULL; rest++)
        table_right(out, *rest);
    buf_printf(out, "%s\n", colour ? TABLE_PLAIN : "");
}
