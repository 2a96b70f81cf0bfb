#include "render/stage.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/icon.h"
#include "render/panel.h"
#include "render/text.h"

static const struct rgb white = {1, 1, 1}, black = {0, 0, 0};

void stage_top(cairo_t *cr, const struct theme *t, double width, const struct scene *s)
{
    const struct scene_status *status = &s->status;
    char weather[32] = "";

    text_draw(cr, 28, 46,
              &(struct text_style){
                  .size = 24, .weight = TEXT_SEMIBOLD, .colour = t->text, .width = width - 150},
              status->title);
    cairo_arc(cr, 33, 65, 4, 0, 2 * M_PI);
    paint_colour(cr, panel_link_colour(t, status->link), 1);
    cairo_fill(cr);
    double w = text_draw(
        cr, 44, 69, &(struct text_style){.size = 12.5, .weight = TEXT_MEDIUM, .colour = t->dim},
        panel_link_name(status->link));
    text_draw(cr, 44 + w + 12, 69,
              &(struct text_style){.size = 12.5, .colour = t->dim, .width = width - 200},
              status->name);
    text_draw(cr, width - 28, 46,
              &(struct text_style){
                  .size = 24, .weight = TEXT_MEDIUM, .colour = t->text, .align = TEXT_RIGHT},
              status->clock);
    if (status->outside > SCENE_NONE / 2)
        snprintf(weather, sizeof weather, "%.0f °C outside", panel_degrees(status->outside));
    text_draw(cr, width - 28, 69,
              &(struct text_style){.size = 12.5, .colour = t->dim, .align = TEXT_RIGHT}, weather);
}

/* ---- chips ---- */

struct chip {
    enum icon icon;
    struct rgb colour;
    char text[32];
};

#define CHIPS_MAX 8

static void add(struct chip *chips, int *count, enum icon icon, struct rgb c, const char *text)
{
    if (*count >= CHIPS_MAX)
        return;
    chips[*count].icon = icon;
    chips[*count].colour = c;
    snprintf(chips[*count].text, sizeof chips->text, "%s", text);
    (*count)++;
}

static int chips_of(const struct theme *t, const struct scene *s, struct chip *chips)
{
    const struct scene_status *status = &s->status;
    int count = 0;
    char text[32];

    if (strcmp(status->locks, "locked") == 0)
        add(chips, &count, ICON_LOCKED, t->text, "Locked");
    else if (status->locks[0] != '\0')
        add(chips, &count, ICON_UNLOCKED, t->warn,
            strcmp(status->locks, "mixed") == 0 ? "Partly locked" : "Unlocked");
    if (strcmp(status->alarm, "triggered") == 0)
        add(chips, &count, ICON_BELL, t->bad, "Alarm");
    if (status->power > 0.05F) {
        snprintf(text, sizeof text, "%.*f kW", status->power < 20 ? 1 : 0, (double)status->power);
        add(chips, &count, ICON_BOLT, t->good, text);
    } else if (status->plugged) {
        add(chips, &count, ICON_BOLT, t->dim, "Plugged in");
    }
    if (status->climate) {
        snprintf(text, sizeof text, "%.1f °C", (double)status->cabin);
        add(chips, &count, ICON_AIR, status->target > status->cabin ? t->warn : t->accent, text);
    }
    if (status->link == SCENE_ASLEEP)
        add(chips, &count, ICON_MOON, t->dim, "Asleep");
    if (status->update[0] != '\0')
        add(chips, &count, ICON_GEAR, t->accent, status->update);
    if (s->pace > 0 && s->pace < 1)
        add(chips, &count, ICON_CLOCK, t->accent, "Slow motion");
    return count;
}

static struct text_style chip_style(const struct chip *chip)
{
    return (struct text_style){.size = 13, .weight = TEXT_MEDIUM, .colour = chip->colour};
}

static void chip_draw(cairo_t *cr, const struct theme *t, double x, double y, double w,
                      const struct chip *chip)
{
    struct text_style style = chip_style(chip);

    path_round(cr, x, y, w, 32, 16);
    paint_colour(cr, t->panel, 0.92);
    cairo_fill_preserve(cr);
    cairo_set_line_width(cr, 1);
    paint_colour(cr, t->line, t->line_alpha);
    cairo_stroke(cr);
    icon_draw(cr, chip->icon, x + 21, y + 16, 14, chip->colour);
    text_draw(cr, x + 36, y + 20.5, &style, chip->text);
}

static void chips_draw(cairo_t *cr, const struct theme *t, double width, double y,
                       const struct scene *s)
{
    struct chip chips[CHIPS_MAX];
    double w[CHIPS_MAX], total = -10;
    int count = chips_of(t, s, chips);

    for (int i = 0; i < count; i++) {
        struct text_style style = chip_style(&chips[i]);
        w[i] = text_width(cr, &style, chips[i].text) + 52;
        total += w[i] + 10;
    }
    double x = (width - total) / 2;
    for (int i = 0; i < count; i++) {
        chip_draw(cr, t, x, y, w[i], &chips[i]);
        x += w[i] + 10;
    }
}

#define CAPTION_HIGH 42.0

