#include "cli/live_screen.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xmem.h"

/* Where no terminal is; asked each second, which is never quite one. */
#define LINE_EVERY   (5 * USEC_PER_SEC - USEC_PER_SEC / 2)
#define PICTURE_MAX  ((size_t)64 * 1024)
#define COLUMNS_MAX  160 /* wider pictures are no easier to read */
#define DEFAULT_COLS 80
#define DEFAULT_ROWS 24

struct live_screen {
    struct live_view *view;
    bool terminal;
    struct live_style style;
    usec_t told; /* when the last line was written */
};

/* Lines of the picture that stand on the terminal, the cursor below them. The log's hooks say
   nothing of whom they are for; there is one terminal. */
static atomic_size_t standing;

void live_screen_clear(void)
{
    size_t lines = atomic_exchange(&standing, 0);

    if (lines == 0)
        return;
    fprintf(stderr, "\033[%zuA\r\033[J", lines);
    fflush(stderr);
}

static bool speaks_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0')
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

struct live_screen *live_screen_new(void)
{
    struct live_screen *s = xcalloc(1, sizeof *s);
    const char *kind = getenv("TERM"), *no_colour = getenv("NO_COLOR");

    s->view = live_view_new();
    s->terminal = isatty(STDERR_FILENO) != 0 && kind != NULL && strcmp(kind, "dumb") != 0;
    s->style.colour = no_colour == NULL || *no_colour == '\0';
    s->style.unicode = speaks_utf8();
    if (s->terminal)
        log_set_hooks(live_screen_clear, NULL);
    return s;
}

void live_screen_free(struct live_screen *s)
{
    if (s == NULL)
        return;
    live_screen_clear();
    if (s->terminal)
        log_set_hooks(NULL, NULL);
    live_view_free(s->view);
    free(s);
}

bool live_screen_is_terminal(const struct live_screen *s)
{
    return s->terminal;
}

static bool measure(struct live_style *style)
{
    struct winsize size = {0};
    size_t columns = DEFAULT_COLS, rows = DEFAULT_ROWS, before = style->columns;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        columns = size.ws_col;
        rows = size.ws_row;
    }
    style->columns = columns < COLUMNS_MAX ? columns : COLUMNS_MAX;
    style->rows = rows;
    return before != 0 && before != style->columns;
}

/* One write, and nothing is blanked that is written again, so that it does not flicker. */
static void draw(struct live_screen *s, const struct live_moment *m)
{
    struct buf picture, out;
    bool resized = measure(&s->style);
    size_t lines = 0, before = atomic_load(&standing);

    buf_init(&picture, PICTURE_MAX);
    buf_init(&out, 2 * PICTURE_MAX);
    live_view_paint(s->view, m, &s->style, &picture);
    if (before > 0 && resized) /* its lines may have been broken anew */
        buf_append_str(&out, "\033[2J\033[H");
    else if (before > 0)
        buf_printf(&out, "\033[%zuA\r", before);
    for (const char *line = buf_cstr(&picture), *end; (end = strchr(line, '\n')) != NULL;
         line = end + 1) {
        buf_append(&out, line, (size_t)(end - line));
        buf_append_str(&out, "\033[K\n");
        lines++;
    }
    buf_append_str(&out, "\033[J");
    fwrite(buf_data(&out), 1, buf_len(&out), stderr);
    fflush(stderr);
    atomic_store(&standing, lines);
    buf_done(&out);
    buf_done(&picture);
}

static void tell(struct live_screen *s, const struct live_moment *m)
{
    struct buf line;

    if (m->elapsed < s->told + LINE_EVERY)
        return;
    s->told = m->elapsed;
    live_view_sample(s->view, m);
    buf_init(&line, PICTURE_MAX);
    live_view_line(s->view, m, &line);
    fputs(buf_cstr(&line), stderr);
    fflush(stderr);
    buf_done(&line);
}

void live_screen_show(struct live_screen *s, const struct live_moment *m)
{
    if (!s->terminal) {
        tell(s, m);
        return;
    }
    live_view_sample(s->view, m);
    draw(s, m);
}
