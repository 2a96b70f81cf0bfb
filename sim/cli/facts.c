#include "cli/facts.h"

#include <inttypes.h>
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

char *facts_command_line(int argc, char **argv)
{
    struct buf line;

    buf_init(&line, LINE_MAX_BYTES);
    buf_append_str(&line, "fleetsim");
    for (int i = 0; i < argc; i++) {
        buf_append_str(&line, " ");
        shell_word(&line, argv[i]);
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

void facts_tell(struct run_results *results, const struct run_settings *settings)
{
    char *machine = facts_machine();

    run_results_set(results, "mqtt", settings->mqtt);
    run_results_set(results, "client", settings->client);
    run_results_set(results, "time", settings->clock.time);
    if (settings->clock.start != NULL)
        run_results_set(results, "start", settings->clock.start);
    if (settings->command_line != NULL)
        run_results_set(results, "command_line", settings->command_line);
    run_results_set(results, "machine", machine);
    free(machine);
}
