#include "cli/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/xmem.h"

#ifdef FLEETSIM_LIBEDIT
#include <editline/readline.h>
#include <poll.h>
#include <termios.h>
#endif

#define LINE_MAX_BYTES ((size_t)16 << 20)
#define HISTORY_LINES  1000

struct terminal {
    struct terminal_options options;
    struct loop *loop;
    ev_io input;
    struct loop_timer later; /* a line that is there already: not from inside terminal_read() */
    struct buf pending;      /* read, and not asked for; edited: what was typed ahead */
    bool interactive, edited, wanted, ended;
    bool editing; /* the library has the line that is wanted */
    char *prompt;
};

/* ---- plain lines ---- */

/* The first whole line, without its newline, or the rest when there is no more: free() it. */
static char *take_line(struct terminal *t)
{
    const char *text = buf_cstr(&t->pending);
    size_t len = buf_len(&t->pending);
    const char *end = len != 0 ? memchr(text, '\n', len) : NULL;

    if (end == NULL && (!t->ended || len == 0))
        return NULL;
    size_t line_len = end != NULL ? (size_t)(end - text) : len;
    char *line = xstrndup(text, line_len);
    char *rest = xstrndup(text + line_len + (end != NULL), len - line_len - (end != NULL));
    buf_clear(&t->pending);
    buf_append_str(&t->pending, rest);
    free(rest);
    return line;
}

static void show_typed_ahead(const struct terminal *t, const char *line);

static void deliver(void *arg)
{
    struct terminal *t = arg;

    if (!t->wanted)
        return;
    char *line = take_line(t);
    if (line == NULL && !t->ended)
        return;
    t->wanted = false;
    ev_io_stop(t->loop->ev, &t->input);
    if (t->edited)
        show_typed_ahead(t, line);
    t->options.line(t->options.ctx, line);
    free(line);
}

/* False if there was nothing to read after all. */
static bool read_some(struct terminal *t)
{
    uint8_t *room = buf_reserve(&t->pending, 4096);
    ssize_t n = room != NULL ? read(STDIN_FILENO, room, 4096) : 0;

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    if (n > 0)
        buf_commit(&t->pending, (size_t)n);
    t->ended = n <= 0;
    return true;
}

static void read_plain(struct terminal *t)
{
    if (!read_some(t))
        return;
    if (t->ended)
        ev_io_stop(t->loop->ev, &t->input);
    deliver(t);
}

/* ---- edited lines ---- */

#ifdef FLEETSIM_LIBEDIT

/* The library's callbacks say nothing of whom they are for; it has one terminal itself. */
static struct terminal *edited;
static struct termios found;

/* Between two lines the library puts the terminal back as it was. Keys typed meanwhile must not be
   taken for a line that the kernel edits: a Ctrl-D would be lost. */
static void take_keys_one_by_one(void)
{
    struct termios now;

    if (tcgetattr(STDIN_FILENO, &now) != 0)
        return;
    now.c_lflag &= ~(tcflag_t)ICANON;
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

/* Whole lines and a Ctrl-D from before the keys were taken one by one: the kernel has edited them,
   and tells of a Ctrl-D only who reads them so. */
static void read_typed_ahead(struct terminal *t)
{
    struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};

    while (!t->ended && poll(&keys, 1, 0) == 1)
        read_some(t);
}

/* A line that was typed ahead looks like one that was edited. */
static void show_typed_ahead(const struct terminal *t, const char *line)
{
    printf("%s%s\n", t->prompt, line != NULL ? line : "");
    fflush(stdout);
    if (line != NULL && *line != '\0')
        add_history(line);
}

static void on_line(char *line)
{
    struct terminal *t = edited;

    t->editing = false;
    rl_callback_handler_remove();
    take_keys_one_by_one();
    ev_io_stop(t->loop->ev, &t->input);
    if (line != NULL && *line != '\0')
        add_history(line);
    if (line == NULL)
        printf("\n");
    t->wanted = false;
    t->options.line(t->options.ctx, line);
    free(line);
}

static char *next_match(const char *text, int state)
{
    static char **list;
    static size_t at;
    struct terminal *t = edited;

    (void)text;
    if (state == 0) {
        char *before = xstrndup(rl_line_buffer, (size_t)rl_point);
        list = t->options.complete(t->options.ctx, before);
        at = 0;
        free(before);
    }
    if (list == NULL)
        return NULL;
    char *match = list[at++];
    if (match == NULL) {
        free(list);
        list = NULL;
    }
    return match;
}

static char **complete(const char *text, int start, int end)
{
    (void)start;
    (void)end;
    rl_attempted_completion_over = 1;
    rl_completion_append_character = '\0';
    return rl_completion_matches(text, next_match);
}

