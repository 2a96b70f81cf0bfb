#include "cli/pen.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 512
#define HEIGHTS  8

/* ---- text ---- */

/* Bytes of the character there. */
static size_t char_len(const char *text)
{
    size_t n = 1;

    while (((unsigned char)text[n] & 0xc0) == 0x80)
        n++;
    return n;
}

size_t pen_width(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text += char_len(text))
        n++;
    return n;
}

size_t pen_left(const struct pen *p)
{
    return p->at < p->columns ? p->columns - p->at : 0;
}

static const char *likeness(const char *text, size_t len)
{
    static const struct {
        const char *of, *is;
    } known[] = {
        {"µ",  "u"},
        {"·",  "."},
        {"█", "#"},
        {"▓", "="},
        {"▒", "+"},
        {"░", "-"},
        {"…", "~"},
        {"×",  "x"},
        {"✓", "+"},
        {"✗", "!"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].of) == len && memcmp(known[i].of, text, len) == 0)
            return known[i].is;
    return "?";
}

void pen_text(struct pen *p, const char *text)
{
    for (size_t n; *text != '\0' && p->at < p->columns; text += n) {
        n = char_len(text);
        bool control = n == 1 && ((unsigned char)*text < ' ' || *text == 0x7f);
        bool c1 = n == 2 && (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0;
        if (control || c1)
            buf_append_str(p->out, "?");
        else if (n > 1 && !p->unicode)
            buf_append_str(p->out, likeness(text, n));
        else
            buf_append(p->out, text, n);
        p->at++;
    }
}

void pen_printf(struct pen *p, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    pen_text(p, text);
}

void pen_coloured(struct pen *p, enum pen_colour colour, const char *text)
{
    static const char *const codes[PEN_COLOUR_COUNT] = {"", "1", "2", "31", "32", "33", "34", "36"};
    bool coloured = p->colour && colour != PEN_PLAIN && p->at < p->columns;

    if (coloured)
        buf_printf(p->out, "\033[%sm", codes[colour]);
    pen_text(p, text);
    if (coloured)
        buf_append_str(p->out, "\033[0m");
}

void pen_to(struct pen *p, size_t column)
{
    while (p->at < column && p->at < p->columns) {
        buf_append_str(p->out, " ");
        p->at++;
    }
}

void pen_right(struct pen *p, size_t column, enum pen_colour colour, const char *text)
{
    size_t width = pen_width(text);

    pen_to(p, p->at + 1);
    if (column > width)
        pen_to(p, column - width);
    pen_coloured(p, colour, text);
}

void pen_end_line(struct pen *p)
{
    buf_append_str(p->out, "\n");
    p->at = 0;
}

/* ---- bars ---- */

/* How many columns a part gets when those before it, of `before` in all, have had theirs. */
static size_t share(uint64_t before, uint64_t value, uint64_t total, size_t columns)
{
    double from = (double)before / (double)total * (double)columns;
    double to = (double)(before + value) / (double)total * (double)columns;

    return (size_t)(to + 0.5) - (size_t)(from + 0.5);
}

static size_t total_of(const size_t *cells, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        n += cells[i];
    return n;
}

/* Those that would not be seen take a column from the longest. */
static void show_all(const struct pen_part *parts, size_t *cells, size_t count, size_t columns)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].value > 0 && cells[i] == 0)
            cells[i] = 1;
    while (total_of(cells, count) > columns) {
        size_t longest = 0;
        for (size_t i = 1; i < count; i++)
            longest = cells[i] > cells[longest] ? i : longest;
        cells[longest]--;
    }
}

#define PARTS_MAX 8

void pen_bar(struct pen *p, size_t columns, const struct pen_part *parts, size_t count)
{
    size_t cells[PARTS_MAX] = {0}, begin = p->at;
    uint64_t total = 0, before = 0;

    count = count < PARTS_MAX ? count : PARTS_MAX;
    for (size_t i = 0; i < count; i++)
        total += parts[i].value;
    for (size_t i = 0; i < count && total > 0; i++) {
        cells[i] = share(before, parts[i].value, total, columns);
        before += parts[i].value;
    }
    show_all(parts, cells, count, columns);
    for (size_t i = 0; i < count; i++) {
        char text[TEXT_MAX] = "";
        size_t len = strlen(parts[i].cell);
        for (size_t n = 0; n < cells[i] && (n + 1) * len < sizeof text; n++)
            memcpy(text + n * len, parts[i].cell, len + 1);
        if (cells[i] > 0)
            pen_coloured(p, parts[i].colour, text);
    }
    pen_to(p, begin + columns);
}

void pen_sparkline(struct pen *p, size_t columns, enum pen_colour colour, const double *values,
                   size_t count)
{
    static const char *const bars[HEIGHTS + 1] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[HEIGHTS + 1] = {" ", "_", ".", "-", "~", "=", "+", "*", "#"};
    char text[TEXT_MAX] = "";
    size_t shown = count < columns ? count : columns, len = 0;
    double highest = 0;

    for (size_t i = count - shown; i < count; i++)
        highest = values[i] > highest ? values[i] : highest;
    for (size_t i = count - shown; i < count && len + 4 < sizeof text; i++) {
        double height = highest > 0 ? values[i] / highest * HEIGHTS : 0;
        size_t step = values[i] <= 0 ? 0 : height < 1 ? 1 : (size_t)(height + 0.5);
        const char *bar = (p->unicode ? bars : plain)[step];
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", bar);
    }
    pen_coloured(p, colour, text);
}

/* ---- numbers ---- */

void pen_number(uint64_t value, char *ret, size_t size)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, value);
    size_t at = 0;

    for (int i = 0; i < n && at + 2 < size; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            ret[at++] = ',';
        ret[at++] = digits[i];
    }
    ret[at] = '\0';
}
