#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "render/car.h"
#include "render/layout.h"
#include "render/panel.h"
#include "render/view.h"

static const struct view_key keys[] = {
    {"H",  "help"},
    {NULL, NULL  }
};

/* ---- layout ---- */

static bool overlap(const struct rect *a, const struct rect *b)
{
    return a->w > 0 && b->w > 0 && a->x < b->x + b->w - 0.01 && b->x < a->x + a->w - 0.01 &&
           a->y < b->y + b->h - 0.01 && b->y < a->y + a->h - 0.01;
}

static void panels_are_in_the_window_and_apart(void **state)
{
    static const int sizes[][2] = {
        {1280, 800 },
        {2560, 1600},
        {1920, 1080},
        {1024, 768 },
        {3440, 1440}
    };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct layout l = layout_of(sizes[i][0], sizes[i][1], false);
        for (int a = 0; a < LAYOUT_PANEL_COUNT; a++) {
            assert_true(l.panel[a].x >= l.stage.x + l.stage.w - 0.01);
            assert_true(l.panel[a].x + l.panel[a].w <= l.width);
            assert_true(l.panel[a].y + l.panel[a].h <= l.height);
            assert_true(l.panel[a].h > 60);
            for (int b = 0; b < a; b++)
                assert_false(overlap(&l.panel[a], &l.panel[b]));
        }
    }
}

static void a_clean_or_small_window_has_the_car_alone(void **state)
{
    struct layout clean = layout_of(1280, 800, true), small = layout_of(400, 300, false);

    (void)state;
    assert_float_equal(clean.stage.w, clean.width, 0);
    assert_float_equal(small.stage.w, small.width, 0);
    assert_float_equal(small.panel[LAYOUT_FLEET].w, 0, 0);
}

/* ---- what lies where ---- */

static void a_click_finds_the_part_that_is_there(void **state)
{
    static const struct {
        double x, y; /* metres from the middle of the nose */
        const char *part;
    } spots[] = {
        {-0.86, 1.9,  "door.front_left"  },
        {0.86,  1.9,  "door.front_right" },
        {-0.86, 3.0,  "door.rear_left"   },
        {-0.70, 2.2,  "window.front_left"},
        {0.68,  3.0,  "window.rear_right"},
        {0,     0.6,  "bonnet"           },
        {0,     4.1,  "trunk"            },
        {0,     2.5,  "locked"           },
        {0,     1.4,  "warm"             },
        {0.86,  3.83, "cable"            },
        {-0.55, 0.12, "low_beam"         },
    };
    struct car_place place = {.x = 300, .y = 400, .scale = 100};

    (void)state;
    for (size_t i = 0; i < sizeof spots / sizeof *spots; i++) {
        const char *part =
            car_hit(PICTURE_HATCH, &place, 300 + spots[i].x * 100, 400 + (spots[i].y - 2.13) * 100);
        assert_non_null(part);
        assert_string_equal(part, spots[i].part);
        assert_non_null(picture_field_find(part));
    }
    assert_null(car_hit(PICTURE_HATCH, &place, 20, 20));
}

static void each_cell_of_a_fleet_can_be_clicked(void **state)
{
    static const uint32_t counts[] = {1, 5, 100, 2000, 20000};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int64_t last = -1;
        for (double y = 0; y < 150; y += 0.25)
            for (double x = 0; x < 320; x += 0.25) {
                int64_t cell = panel_fleet_hit(320, 150, counts[i], x, y);
                last = cell > last ? cell : last;
                assert_true(cell < (int64_t)counts[i]);
            }
        assert_int_equal(last, counts[i] - 1);
    }
}

/* ---- frames ---- */

static void fill(struct scene *s)
{
    scene_init(s);
    strcpy(s->status.name, "WFSZZZ0000000001");
    strcpy(s->status.title, "Compact EV");
    s->status.charge = 70;
}

static void nothing_is_drawn_when_nothing_changes(void **state)
{
    struct scene s;
    struct view *v = view_new(640, 400, keys);

    (void)state;
    fill(&s);
    view_show(v, &s);
    view_settle(v);
    assert_true(view_frame(v, 0.016));
    assert_false(view_frame(v, 0.016));
    view_show(v, &s);
    assert_false(view_frame(v, 0.016));
    view_free(v);
}

