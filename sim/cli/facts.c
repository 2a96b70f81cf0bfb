#include "cli/facts.h"

#include <ev.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/xmem.h"
#include "cli/run.h"
#include "cli/shell_word.h"
#include "metrics/run_results.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)
#define GIB            (1024.0 * 1024 * 1024)

/* Its value is nobody's business; abbreviations are the same. */
static bool is_secret(const char *word)
{
    return strncmp(word, "--api-t", strlen("--api-t")) == 0;
}

char *facts_command_line(int argc, char **argv)
{
    struct buf line;

    buf_init(&line, LINE_MAX_BYTES);
    buf_append_str(&line, "fleetsim");
    for (int i = 0; i < argc; i++) {
        buf_append_str(&line, " ");
        bool secret = is_secret(argv[i]);
        if (secret)
            buf_append_str(&line, "--api-token …");
        else
            shell_word(&line, argv[i]);
        i += secret && strchr(argv[i], '=') == NULL;
    }
    char *text = xstrdup(buf_cstr(&line));
    buf_done(&line);
    return text;
}

char *facts_machine(void)
{
    struct utsname name = {0};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);

    uname(&name);
    return xasprintf("%s %s %s, %ld CPU%s, %.1f GiB memory", name.sysname, name.release,
                     name.machine, cpus, cpus == 1 ? "" : "s", memory / GIB);
}

char *facts_days(usec_t length)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {
        {86400, "d"  },
        {3600,  "h"  },
        {60,    "min"},
        {1,     "s"  },
    };
    uint64_t left = (length + USEC_PER_SEC / 2) / USEC_PER_SEC;
    size_t i = 0;

    while (i + 1 < sizeof units / sizeof *units && left < units[i].seconds)
        i++;
    uint64_t whole = left / units[i].seconds;
    uint64_t rest = i < 3 ? left % units[i].seconds / units[i + 1].seconds : 0;
    return rest == 0 ? xasprintf("%" PRIu64 " %s", whole, units[i].name)
                     : xasprintf("%" PRIu64 " %s %" PRIu64 " %s", whole, units[i].name, rest,
                                 units[i + 1].name);
}

/* The processor's name, in `room`; NULL: the kernel does not tell. */
static const char *facts_processor(char *room, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    bool found = false;

    while (file != NULL && !found && fgets(room, (int)size, file) != NULL)
        found = strncmp(room, "model name", strlen("model name")) == 0;
    if (file != NULL)
        fclose(file);
    char *name = found ? strchr(room, ':') : NULL;
    if (name == NULL)
        return NULL;
    name += 1 + strspn(name + 1, " \t");
    name[strcspn(name, "\n")] = '\0';
    return name;
}

void facts_tell(struct run_results *results, const struct run_settings *settings)
{
    char room[256];
    const char *processor = facts_processor(room, sizeof room);
    char *machine = facts_machine();

    run_results_set(results, "mqtt", settings->mqtt);
    run_results_set(results, "client", settings->client);
    run_results_set(results, "time", settings->clock.time);
    if (settings->clock.start != NULL)
        run_results_set(results, "start", settings->clock.start);
    if (settings->command_line != NULL)
        run_results_set(results, "command_line", settings->command_line);
    run_results_set(results, "machine", machine);
    if (processor != NULL)
        run_results_set(results, "processor", processor);
    char *libraries = xasprintf("%s, libev %d.%d", OpenSSL_version(OPENSSL_VERSION),
                                ev_version_major(), ev_version_minor());
    run_results_set(results, "libraries", libraries);
    free(libraries);
    if (settings->options != NULL)
        run_results_set_json(results, "options", options_json(settings->options));
    free(machine);
}
