#include "render/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "render/car.h"
#include "render/ground.h"
#include "render/motion.h"
#include "render/panel.h"
#include "render/stage.h"
#include "render/text.h"

#define TOP    84.0  /* units of the design that the words above the car take */
#define BOTTOM 112.0 /* and below it */

struct view {
    int width, height; /* pixels */
    bool clean, help;
    const struct view_key *keys;
    struct layout layout;
    struct theme theme;
    cairo_surface_t *frame;
    cairo_surface_t *top, *bottom; /* words over the stage */
    struct car_painter *painter;
    struct ground *ground;
    struct motion motion;
    struct scene scene;
    struct first_frame first_frame;
    uint8_t *cells;
    bool shown; /* there was a scene */
    bool stage_dirty, all_dirty, words_dirty;
    bool dirty[LAYOUT_PANEL_COUNT];
    struct view_box damage[VIEW_BOXES_MAX];
    size_t damages;
};

/* ---- its life ---- */

static cairo_surface_t *surface_of(double w, double h)
{
    return cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)ceil(w), (int)ceil(h));
}

static void drop_surfaces(struct view *v)
{
    cairo_surface_t **all[] = {&v->frame, &v->top, &v->bottom};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (*all[i] != NULL)
            cairo_surface_destroy(*all[i]);
        *all[i] = NULL;
    }
}

static void lay_out(struct view *v)
{
    drop_surfaces(v);
    v->layout = layout_of(v->width, v->height, v->clean);
    double unit = v->layout.unit;
    v->frame = surface_of(v->width, v->height);
    v->top = surface_of(v->layout.stage.w * unit, TOP * unit);
    v->bottom = surface_of(v->layout.stage.w * unit, BOTTOM * unit);
    v->all_dirty = true;
}

struct view *view_new(int width, int height, const struct view_key *keys)
{
    struct view *v = xcalloc(1, sizeof *v);

    v->keys = keys;
    v->painter = car_painter_new();
    v->ground = ground_new();
    scene_init(&v->scene);
    v->theme = theme_at(0);
    view_resize(v, width, height);
    return v;
}

void view_free(struct view *v)
{
    if (v == NULL)
        return;
    drop_surfaces(v);
    car_painter_free(v->painter);
    ground_free(v->ground);
    free(v->cells);
    free(v);
}

void view_done(void)
{
    text_forget_fonts();
}

void view_resize(struct view *v, int width, int height)
{
    v->width = width < 64 ? 64 : width;
    v->height = height < 64 ? 64 : height;
    lay_out(v);
}

void view_set_clean(struct view *v, bool clean)
{
    v->clean = clean;
    lay_out(v);
}

void view_set_help(struct view *v, bool shown)
{
    v->help = shown;
    v->all_dirty = true;
}

/* ---- what has changed ---- */

#define DIFFERS(a, b) (!scene_same(&(a), &(b), sizeof(a)))

static void take_cells(struct view *v, const struct scene *scene)
{
    uint32_t count = scene->cells != NULL ? scene->fleet.count : 0;

    v->cells = xrealloc(v->cells, count + 1);
    if (count > 0)
        memcpy(v->cells, scene->cells, count);
}

void view_show(struct view *v, const struct scene *scene)
{
    bool other = !v->shown || strcmp(v->scene.status.name, scene->status.name) != 0;

    v->words_dirty = v->words_dirty || DIFFERS(v->scene.status, scene->status) ||
                     DIFFERS(v->scene.caption, scene->caption) ||
                     DIFFERS(v->scene.notice, scene->notice) || v->scene.pace != scene->pace ||
                     v->scene.waits != scene->waits;
    for (int i = LAYOUT_CHARGE; i <= LAYOUT_LINK; i++)
        v->dirty[i] = v->dirty[i] || DIFFERS(v->scene.status, scene->status);
    v->dirty[LAYOUT_JOURNEY] |= DIFFERS(v->scene.journey, scene->journey);
    v->dirty[LAYOUT_SHADOW] |= DIFFERS(v->scene.shadows, scene->shadows);
    v->dirty[LAYOUT_MESSAGES] |= DIFFERS(v->scene.messages, scene->messages);
    v->dirty[LAYOUT_MAP] |= DIFFERS(v->scene.map, scene->map);
    if (DIFFERS(v->scene.fleet, scene->fleet)) {
        v->dirty[LAYOUT_FLEET] = true;
        take_cells(v, scene);
    }
    v->scene = *scene;
    v->scene.cells = NULL; /* its own copy is in cells */
    v->motion.target = scene->picture;
    if (other)
        motion_jump(&v->motion, &scene->picture);
    v->stage_dirty = v->stage_dirty || other;
    v->shown = true;
}

void view_settle(struct view *v)
{
    motion_jump(&v->motion, &v->scene.picture);
    v->stage_dirty = true;
}

/* ---- drawing ---- */

static struct car_place place_of(const struct view *v)
{
    const struct rect *r = &v->layout.stage;
    double w, l, unit = v->layout.unit;

