/*
 * demo.h — cars that somebody watches: what `fleetsim demo` does between the scripts and the view.
 * The half that is Lua is prelude/demo.lua; what of a car is to be seen, prelude/picture.lua.
 *
 * It looks at one car, as soon as something has happened to it but at most sixty times a second,
 * and hands out a scene.
 *
 * Owns      its cars, companions and tasks. Borrows the script.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_DEMO_H
#define SCRIPT_DEMO_H

#include "render/scene.h"
#include "script/runtime.h"

struct demo;

struct demo_options {
    const char *const *models; /* taken in turn */
    size_t model_count;
    uint32_t vehicles;
    uint64_t seed;
    const char *story; /* a Lua file; NULL: none */
    bool led;          /* each of its captions waits for demo_act(demo, "next") */
    bool strict; /* a car or an app that does not come online in time, or an error until then, ends
                    it; else it says so and goes on */
    /* Something is new. The scene and its cells are borrowed during the call. */
    void (*seen)(void *ctx, const struct scene *scene);
    /* The first car is online, and the app beside it: seen() has told. */
    void (*ready)(void *ctx);
    /* It cannot go on: there is no car, or it is strict; ERROR_SCRIPT. */
    void (*failed)(void *ctx, const char *text);
    /* The story has come to its end; `why`: by this error, NULL: well. */
    void (*told)(void *ctx, const char *why);
    void *ctx;
};

/* Adds its functions to the core table on top of the stack. */
void demo_open(lua_State *L);

/* NULL: the story cannot be read. */
struct demo *demo_new(struct script *script, const struct demo_options *options, struct error *err);
void demo_free(struct demo *demo); /* NULL is fine */

/* Another car, by its place among those of the demo; out of range: the nearest. */
void demo_select(struct demo *demo, int64_t index);
uint32_t demo_selected(const struct demo *demo);
/* Somebody clicks on a part (the name of a picture_field) or presses a key ("unlock", "drive", …:
   see the prelude); nothing happens if there is nothing of that name. */
void demo_act(struct demo *demo, const char *what);
/* What is wrong, said on screen for a while. */
void demo_notice(struct demo *demo, const char *text);
/* The same until another one; "": none. Stories have them too. */
void demo_caption(struct demo *demo, const char *text);

#endif
