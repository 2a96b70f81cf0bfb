/*
 * What a cloud finds of what it had promised: the journal as it lies there, and its lines as if
 * their digest were right.
 *
 * Always: a file that is refused has a reason; what is whole of one that is taken is taken again,
 * whole; what lines have led to is a state that a new cloud takes.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>

#include "cloud/journal_file.h"
#include "cloud/state_file.h"

#define NOW ((int64_t)1700000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cloud *cloud = cloud_new(1);
    struct cloud *again = cloud_new(1);
    struct error err = {0};
    struct text saved;
    int64_t saved_ms;
    size_t whole, whole_again;

    if (!journal_take(NULL, slice_of(data, size), &whole, &err))
        assert(err.code == ERROR_USAGE && err.text[0] != '\0');
    assert(whole <= size);
    assert(journal_take(NULL, slice_of(data, whole), &whole_again, &err));
    assert(whole_again == whole);
    cloud_replay(cloud, slice_of(data, size));
    text_init(&saved);
    assert(state_file_put(cloud, NOW, &saved));
    assert(state_file_take(again, slice_of(saved.data, saved.len), NOW, &saved_ms, &err));
    text_done(&saved);
    cloud_free(cloud);
    cloud_free(again);
    return 0;
}