    car_extent(v->scene.body, &w, &l);
    double high = (r->h - TOP - BOTTOM - 24) / (l + 0.1), wide = r->w / (w + 2.7);
    double scale = fmin(fmin(high, wide), 150);
    return (struct car_place){.x = floor((r->x + r->w / 2) * unit),
                              .y = floor((r->y + TOP + (r->h - TOP - BOTTOM) / 2 + 8) * unit),
                              .scale = scale * unit};
}

static void damage(struct view *v, const struct rect *r)
{
    double unit = v->layout.unit;
    int x0 = (int)floor((r->x - 4) * unit), y0 = (int)floor((r->y - 4) * unit);
    int x1 = (int)ceil((r->x + r->w + 4) * unit), y1 = (int)ceil((r->y + r->h + 6) * unit);

    x0 = x0 < 0 ? 0 : x0;
    y0 = y0 < 0 ? 0 : y0;
    x1 = x1 > v->width ? v->width : x1;
    y1 = y1 > v->height ? v->height : y1;
    if (v->damages < VIEW_BOXES_MAX && x1 > x0 && y1 > y0)
        v->damage[v->damages++] = (struct view_box){x0, y0, x1 - x0, y1 - y0};
}

static void clear(cairo_t *cr)
{
    cairo_set_operator(cr, CAIRO_OPERATOR_CLEAR);
    cairo_paint(cr);
    cairo_set_operator(cr, CAIRO_OPERATOR_OVER);
}

static void draw_words(struct view *v)
{
    double unit = v->layout.unit, w = v->layout.stage.w;
    cairo_t *cr = cairo_create(v->top);

    clear(cr);
    cairo_scale(cr, unit, unit);
    if (!v->clean)
        stage_top(cr, &v->theme, w, &v->scene);
    cairo_destroy(cr);
    cr = cairo_create(v->bottom);
    clear(cr);
    cairo_scale(cr, unit, unit);
    if (!v->clean || v->scene.caption[0] != '\0')
        stage_bottom(cr, &v->theme, w, BOTTOM, &v->scene);
    cairo_destroy(cr);
    v->words_dirty = false;
}

/* The stage fades into what stands beside it. */
static void fade_edge(const struct view *v, cairo_t *cr, double w, double h)
{
    double fade = 56 * v->layout.unit;

    if (v->layout.stage.w >= v->layout.width)
        return;
    cairo_pattern_t *p = cairo_pattern_create_linear(w - fade, 0, w, 0);
    paint_stop(p, 0, v->theme.ground, 0);
    paint_stop(p, 1, v->theme.ground, 1);
    cairo_rectangle(cr, w - fade, 0, fade, h);
    paint_fill(cr, p);
}

/* So that words are read over a road, too. */
static void fade_top(const struct view *v, cairo_t *cr, double w)
{
    double high = 118 * v->layout.unit, strong = 0.88 * (double)v->motion.now.road;

    if (strong < 0.01 || v->clean)
        return;
    cairo_pattern_t *p = cairo_pattern_create_linear(0, 0, 0, high);
    paint_stop(p, 0, v->theme.ground_light, strong);
    paint_stop(p, 0.62, v->theme.ground_light, strong * 0.88);
    paint_stop(p, 1, v->theme.ground_light, 0);
    cairo_rectangle(cr, 0, 0, w, high);
    paint_fill(cr, p);
}

static void draw_stage(struct view *v)
{
    const struct rect *r = &v->layout.stage;
    double unit = v->layout.unit;
    int w = (int)ceil(r->w * unit), h = (int)ceil(r->h * unit);
    struct car_place place = place_of(v);
    struct car_moment moment = {.phase = v->motion.phase, .rolled = v->motion.rolled};
    cairo_t *cr = cairo_create(v->frame);

    if (v->words_dirty)
        draw_words(v);
    cairo_rectangle(cr, 0, 0, w, h);
    cairo_clip(cr);
    ground_paint(v->ground, cr,
                 &(struct ground_look){&v->theme, w, h, place, (double)v->motion.now.road,
                                       v->motion.rolled});
    if (v->shown)
        car_paint(v->painter, cr, v->scene.body, &v->motion.now, &place, &moment);
    fade_top(v, cr, w);
    fade_edge(v, cr, w, h);
    cairo_set_source_surface(cr, v->top, 0, 0);
    cairo_paint(cr);
    cairo_set_source_surface(cr, v->bottom, 0, floor((r->h - BOTTOM) * unit));
    cairo_paint(cr);
    if (v->help && v->layout.panel[LAYOUT_JOURNEY].w <= 0) {
        struct rect where = {r->w * 0.5 - 260, 60, 520, r->h - 120};
        cairo_scale(cr, unit, unit);
        stage_help(cr, &v->theme, &where, v->keys);
    }
    cairo_destroy(cr);
    damage(v, r);
}

