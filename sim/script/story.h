/*
 * story.h — what a scenario that failed went through, told for the report: who, where, when, and
 * for its cars the timeline, the shadows before and after, the signals. failures.jsonl in the run's
 * folder; docs/report.md describes it.
 *
 * A car that can be in a story (runs of up to 200 cars, the first 300 at any time) keeps what its
 * cloud knew of it: about 27 KB. Others keep nothing.
 *
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_STORY_H
#define SCRIPT_STORY_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "actors/companion.h"
#include "base/slice.h"
#include "base/timeunit.h"

struct car;
struct car_story;
struct scenario;
struct script;

/* It fails now: takes down what its cars have gone through so far, if the run keeps stories.
   `about`: the car that the failure names, or NULL. */
void story_take(struct scenario *s, const struct car *about);
/* It has its verdict, and its cars still live: tells the story if it failed. */
void story_tell(struct scenario *s);
/* What was taken down and not told. */
void story_forget(struct scenario *s);

/* ---- one car: story_car.c ---- */

/* NULL if the cars are too many. */
struct car_story *car_story_new(const struct script *script);
void car_story_free(struct car_story *story);
/* Before anything happens to it: what its signals are when its power first comes. */
void car_story_begin(struct car *car);
/* What it hears from the cloud; looks at packets about its shadow only. */
void car_story_packet(struct car *car, bool outgoing, struct slice packet);
/* What an app was told of one of the car's shadows. */
void car_story_shadow(struct car *car, const struct companion_shadow *e);
/* A new object: events, shadow, shadows (the named ones), signals. `room` is how many bytes of
   payloads it may still hold; what goes beyond is cut short. */
cJSON *car_story_tell(struct car *car, bool named, size_t *room);
/* How much about this car looks like trouble. */
unsigned car_story_trouble(const struct car *car);

#endif
