#include "cli/shards_progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/live_screen.h"
#include "cli/shards_view.h"

void shards_progress_init(struct shards_progress *p, const char *parts, uint32_t count, bool quiet)
{
    *p = (struct shards_progress){.count = count, .began = clock_now()};
    if (quiet || parts == NULL)
        return;
    p->view = shards_view_new(parts, count);
    p->screen = live_screen_new();
}

void shards_progress_tell(struct shards_progress *p)
{
    usec_t now = clock_now();
    char doing[32];

    if (p->view == NULL || now - p->told_at < USEC_PER_SEC)
        return;
    p->told_at = now;
    snprintf(doing, sizeof doing, "%" PRIu32 " shard%s", p->count, p->count == 1 ? "" : "s");
    struct live_moment m = {.title = "fleetsim load", .doing = doing, .elapsed = now - p->began};
    shards_view_look(p->view, &m);
    live_screen_show(p->screen, &m);
}

void shards_progress_end(struct shards_progress *p)
{
    live_screen_free(p->screen);
    shards_view_free(p->view);
    p->screen = NULL;
    p->view = NULL;
}
