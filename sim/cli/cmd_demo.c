#include "cli/cmd_demo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "api/api_page.h"
#include "base/log.h"
#include "base/xmem.h"
#include "cli/demo_frames.h"
#include "cli/demo_run.h"
#include "cli/demo_screen.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "radio/radio_profile.h"
#include "render/view.h"

struct settings {
    struct demo_run_options run;
    struct option_list models;
    const char *size, *snapshot, *record, *advance;
    usec_t at;
    uint64_t fps;
    bool headless, measure, clean, full_screen, verbose;
    int width, height;
};

/* ---- what was asked for ---- */

static bool take_length(const char **text, char end, int least, int *ret)
{
    char *rest;
    long value = strtol(*text, &rest, 10);

    if (rest == *text || *rest != end || value < least || value > 8192)
        return false;
    *ret = (int)value;
    *text = rest + 1;
    return true;
}

static bool check_size(struct settings *o, struct error *err)
{
    const char *text = o->size;

    if (take_length(&text, 'x', 160, &o->width) && take_length(&text, '\0', 120, &o->height))
        return true;
    return error_set(err, ERROR_USAGE,
                     "--size %s: not a size (as 1280x800; from 160x120 to 8192x8192)", o->size);
}

static bool check_frames(struct settings *o, struct error *err)
{
    bool frames = o->snapshot != NULL || o->record != NULL || o->measure;

    if (frames && !o->headless)
        return error_set(err, ERROR_USAGE, "%s: only with --headless",
                         o->snapshot != NULL ? "--snapshot"
                         : o->record != NULL ? "--record"
                                             : "--measure");
    if (o->headless && !frames && o->run.api.address == NULL)
        return error_set(err, ERROR_USAGE,
                         "--headless: nothing would be seen (give --snapshot FILE.png, --record "
                         "DIR, --measure or --api :9465)");
    if (o->fps == 0 || o->fps > 120)
        return error_set(err, ERROR_USAGE, "--fps %" PRIu64 ": from 1 to 120", o->fps);
    if (o->at == 0 && o->run.story == NULL && frames)
        o->at = 2 * USEC_PER_SEC;
    return true;
}

/* The page is for this machine: its way to the cloud is not encrypted, and the cloud has to know
 * it. */
static bool check_companion(struct demo_run_options *run, struct error *err)
{
    struct http_address at;

    if (!run->target.page)
        return true;
    if (!api_page_is_built())
        return error_set(err, ERROR_USAGE,
                         "--companion: this program was built without the page (install npm, as by "
                         "apt-get install npm, and build again with a network)");
    if (run->target.endpoint != NULL)
        return error_set(err, ERROR_USAGE,
                         "--companion: only a local cloud lets the page in (leave out --endpoint, "
                         "or give --cloud DIR)");
    if (run->api.address == NULL)
        run->api.address = ":9465";
    if (!http_address_parse(run->api.address, &at, err))
        return error_prefix(err, "--api");
    return http_address_is_loopback(&at) ||
           error_set(err, ERROR_USAGE,
                     "--companion: the page is for this machine alone, --api %s is not (give "
                     "--api :9465)",
                     run->api.address);
}

static bool check_story(struct settings *o, struct error *err)
{
    bool by_key = strcmp(o->advance, "key") == 0;

    if (!by_key && strcmp(o->advance, "self") != 0)
        return error_set(err, ERROR_USAGE,
                         "--advance %s: a story advances by key, or by itself (key, self)",
                         o->advance);
    if (by_key && o->run.story == NULL)
        return error_set(err, ERROR_USAGE,
                         "--advance key: there is no story (give --storyboard FILE)");
    if (by_key && o->headless && o->snapshot == NULL && o->record == NULL && !o->measure)
        return error_set(err, ERROR_USAGE,
                         "--advance key: without a window and without frames nobody sees when");
    o->run.led = by_key;
    o->run.measure = o->measure;
    return true;
}

