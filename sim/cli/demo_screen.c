#include "cli/demo_screen.h"

#ifdef FLEETSIM_WINDOW

#include <stdlib.h>
#include <string.h>

#include "base/timeunit.h"
#include "render/window.h"

#define FRAME_MS 16
#define IDLE_MS  250

struct screen {
    const struct demo_screen *how;
    struct window *window;
    struct view *view;
    struct demo_run *run;
    struct scene scene;
    usec_t drawn; /* when the last frame was */
    bool moving, over, clean, help, paused;
};

/* What a key does at the car: the prelude's word for it. */
static const struct {
    const char *key, *act;
} acts[] = {
    {"u",            "unlock" },
    {"c",            "climate"},
    {"w",            "windows"},
    {"b",            "charge" },
    {"n",            "horn"   },
    {"f",            "flash"  },
    {"a",            "alarm"  },
    {"d",            "drive"  },
    {"z",            "sleep"  },
    {"t",            "tunnel" },
    {"g",            "garage" },
    {"j",            "ajar"   },
    {"v",            "flat"   },
    {"o",            "day"    },
    {"p",            "cable"  },
    {"m",            "phone"  },
    {"x",            "update" },
    {"r",            "reset"  },
    {"s",            "slow"   },
    {"return",       "next"   },
    {"keypad enter", "next"   },
    {"pagedown",     "next"   },
};

static const struct view_key keys[] = {
    {"click",   "a door, window, lamp, lid, port, the roof (locks)"},
    {"U",       "the app unlocks or locks"                         },
    {"C",       "the app switches the climate control"             },
    {"W",       "the app opens or closes the windows"              },
    {"B",       "the app starts or stops charging"                 },
    {"N",       "the app sounds the horn"                          },
    {"F",       "the app flashes the lights"                       },
    {"P",       "somebody plugs in, or pulls the plug"             },
    {"D",       "somebody drives off, or stops"                    },
    {"A",       "somebody breaks in; again: the app ends it"       },
    {"J",       "a door is left ajar"                              },
    {"Z",       "the car falls asleep, or wakes"                   },
    {"T",       "a tunnel: no network; again: out of it"           },
    {"G",       "an underground garage; again: out of it"          },
    {"V",       "the 12 V battery runs flat; again: jump start"    },
    {"M",       "the phone is off; again: on"                      },
    {"X",       "an update over the air, which fails"              },
    {"O",       "day or night"                                     },
    {"R",       "car and shadow as they were at first"             },
    {"S",       "slow motion; again: full speed"                   },
    {"Enter",   "the story goes on (--advance key)"                },
    {"← →", "the car before, the next one"                     },
    {"Space",   "the picture stands still; again: goes on"         },
    {"Tab",     "the car alone, for a recording"                   },
    {"F11",     "full screen"                                      },
    {"H",       "this help"                                        },
    {"Q",       "ends it"                                          },
    {NULL,      NULL                                               },
};

bool demo_screen_is_built(void)
{
    return true;
}

void demo_screen_news(void *ctx)
{
    (void)ctx;
    window_wake();
}

/* ---- input ---- */

/* Keys of the window itself; false: it is none of them. */
static bool window_key(struct screen *s, const char *key)
{
    if (strcmp(key, "q") == 0 || strcmp(key, "escape") == 0)
        s->over = true;
    else if (strcmp(key, "h") == 0 || strcmp(key, "f1") == 0)
        view_set_help(s->view, s->help = !s->help);
    else if (strcmp(key, "tab") == 0)
        view_set_clean(s->view, s->clean = !s->clean);
    else if (strcmp(key, "f11") == 0)
        window_toggle_full_screen(s->window);
    else if (strcmp(key, "space") == 0)
        s->paused = !s->paused;
    else if (strcmp(key, "left") == 0)
        demo_run_select(s->run, (int64_t)s->scene.fleet.selected - 1);
    else if (strcmp(key, "right") == 0)
        demo_run_select(s->run, (int64_t)s->scene.fleet.selected + 1);
    else
        return false;
    return true;
}

