#include "cli/demo_run.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "actors/companion.h"
#include "api/api.h"
#include "base/log.h"
#include "base/xmem.h"
#include "cli/loop_lag.h"
#include "cli/oracle_run.h"
#include "cli/run_choice.h"
#include "fleet/simulation.h"
#include "metrics/recorder.h"
#include "radio/radio_profile.h"
#include "script/demo.h"

#define TIMELINE_PLACES      400
#define TIMELINE_PLACES_MANY 60 /* of each of many cars */
#define MANY                 200
#define HINT_FOR             (20 * USEC_PER_SEC)
#define REVIVE_AFTER         USEC_PER_SEC
#define REVIVE_EVERY         (10 * USEC_PER_MSEC)

struct demo_run {
    const struct demo_run_options *options;
    pthread_t thread;
    /* Shared, under the lock. */
    pthread_mutex_t lock;
    enum demo_state state;
    struct scene scene;
    uint8_t *cells;
    size_t cell_room;
    bool fresh;
    struct loop *loop; /* NULL: not made yet, or gone */
    bool stop;         /* as soon as there is a loop */
    /* The view's. */
    uint8_t *taken;
    size_t taken_room;
    /* The simulation's. */
    struct target target;
    struct simulation *sim;
    struct script *script;
    struct demo *demo;
    struct api_endpoint api;
    ev_signal sigint, sigterm;
    struct loop_lag lag;       /* from when all cars were online */
    struct loop_timer revival; /* of the local cloud */
    struct loop_timer hint;    /* its end */
    struct error error;
    int status;
};

/* ---- from the simulation ---- */

static void news(struct demo_run *run)
{
    if (run->options->news != NULL)
        run->options->news(run->options->ctx);
}

static void become(struct demo_run *run, enum demo_state state)
{
    pthread_mutex_lock(&run->lock);
    if (state > run->state)
        run->state = state;
    pthread_mutex_unlock(&run->lock);
    news(run);
}

static uint8_t *copy_cells(uint8_t *to, size_t *room, const uint8_t *from, size_t count)
{
    if (*room < count) {
        *room = count;
        to = xrealloc(to, count);
    }
    if (count > 0)
        memcpy(to, from, count);
    return to;
}

static void on_seen(void *ctx, const struct scene *scene)
{
    struct demo_run *run = ctx;

    if (run->options->measure && run->lag.recorder == NULL && scene->fleet.count > 0 &&
        scene->fleet.by_link[SCENE_ONLINE] == scene->fleet.count)
        loop_lag_start(&run->lag, run->sim->loop, run->sim->recorder);
    pthread_mutex_lock(&run->lock);
    run->scene = *scene;
    run->cells = copy_cells(run->cells, &run->cell_room, scene->cells, scene->fleet.count);
    run->fresh = true;
    pthread_mutex_unlock(&run->lock);
    news(run);
}

static void on_ready(void *ctx)
{
    become(ctx, DEMO_READY);
}

static void end_with(struct demo_run *run, enum error_code code, const char *text)
{
    if (run->status == 0) {
        error_set(&run->error, code, "%s", text);
        run->status = (int)code;
    }
    loop_stop(run->sim->loop);
}

static void on_told(void *ctx, const char *why)
{
    struct demo_run *run = ctx;

    if (why != NULL && run->options->strict)
        end_with(run, ERROR_SCRIPT, why);
    become(run, DEMO_TOLD);
}

static void on_failed(void *ctx, const char *text)
{
    end_with(ctx, ERROR_SCRIPT, text);
}

/* ---- a broker that has ended ---- */

static void on_broker_ended(void *ctx, const char *why);

static void on_revive(void *arg)
{
    struct demo_run *run = arg;
    bool running = false;
    struct error err;

    if (!target_resume(&run->target, &running, &err)) {
        end_with(run, ERROR_TARGET, err.text);
        return;
    }
    if (!running) {
        loop_timer_start(&run->revival, REVIVE_EVERY);
        return;
    }
    target_watch(&run->target, run->sim->loop, on_broker_ended, run);
    demo_notice(run->demo, "The local cloud is back: cars connect again, each in its own time");
}

/* Nothing is over: an audience is watching. */
static void on_broker_ended(void *ctx, const char *why)
{
    struct demo_run *run = ctx;

    log_error("local cloud: %s", why);
    demo_notice(run->demo, "The local cloud has ended. Starting it again …");
    loop_timer_start(&run->revival, REVIVE_AFTER);
}

