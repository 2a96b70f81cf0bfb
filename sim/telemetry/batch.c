#include "telemetry/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

void batch_done(struct batch *b)
{
    for (size_t i = 0; i < b->text_count; i++)
        free(b->texts[i]);
    free(b->texts);
    free(b->names);
    free(b->samples);
    *b = (struct batch){.seq = 0};
}

static void *grown(void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    *room = *room != 0 ? *room * 2 : 16;
    return xrealloc(array, *room * size);
}

const char *batch_text(struct batch *b, struct slice text)
{
    b->texts = grown(b->texts, b->text_count, &b->text_room, sizeof *b->texts);
    char *copy = xstrndup(text.len != 0 ? (const char *)text.data : "", text.len);
    b->texts[b->text_count++] = copy;
    return copy;
}

struct slice batch_bytes(struct batch *b, struct slice bytes)
{
    b->texts = grown(b->texts, b->text_count, &b->text_room, sizeof *b->texts);
    char *copy = xmalloc(bytes.len + 1);
    if (bytes.len != 0)
        memcpy(copy, bytes.data, bytes.len);
    b->texts[b->text_count++] = copy;
    return slice_of(copy, bytes.len);
}

struct sample *batch_add(struct batch *b)
{
    b->samples = grown(b->samples, b->sample_count, &b->sample_room, sizeof *b->samples);
    struct sample *s = &b->samples[b->sample_count++];
    *s = (struct sample){.kind = SAMPLE_BOOL};
    return s;
}

uint32_t batch_add_name(struct batch *b, const char *name)
{
    b->names = grown(b->names, b->name_count, &b->name_room, sizeof *b->names);
    b->names[b->name_count] = name;
    return (uint32_t)b->name_count++;
}

uint32_t batch_name(struct batch *b, const char *name)
{
    for (size_t i = 0; i < b->name_count; i++)
        if (b->names[i] == name || strcmp(b->names[i], name) == 0)
            return (uint32_t)i;
    return batch_add_name(b, name);
}

static bool set(char *room, size_t size, struct slice text)
{
    if (text.len >= size || (text.len != 0 && memchr(text.data, '\0', text.len) != NULL))
        return false;
    if (text.len != 0)
        memcpy(room, text.data, text.len);
    room[text.len] = '\0';
    return true;
}

bool batch_set_thing(struct batch *b, struct slice thing)
{
    return set(b->thing, sizeof b->thing, thing);
}

bool batch_set_campaign(struct batch *b, struct slice campaign)
{
    return set(b->campaign, sizeof b->campaign, campaign);
}
