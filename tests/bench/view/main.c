/*
 * fleetsim-bench-view — what a frame costs, and the pictures of docs/pictures.
 *
 *     build/fleetsim-bench-view                  CPU time per frame at 1280x800, by what moves
 *     build/fleetsim-bench-view --pictures DIR   draws cars_rest.png, cars_night.png, … there
 *     build/fleetsim-bench-view --bodies DIR     draws hatch.png, hatch_open.png, … for the
 * companion page, which keeps them as WebP
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "render/car.h"
#include "render/ground.h"
#include "render/view.h"

static const struct view_key no_keys[] = {
    {NULL, NULL}
};

/* ---- frames ---- */

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fill(struct scene *s)
{
    scene_init(s);
    strcpy(s->status.title, "Long-range EV Saloon");
    strcpy(s->status.name, "WFSZZZ0000000001");
    strcpy(s->status.locks, "locked");
    s->body = PICTURE_SALOON;
    s->status.link = SCENE_ONLINE;
    s->status.charge = 65;
}

/* `moves`: a field of the picture that goes to the other end and back, again and again; NULL: none.
 */
static void measure(const char *what, struct car_picture picture, const char *moves)
{
    enum { FRAMES = 240 };
    const struct picture_field *field = moves != NULL ? picture_field_find(moves) : NULL;
    struct scene s;
    struct view *v = view_new(1280, 800, no_keys);
    double most = 0;
    int drawn = 0;

    fill(&s);
    s.picture = picture;
    view_show(v, &s);
    view_settle(v);
    for (int i = 0; i < 4; i++)
        view_frame(v, 1 / 60.0);
    double began = cpu_ms();
    for (int i = 0; i < FRAMES; i++) {
        double at = cpu_ms();
        if (field != NULL && i % 80 == 0) {
            picture_set(&s.picture, field, 1 - picture_get(&s.picture, field));
            view_show(v, &s);
        }
        drawn += view_frame(v, 1 / 60.0);
        double took = cpu_ms() - at;
        most = took > most ? took : most;
    }
    printf("%-36s %6.2f ms %6.2f ms %6d of %d\n", what, (cpu_ms() - began) / FRAMES, most, drawn,
           FRAMES);
    view_free(v);
}

static void measure_all(void)
{
    static const struct {
        const char *what;
        struct car_picture picture;
        const char *moves;
    } all[] = {
        {.what = "parked, nothing moves"                                },
        {                    .what = "driving by day", .picture = {.road = 1, .speed = 14, .daytime = 1, .driver = 1}},
        {                    .what = "driving by night, lights, warm air",
         .picture = {.road = 1,
                     .speed = 14,
                     .low_beam = 1,
                     .parking = 1,
                     .driver = 1,
                     .night = 1,
                     .warm = 1}},
        {                                                             .what = "charging",              .picture = {.cable = 1, .flap = 1, .charging = 1}},
        {                    .what = "alarm, horn, hazard lights",
         .picture = {.alarm = 1, .horn = 1, .left = 1, .right = 1}},
        {                          .what = "a door that swings",                                     .moves = "door.front_left"},
        {                    .what = "a trunk that opens",                                               .moves = "trunk"},
        {                    .what = "a window that glides",                                    .moves = "window.rear_left"},
        {                    .what = "lamps that go on, by night",                                        .picture = {.night = 1}, .moves = "low_beam"},
        { .what = "mirrors that fold",                                     .moves = "mirrors"},
        { .what = "a driver who gets in",
         .picture = {.door = {1}, .interior = 1},
         .moves = "driver"},
        {                                              .what = "a car that falls asleep",                                                               .picture = {.night = 1}, .moves = "asleep"},
        {    .what = "night that falls",                                              .moves = "night"},
    };

    printf("%-36s %9s %9s %s\n", "1280x800, CPU time of a frame", "mean", "most", "frames drawn");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        measure(all[i].what, all[i].picture, all[i].moves);
}

/* ---- pictures ---- */

static const struct sheet {
    const char *name;
    struct car_picture picture;
} sheets[] = {
    {"rest",     {.locked = 1}                                                                   },
    {"open",
     {.door = {1, 0.8F, 1, 0},
      .window = {0, 0, 0, 0.6F},
      .trunk = 1,
      .bonnet = 0.7F,
      .sunroof = 0.8F,
      .interior = 0.6F,
      .driver = 0.66F,
      .left = 1}                                                                                 },
    {"driving",  {.road = 1, .speed = 20, .daytime = 1, .driver = 1, .cold = 1}                  },
    {"night",
     {.road = 1, .low_beam = 1, .parking = 1, .driver = 1, .passenger = 1, .night = 1, .warm = 1}},
    {"charging", {.cable = 1, .flap = 1, .charging = 1, .night = 0.0F}                           },
    {"asleep",   {.asleep = 1, .night = 1, .locked = 1, .mirrors = 1}                            },
    {"alarm",    {.alarm = 1, .horn = 1, .left = 1, .right = 1, .night = 1}                      },
};