static void on_signal(struct ev_loop *ev, ev_signal *w, int events)
{
    struct demo_run *run = w->data;

    (void)ev;
    (void)events;
    run->status = 128 + w->signum;
    loop_stop(run->sim->loop);
}

/* ---- the thread ---- */

static bool open_simulation(struct demo_run *run, struct error *err)
{
    const struct demo_run_options *o = run->options;
    struct simulation_options options = {
        .endpoint = run->target.uri,
        .pki_dir = run->target.pki_dir,
        .pki_lasts = target_pki_lasts(&run->target),
        .ca_file = run->target.ca_file,
        .insecure = o->insecure,
        .seed = o->seed,
        .time_scale = o->time_scale,
        .version = MQTT_5,
        .radio = o->radio != NULL ? radio_profile_find(slice_str(o->radio)) : NULL,
        .timeline_places = o->vehicles > MANY ? TIMELINE_PLACES_MANY : TIMELINE_PLACES,
    };

    run->sim = simulation_new(&options, err);
    if (run->sim == NULL || !oracle_run_open(run->sim, NULL, 0, err))
        return false;
    struct script_options script = {
        .simulation = run->sim,
        .vehicles_dir = o->vehicles_dir,
        .foreign_cloud = o->target.endpoint != NULL,
        .local_cloud = {.is_local = o->target.endpoint == NULL,
                        .control = target_control,
                        .control_ctx = &run->target},
        .app = { .name = run->target.app_name,
                        .uri = run->target.app_uri != NULL ? run->target.app_uri : run->sim->uri,
                        .ca_file = run->target.ca_file,
                        .cert_file = run->target.app_cert,
                        .key_file = run->target.app_key,
                        .insecure = o->insecure},
    };
    script.updates = run_choose_updates(&run->target);
    run->script = script_new(&script, err);
    return run->script != NULL && companion_prepare(NULL, err);
}

static bool open_api(struct demo_run *run, struct error *err)
{
    struct api_endpoint_source source = {
        .metrics = {.sim = run->sim, .run = "demo", .command = "demo", .started = clock_now()},
        .script = run->script,
        .target = &run->target,
        .own_cloud = run->options->target.endpoint == NULL,
        .page = run->options->target.page,
    };

    return api_endpoint_open(&run->api, &run->options->api, &source, err);
}

static void watch_signal(struct demo_run *run, ev_signal *w, int number)
{
    ev_signal_init(w, on_signal, number);
    w->data = run;
    ev_signal_start(run->sim->loop->ev, w);
}

/* From here on others may post to the loop; false: it is to stop already. */
static bool lend_loop(struct demo_run *run, struct loop *loop)
{
    pthread_mutex_lock(&run->lock);
    run->loop = loop;
    bool stop = run->stop;
    pthread_mutex_unlock(&run->lock);
    return !stop;
}

static void tell_lag(const struct demo_run *run)
{
    const struct recorder_stage *lag = recorder_stage(run->sim->recorder, "loop.lag");

    if (!run->options->measure || lag == NULL)
        return;
    printf("how late the simulation's loop was, all cars online:\n  %-34s %6.2f ms %6.2f ms %6.2f "
           "ms\n",
           "median, p99, most", (double)histogram_percentile(&lag->total, 50) / 1e3,
           (double)histogram_percentile(&lag->total, 99) / 1e3,
           (double)histogram_max(&lag->total) / 1e3);
}

static void play(struct demo_run *run)
{
    watch_signal(run, &run->sigint, SIGINT);
    watch_signal(run, &run->sigterm, SIGTERM);
    loop_timer_init(&run->revival, run->sim->loop, on_revive, run);
    target_watch(&run->target, run->sim->loop, on_broker_ended, run);
    if (lend_loop(run, run->sim->loop))
        loop_run(run->sim->loop);
    lend_loop(run, NULL);
    loop_lag_stop(&run->lag);
    tell_lag(run);
    loop_timer_stop(&run->revival);
    ev_signal_stop(run->sim->loop->ev, &run->sigint);
    ev_signal_stop(run->sim->loop->ev, &run->sigterm);
}

static void on_hint_over(void *arg)
{
    demo_caption(((struct demo_run *)arg)->demo, "");
}

/* An audience sees where the app is; only the terminal has its link with the token. A story has
   captions of its own. */
