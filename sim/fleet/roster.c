#include "fleet/roster.h"

#include <stdlib.h>

#include "fleet/simulation.h"

#define DIGITS_MAX 9

static int by_index(const void *a, const void *b)
{
    uint32_t left = (*(struct vehicle *const *)a)->identity.index;
    uint32_t right = (*(struct vehicle *const *)b)->identity.index;

    return (left > right) - (left < right);
}

size_t roster_list(const struct simulation *sim, struct vehicle **ret)
{
    size_t count = 0;

    for (size_t i = 0; i < sim->table_size; i++)
        if (sim->table[i] != NULL)
            ret[count++] = sim->table[i];
    if (count > 0)
        qsort(ret, count, sizeof(struct vehicle *), by_index);
    return count;
}

static bool read_number(struct slice text, uint32_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *ret = *ret * 10 + (uint32_t)(text.data[i] - '0');
    }
    return text.len > 0 && text.len <= DIGITS_MAX;
}

struct vehicle *roster_find(const struct simulation *sim, struct slice name)
{
    struct vehicle *found = simulation_find(sim, name);
    uint32_t number;
    bool numbered = found == NULL && read_number(name, &number);

    for (size_t i = 0; found == NULL && i < sim->table_size; i++) {
        struct vehicle *v = sim->table[i];
        if (v != NULL && (numbered ? v->identity.index == number : slice_is(name, v->identity.vin)))
            found = v;
    }
    return found;
}