static void draw_panel(struct view *v, enum layout_panel which)
{
    const struct rect *r = &v->layout.panel[which];
    struct panel p = {.theme = &v->theme, .w = r->w, .h = r->h, .phase = v->motion.phase};

    v->dirty[which] = false;
    if (r->w <= 0 || r->h <= 20 || v->help)
        return;
    p.cr = cairo_create(v->frame);
    cairo_scale(p.cr, v->layout.unit, v->layout.unit);
    cairo_rectangle(p.cr, r->x - 4, r->y - 4, r->w + 8, r->h + 10);
    cairo_clip(p.cr);
    paint_colour(p.cr, v->theme.ground, 1);
    cairo_paint(p.cr);
    cairo_translate(p.cr, r->x, r->y);
    if (which <= LAYOUT_LINK)
        panel_status(&p, which, &v->scene.status);
    else if (which == LAYOUT_JOURNEY)
        panel_journey(&p, &v->scene.journey, &v->first_frame);
    else if (which == LAYOUT_SHADOW)
        panel_shadows(&p, &v->scene.shadows);
    else if (which == LAYOUT_MESSAGES)
        panel_messages(&p, &v->scene.messages);
    else if (which == LAYOUT_MAP)
        panel_map(&p, &v->scene.map);
    else
        panel_fleet(&p, &v->scene.fleet, v->cells);
    cairo_destroy(p.cr);
    damage(v, r);
}

/* Where the panels are, the help lies over them. */
static void draw_help(struct view *v)
{
    const struct rect *first = &v->layout.panel[LAYOUT_CHARGE];
    struct rect where = {first->x, first->y, v->layout.width - first->x - 20,
                         v->layout.height - 40};

    if (!v->help || first->w <= 0)
        return;
    cairo_t *cr = cairo_create(v->frame);
    cairo_scale(cr, v->layout.unit, v->layout.unit);
    stage_help(cr, &v->theme, &where, v->keys);
    cairo_destroy(cr);
}

static void draw_all(struct view *v)
{
    struct rect all = {0, 0, v->layout.width, v->layout.height};
    cairo_t *cr = cairo_create(v->frame);

    paint_colour(cr, v->theme.ground, 1);
    cairo_paint(cr);
    cairo_destroy(cr);
    v->words_dirty = true;
    draw_stage(v);
    for (int i = 0; i < LAYOUT_PANEL_COUNT; i++)
        draw_panel(v, (enum layout_panel)i);
    draw_help(v);
    v->damages = 0;
    damage(v, &all);
    v->all_dirty = v->stage_dirty = false;
}

/* Night falls in steps, each of which draws everything. */
static void take_theme(struct view *v)
{
    double night = round((double)v->motion.now.night * 24) / 24;

    if (night == v->theme.night)
        return;
    v->theme = theme_at(night);
    v->all_dirty = true;
}

static bool journey_moves(const struct view *v)
{
    return v->scene.journey.number != 0 && v->scene.journey.outcome == SCENE_OPEN;
}

bool view_frame(struct view *v, double seconds)
{
    double phase = v->motion.phase;
    bool moves = motion_step(&v->motion, seconds * (double)v->scene.pace);

    v->damages = 0;
    take_theme(v);
    if (journey_moves(v)) {
        v->dirty[LAYOUT_JOURNEY] = true;
        if (v->motion.phase == phase)
            v->motion.phase += seconds;
    }
    if (v->all_dirty) {
        draw_all(v);
        return true;
    }
    if (moves || v->stage_dirty || v->words_dirty)
        draw_stage(v);
    v->stage_dirty = false;
    for (int i = 0; i < LAYOUT_PANEL_COUNT; i++)
        if (v->dirty[i])
            draw_panel(v, (enum layout_panel)i);
    return v->damages > 0;
}

void view_presented(struct view *v, int64_t now)
{
    if (first_frame_shown(&v->first_frame, &v->scene.journey, now))
        v->dirty[LAYOUT_JOURNEY] = true;
}

/* ---- what others see ---- */

const struct first_frame *view_first_frame(const struct view *v)
{
    return &v->first_frame;
}

cairo_surface_t *view_surface(struct view *v)
{
    return v->frame;
}

size_t view_damage(const struct view *v, struct view_box ret[static VIEW_BOXES_MAX])
{
    memcpy(ret, v->damage, sizeof v->damage);
    return v->damages;
}

const struct car_picture *view_picture(const struct view *v)
{
    return &v->motion.now;
}

struct view_hit view_hit(const struct view *v, double x, double y)
{
    struct view_hit hit = {VIEW_NOWHERE, NULL, 0};
    double ux = x / v->layout.unit, uy = y / v->layout.unit;
    const struct rect *fleet = &v->layout.panel[LAYOUT_FLEET];

    if (!v->help && rect_has(fleet, ux, uy)) {
        int64_t car =
            panel_fleet_hit(fleet->w, fleet->h, v->scene.fleet.count, ux - fleet->x, uy - fleet->y);
        if (car >= 0)
            hit = (struct view_hit){VIEW_CAR, NULL, (uint32_t)car};
        return hit;
    }
    struct car_place place = place_of(v);
    const char *part =
        rect_has(&v->layout.stage, ux, uy) ? car_hit(v->scene.body, &place, x, y) : NULL;
    if (part != NULL)
        hit = (struct view_hit){VIEW_PART, part, 0};
    return hit;
}
