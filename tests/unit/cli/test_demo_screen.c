/* Keys and clicks as SDL brings them, on a screen that nobody sees: what each does at the demo. The
   demo behind it is this program's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/demo_screen.h"

#ifdef FLEETSIM_WINDOW

#include <SDL.h>

#include "render/view.h"

#define WIDTH  1280
#define HEIGHT 800
#define CARS   3

struct demo_run {
    void (*push)(void); /* what people do, once the first scene is shown */
    unsigned taken;
    char done[1024];
    bool stopped;
};

static struct demo_run demo;
static const uint8_t cells[CARS];
static const struct view_key no_keys[] = {
    {NULL, NULL}
};

/* ---- the demo ---- */

static void fill(struct scene *s)
{
    scene_init(s);
    strcpy(s->status.name, "car");
    s->fleet = (struct scene_fleet){.count = CARS, .selected = 1, .change = 1};
    s->cells = cells;
    s->pace = 1;
}

enum demo_state demo_run_state(struct demo_run *run)
{
    (void)run;
    return DEMO_READY;
}

bool demo_run_take(struct demo_run *run, struct scene *ret)
{
    if (run->taken++ > 0)
        return false;
    fill(ret);
    run->push();
    return true;
}

static void note(const char *word)
{
    size_t len = strlen(demo.done);

    snprintf(demo.done + len, sizeof demo.done - len, "%s ", word);
}

void demo_run_act(struct demo_run *run, const char *what)
{
    (void)run;
    note(what);
}

void demo_run_select(struct demo_run *run, int64_t index)
{
    char word[24];

    (void)run;
    snprintf(word, sizeof word, "#%d", (int)index);
    note(word);
}

int demo_run_stop(struct demo_run *run)
{
    run->stopped = true;
    return 7;
}

void demo_run_give_way(void)
{
}

bool demo_run_has_news(struct demo_run *run)
{
    return run->taken == 0;
}

struct demo_run *demo_run_start(const struct demo_run_options *options)
{
    (void)options;
    return &demo;
}

/* ---- the people ---- */

static void press_again(SDL_Keycode key, bool held)
{
    SDL_Event event = {
        .key = {.type = SDL_KEYDOWN,
                .state = SDL_PRESSED,
                .repeat = held,
                .keysym = {.sym = key, .scancode = SDL_GetScancodeFromKey(key)}}
    };

    assert_int_equal(SDL_PushEvent(&event), 1);
    event.key.type = SDL_KEYUP;
    event.key.state = SDL_RELEASED;
    assert_int_equal(SDL_PushEvent(&event), 1);
}

static void press(SDL_Keycode key)
{
    press_again(key, false);
}

static void click(int x, int y, uint8_t button)
{
    SDL_Event event = {
        .button = {
                   .type = SDL_MOUSEBUTTONDOWN, .button = button, .state = SDL_PRESSED, .x = x, .y = y}
    };

    assert_int_equal(SDL_PushEvent(&event), 1);
}

/* Where that is: what a view of the same size finds. */
static void find(enum view_spot spot, const char *part, uint32_t car, int *ret_x, int *ret_y)
{
    struct view *v = view_new(WIDTH, HEIGHT, no_keys);
    struct scene s;

    fill(&s);
    view_show(v, &s);
    view_settle(v);
    for (int y = 2; y < HEIGHT; y += 3)
        for (int x = 2; x < WIDTH; x += 3) {
            struct view_hit hit = view_hit(v, x, y);
            if (hit.spot == spot &&
                (spot == VIEW_CAR ? hit.car == car : strcmp(hit.part, part) == 0)) {
                *ret_x = x;
                *ret_y = y;
                view_free(v);
                return;
            }
        }
    fail_msg("there is no %s", part != NULL ? part : "such car");
}

/* Until somebody ends it; what has come to the demo. */
static struct demo_run *start(void *ctx)
{
    return ctx;
}

