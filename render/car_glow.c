#include <math.h>

#include "render/car_layer.h"

static const struct rgb black = {0, 0, 0};

static void shadow_draw(const struct brush *b)
{
    path_outline(b->cr, b->s, 0);
    paint_colour(b->cr, black, 0.62);
    cairo_fill(b->cr);
}

static void low_draw(const struct brush *b)
{
    lights_beam(b, BEAM_LOW);
}

static void high_draw(const struct brush *b)
{
    lights_beam(b, BEAM_HIGH);
}

static void fog_draw(const struct brush *b)
{
    lights_beam(b, BEAM_FOG);
}

/* What each is: drawn with hard edges, then blurred. Made small where nothing in it is sharp. */
static const struct {
    void (*draw)(const struct brush *b);
    double blur; /* metres */
    int coarse;
    struct margin margin; /* behind the tail instead of the whole car: see margin_of() */
} glows[GLOW_COUNT] = {
    [GLOW_SHADOW] = {shadow_draw,   0.13, 2, {0.9, 0.8, 0.9}},
    [GLOW_LOW] = {low_draw,      0.11, 4, {2.0, 5.2, 0}  },
    [GLOW_HIGH] = {high_draw,     0.11, 4, {2.0, 7.4, 0}  },
    [GLOW_FOG] = {fog_draw,      0.11, 4, {1.8, 2.8, 0}  },
    [GLOW_BEHIND] = {lights_behind, 0.05, 4, {0.9, 0, 1.9}  },
    [GLOW_ALARM] = {air_aura,      0.17, 2, {0.9, 0.8, 0.9}},
    [GLOW_ENERGY] = {charge_below,  0.17, 2, {0.9, 0.8, 0.9}},
    [GLOW_RIM] = {shell_rim,     0,    1, {0.1, 0.1, 0.1}},
    [GLOW_CABIN] = {cabin_light,   0.02, 2, {0.2, 0.2, 0.2}},
    [GLOW_HEAD] = {lights_head,   0,    2, {0.5, 0.5, 0}  },
    [GLOW_TAIL] = {lights_tail,   0,    2, {0.9, 0, 1.0}  },
    [GLOW_LEFT] = {lights_left,   0,    2, {0.9, 0.7, 0.8}},
    [GLOW_RIGHT] = {lights_right,  0,    2, {0.9, 0.7, 0.8}},
};

/* Those that have no room behind (or ahead) need no more of the car than its front (or tail). */
static struct margin margin_of(enum glow glow, const struct body_shape *s)
{
    struct margin m = glows[glow].margin;

    if (m.behind <= 0)
        m.behind = -(s->length - 1.4);
    if (m.ahead <= 0)
        m.ahead = -(s->length - 1.5);
    return m;
}

static double strength(enum glow glow, const struct brush *b)
{
    const struct car_picture *p = b->p;
    double night = (double)p->night, front = 0.25 + 0.75 * night;
    double beam = fmax((double)p->low_beam, (double)p->high_beam);
    double tail = 0.5 * fmax((double)p->parking, (double)p->low_beam);
    double strong = fmax((double)p->brake, 0.9 * (double)p->fog_rear);

    switch (glow) {
    case GLOW_SHADOW:
        return 1 - 0.25 * night;
    case GLOW_LOW:
        return (double)p->low_beam * front;
    case GLOW_HIGH:
        return (double)p->high_beam * front;
    case GLOW_FOG:
        return (double)p->fog_front * front;
    case GLOW_BEHIND:
        return fmax(0.35 * (double)p->parking, strong) * (0.33 + 0.67 * night);
    case GLOW_ALARM:
        return (double)p->alarm * (0.30 + 0.65 * air_beat(b->phase));
    case GLOW_ENERGY:
        return (double)(p->charging * (1 - p->alarm)) * charge_pulse(b->phase);
    case GLOW_RIM:
        return night * (0.55 - 0.2 * (double)p->asleep);
    case GLOW_CABIN:
        return (double)p->interior * (0.45 + 0.55 * night);
    case GLOW_HEAD:
        return fmax(beam, 0.55 * fmax((double)p->daytime, (double)p->parking)) *
               (0.6 + 0.4 * night);
    case GLOW_TAIL:
        return fmax(tail, strong) * (0.55 + 0.45 * night);
    case GLOW_LEFT:
        return (double)p->left * blink(b->phase);
    case GLOW_RIGHT:
        return (double)p->right * blink(b->phase);
    case GLOW_COUNT:
        break;
    }
    return 0;
}

static void make_glow(struct layer *l, const struct car_place *place, const struct layer_place *at,
                      enum glow glow)
{
    static const struct car_picture any;
    int coarse = glows[glow].coarse;
    struct car_place inside = {(place->x - at->x) / coarse, (place->y - at->y) / coarse,
                               place->scale / coarse};
    cairo_surface_t *small =
        cairo_image_surface_create(CAIRO_FORMAT_ARGB32, at->w / coarse + 1, at->h / coarse + 1);
    cairo_t *cr = cairo_create(small);

    layer_metres(cr, body_shape(l->body), &inside);
    if (glow == GLOW_SHADOW)
        cairo_translate(cr, 0.09, 0.13);
    struct brush b = layer_brush(cr, l->body, &any);
    glows[glow].draw(&b);
    if (glows[glow].blur > 0)
        paint_blur(small, glows[glow].blur * inside.scale);
    if (glow == GLOW_SHADOW) { /* a darker line where it touches the ground */
        cairo_translate(cr, -0.06, -0.08);
        path_outline(cr, b.s, -0.02);
        paint_colour(cr, black, 0.42);
        cairo_fill(cr);
        paint_blur(small, 0.04 * inside.scale);
    }
    cairo_destroy(cr);
    cr = cairo_create(l->surface);
    cairo_scale(cr, coarse, coarse);
    cairo_set_source_surface(cr, small, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_BILINEAR);
    cairo_paint(cr);
    cairo_destroy(cr);
    cairo_surface_destroy(small);
}

void glow_show(struct layer *layers, cairo_t *cr, const struct brush *b,
               const struct car_place *place, enum glow first, enum glow end)
{
    static const struct car_picture any;

    for (int i = first; i < (int)end; i++) {
        enum glow glow = (enum glow)i;
        double on = fmin(1, strength(glow, b));
        if (on < 0.01)
            continue;
        struct margin margin = margin_of(glow, b->s);
        struct layer_place at = layer_place(b->s, &margin, place);
        if (layer_begin(&layers[i], b->body, &any, place->scale, &at))
            make_glow(&layers[i], place, &at, glow);
        layer_show(cr, &layers[i], &at, on);
    }
}
