#include "mqtt/alias.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "mqtt/reason.h"

struct alias_entry {
    uint8_t *topic; /* NULL: not set */
    uint16_t len;
    uint32_t used; /* when, in uses of the table */
};

struct alias_table {
    uint32_t uses;
    struct alias_entry at[ALIAS_MAX];
};

void alias_table_free(void *table)
{
    struct alias_table *t = table;

    if (t == NULL)
        return;
    for (size_t i = 0; i < ALIAS_MAX; i++)
        free(t->at[i].topic);
    free(t);
}

static void set(struct alias_entry *e, struct slice topic)
{
    free(e->topic);
    e->topic = xmalloc(topic.len);
    memcpy(e->topic, topic.data, topic.len);
    e->len = (uint16_t)topic.len;
}

uint8_t alias_resolve(struct alias_table **table, uint16_t alias, struct slice *topic,
                      const char **ret_why)
{
    if (alias == 0 || alias > ALIAS_MAX) {
        *ret_why = "a topic alias past our Topic Alias Maximum";
        return MQTT_REASON_TOPIC_ALIAS_INVALID;
    }
    if (topic->len != 0) {
        if (*table == NULL)
            *table = xcalloc(1, sizeof **table);
        set(&(*table)->at[alias - 1], *topic);
        return 0;
    }
    if (*table == NULL || (*table)->at[alias - 1].topic == NULL) {
        *ret_why = "a topic alias that stands for no topic yet";
        return MQTT_REASON_PROTOCOL_ERROR;
    }
    const struct alias_entry *e = &(*table)->at[alias - 1];
    *topic = slice_of(e->topic, e->len);
    return 0;
}

uint16_t alias_choose(struct alias_table **table, struct slice topic, uint16_t max, bool *ret_known)
{
    size_t count = max < ALIAS_MAX ? max : ALIAS_MAX, oldest = 0;

    if (*table == NULL)
        *table = xcalloc(1, sizeof **table);
    struct alias_table *t = *table;
    t->uses++;
    for (size_t i = 0; i < count; i++) {
        struct alias_entry *e = &t->at[i];
        if (e->topic != NULL && slice_equal(slice_of(e->topic, e->len), topic)) {
            e->used = t->uses;
            *ret_known = true;
            return (uint16_t)(i + 1);
        }
        /* Those never set have never been used. */
        if (e->used < t->at[oldest].used)
            oldest = i;
    }
    set(&t->at[oldest], topic);
    t->at[oldest].used = t->uses;
    *ret_known = false;
    return (uint16_t)(oldest + 1);
}

void alias_forget(struct alias_table *table, uint16_t alias)
{
    struct alias_entry *e = &table->at[alias - 1];

    free(e->topic);
    *e = (struct alias_entry){0};
}