#define CELL 256
#define HIGH 500

static void draw_car(cairo_t *cr, const struct sheet *sheet, enum picture_body body)
{
    struct theme theme = theme_at((double)sheet->picture.night);
    struct car_picture picture = sheet->picture;
    struct car_painter *painter = car_painter_new();
    double w, l;

    car_extent(body, &w, &l);
    double scale = (HIGH - 110) / (l + 0.1), widest = CELL / (w + 1.9);
    struct car_place place = {CELL / 2, HIGH / 2 + 20, scale < widest ? scale : widest};
    if (body == PICTURE_VAN)
        picture.cable = picture.flap = picture.charging = 0; /* it has a tank */
    cairo_save(cr);
    cairo_translate(cr, CELL * (int)body, 0);
    if (picture.road > 0) {
        struct ground *ground = ground_new();
        cairo_rectangle(cr, 0, 0, CELL, HIGH);
        cairo_clip(cr);
        ground_paint(ground, cr,
                     &(struct ground_look){&theme, CELL, HIGH, place, (double)picture.road, 2});
        ground_free(ground);
    }
    car_paint(painter, cr, body, &picture, &place,
              &(struct car_moment){.phase = 0.25, .rolled = 2});
    cairo_restore(cr);
    car_painter_free(painter);
}

static bool draw_sheet(const struct sheet *sheet, const char *folder)
{
    int width = CELL * PICTURE_BODY_COUNT;
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, HIGH);
    cairo_t *cr = cairo_create(s);
    struct theme theme = theme_at((double)sheet->picture.night);
    struct ground *ground = ground_new();
    char path[512];

    ground_paint(ground, cr,
                 &(struct ground_look){
                     &theme, width, HIGH, {width / 2, HIGH / 2, 100},
                        0, 0
    });
    ground_free(ground);
    for (int body = 0; body < PICTURE_BODY_COUNT; body++)
        draw_car(cr, sheet, (enum picture_body)body);
    cairo_destroy(cr);
    snprintf(path, sizeof path, "%s/cars_%s.png", folder, sheet->name);
    cairo_status_t status = cairo_surface_write_to_png(s, path);
    cairo_surface_destroy(s);
    if (status != CAIRO_STATUS_SUCCESS)
        fprintf(stderr, "%s: %s\n", path, cairo_status_to_string(status));
    return status == CAIRO_STATUS_SUCCESS;
}

/* ---- bodies on nothing ---- */

/* Metres beside the middle and before nose and tail; sim/api/companion/picture.js has the same. */
#define ROOM_SIDE 2.4
#define ROOM_END  1.0
#define TALL      800.0

static bool draw_body(enum picture_body body, const struct car_picture *picture, const char *ending,
                      const char *folder)
{
    double width, length;
    char path[512];

    car_extent(body, &width, &length);
    double scale = TALL / (length + 2 * ROOM_END);
    int across = (int)(2 * ROOM_SIDE * scale);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, across, (int)TALL);
    cairo_t *cr = cairo_create(surface);
    struct car_painter *painter = car_painter_new();
    struct car_place place = {ROOM_SIDE * scale, TALL / 2, scale};
    car_paint(painter, cr, body, picture, &place, &(struct car_moment){.phase = 0});
    car_painter_free(painter);
    cairo_destroy(cr);
    snprintf(path, sizeof path, "%s/%s%s.png", folder, picture_body_name(body), ending);
    bool ok = cairo_surface_write_to_png(surface, path) == CAIRO_STATUS_SUCCESS;
    cairo_surface_destroy(surface);
    if (!ok)
        fprintf(stderr, "fleetsim-bench-view: %s: cannot be written (is the folder there?)\n",
                path);
    return ok;
}

static bool draw_bodies(const char *folder)
{
    static const struct car_picture rest = {.locked = 1};
    static const struct car_picture open = {
        .door = {1, 1, 1, 1},
          .trunk = 1, .bonnet = 1
    };
    bool ok = true;

    for (int body = 0; body < PICTURE_BODY_COUNT && ok; body++)
        ok = draw_body((enum picture_body)body, &rest, "", folder) &&
             draw_body((enum picture_body)body, &open, "_open", folder);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        measure_all();
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "--bodies") == 0)
        return draw_bodies(argv[2]) ? 0 : 1;
    if (argc != 3 || strcmp(argv[1], "--pictures") != 0) {
        fprintf(stderr, "Usage: %s [--pictures DIR | --bodies DIR]\n", argv[0]);
        return 2;
    }
    bool ok = true;
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++)
        ok = draw_sheet(&sheets[i], argv[2]) && ok;
    return ok ? 0 : 1;
}
