/*
 * What a cloud finds of its earlier life: the file as it lies there, and the lines inside it as if
 * their digest were right.
 *
 * Always: a file that is refused has a reason; lines that were taken are saved again, and what is
 * saved is taken whole by a new cloud.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>

#include "cloud/state_file.h"

#define NOW ((int64_t)1700000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cloud *as_file = cloud_new(1);
    struct cloud *as_lines = cloud_new(1);
    struct cloud *again = cloud_new(1);
    struct cloud_actions out;
    struct error err = {0};
    struct text saved;
    int64_t saved_ms;

    if (!state_file_take(as_file, slice_of(data, size), NOW, &saved_ms, &err))
        assert(err.code == ERROR_USAGE && err.text[0] != '\0' && saved_ms == 0);
    cloud_load(as_lines, slice_of(data, size), NOW);
    text_init(&saved);
    assert(state_file_put(as_lines, NOW, &saved));
    assert(state_file_take(again, slice_of(saved.data, saved.len), NOW, &saved_ms, &err));
    assert(saved_ms == NOW);
    cloud_actions_init(&out);
    assert(cloud_tick(again, NOW + 3600000, &out));
    cloud_actions_done(&out);
    text_done(&saved);
    cloud_free(as_file);
    cloud_free(as_lines);
    cloud_free(again);
    return 0;
}