static void say_page(struct demo_run *run)
{
    loop_timer_init(&run->hint, run->sim->loop, on_hint_over, run);
    if (!run->options->target.page || run->options->story != NULL || run->options->strict)
        return;
    char *text = xasprintf("The app beside it: %s/companion/", api_url(run->api.api));
    demo_caption(run->demo, text);
    free(text);
    loop_timer_start(&run->hint, HINT_FOR);
}

static void *simulate(void *arg)
{
    struct demo_run *run = arg;
    const struct demo_run_options *o = run->options;
    struct demo_options demo = {
        .models = o->models,
        .model_count = o->model_count,
        .vehicles = (uint32_t)o->vehicles,
        .seed = o->seed,
        .story = o->story,
        .led = o->led,
        .strict = o->strict,
        .seen = on_seen,
        .ready = on_ready,
        .failed = on_failed,
        .told = on_told,
        .ctx = run,
    };

    if (target_open(&run->target, &o->target, &run->error) && open_simulation(run, &run->error) &&
        open_api(run, &run->error) &&
        (run->demo = demo_new(run->script, &demo, &run->error)) != NULL) {
        say_page(run);
        play(run);
        loop_timer_stop(&run->hint);
    } else
        run->status = (int)run->error.code;
    api_endpoint_close(&run->api);
    demo_free(run->demo);
    run->demo = NULL;
    script_free(run->script);
    target_close(&run->target);
    simulation_free(run->sim);
    become(run, DEMO_ENDED);
    return NULL;
}

/* ---- from the view ---- */

struct demo_run *demo_run_start(const struct demo_run_options *options)
{
    struct demo_run *run = xcalloc(1, sizeof *run);

    run->options = options;
    run->target.lock = -1;
    scene_init(&run->scene);
    pthread_mutex_init(&run->lock, NULL);
    if (pthread_create(&run->thread, NULL, simulate, run) != 0)
        abort();
    return run;
}

void demo_run_give_way(void)
{
    /* Of one thread, on Linux. Where that cannot be, all are equal. */
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), 5) != 0)
        log_debug("the view's thread keeps its priority");
}

enum demo_state demo_run_state(struct demo_run *run)
{
    pthread_mutex_lock(&run->lock);
    enum demo_state state = run->state;
    pthread_mutex_unlock(&run->lock);
    return state;
}

bool demo_run_has_news(struct demo_run *run)
{
    pthread_mutex_lock(&run->lock);
    bool fresh = run->fresh;
    pthread_mutex_unlock(&run->lock);
    return fresh;
}

bool demo_run_take(struct demo_run *run, struct scene *ret)
{
    pthread_mutex_lock(&run->lock);
    bool fresh = run->fresh;
    if (fresh) {
        *ret = run->scene;
        run->taken = copy_cells(run->taken, &run->taken_room, run->cells, run->scene.fleet.count);
        ret->cells = run->taken;
    }
    run->fresh = false;
    pthread_mutex_unlock(&run->lock);
    return fresh;
}

struct wish {
    struct demo_run *run;
    int64_t index; /* what NULL: of the car to select */
    char *what;
};

static void on_wish(void *arg)
{
    struct wish *wish = arg;

    if (wish->run->demo == NULL)
        ; /* it has ended meanwhile */
    else if (wish->what != NULL)
        demo_act(wish->run->demo, wish->what);
    else
        demo_select(wish->run->demo, wish->index);
    free(wish->what);
    free(wish);
}

static void post(struct demo_run *run, const char *what, int64_t index)
{
    pthread_mutex_lock(&run->lock);
    if (run->loop != NULL) {
        struct wish *wish = xmalloc(sizeof *wish);
        *wish = (struct wish){run, index, what != NULL ? xstrdup(what) : NULL};
        loop_post(run->loop, on_wish, wish);
    }
    pthread_mutex_unlock(&run->lock);
}

void demo_run_act(struct demo_run *run, const char *what)
{
    post(run, what, 0);
}

void demo_run_select(struct demo_run *run, int64_t index)
{
    post(run, NULL, index);
}

static void on_stop(void *arg)
{
    struct demo_run *run = arg;

    loop_stop(run->sim->loop);
}

int demo_run_stop(struct demo_run *run)
{
    pthread_mutex_lock(&run->lock);
    run->stop = true;
    if (run->loop != NULL)
        loop_post(run->loop, on_stop, run);
    pthread_mutex_unlock(&run->lock);
    pthread_join(run->thread, NULL);
    int status = run->status;
    if (run->error.code != ERROR_NONE)
        options_fail(&run->error);
    pthread_mutex_destroy(&run->lock);
    free(run->cells);
    free(run->taken);
    free(run);
    return status;
}
