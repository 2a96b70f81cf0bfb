/* The signals of a car by the paths of its documents, and their values as leaves. */
#include <math.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "oracle/car.h"

struct signal_map *signal_map_take(struct oracle *o, const struct signal_schema *schema)
{
    struct signal_map *m = o->maps;

    while (m != NULL && m->schema != schema)
        m = m->next;
    if (m != NULL) {
        m->users++;
        return m;
    }
    size_t count = signal_schema_count(schema);
    m = xcalloc(1, sizeof *m);
    *m = (struct signal_map){.next = o->maps, .schema = schema, .users = 1};
    m->paths = xcalloc(count + 1, sizeof *m->paths);
    for (size_t i = 0; i < count; i++) {
        m->paths[i] = names_dotted(o->room.names, signal_schema_def(schema, i)->path);
        if (m->paths[i] >= m->by_path_count)
            m->by_path_count = m->paths[i] + 1u;
    }
    m->by_path = xcalloc(m->by_path_count + 1, sizeof *m->by_path);
    for (size_t i = 0; i < count && i < UINT16_MAX; i++)
        m->by_path[m->paths[i]] = (uint16_t)(i + 1);
    m->by_path[0] = 0;
    o->maps = m;
    return m;
}

void signal_map_leave(struct oracle *o, struct signal_map *map)
{
    struct signal_map **p = &o->maps;

    if (--map->users != 0)
        return;
    while (*p != map)
        p = &(*p)->next;
    *p = map->next;
    free(map->paths);
    free(map->by_path);
    free(map);
}

size_t signal_map_index(const struct signal_map *map, path_id path)
{
    return path < map->by_path_count && map->by_path[path] != 0 ? map->by_path[path] - 1u
                                                                : SIZE_MAX;
}

leaf_value signal_leaf(const struct oracle_car *c, size_t index, union signal_value value)
{
    const struct signal_def *def = signal_schema_def(c->map->schema, index);
    struct names *names = c->oracle->room.names;

    switch (def->type) {
    case SIGNAL_BOOL:
        return leaf_plain(value.b ? LEAF_TRUE : LEAF_FALSE);
    case SIGNAL_INT:
        return leaf_number((double)value.i);
    case SIGNAL_FLOAT:
        return leaf_number(isnan(value.f) ? HUGE_VAL : value.f);
    case SIGNAL_ENUM:
        return value.e < def->value_count ? leaf_text(names, slice_str(def->values[value.e]))
                                          : leaf_plain(LEAF_NULL);
    case SIGNAL_STRING:
        return leaf_text(names, slice_str(value.s));
    case SIGNAL_TYPE_COUNT:
        break;
    }
    return leaf_plain(LEAF_NULL);
}

/* Reports carry ten significant digits. */
static bool same_number(double a, double b)
{
    return a == b || fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

bool signal_shows(const struct oracle_car *c, size_t index, leaf_value value)
{
    leaf_value is = signal_leaf(c, index, signal_get(&c->tcu->signals, index));

    if (is == value)
        return true;
    /* What is no number is reported as null. */
    if (leaf_kind_of(value) == LEAF_NULL)
        return leaf_kind_of(is) == LEAF_NUMBER && !isfinite(leaf_number_of(is));
    return leaf_kind_of(is) == LEAF_NUMBER && leaf_kind_of(value) == LEAF_NUMBER &&
           same_number(leaf_number_of(is), leaf_number_of(value));
}

static bool among(const struct oracle_car *c, const struct signal_def *def, leaf_value value)
{
    for (size_t i = 0; i < def->value_count; i++)
        if (leaf_text(c->oracle->room.names, slice_str(def->values[i])) == value)
            return true;
    return false;
}

bool signal_takes(const struct oracle_car *c, size_t index, leaf_value value)
{
    const struct signal_def *def = signal_schema_def(c->map->schema, index);
    enum leaf_kind kind = leaf_kind_of(value);
    double number = kind == LEAF_NUMBER ? leaf_number_of(value) : 0;

    switch (def->type) {
    case SIGNAL_BOOL:
        return kind == LEAF_FALSE || kind == LEAF_TRUE;
    case SIGNAL_INT:
        return kind == LEAF_NUMBER && number == floor(number) && fabs(number) <= 0x1p53 &&
               number >= def->min && number <= def->max;
    case SIGNAL_FLOAT:
        return kind == LEAF_NUMBER && number >= def->min && number <= def->max;
    case SIGNAL_ENUM:
        return kind == LEAF_TEXT && among(c, def, value);
    case SIGNAL_STRING:
        return kind == LEAF_TEXT;
    case SIGNAL_TYPE_COUNT:
        break;
    }
    return false;
}
