#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "metrics/journey.h"
#include "metrics/names.h"

static char *read_doc(void)
{
    FILE *file = fopen(SOURCE_DIR "/docs/metrics.md", "r");
    char *text = xcalloc(1, 1 << 20);

    assert_non_null(file);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static void assert_defined(const char *doc, const char *name)
{
    size_t n = strlen(name);
    bool prefix = name[n - 1] == '.' || name[n - 1] == '/';
    char *row = xasprintf("| `%s%s` |", name, prefix ? "…" : "");

    if (strstr(doc, row) == NULL)
        fail_msg("docs/metrics.md has no row %s", row);
    free(row);
}

static void the_documentation_defines_every_name(void **state)
{
    (void)state;
    char *doc = read_doc();

    for (size_t i = 0; i < metric_stage_count; i++)
        assert_defined(doc, metric_stages[i].name);
    for (size_t i = 0; i < metric_counter_count; i++)
        assert_defined(doc, metric_counters[i].name);
    for (int m = 0; m < JOURNEY_MARK_COUNT; m++)
        assert_defined(doc, journey_mark_name((enum journey_mark)m));
    free(doc);
}

static void every_name_finds_its_own_place(void **state)
{
    (void)state;

    for (size_t i = 0; i < metric_stage_count; i++)
        assert_int_equal(metric_stage_rank(metric_stages[i].name), i);
    for (size_t i = 0; i < metric_counter_count; i++)
        assert_int_equal(metric_counter_rank(metric_counters[i].name), i);
    assert_int_equal(metric_stage_rank("nothing"), metric_stage_count);
    assert_int_equal(metric_counter_rank(""), metric_counter_count);
}

static void every_journey_stage_and_outcome_is_named(void **state)
{
    (void)state;
    char name[64];

    for (size_t i = 0; i < JOURNEY_STAGE_COUNT; i++)
        assert_true(metric_stage_rank(journey_stages[i].name) < metric_stage_count);
    for (int o = JOURNEY_SUCCEEDED; o < JOURNEY_OUTCOME_COUNT; o++) {
        snprintf(name, sizeof name, "commands.%s", journey_outcome_name((enum journey_outcome)o));
        assert_true(metric_counter_rank(name) < metric_counter_count);
    }
    for (int m = 0; m < JOURNEY_MARK_COUNT; m++)
        assert_non_null(journey_mark_name((enum journey_mark)m));
    assert_string_equal(journey_mark_name(JOURNEY_MARK_COUNT), "unknown");
    assert_string_equal(journey_outcome_name(JOURNEY_OUTCOME_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documentation_defines_every_name),
        cmocka_unit_test(every_name_finds_its_own_place),
        cmocka_unit_test(every_journey_stage_and_outcome_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