static void begin_editing(struct terminal *t)
{
    edited = t;
    t->edited = true;
    tcgetattr(STDIN_FILENO, &found);
    read_typed_ahead(t);
    rl_readline_name = "fleetsim";
    rl_catch_signals = 0;
    /* Once in vain: only from a terminal that still edits lines does it learn which key ends the
       input. */
    rl_callback_handler_install("", on_line);
    rl_callback_handler_remove();
    take_keys_one_by_one();
    /* Words are found by the REPL itself. */
    rl_basic_word_break_characters = "";
    rl_completer_word_break_characters = (char *)(uintptr_t) "";
    rl_attempted_completion_function = complete;
    using_history();
    stifle_history(HISTORY_LINES);
    if (t->options.history != NULL)
        read_history(t->options.history);
}

static void end_editing(struct terminal *t)
{
    if (t->editing)
        rl_callback_handler_remove();
    if (t->options.history != NULL)
        write_history(t->options.history);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
    edited = NULL;
}

static void edit(struct terminal *t)
{
    t->editing = true;
    rl_callback_handler_install(t->prompt, on_line);
    if (buf_len(&t->pending) != 0) { /* no whole line */
        rl_insert_text(buf_cstr(&t->pending));
        rl_forced_update_display();
        buf_clear(&t->pending);
    }
    ev_io_start(t->loop->ev, &t->input);
}

static void restart_editing(struct terminal *t)
{
    rl_callback_handler_remove();
    printf("\n");
    edit(t);
}

static void print_above(struct terminal *t, const char *text)
{
    printf("\r\033[K%s\n", text);
    fflush(stdout);
    (void)t;
    rl_forced_update_display();
}

/* The library waits for a key, and so would the whole simulation. */
static void read_key(void)
{
    struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};

    if (poll(&keys, 1, 0) == 1)
        rl_callback_read_char();
}

#else

static void show_typed_ahead(const struct terminal *t, const char *line)
{
    (void)t;
    (void)line;
}

static void begin_editing(struct terminal *t)
{
    (void)t;
}

static void end_editing(struct terminal *t)
{
    (void)t;
}

static void edit(struct terminal *t)
{
    (void)t;
}

static void restart_editing(struct terminal *t)
{
    (void)t;
}

static void print_above(struct terminal *t, const char *text)
{
    (void)t;
    (void)text;
}

static void read_key(void)
{
}

#endif

/* ---- both ---- */

static void on_input(struct ev_loop *ev, ev_io *w, int events)
{
    struct terminal *t = w->data;

    (void)ev;
    (void)events;
    if (t->edited)
        read_key();
    else
        read_plain(t);
}

struct terminal *terminal_new(struct loop *loop, const struct terminal_options *options)
{
    struct terminal *t = xcalloc(1, sizeof *t);
    const char *kind = getenv("TERM");

    t->options = *options;
    t->loop = loop;
    t->interactive = isatty(STDIN_FILENO) != 0;
    buf_init(&t->pending, LINE_MAX_BYTES);
    loop_timer_init(&t->later, loop, deliver, t);
    ev_io_init(&t->input, on_input, STDIN_FILENO, EV_READ);
    t->input.data = t;
    if (t->interactive && isatty(STDOUT_FILENO) != 0 && kind != NULL && strcmp(kind, "dumb") != 0)
        begin_editing(t);
    return t;
}

void terminal_free(struct terminal *t)
{
    if (t == NULL)
        return;
    if (t->edited)
        end_editing(t);
    ev_io_stop(t->loop->ev, &t->input);
    loop_timer_stop(&t->later);
    buf_done(&t->pending);
    free(t->prompt);
    free(t);
}

bool terminal_interactive(const struct terminal *t)
{
    return t->interactive;
}

static void show_prompt(const struct terminal *t)
{
    if (t->interactive)
        printf("%s", t->prompt);
    fflush(stdout);
}

static bool typed_ahead(struct terminal *t)
{
    return t->ended || strchr(buf_cstr(&t->pending), '\n') != NULL;
}

void terminal_read(struct terminal *t, const char *prompt)
{
    free(t->prompt);
    t->prompt = xstrdup(prompt);
    t->wanted = true;
    if (t->edited && typed_ahead(t)) {
        loop_timer_start(&t->later, 0);
        return;
    }
    if (t->edited) {
        edit(t);
        return;
    }
    show_prompt(t);
    if (!t->ended)
        ev_io_start(t->loop->ev, &t->input);
    loop_timer_start(&t->later, 0);
}

void terminal_restart(struct terminal *t, const char *prompt)
{
    if (!t->wanted || (t->edited && !t->editing))
        return;
    free(t->prompt);
    t->prompt = xstrdup(prompt);
    if (t->edited) {
        restart_editing(t);
        return;
    }
    printf("\n");
    show_prompt(t);
}

void terminal_print(struct terminal *t, const char *text)
{
    if (t->editing) {
        print_above(t, text);
        return;
    }
    printf("%s\n", text);
    fflush(stdout);
}
