/* Bodies of forms: read without a word beyond them, and never more than they have. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_form form;
    size_t total = 0;

    if (size == 0 || !http_form_read(slice_of(data, size), &form))
        return 0;
    for (size_t i = 0; i < form.count; i++)
        total += strlen(form.field[i].name) + strlen(form.field[i].value);
    if (total > size || form.count > HTTP_FORM_FIELDS)
        abort();
    http_form_done(&form);
    return 0;
}
