/* --tag and --param: any text is taken or refused with a sentence; what is taken means one thing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "script/params.h"
#include "script/selection.h"

static void check_tags(const char *text)
{
    struct scenario_record record = {0};
    struct error err;

    if (!selection_check(text, &err)) {
        if (err.code != ERROR_USAGE || err.text[0] == '\0')
            abort();
        return;
    }
    scenario_record_tag(&record, "smoke");
    scenario_record_tag(&record, "a");
    bool without = *text == '!';
    char *opposite = without ? xstrdup(text + 1) : xasprintf("!%s", text);
    const char *both[] = {text, opposite};
    if (!selection_check(opposite, &err) ||
        selection_has(&both[0], 1, &record) == selection_has(&both[1], 1, &record) ||
        selection_has(both, 2, &record))
        abort();
    free(opposite);
    scenario_record_done(&record);
}

static void check_param(const char *text)
{
    struct error err;
    struct params *params = params_new(&text, 1, &err);

    if (params == NULL) {
        if (err.code != ERROR_USAGE || err.text[0] == '\0')
            abort();
        return;
    }
    char *name = xstrndup(text, strcspn(text, "="));
    const char *value = params_given(params, name);
    if (value == NULL || strcmp(value, text + strlen(name) + 1) != 0)
        abort();
    if (params_check(params, &err) || err.code != ERROR_USAGE)
        abort();
    params_declare(params, name);
    if (!params_check(params, &err))
        abort();
    free(name);
    params_free(params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup(size != 0 ? (const char *)data : "", size);

    check_tags(text);
    check_param(text);
    free(text);
    return 0;
}
