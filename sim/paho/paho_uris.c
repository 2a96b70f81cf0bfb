#include "paho/paho_uris.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "paho/paho_nodelay.h"

void paho_uris_split(struct paho_uris *uris, const char *list)
{
    *uris = (struct paho_uris){NULL, 0};
    for (;;) {
        size_t len = strcspn(list, ",");
        uris->items = xrealloc(uris->items, ((size_t)uris->count + 1) * sizeof *uris->items);
        uris->items[uris->count++] = xstrndup(list, len);
        if (list[len] == '\0')
            return;
        list += len + 1;
    }
}

void paho_uris_done(struct paho_uris *uris)
{
    for (int i = 0; i < uris->count; i++)
        free(uris->items[i]);
    free(uris->items);
    *uris = (struct paho_uris){NULL, 0};
}

void paho_uris_nodelay(const char *list)
{
    struct paho_uris uris;

    paho_uris_split(&uris, list);
    for (int i = 0; i < uris.count; i++)
        paho_nodelay(paho_nodelay_port(uris.items[i]));
    paho_uris_done(&uris);
}