static const char *play(void (*push)(void))
{
    const struct demo_screen how = {.width = WIDTH, .height = HEIGHT};
    struct error err;
    int status = 0;

    setenv("SDL_VIDEODRIVER", "dummy", 1);
    demo = (struct demo_run){.push = push};
    if (!demo_screen_play(&how, start, &demo, &status, &err))
        fail_msg("%s", err.text);
    assert_int_equal(status, 7);
    assert_true(demo.stopped);
    return demo.done;
}

/* ---- the tests ---- */

/* ORDER: as docs/view.md has them. */
static const struct {
    SDL_Keycode key;
    const char *does;
} keys[] = {
    {SDLK_u,        "unlock" },
    {SDLK_c,        "climate"},
    {SDLK_w,        "windows"},
    {SDLK_b,        "charge" },
    {SDLK_n,        "horn"   },
    {SDLK_f,        "flash"  },
    {SDLK_p,        "cable"  },
    {SDLK_d,        "drive"  },
    {SDLK_a,        "alarm"  },
    {SDLK_j,        "ajar"   },
    {SDLK_o,        "day"    },
    {SDLK_z,        "sleep"  },
    {SDLK_t,        "tunnel" },
    {SDLK_g,        "garage" },
    {SDLK_v,        "flat"   },
    {SDLK_m,        "phone"  },
    {SDLK_x,        "update" },
    {SDLK_r,        "reset"  },
    {SDLK_s,        "slow"   },
    {SDLK_RETURN,   "next"   },
    {SDLK_KP_ENTER, "next"   },
    {SDLK_PAGEDOWN, "next"   },
    {SDLK_LEFT,     "#0"     },
    {SDLK_RIGHT,    "#2"     },
};

static void press_all(void)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        press(keys[i].key);
        press_again(keys[i].key, true); /* held down: once is enough */
    }
    press(SDLK_k); /* none */
    press(SDLK_q);
    press(SDLK_u); /* too late */
}

static void each_key_does_what_the_help_says(void **state)
{
    char expected[1024] = "";

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        strcat(expected, keys[i].does);
        strcat(expected, " ");
    }
    assert_string_equal(play(press_all), expected);
}

static void click_everywhere(void)
{
    int x, y;

    find(VIEW_PART, "door.front_left", 0, &x, &y);
    click(x, y, SDL_BUTTON_LEFT);
    click(x, y, SDL_BUTTON_RIGHT);
    find(VIEW_PART, "locked", 0, &x, &y);
    click(x, y, SDL_BUTTON_LEFT);
    click(2, 2, SDL_BUTTON_LEFT);
    find(VIEW_CAR, NULL, 2, &x, &y);
    click(x, y, SDL_BUTTON_LEFT);
    press(SDLK_h);
    click(x, y, SDL_BUTTON_LEFT); /* the help lies over it */
    press(SDLK_F1);
    press(SDLK_TAB);
    click(x, y, SDL_BUTTON_LEFT); /* the car is alone */
    press(SDLK_TAB);
    press(SDLK_SPACE);
    press(SDLK_SPACE);
    click(x, y, SDL_BUTTON_LEFT);
    press(SDLK_ESCAPE);
}

static void clicks_reach_what_lies_there(void **state)
{
    (void)state;
    assert_string_equal(play(click_everywhere), "door.front_left locked #2 #2 ");
}

static void close_it(void)
{
    SDL_Event event = {.type = SDL_QUIT};

    press(SDLK_F11);
    press(SDLK_F11);
    assert_int_equal(SDL_PushEvent(&event), 1);
}

static void a_window_that_is_closed_ends_the_demo(void **state)
{
    (void)state;
    assert_string_equal(play(close_it), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_does_what_the_help_says),
        cmocka_unit_test(clicks_reach_what_lies_there),
        cmocka_unit_test(a_window_that_is_closed_ends_the_demo),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    view_done();
    return failed;
}

#else

static void there_is_no_window(void **state)
{
    (void)state;
    assert_false(demo_screen_is_built());
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_is_no_window)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