static bool check(struct settings *o, struct error *err)
{
    struct demo_run_options *run = &o->run;

    if (run->vehicles == 0 || run->vehicles > 20000)
        return error_set(err, ERROR_USAGE, "--vehicles %" PRIu64 ": from 1 to 20000",
                         run->vehicles);
    if (!(run->time_scale > 0) || run->time_scale > 1000)
        return error_set(err, ERROR_USAGE, "--time-scale %g: above 0, at most 1000",
                         run->time_scale);
    if (run->radio != NULL && radio_profile_find(slice_str(run->radio)) == NULL)
        return error_set(err, ERROR_USAGE, "--radio %s: not a profile (%s)", run->radio,
                         radio_profile_names());
    if (!check_companion(run, err) || !check_size(o, err) || !check_frames(o, err) ||
        !check_story(o, err) || !api_endpoint_check(&run->api, false, err))
        return false;
    if (run->seed == 0 && getrandom(&run->seed, sizeof run->seed, 0) == sizeof run->seed)
        run->seed %= 1000000000000u; /* twelve digits can be typed again */
    run->target.seed = run->seed;
    run->target.vehicles = (uint32_t)run->vehicles;
    if (o->models.count > 0) {
        run->models = o->models.items;
        run->model_count = o->models.count;
    }
    return true;
}

/* ---- playing ---- */

static struct demo_run *start(void *ctx)
{
    return demo_run_start(ctx);
}

static int play_frames(struct settings *o)
{
    struct demo_frames how = {.width = o->width,
                              .height = o->height,
                              .clean = o->clean,
                              .snapshot = o->snapshot,
                              .folder = o->record,
                              .until = o->at,
                              .fps = o->fps,
                              .by_lines = o->run.led,
                              .measure = o->measure};
    struct error err;

    struct demo_run *run = demo_run_start(&o->run);
    bool ok = demo_frames_play(run, &how, &err);
    int status = demo_run_stop(run);

    return ok ? status : options_fail(&err);
}

/* Nobody looks: the cars live for whoever uses the API, until they are stopped. */
static int play_unseen(const struct settings *o)
{
    const struct timespec moment = {.tv_nsec = 50000000};
    struct demo_run *run = demo_run_start(&o->run);
    enum demo_state state, last = o->run.story != NULL ? DEMO_TOLD : DEMO_ENDED;
    usec_t online = 0; /* since when the first car is */

    while ((state = demo_run_state(run)) < last) {
        if (online == 0 && state >= DEMO_READY)
            online = clock_now();
        if (online != 0 && o->at != 0 && clock_now() - online >= o->at)
            break;
        nanosleep(&moment, NULL);
    }
    return demo_run_stop(run);
}

static int play_headless(struct settings *o)
{
    o->run.strict = true;
    return o->snapshot != NULL || o->record != NULL || o->measure ? play_frames(o) : play_unseen(o);
}

static int play_screen(struct settings *o)
{
    struct demo_screen how = {
        .width = o->width, .height = o->height, .clean = o->clean, .full_screen = o->full_screen};
    struct error err;
    int status = 0;

    o->run.news = demo_screen_news;
    if (!demo_screen_play(&how, start, &o->run, &status, &err))
        return options_fail(&err);
    return status;
}

/* ---- the command line ---- */

static const char *const all_models[] = {"compact_ev", "long_range_saloon", "plug_in_hybrid_suv",
                                         "combustion_van", "electric_bus"};

/* The command line's own state; nothing below reads it but through a pointer. */
static struct settings settings = {
    .run = {.vehicles = 5,
            .models = all_models,
            .model_count = sizeof all_models / sizeof *all_models,
            .radio = "lte_good",
            .time_scale = 1},
    .size = "1280x800",
    .advance = "self",
    .fps = 30,
};

