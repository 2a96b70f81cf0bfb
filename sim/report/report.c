#include "report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "metrics/atomic_file.h"
#include "report/failure_log.h"
#include "report/sections.h"
#include "report/story.h"
#include "report/template.h"

#define SUMMARY_MAX   ((size_t)256 << 20)
#define SUMMARY_DEPTH 16
#define PAGE_MAX      ((size_t)512 << 20)

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
    {"failures",  section_failures },
    {"plots",     section_plots    },
    {"scenarios", section_scenarios},
    {"latency",   section_latency  },
    {"slowest",   section_slowest  },
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

void report_write(const cJSON *summary, const struct series_set *set,
                  const struct failure_set *failures, struct buf *out)
{
    struct report r = {.summary = summary, .set = set, .failures = failures};
    const uint8_t *at = report_page, *end = report_page + report_page_len;

    while (at < end) {
        const uint8_t *open = memmem(at, (size_t)(end - at), "{{", 2);
        const uint8_t *close = open != NULL ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
        buf_append(out, at, (size_t)((close != NULL ? open : end) - at));
        if (close == NULL)
            return;
        write_part(&r, slice_of(open + 2, (size_t)(close - open - 2)), out);
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

static cJSON *read_summary(const char *dir, struct error *err)
{
    FILE *file = open_in(dir, "summary.json");
    struct buf text;
    cJSON *summary = NULL;

    if (file == NULL) {
        error_set(err, ERROR_USAGE, "%s/summary.json: %s (a run's folder is results/…)", dir,
                  strerror(errno));
        return NULL;
    }
    buf_init(&text, SUMMARY_MAX);
    for (size_t n = 1; n > 0;) {
        uint8_t *room = buf_reserve(&text, 65536);
        n = room != NULL ? fread(room, 1, 65536, file) : 0;
        buf_commit(&text, n);
    }
    if (!text.overflow)
        summary = json_parse(buf_slice(&text), SUMMARY_DEPTH);
    if (!cJSON_IsObject(summary)) {
        error_set(err, ERROR_USAGE, "%s/summary.json: not what a run writes", dir);
        cJSON_Delete(summary);
        summary = NULL;
    }
    buf_done(&text);
    fclose(file);
    return summary;
}

bool report_make(const char *dir, struct error *err)
{
    struct series_set set = {0};
    struct failure_set failed = {0};
    struct buf page;
    cJSON *summary = read_summary(dir, err);

    if (summary == NULL)
        return false;
    FILE *series = open_in(dir, SERIES_FILE);
    if (series != NULL) {
        series_set_read(&set, series);
        fclose(series);
    }
    FILE *failures = open_in(dir, FAILURES_FILE);
    if (failures != NULL) {
        failure_set_read(&failed, failures);
        fclose(failures);
    }
    buf_init(&page, PAGE_MAX);
    report_write(summary, &set, &failed, &page);
    char *path = xasprintf("%s/%s", dir, REPORT_FILE);
    bool ok = page.overflow ? error_set(err, ERROR_USAGE, "%s: too large", path)
                            : atomic_file_write(path, buf_slice(&page), err);
    free(path);
    buf_done(&page);
    series_set_done(&set);
    failure_set_done(&failed);
    cJSON_Delete(summary);
    return ok;
}