static void only_what_changes_is_drawn(void **state)
{
    struct view_box boxes[VIEW_BOXES_MAX];
    struct scene s;
    struct view *v = view_new(1280, 800, keys);
    struct layout l = layout_of(1280, 800, false);

    (void)state;
    fill(&s);
    view_show(v, &s);
    view_settle(v);
    view_frame(v, 0.016);
    assert_int_equal(view_damage(v, boxes), 1);
    assert_int_equal(boxes[0].w, 1280);
    s.shadows.count = 1;
    s.shadows.shadow[0].version = 9;
    view_show(v, &s);
    assert_true(view_frame(v, 0.016));
    assert_int_equal(view_damage(v, boxes), 1);
    assert_in_range(boxes[0].x, (int)l.panel[LAYOUT_SHADOW].x - 6, (int)l.panel[LAYOUT_SHADOW].x);
    view_free(v);
}

static uint64_t sum_of_shadows(const struct scene *s)
{
    struct view *v = view_new(1280, 800, keys);
    struct rect r = layout_of(1280, 800, false).panel[LAYOUT_SHADOW];
    uint64_t sum = 0;

    view_show(v, s);
    view_settle(v);
    assert_true(view_frame(v, 0.016));
    cairo_surface_t *surface = view_surface(v);
    cairo_surface_flush(surface);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    for (int y = (int)r.y; y < (int)(r.y + r.h); y++)
        for (int x = 4 * (int)r.x; x < 4 * (int)(r.x + r.w); x++)
            sum = sum * 31 + data[y * stride + x];
    view_free(v);
    return sum;
}

/* Each of many has rows to be seen, and its version; what has no room is left out. */
static void all_shadows_share_the_panel(void **state)
{
    struct scene s;

    (void)state;
    fill(&s);
    s.shadows.count = SCENE_SHADOWS;
    for (int i = 0; i < SCENE_SHADOWS; i++) {
        struct scene_shadow *shadow = &s.shadows.shadow[i];
        snprintf(shadow->name, sizeof shadow->name, "shadow %d", i);
        shadow->version = 1;
        shadow->count = SCENE_ROWS;
        for (int k = 0; k < SCENE_ROWS; k++)
            snprintf(shadow->row[k].path, sizeof shadow->row[k].path, "row.%d", k);
    }
    uint64_t all = sum_of_shadows(&s);
    for (int i = 0; i < SCENE_SHADOWS; i++) {
        struct scene other = s;
        other.shadows.shadow[i].version = 2;
        assert_true(sum_of_shadows(&other) != all);
        other = s;
        strcpy(other.shadows.shadow[i].row[0].reported, "new");
        assert_true(sum_of_shadows(&other) != all);
        other = s;
        strcpy(other.shadows.shadow[i].row[SCENE_ROWS - 1].reported, "new");
        assert_true(sum_of_shadows(&other) == all);
    }
}

static void a_door_takes_its_time_and_another_car_none(void **state)
{
    struct scene s;
    struct view *v = view_new(640, 400, keys);

    (void)state;
    fill(&s);
    view_show(v, &s);
    view_frame(v, 0.016);
    s.picture.door[PICTURE_REAR_LEFT] = 1;
    view_show(v, &s);
    view_frame(v, 0.016);
    assert_true(view_picture(v)->door[PICTURE_REAR_LEFT] < 0.5F);
    strcpy(s.status.name, "another");
    view_show(v, &s);
    assert_float_equal(view_picture(v)->door[PICTURE_REAR_LEFT], 1, 0);
    view_free(v);
}

static void any_size_and_any_text_are_survived(void **state)
{
    static const int sizes[][2] = {
        {0,    0   },
        {64,   64  },
        {161,  4000},
        {4000, 161 },
        {801,  603 }
    };
    struct scene s;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int body = 0; body < PICTURE_BODY_COUNT; body++) {
            struct view *v = view_new(sizes[i][0], sizes[i][1], keys);
            fill(&s);
            s.body = (enum picture_body)body;
            memset(s.status.title, 0xf7, sizeof s.status.title - 1); /* no UTF-8 */
            memset(s.caption, 'W', sizeof s.caption - 1);
            s.picture.road = s.picture.night = 1;
            view_show(v, &s);
            view_set_help(v, i % 2 == 0);
            assert_true(view_frame(v, 0.016));
            view_hit(v, 1, 1);
            view_free(v);
        }
}

static int done(void **state)
{
    (void)state;
    view_done();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(panels_are_in_the_window_and_apart),
        cmocka_unit_test(a_clean_or_small_window_has_the_car_alone),
        cmocka_unit_test(a_click_finds_the_part_that_is_there),
        cmocka_unit_test(each_cell_of_a_fleet_can_be_clicked),
        cmocka_unit_test(nothing_is_drawn_when_nothing_changes),
        cmocka_unit_test(only_what_changes_is_drawn),
        cmocka_unit_test(all_shadows_share_the_panel),
        cmocka_unit_test(a_door_takes_its_time_and_another_car_none),
        cmocka_unit_test(any_size_and_any_text_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, done);
}