/* A pill that is as wide as the stage, and the room for words in it. */
static struct rect pill(cairo_t *cr, double width, double y, struct rgb ground)
{
    path_round(cr, 24, y, width - 48, CAPTION_HIGH, 12);
    paint_colour(cr, ground, 0.88);
    cairo_fill(cr);
    return (struct rect){40, y, width - 80, CAPTION_HIGH};
}

/* The space at which two lines are the most alike; NULL: there is none. */
static const char *middle_space(cairo_t *cr, const struct text_style *style, const char *text)
{
    const char *best = NULL;
    double least = INFINITY;
    char line[SCENE_CAPTION];

    for (const char *space = strchr(text, ' '); space != NULL; space = strchr(space + 1, ' ')) {
        snprintf(line, sizeof line, "%.*s", (int)(space - text), text);
        double first = text_width(cr, style, line);
        double longer = fmax(first, text_width(cr, style, space + 1));
        if (longer < least) {
            least = longer;
            best = space;
        }
    }
    return best;
}

/* In the middle of its room: on one line, or smaller on two. */
static void words(cairo_t *cr, const struct rect *room, const char *text)
{
    struct text_style style = {
        .size = 16, .weight = TEXT_MEDIUM, .colour = white, .align = TEXT_CENTRE};
    double x = room->x + room->w / 2;
    char line[SCENE_CAPTION];

    bool fits = text_width(cr, &style, text) <= room->w;
    const char *space = NULL;
    if (!fits) {
        style.size = 13.5;
        space = middle_space(cr, &style, text);
    }
    style.width = room->w;
    if (space == NULL) {
        text_draw(cr, x, room->y + 27, &style, text);
        return;
    }
    snprintf(line, sizeof line, "%.*s", (int)(space - text), text);
    text_draw(cr, x, room->y + 18, &style, line);
    text_draw(cr, x, room->y + 34.5, &style, space + 1);
}

/* `key`: what makes it go on; NULL: nothing has to. */
static void caption(cairo_t *cr, double width, double y, const char *text, const char *key,
                    struct rgb ground)
{
    struct rect room = pill(cr, width, y, ground);

    if (key != NULL) {
        struct text_style small = {.size = 12, .weight = TEXT_SEMIBOLD, .colour = white};
        double w = text_width(cr, &small, key);
        path_round(cr, width - 36 - w - 20, y + 9, w + 20, 24, 7);
        paint_colour(cr, white, 0.18);
        cairo_fill(cr);
        text_draw(cr, width - 36 - w - 10, y + 25.5, &small, key);
        room.w -= w + 32;
    }
    words(cr, &room, text);
}

/* What happens beside the story, behind a dot. */
static void notice(cairo_t *cr, const struct theme *t, double width, double y, const char *text)
{
    struct rect room = pill(cr, width, y, rgb_hex(0x232a33));

    cairo_arc(cr, 44, y + CAPTION_HIGH / 2, 5, 0, 2 * M_PI);
    paint_colour(cr, t->warn, 1);
    cairo_fill(cr);
    room.x += 18;
    room.w -= 18;
    words(cr, &room, text);
}

void stage_bottom(cairo_t *cr, const struct theme *t, double width, double height,
                  const struct scene *s)
{
    chips_draw(cr, t, width, height - 54, s);
    struct rgb plain = rgb_mix(black, t->accent, 0.18);
    if (s->notice[0] != '\0')
        notice(cr, t, width, height - 106, s->notice);
    else if (s->waits)
        caption(cr, width, height - 106, s->caption, "Enter ›", plain);
    else if (s->caption[0] != '\0')
        caption(cr, width, height - 106, s->caption, NULL, plain);
    else if (s->pace <= 0)
        caption(cr, width, height - 106, "Paused", NULL, plain);
}

/* ---- help ---- */

void stage_help(cairo_t *cr, const struct theme *t, const struct rect *where,
                const struct view_key *keys)
{
    struct panel p = {.cr = cr, .theme = t, .w = where->w, .h = where->h};
    int count = 0;

    while (keys[count].key != NULL)
        count++;
    cairo_save(cr);
    cairo_translate(cr, where->x, where->y);
    panel_frame(&p, NULL);
    text_draw(cr, 28, 46,
              &(struct text_style){.size = 20, .weight = TEXT_SEMIBOLD, .colour = t->text}, "Keys");
    int columns = count * 26 > where->h - 90 && where->w > 560 ? 2 : 1;
    int rows = (count + columns - 1) / columns;
    double step = fmin(32, (where->h - 80) / fmax(1, rows));
    for (int i = 0; i < count; i++) {
        int column = i / rows, row = i % rows;
        double x = 28 + column * (where->w - 40) / columns, y = 84 + row * step;
        text_draw(cr, x, y,
                  &(struct text_style){.size = 13, .weight = TEXT_SEMIBOLD, .colour = t->accent},
                  keys[i].key);
        text_draw(cr, x + 96, y,
                  &(struct text_style){
                      .size = 13, .colour = t->text, .width = (where->w - 40) / columns - 104},
                  keys[i].does);
    }
    cairo_restore(cr);
}
