/*
 * demo_frames.h — a demo without a window: pictures into files, at the pace of a window.
 */
#ifndef CLI_DEMO_FRAMES_H
#define CLI_DEMO_FRAMES_H

#include "base/timeunit.h"
#include "cli/demo_run.h"

struct demo_frames {
    int width, height;
    bool clean;
    const char *snapshot; /* a PNG file; NULL: none */
    const char *folder;   /* for frame-00001.png, …; NULL: none */
    usec_t until;         /* since the first car was online; 0: until the story ends */
    uint64_t fps;
    bool by_lines; /* the story is led by lines on standard input */
    bool measure;  /* tells on standard output how long commands took to be seen */
};

/* Until that time, the story's end, or the demo's. False with ERROR_USAGE: a file cannot be
   written. */
bool demo_frames_play(struct demo_run *run, const struct demo_frames *how, struct error *err);

#endif
