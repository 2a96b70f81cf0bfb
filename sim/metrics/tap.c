#include "metrics/tap.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"

/* Appends one line of any text; where it could be taken for a directive it is escaped. */
static void put_words(struct buf *out, const char *text, bool escape)
{
    for (; *text != '\0'; text++) {
        if (escape && (*text == '#' || *text == '\\'))
            buf_append_str(out, "\\");
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            buf_append_str(out, " ");
        else
            buf_append(out, text, 1);
    }
}

/* A YAML scalar in double quotes; bytes that are no UTF-8 become '?'. */
static void put_quoted(struct buf *out, const char *text, size_t len)
{
    bool utf8 = json_is_utf8(slice_of(text, len));

    buf_append_str(out, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\t')
            buf_append_str(out, "\\t");
        else if (c == '\n')
            buf_append_str(out, "\\n");
        else if (c < 0x20 || c == 0x7f)
            buf_printf(out, "\\x%02x", c);
        else
            buf_append(out, c >= 0x80 && !utf8 ? "?" : text + i, 1);
    }
    buf_append_str(out, "\"\n");
}

static void put_indent(struct buf *out, unsigned spaces)
{
    buf_printf(out, "%*s", (int)spaces, "");
}

static void put_field(struct buf *out, unsigned indent, const char *name, const char *text)
{
    if (text == NULL)
        return;
    put_indent(out, indent);
    buf_printf(out, "%s: ", name);
    put_quoted(out, text, strlen(text));
}

/* A long story as a list of its lines. */
static void put_lines(struct buf *out, unsigned indent, const char *name, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    put_indent(out, indent);
    buf_printf(out, "%s:\n", name);
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        put_indent(out, indent + 2);
        buf_append_str(out, "- ");
        put_quoted(out, text, len);
        text += len + (text[len] == '\n');
    }
}

static bool is_ok(enum verdict_state state)
{
    return state == VERDICT_PASSED || state == VERDICT_SKIPPED;
}

static void put_point(struct buf *out, unsigned indent, enum verdict_state state, size_t number,
                      const char *name)
{
    put_indent(out, indent);
    buf_printf(out, "%s %zu - ", is_ok(state) ? "ok" : "not ok", number);
    put_words(out, name, true);
}

/* ---- steps ---- */

static size_t put_children(struct buf *out, const struct verdict *v, size_t from, unsigned depth);

static void put_step(struct buf *out, const struct verdict_step *step, unsigned indent,
                     size_t number)
{
    put_point(out, indent, step->state, number, step->name);
    if (step->state == VERDICT_SKIPPED) {
        buf_append_str(out, " # SKIP");
        if (step->message != NULL) {
            buf_append_str(out, " ");
            put_words(out, step->message, false);
        }
    }
    buf_append_str(out, "\n");
    put_indent(out, indent + 2);
    buf_append_str(out, "---\n");
    put_indent(out, indent + 2);
    buf_printf(out, "duration_ms: %.3f\n", (double)step->duration / 1e3);
    put_field(out, indent + 2, "message", step->message);
    put_field(out, indent + 2, "at", step->where);
    put_indent(out, indent + 2);
    buf_append_str(out, "...\n");
}

/* The heading of a block of subtests. */
static void put_subtest(struct buf *out, unsigned indent, const char *name)
{
    put_indent(out, indent);
    buf_append_str(out, "# Subtest: ");
    put_words(out, name, true);
    buf_append_str(out, "\n");
}

/* The steps of that depth from there on, with what is inside them; returns where they end. */
static size_t put_children(struct buf *out, const struct verdict *v, size_t from, unsigned depth)
{
    unsigned indent = 4 * (depth + 1);
    size_t number = 0, i = from;

    while (i < v->step_count && v->steps[i].depth >= depth) {
        const struct verdict_step *step = &v->steps[i++];
        if (i < v->step_count && v->steps[i].depth > depth && depth < 16) {
            put_subtest(out, indent, step->name);
            i = put_children(out, v, i, depth + 1);
        }
        put_step(out, step, indent, ++number);
    }
    put_indent(out, indent);
    buf_printf(out, "1..%zu\n", number);
    return i;
}

/* ---- cases ---- */

static void put_attempts(struct buf *out, const struct verdict *v)
{
    if (v->attempt_count == 0)
        return;
    buf_printf(out, "  flaky: %s\n  attempts:\n", v->flaky ? "true" : "false");
    for (size_t i = 0; i < v->attempt_count; i++) {
        const struct verdict_attempt *a = &v->attempts[i];
        buf_printf(out, "    - verdict: %s\n      duration_ms: %.3f\n",
                   verdict_state_name(a->state), (double)a->duration / 1e3);
        put_field(out, 6, "message", a->message);
        put_lines(out, 6, "detail", a->detail);
    }
}

static void put_facts(struct buf *out, const struct verdict *v)
{
    buf_append_str(out, "  ---\n");
    put_field(out, 2, "file", v->file);
    if (v->line != 0)
        buf_printf(out, "  line: %u\n", v->line);
    buf_printf(out, "  verdict: %s\n  duration_ms: %.3f\n  assertions: %" PRIu64 "\n",
               verdict_state_name(v->state), (double)v->duration / 1e3, v->assertions);
    if (v->tag_count != 0)
        buf_append_str(out, "  tags:\n");
    for (size_t i = 0; i < v->tag_count; i++) {
        buf_append_str(out, "    - ");
        put_quoted(out, v->tags[i], strlen(v->tags[i]));
    }
    if (v->param_count != 0)
        buf_append_str(out, "  params:\n");
    for (size_t i = 0; i < v->param_count; i++)
        put_field(out, 4, v->params[i].name, v->params[i].value);
    put_field(out, 2, "message", v->message);
    put_field(out, 2, "at", v->where);
    put_lines(out, 2, "detail", v->state == VERDICT_SKIPPED ? NULL : v->detail);
    put_attempts(out, v);
    buf_append_str(out, "  ...\n");
}

void tap_begin(struct buf *out)
{
    buf_append_str(out, "TAP version 14\n");
}

void tap_case(const struct verdict *v, size_t number, struct buf *out)
{
    if (v->flaky)
        buf_printf(out, "# flaky: passed in attempt %zu\n", v->attempt_count + 1);
    if (v->step_count != 0) {
        put_subtest(out, 0, v->name);
        put_children(out, v, 0, 0);
    }
    put_point(out, 0, v->state, number, v->name);
    if (v->state == VERDICT_SKIPPED || v->state == VERDICT_TODO) {
        buf_append_str(out, v->state == VERDICT_TODO ? " # TODO " : " # SKIP ");
        put_words(out, v->message != NULL ? v->message : "", false);
    }
    buf_append_str(out, "\n");
    put_facts(out, v);
}

void tap_end(size_t cases, const char *bail, struct buf *out)
{
    if (bail != NULL) {
        buf_append_str(out, "Bail out! ");
        put_words(out, bail, false);
        buf_append_str(out, "\n");
    }
    buf_printf(out, "1..%zu\n", cases);
}
