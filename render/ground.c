#include "render/ground.h"

#include <math.h>
#include <stdlib.h>

#include "base/xmem.h"

static const struct rgb white = {1, 1, 1}, black = {0, 0, 0};

#define LANE 3.4 /* metres */
#define DASH 3.0
#define REST 4.5

struct ground {
    cairo_surface_t *floor;   /* with its light */
    cairo_surface_t *asphalt; /* a tile */
    int w, h;
    double night, x, y;
};

struct ground *ground_new(void)
{
    return xcalloc(1, sizeof(struct ground));
}

void ground_free(struct ground *ground)
{
    if (ground == NULL)
        return;
    if (ground->floor != NULL)
        cairo_surface_destroy(ground->floor);
    if (ground->asphalt != NULL)
        cairo_surface_destroy(ground->asphalt);
    free(ground);
}

static void make_floor(struct ground *g, const struct theme *theme, const struct car_place *place)
{
    if (g->floor != NULL)
        cairo_surface_destroy(g->floor);
    g->floor = cairo_image_surface_create(CAIRO_FORMAT_RGB24, g->w, g->h);
    cairo_t *cr = cairo_create(g->floor);
    double r = hypot(g->w, g->h) * 0.62;
    cairo_pattern_t *p = cairo_pattern_create_radial(place->x - r * 0.10, place->y - r * 0.16, 0,
                                                     place->x, place->y, r);
    paint_stop(p, 0, theme->ground_light, 1);
    paint_stop(p, 0.45, rgb_mix(theme->ground_light, theme->ground, 0.35), 1);
    paint_stop(p, 1, theme->ground, 1);
    paint_all(cr, p);
    cairo_destroy(cr);
}

/* Grains that repeat every 256 pixels, the same ones each time. */
static cairo_surface_t *make_asphalt(void)
{
    enum { SIDE = 256 };
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, SIDE, SIDE);
    int stride = cairo_image_surface_get_stride(s);
    uint8_t *data = cairo_image_surface_get_data(s);
    uint32_t seed = 12345;

    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            seed = seed * 1664525u + 1013904223u;
            uint32_t n = seed >> 24, alpha = n > 236 ? 15 : n < 24 ? 30 : n % 9;
            uint32_t grey = n > 236 ? alpha : 0;
            uint32_t pixel = alpha << 24 | grey << 16 | grey << 8 | grey;
            ((uint32_t *)(void *)(data + (ptrdiff_t)y * stride))[x] = pixel;
        }
    cairo_surface_mark_dirty(s);
    return s;
}

static void dashes(cairo_t *cr, double scale, double h, double middle, double rolled)
{
    double every = (DASH + REST) * scale;
    double from = fmod(middle + rolled * scale, every) - every;
    int count = (int)ceil((h - from) / every);

    for (int i = 0; i < count; i++)
        path_round(cr, -0.075 * scale, from + i * every, 0.15 * scale, DASH * scale, 0.03 * scale);
    cairo_fill(cr);
}

static void road_paint(struct ground *g, cairo_t *cr, const struct theme *theme,
                       const struct car_place *place, double rolled)
{
    double k = place->scale, lane = fmin(LANE * k, g->w * 0.86);
    double left = place->x - lane / 2, right = place->x + lane / 2;
    struct rgb asphalt = rgb_mix(rgb_hex(0x82898f), rgb_hex(0x1b2026), theme->night);
    struct rgb paint = rgb_mix(rgb_hex(0xf6f7f7), rgb_hex(0xa9b1b8), theme->night);
    struct rgb verge = rgb_mix(rgb_hex(0x9fae94), rgb_hex(0x10161a), theme->night);
    double kerb = right + 0.9 * k;

    paint_colour(cr, asphalt, 1);
    cairo_rectangle(cr, 0, 0, kerb, g->h);
    cairo_fill(cr);
    paint_colour(cr, verge, 1);
    cairo_rectangle(cr, kerb, 0, fmax(0, g->w - kerb), g->h);
    cairo_fill(cr);
    if (g->asphalt == NULL)
        g->asphalt = make_asphalt();
    cairo_save(cr);
    cairo_rectangle(cr, 0, 0, g->w, g->h);
    cairo_clip(cr);
    cairo_set_source_surface(cr, g->asphalt, 0, fmod(floor(rolled * k), 256));
    cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_REPEAT);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
    cairo_paint(cr);
    cairo_restore(cr);
    /* Where tyres have run the road is darker and smooth. */
    for (int side = -1; side <= 1; side += 2) {
        double x = place->x + side * 0.78 * k;
        cairo_pattern_t *p = cairo_pattern_create_linear(x - 0.4 * k, 0, x + 0.4 * k, 0);
        paint_stop(p, 0, black, 0);
        paint_stop(p, 0.5, black, 0.13);
        paint_stop(p, 1, black, 0);
        cairo_rectangle(cr, x - 0.4 * k, 0, 0.8 * k, g->h);
        paint_fill(cr, p);
    }
    paint_colour(cr, paint, 0.92);
    cairo_save(cr);
    cairo_translate(cr, left, 0);
    dashes(cr, k, g->h, place->y, rolled);
    cairo_restore(cr);
    cairo_rectangle(cr, right, 0, 0.12 * k, g->h);
    cairo_fill(cr);
}

static void vignette(cairo_t *cr, const struct ground *g, const struct theme *theme)
{
    cairo_pattern_t *p = cairo_pattern_create_linear(0, 0, 0, g->h);
    double strong = 0.10 + 0.35 * theme->night;

    paint_stop(p, 0, theme->night > 0.5 ? black : white, strong);
    paint_stop(p, 0.25, theme->night > 0.5 ? black : white, 0);
    paint_stop(p, 0.75, black, 0);
    paint_stop(p, 1, black, strong);
    cairo_rectangle(cr, 0, 0, g->w, g->h);
    paint_fill(cr, p);
}

void ground_paint(struct ground *g, cairo_t *cr, const struct ground_look *look)
{
    const struct theme *theme = look->theme;
    const struct car_place *place = &look->place;
    double road = look->road, rolled = look->rolled;
    int w = look->w, h = look->h;

    if (g->floor == NULL || g->w != w || g->h != h || g->night != theme->night ||
        g->x != place->x || g->y != place->y) {
        g->w = w;
        g->h = h;
        g->night = theme->night;
        g->x = place->x;
        g->y = place->y;
        make_floor(g, theme, place);
    }
    if (road < 0.999) {
        cairo_set_source_surface(cr, g->floor, 0, 0);
        cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
        cairo_paint(cr);
    }
    if (road <= 0.001)
        return;
    if (road < 0.999)
        cairo_push_group(cr);
    road_paint(g, cr, theme, place, rolled);
    vignette(cr, g, theme);
    if (road < 0.999) {
        cairo_pop_group_to_source(cr);
        cairo_paint_with_alpha(cr, road);
    }
}
