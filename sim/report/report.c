#include "report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "metrics/atomic_file.h"
#include "metrics/summary_file.h"
#include "report/failure_log.h"
#include "report/fleet_log.h"
#include "report/sections.h"
#include "report/story.h"
#include "report/template.h"

#define PAGE_MAX ((size_t)512 << 20)

static void write_css(const struct report *r, struct buf *out)
{
    (void)r;
    buf_append(out, report_css, report_css_len);
}

static void write_js(const struct report *r, struct buf *out)
{
    (void)r;
    buf_append(out, report_js, report_js_len);
}

/* What stands between {{ and }} in the template. */
static const struct {
    const char *name;
    void (*write)(const struct report *r, struct buf *out);
} parts[] = {
    {"title",     section_title    },
    {"css",       write_css        },
    {"header",    section_header   },
    {"search",    section_search   },
    {"limits",    section_limits   },
    {"load",      section_load     },
    {"over_time", section_over_time},
    {"errors",    section_errors   },
    {"failures",  section_failures },
    {"plots",     section_plots    },
    {"scenarios", section_scenarios},
    {"latency",   section_latency  },
    {"slowest",   section_slowest  },
    {"cost",      section_cost     },
    {"counters",  section_counters },
    {"settings",  section_settings },
    {"footer",    section_footer   },
    {"js",        write_js         },
};

static void write_part(const struct report *r, struct slice name, struct buf *out)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (name.len == strlen(parts[i].name) && memcmp(name.data, parts[i].name, name.len) == 0)
            parts[i].write(r, out);
}

void report_write(const struct report *r, struct buf *out)
{
    const uint8_t *at = report_page, *end = report_page + report_page_len;

    while (at < end) {
        const uint8_t *open = memmem(at, (size_t)(end - at), "{{", 2);
        const uint8_t *close = open != NULL ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
        buf_append(out, at, (size_t)((close != NULL ? open : end) - at));
        if (close == NULL)
            return;
        write_part(r, slice_of(open + 2, (size_t)(close - open - 2)), out);
        at = close + 2;
    }
}

static FILE *open_in(const char *dir, const char *name)
{
    char *path = xasprintf("%s/%s", dir, name);
    FILE *file = fopen(path, "re");

    free(path);
    return file;
}

/* What was read of the folder. */
struct folder {
    cJSON *summary;
    struct series_set set;
    struct failure_set failures;
    struct fleet_table fleet;
    struct latency_over_time latency;
};

static bool folder_read(struct folder *f, const char *dir, struct error *err)
{
    double step;
    FILE *file;

    *f = (struct folder){.summary = summary_read(dir, err)};
    if (f->summary == NULL)
        return false;
    if ((file = open_in(dir, SERIES_FILE)) != NULL) {
        series_set_read(&f->set, file);
        fclose(file);
    }
    if ((file = open_in(dir, FAILURES_FILE)) != NULL) {
        failure_set_read(&f->failures, file);
        fclose(file);
    }
    if ((file = open_in(dir, FLEET_LOG_FILE)) != NULL) {
        fleet_table_read(&f->fleet, file);
        fclose(file);
    }
    if (!report_has_fleet(&(struct report){.summary = f->summary, .fleet = &f->fleet}))
        return true;
    char *path = xasprintf("%s/latency.hlog", dir);
    size_t columns = report_columns(f->summary, &step);
    latency_over_time_read(&f->latency, path, step, columns);
    free(path);
    return true;
}

static void folder_done(struct folder *f)
{
    series_set_done(&f->set);
    failure_set_done(&f->failures);
    fleet_table_done(&f->fleet);
    latency_over_time_done(&f->latency);
    cJSON_Delete(f->summary);
}

bool report_make(const char *dir, struct error *err)
{
    struct folder f;
    struct buf page;

    if (!folder_read(&f, dir, err))
        return false;
    buf_init(&page, PAGE_MAX);
    report_write(&(struct report){f.summary, &f.set, &f.failures, &f.fleet, &f.latency}, &page);
    char *path = xasprintf("%s/%s", dir, REPORT_FILE);
    bool ok = page.overflow ? error_set(err, ERROR_USAGE, "%s: too large", path)
                            : atomic_file_write(path, buf_slice(&page), err);
    free(path);
    buf_done(&page);
    folder_done(&f);
    return ok;
}