static void on_key(struct screen *s, const char *key)
{
    if (window_key(s, key))
        return;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(acts[i].key, key) == 0)
            demo_run_act(s->run, acts[i].act);
}

static void on_click(struct screen *s, double x, double y)
{
    struct view_hit hit = view_hit(s->view, x, y);

    if (hit.spot == VIEW_PART)
        demo_run_act(s->run, hit.part);
    else if (hit.spot == VIEW_CAR)
        demo_run_select(s->run, hit.car);
}

static void handle(struct screen *s, const struct window_event *event)
{
    switch (event->what) {
    case WINDOW_QUIT:
        s->over = true;
        break;
    case WINDOW_KEY:
        on_key(s, event->key);
        break;
    case WINDOW_CLICK:
        on_click(s, event->x, event->y);
        break;
    case WINDOW_RESIZED:
        view_resize(s->view, event->width, event->height);
        break;
    case WINDOW_NOTHING:
        break;
    }
}

/* ---- frames ---- */

static void take_news(struct screen *s)
{
    struct scene scene;

    if (demo_run_take(s->run, &scene))
        s->scene = scene;
    scene = s->scene;
    if (s->paused)
        scene.pace = 0;
    view_show(s->view, &scene);
    if (demo_run_state(s->run) == DEMO_ENDED)
        s->over = true;
}

static void draw(struct screen *s)
{
    struct view_box boxes[VIEW_BOXES_MAX];
    usec_t now = clock_now();
    double seconds = (double)(now - s->drawn) / 1e6;

    /* After a rest the first step is short, so that nothing jumps. */
    s->moving = view_frame(s->view, seconds > 0.1 ? FRAME_MS / 1e3 : seconds);
    s->drawn = now;
    if (s->moving)
        window_show(s->window, view_surface(s->view), boxes, view_damage(s->view, boxes));
    if (s->moving)
        view_presented(s->view, (int64_t)clock_now());
}

static void play(struct screen *s)
{
    struct window_event event;

    while (!s->over) {
        usec_t due = s->drawn + FRAME_MS * USEC_PER_MSEC, now = clock_now();
        int rest = s->moving ? now >= due ? 1 : (int)((due - now) / USEC_PER_MSEC) : IDLE_MS;
        window_wait(s->window, rest, &event);
        do /* all that has come is in the next frame */
            handle(s, &event);
        while (!s->over && window_poll(s->window, &event));
        take_news(s);
        if (clock_now() >= due)
            draw(s);
        else
            s->moving = true; /* there may be news: the frame is due soon */
    }
}

bool demo_screen_play(const struct demo_screen *how, struct demo_run *(*start)(void *ctx),
                      void *ctx, int *ret_status, struct error *err)
{
    struct screen *s = calloc(1, sizeof *s);
    int width, height;

    if (s == NULL)
        abort();
    s->how = how;
    s->window = window_open("fleetsim", how->width, how->height, err);
    if (s->window == NULL) {
        free(s);
        return false;
    }
    if (how->full_screen)
        window_toggle_full_screen(s->window);
    window_size(s->window, &width, &height);
    s->view = view_new(width, height, keys);
    if (how->clean)
        view_set_clean(s->view, s->clean = true);
    scene_init(&s->scene);
    s->run = start(ctx);
    demo_run_give_way();
    play(s);
    window_hide(s->window);
    *ret_status = demo_run_stop(s->run); /* before the window goes that it wakes */
    view_free(s->view);
    window_close(s->window);
    free(s);
    return true;
}

#else

bool demo_screen_is_built(void)
{
    return false;
}

void demo_screen_news(void *ctx)
{
    (void)ctx;
}

bool demo_screen_play(const struct demo_screen *how, struct demo_run *(*start)(void *ctx),
                      void *ctx, int *ret_status, struct error *err)
{
    (void)how;
    (void)start;
    (void)ctx;
    (void)ret_status;
    return error_set(err, ERROR_USAGE,
                     "no window: this build has no SDL2 (install libsdl2-dev and build again, or "
                     "use --headless)");
}

#endif
