#include "report/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_reader.h"
#include "base/xmem.h"

#define LINE_MAX_BYTES ((size_t)4 << 20)
#define TEXT_MAX       1024
#define DEPTH          6

/* A new copy of the member's text, or of `otherwise`, which may be NULL. */
static char *copy_member(const struct json_value *object, const char *name, const char *otherwise)
{
    struct json_value v;
    char room[TEXT_MAX];

    if (json_find(object, name, &v) && json_text(&v, room, sizeof room))
        return xstrdup(room);
    return otherwise != NULL ? xstrdup(otherwise) : NULL;
}

static void channel_read(struct series_channel *c, const struct json_value *signal)
{
    char *type = copy_member(signal, "type", "");

    c->path = copy_member(signal, "path", "?");
    c->unit = copy_member(signal, "unit", NULL);
    c->type = SERIES_TEXT;
    for (unsigned i = 0; i < SERIES_TYPE_COUNT; i++)
        if (strcmp(type, series_type_name((enum series_type)i)) == 0)
            c->type = (enum series_type)i;
    free(type);
}

static struct series *find(struct series_set *set, double number)
{
    for (size_t i = set->count; i-- > 0;)
        if ((double)set->series[i].number >= number && (double)set->series[i].number <= number)
            return &set->series[i];
    return NULL;
}

static bool read_head(struct series_set *set, double number, const struct json_value *line)
{
    struct json_value signals, signal;

    if (set->count == SERIES_MAX || find(set, number) != NULL || number < 0 || number > 1e9 ||
        !json_find(line, "signals", &signals) || signals.type != JSON_ARRAY)
        return false;
    set->series = xrealloc(set->series, (set->count + 1) * sizeof *set->series);
    struct series *s = &set->series[set->count++];
    *s = (struct series){.number = (unsigned)number};
    s->name = copy_member(line, "name", "");
    s->car = copy_member(line, "car", "");
    s->model = copy_member(line, "model", "");
    s->scenario = copy_member(line, "scenario", "");
    char *start = copy_member(line, "start", "");
    if (!wall_parse(start, &s->start_ms))
        s->start_ms = 0;
    free(start);
    s->channels = xcalloc(SERIES_CHANNELS_MAX, sizeof *s->channels);
    for (struct json_cursor c = json_enter(&signals); json_next(&c, &signal);)
        if (s->channel_count < SERIES_CHANNELS_MAX)
            channel_read(&s->channels[s->channel_count++], &signal);
    return true;
}

/* The text's number, a new one if need be. */
static double text_number(struct series_channel *c, const struct json_value *v)
{
    char room[TEXT_MAX];

    if (!json_text(v, room, sizeof room))
        return (double)NAN;
    for (size_t i = 0; i < c->text_count; i++)
        if (strcmp(c->texts[i], room) == 0)
            return (double)i;
    if (c->text_count == SERIES_TEXTS_MAX)
        return (double)NAN;
    c->texts = xrealloc(c->texts, (c->text_count + 1) * sizeof *c->texts);
    c->texts[c->text_count] = xstrdup(room);
    return (double)c->text_count++;
}

static double read_value(struct series_channel *c, const struct json_value *v)
{
    switch (c->type) {
    case SERIES_NUMBER:
        return v->type == JSON_NUMBER && isfinite(json_number(v)) ? json_number(v) : (double)NAN;
    case SERIES_BOOLEAN:
        return v->type == JSON_TRUE ? 1 : v->type == JSON_FALSE ? 0 : (double)NAN;
    case SERIES_TEXT:
    case SERIES_TYPE_COUNT:
        break;
    }
    return text_number(c, v);
}

static void make_room(struct series *s)
{
    if (s->rows < s->room)
        return;
    s->room = s->room != 0 ? 2 * s->room : 256;
    s->t = xrealloc(s->t, s->room * sizeof *s->t);
    for (size_t i = 0; i < s->channel_count; i++)
        s->channels[i].values = xrealloc(s->channels[i].values, s->room * sizeof(double));
}

static bool read_row(struct series *s, const struct json_value *line)
{
    struct json_value t, values, v;

    if (s == NULL || !json_find(line, "t", &t) || t.type != JSON_NUMBER ||
        !json_find(line, "v", &values) || values.type != JSON_ARRAY)
        return false;
    double at = json_number(&t);
    if (!isfinite(at) || at < 0 || at > 1e10 || (s->rows > 0 && at < s->t[s->rows - 1]))
        return false;
    make_room(s);
    struct json_cursor c = json_enter(&values);
    for (size_t i = 0; i < s->channel_count; i++)
        s->channels[i].values[s->rows] =
            json_next(&c, &v) ? read_value(&s->channels[i], &v) : (double)NAN;
    s->t[s->rows++] = at;
    return true;
}

static bool read_line(struct series_set *set, struct slice text)
{
    struct json_value line, number;

    if (!json_check(text, DEPTH, &line) || line.type != JSON_OBJECT ||
        !json_find(&line, "series", &number) || number.type != JSON_NUMBER)
        return false;
    return read_row(find(set, json_number(&number)), &line) ||
           read_head(set, json_number(&number), &line);
}

void series_set_read(struct series_set *set, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    *set = (struct series_set){0};
    while ((len = getline(&line, &room, file)) > 0)
        if ((size_t)len > LINE_MAX_BYTES || !read_line(set, slice_of(line, (size_t)len)))
            set->bad_lines++;
    free(line);
}

static void channel_done(struct series_channel *c)
{
    for (size_t i = 0; i < c->text_count; i++)
        free(c->texts[i]);
    free(c->texts);
    free(c->values);
    free(c->path);
    free(c->unit);
}

void series_set_done(struct series_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        struct series *s = &set->series[i];
        for (size_t k = 0; k < s->channel_count; k++)
            channel_done(&s->channels[k]);
        free(s->channels);
        free(s->t);
        free(s->name);
        free(s->car);
        free(s->model);
        free(s->scenario);
    }
    free(set->series);
    *set = (struct series_set){0};
}
