#include "metrics/github.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

/* A step's summary may have 1 MiB; what is longer GitHub drops whole. */
#define SUMMARY_MAX  ((size_t)900 << 10)
#define DETAIL_SHOWN ((size_t)8 << 10)

/* ---- annotations ---- */

/* A workflow command ends with its line; in a property, colon and comma mean something, too. */
static void put_escaped(struct buf *out, const char *text, bool property)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool special = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
        if (special)
            buf_printf(out, "%%%02X", c);
        else
            buf_append(out, text, 1);
    }
}

/* As GitHub knows the file: relative to the checked-out folder. */
static char *path_in(const char *root, const char *file)
{
    char *full = root != NULL ? realpath(file, NULL) : NULL;
    size_t len = root != NULL ? strlen(root) : 0;
    const char *shown = file;

    if (full != NULL && strncmp(full, root, len) == 0 && full[len] == '/')
        shown = full + len + 1;
    char *path = xstrdup(shown);
    free(full);
    return path;
}

/* "file:line" → both; the scenario's own place if there is none. */
static char *place_of(const struct verdict *v, unsigned *ret_line)
{
    const char *colon = v->where != NULL ? strrchr(v->where, ':') : NULL;
    unsigned long line = colon != NULL ? strtoul(colon + 1, NULL, 10) : 0;

    if (line != 0) {
        *ret_line = (unsigned)line;
        return xstrndup(v->where, (size_t)(colon - v->where));
    }
    *ret_line = v->line;
    return xstrdup(v->file != NULL ? v->file : "");
}

static const char *level_of(const struct verdict *v)
{
    if (v->flaky)
        return "warning";
    if (v->state == VERDICT_FAILED || v->state == VERDICT_ERROR || v->state == VERDICT_UNFINISHED)
        return "error";
    return NULL;
}

void github_annotate(const struct verdict *v, const char *root, struct buf *out)
{
    const char *level = level_of(v);
    unsigned line;

    if (level == NULL)
        return;
    char *file = place_of(v, &line);
    char *path = path_in(root, file);
    buf_printf(out, "::%s ", level);
    if (*path != '\0') {
        buf_append_str(out, "file=");
        put_escaped(out, path, true);
        if (line != 0)
            buf_printf(out, ",line=%u", line);
        buf_append_str(out, ",");
    }
    buf_append_str(out, "title=");
    put_escaped(out, v->name, true);
    buf_append_str(out, "::");
    if (v->flaky) {
        const struct verdict_attempt *a = &v->attempts[0];
        buf_printf(out, "flaky: passed in attempt %zu; before: ", v->attempt_count + 1);
        put_escaped(out, a->message != NULL ? a->message : verdict_state_name(a->state), false);
    } else {
        put_escaped(out, v->message != NULL ? v->message : verdict_state_name(v->state), false);
    }
    buf_append_str(out, "\n");
    free(path);
    free(file);
}

/* ---- the summary ---- */

/* In a cell of a table. */
static void put_cell(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\r')
            buf_append_str(out, "<br>");
        else if (*text == '<')
            buf_append_str(out, "&lt;");
        else if (*text == '&')
            buf_append_str(out, "&amp;");
        else if (strchr("|\\`*_[]", *text) != NULL)
            buf_printf(out, "\\%c", *text);
        else
            buf_append(out, text, 1);
    }
}

static bool is_told(const struct verdict *v)
{
    return v->state != VERDICT_PASSED || v->flaky;
}

static void put_row(void *arg, const struct verdict *v)
{
    struct buf *out = arg;

    if (!is_told(v) || buf_len(out) > SUMMARY_MAX)
        return;
    buf_printf(out, "| %s | ", v->flaky ? "flaky" : verdict_state_name(v->state));
    put_cell(out, v->name);
    buf_append_str(out, " | ");
    put_cell(out, v->file != NULL ? v->file : v->suite);
    if (v->line != 0)
        buf_printf(out, ":%u", v->line);
    buf_printf(out, " | %.2f s | ", (double)v->duration / 1e6);
    if (v->flaky)
        put_cell(out, v->attempts[0].message != NULL ? v->attempts[0].message : "");
    else
        put_cell(out, v->message != NULL ? v->message : "");
    buf_append_str(out, " |\n");
}

/* A fence that is longer than any in the text. */
static size_t fence_of(const char *text)
{
    size_t longest = 2, run = 0;

    for (; *text != '\0'; text++) {
        run = *text == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest + 1;
}

static void put_fence(struct buf *out, size_t length)
{
    for (size_t i = 0; i < length; i++)
        buf_append_str(out, "`");
    buf_append_str(out, "\n");
}

static void put_detail(void *arg, const struct verdict *v)
{
    struct buf *out = arg;
    bool failed = v->state == VERDICT_FAILED || v->state == VERDICT_ERROR;

    if (!failed || v->detail == NULL || *v->detail == '\0' || buf_len(out) > SUMMARY_MAX)
        return;
    size_t len = strlen(v->detail), fence = fence_of(v->detail);
    size_t shown = len < DETAIL_SHOWN ? len : DETAIL_SHOWN;
    while (shown > 0 && shown < len && ((unsigned char)v->detail[shown] & 0xc0) == 0x80)
        shown--;
    buf_append_str(out, "\n<details><summary>");
    put_cell(out, v->name);
    buf_append_str(out, "</summary>\n\n");
    put_fence(out, fence);
    buf_append(out, v->detail, shown);
    buf_append_str(out, shown < len ? "…\n" : "\n");
    put_fence(out, fence);
    buf_append_str(out, "\n</details>\n");
}

void github_summary(const struct verdicts *all, uint64_t seed, struct buf *out)
{
    size_t cases = 0, passed = verdicts_count(all, VERDICT_PASSED), flaky = verdicts_flaky(all);

    for (unsigned state = 0; state < VERDICT_STATE_COUNT; state++)
        cases += verdicts_count(all, (enum verdict_state)state);
    buf_append_str(out, "### fleetsim: ");
    put_cell(out, verdicts_name(all));
    buf_printf(out, "\n\n%zu cases: %zu passed", cases, passed);
    if (flaky != 0)
        buf_printf(out, " (%zu of them flaky)", flaky);
    for (unsigned state = 0; state < VERDICT_STATE_COUNT; state++) {
        size_t n = verdicts_count(all, (enum verdict_state)state);
        if (state != VERDICT_PASSED && n != 0)
            buf_printf(out, ", %zu %s", n, verdict_state_name((enum verdict_state)state));
    }
    buf_printf(out, " · seed %" PRIu64 "\n", seed);
    if (passed == cases && flaky == 0)
        return;
    buf_append_str(out, "\n| | scenario | place | time | why |\n|---|---|---|---:|---|\n");
    verdicts_each(all, put_row, out);
    verdicts_each(all, put_detail, out);
}
