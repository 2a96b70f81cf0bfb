#include "cli/shards_command.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

/* Only the whole does these: it writes the JUnit file, and has the cloud that they are about. */
static const char *const whole[] = {"junit",  "broker-conf", "delivery", "quotas",
                                    "rules",  "policy",      "metrics",  "api",
                                    "shards", "meet",        "results"};
/* These are options of their own, and no abbreviations of those. */
static const char *const others[] = {"shard"};

#define WHOLE_COUNT (sizeof whole / sizeof *whole)

struct words {
    char **items;
    size_t count;
};

static void add(struct words *w, char *word)
{
    w->items = xrealloc(w->items, (w->count + 2) * sizeof *w->items);
    w->items[w->count++] = word;
    w->items[w->count] = NULL;
}

static void add_option(struct words *w, const char *option, char *value)
{
    add(w, xstrdup(option));
    add(w, value);
}

/* Is it one of those, maybe abbreviated? All of them have values. */
static bool is_whole(const char *word)
{
    size_t len = strcspn(word + 2, "=");

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strlen(others[i]) == len && strncmp(word + 2, others[i], len) == 0)
            return false;
    for (size_t i = 0; i < WHOLE_COUNT; i++)
        if (len > 0 && strncmp(word + 2, whole[i], len) == 0)
            return true;
    return false;
}

/* Is it "--api-token", maybe abbreviated? */
static bool is_token(const char *word)
{
    static const char name[] = "--api-token";
    size_t len = strcspn(word, "=");

    return len >= strlen("--api-t") && len < sizeof name && strncmp(word, name, len) == 0;
}

/* Up to "--", behind which nothing is an option. Returns how many. */
static int copy_words(const struct shards_command *c, struct words *w)
{
    int i = 0;

    for (; i < c->argc && strcmp(c->argv[i], "--") != 0; i++) {
        const char *word = c->argv[i];
        if (strncmp(word, "--", 2) != 0 || (!is_whole(word) && !is_token(word)))
            add(w, xstrdup(word));
        else if (strchr(word, '=') == NULL)
            i++; /* its value */
    }
    return i;
}

/* Each serves its own, from the port that was given on. */
static char *own_address(const char *address, uint32_t index)
{
    const char *colon = strrchr(address, ':');
    const char *port = colon != NULL ? colon + 1 : address;
    unsigned long number = strtoul(port, NULL, 10);

    if (number == 0) /* any port that is free */
        return xstrdup(address);
    return xasprintf("%.*s%lu", (int)(port - address), address, number + index);
}

char **shards_command_new(const struct shards_command *c, uint32_t index)
{
    const struct run_settings *s = c->settings;
    struct words w = {0};

    add(&w, xstrdup("fleetsim"));
    int copied = copy_words(c, &w);
    add_option(&w, "--shards", xstrdup("1"));
    add_option(&w, "--shard", xasprintf("%" PRIu32 "/%" PRIu32, index, c->count));
    add_option(&w, "--seed", xasprintf("%" PRIu64, s->seed));
    add_option(&w, "--results", xstrdup(c->results));
    add_option(&w, "--name", xstrdup(s->name));
    add_option(&w, "--meet", xstrdup(c->meet));
    if (c->cloud_dir != NULL)
        add_option(&w, "--cloud", xstrdup(c->cloud_dir));
    if (c->yes)
        add(&w, xstrdup("--yes"));
    if (s->metrics != NULL)
        add_option(&w, "--metrics", own_address(s->metrics, index));
    if (s->api.address != NULL)
        add_option(&w, "--api", own_address(s->api.address, index));
    for (int i = copied; i < c->argc; i++)
        add(&w, xstrdup(c->argv[i]));
    return w.items;
}

void shards_command_free(char **argv)
{
    for (char **word = argv; *word != NULL; word++)
        free(*word);
    free(argv);
}

void shards_command_clean_environment(void)
{
    char name[64];

    for (size_t i = 0; i < WHOLE_COUNT; i++) {
        size_t n = (size_t)snprintf(name, sizeof name, "FLEETSIM_%s", whole[i]);
        for (size_t k = 0; k < n; k++)
            name[k] = (char)(name[k] == '-' ? '_' : toupper((unsigned char)name[k]));
        unsetenv(name);
    }
}
