/*
 * demo_run.h — the simulation of a demo, on a thread of its own: whoever shows it never makes it
 * wait. What is to be seen comes out as scenes, the newest replacing the one before; what people do
 * goes in through the loop's mailbox.
 *
 * Threads   all functions from one thread, the view's. `news` is called on the simulation's.
 */
#ifndef CLI_DEMO_RUN_H
#define CLI_DEMO_RUN_H

#include "cli/api_endpoint.h"
#include "cli/options.h"
#include "cli/target.h"
#include "render/scene.h"

struct demo_run;

struct demo_run_options {
    const char *vehicles_dir, *story, *radio;
    const char *const *models;
    size_t model_count;
    uint64_t vehicles, seed;
    double time_scale;
    bool insecure;
    bool led;     /* its captions wait for demo_run_act(run, "next") */
    bool measure; /* tells at the end how late the loop was */
    bool strict;  /* nobody watches: see struct demo_options; an error of the story ends it, too */
    struct target_options target;
    struct api_endpoint_options api;
    void (*news)(void *ctx); /* there is something to take; must not call back */
    void *ctx;
};

enum demo_state {
    DEMO_STARTING,
    DEMO_READY, /* the first car is online */
    DEMO_TOLD,  /* and the story has come to its end */
    DEMO_ENDED
};

/* Starts it; `options` and all that it borrows outlive it. */
struct demo_run *demo_run_start(const struct demo_run_options *options);
/* The calling thread, which draws, gives way to the simulation when there is not enough of the
   processor for both. */
void demo_run_give_way(void);
enum demo_state demo_run_state(struct demo_run *run);
/* Is there a scene that was not taken yet? */
bool demo_run_has_news(struct demo_run *run);
/* The newest scene, if it was not taken before; its cells are valid until the next call. */
bool demo_run_take(struct demo_run *run, struct scene *ret);
/* demo_act() and demo_select() there. */
void demo_run_act(struct demo_run *run, const char *what);
void demo_run_select(struct demo_run *run, int64_t index);
/* Ends it, if it has not ended; returns its exit status, and says why on stderr. */
int demo_run_stop(struct demo_run *run);

#endif