// clang-format off
static const struct option_spec options[] = {
    {"vehicles", 'n', OPTION_NUMBER, &settings.run.vehicles, "N",
     "so many cars (default 5)"},
    {"model", 'm', OPTION_LIST, &settings.models, "NAME",
     "their model; repeated: taken in turn (default: one of each)"},
    {"storyboard", 0, OPTION_STRING, &settings.run.story, "FILE",
     "a Lua file that tells a story with them (docs/view.md)"},
    {"advance", 0, OPTION_STRING, &settings.advance, "HOW",
     "how the story goes from caption to caption: self (default), or key: Enter or\nPage Down; with --headless a line on standard input (once that has ended, by\nitself)"},
    {"radio", 0, OPTION_STRING, &settings.run.radio, "PROFILE",
     "mobile network of all cars (default lte_good; docs/radio.md)"},
    {"time-scale", 0, OPTION_REAL, &settings.run.time_scale, "X",
     "simulated seconds per second (default 1)"},
    {"seed", 0, OPTION_NUMBER, &settings.run.seed, "N",
     "the cars' identities and randomness (default: random)"},
    {"size", 0, OPTION_STRING, &settings.size, "WxH",
     "of the window or the pictures (default 1280x800)"},
    {"full-screen", 0, OPTION_FLAG, &settings.full_screen, NULL,
     "begin with all of the screen"},
    {"clean", 0, OPTION_FLAG, &settings.clean, NULL,
     "the car alone, for recordings"},
    {"headless", 0, OPTION_FLAG, &settings.headless, NULL,
     "no window: pictures into files, or cars for --api, until Ctrl-C"},
    {"snapshot", 0, OPTION_STRING, &settings.snapshot, "FILE",
     "with --headless: a PNG picture at the end"},
    {"record", 0, OPTION_STRING, &settings.record, "DIR",
     "with --headless: all frames as PNG pictures"},
    {"at", 0, OPTION_DURATION, &settings.at, "TIME",
     "with --headless: ends so long after the first car is online (default\n2s; with --storyboard: when it ends)"},
    {"fps", 0, OPTION_NUMBER, &settings.fps, "N",
     "with --headless: frames per second (default 30)"},
    {"companion", 0, OPTION_FLAG, &settings.run.target.page, NULL,
     "serve the companion page too: an app for these cars in a browser, with\n--api :9465 unless given (docs/companion.md)"},
    {"measure", 0, OPTION_FLAG, &settings.measure, NULL,
     "with --headless: tells how long it took from the app's commands to the\nframes that show them, and how late the loop was"},
    API_ENDPOINT_ROWS(settings.run.api),
    {"vehicles-dir", 0, OPTION_STRING, &settings.run.vehicles_dir, "DIR",
     "where the models are"},
    {"cloud", 0, OPTION_STRING, &settings.run.target.cloud_dir, "DIR",
     "use the `fleetsim cloud` that runs in DIR"},
    {"endpoint", 0, OPTION_STRING, &settings.run.target.endpoint, "URI",
     "mqtts://host:port of any other broker (needs --pki)"},
    {"app-endpoint", 0, OPTION_STRING, &settings.run.target.app_endpoint, "URI",
     "where the app connects (default: as the cars)"},
    {"pki", 0, OPTION_STRING, &settings.run.target.pki_dir, "DIR",
     "certificates made by `fleetsim pki init`"},
    {"ca", 0, OPTION_STRING, &settings.run.target.ca_file, "FILE",
     "verifies the endpoint (default: the PKI's root)"},
    {"insecure", 0, OPTION_FLAG, &settings.run.insecure, NULL,
     "do not verify the endpoint's certificate"},
    {"verbose", 'v', OPTION_FLAG, &settings.verbose, NULL,
     "log what happens inside"},
    {0},
};
// clang-format on
static const struct command_spec command = {
    "fleetsim demo", "",
    "Cars on screen, with their cloud and an app: click at a car, or press H for the keys.\n"
    "Without --cloud or --endpoint it starts a local cloud of its own and ends it afterwards.",
    options,
    "  fleetsim demo\n"
    "  fleetsim demo --model electric_bus --vehicles 500\n"
    "  fleetsim demo --companion                     an app for them in the browser\n"
    "  fleetsim demo --cloud lab                     a running `fleetsim cloud --dir lab`\n"
    "  fleetsim demo --storyboard render/stories/morning.lua\n"
    "  fleetsim demo --storyboard talk.lua --advance key\n"
    "  fleetsim demo --headless --snapshot car.png --at 2s\n"
    "  fleetsim demo --headless --api :9465 --vehicles 20    for tests of an app; docs/api.md\n"};

int cmd_demo(int argc, char **argv)
{
    struct settings *o = &settings;
    struct error err;
    int status;

    if (!options_take(&command, argc, argv, NULL, &status))
        return status;
    if (!check(o, &err))
        return options_fail(&err);
    log_set_level(o->verbose ? LOG_DEBUG : LOG_WARN);
    char *found = o->run.vehicles_dir == NULL ? paths_vehicles() : NULL;
    if (o->run.vehicles_dir == NULL)
        o->run.vehicles_dir = found != NULL ? found : "vehicles";
    status = o->headless ? play_headless(o) : play_screen(o);
    view_done();
    free(found);
    return status;
}
