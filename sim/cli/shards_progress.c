#include "cli/shards_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmem.h"
#include "report/fleet_log.h"

#define TAIL_BYTES  4096
#define ON_TERMINAL USEC_PER_SEC
#define ELSEWHERE   (5 * USEC_PER_SEC)
#define COLUMNS_MAX 64

/* Of all shards together, at their last lines. */
struct sums {
    double vehicles, online, commands, succeeded, open;
};

void shards_progress_init(struct shards_progress *p, const char *parts, uint32_t count, bool quiet)
{
    *p = (struct shards_progress){.parts = parts, .count = count, .quiet = quiet};
    p->began = p->told_at = clock_now();
}

void shards_progress_clear(struct shards_progress *p)
{
    if (p->line)
        fputs("\r\033[K", stderr);
    p->line = false;
}

static char *cell_of(char *line, size_t column)
{
    for (; column > 0 && line != NULL; column--) {
        line = strchr(line, ',');
        line += line != NULL;
    }
    return line;
}

static void add_column(const char *name, size_t len, double value, struct sums *sums)
{
    const struct {
        const char *name;
        double *sum;
    } columns[] = {
        {"vehicles",           &sums->vehicles },
        {"online",             &sums->online   },
        {"commands_sent",      &sums->commands },
        {"commands_succeeded", &sums->succeeded},
        {"commands_open",      &sums->open     },
    };

    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (strlen(columns[i].name) == len && strncmp(columns[i].name, name, len) == 0)
            *columns[i].sum += value;
}

/* The last whole line of a file, in `tail`; NULL: there is none. */
static char *last_line(FILE *file, char tail[TAIL_BYTES + 1])
{
    if (fseek(file, -TAIL_BYTES, SEEK_END) != 0)
        rewind(file);
    size_t n = fread(tail, 1, TAIL_BYTES, file);
    while (n > 0 && tail[n - 1] != '\n')
        n--;
    if (n == 0)
        return NULL;
    tail[n - 1] = '\0';
    char *before = strrchr(tail, '\n');
    return before != NULL ? before + 1 : NULL;
}

static void add_shard(const char *parts, uint32_t index, struct sums *sums)
{
    char *path = xasprintf("%s/shard-%04" PRIu32 "/" FLEET_LOG_FILE, parts, index);
    FILE *file = fopen(path, "re");
    char header[TAIL_BYTES], tail[TAIL_BYTES + 1];

    free(path);
    if (file == NULL)
        return;
    char *line = fgets(header, sizeof header, file) != NULL ? last_line(file, tail) : NULL;
    const char *name = header;
    for (size_t column = 0; line != NULL && column < COLUMNS_MAX; column++) {
        size_t len = strcspn(name, ",\n");
        char *cell = cell_of(line, column);
        if (cell == NULL)
            break;
        add_column(name, len, strtod(cell, NULL), sums);
        if (name[len] != ',')
            break;
        name += len + 1;
    }
    fclose(file);
}

void shards_progress_tell(struct shards_progress *p)
{
    bool terminal = isatty(STDERR_FILENO) != 0;
    usec_t now = clock_now();
    struct sums sums = {0};

    if (p->quiet || now - p->told_at < (terminal ? ON_TERMINAL : ELSEWHERE))
        return;
    p->told_at = now;
    for (uint32_t i = 0; i < p->count; i++)
        add_shard(p->parts, i, &sums);
    shards_progress_clear(p);
    fprintf(stderr,
            "%5.1f s  %" PRIu32 " shards: %.0f of %.0f cars online  %.0f commands/s, %.0f "
            "succeeded/s, %.0f open",
            (double)(now - p->began) / 1e6, p->count, sums.online, sums.vehicles, sums.commands,
            sums.succeeded, sums.open);
    if (!terminal)
        fputc('\n', stderr);
    fflush(stderr);
    p->line = terminal;
}
