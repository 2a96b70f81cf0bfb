#include "cli/vehicle_choice.h"

#include <stdlib.h>
#include <string.h>

#include "pki/rotation.h"

bool vehicle_choice_index(const char *text, uint32_t *ret, const char **ret_end)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    unsigned long value = strtoul(text, &end, 10);
    if (value >= IDENTITY_MAX)
        return false;
    *ret = (uint32_t)value;
    *ret_end = end;
    return true;
}

/* Behind the fleet there are cars that have got their certificates in runs. */
static bool are_there(const struct pki *pki, uint32_t first, uint32_t last)
{
    struct pki_car car;
    struct error err;

    for (uint32_t k = first; k <= last; k++)
        if (!pki_car(pki, k, &car, &err))
            return false;
    return true;
}

bool vehicle_choice_parse(const struct pki *pki, const char *text, struct vehicle_choice *ret,
                          struct error *err)
{
    const struct fleet_file *fleet = pki_fleet(pki);
    uint32_t have = fleet != NULL ? fleet_file_count(fleet) : 0, first = 0, last;
    const char *end = "";

    if (text == NULL || strcmp(text, "all") == 0) {
        *ret = (struct vehicle_choice){0, have};
        return true;
    }
    bool ok = vehicle_choice_index(text, &first, &end);
    last = first;
    if (ok && strncmp(end, "..", 2) == 0)
        ok = vehicle_choice_index(end + 2, &last, &end);
    if (!ok || *end != '\0' || last < first)
        return error_set(err, ERROR_USAGE,
                         "vehicles \"%.64s\": not a selection (use all, a number such as 7, or a "
                         "range such as 0..99, both ends included)",
                         text);
    if (last >= have && !are_there(pki, first > have ? first : have, last))
        return error_set(
            err, ERROR_USAGE,
            "vehicle %u: the PKI has %u, counted from 0 (make more with \"fleetsim pki "
            "init --vehicles %u\")",
            last, have, last + 1);
    *ret = (struct vehicle_choice){first, last - first + 1};
    return true;
}
